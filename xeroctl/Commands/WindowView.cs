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
        var ends = Cell(window, "ends_at", now);
        var status = window.Text("status") ?? "";
        table.Add(
            window.Text("id") ?? "",
            new(status, StatusTone(status)),
            new(window.Text("severity") ?? "", SeverityTone(window.Text("severity"))),
            Cell(window, "starts_at", now),
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
            foreach (var name in (string[])["created_by", "created_at", "updated_at", "completed_at", "cancelled_at"])
            {
                screen.Columns(name, window.Text(name) ?? "");
            }

            return;
        }

        if (done is not null)
        {
            screen.Line(new Piece($"{done} ", Tone.Good), new Piece(window.Text("id") ?? "", Tone.Strong));
        }
        else
        {
            screen.Line(new Piece(window.Text("id") ?? "", Tone.Strong));
        }

        var status = window.Text("status") ?? "";
        Field(screen, "title", window.Text("title") ?? "");
        Field(screen, "status", new Piece(status, StatusTone(status)), window.IsTrue("auto_transition") ? ", changes automatically at start and end" : "");
        Field(screen, "severity", new Piece(window.Text("severity") ?? "", SeverityTone(window.Text("severity"))));
        TimeField(screen, "starts", window, "starts_at");
        TimeField(screen, "ends", window, "ends_at");
        Field(screen, "affects", window.Texts("affected_services") is { Length: > 0 } services ? services : "all services");
        TimeField(screen, "completed", window, "completed_at");
        TimeField(screen, "cancelled", window, "cancelled_at");
        Field(screen, "created by", $"{window.Text("created_by")}{(window.Time("created_at") is { } created ? $", {Times.Relative(created, screen.Now)}" : "")}");
        if (window.Text("description") is { Length: > 0 } description)
        {
            screen.Line();
            screen.Paragraph(description, 2);
        }
    }

    /// <summary>A window that was removed.</summary>
    public static void Deleted(Screen screen, string done, JsonElement deleted)
    {
        if (screen.IsTerminal)
        {
            screen.Line(new Piece($"{done} ", Tone.Good), new Piece(deleted.Text("id") ?? "", Tone.Strong));
        }
        else
        {
            screen.Columns("id", deleted.Text("id") ?? "");
            screen.Columns("deleted", deleted.IsTrue("deleted") ? "true" : "false");
        }
    }

    /// <summary>A field of a details view on a terminal.</summary>
    public static void Field(Screen screen, string name, params ReadOnlySpan<Piece> value)
    {
        const int Indent = 14;
        if (value is not [var single] || TerminalText.Width(single.Text) <= screen.Width - Indent)
        {
            screen.Line([new Piece($"  {name,-12}", Tone.Faint), .. value]);
            return;
        }

        foreach (var line in Screen.Wrap(TerminalText.Line(single.Text), Math.Max(20, screen.Width - Indent)))
        {
            screen.Line(new Piece($"  {name,-12}", Tone.Faint), new Piece(line, single.Tone));
            name = "";
        }
    }

    /// <summary>A time of a details view on a terminal, where it is set.</summary>
    public static void TimeField(Screen screen, string name, JsonElement json, string member)
    {
        if (json.Time(member) is { } time)
        {
            Field(screen, name, Times.Absolute(time), new Piece($" ({Times.Relative(time, screen.Now)})", Tone.Faint));
        }
    }

    /// <summary>A time in a table: relative for people, exact for pipes.</summary>
    public static TableCell Cell(JsonElement json, string name, DateTimeOffset now) =>
        new(json.Time(name) is { } time ? Times.Relative(time, now) : "—", Exact: json.Text(name) ?? "");

    private static Tone StatusTone(string status) => status switch
    {
        "active" => Tone.Warning,
        "scheduled" => Tone.Info,
        "completed" => Tone.Good,
        _ => Tone.Faint,
    };

    private static Tone SeverityTone(string? severity) => severity switch
    {
        "critical" => Tone.Bad,
        "warning" => Tone.Warning,
        _ => Tone.None,
    };
}
