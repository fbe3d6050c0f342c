using System.Globalization;
using System.Net;
using System.Text;

namespace Xerotier.ServiceDefaults.Site;

/// <summary>A badge as SVG.</summary>
public static class BadgeImage
{
    /// <summary>The ground of what is not known.</summary>
    public const string Grey = "#4b5563";

    private const string Ground = "#2b313a"; // of the label
    private const int Padding = 6;

    /// <summary>The image: what it is of on dark ground, and what it says on <paramref name="colour"/>. Neither text may hold what XML has no way to write.</summary>
    public static byte[] Svg(string label, string message, string colour)
    {
        var (left, right) = (Width(label), Width(message));
        var (title, first, second) = (WebUtility.HtmlEncode($"{label}: {message}"), WebUtility.HtmlEncode(label), WebUtility.HtmlEncode(message));
        return Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"""
            <svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" aria-label="{title}"><title>{title}</title><clipPath id="r"><rect width="{left + right}" height="20" rx="3"/></clipPath><g clip-path="url(#r)"><path fill="{Ground}" d="M0 0h{left}v20H0z"/><path fill="{colour}" d="M{left} 0h{right}v20H{left}z"/></g><g fill="#fff" font-family="Verdana,Geneva,DejaVu Sans,sans-serif" font-size="11"><text x="{Padding}" y="14" textLength="{left - (2 * Padding)}">{first}</text><text x="{left + Padding}" y="14" textLength="{right - (2 * Padding)}">{second}</text></g></svg>
            """));
    }

    /// <summary>About as wide as the text is in Verdana of 11 pixels; the text is set to be just so.</summary>
    private static int Width(string text) => (2 * Padding) + (int)Math.Ceiling(text.EnumerateRunes().Sum(rune => rune.Value switch
    {
        'i' or 'j' or 'l' or 'I' or '.' or ',' or ':' or '\'' or '|' or '!' or ' ' or 'f' or 't' or 'r' or '(' or ')' => 4.3,
        'm' or 'w' or 'M' or 'W' or '%' or '@' => 10.2,
        >= 'A' and <= 'Z' => 7.8,
        < 0x2E80 => 6.8,
        _ => 11.5, // ideographs and pictures
    }));
}
