using Xerotier.ServiceDefaults;

namespace Xerotier.MaintenanceService.Storage;

/// <summary>Answers 503 before the schema is there.</summary>
internal sealed class SchemaFilter(Migrations migrations) : IEndpointFilter
{
    public ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next) =>
        migrations.Done.IsCompletedSuccessfully ? next(context) : throw new ApiException(ApiErrors.ServiceUnavailable);
}
