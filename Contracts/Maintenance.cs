using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace Xerotier.Contracts;

/// <summary>A maintenance window, as its project sees it.</summary>
public record MaintenanceWindow
{
    /// <summary>The window's ID.</summary>
    /// <example>"mw_7k3q0c1v2b3n4m5x6z7a"</example>
    [RegularExpression("^mw_")]
    public required string Id { get; init; }

    /// <summary>The object's type, always <c>maintenance_window</c>.</summary>
    /// <example>"maintenance_window"</example>
    [AllowedValues("maintenance_window")]
    public string Object { get; } = "maintenance_window";

    /// <summary>The project that it belongs to.</summary>
    /// <example>"proj_ABC123"</example>
    public required string ProjectId { get; init; }

    /// <summary>Title, plain text: 1 to 200 Unicode scalar values.</summary>
    /// <example>"Database upgrade"</example>
    [StringLength(200, MinimumLength = 1)]
    public required string Title { get; init; }

    /// <summary>Description, plain text: up to 2000 Unicode scalar values.</summary>
    /// <example>"Brief read-only window."</example>
    [StringLength(2000)]
    public required string Description { get; init; }

    /// <summary>How serious the work is.</summary>
    /// <example>"warning"</example>
    public required WindowSeverity Severity { get; init; }

    /// <summary>Names of the affected services; empty: all.</summary>
    /// <example>["Model Storage"]</example>
    [Items(MaxCount = 50, MinLength = 1, MaxLength = 100)]
    public required IReadOnlyList<string> AffectedServices { get; init; }

    /// <summary>Planned start.</summary>
    /// <example>"2026-05-22T02:00:00Z"</example>
    public required DateTimeOffset StartsAt { get; init; }

    /// <summary>Planned end, after the start.</summary>
    /// <example>"2026-05-22T03:00:00Z"</example>
    public required DateTimeOffset EndsAt { get; init; }

    /// <summary>The window's state.</summary>
    /// <example>"scheduled"</example>
    public required WindowStatus Status { get; init; }

    /// <summary>Whether the window becomes active at <c>starts_at</c> and completed at <c>ends_at</c> by itself.</summary>
    /// <example>false</example>
    public required bool AutoTransition { get; init; }

    /// <summary>How long before <c>starts_at</c> subscribers are reminded, up to 5: <c>-&lt;n&gt;m</c>, <c>-&lt;n&gt;h</c> or <c>-&lt;n&gt;d</c>, at most 30 days; empty: never.</summary>
    /// <example>["-24h", "-1h"]</example>
    [Items(MaxCount = ReminderOffsets.Most, Pattern = ReminderOffsets.Form)]
    public IReadOnlyList<string> Reminders { get; set; } = ReminderOffsets.Default; // read from JSON without it, a property with init would be null instead

    /// <summary>Whether subscribers are told of the window.</summary>
    /// <example>true</example>
    public bool Notify { get; set; } = true; // as above

    /// <summary>The series that it is an occurrence of; null: of none.</summary>
    /// <example>null</example>
    [RegularExpression("^mws_")]
    public string? SeriesId { get; init; }

    /// <summary>The local date that names it within its series; null for a window of none.</summary>
    /// <example>null</example>
    public DateOnly? Occurrence { get; init; }

    /// <summary>Name of the key that created it.</summary>
    /// <example>"ops-key"</example>
    public required string CreatedBy { get; init; }

    /// <summary>When it was created.</summary>
    /// <example>"2026-05-20T08:00:00Z"</example>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was changed last.</summary>
    /// <example>"2026-05-20T08:00:00Z"</example>
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>When it became active; null: not yet, or it never did.</summary>
    /// <example>null</example>
    public DateTimeOffset? ActivatedAt { get; init; }

    /// <summary>When it was completed; null unless it was.</summary>
    /// <example>null</example>
    public required DateTimeOffset? CompletedAt { get; init; }

    /// <summary>When it was cancelled; null unless it was.</summary>
    /// <example>null</example>
    public required DateTimeOffset? CancelledAt { get; init; }

    /// <summary>What the operator should know of the change that was just made; absent when there is nothing.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<Warning>? Warnings { get; init; }

    /// <summary>The window as everybody sees it.</summary>
    public PageWindow ToPublic() => new()
    {
        Id = Id,
        Title = Title,
        Description = Description,
        Severity = Severity,
        AffectedServices = AffectedServices,
        StartsAt = StartsAt,
        EndsAt = EndsAt,
        Status = Status,
        ActivatedAt = ActivatedAt,
        CompletedAt = CompletedAt,
        CancelledAt = CancelledAt,
        SeriesId = SeriesId,
        CreatedAt = CreatedAt,
        UpdatedAt = UpdatedAt,
    };
}

/// <summary>A maintenance window as everybody sees it: without its project and author.</summary>
public sealed record PageWindow
{
    /// <summary>The window's ID.</summary>
    /// <example>"mw_7k3q0c1v2b3n4m5x6z7a"</example>
    public required string Id { get; init; }

