namespace Xerotier.Xeroctl.Output;

/// <summary>Where a command writes for people or for pipes. On a terminal no line is wider than the terminal.</summary>
/// <param name="writer">Where the text goes.</param>
/// <param name="isTerminal">Whether a person reads it: tables and relative times, else tab-separated columns and exact times.</param>
/// <param name="color">Whether colors may be used.</param>
/// <param name="width">Columns of the terminal.</param>
/// <param name="now">The instant that relative times count from.</param>
internal sealed class Screen(TextWriter writer, bool isTerminal, bool color, int width, DateTimeOffset now)
{
    /// <summary>Whether a person reads it.</summary>
    public bool IsTerminal => isTerminal;

    /// <summary>Columns of the terminal.</summary>
    public int Width => width;

    /// <summary>The instant that relative times count from.</summary>
    public DateTimeOffset Now => now;

    /// <summary>One line, truncated to the terminal's width.</summary>
    public void Line(params ReadOnlySpan<Piece> pieces)
    {
        var left = isTerminal ? width : int.MaxValue;
        foreach (var piece in pieces)
        {
            var text = TerminalText.Truncate(TerminalText.Line(piece.Text), left);
            left -= isTerminal ? TerminalText.Width(text) : 0;
            Write(text, piece.Tone);
        }

        writer.Write('\n');
    }

    /// <summary>Flushes the output.</summary>
    public void Flush() => writer.Flush();

    /// <summary>Text that may take several lines, indented; on a terminal wrapped between words.</summary>
    public void Paragraph(string text, int indent = 0, Tone tone = Tone.None)
    {
        foreach (var line in TerminalText.Lines(text))
        {
            foreach (var part in Wrap(line, isTerminal ? Math.Max(20, width - indent) : int.MaxValue))
            {
                writer.Write(new string(' ', part.Length > 0 ? indent : 0));
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
            writer.Write(TerminalText.Column(values[i]));
        }

        writer.Write('\n');
    }

    /// <summary>Writes printable <paramref name="text"/> in the color of <paramref name="tone"/>.</summary>
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
        writer.Write(color && code is not null && text.Length > 0 ? $"\e[{code}m{text}\e[0m" : text);
    }

    /// <summary>Lines of at most <paramref name="width"/> columns, broken between words where that is possible.</summary>
    internal static IEnumerable<string> Wrap(string text, int width)
    {
        while (TerminalText.Width(text) > width)
        {
            var cut = TerminalText.Truncate(text, width + 1).Length - 1; // without the ellipsis
            var space = text.LastIndexOf(' ', Math.Min(cut, text.Length - 1));
            var end = space > 0 ? space : Math.Max(1, cut);
            yield return text[..end].TrimEnd();
            text = text[end..].TrimStart();
        }

        yield return text;
    }
}
