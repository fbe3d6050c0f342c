using System.Text;
using Xerotier.Page.V1;
using Xerotier.ServiceDefaults.Site;

namespace Xerotier.Gateway.Page;

/// <summary>The two documents that are served at one time.</summary>
/// <param name="Html">The page.</param>
/// <param name="Json">The data behind it.</param>
internal sealed record PageDocuments(PreparedDocument Html, PreparedDocument Json)
{
    /// <summary>The last known state, marked as such.</summary>
    public static PageDocuments Stale(Brand brand, PageSnapshot page, DateTimeOffset since, string sinceText) => new(
        PreparedDocument.StatusPage(brand, Mark(page.StaleHtml.Span, since, sinceText)),
        PreparedDocument.Json(Mark(page.StaleJson.Span, since, sinceText)));

    private static byte[] Mark(ReadOnlySpan<byte> document, DateTimeOffset since, string sinceText) => Encoding.UTF8.GetBytes(
        Encoding.UTF8.GetString(document)
            .Replace("@@stale_since@@", since.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ"), StringComparison.Ordinal)
            .Replace("@@stale_since_text@@", sinceText, StringComparison.Ordinal));
}