    /// <summary>Title, plain text.</summary>
    /// <example>"Database upgrade"</example>
    public required string Title { get; init; }

    /// <summary>Description, plain text; may be empty.</summary>
    /// <example>"Brief read-only window."</example>
    public required string Description { get; init; }

    /// <summary>How serious the work is.</summary>
    /// <example>"warning"</example>
    public required WindowSeverity Severity { get; init; }

    /// <summary>Names of the affected services; empty: all.</summary>
    /// <example>["Model Storage"]</example>
    public required IReadOnlyList<string> AffectedServices { get; init; }

    /// <summary>Planned start.</summary>
    /// <example>"2026-05-22T02:00:00Z"</example>
    public required DateTimeOffset StartsAt { get; init; }

    /// <summary>Planned end.</summary>
    /// <example>"2026-05-22T03:00:00Z"</example>
    public required DateTimeOffset EndsAt { get; init; }

    /// <summary>The window's state.</summary>
    /// <example>"active"</example>
    public required WindowStatus Status { get; init; }

    /// <summary>When the window became active; null: not yet, or it never did.</summary>
    /// <example>"2026-05-22T02:00:00Z"</example>
    public DateTimeOffset? ActivatedAt { get; init; }

    /// <summary>When the window was completed; null unless it was.</summary>
    /// <example>null</example>
    public required DateTimeOffset? CompletedAt { get; init; }

    /// <summary>When the window was cancelled; null unless it was.</summary>
    /// <example>null</example>
    public required DateTimeOffset? CancelledAt { get; init; }

    /// <summary>The series that it is an occurrence of; null: of none.</summary>
    /// <example>null</example>
    public string? SeriesId { get; init; }

    /// <summary>When it was created.</summary>
    /// <example>"2026-05-20T08:00:00Z"</example>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was changed last.</summary>
    /// <example>"2026-05-20T08:00:00Z"</example>
    public required DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>How serious the work of a window is.</summary>
[JsonConverter(typeof(WordConverter<WindowSeverity>))]
public enum WindowSeverity
{
    /// <summary>Hardly noticeable.</summary>
    Info,

    /// <summary>Noticeable.</summary>
    Warning,

    /// <summary>Disruptive.</summary>
    Critical,
}

/// <summary>The state of a window. Completed and cancelled are final.</summary>
[JsonConverter(typeof(WordConverter<WindowStatus>))]
public enum WindowStatus
{
    /// <summary>Planned.</summary>
    Scheduled,

    /// <summary>Under way.</summary>
    Active,

    /// <summary>Done.</summary>
    Completed,

    /// <summary>Called off.</summary>
    Cancelled,
}

/// <summary>A maintenance window to schedule.</summary>
public sealed record MaintenanceWindowCreate
{
    /// <summary>Title, plain text: 1 to 200 Unicode scalar values after trimming.</summary>
    /// <example>"Database upgrade"</example>
    [StringLength(200, MinimumLength = 1)]
    public required string Title { get; init; }

    /// <summary>Description, plain text: up to 2000 Unicode scalar values after trimming.</summary>
    /// <example>"Brief read-only window."</example>
    [StringLength(2000)]
    public required string Description { get; init; }

