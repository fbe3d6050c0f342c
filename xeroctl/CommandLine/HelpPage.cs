namespace Xerotier.Xeroctl.CommandLine;

/// <summary>Lays out help on a terminal: headings, and rows of a label with its text.</summary>
/// <param name="output">Where it goes.</param>
internal sealed class HelpPage(TextWriter output)
{
    private const int MaxLabel = 28;
    private const int MaxWidth = 100;

    private readonly Screen screen = new(output, isTerminal: true, Terminal.HasColor, Math.Min(Terminal.Width, MaxWidth), default);

    /// <summary>An empty line.</summary>
    public void Line() => screen.Line();

    /// <summary>Text, wrapped between words.</summary>
    public void Paragraph(string text, int indent = 0) => screen.Paragraph(text, indent);

    /// <summary>A heading below an empty line.</summary>
    public void Heading(string text)
    {
        screen.Line();
        screen.Line(new Piece($"{text}:", Tone.Strong));
    }

    /// <summary>Lines to copy: never wrapped, whatever the width.</summary>
    public void Verbatim(string text)
    {
        foreach (var line in text.Split('\n'))
        {
            output.Write($"  {line}\n");
        }
    }

    /// <summary>A heading and its rows; nothing where there are no rows.</summary>
    public void Rows(string title, IEnumerable<(string Label, string Text)> rows)
    {
        var all = rows.ToList();
        if (all.Count == 0)
        {
            return;
        }

        Heading(title);
        var indent = Math.Min(all.Max(row => row.Label.Length), MaxLabel) + 4;
        foreach (var (label, text) in all)
        {
            var lines = Screen.Wrap(text, screen.Width - indent).ToList();
            if (label.Length > indent - 4)
            {
                screen.Line($"  {label}");
                lines.Insert(0, "");
            }
            else
            {
                screen.Line($"  {label.PadRight(indent - 2)}{lines[0]}");
            }

            foreach (var line in lines.Skip(1))
            {
                screen.Line($"{new string(' ', indent)}{line}");
            }
        }
    }
}
