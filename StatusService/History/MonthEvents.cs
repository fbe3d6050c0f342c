using Xerotier.StatusService.Model;

namespace Xerotier.StatusService.History;

/// <summary>What there is to tell of a month, pure.</summary>
public static class MonthEvents
{
    /// <summary>By UTC day, newest first; days of which there is nothing are not in it.</summary>
    /// <param name="month">The first day of the month.</param>
    /// <param name="until">The instant that all is as of.</param>
    /// <param name="components">Its components.</param>
    /// <param name="windows">Its windows, by start; each is told on the day on which it starts, or on the month's first.</param>
    /// <param name="incidents">The incidents that touch it, newest start first; each is told on every day that it touches.</param>
    public static IReadOnlyList<DayEvents> Of(
        DateOnly month, DateTimeOffset until, IReadOnlyList<ComponentMonth> components, IReadOnlyList<PageWindow> windows, IReadOnlyList<PageIncident> incidents)
    {
        var started = windows.ToLookup(window => DateOf(window.StartsAt) is var day && day > month ? day : month);
        var touched = incidents.SelectMany(incident => DaysOf(incident, month, until).Select(day => (Day: day, Incident: incident))).ToLookup(each => each.Day, each => each.Incident);
        var measured = components.SelectMany(component => component.Days.SelectMany(day => Measured(component.Component, day, touched[day.Day.Date]))).ToLookup(e => e.Day);
        return
        [
            .. started.Select(day => day.Key).Union(measured.Select(day => day.Key)).Union(touched.Select(day => day.Key)).OrderDescending().Select(day =>
            {
                var joined = Joined(measured[day]).ToLookup(e => e.Incident);
                return new DayEvents(day, [.. touched[day].Select(incident => new IncidentOfDay(incident, [.. joined[incident]]))], [.. started[day].Reverse()], [.. joined[null]]);
            }),
        ];
    }

    private static IEnumerable<DateOnly> DaysOf(PageIncident incident, DateOnly month, DateTimeOffset until)
    {
        var last = DateOf(incident.ResolvedAt is { } resolved && resolved < until ? resolved : until);
        for (var day = DateOf(incident.StartedAt) is var first && first > month ? first : month; day <= last && day < month.AddMonths(1); day = day.AddDays(1))
        {
            yield return day;
        }
    }

    /// <summary>A component's outage, degradation and gaps of one day, apart by the incident that speaks of them; what work covers is told by its window.</summary>
    private static IEnumerable<MeasuredEvent> Measured(Component component, ComponentDay day, IEnumerable<PageIncident> incidents)
    {
        var naming = incidents.Where(incident => incident.Components.Any(named => named.Id == component.Id)).ToList();
        var listed = MonthHistory.Listed(day).ToHashSet();
        return day.Intervals.Where(interval => interval.State != RecordedState.Maintenance).GroupBy(interval => (interval.State, Incident: Of(interval)))
            .Select(same => new MeasuredEvent(
                day.Day.Date, same.Key.State, [component.Name], same.Sum(i => (int)(i.To - i.From).TotalSeconds), [.. same.Where(listed.Contains)], day.Omitted, same.Key.Incident));

        PageIncident? Of(DayInterval interval) => interval.State is RecordedState.NoData ? null
            : naming.Find(incident => interval.From < (incident.ResolvedAt ?? DateTimeOffset.MaxValue) && incident.StartedAt < interval.To);
    }

    /// <summary>Worst first; what several components had at the same time is told once.</summary>
    private static IEnumerable<MeasuredEvent> Joined(IEnumerable<MeasuredEvent> events) => events
        .GroupBy(e => (e.State, e.Incident, Spans: string.Join(' ', e.Spans.Select(span => $"{span.From.ToUnixTimeSeconds()}-{span.To.ToUnixTimeSeconds()}"))))
        .Select(same => same.First() with { Components = [.. same.SelectMany(e => e.Components)] })
        .OrderByDescending(e => e.State == RecordedState.NoData ? RecordedState.Operational : e.State);

    private static DateOnly DateOf(DateTimeOffset at) => DateOnly.FromDateTime(at.UtcDateTime);
}

/// <summary>What there is to tell of one UTC day.</summary>
/// <param name="Date">The day.</param>
/// <param name="Incidents">The incidents that touch it, newest start first.</param>
/// <param name="Windows">The windows that are told on it, latest start first.</param>
/// <param name="Measured">What was measured of which no incident speaks, worst first.</param>
public sealed record DayEvents(DateOnly Date, IReadOnlyList<IncidentOfDay> Incidents, IReadOnlyList<PageWindow> Windows, IReadOnlyList<MeasuredEvent> Measured);

/// <summary>An incident on one of the days that it touches.</summary>
/// <param name="Incident">The incident.</param>
/// <param name="Counted">What of this day counts for it, measured or declared, worst first.</param>
public sealed record IncidentOfDay(PageIncident Incident, IReadOnlyList<MeasuredEvent> Counted);

/// <summary>What one or more components had on one day.</summary>
/// <param name="Day">The UTC day.</param>
/// <param name="State">Outage, degraded or no data.</param>
/// <param name="Components">Their names.</param>
/// <param name="Seconds">How long together.</param>
/// <param name="Spans">When exactly, by start.</param>
/// <param name="Omitted">How many of the day's shortest intervals, of any state, are left out.</param>
/// <param name="Incident">The incident that speaks of it; null: none.</param>
public sealed record MeasuredEvent(
    DateOnly Day, RecordedState State, IReadOnlyList<string> Components, int Seconds, IReadOnlyList<DayInterval> Spans, int Omitted, PageIncident? Incident);
