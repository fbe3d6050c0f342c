using System.Security.Cryptography;
using Microsoft.Extensions.Primitives;
using Xerotier.Gateway.Clients;
using Xerotier.Gateway.Keys;
using Xerotier.Gateway.Limits;
using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway.Edge;

/// <summary>Checks the API key of a request: who it is (401) and what it may do (403).</summary>
internal sealed class KeyAuthorization(KnownKeys keys, RateLimits limits, [FromKeyedServices(DatabaseTime.Key)] TimeProvider time)
{
    /// <summary>The key of a request, and the error if it may not do what the request asks for. Counts the request first: against the rate limits of the key and its project, or against the client's where the key is unknown, has ended or may not be used from there.</summary>
    public async ValueTask<(KnownKey? Key, ApiError? Error)> AuthorizeAsync(HttpContext context, RouteMatch match, ClientAddress client)
    {
        var limit = match.Route?.Limit ?? Limit.Key;
        var header = context.Request.Headers.Authorization;
        var isKey = TryReadKey(header, out var start);
        byte[] hash = [];
        var key = isKey ? Find(header[0].AsSpan(start), out hash) : null;
        if (key is null)
        {
            // An unknown caller counts against its address, before the database is asked.
            if (limits.TakeClient(client, context.Response) is { } exceeded)
            {
                return (null, exceeded);
            }

            if (!isKey)
            {
                return (null, string.IsNullOrWhiteSpace(header) ? ApiErrors.MissingApiKey : ApiErrors.InvalidApiKey);
            }

            if (keys.IsUnknown(hash))
            {
                return (null, ApiErrors.InvalidApiKey); // from memory: whoever repeats one wrong key uses up no look-ups of those behind the same address
            }

            var isFree = keys.IsBeingLookedUp(hash);
            if (!isFree && limits.TakeLookUp(client) is { } tooMany)
            {
                return (null, tooMany);
            }

            var isUnknown = false;
            try
            {
                key = await keys.LookUpAsync(hash, context.RequestAborted);
                isUnknown = key is null;
            }
            finally
            {
                if (!isFree && !isUnknown)
                {
                    limits.ReturnLookUp(client); // a key that exists costs nothing, nor does our own failure
                }
            }

            if (key is null)
            {
                return (null, ApiErrors.InvalidApiKey);
            }
        }

        // Whoever uses it from a forbidden address, or a value that has ended, perhaps a thief, shall not use up what its owner may send.
        var now = time.GetUtcNow();
        var error = UseError(key.Key, client, now);
        if ((error is null ? limits.TakeKey(key.Key, limit, context.Response) : limits.TakeClient(client, context.Response)) is { } keyExceeded)
        {
            return (null, keyExceeded);
        }

        error ??= PermissionError(key.Key, match);
        if (error is null)
        {
            key.MarkUsed(now);
        }

        return (key, error);
    }

    /// <summary>The error if a key, itself or in a session, can no longer be used at <paramref name="now"/>, or not from where the request comes from.</summary>
    public static ApiError? UseError(ApiKey key, ClientAddress client, DateTimeOffset now, bool inSession = false) => key.ErrorAt(now, inSession) ?? (key.Allows(client.Address) ? null : ApiErrors.IpNotAllowed);

    /// <summary>The error if a valid key may not do what the request asks for.</summary>
    public static ApiError? PermissionError(ApiKey key, RouteMatch match)
    {
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
}
