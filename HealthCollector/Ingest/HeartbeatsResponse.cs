namespace Xerotier.HealthCollector.Ingest;

/// <summary>Response to a batch of heartbeats.</summary>
/// <param name="Accepted">How many were accepted.</param>
/// <param name="Errors">The error of each one that was not.</param>
internal sealed record HeartbeatsResponse(int Accepted, IEnumerable<HeartbeatResponseError> Errors);

/// <summary>One heartbeat's error.</summary>
/// <param name="Index">Its position in the list, from 0.</param>
/// <param name="Code">The error's code.</param>
/// <param name="Message">A sentence for the sender.</param>
internal sealed record HeartbeatResponseError(int Index, string Code, string Message);
