using Xerotier.Health.V1;

namespace Xerotier.HealthCollector.Ingest;

/// <summary>One entry of a batch: the heartbeat, or why it could not be read.</summary>
internal readonly record struct ParsedHeartbeat(Heartbeat? Heartbeat, Refusal? Refusal);
