using System.Globalization;
using System.Text.Json;

namespace Xerotier.Xeroctl.Commands;

/// <summary>The public status as text: the overall label, open incidents, services with their history, and maintenance.</summary>
internal static class StatusView
{
    private const int MaxIncidents = 10;
    private const int MaxTextLines = 3;

    /// <summary>Writes all of it.</summary>
    public static void Write(Screen screen, JsonElement status)
    {
        var overall = status.Child("overall");
        var key = overall.Text("key") ?? "unknown";
        var services = status.Items("indicators").ToList();
        var incidents = status.Items("incidents").Where(incident => incident.Text("resolved_at") is null && incident.Text("status") is not ("resolved" or "postmortem")).ToList();
        if (!screen.IsTerminal)
        {
            screen.Columns("overall", key, overall.Text("label") ?? "");
            screen.Columns("generated_at", status.Text("generated_at") ?? "");
            screen.Columns("stale_since", status.Text("stale_since") ?? "");
            foreach (var incident in incidents)
            {
                screen.Columns("incident", incident.Text("id") ?? "", incident.Text("status") ?? "", incident.Text("impact") ?? "", incident.Text("started_at") ?? "", incident.Text("title") ?? "", IncidentView.Components(incident));
            }

            foreach (var service in services)
            {
                screen.Columns("indicator", service.Text("name") ?? "", service.Text("status") ?? "unknown", service.Number("uptime_percent")?.ToString("0.000", CultureInfo.InvariantCulture) ?? "", service.Text("reason") ?? "", service.Text("since") ?? "");
            }

            Windows(status, screen.Now).Write(screen, "window");
            return;
        }

        var stale = status.Time("stale_since");
        screen.Line(new Piece("● ", stale is null ? Tones.Of(key) : Tone.Warning), new Piece(overall.Text("label") ?? key, Tone.Strong), status.Time("generated_at") is { } at ? new Piece($"  as of {Times.Clock(at)}", Tone.Faint) : "");
        if (stale is { } since)
        {
            screen.Paragraph($"Live data has been unavailable since {Times.Absolute(since)}. This is the last known state.", tone: Tone.Bad);
        }

        foreach (var incident in incidents.Take(MaxIncidents))
        {
            screen.Line();
            WriteIncident(screen, incident);
        }

        if (incidents.Count > MaxIncidents)
        {
            screen.Line();
            screen.Line($"and {incidents.Count - MaxIncidents} more");
        }

        screen.Line();
        WriteServices(screen, services);
        if (status.Child("windows").IsTrue("unavailable"))
        {
            screen.Line();
            screen.Paragraph("Maintenance data is unavailable. These are the last known windows.", tone: Tone.Warning);
        }

        if (Windows(status, screen.Now) is { Count: > 0 } windows)
        {
            screen.Line();
            windows.Write(screen);
        }
    }

    private static void WriteIncident(Screen screen, JsonElement incident)
    {
        var (state, impact) = (incident.Text("status") ?? "", incident.Text("impact") ?? "");
        screen.Line(new Piece("▲ ", IncidentView.ImpactTone(impact)), new Piece(incident.Text("title") ?? "", Tone.Strong));
        var since = incident.Time("started_at") is { } started ? $", since {Times.Near(started, screen.Now)}" : "";
        screen.Line("  ", new Piece(state, IncidentView.StatusTone(state)), impact is "" or "none" ? "" : $", {impact}", since);
        if (IncidentView.Components(incident) is { Length: > 0 } components)
        {
            screen.Paragraph(components, 2);
        }

        if (incident.Items("updates").OrderByDescending(update => update.Time("posted_at")).FirstOrDefault() is { ValueKind: JsonValueKind.Object } last && last.Text("body") is { } body)
        {
            // The first paragraph says the most; the rest is on the incident's own page.
            var text = string.Join(' ', body.ReplaceLineEndings("\n").Trim().Split("\n\n")[0].Split('\n', StringSplitOptions.TrimEntries));
            screen.Paragraph(TerminalText.Truncate(TerminalText.Line(text), MaxTextLines * Math.Max(20, screen.Width - 2)), 2, Tone.Faint);
        }
    }

