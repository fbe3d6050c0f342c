using System.Globalization;
using System.Text;

namespace Xerotier.NotificationService.Sending;

/// <summary>Text as Slack takes it: <c>&amp;</c>, <c>&lt;</c> and <c>&gt;</c> are its control characters, and so the only ones that are escaped.</summary>
internal static class SlackText
{
    private const string Ellipsis = "…";

    /// <summary>Control characters but line breaks, and tabs where they mean something, as spaces.</summary>
    public static string Visible(string text, bool tabs = false) => string.Concat(text.ReplaceLineEndings("\n").Select(c => char.IsControl(c) && c != '\n' && !(tabs && c == '\t') ? ' ' : c));

    /// <summary><paramref name="text"/> escaped.</summary>
    public static string Escape(string text) =>
        text.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal);

    /// <summary>
    /// <paramref name="text"/> escaped, without control characters and what surrounds it, in at most <paramref name="most"/> characters: where there are more it ends, between two
    /// characters as a reader counts them, with an ellipsis.
    /// </summary>
    public static string Escape(string text, int most)
    {
        var (escaped, fitting) = (new StringBuilder(), 0); // how much fits with an ellipsis after it
        for (var rest = Visible(text).Trim().AsSpan(); rest.Length > 0;)
        {
            var length = StringInfo.GetNextTextElementLength(rest);
            escaped.Append(Escape(rest[..length].ToString()));
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
