using Microsoft.AspNetCore.Http.Features;
using Xerotier.Gateway.Keys;
using Xerotier.Gateway.Limits;
using Xerotier.Gateway.Metrics;
using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway.Edge;

/// <summary>
/// The steps of every request, in this order: its id, its route, the rate limit, its key (401), what the key may do (403), whether the path
/// exists (404, 405), the size and type of the body (413, 415), the response. Every failure ends in the one envelope.
/// </summary>
internal sealed partial class Pipeline(
    Routes routes, KeyAuthorization authorization, RateLimits limits, ClientAddresses clients, Drain drain, GatewayMetrics metrics, TimeProvider time, ILogger<Pipeline> logger)
{
    /// <summary>Responds to a request.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        if (Turns.IsOver(context.Connection.Id))
        {
            await Task.Yield();
        }

        Responses.SetRequestId(context);
        if (drain.IsDraining)
        {
            context.Response.Headers.Connection = "close";
        }

        try
        {
            var match = routes.Find(context.Request.Method, RequestValidation.PathAsSent(context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget, context.Request.Path.Value));
            var client = clients.Of(context);
            KnownKey? key = null;
            if (match.Access == Access.Public)
            {
                if (match.Route?.Limit != Limit.None && limits.TakeClient(client) is { } exceeded)
                {
                    await RefuseAsync(context, exceeded);
                    return;
                }
            }
            else
            {
                (key, var denied) = await authorization.AuthorizeAsync(context, match, client);
                if (denied is not null)
                {
                    await RefuseAsync(context, denied);
                    return;
                }
            }

            if (RequestValidation.Validate(context, match) is { } invalid)
            {
                await RefuseAsync(context, invalid);
                return;
            }

            var call = new Call(context, match.Route!, match.ProjectId, match.Id, key, client);
            if (key is null)
            {
                metrics.Page();
                await match.Route!.Handle(call);
                return;
            }

            var started = time.GetTimestamp();
            await match.Route!.Handle(call);
            metrics.Answered(match.Route, context.Response.StatusCode, time.GetElapsedTime(started));
        }
        catch (Exception failure)
        {
            if (context.RequestAborted.IsCancellationRequested)
            {
                return; // no one is there to receive a response
            }

            if (context.Response.HasStarted)
            {
                LogFailure(logger, failure, context.Request.Method, Responses.RequestIdOf(context));
                context.Abort();
                return;
            }

            await Responses.WriteErrorAsync(context, ToError(failure, context));
        }
    }

    private Task RefuseAsync(HttpContext context, ApiError error)
    {
        metrics.Refused(error);
        return Responses.WriteErrorAsync(context, error);
    }

    private ApiError ToError(Exception failure, HttpContext context)
    {
        var error = failure switch
        {
            ApiException api => api.Error,
            BadHttpRequestException bad => ApiErrors.FromStatus(bad.StatusCode),
            IOException => ApiErrors.FromStatus(StatusCodes.Status400BadRequest), // Kestrel throws it for a chunk size that overflows
            _ => Postgres.ToApiError(failure) ?? ApiErrors.Internal,
        };
        if (error.Status == 500)
        {
            LogFailure(logger, failure, context.Request.Method, Responses.RequestIdOf(context));
        }
        else if (error.Status > 500 && failure is not ApiException)
        {
            LogStore(logger, context.Request.Method, failure.Message, Responses.RequestIdOf(context));
        }

        return error;
    }

    [LoggerMessage(2, LogLevel.Warning, "The database failed a {Method}: {Reason}, request {RequestId}")]
    private static partial void LogStore(ILogger logger, string method, string reason, string? requestId);

    [LoggerMessage(1, LogLevel.Error, "{Method} failed, request {RequestId}")]
    private static partial void LogFailure(ILogger logger, Exception failure, string method, string? requestId);
}
