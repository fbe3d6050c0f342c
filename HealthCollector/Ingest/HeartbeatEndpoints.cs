using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Xerotier.Health.V1;
using Xerotier.Contracts;
using Xerotier.ServiceDefaults;

namespace Xerotier.HealthCollector.Ingest;

/// <summary>Heartbeats as JSON, for senders without gRPC (product.md section 5).</summary>
internal static class HeartbeatEndpoints
{
    /// <summary>Maps the route of projects and that of the platform.</summary>
    public static void MapHeartbeats(this WebApplication app)
    {
        app.MapPost("/{projectId}/v1/heartbeats", PostAsync).RequireAuthorization(Policies.Project, Policies.Heartbeats);
        app.MapPost("/v1/platform/heartbeats", PostAsync).RequireAuthorization(Policies.Heartbeats)
            .AddEndpointFilter((invocation, next) => Caller.From(invocation.HttpContext.User).ProjectId == Caller.Platform
                ? next(invocation)
                : throw new ApiException(ApiErrors.ScopeInsufficient(Scopes.Platform)));
    }

    private static async Task<JsonHttpResult<HeartbeatsAccepted>> PostAsync(HttpContext context, HeartbeatIntake intake, HeartbeatLimits limits, CancellationToken cancellation)
    {
        var caller = Caller.From(context.User);
        context.Response.OnStarting(WriteLimitHeaders); // of errors, too
        if (limits.Take(caller, 0) is { Limit: > 0, Remaining: 0 })
        {
            throw RateLimitExceeded(); // before the body is read
        }

        if (!context.Request.HasJsonContentType())
        {
            throw new ApiException(ApiErrors.UnsupportedMediaType);
        }

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = HeartbeatIntake.MaxBatchBytes;
        }

        var batch = await HeartbeatBatchJson.ReadAsync(context.Request.Body, cancellation);
        var response = await await intake.TakeAsync(caller, batch, cancellation);
        if (response.Accepted == 0)
        {
            // Everything was refused, and not because of its content: the status says so to clients that read only the status.
            if (AllAre(response, Refusal.RateLimit))
            {
                throw RateLimitExceeded();
            }

            if (AllAre(response, Refusal.Unavailable))
            {
                throw new ApiException(ApiErrors.ServiceUnavailable);
            }
        }

        return TypedResults.Json(
            new HeartbeatsAccepted
            {
                Accepted = response.Accepted,
                Errors = [.. response.Errors.Select(error => new Contracts.HeartbeatError { Index = error.Index, Code = error.Code, Message = error.Message })],
            },
            ContractsJson.Wire.HeartbeatsAccepted);

        Task WriteLimitHeaders()
        {
            context.Response.Headers.AddRateLimit(limits.Take(caller, 0));
            return Task.CompletedTask;
        }

        ApiException RateLimitExceeded() => new(ApiErrors.RateLimitExceeded(Math.Max(1, limits.Take(caller, 1).RetryAfterSeconds)));
    }

    private static bool AllAre(ReportResponse response, Refusal refusal) => response.Errors.Count > 0 && response.Errors.All(error => error.Code == refusal.Code);
}
