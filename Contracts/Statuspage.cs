using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Xerotier.Contracts;

// The shapes of /api/v2 are those of the public API of Atlassian Statuspage, which many tools speak (surfaces.md section 14): every key is
// there, null rather than absent, and times have milliseconds.

/// <summary>The whole status in the shape that status monitors know.</summary>
public sealed record StatuspageSummary
{
    /// <summary>The page.</summary>
    public required StatuspagePage Page { get; init; }

    /// <summary>The components and their groups, in the order of the page.</summary>
    public required IReadOnlyList<StatuspageComponent> Components { get; init; }

    /// <summary>The unresolved incidents, newest first.</summary>
    public required IReadOnlyList<StatuspageIncident> Incidents { get; init; }

    /// <summary>The maintenance that is scheduled or in progress.</summary>
    public required IReadOnlyList<StatuspageMaintenance> ScheduledMaintenances { get; init; }

    /// <summary>The overall status.</summary>
    public required StatuspageStatus Status { get; init; }
}

/// <summary>The overall status alone.</summary>
public sealed record StatuspageStatusDocument
{
    /// <summary>The page.</summary>
    public required StatuspagePage Page { get; init; }

    /// <summary>The overall status.</summary>
    public required StatuspageStatus Status { get; init; }
}

/// <summary>The components alone.</summary>
public sealed record StatuspageComponents
{
    /// <summary>The page.</summary>
    public required StatuspagePage Page { get; init; }

    /// <summary>The components and their groups, in the order of the page.</summary>
    public required IReadOnlyList<StatuspageComponent> Components { get; init; }
}

/// <summary>Incidents alone.</summary>
public sealed record StatuspageIncidents
{
    /// <summary>The page.</summary>
    public required StatuspagePage Page { get; init; }

    /// <summary>The incidents, newest first, at most 50.</summary>
    public required IReadOnlyList<StatuspageIncident> Incidents { get; init; }
}

/// <summary>Maintenance alone.</summary>
public sealed record StatuspageMaintenances
{
    /// <summary>The page.</summary>
    public required StatuspagePage Page { get; init; }

    /// <summary>The maintenance, latest start first, at most 50.</summary>
    public required IReadOnlyList<StatuspageMaintenance> ScheduledMaintenances { get; init; }
}

/// <summary>The page that a document is of.</summary>
public sealed record StatuspagePage
{
    /// <summary>ID of this installation, which stays when its address changes.</summary>
    /// <example>"0197a3c2d1e47f0b9a6c5d4e3f2a1b0c"</example>
    public required string Id { get; init; }

    /// <summary>The page's name.</summary>
    /// <example>"Xerotier Status"</example>
    public required string Name { get; init; }

    /// <summary>The page's public address.</summary>
    /// <example>"https://status.example.com"</example>
    public required string Url { get; init; }

    /// <summary>Always <c>Etc/UTC</c>.</summary>
    /// <example>"Etc/UTC"</example>
    public string TimeZone { get; } = "Etc/UTC";

    /// <summary>When anything that the page tells of changed last.</summary>
    /// <example>"2026-05-22T14:21:07.000Z"</example>
    [JsonConverter(typeof(MillisecondsConverter))]
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>Since when live data has been unavailable, so that the rest is what was known last; null while it is live.</summary>
    /// <example>null</example>
    public required string? XerotierStaleSince { get; init; }
}

/// <summary>The overall status.</summary>
public sealed record StatuspageStatus
{
    /// <summary>How bad it is: <c>none</c>, <c>minor</c>, <c>major</c> (something is out) or <c>critical</c> (everything is).</summary>
    /// <example>"minor"</example>
    [AllowedValues("none", "minor", "major", "critical")]
    public required string Indicator { get; init; }

    /// <summary>The same in words.</summary>
    /// <example>"Degraded Performance"</example>
    public required string Description { get; init; }
}

/// <summary>A component, or a group of them.</summary>
public sealed record StatuspageComponent
{
    /// <summary>The component's ID.</summary>
    /// <example>"cmp_inference_routing"</example>
    public required string Id { get; init; }

