using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace Xerotier.Contracts;

/// <summary>Everything that the status page shows.</summary>
public sealed record StatusDocument
{
    /// <summary>The object's type, always <c>status</c>.</summary>
    /// <example>"status"</example>
    [AllowedValues("status")]
    public string Object { get; } = "status";

    /// <summary>The instant at which all figures hold.</summary>
    /// <example>"2026-05-22T02:30:00Z"</example>
    public required DateTimeOffset GeneratedAt { get; init; }

    /// <summary>Since when live data has been unavailable; null while it is live.</summary>
    /// <example>null</example>
    public required DateTimeOffset? StaleSince { get; init; }

    /// <summary>Whether this is a demo: a simulated fleet and an example history.</summary>
    /// <example>false</example>
    public required bool Demo { get; init; }

    /// <summary>The platform's overall status.</summary>
    public required OverallStatus Overall { get; init; }

    /// <summary>One entry for each service, in the order of the page.</summary>
    public required IReadOnlyList<StatusIndicator> Indicators { get; init; }

    /// <summary>The open incidents, newest start first, at most 10, then those that were resolved within the last 15 UTC days. Each has its newest updates; long bodies are cut.</summary>
    /// <example>[]</example>
    public required IReadOnlyList<PageIncident> Incidents { get; init; }

    /// <summary>How many incidents are open.</summary>
    /// <example>0</example>
    [Range(0, int.MaxValue)]
    public required int OpenIncidentsTotal { get; init; }

    /// <summary>Maintenance windows of all projects.</summary>
    public required PageWindows Windows { get; init; }
}

/// <summary>The platform's overall status.</summary>
public sealed record OverallStatus
{
    /// <summary>The status.</summary>
    /// <example>"maintenance"</example>
    public required OverallKey Key { get; init; }

    /// <summary>The status in words.</summary>
    /// <example>"Under Maintenance"</example>
    public required string Label { get; init; }
}

/// <summary>An overall status; the first that applies wins.</summary>
[JsonConverter(typeof(WordConverter<OverallKey>))]
public enum OverallKey
{
    /// <summary>A window is active.</summary>
    Maintenance,

    /// <summary>Every service is out.</summary>
    MajorOutage,

    /// <summary>At least one service is out.</summary>
    PartialOutage,

    /// <summary>The state of at least one service is unknown.</summary>
    Unknown,

    /// <summary>At least one service is degraded.</summary>
    Degraded,

    /// <summary>Every service is operational.</summary>
    Operational,
}

/// <summary>A service's status.</summary>
[JsonConverter(typeof(WordConverter<ServiceStatus>))]
public enum ServiceStatus
{
    /// <summary>It works.</summary>
    Operational,

    /// <summary>It works in part.</summary>
    Degraded,

    /// <summary>It does not work.</summary>
    Outage,

    /// <summary>There is no data.</summary>
    Unknown,
}

/// <summary>A service with its status and 90 days of history.</summary>
public sealed record StatusIndicator
{
    /// <summary>ID of the component.</summary>
    /// <example>"cmp_inference_routing"</example>
    public required string Id { get; init; }

    /// <summary>The service's name.</summary>
    /// <example>"Inference Routing"</example>
    public required string Name { get; init; }

    /// <summary>What the service is; null when nothing is said.</summary>
    /// <example>null</example>
    public required string? Description { get; init; }

    /// <summary>The heading under which it stands together with others; null: under none.</summary>
    /// <example>null</example>
    public required string? Group { get; init; }

    /// <summary>Its place on the page, ascending; those of one position stand by name.</summary>
    /// <example>1</example>
    public required int Position { get; init; }

    /// <summary>Whether nothing measures it: it is operational unless an incident says otherwise.</summary>
    /// <example>false</example>
    public required bool Declared { get; init; }

    /// <summary>What is measured, whatever incidents declare; null when nothing measures it.</summary>
    /// <example>"degraded"</example>
    public required ServiceStatus? Measured { get; init; }

