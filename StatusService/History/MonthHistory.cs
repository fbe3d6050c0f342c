using Xerotier.StatusService.Model;

namespace Xerotier.StatusService.History;

/// <summary>A month's days with what happened in them, pure.</summary>
public static class MonthHistory
{
    /// <summary>How many intervals of one day are listed in words; of more, the longest are.</summary>
    public const int MaximumIntervals = 100;

    /// <summary>One component's month; null when nothing was ever recorded of it in these days.</summary>
    /// <param name="component">The component.</param>
    /// <param name="days">The month's days, from <see cref="HistorySnapshot.DaysOf"/>.</param>
    /// <param name="intervals">What the month held, by time, without overlaps.</param>
    /// <param name="firstRecorded">The first second ever recorded: before it no data is nothing to list.</param>
    /// <param name="until">The second that all is as of.</param>
    public static ComponentMonth? Of(Component component, IReadOnlyList<Day> days, IReadOnlyList<Interval> intervals, long firstRecorded, long until)
    {
        if (days.All(d => d.Operational + d.Degraded + d.Outage + d.Maintenance == 0))
        {
            return null;
        }

        return new(component.Name, [.. days.Select(day => OfDay(day, intervals, firstRecorded, until))]);
    }

    /// <summary>The intervals to put in words, by start: all without the shortest ones that are omitted.</summary>
    public static IReadOnlyList<DayInterval> Listed(ComponentDay day) => day.Omitted == 0
        ? day.Intervals
        : [.. day.Intervals.OrderByDescending(i => i.To - i.From).Take(day.Intervals.Count - day.Omitted).OrderBy(i => i.From)];

    /// <summary>What there is to tell of a month, by UTC day, newest first; days of which there is nothing are not in it.</summary>
    /// <param name="month">The first day of the month.</param>
    /// <param name="components">Its components.</param>
    /// <param name="windows">Its windows, by start; each is told on the day on which it starts, or on the month's first.</param>
    public static IReadOnlyList<DayEvents> Events(DateOnly month, IReadOnlyList<ComponentMonth> components, IReadOnlyList<PageWindow> windows)
    {
        var started = windows.ToLookup(window => DateOnly.FromDateTime(window.StartsAt.UtcDateTime) is var day && day > month ? day : month);
        var measured = components.SelectMany(component => component.Days.SelectMany(day => Measured(component.Name, day))).ToLookup(e => e.Day);
        return
        [
            .. started.Select(day => day.Key).Union(measured.Select(day => day.Key)).OrderDescending()
                .Select(day => new DayEvents(day, [.. started[day].Reverse()], Joined(measured[day]))),
        ];
    }

    /// <summary>A component's outage, degradation and gaps of one day; what work covers is told by its window.</summary>
    private static IEnumerable<MeasuredEvent> Measured(string component, ComponentDay day) =>
        Listed(day).Where(interval => interval.State != Recorded.Maintenance).GroupBy(interval => interval.State)
            .Select(state => new MeasuredEvent(day.Day.Date, state.Key, [component], Total(day.Day, state.Key), [.. state], day.Omitted));

    /// <summary>Worst first; what several components had at the same time is told once.</summary>
    private static IReadOnlyList<MeasuredEvent> Joined(IEnumerable<MeasuredEvent> events) =>
    [
        .. events.GroupBy(e => (e.State, Spans: string.Join(' ', e.Spans.Select(span => $"{span.From.ToUnixTimeSeconds()}-{span.To.ToUnixTimeSeconds()}"))))
            .Select(same => same.First() with { Components = [.. same.SelectMany(e => e.Components)] })
            .OrderByDescending(e => e.State == Recorded.NoData ? Recorded.Operational : e.State),
    ];

    private static int Total(Day day, Recorded state) => state switch
    {
        Recorded.Outage => day.Outage,
        Recorded.Degraded => day.Degraded,
        _ => day.NoData,
    };

    /// <summary>A window touched [<paramref name="from"/>, <paramref name="to"/>) if it was on in it, as it was planned or until it was ended before.</summary>
    public static bool Touched(PageWindow window, long from, long to)
    {
        var ended = window.CompletedAt ?? window.CancelledAt ?? window.EndsAt;
        var end = ended < window.EndsAt ? ended : window.EndsAt;
        return window.Status != WindowStatus.Scheduled && window.StartsAt < end
            && window.StartsAt < DateTimeOffset.FromUnixTimeSeconds(to) && end > DateTimeOffset.FromUnixTimeSeconds(from);
    }

    private static ComponentDay OfDay(Day day, IReadOnlyList<Interval> intervals, long firstRecorded, long until)
    {
        var midnight = new DateTimeOffset(day.Date.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero).ToUnixTimeSeconds();
        var from = Math.Max(midnight, firstRecorded);
        var to = Math.Min(midnight + 86_400, until);
        var all = new List<Interval>();
        var position = from;
        foreach (var interval in intervals.SkipWhile(r => r.To <= from).TakeWhile(r => r.From < to).Select(r => r.Clip(from, to)))
        {
            all.AddOrExtend(new(position, interval.From, Recorded.NoData));
            all.AddOrExtend(interval);
            position = interval.To;
        }

        all.AddOrExtend(new(position, to, Recorded.NoData));
        DayInterval[] notable =
        [
            .. all.Where(r => r.State != Recorded.Operational)
                .Select(r => new DayInterval(DateTimeOffset.FromUnixTimeSeconds(r.From), DateTimeOffset.FromUnixTimeSeconds(r.To), r.State)),
        ];
        return new(day, notable, Math.Max(0, notable.Length - MaximumIntervals));
    }
}

/// <summary>One component's month.</summary>
/// <param name="Name">Such as <c>Inference Routing</c>.</param>
/// <param name="Days">The days of the month that have begun, oldest first.</param>
public sealed record ComponentMonth(string Name, IReadOnlyList<ComponentDay> Days);

/// <summary>One component's day with what happened in it.</summary>
/// <param name="Day">The day's seconds.</param>
/// <param name="Intervals">Everything since the first record but plain operation, by start; touching intervals of one state are one.</param>
/// <param name="Omitted">How many of the shortest the list in words leaves out.</param>
public sealed record ComponentDay(Day Day, IReadOnlyList<DayInterval> Intervals, int Omitted = 0);

/// <summary>What there is to tell of one UTC day.</summary>
/// <param name="Date">The day.</param>
/// <param name="Windows">The windows that are told on it, latest start first.</param>
/// <param name="Measured">What was measured, worst first.</param>
public sealed record DayEvents(DateOnly Date, IReadOnlyList<PageWindow> Windows, IReadOnlyList<MeasuredEvent> Measured);

/// <summary>What was measured of one or more components on one day.</summary>
/// <param name="Day">The UTC day.</param>
/// <param name="State">Outage, degraded or no data.</param>
/// <param name="Components">Their names.</param>
/// <param name="Seconds">How long together.</param>
/// <param name="Spans">When exactly, by start.</param>
/// <param name="Omitted">How many of the day's shortest intervals, of any state, are left out.</param>
public sealed record MeasuredEvent(DateOnly Day, Recorded State, IReadOnlyList<string> Components, int Seconds, IReadOnlyList<DayInterval> Spans, int Omitted);

/// <summary>A stretch of one day in one state.</summary>
/// <param name="From">Start, UTC.</param>
/// <param name="To">End, UTC, exclusive.</param>
/// <param name="State">What it held.</param>
public sealed record DayInterval(DateTimeOffset From, DateTimeOffset To, Recorded State);
