using System.Globalization;
using Microsoft.Extensions.Options;
using Xerotier.Gateway.Clients;
using Xerotier.Gateway.Keys;
using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway.Limits;

/// <summary>This Gateway's rate limits: token buckets for clients, and for requests and heartbeats of keys and of their projects.</summary>
internal sealed class RateLimits
{
    private readonly ClientBuckets clients;
    private readonly ClientBuckets queries;
    private readonly ClientBuckets unknownKeys;
    private readonly ClientBuckets signIns;
    private readonly ClientBuckets keptForms;
    private readonly Buckets requests;
    private readonly Buckets heartbeats;
    private readonly Buckets platformHeartbeats;

    public RateLimits(IOptions<RateLimitOptions> options, TimeProvider time)
    {
        var limits = options.Value;
        clients = new(limits.PublicPerMinute, time);
        queries = new(limits.PublicQueriesPerMinute, time);
        unknownKeys = new(limits.UnknownKeysPerMinute, time);
        signIns = new(limits.SignInFailuresPerMinute, time);
        keptForms = new(limits.PublicQueriesPerMinute, time);
        requests = new(limits.KeyPerMinute, limits.ProjectPerMinute, time);
        heartbeats = new(limits.HeartbeatsPerMinute, limits.ProjectHeartbeatsPerMinute, time);
        platformHeartbeats = new(limits.PlatformHeartbeatsPerMinute, 0, time);
    }

    /// <summary>Counts a request against its client; the error if there is no token left.</summary>
    public ApiError? TakeClient(ClientAddress client) => clients.Take(client) is { Granted: 0 } none ? Exceeded(none) : null;

    /// <summary>Counts a request against its client and writes the limit's headers.</summary>
    public ApiError? TakeClient(ClientAddress client, HttpResponse response) => WriteHeaders(clients.Take(client), null, response);

    /// <summary>Counts a public request that a service must answer against its client; the error if there is no token left.</summary>
    public ApiError? TakeQuery(ClientAddress client) => queries.Take(client) is { Granted: 0 } none ? Exceeded(none) : null;

    /// <summary>Counts a key or a session that must be looked up against its client; the error if there is no token left. What is no unknown key is free: <see cref="ReturnLookUp"/>.</summary>
    public ApiError? TakeLookUp(ClientAddress client) => unknownKeys.Take(client) is { Granted: 0 } none ? Exceeded(none) : null;

    /// <summary>Gives back what <see cref="TakeLookUp"/> took.</summary>
    public void ReturnLookUp(ClientAddress client) => unknownKeys.Return(client);

    /// <summary>Counts a sign-in against its client, before its key is looked at; the error if there is no token left. One that does not fail is free: <see cref="ReturnSignIn"/>.</summary>
    public ApiError? TakeSignIn(ClientAddress client) => signIns.Take(client) is { Granted: 0 } none ? Exceeded(none) : null;

    /// <summary>Gives back what <see cref="TakeSignIn"/> took.</summary>
    public void ReturnSignIn(ClientAddress client) => signIns.Return(client);

    /// <summary>Counts a form that is refused, and read all the same so that it is not lost; whether its client has a token left, of as many as for <see cref="TakeQuery"/>.</summary>
    public bool TakeKeptForm(ClientAddress client) => keptForms.Take(client).Granted > 0;

    /// <summary>Counts a request against its key, then against the key's project, and writes the headers of the one with less left.</summary>
    public ApiError? TakeKey(ApiKey key, Limit limit, HttpResponse response) => (limit != Limit.Heartbeats ? requests : key.IsPlatform ? platformHeartbeats : heartbeats).Take(key, response);

    private static ApiError? WriteHeaders(TokenGrant grant, string? limit, HttpResponse response)
    {
        response.Headers.AddRateLimit(grant, limit);
        return grant.Granted > 0 ? null : Exceeded(grant);
    }

    private static ApiError Exceeded(TokenGrant grant) => ApiErrors.RateLimitExceeded(grant.RetryAfterSeconds);

    /// <summary>A bucket for each client, and a larger one for each IPv6 /48: who has one can neither multiply the limit nor fill the table.</summary>
    private sealed class ClientBuckets(int perMinute, TimeProvider time)
    {
        private readonly TokenBuckets<UInt128> networks = new(perMinute, time);
        private readonly TokenBuckets<UInt128> sites = new(perMinute * ClientAddress.NetworksPerSite, time);

        public TokenGrant Take(ClientAddress client)
        {
            if (client.Site is not { } site)
            {
                return networks.Take(client.Network);
            }

            var whole = sites.Take(site); // first: no bucket is made for a network of a /48 that has nothing left
            if (whole.Granted == 0)
            {
                return whole;
            }

            var own = networks.Take(client.Network);
            if (own.Granted == 0)
            {
                sites.Return(site); // one network cannot use up what the others have
            }

            return own;
        }

        public void Return(ClientAddress client)
        {
            networks.Return(client.Network);
            if (client.Site is { } site)
            {
                sites.Return(site);
            }
        }
    }

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
