using Microsoft.AspNetCore.Http;

namespace Xerotier.ServiceDefaults;

/// <summary>Answers 503 before the schema is there.</summary>
public sealed class SchemaFilter(Migrations migrations) : IEndpointFilter
{
    /// <inheritdoc/>
    public ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next) =>
        migrations.Done.IsCompletedSuccessfully ? next(context) : throw new ApiException(ApiErrors.ServiceUnavailable);
}
