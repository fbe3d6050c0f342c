using System.Globalization;
using System.Text.Json;

namespace Xerotier.Xeroctl.Commands;

/// <summary><c>xeroctl status</c>: the public page's data, and an exit code for scripts.</summary>
internal static class StatusCommand
{
    /// <summary>The command.</summary>
    public static Leaf Leaf() => new Leaf(
        "status",
        "Show the platform's overall status and its services. Needs no API key.",
        "xeroctl status",
        "xeroctl status >/dev/null || echo \"not operational ($?)\"")
    {
        Remarks = "Exits with 0 only if the platform is operational and the data is live, with 8 if it is not operational or the data is stale, and with 7 if the server is unreachable.",
    }.Handle(async (session, _, cancel) =>
    {
        var call = session.PublicCall("status.json");
        if (session.DryRun(call))
        {
            return ExitCodes.Ok;
        }

        var response = await session.Client.SendAsync(call, cancel);
        session.Show(response, Write);
        return response.Json.Child("overall").Text("key") == "operational" && response.Json.Text("stale_since") is null ? ExitCodes.Ok : ExitCodes.NotOperational;
    });

    private static void Write(Screen screen, JsonElement status)
    {
        var overall = status.Child("overall");
        var key = overall.Text("key") ?? "unknown";
        if (!screen.IsTerminal)
        {
            screen.Columns("overall", key, overall.Text("label") ?? "");
            screen.Columns("generated_at", status.Text("generated_at") ?? "");
            screen.Columns("stale_since", status.Text("stale_since") ?? "");
            Indicators(status).Write(screen, "indicator");
            Windows(status, screen).Write(screen, "window");
            return;
        }

        var stale = status.Time("stale_since");
        screen.Line(new Piece("● ", stale is null ? Tones.Of(key) : Tone.Warning), new Piece(overall.Text("label") ?? key, Tone.Strong), status.Time("generated_at") is { } at ? new Piece($"  as of {Times.Clock(at)}", Tone.Faint) : "");
        if (stale is { } since)
        {
            screen.Paragraph($"Live data has been unavailable since {Times.Absolute(since)}. This is the last known state.", tone: Tone.Bad);
        }

        screen.Line();
        Indicators(status).Write(screen);
        if (status.Child("windows").IsTrue("unavailable"))
        {
            screen.Line();
            screen.Paragraph("Maintenance data is unavailable. These are the last known windows.", tone: Tone.Warning);
        }

        if (Windows(status, screen) is { Count: > 0 } windows)
        {
            screen.Line();
            windows.Write(screen);
        }
    }

    private static Table Indicators(JsonElement status)
    {
        var table = new Table(new TableColumn("SERVICE", Shrinks: true), new("STATUS"), new("UPTIME 90 DAYS"), new("REASON", Shrinks: true));
        foreach (var indicator in status.Items("indicators"))
        {
            var state = indicator.Text("status") ?? "unknown";
            var percent = indicator.Number("uptime_percent");
            var uptime = percent?.ToString("0.000", CultureInfo.InvariantCulture);
            table.Add(indicator.Text("name") ?? "", new(state, Tones.Of(state)), new(percent is null ? "—" : percent >= 100 ? "100%" : $"{uptime}%", Exact: uptime ?? ""), indicator.Text("reason") ?? "");
        }

        return table;
    }

    // The document also has the 50 latest windows. Only active and scheduled ones matter here.
    private static Table Windows(JsonElement status, Screen screen)
    {
        var table = new Table(new TableColumn("MAINTENANCE", Shrinks: true, Least: 18), new("STATUS"), new("SEVERITY", Leaves: 1), new("STARTS"), new("ENDS", Leaves: 2));
        foreach (var window in status.Child("windows").Items("active").Concat(status.Child("windows").Items("scheduled")))
        {
            var state = window.Text("status") ?? "";
            table.Add(
                window.Text("title") ?? "",
                new(state, state == "active" ? Tone.Warning : Tone.Info),
                window.Text("severity") ?? "",
                DetailView.Cell(window, "starts_at", screen.Now),
                DetailView.Cell(window, "ends_at", screen.Now));
        }

        return table;
    }
}
