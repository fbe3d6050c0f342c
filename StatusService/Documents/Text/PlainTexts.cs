using System.Globalization;
using System.Text;
using Xerotier.ServiceDefaults.Site;
using Xerotier.StatusService.Documents.Content;
using Xerotier.StatusService.Model;

namespace Xerotier.StatusService.Documents.Text;

/// <summary>The page as Markdown and as plain text of 80 columns, and what there is to read for agents (surfaces.md section 18).</summary>
internal static class PlainTexts
{
    private const int Columns = 80;

    /// <summary>All texts.</summary>
    public static IEnumerable<MadeDocument> Make(Publication publication) =>
    [
        new("/status.md", "text/markdown; charset=utf-8", Utf8(MarkdownOf(publication, stale: false)), Utf8(MarkdownOf(publication, stale: true))),
        new("/status.txt", "text/plain; charset=utf-8", Utf8(TextOf(publication, stale: false)), Utf8(TextOf(publication, stale: true))),
        new("/llms.txt", "text/plain; charset=utf-8", Utf8(Index(publication.Site))),
    ];

    private static string MarkdownOf(Publication publication, bool stale)
    {
        var (page, site) = (publication.Page, publication.Site);
        var text = new StringBuilder();
        if (stale)
        {
            text.Append("**").Append(StaleLine).Append("** ").Append(LastKnown).Append("\n\n");
        }

        if (page.IsDemo)
        {
            text.Append("**").Append(DemoMark.Line).Append(".**\n\n");
        }

        text.Append("# ").Append(Escape(site.Name)).Append(": ").Append(Wording.Headline(page.Overall, stale)).Append("\n\nAs of ").Append(Wording.Moment(page.GeneratedAt)).Append(".\n");
        Heading("Services");
        text.Append("| Service | Status | Since | Uptime |\n|---|---|---|---|\n");
        foreach (var component in page.Components.Where(component => !component.IsHidden))
        {
            text.Append("| ").Append(Escape(component.Name)).Append(" | ").Append(Escape(State(component))).Append(" | ").Append(component.Since is { } since ? Wording.Moment(since) : "").Append(" | ")
                .Append(Wording.Uptime(component.Days)).Append(" |\n");
        }

        if (page.Incidents.Open.Count > 0)
        {
            Heading("Open incidents");
            foreach (var incident in page.Incidents.Open)
            {
                text.Append("### [").Append(Escape(incident.Title)).Append("](").Append(site.LinkTo(incident)).Append(")\n\n").Append(Escape(About(incident))).Append("\n\n").Append(Quoted(incident)).Append('\n');
            }

            text.Length--;
            More(page.Incidents.OpenTotal - page.Incidents.Open.Count);
        }

        if (Unavailable(page.Windows) is { } unavailable)
        {
            text.Append('\n').Append(unavailable).Append('\n');
        }

        Windows("Maintenance in progress", page.Windows.Active, page.Windows.ActiveTotal);
        Windows("Upcoming maintenance", page.Windows.Scheduled, page.Windows.ScheduledTotal);
        if (page.Incidents.Past.Count > 0)
        {
            Heading("Past incidents");
            foreach (var incident in page.Incidents.Past)
            {
                text.Append("- [").Append(Escape(incident.Title)).Append("](").Append(site.LinkTo(incident)).Append("): ").Append(Escape(About(incident))).Append('\n');
            }
        }

        return text.Append("\nMore to read: ").Append(site.Url).Append("/llms.txt\n").ToString();

        void Heading(string heading) => text.Append("\n## ").Append(heading).Append("\n\n");

        void More(int count)
        {
            if (count > 0)
            {
                text.Append("and ").Append(count).Append(" more\n");
            }
        }

        void Windows(string heading, IReadOnlyList<PageWindow> windows, int total)
        {
            if (windows.Count == 0)
            {
                return;
            }

            Heading(heading);
            foreach (var window in windows)
            {
                text.Append("- **").Append(Escape(window.Title)).Append("**, ").Append(Escape(Plan(window))).Append('\n');
            }

            More(total - windows.Count);
        }
    }

    private static string TextOf(Publication publication, bool stale)
    {
        var (page, site) = (publication.Page, publication.Site);
        var lines = new List<string>();
        if (stale)
        {
            lines.AddRange([StaleLine, LastKnown, ""]); // the time may be longer than its mark
        }

        if (page.IsDemo)
        {
            lines.AddRange([$"{DemoMark.Line}.", ""]);
        }

        Add($"{site.Name}: {Wording.Headline(page.Overall, stale)}");
        Add($"As of {Wording.Moment(page.GeneratedAt)}");
        lines.Add("");
        foreach (var component in page.Components.Where(component => !component.IsHidden))
        {
            Add($"{component.Name}: {State(component)}{(component.Status is not ComponentStatus.Operational && component.Since is { } since ? $", since {Wording.Moment(since)}" : "")}. {Wording.Uptime(component.Days)}.");
        }

        foreach (var incident in page.Incidents.Open)
        {
            Heading($"INCIDENT: {incident.Title}");
            Add(About(incident));
            foreach (var line in Markdown.ToPlainText(incident.Updates[^1].Body).Split('\n'))
            {
                Add(line);
            }

            Add(site.LinkTo(incident));
        }

        if (Unavailable(page.Windows) is { } unavailable)
        {
            lines.Add("");
            Add(unavailable);
        }

        Windows("MAINTENANCE IN PROGRESS", page.Windows.Active, page.Windows.ActiveTotal);
        Windows("UPCOMING MAINTENANCE", page.Windows.Scheduled, page.Windows.ScheduledTotal);
        if (page.Incidents.Past.Count > 0)
        {
            Heading("PAST INCIDENTS");
            foreach (var incident in page.Incidents.Past)
            {
                Add($"{incident.Title}: {About(incident)}");
            }
        }

        return string.Join('\n', lines) + "\n";

        void Add(string line) => lines.AddRange(Wrapped(line));

        void Heading(string heading)
        {
            lines.Add("");
            Add(heading);
        }

        void Windows(string heading, IReadOnlyList<PageWindow> windows, int total)
        {
            if (windows.Count > 0)
            {
                Heading(heading);
                foreach (var window in windows)
                {
                    Add($"{window.Title}, {Plan(window)}");
                }

                if (total > windows.Count)
                {
                    Add($"and {total - windows.Count} more");
                }
            }
        }
    }

