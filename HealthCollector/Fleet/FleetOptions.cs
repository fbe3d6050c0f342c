using System.ComponentModel.DataAnnotations;

namespace Xerotier.HealthCollector.Fleet;

/// <summary>When the fleet is stale, registered and known (product.md sections 3, 5 and 8). Section <c>Fleet</c>.</summary>
public sealed class FleetOptions
{
    /// <summary>Age in seconds up to which a heartbeat is fresh; an older one is stale. 0.1 to 3,600, default 30.</summary>
    [Range(0.1, 3600)]
    public double StaleAfterSeconds { get; set; } = 30;

    /// <summary>Silence in hours after which a router or an agent is no longer registered. Above 0 to 8,760, default 24.</summary>
    [Range(0.0001, 8760)]
    public double RetentionHours { get; set; } = 24;

    /// <summary>Registered private agents that a project may have. 1 to 1,000,000, default 20,000.</summary>
    [Range(1, 1_000_000)]
    public int MaxAgentsPerProject { get; set; } = 20_000;

    /// <summary>
    /// Bytes that the private agents of a project may occupy in Redis together, so that no project's size delays another's
    /// heartbeats. 64 KiB to 1 GiB, default 32 MiB.
    /// </summary>
    [Range(64 << 10, 1 << 30)]
    public int MaxBytesPerProject { get; set; } = 32 << 20;

    /// <summary>
    /// Seconds for which silence means nothing: after the watch of a store without a router began, and after a pause in which nobody
    /// could hear senders. 0 to 3,600, default 15.
    /// </summary>
    [Range(0, 3600)]
    public double YoungStoreSeconds { get; set; } = 15;

    /// <summary>For how many milliseconds what was read of a project is served again. 0 to 1,000, default 250.</summary>
    [Range(0, 1000)]
    public int ProjectCacheMilliseconds { get; set; } = 250;

    /// <summary>Bytes of heartbeats that may wait for Redis at once; beyond that, senders wait. 8 MiB to 1 GiB, default 64 MiB.</summary>
    [Range(8 << 20, 1 << 30)]
    public int MaxQueuedBytes { get; set; } = 64 << 20;

    /// <summary><see cref="StaleAfterSeconds"/>.</summary>
    internal TimeSpan StaleAfter => TimeSpan.FromSeconds(StaleAfterSeconds);

    /// <summary><see cref="RetentionHours"/>.</summary>
    internal TimeSpan Retention => TimeSpan.FromHours(RetentionHours);

    /// <summary><see cref="YoungStoreSeconds"/>.</summary>
    internal TimeSpan YoungStore => TimeSpan.FromSeconds(YoungStoreSeconds);

    /// <summary><see cref="ProjectCacheMilliseconds"/>.</summary>
    internal TimeSpan ProjectCache => TimeSpan.FromMilliseconds(ProjectCacheMilliseconds);
}
