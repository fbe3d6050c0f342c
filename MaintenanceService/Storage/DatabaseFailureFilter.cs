using Xerotier.ServiceDefaults;

namespace Xerotier.MaintenanceService.Storage;

/// <summary>Answers 503 or 504 when the database is away or slow, and 503 before its schema is there.</summary>
internal sealed partial class DatabaseFailureFilter(Migrations migrations, ILogger<DatabaseFailureFilter> logger) : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        if (!migrations.Done.IsCompletedSuccessfully)
        {
            throw new ApiException(ApiErrors.ServiceUnavailable);
        }

        try
        {
            return await next(context);
        }
        catch (Exception failure) when (!context.HttpContext.RequestAborted.IsCancellationRequested && Postgres.ToApiError(failure) is { } error)
        {
            LogFailure(logger, context.HttpContext.GetEndpoint()?.DisplayName, failure.Message);
            throw new ApiException(error);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "{Endpoint}: the database failed: {Reason}")]
    private static partial void LogFailure(ILogger logger, string? endpoint, string reason);
}
