using Xerotier.StatusService.Board;
using Xerotier.StatusService.History;
using Xerotier.StatusService.Model;

namespace Xerotier.StatusService.Documents.Page;

/// <summary>Makes the model of a month's page, pure: of the history, the month's windows, and the instant that all is as of.</summary>
public static class HistoryPageBuilder
{
    /// <summary>The page of a month as of the last full minute.</summary>
    /// <param name="month">The first day of the month.</param>
    /// <param name="now">The current instant.</param>
    /// <param name="history">The history, with the month's days.</param>
    /// <param name="recorded">The month's intervals as the database has them, by component key.</param>
    /// <param name="track">What was observed after the end of the record.</param>
    /// <param name="announced">The components, and the incidents that touch the month.</param>
    /// <param name="windows">The month's windows by start.</param>
    /// <param name="noticesKnown">False when the windows or the incidents could not be read, and may be missing.</param>
    /// <param name="moreWindows">There are more windows than these.</param>
    public static HistoryPageModel Build(
        DateOnly month,
        DateTimeOffset now,
        HistorySnapshot history,
        IReadOnlyDictionary<string, IReadOnlyList<Interval>> recorded,
        StatusTrack track,
        Announcements announced,
        IReadOnlyList<PageWindow> windows,
        bool noticesKnown,
        bool moreWindows)
    {
        var (from, to) = (Second(month), Second(month.AddMonths(1)));
        var asOf = Math.Min(now.ToUnixTimeSeconds() / 60 * 60, to);
        var settled = history.RecordedUntil ?? from;
        var components = new List<ComponentMonth>();
        history = history with { Details = Details(history, announced, recorded, month) };
        foreach (var component in announced.Components)
        {
            var declared = announced.Declared(component.Key);
            var days = history.DaysOf(component, declared, month, DateTimeOffset.FromUnixTimeSeconds(asOf), track)
                .Where(day => day.Date < month.AddMonths(1)) // a complete month is as of the next one's first second
                .ToList();
            List<Interval> held =
            [
                .. recorded.GetValueOrDefault(component.Key, [])
                    .Select(interval => interval.Clip(from, Math.Min(settled, asOf)))
                    .Where(interval => interval.To > interval.From),
                .. track.Intervals(component.Key, Math.Max(settled, from), asOf),
            ];
            var intervals = Counting.Count(component, held, declared, from, asOf);
            var begun = Math.Max(history.FirstRecorded ?? from, component.IsBuiltIn ? from : Second(component.StartDate));
            if (MonthHistory.Of(component, days, intervals, begun, Math.Min(asOf, component.ArchivedAt?.ToUnixTimeSeconds() ?? asOf)) is { } recordedMonth)
            {
                components.Add(recordedMonth);
            }
        }

        return new(
            month,
            MonthOf(DateOnly.FromDateTime(now.UtcDateTime)),
            history.FirstRecorded is { } first ? DateOnly.FromDateTime(DateTimeOffset.FromUnixTimeSeconds(first).UtcDateTime) : null,
            DateTimeOffset.FromUnixTimeSeconds(now.ToUnixTimeSeconds() / 60 * 60),
            components,
            windows,
            [.. announced.Incidents.Where(incident => incident.StartedAt.ToUnixTimeSeconds() < to && !(incident.ResolvedAt?.ToUnixTimeSeconds() < from))],
            noticesKnown,
            moreWindows)
        {
            IsDemo = history.IsDemo,
        };
    }

    /// <summary>The first day of the month of <paramref name="day"/>.</summary>
    public static DateOnly MonthOf(DateOnly day) => new(day.Year, day.Month, 1);

    /// <summary>The intervals of the closed days that count anew, out of the month's.</summary>
    private static Dictionary<DayOfComponent, IReadOnlyList<Interval>> Details(
        HistorySnapshot history, Announcements announced, IReadOnlyDictionary<string, IReadOnlyList<Interval>> recorded, DateOnly month) =>
        announced.Components
            .SelectMany(c => history.DaysInDetail(c, announced.Declared(c.Key), month))
            .Where(day => day.Date < month.AddMonths(1))
            .ToDictionary(day => day, IReadOnlyList<Interval> (day) => [.. recorded.GetValueOrDefault(day.Key, []).Where(i => i.From / 86_400 == Second(day.Date) / 86_400)]);

    private static long Second(DateOnly day) => new DateTimeOffset(day.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero).ToUnixTimeSeconds();
}