    /// <summary>The page's ID.</summary>
    /// <example>"0197a3c2d1e47f0b9a6c5d4e3f2a1b0c"</example>
    public required string PageId { get; init; }

    /// <summary>Its name.</summary>
    /// <example>"Inference Routing"</example>
    public required string Name { get; init; }

    /// <summary>What it is; null when nothing is said.</summary>
    /// <example>null</example>
    public required string? Description { get; init; }

    /// <summary>Its status: <c>operational</c>, <c>degraded_performance</c>, <c>major_outage</c> or <c>under_maintenance</c>; of a group, the worst.</summary>
    /// <example>"degraded_performance"</example>
    [AllowedValues("operational", "degraded_performance", "partial_outage", "major_outage", "under_maintenance")]
    public required string Status { get; init; }

    /// <summary><c>unknown</c> where nobody knows, which the shape has no word for; absent otherwise.</summary>
    /// <example>"unknown"</example>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? XerotierStatus { get; init; }

    /// <summary>When it was created.</summary>
    /// <example>"2026-05-01T08:00:00.000Z"</example>
    [JsonConverter(typeof(MillisecondsConverter))]
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it or its status changed last.</summary>
    /// <example>"2026-05-22T14:02:11.000Z"</example>
    [JsonConverter(typeof(MillisecondsConverter))]
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>Its place on the page, from 1.</summary>
    /// <example>2</example>
    public required int Position { get; init; }

    /// <summary>Whether its history is shown, which it always is.</summary>
    /// <example>true</example>
    public required bool Showcase { get; init; }

    /// <summary>The UTC day from which it is monitored; null before the first.</summary>
    /// <example>"2026-05-01"</example>
    public required DateOnly? StartDate { get; init; }

    /// <summary>ID of its group; null: it is in none.</summary>
    /// <example>null</example>
    public required string? GroupId { get; init; }

    /// <summary>Whether it is a group.</summary>
    /// <example>false</example>
    public required bool Group { get; init; }

    /// <summary>Whether its line is hidden while it is operational.</summary>
    /// <example>false</example>
    public required bool OnlyShowIfDegraded { get; init; }

    /// <summary>IDs of a group's components; absent for a component.</summary>
    /// <example>["cmp_inference_routing"]</example>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Components { get; init; }
}

/// <summary>An incident.</summary>
public record StatuspageIncident
{
    /// <summary>The incident's ID.</summary>
    /// <example>"inc_7k3q0c1v2b3n4m5x6z7a"</example>
    public required string Id { get; init; }

    /// <summary>The page's ID.</summary>
    /// <example>"0197a3c2d1e47f0b9a6c5d4e3f2a1b0c"</example>
    public required string PageId { get; init; }

    /// <summary>Its title.</summary>
    /// <example>"Elevated errors in us-east"</example>
    public required string Name { get; init; }

    /// <summary>Its state: <c>investigating</c>, <c>identified</c>, <c>monitoring</c>, <c>resolved</c> or <c>postmortem</c>; of maintenance <c>scheduled</c>, <c>in_progress</c> or <c>completed</c>.</summary>
    /// <example>"monitoring"</example>
    public required string Status { get; init; }

    /// <summary>How bad it has been at worst: <c>none</c>, <c>minor</c>, <c>major</c> or <c>critical</c>; of maintenance <c>maintenance</c>.</summary>
    /// <example>"major"</example>
    public required string Impact { get; init; }

    /// <summary>When it was created.</summary>
    /// <example>"2026-05-22T14:05:00.000Z"</example>
    [JsonConverter(typeof(MillisecondsConverter))]
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was changed last.</summary>
    /// <example>"2026-05-22T14:21:07.000Z"</example>
    [JsonConverter(typeof(MillisecondsConverter))]
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>When it began.</summary>
    /// <example>"2026-05-22T14:02:00.000Z"</example>
    [JsonConverter(typeof(MillisecondsConverter))]
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>When a fix was first watched; null while none was.</summary>
    /// <example>"2026-05-22T14:20:00.000Z"</example>
    [JsonConverter(typeof(MillisecondsConverter))]
    public required DateTimeOffset? MonitoringAt { get; init; }

