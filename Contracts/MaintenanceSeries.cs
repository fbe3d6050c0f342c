using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace Xerotier.Contracts;

/// <summary>A series: a maintenance window that recurs at a local time (recurring.md section 19). Its occurrences are ordinary windows.</summary>
public record MaintenanceSeries
{
    /// <summary>The series' ID.</summary>
    /// <example>"mws_7k3q0c1v2b3n4m5x6z7a"</example>
    [RegularExpression("^mws_")]
    public required string Id { get; init; }

    /// <summary>The object's type, always <c>maintenance_series</c>.</summary>
    /// <example>"maintenance_series"</example>
    [AllowedValues("maintenance_series")]
    public string Object { get; } = "maintenance_series";

    /// <summary>The project that it belongs to.</summary>
    /// <example>"proj_ABC123"</example>
    public required string ProjectId { get; init; }

    /// <summary>Title of each occurrence, plain text: 1 to 200 Unicode scalar values.</summary>
    /// <example>"Weekly database maintenance"</example>
    [StringLength(200, MinimumLength = 1)]
    public required string Title { get; init; }

    /// <summary>Description of each occurrence, plain text: up to 2000 Unicode scalar values.</summary>
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

    /// <summary>Whether each occurrence becomes active at its start and completed at its end by itself.</summary>
    /// <example>true</example>
    public required bool AutoTransition { get; init; }

    /// <summary>How long before the start of each occurrence subscribers are reminded, up to 5: <c>-&lt;n&gt;m</c>, <c>-&lt;n&gt;h</c> or <c>-&lt;n&gt;d</c>, at most 30 days; empty: never.</summary>
    /// <example>["-24h", "-1h"]</example>
    [Items(MaxCount = ReminderOffsets.Most, Pattern = ReminderOffsets.Form)]
    public IReadOnlyList<string> Reminders { get; set; } = ReminderOffsets.Default; // read from JSON without it, a property with init would be null instead

    /// <summary>Whether subscribers are told of it and of its occurrences.</summary>
    /// <example>true</example>
    public bool Notify { get; set; } = true; // as above

    /// <summary>Name of the time zone in the IANA database.</summary>
    /// <example>"Europe/Berlin"</example>
    public required string Timezone { get; init; }

    /// <summary>The first local date on which there may be an occurrence, in whose week or month the counting of intervals begins.</summary>
    /// <example>"2026-03-01"</example>
    public required DateOnly StartsOn { get; init; }

    /// <summary>When each occurrence starts by the zone's clocks, HH:MM. A time that does not exist, because the clocks are put forward, moves forward by the gap; one that exists twice is the earlier.</summary>
    /// <example>"02:30"</example>
    public required string LocalTime { get; init; }

    /// <summary>How long each occurrence lasts, elapsed time as an ISO 8601 duration of hours, minutes and seconds: PT5M to PT24H.</summary>
    /// <example>"PT1H30M"</example>
    public required string Duration { get; init; }

    /// <summary>On which local dates: FREQ (DAILY, WEEKLY or MONTHLY) and optionally INTERVAL (1 to 52), BYDAY (with FREQ=MONTHLY also such as 1MO to 4MO and -1MO), BYMONTHDAY (1 to 28 or -1), and COUNT (up to 500) or UNTIL (a local date), as in RFC 5545.</summary>
    /// <example>"FREQ=WEEKLY;BYDAY=SU"</example>
    [StringLength(500, MinimumLength = 1)]
    public required string Rrule { get; init; }

    /// <summary>Local dates on which there is no occurrence, up to 100.</summary>
    /// <example>["2026-04-05"]</example>
    [Items(MaxCount = 100)]
    public required IReadOnlyList<DateOnly> Exdates { get; init; }

    /// <summary>How many days ahead occurrences are made, 7 to 90.</summary>
    /// <example>60</example>
    [Range(7, 90)]
    public required int HorizonDays { get; init; }

