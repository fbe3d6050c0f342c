using Xerotier.MaintenanceService.Changes;
using Xerotier.ServiceDefaults.Http;

namespace Xerotier.MaintenanceService.Api;

/// <summary>A change as it is written: the response, the row of the change log and the idempotency key go in the object's own statement.</summary>
/// <param name="Actor">Who.</param>
/// <param name="Action">What, as the audit trail calls it.</param>
/// <param name="At">When.</param>
/// <param name="Response">What the client gets, now and for every repetition.</param>
/// <param name="Idempotency">The request's key, if it has one.</param>
internal sealed record Change(Actor Actor, string Action, DateTimeOffset At, ApiResponse Response, Idempotency? Idempotency)
{
    /// <summary>Whose key it is, where not the project's of the object: <see cref="ServiceDefaults.Caller.Platform"/>.</summary>
    public string? KeyOf { get; init; }
}
