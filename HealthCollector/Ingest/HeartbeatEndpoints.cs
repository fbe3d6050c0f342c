using System.Security.Claims;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Xerotier.Health.V1;
using Xerotier.ServiceDefaults;

namespace Xerotier.HealthCollector;

/// <summary>Answer to a batch of heartbeats.</summary>
/// <param name="Accepted">How many were accepted.</param>
/// <param name="Errors">The error of each that was not.</param>
internal sealed record HeartbeatsAnswer(int Accepted, IEnumerable<HeartbeatAnswerError> Errors);

/// <summary>One heartbeat's error.</summary>
/// <param name="Index">Its position in the list, from 0.</param>
/// <param name="Code">The error's code.</param>
/// <param name="Message">A sentence for the sender.</param>
internal sealed record HeartbeatAnswerError(int Index, string Code, string Message);

/// <summary>Heartbeats as JSON, for senders without gRPC (product.md section 5).</summary>
internal static class HeartbeatEndpoints
{
    public static void MapHeartbeats(this WebApplication app)
    {
        app.MapPost("/{projectId}/v1/heartbeats", TakeAsync).RequireAuthorization(Policies.Project, Policies.Heartbeats);
        app.MapPost("/v1/platform/heartbeats", (HttpContext context, ClaimsPrincipal user, HeartbeatIntake intake, TokenBuckets<string> limiter, CancellationToken cancellation) =>
            Caller.From(user).ProjectId == Caller.Platform
                ? TakeAsync(context, user, intake, limiter, cancellation)
                : throw new ApiException(ApiErrors.ScopeInsufficient(Scopes.Platform))).RequireAuthorization(Policies.Heartbeats);
    }

    private static async Task<Ok<HeartbeatsAnswer>> TakeAsync(
        HttpContext context, ClaimsPrincipal user, HeartbeatIntake intake, TokenBuckets<string> limiter, CancellationToken cancellation)
    {
        var caller = Caller.From(user);
        context.Response.OnStarting(SayLimit); // of an error, too
        if (limiter.PerMinute > 0 && limiter.Take(caller.KeyId, 0).Remaining == 0)
        {
            throw RateLimited(); // before the body is read
        }

        if (!context.Request.HasJsonContentType())
        {
            throw new ApiException(ApiErrors.UnsupportedMediaType);
        }

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = HeartbeatIntake.MaxBatchBytes;
        }

        var batch = await HeartbeatJson.ReadAsync(context.Request.Body, cancellation);
        var response = await await intake.TakeAsync(caller, batch, cancellation);
        if (response.Accepted == 0)
        {
            // Nothing was taken for a reason that is not the sender's data: the status says so to clients that read no further.
            if (AllAre(response, Refusal.RateLimit))
            {
                throw RateLimited();
            }

            if (AllAre(response, Refusal.Unavailable))
            {
                throw new ApiException(ApiErrors.ServiceUnavailable);
            }
        }

        return TypedResults.Ok(new HeartbeatsAnswer(response.Accepted, response.Errors.Select(error => new HeartbeatAnswerError(error.Index, error.Code, error.Message))));

        Task SayLimit()
        {
            context.Response.Headers.Say(limiter.Take(caller.KeyId, 0));
            return Task.CompletedTask;
        }

        ApiException RateLimited() => new(ApiErrors.RateLimitExceeded(Math.Max(1, limiter.Take(caller.KeyId).RetryAfterSeconds)));
    }

    private static bool AllAre(ReportResponse response, Refusal refusal) => response.Errors.Count > 0 && response.Errors.All(error => error.Code == refusal.Code);
}
