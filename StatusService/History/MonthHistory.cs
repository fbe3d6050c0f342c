using Xerotier.StatusService.Model;

namespace Xerotier.StatusService.History;

/// <summary>A month's days with what happened in them, pure.</summary>
public static class MonthHistory
{
    /// <summary>How many intervals of one day are listed in words; of more, the longest are. The strip shows all.</summary>
    public const int MaximumIntervals = 100;

    /// <summary>Seconds of a day that share a place of its strip, about a pixel.</summary>
    public const int SlotSeconds = 432;

    /// <summary>One component's month; null when nothing was ever recorded of it in these days.</summary>
    /// <param name="component">The component.</param>
    /// <param name="days">The month's days, from <see cref="HistorySnapshot.DaysOf"/>.</param>
    /// <param name="intervals">What the month held, by time, without overlaps.</param>
    /// <param name="firstRecorded">The first second ever recorded: before it no data is nothing to list.</param>
    /// <param name="windows">The month's windows, by start.</param>
    /// <param name="until">The second that all is as of.</param>
    public static ComponentMonth? Of(Component component, IReadOnlyList<Day> days, IReadOnlyList<Interval> intervals, long firstRecorded, IReadOnlyList<PageWindow> windows, long until)
    {
        if (days.All(d => d.Operational + d.Degraded + d.Outage + d.Maintenance == 0))
        {
            return null;
        }

        PageWindow[] affecting = [.. windows.Where(w => component.IsAffectedBy(w.AffectedServices))];
        return new(component.Name, [.. days.Select(day => OfDay(day, intervals, firstRecorded, affecting, until))]);
    }

    /// <summary>The intervals to put in words, by start: all without the shortest ones that are omitted.</summary>
    public static IReadOnlyList<DayInterval> Listed(ComponentDay day) => day.Omitted == 0
        ? day.Intervals
        : [.. day.Intervals.OrderByDescending(i => i.To - i.From).Take(day.Intervals.Count - day.Omitted).OrderBy(i => i.From)];

    /// <summary>
    /// What to draw over the strip of plain operation, by start: every interval, widened to whole slots of <see cref="SlotSeconds"/> and
    /// joined, so that a day that flaps stays small. A slot shows the worst that it held: no outage is too short to be seen.
    /// </summary>
    public static IReadOnlyList<DayInterval> Strip(ComponentDay day)
    {
        var midnight = new DateTimeOffset(day.Day.Date, TimeOnly.MinValue, TimeSpan.Zero);
        var slots = new Recorded[86_400 / SlotSeconds];
        foreach (var interval in day.Intervals)
        {
            var end = (int)Math.Ceiling((interval.To - midnight).TotalSeconds / SlotSeconds);
            for (var i = (int)((interval.From - midnight).TotalSeconds / SlotSeconds); i < Math.Min(end, slots.Length); i++)
            {
                slots[i] = interval.State > slots[i] ? interval.State : slots[i];
            }
        }

        var strip = new List<DayInterval>();
        for (int i = 0, next; i < slots.Length; i = next)
        {
            for (next = i + 1; next < slots.Length && slots[next] == slots[i];)
            {
                next++;
            }

            if (slots[i] != Recorded.Operational)
            {
                strip.Add(new(midnight.AddSeconds(i * SlotSeconds), midnight.AddSeconds(next * SlotSeconds), slots[i]));
            }
        }

        return strip;
    }

    /// <summary>A window touched [<paramref name="from"/>, <paramref name="to"/>) if it was on in it, as it was planned or until it was ended before.</summary>
    private static bool Touched(PageWindow window, long from, long to)
    {
        var ended = window.CompletedAt ?? window.CancelledAt ?? window.EndsAt;
        var end = ended < window.EndsAt ? ended : window.EndsAt;
        return window.Status != WindowStatus.Scheduled && window.StartsAt < end
            && window.StartsAt < DateTimeOffset.FromUnixTimeSeconds(to) && end > DateTimeOffset.FromUnixTimeSeconds(from);
    }

    private static ComponentDay OfDay(Day day, IReadOnlyList<Interval> intervals, long firstRecorded, IReadOnlyList<PageWindow> windows, long until)
    {
        var midnight = new DateTimeOffset(day.Date.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero).ToUnixTimeSeconds();
        var from = Math.Max(midnight, firstRecorded);
        var to = Math.Min(midnight + 86_400, until);
        var all = new List<Interval>();
        var position = from;
        foreach (var interval in intervals.SkipWhile(r => r.To <= from).TakeWhile(r => r.From < to).Select(r => r.Clip(from, to)))
        {
            Add(new(position, interval.From, Recorded.NoData));
            Add(interval);
            position = interval.To;
        }

        Add(new(position, to, Recorded.NoData));
        DayInterval[] notable =
        [
            .. all.Where(r => r.State != Recorded.Operational)
                .Select(r => new DayInterval(DateTimeOffset.FromUnixTimeSeconds(r.From), DateTimeOffset.FromUnixTimeSeconds(r.To), r.State)),
        ];
        var began = day.Installation is InstallationDay.On ? from : midnight;
        return new(day, DateTimeOffset.FromUnixTimeSeconds(began), notable, [.. windows.Where(w => Touched(w, midnight, to))], Math.Max(0, notable.Length - MaximumIntervals));

        void Add(Interval interval)
        {
            if (interval.To <= interval.From)
            {
                return;
            }

            if (all.Count > 0 && all[^1].To == interval.From && all[^1].State == interval.State)
            {
                all[^1] = all[^1] with { To = interval.To };
            }
            else
            {
                all.Add(interval);
            }
        }
    }
}

/// <summary>One component's month.</summary>
/// <param name="Name">Such as <c>Inference Routing</c>.</param>
/// <param name="Days">The days of the month that have begun, oldest first.</param>
public sealed record ComponentMonth(string Name, IReadOnlyList<ComponentDay> Days);

/// <summary>One component's day with what happened in it.</summary>
/// <param name="Day">The day's seconds.</param>
/// <param name="Began">Where the day's record begins, UTC: midnight, or on the day of installation its first second.</param>
/// <param name="Intervals">Everything since then but plain operation, by start; touching intervals of one state are one.</param>
/// <param name="Windows">The maintenance windows that touched the day and affect the component, by start.</param>
/// <param name="Omitted">How many of the shortest the list in words leaves out.</param>
public sealed record ComponentDay(Day Day, DateTimeOffset Began, IReadOnlyList<DayInterval> Intervals, IReadOnlyList<PageWindow> Windows, int Omitted = 0);

/// <summary>A stretch of one day in one state.</summary>
/// <param name="From">Start, UTC.</param>
/// <param name="To">End, UTC, exclusive.</param>
/// <param name="State">What it held.</param>
public sealed record DayInterval(DateTimeOffset From, DateTimeOffset To, Recorded State);
