using Xerotier.Page.V1;
using Xerotier.ServiceDefaults.Http;
using Xerotier.ServiceDefaults.Site;
using Xerotier.StatusService.Documents.Page;

namespace Xerotier.StatusService.Publishing;

/// <summary>How this service responds with a page of its own, which the Gateway asks for on the public's behalf.</summary>
public static class PublicResponse
{
    /// <summary>The most documents of one kind that are kept for who asks next, and their bytes (surfaces.md).</summary>
    public const int MostKept = 256;

    /// <inheritdoc cref="MostKept"/>
    public const long MostBytesKept = 16 * 1024 * 1024;

    /// <summary>The bytes of a document that is kept.</summary>
    public static long Weigh(Document document) => document.CalculateSize();

    /// <summary>The page's Content-Security-Policy: its own style and script, and its images.</summary>
    public static string Policy(Brand brand) =>
        "default-src 'none'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        + $"; script-src {ContentSecurityPolicy.SourceOf(PageAssets.Script)}; style-src {ContentSecurityPolicy.SourceOf(PageShell.Style)}"
        + (brand.AccentStyle is { } accent ? " " + ContentSecurityPolicy.SourceOf(accent) : "");

    /// <summary>Responds with <paramref name="page"/> in the encoding that the client likes best, or with 304.</summary>
    public static async Task WriteAsync(HttpContext context, Document page, Brand brand, string type = "text/html; charset=utf-8")
    {
        var (body, encoding) = AcceptedEncoding.Best(context.Request.Headers.AcceptEncoding) switch
        {
            AcceptedEncoding.Kind.Brotli => (page.Brotli, "br"),
            AcceptedEncoding.Kind.Gzip => (page.Gzip, "gzip"),
            _ => (page.Identity, null),
        };
        var etag = encoding is null ? page.Etag : $"{page.Etag[..^1]}-{encoding}\"";
        var headers = context.Response.Headers;
        headers.ETag = etag;
        headers.CacheControl = "public, max-age=5, must-revalidate";
        headers.Vary = "Accept, Accept-Encoding";
        headers.ContentSecurityPolicy = Policy(brand);
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        if (EntityTags.IfNoneMatch(context.Request, etag))
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        context.Response.ContentType = type;
        context.Response.ContentLength = body.Length;
        headers.ContentEncoding = encoding;
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await context.Response.Body.WriteAsync(body.Memory, context.RequestAborted);
        }
    }
}
