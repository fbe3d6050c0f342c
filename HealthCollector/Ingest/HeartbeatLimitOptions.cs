using System.ComponentModel.DataAnnotations;

namespace Xerotier.HealthCollector.Ingest;

/// <summary>How many heartbeats a key and a project may send (product.md section 2, Rate limits). Section <c>RateLimits</c>.</summary>
public sealed class HeartbeatLimitOptions
{
    /// <summary>Heartbeats per minute and project key, and how many may come at once. 0 (no limit) to 100,000,000, default 60,000.</summary>
    [Range(0, 100_000_000)]
    public int HeartbeatsPerMinute { get; set; } = 60_000;

    /// <summary>The same of all keys of a project. 0 (no limit) to 100,000,000, default 240,000: twice what 20,000 agents send.</summary>
    [Range(0, 100_000_000)]
    public int ProjectHeartbeatsPerMinute { get; set; } = 240_000;

    /// <summary>The same per platform key, which counts for itself alone. 0 (no limit) to 100,000,000, default 6,000,000: what 1,000,000 agents send.</summary>
    [Range(0, 100_000_000)]
    public int PlatformHeartbeatsPerMinute { get; set; } = 6_000_000;
}
