using Xerotier.Fleet.V1;

namespace Xerotier.HealthCollector.Fleet;

/// <summary>The platform's health as last observed.</summary>
/// <param name="ObservedAt">When, by this collector's clock, or Redis' while that one is off.</param>
/// <param name="Store">State of the store; the counts are 0 unless it is ready.</param>
/// <param name="RoutersTotal">Registered routers.</param>
/// <param name="RoutersOnline">Those that are online.</param>
/// <param name="SharedAgentsTotal">Registered shared agents.</param>
/// <param name="SharedAgentsStale">Those that are stale.</param>
/// <param name="RoutersUnheard">Routers that are not online because heartbeats could not be received, and may yet report again.</param>
/// <param name="SharedAgentsUnheard">Shared agents that are stale for the same reason.</param>
internal sealed record PlatformHealth(
    DateTimeOffset ObservedAt,
    StoreState Store,
    int RoutersTotal = 0,
    int RoutersOnline = 0,
    int SharedAgentsTotal = 0,
    int SharedAgentsStale = 0,
    int RoutersUnheard = 0,
    int SharedAgentsUnheard = 0);
