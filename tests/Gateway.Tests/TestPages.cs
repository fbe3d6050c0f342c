using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Xerotier.Contracts;
using Xerotier.Page.V1;

namespace Xerotier.Gateway.Tests;

/// <summary>Pages such as the StatusService pushes.</summary>
internal static class TestPages
{
    public static PageSnapshot Make(string word)
    {
        var html = $"<!DOCTYPE html><html><head><style>b{{color:red}}</style></head><body>{word} live<script>1</script></body></html>";
        var json = Json(word, "null");
        return new PageSnapshot
        {
            GeneratedAt = Timestamp.FromDateTimeOffset(DateTimeOffset.UtcNow),
            Html = Document(html),
            Json = Document(json),
            StaleHtml = ByteString.CopyFromUtf8(html.Replace("live", "unavailable since <time datetime=\"@@stale_since@@\">@@stale_since_text@@</time>")),
            StaleJson = ByteString.CopyFromUtf8(Json(word, "\"@@stale_since@@\"")),
        };
    }

    /// <summary>All other documents; each names the word.</summary>
    public static IReadOnlyList<PublicDocument> Others(string word)
    {
        var page = new StatuspagePage { Id = "0", Name = word, Url = "https://status.example", UpdatedAt = DateTimeOffset.UnixEpoch, XerotierStaleSince = null };
        var status = new StatuspageStatus { Indicator = "none", Description = word };
        return
        [
            Data("/api/v2/summary.json", new StatuspageSummary { Page = page, Components = [], Incidents = [], ScheduledMaintenances = [], Status = status }, ContractsJson.Wire.StatuspageSummary),
            Data("/api/v2/status.json", new StatuspageStatusDocument { Page = page, Status = status }, ContractsJson.Wire.StatuspageStatusDocument),
            Data("/api/v2/components.json", new StatuspageComponents { Page = page, Components = [] }, ContractsJson.Wire.StatuspageComponents),
            .. new[] { "incidents", "incidents/unresolved" }.Select(name => Data($"/api/v2/{name}.json", new StatuspageIncidents { Page = page, Incidents = [] }, ContractsJson.Wire.StatuspageIncidents)),
            .. new[] { "scheduled-maintenances", "scheduled-maintenances/upcoming", "scheduled-maintenances/active" }.Select(name =>
                Data($"/api/v2/{name}.json", new StatuspageMaintenances { Page = page, ScheduledMaintenances = [] }, ContractsJson.Wire.StatuspageMaintenances)),
            Data("/status/updates.json", new JsonFeed { Title = word, HomePageUrl = "", FeedUrl = "", Items = [] }, ContractsJson.Wire.JsonFeed, "application/feed+json; charset=utf-8"),
            Data("/status/badge.json", new StatusBadge { Label = word, Message = "", Color = "#000" }, ContractsJson.Wire.StatusBadge),
            Text("/status/history.atom", "application/atom+xml; charset=utf-8", word),
            Text("/status/history.atom?component=cmp_one", "application/atom+xml; charset=utf-8", $"{word} of cmp_one"),
            Text("/status/history.rss", "application/rss+xml; charset=utf-8", word),
            Text("/status/updates.atom", "application/atom+xml; charset=utf-8", word),
            Text("/status/maintenance.ics", "text/calendar; charset=utf-8", word),
            Text("/status/badge.svg", "image/svg+xml; charset=utf-8", word, $"{word} @@stale_since_text@@"),
            Text("/status/badge/cmp_one.svg", "image/svg+xml; charset=utf-8", word),
            Text("/status/badge/cmp_one.svg?metric=uptime", "image/svg+xml; charset=utf-8", $"{word} uptime"),
            Text("/status/embed", "text/html; charset=utf-8", word),
            Text("/status.md", "text/markdown; charset=utf-8", word, $"{word} @@stale_since@@"),
            Text("/status.txt", "text/plain; charset=utf-8", word),
            Text("/llms.txt", "text/plain; charset=utf-8", word),
            Text("/status/incidents/inc_memory00000", "text/html; charset=utf-8", word),
        ];
    }

    /// <summary>A document of text.</summary>
    public static PublicDocument Text(string path, string type, string live, string stale = "") =>
        new() { Path = path, ContentType = type, Live = Document(live), Stale = ByteString.CopyFromUtf8(stale) };

    private static PublicDocument Data<T>(string path, T value, JsonTypeInfo<T> type, string mediaType = "application/json; charset=utf-8") => Text(path, mediaType, JsonSerializer.Serialize(value, type));

    private static string Json(string word, string staleSince) => $$$"""
        {"object":"status","generated_at":"2026-01-01T00:00:00Z","stale_since":{{{staleSince}}},"overall":{"key":"operational","label":"{{{word}}}"},"demo":false,"indicators":[],"incidents":[],"open_incidents_total":0,"windows":{"unavailable":false,"unavailable_since":null,"active":[],"active_total":0,"scheduled":[],"scheduled_total":0,"recent":[]}}
        """;

    private static Document Document(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        using var gzip = new MemoryStream();
        using (var stream = new System.IO.Compression.GZipStream(gzip, System.IO.Compression.CompressionLevel.Optimal)) stream.Write(bytes);
        using var brotli = new MemoryStream();
        using (var stream = new System.IO.Compression.BrotliStream(brotli, System.IO.Compression.CompressionLevel.Optimal)) stream.Write(bytes);
        return new Document
        {
            Identity = ByteString.CopyFrom(bytes),
            Gzip = ByteString.CopyFrom(gzip.ToArray()),
            Brotli = ByteString.CopyFrom(brotli.ToArray()),
            Etag = $"\"{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes).AsSpan(0, 8))}\"",
        };
    }
}
