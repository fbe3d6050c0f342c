using System.Globalization;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Http;
using Xerotier.ServiceDefaults.Site;
using Xerotier.StatusService.Documents.Page;

namespace Xerotier.StatusService.Publishing;

/// <summary>
/// <c>GET /status/history?month=YYYY-MM</c>: the days of a month in detail (product.md section 2). The Gateway asks on the public's
/// behalf. Text that is not a month is 400; a month past the retention or in the future is 404.
/// </summary>
public static class HistoryEndpoint
{
    /// <summary>The page's Content-Security-Policy: its own style and script, and its images.</summary>
    public static string Policy(Brand brand) =>
        "default-src 'none'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        + $"; script-src {ContentSecurityPolicy.SourceOf(PageAssets.Script)}; style-src {ContentSecurityPolicy.SourceOf(PageShell.Style)}"
        + (brand.AccentStyle is { } accent ? " " + ContentSecurityPolicy.SourceOf(accent) : "");

    /// <summary>Maps the endpoint.</summary>
    public static void MapHistory(this IEndpointRouteBuilder routes) =>
        routes.MapMethods("/status/history", [HttpMethods.Get, HttpMethods.Head], GetAsync).RequireAuthorization(Policies.Public).WithMetadata(new ForPeople());

    private static async Task GetAsync(HttpContext context, HistoryPages pages, Brand brand, TimeProvider time)
    {
        var now = time.GetUtcNow();
        var page = await pages.GetAsync(MonthOf(context.Request.Query, now), now, context.RequestAborted);
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

        context.Response.ContentType = "text/html; charset=utf-8";
        context.Response.ContentLength = body.Length;
        headers.ContentEncoding = encoding;
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await context.Response.Body.WriteAsync(body.Memory, context.RequestAborted);
        }
    }

    /// <summary>The month that the query names, the current one by default. Other parameters are ignored: links to a public page carry them.</summary>
    private static DateOnly MonthOf(IQueryCollection query, DateTimeOffset now)
    {
        var month = new DateOnly(now.Year, now.Month, 1);
        return !query.TryGetValue("month", out var values)
            || (values.Count == 1 && DateOnly.TryParseExact($"{values[0]}-01", "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out month))
                ? month
                : throw new ApiException(ApiErrors.Invalid("'month' must be a month as YYYY-MM.", "month"));
    }
}
