using Xerotier.StatusService.History;
using Xerotier.StatusService.Indicators;

namespace Xerotier.StatusService.Page;

/// <summary>All that the status page shows, at one instant; equal models render to equal bytes.</summary>
/// <param name="GeneratedAt">The instant that all figures are as of.</param>
/// <param name="Overall">The platform's level.</param>
/// <param name="Indicators">In page order.</param>
/// <param name="Windows">What is known of the maintenance windows.</param>
public sealed record StatusPageModel(
    DateTimeOffset GeneratedAt,
    OverallStatus Overall,
    IReadOnlyList<IndicatorModel> Indicators,
    WindowsModel Windows);

/// <summary>One line of the page.</summary>
/// <param name="Name">Such as <c>Inference Routing</c>.</param>
/// <param name="Status">Its state.</param>
/// <param name="Reason">Why it is not operational, as a clause: <c>1 of 3 routers is offline</c>; null when operational.</param>
/// <param name="Since">Since when it has held this state, if that was observed.</param>
/// <param name="UptimePercent">Over the 90 days, floored to 3 decimals; null when nothing was observed.</param>
/// <param name="Days">90 UTC days, oldest first, today last.</param>
public sealed record IndicatorModel(
    string Name,
    IndicatorStatus Status,
    string? Reason,
    DateTimeOffset? Since,
    decimal? UptimePercent,
    IReadOnlyList<DayModel> Days);

/// <summary>One indicator's UTC day in whole seconds; they add up to the day's length, for today to the time passed.</summary>
/// <param name="Date">The UTC day.</param>
/// <param name="Operational">Seconds operational.</param>
/// <param name="Degraded">Seconds degraded.</param>
/// <param name="Outage">Seconds in outage.</param>
/// <param name="Maintenance">Seconds in maintenance of the platform.</param>
/// <param name="NoData">Seconds that nobody recorded.</param>
/// <param name="UptimePercent">Of this day, floored to 3 decimals; null when nothing was observed.</param>
/// <param name="Installation">Where the day lies as seen from the installation.</param>
public sealed record DayModel(
    DateOnly Date,
    int Operational,
    int Degraded,
    int Outage,
    int Maintenance,
    int NoData,
    decimal? UptimePercent,
    InstallationDay Installation);

/// <summary>A day before the installation, of it, or after it: the first two look different from good days.</summary>
public enum InstallationDay
{
    /// <summary>Before anything was recorded.</summary>
    Before,

    /// <summary>The first day with a record.</summary>
    On,

    /// <summary>Any later day.</summary>
    After,
}

/// <summary>The windows of the page.</summary>
/// <param name="Unavailable">Maintenance data is unavailable: the rest is what was known last.</param>
/// <param name="UnavailableSince">When it was lost; null while it is live, and when nothing was ever known.</param>
/// <param name="Active">The first active ones by end.</param>
/// <param name="ActiveTotal">How many are active.</param>
/// <param name="Scheduled">The first scheduled ones by start.</param>
/// <param name="ScheduledTotal">How many are scheduled.</param>
/// <param name="Recent">The 50 newest by start, in every state.</param>
public sealed record WindowsModel(
    bool Unavailable,
    DateTimeOffset? UnavailableSince,
    IReadOnlyList<WindowModel> Active,
    int ActiveTotal,
    IReadOnlyList<WindowModel> Scheduled,
    int ScheduledTotal,
    IReadOnlyList<WindowModel> Recent);

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
public sealed record WindowModel(
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

/// <summary>A month of the history in detail.</summary>
/// <param name="Month">The first day of the month.</param>
/// <param name="FirstMonth">The first month with a record: no link leads further back.</param>
/// <param name="CurrentMonth">The month of today: no link leads further on.</param>
/// <param name="Indicators">In page order.</param>
/// <param name="Windows">Windows of all projects that touched the month, by start.</param>
/// <param name="WindowsKnown">False when the windows could not be read.</param>
/// <param name="WindowsGoOn">There are more windows than these.</param>
public sealed record HistoryPageModel(
    DateOnly Month,
    DateOnly FirstMonth,
    DateOnly CurrentMonth,
    IReadOnlyList<HistoryIndicatorModel> Indicators,
    IReadOnlyList<WindowModel> Windows,
    bool WindowsKnown,
    bool WindowsGoOn = false);

/// <summary>One indicator's month.</summary>
/// <param name="Name">Such as <c>Inference Routing</c>.</param>
/// <param name="Days">The days of the month that have begun, oldest first.</param>
public sealed record HistoryIndicatorModel(string Name, IReadOnlyList<HistoryDayModel> Days);

/// <summary>One indicator's day with what happened in it.</summary>
/// <param name="Day">The day's seconds.</param>
/// <param name="Began">Where the day's record begins, UTC: midnight, or on the day of installation its first second.</param>
/// <param name="Intervals">Everything since then but plain operation, by start; touching intervals of one state are one.</param>
/// <param name="Windows">The maintenance windows that touched the day and affect the indicator, by start.</param>
/// <param name="Omitted">How many of the shortest the list in words leaves out.</param>
public sealed record HistoryDayModel(DayModel Day, DateTimeOffset Began, IReadOnlyList<HistoryIntervalModel> Intervals, IReadOnlyList<WindowModel> Windows, int Omitted = 0);

/// <summary>A stretch of one day in one state.</summary>
/// <param name="From">Start, UTC.</param>
/// <param name="To">End, UTC, exclusive.</param>
/// <param name="State">What it held.</param>
public sealed record HistoryIntervalModel(DateTimeOffset From, DateTimeOffset To, Recorded State);
