namespace Xerotier.HealthCollector.Fleet;

/// <summary>Counts of one bucket at one instant. Instants are in microseconds since 1970.</summary>
/// <param name="WatchedSince">Since when the collectors have watched the bucket without a gap; during a gap no heartbeat is received.</param>
/// <param name="WatchedBefore">The end of the watch before that; <paramref name="WatchedSince"/> when there was none, as Redis began empty.</param>
/// <param name="UnheardSince">A sender whose last heartbeat is at or after this instant was fresh when the last gap began.</param>
/// <param name="UnheardUntil">A sender whose last heartbeat is before this instant is stale, and sent none since the gap.</param>
/// <param name="Routers">Routers in any state.</param>
/// <param name="SharedAgents">Shared agents.</param>
/// <param name="RoutersOnline">Fresh routers that said online or draining.</param>
/// <param name="RoutersUnheard">Routers that were online when the gap began and are within both bounds; 0 when they have had time to report again.</param>
/// <param name="SharedAgentsUnheard">Shared agents within both bounds; 0 likewise.</param>
internal sealed record BucketCounts(
    long WatchedSince, long WatchedBefore, long UnheardSince, long UnheardUntil, SenderCounts Routers, SenderCounts SharedAgents, long RoutersOnline, long RoutersUnheard, long SharedAgentsUnheard);
