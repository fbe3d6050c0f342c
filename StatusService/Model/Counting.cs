namespace Xerotier.StatusService.Model;

/// <summary>How the seconds of a component count, pure: what was recorded, what is computed because nothing measures it, and what incidents declare, laid over each other (incidents.md section 12).</summary>
public static class Counting
{
    /// <summary>
    /// The counted stretches of [<paramref name="from"/>, <paramref name="to"/>), by time, each operational, degraded, maintenance or outage; a
    /// second that is missing has no data.
    /// </summary>
    /// <param name="component">The component.</param>
    /// <param name="recorded">What was recorded of it, by time, without overlaps.</param>
    /// <param name="declared">What incidents declare of it, from <see cref="Declarations.Merge"/>.</param>
    /// <param name="from">First second.</param>
    /// <param name="to">End, exclusive.</param>
    public static List<Interval> Count(Component component, IReadOnlyList<Interval> recorded, IReadOnlyList<Interval> declared, long from, long to)
    {
        var counted = new List<Interval>();
        var computed = ComputedOperational(component);
        int r = 0, d = 0, c = 0;
        for (var at = from; at < to;)
        {
            var next = to;
            var held = StateAt(recorded, ref r, at, ref next);
            var says = StateAt(declared, ref d, at, ref next);
            var plain = StateAt(computed, ref c, at, ref next);
            if (plain is RecordedState.Operational && held.Measured() is RecordedState.NoData)
            {
                held = held is RecordedState.Maintenance ? RecordedState.MaintenanceOverOperational : RecordedState.Operational;
            }

            var state = says is RecordedState.NoData ? held.Counted() : held.With(says);
            if (state is not RecordedState.NoData)
            {
                counted.AddOrExtend(new(at, next, state));
            }

            at = next;
        }

        return counted;
    }

    /// <summary>When a component that is not built in was operational because nothing measured it: from its start date until it was archived, without the times in which it had a probe.</summary>
    public static IReadOnlyList<Interval> ComputedOperational(Component component)
    {
        ArgumentNullException.ThrowIfNull(component);
        if (component.IsBuiltIn)
        {
            return [];
        }

        var intervals = new List<Interval>();
        var end = component.ArchivedAt?.ToUnixTimeSeconds() ?? Declarations.Open;
        var at = new DateTimeOffset(component.StartDate.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero).ToUnixTimeSeconds();
        foreach (var probed in component.Probed)
        {
            intervals.AddOrExtend(new(at, Math.Min(probed.From, end), RecordedState.Operational));
            at = Math.Max(at, probed.To ?? end);
        }

        intervals.AddOrExtend(new(at, end, RecordedState.Operational));
        return intervals;
    }

    /// <summary>The state at <paramref name="at"/>, no data between the intervals; <paramref name="next"/> becomes the next change if that is earlier.</summary>
    private static RecordedState StateAt(IReadOnlyList<Interval> intervals, ref int index, long at, ref long next)
    {
        while (index < intervals.Count && intervals[index].To <= at)
        {
            index++;
        }

        if (index == intervals.Count)
        {
            return RecordedState.NoData;
        }

        var interval = intervals[index];
        next = Math.Min(next, interval.From > at ? interval.From : interval.To);
        return interval.From > at ? RecordedState.NoData : interval.State;
    }
}
