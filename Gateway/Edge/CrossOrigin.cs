using Microsoft.Extensions.Primitives;

namespace Xerotier.Gateway.Edge;

/// <summary>Lets pages of every origin read a response (surfaces.md). What such paths say is public, and credentials are never taken into account.</summary>
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
}
