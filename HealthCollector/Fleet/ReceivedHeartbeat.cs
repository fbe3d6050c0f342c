namespace Xerotier.HealthCollector.Fleet;

/// <summary>A valid heartbeat that is to be written to Redis.</summary>
/// <param name="Id">The sender's id within its fleet.</param>
/// <param name="ReceivedAt">When the collector received it, in microseconds since 1970.</param>
/// <param name="IsUp">False: the sender said <c>offline</c>.</param>
/// <param name="Record">What is stored, see <see cref="HeartbeatRecord"/>.</param>
internal readonly record struct ReceivedHeartbeat(string Id, long ReceivedAt, bool IsUp, byte[] Record)
{
    /// <summary>Roughly the bytes that it occupies while it waits.</summary>
    public int Weight => Record.Length + (2 * Id.Length) + 128;
}
