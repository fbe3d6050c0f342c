using System.Text;
using Xerotier.Page.V1;
using Xerotier.ServiceDefaults.Site;

namespace Xerotier.Gateway.Page;

/// <summary>The documents that are served at one time.</summary>
/// <param name="Html">The page.</param>
/// <param name="Json">The data behind it.</param>
/// <param name="Others">By path, with the query where that chooses one.</param>
internal sealed record DocumentSet(PreparedDocument Html, PreparedDocument Json, IReadOnlyDictionary<string, Lazy<PreparedDocument>> Others)
{
    /// <summary>No other documents.</summary>
    public static IReadOnlyDictionary<string, Lazy<PreparedDocument>> NoOthers { get; } = new Dictionary<string, Lazy<PreparedDocument>>();

    /// <summary>The page and its data as they are live.</summary>
    public static DocumentSet Live(Brand brand, PageSnapshot page) => new(
        PreparedDocument.StatusPage(brand, page.Html.Identity.Memory, page.Html.Gzip.Memory, page.Html.Brotli.Memory, page.Html.Etag),
        PreparedDocument.Json(page.Json.Identity.Memory, page.Json.Gzip.Memory, page.Json.Brotli.Memory, page.Json.Etag),
        NoOthers);

    /// <summary>The last known state, marked as such. The other documents are made when somebody asks for them: there are many.</summary>
    public static DocumentSet Stale(Brand brand, PageSnapshot page, IEnumerable<PublicDocument> others, Loss loss) => new(
        PreparedDocument.StatusPage(brand, Mark(page.StaleHtml.Span, loss)),
        PreparedDocument.Json(Mark(page.StaleJson.Span, loss)),
        others.ToDictionary(
            document => document.Path,
            document => document.Stale.IsEmpty ? Ready(PreparedDocument.Other(brand, document)) : new(() => PreparedDocument.Other(brand, document, Mark(document.Stale.Span, loss))),
            StringComparer.Ordinal));

    /// <summary>The same page with other documents: <paramref name="changed"/> in place of those of their paths, or of all.</summary>
    /// <exception cref="InvalidDataException">A document is not whole.</exception>
    public DocumentSet With(Brand brand, IEnumerable<PublicDocument> changed, IEnumerable<string> removed, bool complete)
    {
        var others = complete ? [] : new Dictionary<string, Lazy<PreparedDocument>>(Others, StringComparer.Ordinal);
        foreach (var document in changed)
        {
            others[document.Path] = Ready(PreparedDocument.Other(brand, document));
        }

        foreach (var path in removed)
        {
            others.Remove(path);
        }

        return this with { Others = others };
    }

    private static Lazy<PreparedDocument> Ready(PreparedDocument document) => new(document);

    private static byte[] Mark(ReadOnlySpan<byte> document, Loss loss) => Encoding.UTF8.GetBytes(
        Encoding.UTF8.GetString(document)
            .Replace("@@stale_since@@", loss.Instant, StringComparison.Ordinal)
            .Replace("@@stale_since_ms@@", loss.InstantInMilliseconds, StringComparison.Ordinal)
            .Replace("@@stale_since_text@@", loss.Text, StringComparison.Ordinal));
}
