using System.Globalization;
using Microsoft.Extensions.Options;
using Xerotier.Gateway.Clients;
using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway.Limits;

/// <summary>This Gateway's rate limits: token buckets for clients, keys and heartbeats.</summary>
internal sealed class RateLimits
{
    private readonly TokenBuckets<UInt128> clients;
    private readonly TokenBuckets<string> keys;
    private readonly TokenBuckets<string> heartbeats;
    private readonly string keyLimit;
    private readonly string heartbeatLimit;

    public RateLimits(IOptions<RateLimitOptions> options, TimeProvider time)
    {
        var limits = options.Value;
        clients = new(limits.PublicPerMinute, time);
        keys = new(limits.KeyPerMinute, time);
        heartbeats = new(limits.HeartbeatsPerMinute, time);
        keyLimit = limits.KeyPerMinute.ToString(CultureInfo.InvariantCulture);
        heartbeatLimit = limits.HeartbeatsPerMinute.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>Counts a request against its client; the error if there is no token left.</summary>
    public ApiError? TakeClient(ClientAddress client)
    {
        if (clients.PerMinute == 0)
        {
            return null;
        }

        var grant = clients.Take(client.Network);
        return grant.Granted > 0 ? null : Exceeded(grant);
    }

    /// <summary>Counts a request against its client and writes the limit's headers.</summary>
    public ApiError? TakeClient(ClientAddress client, HttpResponse response) => WriteHeaders(clients.PerMinute == 0 ? null : clients.Take(client.Network), null, response);

    /// <summary>Counts a request against its key and writes the limit's headers.</summary>
    public ApiError? TakeKey(string keyId, Limit limit, HttpResponse response)
    {
        var (buckets, text) = limit == Limit.Heartbeats ? (heartbeats, heartbeatLimit) : (keys, keyLimit);
        return WriteHeaders(buckets.PerMinute == 0 ? null : buckets.Take(keyId), text, response);
    }

    private static ApiError? WriteHeaders(TokenGrant? taken, string? limit, HttpResponse response)
    {
        if (taken is not { } grant)
        {
            return null;
        }

        response.Headers.Say(grant, limit);
        return grant.Granted > 0 ? null : Exceeded(grant);
    }

    private static ApiError Exceeded(TokenGrant grant) => ApiErrors.RateLimitExceeded(grant.RetryAfterSeconds);
}
