using System.Net;
using Xerotier.ServiceDefaults;
using Yarp.ReverseProxy.Forwarder;

namespace Xerotier.Gateway.Proxy;

/// <summary>
/// Makes the request to a service: the method, path and query, the few headers that a service reads, and a token that names the caller.
/// No other header of a caller is passed on, so no caller can forge one of ours.
/// </summary>
internal sealed class ServiceRequestTransformer(string authorization, IPAddress client) : HttpTransformer
{
    private static readonly string[] Passed =
        ["Accept", "Accept-Encoding", "Accept-Language", "Idempotency-Key", "If-Match", "If-None-Match", "User-Agent", "grpc-timeout", "grpc-encoding", "grpc-accept-encoding"];

    /// <summary>The name that the destination knows itself by; null: the one in its address.</summary>
    public string? Host { get; set; }

    /// <summary>Whether the service rejected our token. The caller is not to blame for that.</summary>
    public bool TokenRejected { get; private set; }

    /// <inheritdoc/>
    public override ValueTask TransformRequestAsync(HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
    {
        if (proxyRequest.Method == HttpMethod.Head)
        {
            proxyRequest.Method = HttpMethod.Get; // the server omits the body by itself
        }

        var headers = httpContext.Request.Headers;
        foreach (var name in Passed)
        {
            var values = headers[name];
            if (values.Count > 0)
            {
                proxyRequest.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
            }
        }

        if (proxyRequest.Version.Major == 2)
        {
            proxyRequest.Content ??= new ByteArrayContent([]); // a call that ended with its headers: without a content, its type would be lost
        }

        if (proxyRequest.Content?.Headers is { } content)
        {
            content.TryAddWithoutValidation("Content-Type", headers.ContentType.ToString());
            content.ContentLength = headers.ContentLength;
        }

        var added = proxyRequest.Headers;
        added.Host = Host;
        if (proxyRequest.Version.Major == 2)
        {
            added.TE.Add(new("trailers"));
        }

        added.TryAddWithoutValidation("Authorization", authorization);
        added.TryAddWithoutValidation("X-Forwarded-For", client.ToString());
        added.TryAddWithoutValidation("X-Request-Id", Responses.RequestIdOf(httpContext).ToString());
        return default;
    }

    /// <inheritdoc/>
    public override ValueTask<bool> TransformResponseAsync(HttpContext httpContext, HttpResponseMessage? proxyResponse, CancellationToken cancellationToken)
    {
        if (proxyResponse?.StatusCode == HttpStatusCode.Unauthorized)
        {
            TokenRejected = true;
            return ValueTask.FromResult(false);
        }

        if (proxyResponse?.Headers.Contains(RateLimitHeaders.Limit) == true)
        {
            // The service counts what is in a request, so its figures are the right ones.
            var own = httpContext.Response.Headers;
            own.Remove(RateLimitHeaders.Limit);
            own.Remove(RateLimitHeaders.Remaining);
            own.Remove(RateLimitHeaders.Reset);
        }

        var copied = base.TransformResponseAsync(httpContext, proxyResponse, cancellationToken);
        httpContext.Response.Headers.Server = default;
        return copied;
    }
}
