using System.Text.Json.Serialization;
using Xerotier.StatusService.Model;

namespace Xerotier.StatusService.Documents.Content;

/// <summary>All that the status page shows, at one instant; equal models render to equal bytes.</summary>
/// <param name="GeneratedAt">The instant at which all figures hold.</param>
/// <param name="Overall">The platform's level.</param>
/// <param name="Components">In page order.</param>
/// <param name="Incidents">What is known of incidents.</param>
/// <param name="Windows">What is known of the maintenance windows.</param>
/// <param name="MonitoringSince">The first second ever recorded; null before it.</param>
public sealed record StatusPageModel(
    DateTimeOffset GeneratedAt,
    OverallStatus Overall,
    IReadOnlyList<ComponentModel> Components,
    IncidentsModel Incidents,
    WindowsModel Windows,
    DateTimeOffset? MonitoringSince = null)
{
    /// <summary>It begins with the example history of a demo, and says so.</summary>
    public bool IsDemo { get; init; }
}

/// <summary>One line of the page.</summary>
/// <param name="Component">The component.</param>
/// <param name="Status">Its state.</param>
/// <param name="Reason">Why it is not operational, as a clause: <c>1 of 3 routers is offline</c>; null when operational.</param>
/// <param name="Since">Since when it has held this state, if that was observed.</param>
/// <param name="UptimePercent">Over the 90 days, floored to 3 decimals; null when nothing was observed.</param>
/// <param name="Days">90 UTC days, oldest first, today last.</param>
public sealed record ComponentModel(
    Component Component,
    ComponentStatus Status,
    string? Reason,
    DateTimeOffset? Since,
    decimal? UptimePercent,
    IReadOnlyList<Day> Days)
{
    /// <summary>Such as <c>Inference Routing</c>.</summary>
    [JsonIgnore]
    public string Name => Component.Name;

    /// <summary>The heading under which it stands; null: none.</summary>
    [JsonIgnore]
    public string? Group => Component.Group;

    /// <summary>Whether its line is hidden: it is operational, and asked to be shown only otherwise.</summary>
    [JsonIgnore]
    public bool IsHidden => Component.OnlyShowIfDegraded && Status is ComponentStatus.Operational;

    /// <summary>What is measured, whatever incidents declare; null when nothing measures it.</summary>
    public ComponentStatus? Measured { get; init; }

    /// <summary>The incidents that declared it degraded or out, by UTC day.</summary>
    public IReadOnlyDictionary<DateOnly, IReadOnlyList<IncidentLink>> Incidents { get; init; } = new Dictionary<DateOnly, IReadOnlyList<IncidentLink>>();
}

/// <summary>An incident to link to.</summary>
public sealed record IncidentLink(string Id, string Title);

/// <summary>The incidents of the page: of each its newest updates, with long bodies cut.</summary>
/// <param name="Open">The open ones that started last, newest start first, at most 10.</param>
/// <param name="OpenTotal">How many are open.</param>
/// <param name="Past">Those that were resolved within the last 15 UTC days, newest start first.</param>
/// <param name="StillMeasured">The ids of resolved ones of which measurements still show an outage.</param>
public sealed record IncidentsModel(
    IReadOnlyList<PageIncident> Open,
    int OpenTotal,
    IReadOnlyList<PageIncident> Past,
    IReadOnlyList<string> StillMeasured)
{
    /// <summary>No incidents.</summary>
    public static IncidentsModel None { get; } = new([], 0, [], []);
}

/// <summary>The windows of the page.</summary>
/// <param name="Unavailable">Maintenance data is unavailable: the rest is what was known last.</param>
/// <param name="UnavailableSince">When it was lost; null while it is live, and when nothing was ever known.</param>
/// <param name="Active">The active windows that end first.</param>
/// <param name="ActiveTotal">How many are active.</param>
/// <param name="Scheduled">The scheduled windows that start first.</param>
/// <param name="ScheduledTotal">How many are scheduled.</param>
/// <param name="Recent">The 50 newest by start, in every state.</param>
public sealed record WindowsModel(
    bool Unavailable,
    DateTimeOffset? UnavailableSince,
    IReadOnlyList<PageWindow> Active,
    int ActiveTotal,
    IReadOnlyList<PageWindow> Scheduled,
    int ScheduledTotal,
    IReadOnlyList<PageWindow> Recent)
{
    /// <summary>Every window that the page shows, once.</summary>
    [JsonIgnore]
    public IReadOnlyList<PageWindow> All { get; } = [.. Recent.Concat(Active).Concat(Scheduled).DistinctBy(window => window.Id)];
}
