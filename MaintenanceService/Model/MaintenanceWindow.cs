using System.Text.Json.Serialization;

namespace Xerotier.MaintenanceService.Model;

/// <summary>A maintenance window as it is stored. All times are UTC, to the microsecond.</summary>
internal sealed record MaintenanceWindow
{
    /// <summary>How every id begins.</summary>
    public const string IdPrefix = "mw_";

    public required string ProjectId { get; init; }

    public required string Id { get; init; }

    /// <summary>The project is one that the platform's own operators use.</summary>
    public bool Platform { get; init; }

    public required string Title { get; init; }

    public required string Description { get; init; }

    public required WindowSeverity Severity { get; init; }

    public required IReadOnlyList<string> AffectedServices { get; init; }

    public required DateTimeOffset StartsAt { get; init; }

    public required DateTimeOffset EndsAt { get; init; }

    public required WindowStatus Status { get; init; }

    /// <summary>The clock may move it on at its start and its end.</summary>
    public bool AutoTransition { get; init; }

    /// <summary>1 when created, one more with every change; the number of the change's audit row, and the entity tag.</summary>
    public required long Version { get; init; }

    public required string CreatedBy { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }

    public DateTimeOffset? CompletedAt { get; init; }

    public DateTimeOffset? CancelledAt { get; init; }

    /// <summary>The strong entity tag, with its quotes.</summary>
    [JsonIgnore]
    public string ETag => $"\"{Version}\"";
}
