using Microsoft.AspNetCore.Http.Features;
using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway.Edge;

/// <summary>Checks what a request asks for: whether the path exists (404, 405), and the size and type of the body (413, 415).</summary>
internal static class RequestValidation
{
    private static readonly ApiError NotGrpc = ApiErrors.UnsupportedMediaType with { Message = "This is a gRPC method: call it over HTTP/2 with application/grpc." };

    /// <summary>The error of a request that is authorized but not valid; null if it is valid. Sets the limit of the body.</summary>
    public static ApiError? Validate(HttpContext context, RouteMatch match)
    {
        if (match.Route is not { } route)
        {
            return match.Allow is null ? ApiErrors.NotFound() : ApiErrors.MethodNotAllowed(match.Allow);
        }

        var request = context.Request;
        var grpc = Responses.IsGrpc(request);
        if (route.IsGrpc || grpc)
        {
            return route.IsGrpc && grpc ? null : route.IsGrpc ? NotGrpc : ApiErrors.NotFound();
        }

        if (request.ContentLength > route.MaxBody)
        {
            return ApiErrors.PayloadTooLarge;
        }

        if (context.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true })
        {
            context.Features.Get<IHttpMaxRequestBodySizeFeature>()!.MaxRequestBodySize = route.MaxBody;
            if (route.IsForm && request.Headers.TransferEncoding.Count > 0)
            {
                // No browser sends a form in chunks. One that is refused unread, and is too long to be read away, ends the connection: its client must know before.
                context.Response.Headers.Connection = "close";
            }

            var type = route.IsForm ? "application/x-www-form-urlencoded" : "application/json";
            var isTaken = Is(request.ContentType, type) || (route.TakesMultipart && request.ContentType?.StartsWith("multipart/form-data;", StringComparison.OrdinalIgnoreCase) == true);
            if (route.Method is "POST" or "PATCH" && request.ContentLength != 0 && (!isTaken || request.Headers.ContentEncoding.Count > 0))
            {
                return route.IsForm ? ApiErrors.NotAForm : ApiErrors.UnsupportedMediaType;
            }
        }

        return null;
    }

    /// <summary>The path of the request line, not decoded; of an absolute target, the part between the authority and the query. Never empty.</summary>
    /// <param name="target">The target as sent; empty where HTTP/2 has none.</param>
    /// <param name="path">The path as the server reads it. It is returned if it is the same, so that nothing is allocated.</param>
    public static string PathAsSent(string target, string? path)
    {
        var query = target.IndexOf('?', StringComparison.Ordinal);
        var sent = query < 0 ? target.AsSpan() : target.AsSpan(0, query);
        if (!sent.StartsWith('/') && sent.IndexOf("://", StringComparison.Ordinal) is > 0 and var scheme)
        {
            var authority = sent[(scheme + 3)..];
            sent = authority.IndexOf('/') is >= 0 and var slash ? authority[slash..] : [];
        }

        return sent.IsEmpty ? "/" : path is not null && sent.SequenceEqual(path) ? path : sent.ToString();
    }

    /// <summary>Whether the body is of the type <paramref name="wanted"/>, in UTF-8.</summary>
    private static bool Is(string? type, string wanted)
    {
        if (type is null || !type.StartsWith(wanted, StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        var rest = type.AsSpan(wanted.Length).Trim();
        return rest.IsEmpty || (rest[0] == ';' && rest[1..].Trim() is var parameter
            && (parameter.Equals("charset=utf-8", StringComparison.OrdinalIgnoreCase) || parameter.Equals("charset=\"utf-8\"", StringComparison.OrdinalIgnoreCase)));
    }
}
