using Xerotier.StatusService.Board;
using Xerotier.StatusService.History;
using Xerotier.StatusService.Model;

namespace Xerotier.StatusService.Documents.Content;

/// <summary>Makes the page's model, pure: of the board, its stamp, the history, and the instant that all is as of.</summary>
public static class PageBuilder
{
    /// <summary>For how many UTC days resolved incidents stay on the page.</summary>
    internal const int PastDays = 15;

    private const int Days = 90;

    /// <summary>How many open and how many past incidents the page holds, and of each how much (incidents.md section 13).</summary>
    private const int OpenShown = 10;
    private const int PastShown = 50;
    private const int EarlierShown = 3;
    private const int LatestLength = 1000;
    private const int EarlierLength = 300;

    /// <summary>What the page is as of at <paramref name="now"/>: its last change, or the last full minute if that is later.</summary>
    public static DateTimeOffset AsOf(DateTimeOffset now, ChangeStamp stamp)
    {
        var second = now.ToUnixTimeSeconds();
        return DateTimeOffset.FromUnixTimeSeconds(Math.Max(second - (second % 60), stamp.ChangedAt));
    }

    /// <summary>The page as of <paramref name="asOf"/>.</summary>
    public static StatusPageModel Build(BoardState state, ChangeStamp stamp, HistorySnapshot history, StatusTrack track, DateTimeOffset asOf)
    {
        var first = DateOnly.FromDateTime(asOf.UtcDateTime).AddDays(1 - Days);
        return new(
            asOf,
            state.Overall,
            [.. state.Shown.Select(shown =>
            {
                var days = history.DaysOf(shown.Component, state.Announced.Declared(shown.Component.Key), first, asOf, track);
                return new ComponentModel(
                    shown.Component,
                    shown.Verdict.Status,
                    shown.Verdict.Reason,
                    stamp.Since.TryGetValue(shown.Component.Key, out var since) && since.At is { } at ? DateTimeOffset.FromUnixTimeSeconds(at) : null,
                    Uptime.Percent(days),
                    days)
                {
                    Measured = shown.Component.IsUnmeasured ? null : shown.Measured?.Status,
                    Incidents = IncidentsByDay(state.Announced, shown.Component, first),
                };
            })],
            Incidents(state, stamp, asOf),
            new(
                state.NoticesUnavailable,
                state.NoticesUnavailable && stamp.NoticesLostAt is { } lost ? DateTimeOffset.FromUnixTimeSeconds(lost) : null,
                state.Windows?.Active ?? [],
                state.Windows?.ActiveTotal ?? 0,
                state.Windows?.Scheduled ?? [],
                state.Windows?.ScheduledTotal ?? 0,
                state.Windows?.Recent ?? []),
            history.FirstRecorded is { } began ? DateTimeOffset.FromUnixTimeSeconds(began) : null)
        {
            IsDemo = history.IsDemo,
        };
    }

    /// <summary>The incidents that declared the component degraded or out on each day from <paramref name="first"/> on, newest start first.</summary>
    private static Dictionary<DateOnly, IReadOnlyList<IncidentLink>> IncidentsByDay(Announcements announced, Component component, DateOnly first)
    {
        var today = DateOnly.MaxValue;
        var days = new Dictionary<DateOnly, List<IncidentLink>>();
        foreach (var (incident, declared) in announced.DeclaredBy(component.Key))
        {
            var last = declared.To == Declarations.Open ? today : DateOf(declared.To - 1);
            for (var day = DateOf(declared.From) is var begun && begun > first ? begun : first; day <= last && day < first.AddDays(Days); day = day.AddDays(1))
            {
                var links = days.TryGetValue(day, out var found) ? found : days[day] = [];
                if (!links.Any(link => link.Id == incident.Id))
                {
                    links.Add(new(incident.Id, incident.Title));
                }
            }
        }

        return days.ToDictionary(day => day.Key, IReadOnlyList<IncidentLink> (day) => day.Value);

        static DateOnly DateOf(long second) => DateOnly.FromDateTime(DateTimeOffset.FromUnixTimeSeconds(second).UtcDateTime);
    }

    /// <summary>The open incidents, and those that were resolved within the last 15 UTC days.</summary>
    private static IncidentsModel Incidents(BoardState state, ChangeStamp stamp, DateTimeOffset asOf)
    {
        var open = state.Announced.Open;
        var outages = state.MeasuredOutages(stamp).ToList();
        var since = new DateTimeOffset(asOf.UtcDateTime.Date, TimeSpan.Zero).AddDays(1 - PastDays);
        return new(
            [.. open.Take(OpenShown).Select(Cut)],
            open.Count,
            [.. state.Announced.Incidents.Where(i => i.ResolvedAt >= since && i.Status is IncidentStatus.Resolved or IncidentStatus.Postmortem).Take(PastShown).Select(Cut)],
            [.. state.Announced.Incidents.Where(IsStillMeasured).Select(i => i.Id)]);

        // An outage that began after the incident was resolved is another one.
        bool IsStillMeasured(PageIncident incident) => incident is { Status: IncidentStatus.Resolved, ResolvedAt: { } resolved }
            && outages.Any(outage => incident.Components.Any(c => c.Id == outage.Component.Id) && !(outage.Since > resolved.ToUnixTimeSeconds()));
    }

    /// <summary>The incident with its four newest updates, their bodies cut to what the page shows.</summary>
    private static PageIncident Cut(PageIncident incident)
    {
        var updates = incident.Updates.TakeLast(1 + EarlierShown).ToList();
        return incident with { Updates = [.. updates.Select((update, i) => update with { Body = Shorten(update.Body, i == updates.Count - 1 ? LatestLength : EarlierLength) })] };
    }

    /// <summary>The first <paramref name="length"/> characters, at a place where no character is torn.</summary>
    private static string Shorten(string text, int length)
    {
        if (text.Length <= length)
        {
            return text;
        }

        return text[..(char.IsHighSurrogate(text[length - 1]) ? length - 1 : length)] + "…";
    }
}
