using System.ComponentModel.DataAnnotations;
using System.Net;
using Xerotier.Gateway.Keys;

namespace Xerotier.Gateway;

/// <summary>The edge. Section <c>Gateway</c>.</summary>
public sealed class GatewayOptions
{
    /// <summary>Networks (CIDR) of proxies whose <c>X-Forwarded-For</c> is believed. Default: none.</summary>
    public IList<string> TrustedProxies { get; set; } = [];

    /// <summary>Connections at once, over which new ones are closed. 1 to 1,000,000, default 20,000.</summary>
    [Range(1, 1_000_000)]
    public int MaxConnections { get; set; } = 20_000;

    /// <summary>Seconds that a service may take to answer, or be silent within an answer. 1 to 100, default 10.</summary>
    [Range(1, 100)]
    public int UpstreamTimeoutSeconds { get; set; } = 10;

    /// <summary>
    /// Milliseconds between SIGTERM and the closing of the ports, in which <c>/readyz</c> answers 503 so that balancers turn away.
    /// 0 to 60,000, default 500.
    /// </summary>
    [Range(0, 60_000)]
    public int DrainMilliseconds { get; set; } = 500;

    internal static bool AreNetworks(IEnumerable<string> networks) => networks.All(network => IPNetwork.TryParse(network, out _));
}

/// <summary>Rate limits per minute, which are also the capacities of the buckets; 0: none. Section <c>RateLimits</c>.</summary>
public sealed class RateLimitOptions
{
    /// <summary>Requests per key on the API. 0 to 10,000,000, default 600.</summary>
    [Range(0, 10_000_000)]
    public int KeyPerMinute { get; set; } = 600;

    /// <summary>Requests per client IP (an IPv6 /64) on the public pages and with unknown keys. 0 to 10,000,000, default 600.</summary>
    [Range(0, 10_000_000)]
    public int PublicPerMinute { get; set; } = 600;

    /// <summary>Heartbeats per key; here a request counts as one, the HealthCollector counts what is in it. 0 to 100,000,000, default 60,000.</summary>
    [Range(0, 100_000_000)]
    public int HeartbeatsPerMinute { get; set; } = 60_000;
}

/// <summary>What a Gateway remembers of keys. Section <c>Keys</c>.</summary>
public sealed class KeyOptions
{
    /// <summary>Minutes that a checked key goes on working without the database. 0 to 60, default 5.</summary>
    [Range(0, 60)]
    public int GraceMinutes { get; set; } = 5;

    /// <summary>Seconds that an unknown key is remembered as such. 0 to 60, default 5.</summary>
    [Range(0, 60)]
    public int UnknownSeconds { get; set; } = 5;

    /// <summary>Keys, known and unknown ones each, that are remembered. 100 to 1,000,000, default 50,000.</summary>
    [Range(100, 1_000_000)]
    public int CacheSize { get; set; } = 50_000;

    /// <summary>Seconds between the writings of keys' last uses. 1 to 3,600, default 10.</summary>
    [Range(1, 3_600)]
    public int WriteUsesSeconds { get; set; } = 10;

    /// <summary>Hours that a rotated key's old value stays good. 0 to 720, default 24.</summary>
    [Range(0, 720)]
    public int RotationGraceHours { get; set; } = 24;
}

/// <summary>The platform key. Section <c>Platform</c>.</summary>
public sealed class PlatformOptions
{
    /// <summary>The platform key, <c>xero_platform_…</c>. Default: none; then one is made on first start.</summary>
    public string? Key { get; set; }

    /// <summary>File, mode 600, that a platform key made on first start is written to.</summary>
    public string? KeyFile { get; set; }

    internal static bool IsKey(string? key) => string.IsNullOrEmpty(key) || ApiKeyValue.IsPlatform(key);
}

/// <summary>The status page. Section <c>Page</c>.</summary>
public sealed class PageOptions
{
    /// <summary>File that keeps the last page for the Gateway's own restart. Default: none.</summary>
    public string? SnapshotFile { get; set; }
}
