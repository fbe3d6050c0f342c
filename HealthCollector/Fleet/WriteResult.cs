namespace Xerotier.HealthCollector.Fleet;

/// <summary>What a write did. Fleets are numbered as they were given.</summary>
/// <param name="Changes">How many heartbeats changed who of the platform is registered, fresh or up.</param>
/// <param name="Refused">Ids that a quota refused.</param>
/// <param name="Failed">Fleets that were not written, or only in part; all others were.</param>
internal sealed record WriteResult(int Changes, IReadOnlyList<(int Fleet, string Id)> Refused, IReadOnlyList<(int Fleet, StoreUnavailableException Failure)> Failed);
