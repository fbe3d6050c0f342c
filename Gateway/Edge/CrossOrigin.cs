using Microsoft.Extensions.Primitives;
using Xerotier.ServiceDefaults.Site;

namespace Xerotier.Gateway.Edge;

/// <summary>Lets pages of every origin read a response (surfaces.md), and no page but ours send a form. What such paths say is public, and credentials are never taken into account.</summary>
internal static class CrossOrigin
{
    private static readonly StringValues Any = "*";
    private static readonly StringValues Exposed = "ETag, Retry-After, X-Request-Id";
    private static readonly StringValues Resource = "cross-origin";

    /// <summary>Sets the headers of every response, errors too.</summary>
    public static void SetOn(HttpResponse response)
    {
        var headers = response.Headers;
        headers.AccessControlAllowOrigin = Any;
        headers.AccessControlExposeHeaders = Exposed;
        headers["Cross-Origin-Resource-Policy"] = Resource;
    }

    /// <summary>Responds to OPTIONS, which a browser asks before a request with headers of its own.</summary>
    public static void Allow(HttpResponse response, string methods)
    {
        response.StatusCode = StatusCodes.Status204NoContent;
        response.Headers.Allow = methods;
        response.Headers.AccessControlAllowMethods = "GET, HEAD";
        response.Headers.AccessControlAllowHeaders = "If-None-Match";
        response.Headers.AccessControlMaxAge = "86400";
    }

    /// <summary>
    /// Whether no page of another origin has a visitor's browser send this, as far as the browser tells. <c>Origin</c> is asked only where
    /// <c>Sec-Fetch-Site</c> is not sent, as over plain http.
    /// </summary>
    /// <param name="request">The request.</param>
    /// <param name="brand">With the address that people know.</param>
    /// <param name="isSecure">Whether the client's connection has TLS; null: that is not known here, and schemes are not compared.</param>
    /// <param name="hidesOrigin">Whether our own page sends no referrer, and so <c>null</c>, which says nothing.</param>
    public static bool IsFromOurPage(HttpRequest request, Brand brand, bool? isSecure = null, bool hidesOrigin = false)
    {
        var site = request.Headers["Sec-Fetch-Site"];
        if (site.Count > 0)
        {
            return site is ["same-origin" or "none"];
        }

        return request.Headers.Origin switch
        {
            [] => true,
            ["null"] => hidesOrigin,
            [{ } origin] when Uri.TryCreate(origin, UriKind.Absolute, out var from) => (IsOf(from, request.Host) && (isSecure is null || isSecure == (from.Scheme == Uri.UriSchemeHttps))) || (Uri.TryCreate(brand.PublicUrl, UriKind.Absolute, out var ours)
                && from.GetLeftPart(UriPartial.Authority) == ours.GetLeftPart(UriPartial.Authority)), // behind a proxy that names another host
            _ => false,
        };
    }

    private static bool IsOf(Uri origin, HostString host) =>
        string.Equals(origin.Host, host.Host, StringComparison.OrdinalIgnoreCase) && origin.Port == (host.Port ?? (origin.IsDefaultPort ? origin.Port : -1));
}
