using System.Security.Cryptography;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using Xerotier.Gateway.Keys;
using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway;

/// <summary>
/// What every request goes through, in this order: its id, its route, the rate limit, its key (401), what the key may do (403), whether
/// the path exists (404, 405), the size and type of the body (413, 415), the answer. Every failure ends in the one envelope.
/// </summary>
internal sealed partial class Pipeline(
    Routes routes, KnownKeys keys, RateLimits limits, ClientAddresses clients, Drain drain, Telemetry telemetry, TimeProvider time, ILogger<Pipeline> logger)
{
    /// <summary>Answers a request.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        if (Turns.IsOver(context.Connection.Id))
        {
            await Task.Yield();
        }

        Answers.SetRequestId(context);
        if (drain.IsDraining)
        {
            context.Response.Headers.Connection = "close";
        }

        try
        {
            var match = routes.Find(context.Request.Method, PathAsSent(context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget, context.Request.Path.Value));
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
                (key, var refused) = await AuthoriseAsync(context, match, client);
                if (refused is not null)
                {
                    await RefuseAsync(context, refused);
                    return;
                }
            }

            if (Unfit(context, match) is { } unfit)
            {
                await RefuseAsync(context, unfit);
                return;
            }

            var call = new Call(context, match.Route!, match.ProjectId, match.Id, key, client);
            if (key is null)
            {
                telemetry.Page();
                await match.Route!.Handle(call);
                return;
            }

            var started = time.GetTimestamp();
            await match.Route!.Handle(call);
            telemetry.Answered(match.Route, context.Response.StatusCode, time.GetElapsedTime(started));
        }
        catch (Exception failure)
        {
            if (context.RequestAborted.IsCancellationRequested)
            {
                return; // nobody is there to answer
            }

            if (context.Response.HasStarted)
            {
                LogFailure(logger, failure, context.Request.Method, Answers.RequestIdOf(context));
                context.Abort();
                return;
            }

            await Answers.WriteErrorAsync(context, ToError(failure, context));
        }
    }

    private Task RefuseAsync(HttpContext context, ApiError error)
    {
        telemetry.Refused(error);
        return Answers.WriteErrorAsync(context, error);
    }

    /// <summary>The key that a request shows, and the error if it may not do what it asks for. Counts it against its rate limit first.</summary>
    private async ValueTask<(KnownKey? Key, ApiError? Refused)> AuthoriseAsync(HttpContext context, Match match, ClientAddress client)
    {
        var limit = match.Route?.Limit ?? Limit.Key;
        var header = context.Request.Headers.Authorization;
        var isKey = TryReadKey(header, out var start);
        var key = isKey ? Find(header[0].AsSpan(start), out _) : null;
        if (key is null)
        {
            // Nobody that we know: counted against the address, before the database hears of it.
            if (limits.TakeClient(client, context.Response) is { } exceeded)
            {
                return (null, exceeded);
            }

            if (!isKey)
            {
                return (null, string.IsNullOrWhiteSpace(header) ? ApiErrors.MissingApiKey : ApiErrors.InvalidApiKey);
            }

            Find(header[0].AsSpan(start), out var hash);
            key = await keys.LookUpAsync(hash, context.RequestAborted);
            if (key is null)
            {
                return (null, ApiErrors.InvalidApiKey);
            }
        }

        if (limits.TakeKey(key.Key.Id, limit, context.Response) is { } keyExceeded)
        {
            return (null, keyExceeded);
        }

        var now = time.GetUtcNow();
        var refused = key.Key.Fault(now) ?? Forbidden(key.Key, match, client);
        if (refused is null)
        {
            key.Used(now);
        }

        return (key, refused);
    }

    private static ApiError? Forbidden(ApiKey key, Match match, ClientAddress client)
    {
        if (!key.Allows(client.Address))
        {
            return ApiErrors.IpNotAllowed;
        }

        switch (match.Access)
        {
            case Access.Platform:
                return key.IsPlatform ? null : ApiErrors.ScopeInsufficient(Scopes.Platform);
            case Access.AnyHeartbeat:
                return key.IsPlatform || key.Scopes.Contains(Scopes.Heartbeat) ? null : ApiErrors.ScopeInsufficient(Scopes.Heartbeat);
            default:
                if (key.IsPlatform || key.ProjectId != match.ProjectId)
                {
                    return ApiErrors.ProjectMismatch;
                }

                var scope = match.Access switch
                {
                    Access.Management => Scopes.Management,
                    Access.Heartbeat => Scopes.Heartbeat,
                    _ => null,
                };
                return scope is null || key.Scopes.Contains(scope) ? null : ApiErrors.ScopeInsufficient(scope);
        }
    }

    private KnownKey? Find(ReadOnlySpan<char> value, out byte[] hash)
    {
        Span<byte> bytes = stackalloc byte[SHA256.HashSizeInBytes];
        ApiKeyValue.Hash(value, bytes);
        var key = keys.Find(bytes);
        hash = key is null ? bytes.ToArray() : [];
        return key;
    }

    /// <summary>Whether the header is one well-formed key, and where in it the key starts.</summary>
    private static bool TryReadKey(StringValues header, out int start)
    {
        const string scheme = "Bearer ";
        start = scheme.Length;
        return header is [{ } value]
            && value.StartsWith(scheme, StringComparison.OrdinalIgnoreCase)
            && ApiKeyValue.IsWellFormed(value.AsSpan(start));
    }

    /// <summary>Why a request that may be answered cannot be: no such path, another method, too large a body, or one of another type.</summary>
    private static ApiError? Unfit(HttpContext context, Match match)
    {
        if (match.Route is not { } route)
        {
            return match.Allow is null ? ApiErrors.NotFound() : ApiErrors.MethodNotAllowed(match.Allow);
        }

        var request = context.Request;
        var grpc = Answers.IsGrpc(request);
        if (route.IsGrpc || grpc)
        {
            return route.IsGrpc && grpc ? null : route.IsGrpc ? ApiErrors.UnsupportedMediaType : ApiErrors.NotFound();
        }

        if (request.ContentLength > route.MaxBody)
        {
            return ApiErrors.PayloadTooLarge;
        }

        if (context.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true })
        {
            context.Features.Get<IHttpMaxRequestBodySizeFeature>()!.MaxRequestBodySize = route.MaxBody;
            if (route.Method is "POST" or "PATCH" && request.ContentLength != 0 && (!IsJson(request.ContentType) || request.Headers.ContentEncoding.Count > 0))
            {
                return ApiErrors.UnsupportedMediaType;
            }
        }

        return null;
    }

    private static bool IsJson(string? type)
    {
        const string json = "application/json";
        if (type is null || !type.StartsWith(json, StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        var rest = type.AsSpan(json.Length).Trim();
        return rest.IsEmpty || (rest[0] == ';' && rest[1..].Trim() is var parameter
            && (parameter.Equals("charset=utf-8", StringComparison.OrdinalIgnoreCase) || parameter.Equals("charset=\"utf-8\"", StringComparison.OrdinalIgnoreCase)));
    }

    /// <summary>The path of the request line, not decoded; of an absolute target the part between the authority and the query. Never empty.</summary>
    /// <param name="target">The target as sent; empty where HTTP/2 has none.</param>
    /// <param name="path">The path as the server reads it, which is given back where it is the same.</param>
    internal static string PathAsSent(string target, string? path)
    {
        var query = target.IndexOf('?', StringComparison.Ordinal);
        var sent = query < 0 ? target.AsSpan() : target.AsSpan(0, query);
        if (!sent.StartsWith('/') && sent.IndexOf("://", StringComparison.Ordinal) is > 0 and var scheme)
        {
            var authority = sent[(scheme + 3)..];
            sent = authority.IndexOf('/') is >= 0 and var slash ? authority[slash..] : [];
        }

        return sent.IsEmpty ? "/" : path is not null && sent.SequenceEqual(path) ? path : sent.ToString();
    }

    private ApiError ToError(Exception failure, HttpContext context)
    {
        var error = failure switch
        {
            ApiException api => api.Error,
            BadHttpRequestException bad => ApiErrors.FromStatus(bad.StatusCode),
            IOException => ApiErrors.FromStatus(StatusCodes.Status400BadRequest), // Kestrel's word for a chunk whose size no number holds
            _ => Postgres.ToApiError(failure) ?? ApiErrors.Internal,
        };
        if (error.Status == 500)
        {
            LogFailure(logger, failure, context.Request.Method, Answers.RequestIdOf(context));
        }
        else if (error.Status > 500 && failure is not ApiException)
        {
            LogStore(logger, context.Request.Method, failure.Message, Answers.RequestIdOf(context));
        }

        return error;
    }

    [LoggerMessage(2, LogLevel.Warning, "The database failed a {Method}: {Reason}, request {RequestId}")]
    private static partial void LogStore(ILogger logger, string method, string reason, string? requestId);

    [LoggerMessage(1, LogLevel.Error, "{Method} failed, request {RequestId}")]
    private static partial void LogFailure(ILogger logger, Exception failure, string method, string? requestId);
}
