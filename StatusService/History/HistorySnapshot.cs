using Xerotier.StatusService.Model;

namespace Xerotier.StatusService.History;

/// <summary>One component's UTC day.</summary>
/// <param name="Key">The component's key.</param>
/// <param name="Date">The day.</param>
public readonly record struct DayOfComponent(string Key, DateOnly Date);

/// <summary>The history as the database had it at one revision: closed days as sums, the day in which the record ends as intervals.</summary>
/// <param name="Revision">Of the history.</param>
/// <param name="RecordedUntil">Where the record ends; goes on without a new revision. Null: nothing was ever recorded.</param>
/// <param name="FirstRecorded">The first second ever recorded.</param>
/// <param name="Days">Closed days as they count while no incident says otherwise.</param>
/// <param name="Intervals">By component, since the last midnight before the record's end.</param>
public sealed record HistorySnapshot(
    long Revision,
    long? RecordedUntil,
    long? FirstRecorded,
    IReadOnlyDictionary<DayOfComponent, DaySeconds> Days,
    IReadOnlyDictionary<string, IReadOnlyList<Interval>> Intervals)
{
    /// <summary>End of an interval that goes on until the record's end.</summary>
    public const long Open = long.MaxValue;

    private const int DayLength = 86_400;

    /// <summary>While the database has not answered yet.</summary>
    public static HistorySnapshot Empty { get; } =
        new(-1, null, null, new Dictionary<DayOfComponent, DaySeconds>(), new Dictionary<string, IReadOnlyList<Interval>>());

    /// <summary>The intervals of closed days that are counted anew, because an incident touches them. A day that is not here yet counts by its sums.</summary>
    public IReadOnlyDictionary<DayOfComponent, IReadOnlyList<Interval>> Details { get; init; } = new Dictionary<DayOfComponent, IReadOnlyList<Interval>>();

    /// <summary>The record began with the example history of a demo.</summary>
    public bool IsDemo { get; init; }

    /// <summary>The closed days, from <paramref name="first"/> on, of which the sums are not enough: an incident touches them, or a component was measured in only a part of them.</summary>
    public IEnumerable<DayOfComponent> DaysInDetail(Component component, IReadOnlyList<Interval> declared, DateOnly first)
    {
        if (RecordedUntil is not { } until)
        {
            yield break;
        }

        var computed = Counting.ComputedOperational(component);
        for (var midnight = Second(first); midnight + DayLength <= until; midnight += DayLength)
        {
            if (Seconds(declared, midnight) > 0 || Seconds(computed, midnight) is > 0 and < DayLength)
            {
                yield return new(component.Key, DateOf(midnight));
            }
        }
    }

    /// <summary>
    /// <paramref name="component"/>'s days from <paramref name="first"/> on as of <paramref name="asOf"/>: the database's, and
    /// beyond the end of its record what <paramref name="track"/> saw. While the database has not answered yet, no data.
    /// </summary>
    /// <param name="component">The component.</param>
    /// <param name="declared">What incidents declare of it, from <see cref="Declarations.Merge"/>.</param>
    /// <param name="first">The first day.</param>
    /// <param name="asOf">The instant that all is as of.</param>
    /// <param name="track">What this process saw.</param>
    public IReadOnlyList<Day> DaysOf(Component component, IReadOnlyList<Interval> declared, DateOnly first, DateTimeOffset asOf, StatusTrack track)
    {
        var until = asOf.ToUnixTimeSeconds();
        var known = Revision >= 0; // else whatever this process saw says nothing of the days before it
        var settled = Math.Min(RecordedUntil ?? long.MinValue, until);
        var today = DateOnly.FromDateTime(asOf.UtcDateTime);
        var seen = known ? track.Intervals(component.Key, RecordedUntil ?? long.MinValue, until) : [];
        var recordBegins = FirstRecorded ?? (seen.Count > 0 ? seen[0].From : null);
        var installed = !component.IsBuiltIn ? component.StartDate : recordBegins is { } second ? DateOf(second) : today;

        List<Interval> recorded =
        [
            .. Intervals.GetValueOrDefault(component.Key, []).Select(interval => interval.Clip(long.MinValue, settled)).Where(interval => interval.To > interval.From),
            .. seen,
        ];
        var computed = Counting.ComputedOperational(component);
        var running = !known ? [] : ByDay(Counting.Count(component, recorded, declared, Math.Max(Second(first), RecordedUntil / DayLength * DayLength ?? long.MinValue), until));

        var days = new List<Day>(90);
        for (var day = first; day <= today; day = day.AddDays(1))
        {
            var key = new DayOfComponent(component.Key, day);
            var midnight = Second(day);
            var seconds = running.GetValueOrDefault(day);
            if (known && midnight + DayLength <= RecordedUntil)
            {
                seconds += Details.TryGetValue(key, out var intervals)
                    ? ByDay(Counting.Count(component, intervals, declared, midnight, midnight + DayLength)).GetValueOrDefault(day)
                    : Days.GetValueOrDefault(key) is var sums && Seconds(computed, midnight) == DayLength ? sums with { Operational = DayLength - sums.Degraded - sums.Maintenance - sums.Outage }
                    : sums;
            }

            days.Add(Uptime.Day(
                day,
                day == today ? (int)(until - midnight) : DayLength,
                seconds,
                !known || day > installed ? InstallationDay.After : day == installed ? InstallationDay.On : InstallationDay.Before));
        }

        return days;
    }

    private static Dictionary<DateOnly, DaySeconds> ByDay(IEnumerable<Interval> counted)
    {
        var days = new Dictionary<DateOnly, DaySeconds>();
        foreach (var interval in counted.SelectMany(whole => whole.ByDay()))
        {
            var day = DateOf(interval.From);
            days[day] = days.GetValueOrDefault(day).With(interval);
        }

        return days;
    }

    /// <summary>How many seconds of the day that begins at <paramref name="midnight"/> the intervals cover.</summary>
    private static long Seconds(IReadOnlyList<Interval> intervals, long midnight)
    {
        long seconds = 0;
        foreach (var interval in intervals)
        {
            seconds += Math.Max(0, Math.Min(interval.To, midnight + DayLength) - Math.Max(interval.From, midnight));
        }

        return seconds;
    }

    private static long Second(DateOnly day) => new DateTimeOffset(day.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero).ToUnixTimeSeconds();

    private static DateOnly DateOf(long second) => DateOnly.FromDateTime(DateTimeOffset.FromUnixTimeSeconds(second).UtcDateTime);
}
