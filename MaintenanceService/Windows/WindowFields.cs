namespace Xerotier.MaintenanceService.Windows;

/// <summary>What a client may set: all of it on create, what it names on PATCH. Null is absent.</summary>
internal sealed record WindowFields
{
    public string? Title { get; init; }

    public string? Description { get; init; }

    public WindowSeverity? Severity { get; init; }

    public IReadOnlyList<string>? AffectedServices { get; init; }

    public DateTimeOffset? StartsAt { get; init; }

    public DateTimeOffset? EndsAt { get; init; }

    public WindowStatus? Status { get; init; }

    public bool? AutoTransition { get; init; }
}