    /// <summary>When it ended; null before.</summary>
    /// <example>null</example>
    [JsonConverter(typeof(MillisecondsConverter))]
    public required DateTimeOffset? ResolvedAt { get; init; }

    /// <summary>Its own page.</summary>
    /// <example>"https://status.example.com/status/incidents/inc_7k3q0c1v2b3n4m5x6z7a"</example>
    public required string Shortlink { get; init; }

    /// <summary>Its updates, newest first.</summary>
    public required IReadOnlyList<StatuspageUpdate> IncidentUpdates { get; init; }

    /// <summary>The components that it names.</summary>
    public required IReadOnlyList<StatuspageComponent> Components { get; init; }
}

/// <summary>Maintenance.</summary>
public sealed record StatuspageMaintenance : StatuspageIncident
{
    /// <summary>Planned start.</summary>
    /// <example>"2026-05-22T02:00:00.000Z"</example>
    [JsonConverter(typeof(MillisecondsConverter))]
    public required DateTimeOffset ScheduledFor { get; init; }

    /// <summary>Planned end.</summary>
    /// <example>"2026-05-22T03:00:00.000Z"</example>
    [JsonConverter(typeof(MillisecondsConverter))]
    public required DateTimeOffset ScheduledUntil { get; init; }
}

/// <summary>An update of an incident, or a step of maintenance.</summary>
public sealed record StatuspageUpdate
{
    /// <summary>The update's ID.</summary>
    /// <example>"upd_7k3q0c1v2b3n4m5x6z7a"</example>
    public required string Id { get; init; }

    /// <summary>ID of the incident or the maintenance.</summary>
    /// <example>"inc_7k3q0c1v2b3n4m5x6z7a"</example>
    public required string IncidentId { get; init; }

    /// <summary>The state from this update on.</summary>
    /// <example>"monitoring"</example>
    public required string Status { get; init; }

    /// <summary>What it says, as plain text.</summary>
    /// <example>"A fix is in place; we are watching the error rate."</example>
    public required string Body { get; init; }

    /// <summary>When it was posted.</summary>
    /// <example>"2026-05-22T14:21:07.000Z"</example>
    [JsonConverter(typeof(MillisecondsConverter))]
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was edited last, or else posted.</summary>
    /// <example>"2026-05-22T14:21:07.000Z"</example>
    [JsonConverter(typeof(MillisecondsConverter))]
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>The instant that it speaks of.</summary>
    /// <example>"2026-05-22T14:20:00.000Z"</example>
    [JsonConverter(typeof(MillisecondsConverter))]
    public required DateTimeOffset DisplayAt { get; init; }

    /// <summary>The components whose declared state it changes; null when it changes none.</summary>
    public required IReadOnlyList<StatuspageAffectedComponent>? AffectedComponents { get; init; }

    /// <summary>Whether subscribers are told. The public is not told whether they were, so always true.</summary>
    /// <example>true</example>
    public bool DeliverNotifications { get; } = true;

    /// <summary>Always null.</summary>
    /// <example>null</example>
    public string? CustomTweet { get; }

    /// <summary>Always null.</summary>
    /// <example>null</example>
    public long? TweetId { get; }
}

/// <summary>What an update changes of a component.</summary>
public sealed record StatuspageAffectedComponent
{
    /// <summary>The component's ID.</summary>
    /// <example>"cmp_inference_routing"</example>
    public required string Code { get; init; }

    /// <summary>The component's name.</summary>
    /// <example>"Inference Routing"</example>
    public required string Name { get; init; }

    /// <summary>What the incident said of it before.</summary>
    /// <example>"major_outage"</example>
    public required string OldStatus { get; init; }

    /// <summary>What it says now.</summary>
    /// <example>"degraded_performance"</example>
    public required string NewStatus { get; init; }
}

/// <summary>Times in UTC with milliseconds, <c>2026-05-22T14:21:07.000Z</c>.</summary>
public sealed class MillisecondsConverter : JsonConverter<DateTimeOffset>
{
    /// <inheritdoc/>
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDateTimeOffset();

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
}
