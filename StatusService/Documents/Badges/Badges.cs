using System.Text.Json;
using Xerotier.Contracts;
using Xerotier.ServiceDefaults.Site;
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
    private const string Grey = BadgeImage.Grey;

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
            var (path, name) = ($"/status/badge/{component.Id}", page.IsDemo ? DemoMark.Prefix + component.Name : component.Name);
            foreach (var made in Of(path, "", name, message, colour)
                .Concat(Of(path, "?metric=uptime", name, shown?.UptimePercent is null ? Unknown : Wording.Uptime(shown.Days), ColourOf(shown?.UptimePercent))))
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
        label = TextInXml.Clean(label);
        yield return new($"{path}.svg{query}", "image/svg+xml; charset=utf-8", BadgeImage.Svg(label, message, colour), BadgeImage.Svg(label, Unknown, Grey));
        yield return new($"{path}.json{query}", "application/json; charset=utf-8", Json(label, message, colour), Json(label, Unknown, Grey));
    }

    private static byte[] Json(string label, string message, string colour) =>
        JsonSerializer.SerializeToUtf8Bytes(new StatusBadge { Label = label, Message = message, Color = colour }, ContractsJson.Wire.StatusBadge);

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
