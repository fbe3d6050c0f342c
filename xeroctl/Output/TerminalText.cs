using System.Buffers;
using System.Globalization;
using System.Text;
using Spectre.Console;

namespace Xerotier.Xeroctl.Output;

/// <summary>Makes untrusted text safe to show on a terminal: it cannot move the cursor, change colors or hide letters.</summary>
internal static class TerminalText
{
    private static readonly SearchValues<char> TokenCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");

    // Base64 and paths, and what JSON makes of a plus sign.
    private static readonly SearchValues<char> SecretCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-+/=.%\\");

    /// <summary>One line: line breaks and tabs become spaces, other control characters visible escapes such as <c>\u001b</c>.</summary>
    public static string Line(string text) => Escape(text, breaks: " ");

    /// <summary>Several lines, each made safe.</summary>
    public static string[] Lines(string text) => [.. text.ReplaceLineEndings("\n").Split('\n').Select(Line)];

    /// <summary>A column for a pipe: line breaks and tabs become <c>\n</c> and <c>\t</c>.</summary>
    public static string Column(string text) => Escape(text, breaks: null);

    /// <summary>JSON for a terminal: the same document, with unsafe characters as escapes.</summary>
    public static string Json(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (var character in text)
        {
            _ = character is '\n' or '\t' || !IsUnsafe(character) ? result.Append(character) : Append(result, character);
        }

        return result.ToString();
    }

    /// <summary>
    /// Masks the secrets in <paramref name="text"/>: <paramref name="key"/> itself, anything that looks like an API key, and those of
    /// subscriptions, which are what webhooks are signed with and the paths of Slack's incoming webhooks.
    /// </summary>
    public static string Redact(string text, string? key)
    {
        if (key is { Length: >= 8 })
        {
            text = text.Replace(key, Mask(key), StringComparison.Ordinal);
        }

        for (var start = 0; (start = text.IndexOf("xero_", start, StringComparison.Ordinal)) >= 0; start++)
        {
            var length = text.AsSpan(start).IndexOfAnyExcept(TokenCharacters);
            length = length < 0 ? text.Length - start : length;
            if (length > 49)
            {
                text = string.Concat(text.AsSpan(0, start), Mask(text.Substring(start, length)), text.AsSpan(start + length));
            }
        }

        return MaskAfter(MaskAfter(text, "whsec_"), "hooks.slack.com/");
    }

    /// <summary>An API key with its secret part hidden: <c>xero_demo_****</c>.</summary>
    public static string Mask(string key) => key.StartsWith("xero_", StringComparison.Ordinal) && key.Length > 49 ? $"{key[..^43]}****" : "****";

    /// <summary>The columns that <paramref name="text"/> needs on a terminal.</summary>
    public static int Width(string text) => text.GetCellWidth();

    /// <summary>Truncates <paramref name="text"/> to <paramref name="width"/> columns, with an ellipsis.</summary>
    public static string Truncate(string text, int width)
    {
        if (Width(text) <= width)
        {
            return text;
        }

        var result = new StringBuilder();
        var used = 1;
        for (var elements = StringInfo.GetTextElementEnumerator(text); elements.MoveNext();)
        {
            var element = elements.GetTextElement();
            used += Width(element);
            if (used > width)
            {
                break;
            }

            result.Append(element);
        }

        return width < 1 ? "" : result.Append('…').ToString();
    }

    private static string MaskAfter(string text, string start)
    {
        for (var at = 0; (at = text.IndexOf(start, at, StringComparison.OrdinalIgnoreCase)) >= 0;)
        {
            at += start.Length;
            var length = text.AsSpan(at).IndexOfAnyExcept(SecretCharacters);
            length = length < 0 ? text.Length - at : length;
            text = length == 0 ? text : string.Concat(text.AsSpan(0, at), "****", text.AsSpan(at + length));
        }

        return text;
    }

    private static string Escape(string text, string? breaks)
    {
        var first = text.AsSpan().IndexOfAnyExceptInRange(' ', '~');
        if (first < 0)
        {
            return text;
        }

        var result = new StringBuilder(text.Length + 16).Append(text, 0, first);
        foreach (var character in text.AsSpan(first))
        {
            _ = character switch
            {
                '\r' => result.Append(breaks is null ? "\\r" : ""),
                '\n' => result.Append(breaks ?? "\\n"),
                '\t' => result.Append(breaks ?? "\\t"),
                _ => IsUnsafe(character) ? Append(result, character) : result.Append(character),
            };
        }

        return result.ToString();
    }

    // Control characters, line and paragraph separators, bidirectional controls that reorder the text after them, and characters
    // without width that make two texts differ. The joiners that scripts and emoji need are safe.
    private static bool IsUnsafe(char character) =>
        char.IsControl(character) || character is '\u200E' or '\u200F' or '\u061C' or (>= '\u2028' and <= '\u202E') or (>= '\u2066' and <= '\u2069') or '\uFEFF' or '\u00AD' or '\u200B' or '\u2060';

    private static StringBuilder Append(StringBuilder result, char character) =>
        result.Append("\\u").Append(((int)character).ToString("x4", CultureInfo.InvariantCulture));
}
