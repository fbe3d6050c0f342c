namespace Xerotier.HealthCollector.Fleet;

/// <summary>Counts of the platform at one instant: the sum of all buckets.</summary>
/// <param name="Routers">Routers in any state.</param>
/// <param name="SharedAgents">Shared agents.</param>
/// <param name="RoutersOnline">Fresh routers that said online or draining.</param>
/// <param name="RoutersUnheard">See <see cref="BucketCounts"/>.</param>
/// <param name="SharedAgentsUnheard">Likewise.</param>
/// <param name="WatchedFor">For how long the collectors have watched every bucket without a gap.</param>
/// <param name="WholeFor">For how long nothing has been missing that others still have: a bucket that began empty beside others that did not, or heartbeats that collectors of an earlier release receive.</param>
internal sealed record PlatformCounts(
    SenderCounts Routers, SenderCounts SharedAgents, long RoutersOnline, long RoutersUnheard, long SharedAgentsUnheard, TimeSpan WatchedFor, TimeSpan WholeFor)
{
    /// <summary>Adds the buckets up.</summary>
    /// <param name="buckets">All of them.</param>
    /// <param name="now">The instant, in microseconds since 1970.</param>
    /// <param name="together">Buckets that begin empty within this time, in microseconds, began together.</param>
    public static PlatformCounts Sum(IReadOnlyCollection<BucketCounts> buckets, long now, long together)
    {
        var oldest = buckets.Min(bucket => bucket.WatchedBefore);
        var lost = buckets.Where(bucket => bucket.WatchedBefore == bucket.WatchedSince && bucket.WatchedSince > oldest + together);
        return new(
            SenderCounts.Sum(buckets.Select(bucket => bucket.Routers)),
            SenderCounts.Sum(buckets.Select(bucket => bucket.SharedAgents)),
            buckets.Sum(bucket => bucket.RoutersOnline),
            buckets.Sum(bucket => bucket.RoutersUnheard),
            buckets.Sum(bucket => bucket.SharedAgentsUnheard),
            TimeSpan.FromMicroseconds(now - buckets.Max(bucket => bucket.WatchedSince)),
            TimeSpan.FromMicroseconds(now - lost.Select(bucket => bucket.WatchedSince).DefaultIfEmpty(0).Max()));
    }
}
