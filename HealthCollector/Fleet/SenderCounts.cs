namespace Xerotier.HealthCollector.Fleet;

/// <summary>Counts of a fleet, or of a part of it.</summary>
/// <param name="Stored">Senders that have a record.</param>
/// <param name="WithinRetention">Those whose last heartbeat was received within the retention.</param>
/// <param name="Fresh">Those whose last heartbeat is fresh.</param>
internal readonly record struct SenderCounts(long Stored, long WithinRetention, long Fresh)
{
    /// <summary>See <see cref="FleetRules.RegisteredSince"/>.</summary>
    public long Registered => Fresh > 0 ? WithinRetention : Stored;

    /// <summary>Adds up the parts of a fleet.</summary>
    public static SenderCounts Sum(IEnumerable<SenderCounts> parts) =>
        parts.Aggregate((sum, part) => new(sum.Stored + part.Stored, sum.WithinRetention + part.WithinRetention, sum.Fresh + part.Fresh));
}
