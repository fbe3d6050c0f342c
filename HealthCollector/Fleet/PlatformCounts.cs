namespace Xerotier.HealthCollector.Fleet;

/// <summary>Counts of the platform at one instant.</summary>
/// <param name="WatchedFor">For how long the collectors have watched without a gap; during a gap no heartbeat is received.</param>
/// <param name="Routers">Routers in any state.</param>
/// <param name="SharedAgents">Shared agents.</param>
/// <param name="RoutersOnline">Fresh routers that said online or draining.</param>
/// <param name="UnheardSince">A sender whose last heartbeat is at or after this instant was fresh when the last gap began.</param>
/// <param name="UnheardUntil">A sender whose last heartbeat is before this instant is stale, and sent none since the gap.</param>
/// <param name="RoutersUnheard">Routers that were online when the gap began and are within both bounds; 0 when they have had time to report again.</param>
/// <param name="SharedAgentsUnheard">Shared agents within both bounds; 0 likewise.</param>
internal sealed record PlatformCounts(
    TimeSpan WatchedFor, SenderCounts Routers, SenderCounts SharedAgents, long RoutersOnline, long UnheardSince, long UnheardUntil, long RoutersUnheard, long SharedAgentsUnheard);
