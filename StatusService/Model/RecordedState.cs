namespace Xerotier.StatusService.Model;

/// <summary>
/// What a component held in one second of the history. The numbers are stored; those from 10 on as maintenance, with what was measured
/// in a column of its own: where an incident says something of a second under a window, the worse of that and of what was measured
/// counts, and the window does not.
/// </summary>
public enum RecordedState
{
    /// <summary>Functioning normally.</summary>
    Operational = 0,

    /// <summary>Reduced performance; counts as up.</summary>
    Degraded = 1,

    /// <summary>Unknown, not shown, or not recorded; never stored.</summary>
    NoData = 2,

    /// <summary>Under a platform project's window, with nothing measured beneath it; counts neither way.</summary>
    Maintenance = 3,

    /// <summary>Unavailable.</summary>
    Outage = 4,

    /// <summary>Under a window, and functioning normally.</summary>
    MaintenanceOverOperational = 10,

    /// <summary>Under a window, with reduced performance.</summary>
    MaintenanceOverDegraded = 11,

    /// <summary>Under a window, and unavailable.</summary>
    MaintenanceOverOutage = 14,
}

/// <summary>How held states count and rank (incidents.md section 12).</summary>
public static class RecordedExtensions
{
    private const int Window = 10; // added to what was measured beneath

    /// <summary>The measured <paramref name="state"/> under a window.</summary>
    public static RecordedState UnderWindow(this RecordedState state) => state is RecordedState.NoData ? RecordedState.Maintenance : (RecordedState)((int)state + Window);

    /// <summary>What was measured, beneath the window if there was one.</summary>
    public static RecordedState Measured(this RecordedState state) =>
        state is RecordedState.Maintenance ? RecordedState.NoData : (int)state >= Window ? (RecordedState)((int)state - Window) : state;

    /// <summary>What it counts as while no incident says otherwise: one of operational, degraded, no data, maintenance, outage.</summary>
    public static RecordedState Counted(this RecordedState state) => (int)state >= Window ? RecordedState.Maintenance : state;

    /// <summary>What it counts as while an incident declares <paramref name="declared"/>, degraded or outage: the worse of it and what was measured, whatever the window.</summary>
    public static RecordedState With(this RecordedState state, RecordedState declared) => state.Measured() is RecordedState.Outage ? RecordedState.Outage : declared;

    /// <summary>
    /// From best to worst: a second takes the worst state that it held. Unknown ranks as in product.md section 8, maintenance above it, and
    /// of two states under a window the worse beneath it.
    /// </summary>
    public static int Rank(this RecordedState state) => ((int)state.Counted() * Window) + (state.Counted() is RecordedState.Maintenance ? (int)state.Measured() : 0);
}

/// <summary>A stretch of whole seconds in one state.</summary>
/// <param name="From">First second, Unix time.</param>
/// <param name="To">End, exclusive.</param>
/// <param name="State">The state.</param>
public readonly record struct Interval(long From, long To, RecordedState State)
{
    /// <summary>The part within [<paramref name="from"/>, <paramref name="to"/>); empty when To ≤ From.</summary>
    public Interval Clip(long from, long to) => this with { From = Math.Max(From, from), To = Math.Min(To, to) };
}

/// <summary>Lists of intervals by time.</summary>
public static class IntervalExtensions
{
    /// <summary>Adds <paramref name="interval"/> after the others, as a part of the last one if it goes on in the same state. Nothing if it is empty.</summary>
    public static void AddOrExtend(this List<Interval> intervals, Interval interval)
    {
        ArgumentNullException.ThrowIfNull(intervals);
        if (interval.To <= interval.From)
        {
            return;
        }

        if (intervals.Count > 0 && intervals[^1] is var last && last.To == interval.From && last.State == interval.State)
        {
            intervals[^1] = last with { To = interval.To };
        }
        else
        {
            intervals.Add(interval);
        }
    }

    /// <summary>The interval in pieces, one for each UTC day.</summary>
    public static IEnumerable<Interval> ByDay(this Interval interval)
    {
        const int day = 86_400;
        while (((interval.From / day) + 1) * day is var midnight && midnight < interval.To)
        {
            yield return interval with { To = midnight };
            interval = interval with { From = midnight };
        }

        yield return interval;
    }
}
