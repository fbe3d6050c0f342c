using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Xerotier.Contracts;
using Xerotier.Page.V1;
using Xerotier.ServiceDefaults.Site;

namespace Xerotier.Gateway.Page;

/// <summary>What a Gateway that has no other documents responds in place of each: it does not know, and since when.</summary>
internal static class UnknownDocuments
{
    private const string Label = "Status Unknown";

    /// <summary>The document at <paramref name="path"/>; null: it is none that is always in memory.</summary>
    public static PreparedDocument? Make(Brand brand, string path, Loss loss)
    {
        var sentence = $"Live data has been unavailable since {loss.Text}, and nothing has been received before.";
        var page = new StatuspagePage { Id = "", Name = brand.Name, Url = brand.Url, UpdatedAt = loss.Since, XerotierStaleSince = loss.InstantInMilliseconds };
        var status = new StatuspageStatus { Indicator = "minor", Description = Label };
        var address = path.Split('?')[0];
        return address switch
        {
            "/api/v2/summary.json" => Json(new() { Page = page, Components = [], Incidents = [], ScheduledMaintenances = [], Status = status }, ContractsJson.Wire.StatuspageSummary),
            "/api/v2/status.json" => Json(new() { Page = page, Status = status }, ContractsJson.Wire.StatuspageStatusDocument),
            "/api/v2/components.json" => Json(new() { Page = page, Components = [] }, ContractsJson.Wire.StatuspageComponents),
            "/api/v2/incidents.json" or "/api/v2/incidents/unresolved.json" => Json(new() { Page = page, Incidents = [] }, ContractsJson.Wire.StatuspageIncidents),
            "/api/v2/scheduled-maintenances.json" or "/api/v2/scheduled-maintenances/upcoming.json" or "/api/v2/scheduled-maintenances/active.json" =>
                Json(new() { Page = page, ScheduledMaintenances = [] }, ContractsJson.Wire.StatuspageMaintenances),
            "/status/history.atom" or "/status/updates.atom" => Of("application/atom+xml", $"""
                <?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom"><title>{Html(brand.Name)}: {Label}</title><id>{Html(brand.Url + address)}</id><link rel="self" href="{Html(brand.Url + path)}"/><updated>{loss.Instant}</updated><author><name>{Html(brand.Name)}</name></author></feed>
                """),
            "/status/history.rss" => Of("application/rss+xml", $"""
                <?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>{Html(brand.Name)}: {Label}</title><link>{Html(brand.Url)}/status</link><description>{sentence}</description></channel></rss>
                """),
            "/status/updates.json" => Json(new() { Title = $"{brand.Name}: {Label}", HomePageUrl = brand.Url + "/status", FeedUrl = brand.Url + address, Items = [] }, ContractsJson.Wire.JsonFeed, "application/feed+json"),
            "/status/maintenance.ics" => Of("text/calendar", "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Xerotier//Status//EN\r\nMETHOD:PUBLISH\r\nREFRESH-INTERVAL;VALUE=DURATION:PT15M\r\nEND:VCALENDAR\r\n"),
            "/status/embed" => Of("text/html", $"""
                <!DOCTYPE html>
                <html lang="en">
                <head>{PageShell.Head(brand, new(Label, "data:,"))}</head>
                <body class="embed"><main><section role="status"><p class="plain">{sentence}</p><div class="hero unknown"><h1>{Label}</h1></div></section><p class="more"><a href="/status" target="_blank">{Html(brand.Name)}</a></p></main></body>
                </html>

                """),
            "/status.md" => Of("text/markdown", $"**{sentence}**\n\n# {Label}\n"),
            "/status.txt" => Of("text/plain", $"{Label}\nLive data has been unavailable since {loss.Text}.\nNothing has been received before.\n"),
            "/llms.txt" => Of("text/plain", $"# {brand.Name}\n\n> {Label}. {sentence}\n\n- [Status as JSON]({brand.Url}/status.json)\n- [OpenAPI]({brand.Url}/openapi/v1.json): the whole public surface\n"),
            _ when !address.StartsWith("/status/badge", StringComparison.Ordinal) => null,
            _ when address.EndsWith(".svg", StringComparison.Ordinal) => Of("image/svg+xml", Encoding.UTF8.GetString(BadgeImage.Svg(brand.Name, "unknown", BadgeImage.Grey))),
            _ when address.EndsWith(".json", StringComparison.Ordinal) => Json(new() { Label = brand.Name, Message = "unknown", Color = BadgeImage.Grey }, ContractsJson.Wire.StatusBadge),
            _ => null,
        };

        PreparedDocument Json<T>(T value, JsonTypeInfo<T> shape, string type = "application/json") => Of(type, JsonSerializer.Serialize(value, shape));

        PreparedDocument Of(string type, string text) =>
            PreparedDocument.Other(brand, new PublicDocument { Path = address, ContentType = type + "; charset=utf-8" }, Encoding.UTF8.GetBytes(text));
    }

    private static string Html(string text) => System.Net.WebUtility.HtmlEncode(text);
}
