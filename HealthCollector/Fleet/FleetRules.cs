using Xerotier.Fleet.V1;
using Xerotier.Health.V1;

namespace Xerotier.HealthCollector;

/// <summary>
/// The rules of product.md sections 3 and 8, pure. Instants are microseconds since 1970 by the collectors' clock: exact in Redis'
/// scores, which are doubles.
/// </summary>
internal static class FleetRules
{
    /// <summary>Microseconds since 1970.</summary>
    public static long Micros(DateTimeOffset instant) => (instant.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond;

    /// <summary>The inverse of <see cref="Micros"/>.</summary>
    public static DateTimeOffset Instant(long micros) => DateTimeOffset.UnixEpoch.AddTicks(micros * TimeSpan.TicksPerMicrosecond);

    /// <summary>Whoever was heard at this instant or later is fresh: an age of exactly <paramref name="staleAfter"/> still is.</summary>
    public static long FreshSince(DateTimeOffset now, TimeSpan staleAfter) => Micros(now - staleAfter);

    /// <summary>
    /// Whoever was heard at this instant or later is registered. A fleet of which nobody is fresh is silent as a whole: its records
    /// stay, however old they are, so that an indicator cannot vanish by being down.
    /// </summary>
    public static long RegisteredSince(DateTimeOffset now, TimeSpan retention, bool anyFresh) => anyFresh ? Micros(now - retention) : 0;

    /// <summary>A router is online while its last heartbeat is fresh and said <c>online</c> or <c>draining</c>.</summary>
    public static bool IsOnline(RouterState state, long heardAt, long freshSince) => heardAt >= freshSince && IsUp(state);

    /// <summary>The router takes part, as long as it is heard.</summary>
    public static bool IsUp(RouterState state) => state is RouterState.Online or RouterState.Draining;

    /// <summary>What can be said of a store that answers.</summary>
    /// <param name="routers">Routers that it holds.</param>
    /// <param name="watched">For how long somebody has watched it.</param>
    /// <param name="young">From when on an empty store means an empty fleet.</param>
    public static StoreState StateOf(long routers, TimeSpan watched, TimeSpan young) => routers == 0 && watched < young ? StoreState.Young : StoreState.Ready;
}
