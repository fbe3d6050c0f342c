namespace Xerotier.StatusService.Model;

/// <summary>A maintenance window as the public sees it: no project, no author.</summary>
/// <param name="Id">Such as <c>mw_7k3q…</c>.</param>
/// <param name="Title">Plain text.</param>
/// <param name="Description">Plain text, may be empty or long.</param>
/// <param name="Severity"><c>info</c>, <c>warning</c> or <c>critical</c>.</param>
/// <param name="Status"><c>scheduled</c>, <c>active</c>, <c>completed</c> or <c>cancelled</c>.</param>
/// <param name="AffectedServices">May be empty.</param>
/// <param name="StartsAt">Start, UTC.</param>
/// <param name="EndsAt">End, UTC.</param>
/// <param name="CompletedAt">When it was completed, UTC.</param>
/// <param name="CancelledAt">When it was cancelled, UTC.</param>
public sealed record MaintenanceWindow(
    string Id,
    string Title,
    string Description,
    string Severity,
    string Status,
    IReadOnlyList<string> AffectedServices,
    DateTimeOffset StartsAt,
    DateTimeOffset EndsAt,
    DateTimeOffset? CompletedAt,
    DateTimeOffset? CancelledAt);
