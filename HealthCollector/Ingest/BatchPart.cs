using Xerotier.HealthCollector.Fleet;

namespace Xerotier.HealthCollector.Ingest;

/// <summary>What a batch writes to one fleet.</summary>
internal sealed class BatchPart(FleetKey fleet)
{
    /// <summary>The fleet.</summary>
    public FleetKey Fleet => fleet;

    /// <summary>Positions of the heartbeats in the batch.</summary>
    public List<int> Indexes { get; } = [];

    /// <summary>The heartbeats.</summary>
    public List<ReceivedHeartbeat> Heartbeats { get; } = [];

    /// <summary>
    /// Completes when Redis has them, or newer ones of the same senders, with the ids that the quota of the fleet refused; fails with
    /// <see cref="StoreUnavailableException"/> when Redis does not have them.
    /// </summary>
    public Task<IReadOnlyCollection<string>> Written { get; set; } = Task.FromResult<IReadOnlyCollection<string>>([]);
}
