namespace Xerotier.Xeroctl;

/// <summary>The meaning of a piece of text, shown as a colour where colours are wanted; the words alone say the same.</summary>
internal enum Tone
{
    /// <summary>Plain.</summary>
    None,

    /// <summary>Emphasised.</summary>
    Strong,

    /// <summary>Less important.</summary>
    Faint,

    /// <summary>All is well.</summary>
    Good,

    /// <summary>Needs attention.</summary>
    Warning,

    /// <summary>Broken.</summary>
    Bad,

    /// <summary>Worth knowing.</summary>
    Info,
}

/// <summary>A piece of one line.</summary>
/// <param name="Text">The text; made printable when it is written.</param>
/// <param name="Tone">Its meaning.</param>
internal readonly record struct Piece(string Text, Tone Tone = Tone.None)
{
    public static implicit operator Piece(string text) => new(text);
}

/// <summary>Where a command writes for people or for pipes. On a terminal no line is wider than the terminal.</summary>
/// <param name="writer">Where the text goes.</param>
/// <param name="isTerminal">Whether a person reads it: tables and relative times, else tab-separated columns and exact times.</param>
/// <param name="colour">Whether colours may be used.</param>
/// <param name="width">Columns of the terminal.</param>
/// <param name="now">The instant that relative times count from.</param>
internal sealed class Screen(TextWriter writer, bool isTerminal, bool colour, int width, DateTimeOffset now)
{
    /// <summary>Whether a person reads it.</summary>
    public bool IsTerminal => isTerminal;

    /// <summary>Columns of the terminal.</summary>
    public int Width => width;

    /// <summary>The instant that relative times count from.</summary>
    public DateTimeOffset Now => now;

    /// <summary>One line, cut to the terminal's width.</summary>
    public void Line(params ReadOnlySpan<Piece> pieces)
    {
        var left = isTerminal ? width : int.MaxValue;
        foreach (var piece in pieces)
        {
            var text = Printable.Fit(Printable.Line(piece.Text), left);
            left -= isTerminal ? Printable.Width(text) : 0;
            Write(text, piece.Tone);
        }

        writer.Write('\n');
    }

    /// <summary>Sends on what was written so far.</summary>
    public void Flush() => writer.Flush();

    /// <summary>Text that may take several lines, indented; on a terminal folded between words at its width.</summary>
    public void Paragraph(string text, int indent = 0, Tone tone = Tone.None)
    {
        foreach (var line in Printable.Lines(text))
        {
            foreach (var part in Fold(line, isTerminal ? Math.Max(20, width - indent) : int.MaxValue))
            {
                writer.Write(new string(' ', indent));
                Write(part, tone);
                writer.Write('\n');
            }
        }
    }

    /// <summary>Tab-separated columns.</summary>
    public void Columns(params ReadOnlySpan<string> values)
    {
        for (var i = 0; i < values.Length; i++)
        {
            writer.Write(i == 0 ? "" : "\t");
            writer.Write(Printable.Column(values[i]));
        }

        writer.Write('\n');
    }

    /// <summary>Writes printable <paramref name="text"/> in the colour of <paramref name="tone"/>.</summary>
    public void Write(string text, Tone tone)
    {
        var code = tone switch
        {
            Tone.Strong => "1",
            Tone.Faint => "2",
            Tone.Good => "32",
            Tone.Warning => "33",
            Tone.Bad => "31",
            Tone.Info => "36",
            _ => null,
        };
        writer.Write(colour && code is not null && text.Length > 0 ? $"\e[{code}m{text}\e[0m" : text);
    }

    /// <summary>Lines of at most <paramref name="width"/> columns, broken between words where that is possible.</summary>
    internal static IEnumerable<string> Fold(string text, int width)
    {
        while (Printable.Width(text) > width)
        {
            var cut = Printable.Fit(text, width + 1).Length - 1; // without the ellipsis
            var space = text.LastIndexOf(' ', Math.Min(cut, text.Length - 1));
            var end = space > 0 ? space : Math.Max(1, cut);
            yield return text[..end].TrimEnd();
            text = text[end..].TrimStart();
        }

        yield return text;
    }
}

