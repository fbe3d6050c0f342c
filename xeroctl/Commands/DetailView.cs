using System.Text.Json;

namespace Xerotier.Xeroctl.Commands;

/// <summary>One object with its fields, and cells of a table.</summary>
internal static class DetailView
{
    /// <summary>The first line on a terminal: what was done to the object, if anything, and its id.</summary>
    public static void Heading(Screen screen, string? done, JsonElement json) =>
        screen.Line(new Piece(done is null ? "" : $"{done} ", Tone.Good), new Piece(json.Text("id") ?? "", Tone.Strong));

    /// <summary>An object that was removed.</summary>
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

    /// <summary>A time of a details view on a terminal, where it is set; <paramref name="before"/> precedes it.</summary>
    public static void TimeField(Screen screen, string name, JsonElement json, string member, string before = "")
    {
        if (json.Time(member) is { } time)
        {
            Field(screen, name, $"{before}{Times.Absolute(time)}", new Piece($" ({Times.Relative(time, screen.Now)})", Tone.Faint));
        }
    }

    /// <summary>A secret on a terminal, in a line of its own, so that a double click selects it. Nothing else shows it.</summary>
    public static void Secret(Screen screen, string secret)
    {
        screen.Line();
        screen.Write(TerminalText.Line(secret), Tone.Strong);
        screen.Line();
        screen.Line();
        screen.Line(new Piece("Save it now: it is not shown again.", Tone.Warning));
    }

    /// <summary>A time in a table: relative for people, exact for pipes.</summary>
    public static TableCell Cell(JsonElement json, string name, DateTimeOffset now) =>
        new(json.Time(name) is { } time ? Times.Relative(time, now) : "—", Exact: json.Text(name) ?? "");
}
