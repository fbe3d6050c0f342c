using System.ComponentModel.DataAnnotations;

namespace Xerotier.Gateway.Limits;

/// <summary>Rate limits per minute, which are also the capacities of the buckets; 0: no limit. Section <c>RateLimits</c>.</summary>
public sealed class RateLimitOptions
{
    /// <summary>Requests per key on the API. 0 to 10,000,000, default 600.</summary>
    [Range(0, 10_000_000)]
    public int KeyPerMinute { get; set; } = 600;

    /// <summary>Requests of all keys of a project. Platform keys count for themselves alone. 0 to 10,000,000, default 6,000.</summary>
    [Range(0, 10_000_000)]
    public int ProjectPerMinute { get; set; } = 6_000;

    /// <summary>Requests per client IP (an IPv6 /64; 16 times as many per /48) for public documents and with unknown keys. 0 to 10,000,000, default 6,000.</summary>
    [Range(0, 10_000_000)]
    public int PublicPerMinute { get; set; } = 6_000;

    /// <summary>Those public requests of a client that a service must answer, such as for months and old incidents; they count as public requests as well. 0 to 10,000,000, default 120.</summary>
    [Range(0, 10_000_000)]
    public int PublicQueriesPerMinute { get; set; } = 120;

    /// <summary>Unknown keys per client IP (an IPv6 /64) that are looked up in the database. 0 to 10,000,000, default 60.</summary>
    [Range(0, 10_000_000)]
    public int UnknownKeysPerMinute { get; set; } = 60;

    /// <summary>Sign-ins to the console per client IP (an IPv6 /64) that fail. 0 to 10,000,000, default 5.</summary>
    [Range(0, 10_000_000)]
    public int SignInFailuresPerMinute { get; set; } = 5;

    /// <summary>Heartbeats per project key; here a request counts as one; the HealthCollector counts the heartbeats in it. 0 to 100,000,000, default 60,000.</summary>
    [Range(0, 100_000_000)]
    public int HeartbeatsPerMinute { get; set; } = 60_000;

    /// <summary>Heartbeats of all keys of a project, counted in the same way. 0 to 100,000,000, default 240,000: twice what 20,000 agents send.</summary>
    [Range(0, 100_000_000)]
    public int ProjectHeartbeatsPerMinute { get; set; } = 240_000;

    /// <summary>Heartbeats per platform key, counted in the same way. 0 to 100,000,000, default 6,000,000: what 1,000,000 agents send.</summary>
    [Range(0, 100_000_000)]
    public int PlatformHeartbeatsPerMinute { get; set; } = 6_000_000;
}