    /// <summary>How serious the work is.</summary>
    /// <example>"warning"</example>
    [DefaultValue("info")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public WindowSeverity? Severity { get; init; }

    /// <summary>Names of the affected services; empty: all. Duplicates are dropped.</summary>
    /// <example>["Model Storage"]</example>
    [Items(MaxCount = 50, MinLength = 1, MaxLength = 100)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? AffectedServices { get; init; }

    /// <summary>Planned start: ISO 8601 with an offset or Z.</summary>
    /// <example>"2026-05-22T02:00:00Z"</example>
    public required DateTimeOffset StartsAt { get; init; }

    /// <summary>Planned end: ISO 8601 with an offset or Z, after <c>starts_at</c>.</summary>
    /// <example>"2026-05-22T03:00:00Z"</example>
    public required DateTimeOffset EndsAt { get; init; }

    /// <summary>The state to create it in. A window that is created completed or cancelled is a record of past work.</summary>
    /// <example>"scheduled"</example>
    [DefaultValue("scheduled")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public WindowStatus? Status { get; init; }

    /// <summary>Whether the window becomes active at <c>starts_at</c> and completed at <c>ends_at</c> by itself.</summary>
    /// <example>true</example>
    [DefaultValue(false)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? AutoTransition { get; init; }

    /// <summary>How long before <c>starts_at</c> subscribers are reminded, up to 5: <c>-&lt;n&gt;m</c>, <c>-&lt;n&gt;h</c> or <c>-&lt;n&gt;d</c>, at most 30 days. Empty: never. Absent: -24h and -1h. Duplicates are dropped.</summary>
    /// <example>["-24h", "-1h"]</example>
    [Items(MaxCount = ReminderOffsets.Most, Pattern = ReminderOffsets.Form)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Reminders { get; init; }

    /// <summary>Whether subscribers are told of the window.</summary>
    /// <example>true</example>
    [DefaultValue(true)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Notify { get; init; }
}

/// <summary>Changes of a maintenance window. Fields that are absent keep their value; null is an error.</summary>
public sealed record MaintenanceWindowUpdate
{
    /// <summary>Title, plain text: 1 to 200 Unicode scalar values after trimming.</summary>
    /// <example>"Database upgrade"</example>
    [StringLength(200, MinimumLength = 1)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Title { get; init; }

    /// <summary>Description, plain text: up to 2000 Unicode scalar values after trimming.</summary>
    /// <example>"Brief read-only window."</example>
    [StringLength(2000)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Description { get; init; }

    /// <summary>How serious the work is.</summary>
    /// <example>"critical"</example>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public WindowSeverity? Severity { get; init; }

    /// <summary>Names of the affected services; empty: all. Duplicates are dropped.</summary>
    /// <example>["Model Storage"]</example>
    [Items(MaxCount = 50, MinLength = 1, MaxLength = 100)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? AffectedServices { get; init; }

    /// <summary>Planned start: ISO 8601 with an offset or Z.</summary>
    /// <example>"2026-05-22T02:00:00Z"</example>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTimeOffset? StartsAt { get; init; }

    /// <summary>Planned end: ISO 8601 with an offset or Z, after <c>starts_at</c>.</summary>
    /// <example>"2026-05-22T03:30:00Z"</example>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTimeOffset? EndsAt { get; init; }

    /// <summary>The new state. <c>completed</c> and <c>cancelled</c> do the same as the operations of these names.</summary>
    /// <example>"active"</example>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public WindowStatus? Status { get; init; }

    /// <summary>Whether the window becomes active at <c>starts_at</c> and completed at <c>ends_at</c> by itself.</summary>
    /// <example>true</example>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? AutoTransition { get; init; }

    /// <summary>How long before <c>starts_at</c> subscribers are reminded, up to 5: <c>-&lt;n&gt;m</c>, <c>-&lt;n&gt;h</c> or <c>-&lt;n&gt;d</c>, at most 30 days. Empty: never. Duplicates are dropped.</summary>
    /// <example>["-24h", "-1h"]</example>
    [Items(MaxCount = ReminderOffsets.Most, Pattern = ReminderOffsets.Form)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Reminders { get; init; }

    /// <summary>Whether subscribers are told of the window.</summary>
    /// <example>true</example>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Notify { get; init; }
}

/// <summary>A maintenance window that was removed for good.</summary>
public sealed record MaintenanceWindowDeleted
{
    /// <summary>The window's ID.</summary>
    /// <example>"mw_7k3q0c1v2b3n4m5x6z7a"</example>
    [RegularExpression("^mw_")]
    public required string Id { get; init; }

    /// <summary>The object's type, always <c>maintenance_window.deleted</c>.</summary>
    /// <example>"maintenance_window.deleted"</example>
    [AllowedValues("maintenance_window.deleted")]
    public string Object { get; } = "maintenance_window.deleted";

    /// <summary>Always true.</summary>
    /// <example>true</example>
    [AllowedValues(true)]
    public bool Deleted { get; } = true;
}

/// <summary>One change of a maintenance window.</summary>
public sealed record MaintenanceEvent : ChangeEvent
{
    /// <summary>The event's ID.</summary>
    /// <example>"mw_7k3q0c1v2b3n4m5x6z7a.1"</example>
    public override required string Id { get; init; }

    /// <summary>The object's type, always <c>maintenance_window.event</c>.</summary>
    /// <example>"maintenance_window.event"</example>
    [AllowedValues("maintenance_window.event")]
    public string Object { get; } = "maintenance_window.event";

    /// <summary>The window that changed.</summary>
    /// <example>"mw_7k3q0c1v2b3n4m5x6z7a"</example>
    [RegularExpression("^mw_")]
    public required string WindowId { get; init; }

    /// <summary>What was done to it.</summary>
    /// <example>"created"</example>
    public required string Action { get; init; }

    /// <summary>Name of the key that did it; <c>auto_transition</c> when the window changed by itself, <c>system</c> when it was made ahead for its series.</summary>
    /// <example>"ops-key"</example>
    public required string Actor { get; init; }

    /// <summary>ID of the key that did it; null when the window changed by itself.</summary>
    /// <example>"key_0v8w2x4y6z1a3b5c7d9e"</example>
    public required string? ActorKeyId { get; init; }

    /// <summary>When it was done.</summary>
    /// <example>"2026-05-20T08:00:00Z"</example>
    public required DateTimeOffset OccurredAt { get; init; }

    /// <summary>Names of the fields that changed.</summary>
    /// <example>[]</example>
    public required IReadOnlyList<string> ChangedFields { get; init; }

    /// <summary>The window before the change; null when it was created.</summary>
    /// <example>null</example>
    public required MaintenanceWindow? Before { get; init; }

    /// <summary>The window after the change; null when it was purged.</summary>
    public required MaintenanceWindow? After { get; init; }
}
