using Xerotier.StatusService.Model;

namespace Xerotier.StatusService.History;

/// <summary>The history as the database had it at one revision: closed days as sums, the day in which the record ends as runs.</summary>
/// <param name="Revision">Of the history.</param>
/// <param name="RecordedUntil">Where the record ends; goes on without a new revision. Null: nothing was ever recorded.</param>
/// <param name="FirstRecorded">The first second ever recorded.</param>
/// <param name="Days">Closed days.</param>
/// <param name="Runs">By indicator, since the last midnight before the record's end.</param>
public sealed record HistorySnapshot(
    long Revision,
    long? RecordedUntil,
    long? FirstRecorded,
    IReadOnlyDictionary<(Indicator Indicator, DateOnly Day), DaySeconds> Days,
    IReadOnlyList<IReadOnlyList<Run>> Runs)
{
    /// <summary>End of a run that goes on until the record's end.</summary>
    public const long Open = long.MaxValue;

    /// <summary>While the database has not answered yet.</summary>
    public static HistorySnapshot Empty { get; } =
        new(-1, null, null, new Dictionary<(Indicator, DateOnly), DaySeconds>(), [.. Indicators.All.Select(_ => Array.Empty<Run>())]);

    /// <summary>
    /// <paramref name="indicator"/>'s days from <paramref name="first"/> on as of <paramref name="asOf"/>: the database's, and
    /// beyond the end of its record what <paramref name="track"/> saw. While the database has not answered yet, no data.
    /// </summary>
    public IReadOnlyList<Day> DaysOf(Indicator indicator, DateOnly first, DateTimeOffset asOf, StatusTrack track)
    {
        var until = asOf.ToUnixTimeSeconds();
        var known = Revision >= 0; // else whatever this process saw says nothing of the days before it
        var settled = Math.Min(RecordedUntil ?? long.MinValue, until);
        var today = DateOnly.FromDateTime(asOf.UtcDateTime);

        var running = new Dictionary<DateOnly, DaySeconds>();
        foreach (var run in Runs[(int)indicator])
        {
            Add(run.Clip(long.MinValue, settled));
        }

        var seen = known ? track.Runs(indicator, RecordedUntil ?? long.MinValue, until) : [];
        foreach (var run in seen)
        {
            Add(run);
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
                Days.GetValueOrDefault((indicator, day)) + running.GetValueOrDefault(day),
                !known || day > installed ? InstallationDay.After : day == installed ? InstallationDay.On : InstallationDay.Before));
        }

        return days;

        void Add(Run run)
        {
            while (run.To > run.From)
            {
                var day = DateOnly.FromDateTime(DateTimeOffset.FromUnixTimeSeconds(run.From).UtcDateTime);
                var midnight = ((run.From / 86_400) + 1) * 86_400;
                running[day] = running.GetValueOrDefault(day).With(run.Clip(run.From, midnight));
                run = run with { From = midnight };
            }
        }
    }
}
