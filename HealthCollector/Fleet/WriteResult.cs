namespace Xerotier.HealthCollector.Fleet;

/// <summary>What a write did.</summary>
/// <param name="Changes">How many heartbeats changed who is registered, fresh or up.</param>
/// <param name="Refused">Ids that a quota refused.</param>
internal sealed record WriteResult(int Changes, IReadOnlyList<string> Refused);
