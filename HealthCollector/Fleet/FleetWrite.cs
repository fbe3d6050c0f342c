namespace Xerotier.HealthCollector.Fleet;

/// <summary>What one script writes to one fleet.</summary>
/// <param name="Fleet">The fleet.</param>
/// <param name="Heartbeats">Its heartbeats, each sender at most once. None: senders beyond the retention are retired.</param>
internal readonly record struct FleetWrite(FleetKey Fleet, ArraySegment<ReceivedHeartbeat> Heartbeats);