    private static void WriteServices(Screen screen, List<JsonElement> services)
    {
        var names = services.ConvertAll(service => TerminalText.Truncate(TerminalText.Line(service.Text("name") ?? ""), Math.Max(8, screen.Width / 2)));
        var states = services.ConvertAll(service => TerminalText.Line(Word(service.Text("status"))));
        var uptimes = services.ConvertAll(UptimeStrip.Uptime);
        var strips = services.ConvertAll(service => UptimeStrip.Marks(service, screen.Width - 2));
        var nameWidth = names.Select(TerminalText.Width).DefaultIfEmpty().Max();
        var stateWidth = states.Select(TerminalText.Width).DefaultIfEmpty().Max();
        var uptimeWidth = uptimes.Select(TerminalText.Width).DefaultIfEmpty().Max();
        for (var i = 0; i < services.Count; i++)
        {
            var tone = Tones.Of(services[i].Text("status") ?? "unknown");
            var why = Why(services[i], screen.Now);

            // What does not fit into the line stands beneath it.
            var hasUptime = nameWidth + stateWidth + TerminalText.Width(uptimes[i]) + 4 <= screen.Width;
            var hasWhy = nameWidth + stateWidth + uptimeWidth + TerminalText.Width(why) + 6 <= screen.Width;
            screen.Line(
                new Piece(Pad(names[i], nameWidth), Tone.Strong),
                "  ",
                new Piece(hasUptime ? Pad(states[i], stateWidth) : states[i], tone),
                hasUptime ? $"  {(hasWhy && why.Length > 0 ? $"{Pad(uptimes[i], uptimeWidth)}  {why}" : uptimes[i])}" : "");
            foreach (var text in (string[])[hasUptime ? "" : uptimes[i], hasWhy ? "" : why])
            {
                if (text.Length > 0)
                {
                    screen.Paragraph(text, 2);
                }
            }

            if (strips[i].Length > 0)
            {
                screen.Line(["  ", .. UptimeStrip.Pieces(strips[i])]);
            }
        }

        if (strips.Exists(strip => strip.Length > 0))
        {
            screen.Paragraph(UptimeStrip.Legend(strips), tone: Tone.Faint);
        }

        static string Pad(string text, int width) => text + new string(' ', Math.Max(0, width - TerminalText.Width(text)));
    }

    private static string Why(JsonElement service, DateTimeOffset now)
    {
        if (service.Text("status") == "operational")
        {
            return "";
        }

        var since = service.Time("since") is { } time ? $"since {Times.Near(time, now)}" : "";
        return TerminalText.Line(string.Join(", ", ((string[])[service.Text("reason") ?? "", since]).Where(part => part.Length > 0)));
    }

    // The words of the status page.
    private static string Word(string? status) => status switch
    {
        "operational" => "Operational",
        "degraded" => "Degraded",
        "outage" => "Outage",
        "maintenance" => "Maintenance",
        null or "unknown" => "No data",
        _ => status,
    };

    // The document also has the 50 latest windows. Only active and scheduled ones matter here.
    private static Table Windows(JsonElement status, DateTimeOffset now)
    {
        var table = new Table(new TableColumn("MAINTENANCE", Shrinks: true, Least: 18), new("STATUS"), new("SEVERITY", Leaves: 1), new("STARTS"), new("ENDS", Leaves: 2));
        foreach (var window in status.Child("windows").Items("active").Concat(status.Child("windows").Items("scheduled")))
        {
            var state = window.Text("status") ?? "";
            table.Add(
                window.Text("title") ?? "",
                new(state, state == "active" ? Tone.Warning : Tone.Info),
                window.Text("severity") ?? "",
                DetailView.Cell(window, "starts_at", now),
                DetailView.Cell(window, "ends_at", now));
        }

        return table;
    }
}
