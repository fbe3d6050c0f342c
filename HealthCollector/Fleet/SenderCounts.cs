namespace Xerotier.HealthCollector.Fleet;

/// <summary>Counts of one fleet.</summary>
/// <param name="Stored">Senders that have a record.</param>
/// <param name="WithinRetention">Those whose last heartbeat was received within the retention.</param>
/// <param name="Fresh">Those whose last heartbeat is fresh.</param>
internal readonly record struct SenderCounts(long Stored, long WithinRetention, long Fresh)
{
    /// <summary>See <see cref="FleetRules.RegisteredSince"/>.</summary>
    public long Registered => Fresh > 0 ? WithinRetention : Stored;
}
