using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Xerotier.Contracts;
using Xerotier.StatusService.Documents.Content;
using Xerotier.StatusService.Model;
using OverallStatus = Xerotier.StatusService.Model.OverallStatus;

namespace Xerotier.StatusService.Documents.Badges;

/// <summary>
/// The status and the uptime as small images, and as JSON for shields.io, whose business styles are (surfaces.md section 17). What is unknown
/// or stale is grey, never green.
/// </summary>
internal static class Badges
{
    private const string Unknown = "unknown";
    private const string Grey = "#4b5563";
    private const string Ground = "#2b313a"; // of the label
    private const int Padding = 6;

    /// <summary>All badges.</summary>
    public static IEnumerable<MadeDocument> Make(Publication publication)
    {
        var page = publication.Page;
        foreach (var made in Of("/status/badge", "", publication.Site.Name, page.Overall is OverallStatus.Unknown ? Unknown : Wording.Label(page.Overall), ColourOf(page.Overall)))
        {
            yield return made;
        }

        foreach (var component in publication.Announced.Current)
        {
            var shown = page.Components.FirstOrDefault(each => each.Component.Id == component.Id); // the page does not show what nothing measures
            var (message, colour) = StatusOf(shown, publication);
            var path = $"/status/badge/{component.Id}";
            foreach (var made in Of(path, "", component.Name, message, colour)
                .Concat(Of(path, "?metric=uptime", component.Name, shown?.UptimePercent is null ? Unknown : Wording.Uptime(shown.Days), ColourOf(shown?.UptimePercent))))
            {
                yield return made;
            }
        }
    }

    private static (string Message, string Colour) StatusOf(ComponentModel? shown, Publication publication) => shown?.Status switch
    {
        null or ComponentStatus.Unknown => (Unknown, Grey),
        ComponentStatus.Operational or ComponentStatus.Degraded when publication.UnderMaintenance.Contains(shown.Component.Id) =>
            (Wording.Label(OverallStatus.Maintenance), ColourOf(OverallStatus.Maintenance)),
        { } status => (Wording.Label(status), ColourOf(status)),
    };

    private static IEnumerable<MadeDocument> Of(string path, string query, string label, string message, string colour)
    {
        yield return new($"{path}.svg{query}", "image/svg+xml; charset=utf-8", Svg(label, message, colour), Svg(label, Unknown, Grey));
        yield return new($"{path}.json{query}", "application/json; charset=utf-8", Json(label, message, colour), Json(label, Unknown, Grey));
    }

    private static byte[] Json(string label, string message, string colour) =>
        JsonSerializer.SerializeToUtf8Bytes(new StatusBadge { Label = label, Message = message, Color = colour }, ContractsJson.Wire.StatusBadge);

    private static byte[] Svg(string label, string message, string colour)
    {
        (label, message) = (TextInXml.Clean(label), TextInXml.Clean(message));
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

    // White on each of them is at least 4.5:1.
    private static string ColourOf(OverallStatus level) => level switch
    {
        OverallStatus.Operational => "#0e7040",
        OverallStatus.Degraded => "#7d5000",
        OverallStatus.PartialOutage => "#a63f08",
        OverallStatus.MajorOutage => "#a81328",
        OverallStatus.Maintenance => "#2453c0",
        _ => Grey,
    };

    private static string ColourOf(ComponentStatus status) => ColourOf(status switch
    {
        ComponentStatus.Operational => OverallStatus.Operational,
        ComponentStatus.Degraded => OverallStatus.Degraded,
        ComponentStatus.Outage => OverallStatus.MajorOutage,
        _ => OverallStatus.Unknown,
    });

    private static string ColourOf(decimal? uptime) => ColourOf(uptime switch
    {
        null => OverallStatus.Unknown,
        >= 99.9m => OverallStatus.Operational,
        >= 99m => OverallStatus.Degraded,
        _ => OverallStatus.PartialOutage,
    });
}
