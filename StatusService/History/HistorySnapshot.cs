using Xerotier.StatusService.Model;

namespace Xerotier.StatusService.History;

/// <summary>The history as the database had it at one revision: closed days as sums, the day in which the record ends as intervals.</summary>
/// <param name="Revision">Of the history.</param>
/// <param name="RecordedUntil">Where the record ends; goes on without a new revision. Null: nothing was ever recorded.</param>
/// <param name="FirstRecorded">The first second ever recorded.</param>
/// <param name="Days">Closed days.</param>
/// <param name="Intervals">By component, since the last midnight before the record's end.</param>
public sealed record HistorySnapshot(
    long Revision,
    long? RecordedUntil,
    long? FirstRecorded,
    IReadOnlyDictionary<(string Component, DateOnly Day), DaySeconds> Days,
    IReadOnlyDictionary<string, IReadOnlyList<Interval>> Intervals)
{
    /// <summary>End of an interval that goes on until the record's end.</summary>
    public const long Open = long.MaxValue;

    /// <summary>While the database has not answered yet.</summary>
    public static HistorySnapshot Empty { get; } =
        new(-1, null, null, new Dictionary<(string, DateOnly), DaySeconds>(), new Dictionary<string, IReadOnlyList<Interval>>());

    /// <summary>
    /// <paramref name="component"/>'s days from <paramref name="first"/> on as of <paramref name="asOf"/>: the database's, and
    /// beyond the end of its record what <paramref name="track"/> saw. While the database has not answered yet, no data.
    /// </summary>
    public IReadOnlyList<Day> DaysOf(string component, DateOnly first, DateTimeOffset asOf, StatusTrack track)
    {
        var until = asOf.ToUnixTimeSeconds();
        var known = Revision >= 0; // else whatever this process saw says nothing of the days before it
        var settled = Math.Min(RecordedUntil ?? long.MinValue, until);
        var today = DateOnly.FromDateTime(asOf.UtcDateTime);

        var running = new Dictionary<DateOnly, DaySeconds>();
        foreach (var interval in Intervals.GetValueOrDefault(component, []))
        {
            Add(interval.Clip(long.MinValue, settled));
        }

        var seen = known ? track.Intervals(component, RecordedUntil ?? long.MinValue, until) : [];
        foreach (var interval in seen)
        {
            Add(interval);
        }

        var installed = (FirstRecorded ?? (seen.Count > 0 ? seen[0].From : null)) is { } second
            ? DateOnly.FromDateTime(DateTimeOffset.FromUnixTimeSeconds(second).UtcDateTime)
            : today;
        var days = new List<Day>(90);
        for (var day = first; day <= today; day = day.AddDays(1))
        {
            var length = day == today ? (int)(asOf.UtcDateTime - day.ToDateTime(TimeOnly.MinValue)).TotalSeconds : 86_400;
            days.Add(Uptime.Day(
                day,
                length,
                Days.GetValueOrDefault((component, day)) + running.GetValueOrDefault(day),
                !known || day > installed ? InstallationDay.After : day == installed ? InstallationDay.On : InstallationDay.Before));
        }

        return days;

        void Add(Interval interval)
        {
            while (interval.To > interval.From)
            {
                var day = DateOnly.FromDateTime(DateTimeOffset.FromUnixTimeSeconds(interval.From).UtcDateTime);
                var midnight = ((interval.From / 86_400) + 1) * 86_400;
                running[day] = running.GetValueOrDefault(day).With(interval.Clip(interval.From, midnight));
                interval = interval with { From = midnight };
            }
        }
    }
}
