using System.Globalization;
using Microsoft.Extensions.Options;
using Xerotier.Gateway.Clients;
using Xerotier.Gateway.Keys;
using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway.Limits;

/// <summary>This Gateway's rate limits: token buckets for clients, and for requests and heartbeats of keys and of their projects.</summary>
internal sealed class RateLimits
{
    private readonly TokenBuckets<UInt128> clients;
    private readonly Buckets requests;
    private readonly Buckets heartbeats;

    public RateLimits(IOptions<RateLimitOptions> options, TimeProvider time)
    {
        var limits = options.Value;
        clients = new(limits.PublicPerMinute, time);
        requests = new(limits.KeyPerMinute, limits.ProjectPerMinute, time);
        heartbeats = new(limits.HeartbeatsPerMinute, limits.ProjectHeartbeatsPerMinute, time);
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
    public ApiError? TakeClient(ClientAddress client, HttpResponse response) => clients.PerMinute == 0 ? null : WriteHeaders(clients.Take(client.Network), null, response);

    /// <summary>Counts a request against its key, then against the key's project, and writes the headers of the one with less left.</summary>
    public ApiError? TakeKey(ApiKey key, Limit limit, HttpResponse response) => (limit == Limit.Heartbeats ? heartbeats : requests).Take(key, response);

    private static ApiError? WriteHeaders(TokenGrant grant, string? limit, HttpResponse response)
    {
        response.Headers.AddRateLimit(grant, limit);
        return grant.Granted > 0 ? null : Exceeded(grant);
    }

    private static ApiError Exceeded(TokenGrant grant) => ApiErrors.RateLimitExceeded(grant.RetryAfterSeconds);

    /// <summary>The buckets of one kind of request, and their capacities as the headers' text.</summary>
    private sealed class Buckets(int perKey, int perProject, TimeProvider time)
    {
        private readonly KeyBuckets buckets = new(perKey, perProject, time);
        private readonly string keyLimit = perKey.ToString(CultureInfo.InvariantCulture);
        private readonly string projectLimit = perProject.ToString(CultureInfo.InvariantCulture);

        public ApiError? Take(ApiKey key, HttpResponse response)
        {
            var grant = buckets.Take(key.Id, key.IsPlatform ? null : key.ProjectId);
            return WriteHeaders(grant, grant.Limit == perKey ? keyLimit : projectLimit, response);
        }
    }
}
