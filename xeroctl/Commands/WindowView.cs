using System.Text.Json;

namespace Xerotier.Xeroctl.Commands;

/// <summary>Maintenance windows as text.</summary>
internal static class WindowView
{
    /// <summary>An empty table of windows.</summary>
    public static Table Table() => new(
        new("ID", Place: 2, IsId: true), new("STATUS", Leaves: 4), new("SEVERITY", Leaves: 1), new("STARTS", Leaves: 3), new("ENDS", Leaves: 2), new("TITLE", Shrinks: true, Least: 18, Place: -1), new("SERVICES", Shrinks: true, OnlyWide: true));

    /// <summary>Adds a window to a table.</summary>
    public static void AddTo(Table table, JsonElement window, DateTimeOffset now)
    {
        var ends = DetailView.Cell(window, "ends_at", now);
        var status = window.Text("status") ?? "";
        table.Add(
            window.Text("id") ?? "",
            new(status, StatusTone(status)),
            new(window.Text("severity") ?? "", SeverityTone(window.Text("severity"))),
            DetailView.Cell(window, "starts_at", now),
            status == "active" && window.Time("ends_at") < now ? ends with { Tone = Tone.Warning } : ends,
            window.Text("title") ?? "",
            window.Texts("affected_services"));
    }

    /// <summary>One window with all its fields; <paramref name="done"/> says what happened to it.</summary>
    public static void Details(Screen screen, string? done, JsonElement window)
    {
        if (!screen.IsTerminal)
        {
            foreach (var name in (string[])["id", "status", "severity", "title", "description", "starts_at", "ends_at"])
            {
                screen.Columns(name, window.Text(name) ?? "");
            }

            screen.Columns("affected_services", window.Texts("affected_services"));
            screen.Columns("auto_transition", window.IsTrue("auto_transition") ? "true" : "false");
            Notify(screen, window);
            foreach (var name in (string[])["series_id", "occurrence", "created_by", "created_at", "updated_at", "activated_at", "completed_at", "cancelled_at"])
            {
                screen.Columns(name, window.Text(name) ?? "");
            }

            return;
        }

        DetailView.Heading(screen, done, window);
        var status = window.Text("status") ?? "";
        DetailView.Field(screen, "title", window.Text("title") ?? "");
        DetailView.Field(screen, "status", new Piece(status, StatusTone(status)), window.IsTrue("auto_transition") ? ", changes automatically at start and end" : "");
        DetailView.Field(screen, "severity", new Piece(window.Text("severity") ?? "", SeverityTone(window.Text("severity"))));
        DetailView.TimeField(screen, "starts", window, "starts_at");
        DetailView.TimeField(screen, "ends", window, "ends_at");
        DetailView.Field(screen, "affects", window.Texts("affected_services") is { Length: > 0 } services ? services : "all services");
        Notify(screen, window);
        if (window.Text("series_id") is { } series)
        {
            DetailView.Field(screen, "series", $"{series}, its occurrence of {window.Text("occurrence")}");
        }

        DetailView.TimeField(screen, "activated", window, "activated_at");
        DetailView.TimeField(screen, "completed", window, "completed_at");
        DetailView.TimeField(screen, "cancelled", window, "cancelled_at");
        DetailView.Field(screen, "created by", $"{window.Text("created_by")}{(window.Time("created_at") is { } created ? $", {Times.Relative(created, screen.Now)}" : "")}");
        if (window.Text("description") is { Length: > 0 } description)
        {
            screen.Line();
            screen.Paragraph(description, 2);
        }
    }

    /// <summary>What subscribers are told of a window or a series.</summary>
    public static void Notify(Screen screen, JsonElement notice)
    {
        var (reminders, notify) = (notice.Texts("reminders"), notice.IsTrue("notify"));
        if (!screen.IsTerminal)
        {
            screen.Columns("reminders", reminders);
            screen.Columns("notify", notify ? "true" : "false");
            return;
        }

        DetailView.Field(screen, "reminders", !notify ? "none: subscribers are not notified" : reminders.Length > 0 ? reminders : "none");
    }

    /// <summary>The tone of a severity.</summary>
    public static Tone SeverityTone(string? severity) => severity switch
    {
        "critical" => Tone.Bad,
        "warning" => Tone.Warning,
        _ => Tone.None,
    };

    private static Tone StatusTone(string status) => status switch
    {
        "active" => Tone.Warning,
        "scheduled" => Tone.Info,
        "completed" => Tone.Good,
        _ => Tone.Faint,
    };
}
