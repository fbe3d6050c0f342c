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
    /// <param name="begun">The second from which it was to be recorded: before it no data is nothing to list.</param>
    /// <param name="until">The second that all is as of, or the one in which it was archived.</param>
    public static ComponentMonth? Of(Component component, IReadOnlyList<Day> days, IReadOnlyList<Interval> intervals, long begun, long until)
    {
        if (days.All(d => d.Operational + d.Degraded + d.Outage + d.Maintenance == 0))
        {
            return null;
        }

        return new(component, [.. days.Select(day => OfDay(day, intervals, begun, until))]);
    }

    /// <summary>The intervals to put in words, by start: all without the shortest ones that are omitted.</summary>
    public static IReadOnlyList<DayInterval> Listed(ComponentDay day) => day.Omitted == 0
        ? day.Intervals
        : [.. day.Intervals.OrderByDescending(i => i.To - i.From).Take(day.Intervals.Count - day.Omitted).OrderBy(i => i.From)];

    /// <summary>A window touched [<paramref name="from"/>, <paramref name="to"/>) if it was on in it, as it was planned or until it was ended before.</summary>
    public static bool Touched(PageWindow window, long from, long to)
    {
        var ended = window.CompletedAt ?? window.CancelledAt ?? window.EndsAt;
        var end = ended < window.EndsAt ? ended : window.EndsAt;
        return window.Status != WindowStatus.Scheduled && window.StartsAt < end
            && window.StartsAt < DateTimeOffset.FromUnixTimeSeconds(to) && end > DateTimeOffset.FromUnixTimeSeconds(from);
    }

    private static ComponentDay OfDay(Day day, IReadOnlyList<Interval> intervals, long begun, long until)
    {
        var midnight = new DateTimeOffset(day.Date.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero).ToUnixTimeSeconds();
        var to = Math.Min(midnight + 86_400, until);
        var all = new List<Interval>();
        var position = Math.Max(midnight, begun); // an incident may speak of what was before it
        foreach (var interval in intervals.SkipWhile(r => r.To <= midnight).TakeWhile(r => r.From < to).Select(r => r.Clip(midnight, to)))
        {
            all.AddOrExtend(new(position, interval.From, RecordedState.NoData));
            all.AddOrExtend(interval);
            position = Math.Max(position, interval.To);
        }

        all.AddOrExtend(new(position, to, RecordedState.NoData));
        DayInterval[] notable =
        [
            .. all.Where(r => r.State != RecordedState.Operational)
                .Select(r => new DayInterval(DateTimeOffset.FromUnixTimeSeconds(r.From), DateTimeOffset.FromUnixTimeSeconds(r.To), r.State)),
        ];
        return new(day, notable, Math.Max(0, notable.Length - MaximumIntervals));
    }
}

/// <summary>One component's month.</summary>
/// <param name="Component">The component.</param>
/// <param name="Days">The days of the month that have begun, oldest first.</param>
public sealed record ComponentMonth(Component Component, IReadOnlyList<ComponentDay> Days);

/// <summary>One component's day with what happened in it.</summary>
/// <param name="Day">The day's seconds.</param>
/// <param name="Intervals">Everything but plain operation, and no data before the first record, by start; touching intervals of one state are one.</param>
/// <param name="Omitted">How many of the shortest the list in words leaves out.</param>
public sealed record ComponentDay(Day Day, IReadOnlyList<DayInterval> Intervals, int Omitted = 0);

/// <summary>A stretch of one day in one state.</summary>
/// <param name="From">Start, UTC.</param>
/// <param name="To">End, UTC, exclusive.</param>
/// <param name="State">What it held.</param>
public sealed record DayInterval(DateTimeOffset From, DateTimeOffset To, RecordedState State);