    private static string Index(Site site) => $"""
        # {site.Name}

        > Live status, incidents and planned maintenance. Everything here is public, needs no key, and is always available; what is out of date says so.

        ## Status

        - [Status as Markdown]({site.Url}/status.md): the whole page, to read
        - [Status as plain text]({site.Url}/status.txt): the same in 80 columns, for a terminal
        - [Status as JSON]({site.Url}/status.json): everything that the page shows, with 90 days of history
        - [Summary in the shape of Statuspage]({site.Url}/api/v2/summary.json): for clients that know it

        ## What happened, and what is planned

        - [Incidents and maintenance]({site.Url}/status/history.atom): Atom
        - [Updates]({site.Url}/status/updates.json): JSON Feed
        - [Incidents in the shape of Statuspage]({site.Url}/api/v2/incidents.json): the newest 50 in full
        - [Maintenance calendar]({site.Url}/status/maintenance.ics): iCalendar

        ## To show elsewhere

        - [Badge]({site.Url}/status/badge.svg): SVG; as JSON for shields.io at {site.Url}/status/badge.json
        - [Embedding]({site.Url}/status/embed): for a frame; {site.Url}/status/embed.js defines the element xerotier-status

        ## For programs

        - [API reference]({site.Url}/docs): for people
        - [OpenAPI]({site.Url}/openapi/v1.json): the whole public surface

        """;

    private const string StaleLine = $"Live data has been unavailable since {StaleMarks.SinceText}.";
    private const string LastKnown = "This is the last known state.";

    /// <summary>What the page says while nobody tells the windows; null while somebody does.</summary>
    private static string? Unavailable(WindowsModel windows) => !windows.Unavailable ? null
        : windows.UnavailableSince is { } since ? $"Maintenance data has been unavailable since {Wording.Moment(since)}. The windows shown are the last known ones."
        : "Maintenance data is unavailable.";

    private static string State(ComponentModel component) => Wording.Label(component.Status) + (component.Reason is { } reason ? $" ({reason})" : "");

    /// <summary>“Major, monitoring, since 22 May 2026, 14:02 UTC: Inference Routing”.</summary>
    private static string About(PageIncident incident) =>
        $"{incident.Impact} impact, {incident.Status.ToString().ToLowerInvariant()}, {(incident.ResolvedAt is { } resolved ? $"from {Wording.Moment(incident.StartedAt)} to {Wording.Moment(resolved)}" : $"since {Wording.Moment(incident.StartedAt)}")}"
        + (incident.Components.Count > 0 ? ": " + string.Join(", ", incident.Components.Select(component => component.Name)) : "");

    private static string Plan(PageWindow window) =>
        $"{Wording.Moment(window.StartsAt)} to {Wording.Moment(window.EndsAt)}{(window.AffectedServices.Count > 0 ? ": " + string.Join(", ", window.AffectedServices) : "")}";

    /// <summary>The incident's newest update as a quotation, so that nothing in it reads as a part of the document.</summary>
    private static string Quoted(PageIncident incident) =>
        string.Concat(Markdown.ToPlainText(incident.Updates[^1].Body).ReplaceLineEndings("\n").Split('\n').Select(line => $"> {Escape(line)}".TrimEnd() + "\n"));

    /// <summary>Plain text in Markdown: what would be markup there is not.</summary>
    private static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (var c in OnOneLine(text))
        {
            if (c is '\\' or '`' or '*' or '_' or '[' or ']' or '<' or '>' or '|' or '#' or '&')
            {
                escaped.Append('\\');
            }

            escaped.Append(c);
        }

        return escaped.ToString();
    }

    /// <summary>The line in pieces of at most 80 columns, broken between words; a word that is longer stays whole.</summary>
    private static IEnumerable<string> Wrapped(string line)
    {
        var current = "";
        foreach (var word in OnOneLine(line).Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var longer = current.Length == 0 ? word : $"{current} {word}";
            if (current.Length > 0 && Width(longer) > Columns)
            {
                yield return current;
                longer = Width(word) + 2 > Columns ? word : $"  {word}";
            }

            current = longer;
        }

        yield return current;
    }

    /// <summary>Without what a terminal obeys: control characters, and those that turn the direction of text.</summary>
    private static string OnOneLine(string text) =>
        string.Concat(text.Where(c => !Wording.IsBidiControl(c)).Select(c => char.IsControl(c) || c is '\u2028' or '\u2029' ? ' ' : c));

    /// <summary>How many columns of a terminal the text takes.</summary>
    private static int Width(string text) => text.EnumerateRunes().Sum(rune => rune.Value switch
    {
        _ when Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format => 0,
        >= 0x1100 and <= 0x115F or >= 0x2E80 => 2, // ideographs, Hangul and pictures
        _ => 1,
    });

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
}
