using System.Globalization;
using System.Text;

namespace Xerotier.NotificationService.Sending;

/// <summary>Text as Slack takes it: <c>&amp;</c>, <c>&lt;</c> and <c>&gt;</c> are its control characters, and so the only ones that are escaped.</summary>
internal static class SlackText
{
    private const string Ellipsis = "…";

    /// <summary>
    /// <paramref name="text"/> escaped, in at most <paramref name="most"/> characters: where there are more it ends, between two characters
    /// as a reader counts them, with an ellipsis. Control characters but line breaks are spaces.
    /// </summary>
    public static string Escape(string text, int most)
    {
        var (escaped, fitting) = (new StringBuilder(), 0); // how much fits with an ellipsis after it
        var clean = string.Concat(text.ReplaceLineEndings("\n").Select(c => char.IsControl(c) && c != '\n' ? ' ' : c)).Trim();
        for (var rest = clean.AsSpan(); rest.Length > 0;)
        {
            var length = StringInfo.GetNextTextElementLength(rest);
            foreach (var c in rest[..length])
            {
                _ = c switch
                {
                    '&' => escaped.Append("&amp;"),
                    '<' => escaped.Append("&lt;"),
                    '>' => escaped.Append("&gt;"),
                    _ => escaped.Append(c),
                };
            }

            if (escaped.Length > most)
            {
                return escaped.ToString(0, fitting).TrimEnd() + Ellipsis;
            }

            if (escaped.Length + Ellipsis.Length <= most)
            {
                fitting = escaped.Length;
            }

            rest = rest[length..];
        }

        return escaped.ToString();
    }

    /// <summary>The same in one line.</summary>
    public static string EscapeLine(string text, int most) => Escape(text.ReplaceLineEndings(" "), most);
}