    /// <summary>Name of the key that created it.</summary>
    /// <example>"ops-key"</example>
    public required string CreatedBy { get; init; }

    /// <summary>When it was created.</summary>
    /// <example>"2026-02-20T08:00:00Z"</example>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was changed last.</summary>
    /// <example>"2026-02-20T08:00:00Z"</example>
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>When it was cancelled; null unless it was.</summary>
    /// <example>null</example>
    public required DateTimeOffset? CancelledAt { get; init; }

    /// <summary>What the operator should know of the change that was just made; absent when there is nothing.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<Warning>? Warnings { get; init; }
}

/// <summary>A series to create, or to preview.</summary>
public sealed record MaintenanceSeriesCreate
{
    /// <summary>Title of each occurrence, plain text: 1 to 200 Unicode scalar values.</summary>
    /// <example>"Weekly database maintenance"</example>
    [StringLength(200, MinimumLength = 1)]
    public required string Title { get; init; }

    /// <summary>Description of each occurrence, plain text: up to 2000 Unicode scalar values.</summary>
    /// <example>"Brief read-only window."</example>
    [StringLength(2000)]
    public required string Description { get; init; }

    /// <summary>How serious the work is.</summary>
    /// <example>"warning"</example>
    [DefaultValue("info")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public WindowSeverity? Severity { get; init; }

    /// <summary>Names of the affected services; empty: all.</summary>
    /// <example>["Model Storage"]</example>
    [Items(MaxCount = 50, MinLength = 1, MaxLength = 100)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? AffectedServices { get; init; }

    /// <summary>Whether each occurrence becomes active at its start and completed at its end by itself.</summary>
    /// <example>true</example>
    [DefaultValue(true)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? AutoTransition { get; init; }

    /// <summary>How long before the start of each occurrence subscribers are reminded, up to 5: <c>-&lt;n&gt;m</c>, <c>-&lt;n&gt;h</c> or <c>-&lt;n&gt;d</c>, at most 30 days. Empty: never. Absent: -24h and -1h. Duplicates are dropped.</summary>
    /// <example>["-24h", "-1h"]</example>
    [Items(MaxCount = ReminderOffsets.Most, Pattern = ReminderOffsets.Form)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Reminders { get; init; }

    /// <summary>Whether subscribers are told of it and of its occurrences.</summary>
    /// <example>true</example>
    [DefaultValue(true)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Notify { get; init; }

    /// <summary>Name of the time zone in the IANA database.</summary>
    /// <example>"Europe/Berlin"</example>
    public required string Timezone { get; init; }

    /// <summary>The first local date on which there may be an occurrence, in whose week or month the counting of intervals begins.</summary>
    /// <example>"2026-03-01"</example>
    public required DateOnly StartsOn { get; init; }

    /// <summary>When each occurrence starts by the zone's clocks, HH:MM. A time that does not exist, because the clocks are put forward, moves forward by the gap; one that exists twice is the earlier.</summary>
    /// <example>"02:30"</example>
    public required string LocalTime { get; init; }

    /// <summary>How long each occurrence lasts, elapsed time as an ISO 8601 duration of hours, minutes and seconds: PT5M to PT24H.</summary>
    /// <example>"PT1H30M"</example>
    public required string Duration { get; init; }

    /// <summary>On which local dates: FREQ (DAILY, WEEKLY or MONTHLY) and optionally INTERVAL (1 to 52), BYDAY (with FREQ=MONTHLY also such as 1MO to 4MO and -1MO), BYMONTHDAY (1 to 28 or -1), and COUNT (up to 500) or UNTIL (a local date), as in RFC 5545.</summary>
    /// <example>"FREQ=WEEKLY;BYDAY=SU"</example>
    [StringLength(500, MinimumLength = 1)]
    public required string Rrule { get; init; }

    /// <summary>Local dates on which there is no occurrence, up to 100.</summary>
    /// <example>["2026-04-05"]</example>
    [Items(MaxCount = 100)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<DateOnly>? Exdates { get; init; }

    /// <summary>How many days ahead occurrences are made, 7 to 90.</summary>
    /// <example>60</example>
    [Range(7, 90)]
    [DefaultValue(60)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? HorizonDays { get; init; }
}

/// <summary>Changes of a series. Fields that are absent keep their value; null is an error.</summary>
public sealed record MaintenanceSeriesUpdate
{
    /// <summary>Title of each occurrence, plain text: 1 to 200 Unicode scalar values.</summary>
    /// <example>"Weekly database maintenance"</example>
    [StringLength(200, MinimumLength = 1)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Title { get; init; }

    /// <summary>Description of each occurrence, plain text: up to 2000 Unicode scalar values.</summary>
    /// <example>"Brief read-only window."</example>
    [StringLength(2000)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Description { get; init; }

    /// <summary>How serious the work is.</summary>
    /// <example>"warning"</example>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public WindowSeverity? Severity { get; init; }

    /// <summary>Names of the affected services; empty: all.</summary>
    /// <example>["Model Storage"]</example>
    [Items(MaxCount = 50, MinLength = 1, MaxLength = 100)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? AffectedServices { get; init; }

    /// <summary>Whether each occurrence becomes active at its start and completed at its end by itself.</summary>
    /// <example>true</example>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? AutoTransition { get; init; }

    /// <summary>How long before the start of each occurrence subscribers are reminded, up to 5: <c>-&lt;n&gt;m</c>, <c>-&lt;n&gt;h</c> or <c>-&lt;n&gt;d</c>, at most 30 days. Empty: never. Duplicates are dropped.</summary>
    /// <example>["-24h", "-1h"]</example>
    [Items(MaxCount = ReminderOffsets.Most, Pattern = ReminderOffsets.Form)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Reminders { get; init; }

    /// <summary>Whether subscribers are told of it and of its occurrences.</summary>
    /// <example>true</example>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Notify { get; init; }

    /// <summary>Name of the time zone in the IANA database.</summary>
    /// <example>"Europe/Berlin"</example>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Timezone { get; init; }

    /// <summary>The first local date on which there may be an occurrence, in whose week or month the counting of intervals begins.</summary>
    /// <example>"2026-03-01"</example>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateOnly? StartsOn { get; init; }

    /// <summary>When each occurrence starts by the zone's clocks, HH:MM. A time that does not exist, because the clocks are put forward, moves forward by the gap; one that exists twice is the earlier.</summary>
    /// <example>"02:30"</example>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? LocalTime { get; init; }

    /// <summary>How long each occurrence lasts, elapsed time as an ISO 8601 duration of hours, minutes and seconds: PT5M to PT24H.</summary>
    /// <example>"PT1H30M"</example>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Duration { get; init; }

    /// <summary>On which local dates: FREQ (DAILY, WEEKLY or MONTHLY) and optionally INTERVAL (1 to 52), BYDAY (with FREQ=MONTHLY also such as 1MO to 4MO and -1MO), BYMONTHDAY (1 to 28 or -1), and COUNT (up to 500) or UNTIL (a local date), as in RFC 5545.</summary>
    /// <example>"FREQ=WEEKLY;BYDAY=SU"</example>
    [StringLength(500, MinimumLength = 1)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Rrule { get; init; }

    /// <summary>Local dates on which there is no occurrence, up to 100.</summary>
    /// <example>["2026-04-05"]</example>
    [Items(MaxCount = 100)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<DateOnly>? Exdates { get; init; }

    /// <summary>How many days ahead occurrences are made, 7 to 90.</summary>
    /// <example>60</example>
    [Range(7, 90)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? HorizonDays { get; init; }
}

/// <summary>The next occurrences that a series would have.</summary>
public sealed record MaintenanceSeriesPreview
{
    /// <summary>The object's type, always <c>maintenance_series.preview</c>.</summary>
    /// <example>"maintenance_series.preview"</example>
    [AllowedValues("maintenance_series.preview")]
    public string Object { get; } = "maintenance_series.preview";

    /// <summary>Name of the time zone.</summary>
    /// <example>"Europe/Berlin"</example>
    public required string Timezone { get; init; }

    /// <summary>The next 10 occurrences; fewer where there are no more.</summary>
    public required IReadOnlyList<OccurrencePreview> Data { get; init; }
}

/// <summary>One occurrence that a series would have.</summary>
public sealed record OccurrencePreview
{
    /// <summary>Its local date, which names it.</summary>
    /// <example>"2026-03-29"</example>
    public required DateOnly Occurrence { get; init; }

    /// <summary>Its start in UTC.</summary>
    /// <example>"2026-03-29T01:30:00Z"</example>
    public required DateTimeOffset StartsAt { get; init; }

    /// <summary>Its end in UTC.</summary>
    /// <example>"2026-03-29T03:00:00Z"</example>
    public required DateTimeOffset EndsAt { get; init; }

    /// <summary>Its start as the zone's clocks show it, with their offset.</summary>
    /// <example>"2026-03-29T03:30:00+02:00"</example>
    public required string LocalStartsAt { get; init; }

    /// <summary>Its end as the zone's clocks show it, with their offset.</summary>
    /// <example>"2026-03-29T05:00:00+02:00"</example>
    public required string LocalEndsAt { get; init; }

    /// <summary>What daylight saving does to its start; null: nothing.</summary>
    /// <example>"gap"</example>
    public required OccurrenceAdjustment? Adjusted { get; init; }
}

/// <summary>What daylight saving does to an occurrence's local time.</summary>
[JsonConverter(typeof(WordConverter<OccurrenceAdjustment>))]
public enum OccurrenceAdjustment
{
    /// <summary>The local time does not exist on that date, because the clocks are put forward: it moves forward by the gap.</summary>
    Gap,

    /// <summary>The local time exists twice on that date, because the clocks are put back: it is the earlier instant.</summary>
    Overlap,
}

/// <summary>One change of a series.</summary>
public sealed record MaintenanceSeriesEvent : ChangeEvent
{
    /// <summary>The event's ID.</summary>
    /// <example>"mws_7k3q0c1v2b3n4m5x6z7a.1"</example>
    public override required string Id { get; init; }

    /// <summary>The object's type, always <c>maintenance_series.event</c>.</summary>
    /// <example>"maintenance_series.event"</example>
    [AllowedValues("maintenance_series.event")]
    public string Object { get; } = "maintenance_series.event";

    /// <summary>The series that changed.</summary>
    /// <example>"mws_7k3q0c1v2b3n4m5x6z7a"</example>
    [RegularExpression("^mws_")]
    public required string SeriesId { get; init; }

    /// <summary>What was done to it.</summary>
    /// <example>"created"</example>
    [AllowedValues("created", "updated", "cancelled")]
    public required string Action { get; init; }

    /// <summary>Name of the key that did it.</summary>
    /// <example>"ops-key"</example>
    public required string Actor { get; init; }

    /// <summary>ID of the key that did it.</summary>
    /// <example>"key_0v8w2x4y6z1a3b5c7d9e"</example>
    public required string? ActorKeyId { get; init; }

    /// <summary>When it was done.</summary>
    /// <example>"2026-02-20T08:00:00Z"</example>
    public required DateTimeOffset OccurredAt { get; init; }

    /// <summary>Names of the fields that changed.</summary>
    /// <example>[]</example>
    public required IReadOnlyList<string> ChangedFields { get; init; }

    /// <summary>The series before the change; null when it was created.</summary>
    /// <example>null</example>
    public required MaintenanceSeries? Before { get; init; }

    /// <summary>The series after the change.</summary>
    public required MaintenanceSeries After { get; init; }
}
