using Xerotier.Fleet.V1;
using Xerotier.Health.V1;

namespace Xerotier.HealthCollector.Fleet;

/// <summary>
/// The rules of product.md sections 3 and 8, pure. Instants are microseconds since 1970 by the collectors' clocks, or Redis' for one whose own is off. Redis scores are
/// doubles, which hold them exactly.
/// </summary>
internal static class FleetRules
{
    /// <summary>Microseconds since 1970.</summary>
    public static long ToMicroseconds(DateTimeOffset instant) => (instant.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond;

    /// <summary>The inverse of <see cref="ToMicroseconds"/>.</summary>
    public static DateTimeOffset FromMicroseconds(long microseconds) => DateTimeOffset.UnixEpoch.AddTicks(microseconds * TimeSpan.TicksPerMicrosecond);

    /// <summary>A heartbeat received at this instant or later is fresh: an age of exactly <paramref name="staleAfter"/> is fresh.</summary>
    public static long FreshSince(DateTimeOffset now, TimeSpan staleAfter) => ToMicroseconds(now - staleAfter);

    /// <summary>
    /// A sender whose last heartbeat was received at this instant or later is registered. While nobody of a fleet is fresh, all of
    /// its records stay, however old they are, so that an indicator cannot vanish by being down.
    /// </summary>
    public static long RegisteredSince(DateTimeOffset now, TimeSpan retention, bool anyFresh) => anyFresh ? ToMicroseconds(now - retention) : 0;

    /// <summary>A router is online while its last heartbeat is fresh and said <c>online</c> or <c>draining</c>.</summary>
    public static bool IsOnline(RouterState state, long receivedAt, long freshSince) => receivedAt >= freshSince && IsUp(state);

    /// <summary>The router said that it takes part.</summary>
    public static bool IsUp(RouterState state) => state is RouterState.Online or RouterState.Draining;

    /// <summary>
    /// The state of a store that responds: young for a while without a router, for then an empty store need not mean an empty fleet, and
    /// for a while with a part of the fleet missing.
    /// </summary>
    /// <param name="counts">What it holds.</param>
    /// <param name="young">How long that while is.</param>
    public static StoreState StateOf(PlatformCounts counts, TimeSpan young) =>
        counts.WholeFor < young || (counts.Routers.Stored == 0 && counts.WatchedFor < young) ? StoreState.Young : StoreState.Ready;
}