    /// <summary>The service's status: the worse of what is measured and what incidents declare.</summary>
    /// <example>"degraded"</example>
    public required ServiceStatus Status { get; init; }

    /// <summary>Why the service is not operational; null when it is.</summary>
    /// <example>"1 of 3 routers is offline"</example>
    public required string? Reason { get; init; }

    /// <summary>Since when the service has had this status; null when that was not observed.</summary>
    /// <example>"2026-05-22T02:14:11Z"</example>
    public required DateTimeOffset? Since { get; init; }

    /// <summary>Uptime of the observed part of the 90 days, floored to 3 decimals; null when nothing was observed.</summary>
    /// <example>99.982</example>
    [Range(0, 100)]
    public required decimal? UptimePercent { get; init; }

    /// <summary>90 UTC days, oldest first, today last.</summary>
    [Items(MaxCount = 90)]
    public required IReadOnlyList<StatusDay> Days { get; init; }
}

/// <summary>A service's UTC day. Its seconds add up to the length of the day, for today to the time that has passed.</summary>
public sealed record StatusDay
{
    /// <summary>The UTC day.</summary>
    /// <example>"2026-05-21"</example>
    public required DateOnly Date { get; init; }

    /// <summary>Seconds operational.</summary>
    /// <example>85676</example>
    [Range(0, int.MaxValue)]
    public required int OperationalSeconds { get; init; }

    /// <summary>Seconds degraded.</summary>
    /// <example>0</example>
    [Range(0, int.MaxValue)]
    public required int DegradedSeconds { get; init; }

    /// <summary>Seconds in outage.</summary>
    /// <example>724</example>
    [Range(0, int.MaxValue)]
    public required int OutageSeconds { get; init; }

    /// <summary>Seconds in the platform's own maintenance.</summary>
    /// <example>0</example>
    [Range(0, int.MaxValue)]
    public required int MaintenanceSeconds { get; init; }

    /// <summary>Seconds that were not observed.</summary>
    /// <example>0</example>
    [Range(0, int.MaxValue)]
    public required int NoDataSeconds { get; init; }

    /// <summary>Uptime of the day, floored to 3 decimals; null when nothing was observed.</summary>
    /// <example>99.162</example>
    [Range(0, 100)]
    public required decimal? UptimePercent { get; init; }

    /// <summary>Whether the day is <c>before</c>, <c>on</c> or <c>after</c> the day on which recording began.</summary>
    /// <example>"after"</example>
    public required InstallationDay Installation { get; init; }
}

/// <summary>A day as seen from the day on which recording began.</summary>
[JsonConverter(typeof(WordConverter<InstallationDay>))]
public enum InstallationDay
{
    /// <summary>Before it.</summary>
    Before,

    /// <summary>That day.</summary>
    On,

    /// <summary>After it.</summary>
    After,
}

/// <summary>The maintenance windows of the status page.</summary>
public sealed record PageWindows
{
    /// <summary>Whether maintenance data is unavailable: the rest is then the last known state.</summary>
    /// <example>false</example>
    public required bool Unavailable { get; init; }

    /// <summary>Since when maintenance data has been unavailable; null while it is available, and when it never was.</summary>
    /// <example>null</example>
    public required DateTimeOffset? UnavailableSince { get; init; }

    /// <summary>Active windows, first end first; not all when there are many.</summary>
    public required IReadOnlyList<PageWindow> Active { get; init; }

    /// <summary>How many windows are active.</summary>
    /// <example>1</example>
    [Range(0, int.MaxValue)]
    public required int ActiveTotal { get; init; }

    /// <summary>Scheduled windows, first start first; not all when there are many.</summary>
    /// <example>[]</example>
    public required IReadOnlyList<PageWindow> Scheduled { get; init; }

    /// <summary>How many windows are scheduled.</summary>
    /// <example>0</example>
    [Range(0, int.MaxValue)]
    public required int ScheduledTotal { get; init; }

    /// <summary>The 50 newest windows by start, in every state.</summary>
    [Items(MaxCount = 50)]
    public required IReadOnlyList<PageWindow> Recent { get; init; }
}