/// <summary>A column of a <see cref="Table"/>.</summary>
/// <param name="Title">Its heading.</param>
/// <param name="Shrinks">Whether it gives way, with an ellipsis, when the terminal is narrow.</param>
/// <param name="OnlyWide">Whether a terminal of fewer than 110 columns leaves it out.</param>
/// <param name="Least">The cells that it should keep, where its text has so many, even if others have to leave for that.</param>
/// <param name="Leaves">When it is left out for that: 1 first, 0 never.</param>
internal sealed record TableColumn(string Title, bool Shrinks = false, bool OnlyWide = false, int Least = 8, int Leaves = 0);

/// <summary>A cell of a <see cref="Table"/>.</summary>
/// <param name="Text">What a person reads.</param>
/// <param name="Tone">Its meaning.</param>
/// <param name="Exact">What a pipe gets, where that is not <paramref name="Text"/>.</param>
internal readonly record struct TableCell(string Text, Tone Tone = Tone.None, string? Exact = null)
{
    public static implicit operator TableCell(string text) => new(text);
}

/// <summary>Rows under headings: aligned and fitted to a terminal, tab-separated in a pipe.</summary>
/// <param name="columns">The columns.</param>
internal sealed class Table(params TableColumn[] columns)
{
    private const int WideTerminal = 110;
    private readonly List<TableCell[]> rows = [];

    /// <summary>The number of rows.</summary>
    public int Count => rows.Count;

    /// <summary>Adds a row, one cell per column.</summary>
    public void Add(params TableCell[] cells) => rows.Add(cells);

    /// <summary>Writes the table; in a pipe every row starts with <paramref name="kind"/>, if one is given.</summary>
    public void Write(Screen screen, string? kind = null)
    {
        if (!screen.IsTerminal)
        {
            if (kind is null)
            {
                screen.Columns([.. columns.Select(column => column.Title)]);
            }

            foreach (var row in rows)
            {
                var values = row.Select(cell => cell.Exact ?? cell.Text);
                screen.Columns([.. kind is null ? values : values.Prepend(kind)]);
            }

            return;
        }

        var text = rows.ConvertAll(row => Array.ConvertAll(row, cell => Printable.Line(cell.Text)));
        var widths = columns.Select((column, i) => text.Select(row => Printable.Width(row[i])).Append(column.Title.Length).Max()).ToArray();
        var wanted = Enumerable.Range(0, columns.Length).Where(i => !columns[i].OnlyWide || screen.Width >= WideTerminal).ToArray();
        var shown = Fitting(wanted, widths, screen.Width);
        Shrink(shown, widths, screen.Width);
        Row(screen, shown, widths, [.. columns.Select(column => column.Title)], _ => Tone.Faint);
        for (var i = 0; i < rows.Count; i++)
        {
            var row = rows[i];
            Row(screen, shown, widths, text[i], column => row[column].Tone);
        }

        if (shown.Length < wanted.Length)
        {
            screen.Paragraph($"Narrow terminal, left out: {string.Join(", ", wanted.Except(shown).Select(i => columns[i].Title))}.", tone: Tone.Faint);
        }
    }

    private int[] Fitting(int[] wanted, int[] widths, int terminal)
    {
        var shown = wanted;
        while (shown.Sum(i => (columns[i].Shrinks ? Math.Min(widths[i], columns[i].Least) : widths[i]) + 2) - 2 > terminal
            && shown.Where(i => columns[i].Leaves > 0).OrderBy(i => columns[i].Leaves).ToArray() is [var first, ..])
        {
            shown = [.. shown.Where(i => i != first)];
        }

        return shown;
    }

    private void Shrink(int[] shown, int[] widths, int terminal)
    {
        var excess = shown.Sum(i => widths[i] + 2) - 2 - terminal;
        foreach (var i in shown.Where(i => columns[i].Shrinks).OrderByDescending(i => widths[i]).ToArray())
        {
            var given = Math.Clamp(excess, 0, Math.Max(0, widths[i] - Math.Max(8, columns[i].Title.Length)));
            widths[i] -= given;
            excess -= given;
        }
    }

    private static void Row(Screen screen, int[] shown, int[] widths, string[] text, Func<int, Tone> tone)
    {
        var pieces = new List<Piece>();
        foreach (var i in shown)
        {
            var cell = Printable.Fit(text[i], widths[i]);
            pieces.Add(new(cell, tone(i)));
            if (i != shown[^1])
            {
                pieces.Add(new string(' ', widths[i] - Printable.Width(cell) + 2));
            }
        }

        screen.Line([.. pieces]);
    }
}
