using Xerotier.StatusService.Indicators;
using Xerotier.StatusService.Page;

namespace Xerotier.StatusService.History;

/// <summary>A month's days with what happened in them, pure.</summary>
public static class MonthHistory
{
    /// <summary>How many intervals of one day are listed; of more, the longest are.</summary>
    public const int MaximumIntervals = 100;

    /// <summary>One indicator's month; null when nothing was ever recorded of it in these days.</summary>
    /// <param name="indicator">The indicator.</param>
    /// <param name="days">The month's days, from <see cref="HistorySnapshot.DaysOf"/>.</param>
    /// <param name="runs">What the month held, by time, without overlaps.</param>
    /// <param name="firstRecorded">The first second ever recorded: before it no data is nothing to list.</param>
    /// <param name="until">The second that all is as of.</param>
    public static HistoryIndicatorModel? Of(Indicator indicator, IReadOnlyList<DayModel> days, IReadOnlyList<Run> runs, long firstRecorded, long until) =>
        days.All(d => d.Operational + d.Degraded + d.Outage + d.Maintenance == 0)
            ? null
            : new(indicator.Name(), [.. days.Select(day => OfDay(day, runs, firstRecorded, until))]);

    private static HistoryDayModel OfDay(DayModel day, IReadOnlyList<Run> runs, long firstRecorded, long until)
    {
        var midnight = new DateTimeOffset(day.Date.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero).ToUnixTimeSeconds();
        var from = Math.Max(midnight, firstRecorded);
        var to = Math.Min(midnight + 86_400, until);
        var all = new List<Run>();
        var position = from;
        foreach (var run in runs.SkipWhile(r => r.To <= from).TakeWhile(r => r.From < to).Select(r => r.Clip(from, to)))
        {
            Add(new(position, run.From, Recorded.NoData));
            Add(run);
            position = run.To;
        }

        Add(new(position, to, Recorded.NoData));
        var notable = all.Where(r => r.State != Recorded.Operational).ToList();
        var omitted = Math.Max(0, notable.Count - MaximumIntervals);
        if (omitted > 0)
        {
            notable = [.. notable.OrderByDescending(r => r.To - r.From).Take(MaximumIntervals).OrderBy(r => r.From)];
        }

        return new(day, [.. notable.Select(r => new HistoryIntervalModel(DateTimeOffset.FromUnixTimeSeconds(r.From), DateTimeOffset.FromUnixTimeSeconds(r.To), State(r.State)))], omitted);

        void Add(Run run)
        {
            if (run.To <= run.From)
            {
                return;
            }

            if (all.Count > 0 && all[^1].To == run.From && all[^1].State == run.State)
            {
                all[^1] = all[^1] with { To = run.To };
            }
            else
            {
                all.Add(run);
            }
        }
    }

    private static IndicatorStatus? State(Recorded state) => state switch
    {
        Recorded.Operational => IndicatorStatus.Operational,
        Recorded.Degraded => IndicatorStatus.Degraded,
        Recorded.Outage => IndicatorStatus.Outage,
        Recorded.Maintenance => null,
        _ => IndicatorStatus.Unknown,
    };
}
