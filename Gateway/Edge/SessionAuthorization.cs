using Xerotier.Gateway.Clients;
using Xerotier.Gateway.Keys;
using Xerotier.Gateway.Limits;
using Xerotier.Gateway.Sessions;
using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway.Edge;

/// <summary>Checks the session of a request: of a page, and of what the Console asks the API for, where it stands in place of a key. It may do what its key may.</summary>
internal sealed class SessionAuthorization(KnownSessions sessions, KnownKeys keys, RateLimits limits, [FromKeyedServices(DatabaseTime.Key)] TimeProvider time)
{
    /// <summary>The session with a secret; null: there is none. One that must be looked up counts against its client, as unknown keys do.</summary>
    /// <exception cref="ApiException">429: the client has asked for too many. 503: the database does not respond.</exception>
    public async ValueTask<KnownSession?> FindAsync(string? secret, ClientAddress client, CancellationToken cancellation)
    {
        if (secret is null || !RandomSecret.IsWellFormed(secret))
        {
            return null;
        }

        var hash = RandomSecret.Hash(secret);
        if (sessions.Find(hash) is { } known)
        {
            return known;
        }

        if (limits.TakeLookUp(client) is { } exceeded)
        {
            throw new ApiException(exceeded);
        }

        try
        {
            var found = await sessions.LookUpAsync(hash, cancellation);
            if (found is not null)
            {
                limits.ReturnLookUp(client); // a session that exists costs nothing, nor does our own failure
            }

            return found;
        }
        catch (ApiException)
        {
            limits.ReturnLookUp(client);
            throw;
        }
    }

    /// <summary>A key of a session, if it is signed in and can be used from where the request comes from.</summary>
    public async ValueTask<ApiKey?> UsableAsync(byte[]? value, ClientAddress client, CancellationToken cancellation) =>
        await KeyAsync(value, cancellation) is { Key: var key } && KeyAuthorization.UseError(key, client, time.GetUtcNow(), inSession: true) is null ? key : null;

    /// <summary>Notes that a session was used by a person: a page that only shows its newest state keeps none alive.</summary>
    public void MarkUsed(KnownSession session, HttpRequest request)
    {
        if (!request.Headers.ContainsKey(ConsoleSession.LiveHeader))
        {
            session.MarkUsed(time.GetTimestamp());
        }
    }

    /// <summary>The key with which a session asks the API, and the error if it may not do what the request asks for. Counts the request first, as <see cref="KeyAuthorization"/> does.</summary>
    public async ValueTask<(KnownKey? Key, ApiError? Error)> AuthorizeAsync(HttpContext context, RouteMatch match, ClientAddress client)
    {
        var secret = context.Request.Headers[ConsoleSession.SecretHeader] is [{ } one] ? one : null;
        var session = await FindAsync(secret, client, context.RequestAborted);
        var value = match.Access == Access.Platform ? session?.Reading.PlatformValue ?? session?.Reading.ProjectValue : session?.Reading.ProjectValue ?? session?.Reading.PlatformValue;
        if (session is null || await KeyAsync(value, context.RequestAborted) is not { } key)
        {
            return (null, limits.TakeClient(client, context.Response) ?? ApiErrors.SessionExpired);
        }

        var now = time.GetUtcNow();
        var unusable = KeyAuthorization.UseError(key.Key, client, now, inSession: true);
        if ((unusable is null ? limits.TakeKey(key.Key, match.Route?.Limit ?? Limit.Key, context.Response) : limits.TakeClient(client, context.Response)) is { } exceeded)
        {
            return (null, exceeded);
        }

        if ((unusable ?? KeyAuthorization.PermissionError(key.Key, match)) is { } error)
        {
            return (key, error.Status == StatusCodes.Status401Unauthorized ? ApiErrors.SessionExpired : error); // a session ends with its key
        }

        key.MarkUsed(now);
        MarkUsed(session, context.Request);
        return (key, null);
    }

    /// <summary>The same object as for requests with the key itself, so that revocation, suspension and expiry reach both alike.</summary>
    private async ValueTask<KnownKey?> KeyAsync(byte[]? value, CancellationToken cancellation) =>
        value is null ? null : keys.Find(value) ?? await keys.LookUpAsync(value, cancellation);
}
