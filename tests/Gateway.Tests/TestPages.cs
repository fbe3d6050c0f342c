using System.Text;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
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

    private static string Json(string word, string staleSince) => $$$"""
        {"object":"status","generated_at":"2026-01-01T00:00:00Z","stale_since":{{{staleSince}}},"overall":{"key":"operational","label":"{{{word}}}"},"indicators":[],"incidents":[],"open_incidents_total":0,"windows":{"unavailable":false,"unavailable_since":null,"active":[],"active_total":0,"scheduled":[],"scheduled_total":0,"recent":[]}}
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
