using System.Text.Json.Serialization;

namespace Xerotier.MaintenanceService.Windows;

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

/// <summary>Names of the enumerations on the wire and in the database.</summary>
internal static class WireNames
{
    private static readonly string[] Statuses = [.. Enum.GetNames<WindowStatus>().Select(n => n.ToLowerInvariant())];
    private static readonly string[] Severities = [.. Enum.GetNames<WindowSeverity>().Select(n => n.ToLowerInvariant())];

    public static string Wire(this WindowStatus status) => Statuses[(int)status];

    public static string Wire(this WindowSeverity severity) => Severities[(int)severity];

    public static WindowStatus? Status(string name) => Array.IndexOf(Statuses, name) is >= 0 and var i ? (WindowStatus)i : null;

    public static WindowSeverity? Severity(string name) => Array.IndexOf(Severities, name) is >= 0 and var i ? (WindowSeverity)i : null;
}
