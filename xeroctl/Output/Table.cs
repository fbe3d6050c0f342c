namespace Xerotier.Xeroctl.Output;

/// <summary>Rows under headings: aligned and fitted to a terminal, tab-separated in a pipe.</summary>
/// <param name="columns">The columns, in the order of a pipe.</param>
internal sealed class Table(params TableColumn[] columns)
{
    private const int WideTerminal = 110;
    private const int ShortestPrefix = 8;
    private const int RandomLength = 20; // an id with fewer characters is a word, such as that of a built-in component
    private readonly List<TableCell[]> rows = [];

    /// <summary>The number of rows.</summary>
    public int Count => rows.Count;

    /// <summary>Adds a row, one cell per column.</summary>
    public void Add(params TableCell[] cells) => rows.Add(cells);

    /// <summary>Writes the table; in a pipe every row starts with <paramref name="kind"/>, if one is given.</summary>
    public void Write(Screen screen, string? kind = null)
    {
        if (screen.IsTerminal)
        {
            WriteAligned(screen);
        }
        else
        {
            WriteSeparated(screen, kind);
        }
    }

    /// <summary>Cuts each id to its shortest prefix that is unique among <paramref name="ids"/>: commands accept one.</summary>
    internal static string[] UniquePrefixes(IReadOnlyList<string> ids)
    {
        var distinct = ids.Distinct(StringComparer.Ordinal).ToArray();
        return [.. ids.Select(id =>
        {
            var prefix = id.IndexOf('_', StringComparison.Ordinal) + 1;
            var length = id.Length - prefix < RandomLength ? id.Length : prefix + ShortestPrefix;
            while (length < id.Length && distinct.Count(other => other.AsSpan().StartsWith(id.AsSpan(0, length), StringComparison.Ordinal)) > 1)
            {
                length++;
            }

            return id[..Math.Min(length, id.Length)];
        })];
    }

    private void WriteSeparated(Screen screen, string? kind)
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
    }

    private void WriteAligned(Screen screen)
    {
        var text = rows.ConvertAll(row => Array.ConvertAll(row, cell => TerminalText.Line(cell.Text)));
        for (var i = 0; i < columns.Length; i++)
        {
            if (columns[i].IsId)
            {
                var ids = UniquePrefixes(text.ConvertAll(row => row[i]));
                for (var row = 0; row < ids.Length; row++)
                {
                    text[row][i] = ids[row];
                }
            }
        }

        var widths = columns.Select((column, i) => text.Select(row => TerminalText.Width(row[i])).Append(column.Title.Length).Max()).ToArray();
        var all = Enumerable.Range(0, columns.Length).OrderBy(i => columns[i].Place).ToArray();
        var shown = Fitting([.. all.Where(i => !columns[i].OnlyWide || screen.Width >= WideTerminal)], widths, screen.Width);
        Shrink(shown, widths, screen.Width);
        Row(screen, shown, widths, [.. columns.Select(column => column.Title)], _ => Tone.Faint);
        for (var i = 0; i < rows.Count; i++)
        {
            var row = rows[i];
            Row(screen, shown, widths, text[i], column => row[column].Tone);
        }

        if (shown.Length < all.Length)
        {
            screen.Paragraph($"Columns hidden at this width: {string.Join(", ", all.Except(shown).Select(i => columns[i].Title))}.", tone: Tone.Faint);
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
            var cell = TerminalText.Truncate(text[i], widths[i]);
            pieces.Add(new(cell, tone(i)));
            if (i != shown[^1])
            {
                pieces.Add(new string(' ', widths[i] - TerminalText.Width(cell) + 2));
            }
        }

        screen.Line([.. pieces]);
    }
}
