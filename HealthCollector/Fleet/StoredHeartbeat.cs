using Google.Protobuf.WellKnownTypes;

namespace Xerotier.HealthCollector.Fleet;

/// <summary>The last heartbeat of a registered sender.</summary>
/// <param name="Id">The sender's id.</param>
/// <param name="ReceivedAt">When it was received, in microseconds since 1970.</param>
/// <param name="Record">See <see cref="HeartbeatRecord"/>.</param>
internal readonly record struct StoredHeartbeat(string Id, long ReceivedAt, byte[] Record)
{
    /// <summary>When it was received, but not after <paramref name="now"/>: another collector's clock may be a little ahead.</summary>
    public Timestamp NotAfter(DateTimeOffset now) => (FleetRules.FromMicroseconds(ReceivedAt) is var received && received < now ? received : now).ToTimestamp();
}
