using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Xerotier.Gateway.Clients;
using Xerotier.Gateway.ConsolePages;
using Xerotier.Gateway.Keys;
using Xerotier.Gateway.Limits;
using Xerotier.Gateway.Metrics;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Site;

namespace Xerotier.Gateway;

/// <summary>
/// The steps of every request, in this order: its id, its route, the rate limit, its key (401), what the key may do (403), whether the path
/// exists (404, 405), the size and type of the body (413, 415), the response. Every failure ends in the one envelope.
/// </summary>
internal sealed partial class Pipeline(
    Routes routes, KeyAuthorization authorization, SessionAuthorization sessions, RateLimits limits, ClientAddresses clients, KeptForms kept, Drain drain, ErrorPages pages, GatewayMetrics metrics, TimeProvider time, ILogger<Pipeline> logger)
{
    /// <summary>Responds to a request of the public and records how it ended.</summary>
    public Task HandleAsync(HttpContext context) => HandleAsync(context, inSession: false);

    /// <summary>Responds to what the Console asks the API for, with a session in place of a key. To be called for nobody else.</summary>
    public Task HandleInSessionAsync(HttpContext context) => HandleAsync(context, inSession: true);

    private async Task HandleAsync(HttpContext context, bool inSession)
    {
        var started = time.GetTimestamp();
        if (Turns.IsOver(context.Connection.Id))
        {
            await Task.Yield();
        }

        Responses.SetRequestId(context);
        if (drain.IsDraining)
        {
            context.Response.Headers.Connection = "close";
            context.Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose(); // the same for HTTP/2
        }

        var method = context.Request.Method;
        var match = routes.Find(method, RequestValidation.PathAsSent(context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget, context.Request.Path.Value));
        Outcome? outcome = Outcome.Failed;
        try
        {
            outcome = await RespondAsync(context, match, inSession);
        }
        finally
        {
            if (outcome is { } ended)
            {
                metrics.RequestEnded(match.Tags, method, ended, started);
            }
        }
    }

    /// <returns>How the request ended; null for a gRPC stream, which has metrics of its own.</returns>
    private async ValueTask<Outcome?> RespondAsync(HttpContext context, RouteMatch match, bool inSession)
    {
        var isStream = false;
        try
        {
            if (match.AllowsAnyOrigin)
            {
                CrossOrigin.SetOn(context.Response);
            }

            var client = inSession ? ClientAddresses.ReportedBy(context) ?? throw new ApiException(ApiErrors.Invalid("X-Forwarded-For must be the client's address.")) : clients.Of(context);
            KnownKey? key = null;
            if (inSession)
            {
                // Of what needs no key the public documents are there, to be shown beside the rest. Streams are not: they could outlast the session.
                if ((match.Access == Access.Public && match.Route is not { IsInMemory: true }) || match.Route is { IsGrpc: true })
                {
                    return await RefuseAsync(context, match, ApiErrors.NotFound());
                }

                ApiError? denied;
                if (match.Access == Access.Public)
                {
                    denied = limits.TakeClient(client);
                }
                else
                {
                    (key, denied) = await sessions.AuthorizeAsync(context, match, client);
                }

                if (denied is not null)
                {
                    return await RefuseAsync(context, match, denied);
                }
            }
            else if (match.Access == Access.Public)
            {
                if (match.Route?.Limit != Limit.None && limits.TakeClient(client) is { } exceeded)
                {
                    return await RefuseAsync(context, match, exceeded);
                }
            }
            else
            {
                (key, var denied) = await authorization.AuthorizeAsync(context, match, client);
                if (denied is not null)
                {
                    return await RefuseAsync(context, match, denied);
                }
            }

            if (match is { AllowsAnyOrigin: true, Route: null, Allow: { } allow } && HttpMethods.IsOptions(context.Request.Method))
            {
                CrossOrigin.Allow(context.Response, allow);
                return new(StatusCodes.Status204NoContent, Outcome.Gateway);
            }

            if (RequestValidation.Validate(context, match) is { } invalid)
            {
                return await RefuseAsync(context, match, invalid);
            }

            var route = match.Route!;
            isStream = route.IsGrpc;
            var call = new Call(context, route, match.ProjectId, match.Id, key, client, inSession);
            await route.Handle(call);
            return isStream ? null : call.Outcome ?? new(context.Response.StatusCode, Outcome.Gateway);
        }
        catch (Exception failure)
        {
            var outcome = await FailAsync(context, match, failure);
            return isStream ? null : outcome;
        }
    }

    private async Task<Outcome> RefuseAsync(HttpContext context, RouteMatch match, ApiError error)
    {
        metrics.Refused(error);
        await kept.KeepAsync(context, match, error);
        await Responses.WriteErrorAsync(context, error, match.Access == Access.Public ? pages : null);
        return new(error.Status, Outcome.Gateway); // a gRPC response always has HTTP status 200
    }

    private async Task<Outcome> FailAsync(HttpContext context, RouteMatch match, Exception failure)
    {
        if (context.RequestAborted.IsCancellationRequested)
        {
            return Outcome.ClientClosed;
        }

        if (context.Response.HasStarted)
        {
            LogFailure(logger, failure, context.Request.Method, Responses.RequestIdOf(context));
            context.Abort();
            return Outcome.Failed;
        }

        var error = ToError(failure, context);
        try
        {
            await kept.KeepAsync(context, match, error);
            await Responses.WriteErrorAsync(context, error, match.Access == Access.Public ? pages : null);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            return Outcome.ClientClosed;
        }

        return new(error.Status, Outcome.Gateway);
    }

    private ApiError ToError(Exception failure, HttpContext context)
    {
        var error = ApiErrors.From(failure);
        if (error.Status == 500)
        {
            LogFailure(logger, failure, context.Request.Method, Responses.RequestIdOf(context));
        }
        else if (error.Status > 500 && failure is not ApiException)
        {
            LogUnavailable(logger, context.Request.Method, error.Code, failure.Message, Responses.RequestIdOf(context));
        }

        return error;
    }

    [LoggerMessage(1, LogLevel.Error, "{Method} failed, request {RequestId}")]
    private static partial void LogFailure(ILogger logger, Exception failure, string method, string? requestId);

    // A dependency that does not respond is expected: no stack.
    [LoggerMessage(2, LogLevel.Warning, "{Method} failed with {Code}: {Reason}, request {RequestId}")]
    private static partial void LogUnavailable(ILogger logger, string method, string code, string reason, string? requestId);
}
