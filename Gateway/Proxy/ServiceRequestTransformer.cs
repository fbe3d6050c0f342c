using System.Globalization;
using System.Net;
using System.Text.Json;
using Xerotier.Contracts;
using Xerotier.Gateway.Clients;
using Xerotier.ServiceDefaults;
using Yarp.ReverseProxy.Forwarder;

namespace Xerotier.Gateway.Proxy;

/// <summary>
/// Makes the request to a service: the method, path and query, the few headers that a service reads, and a token that names the caller.
/// No other header of a caller is passed on, so no caller can forge one of ours.
/// </summary>
/// <param name="authorization">The token.</param>
/// <param name="client">Where the request comes from.</param>
/// <param name="isPublic">Whether anybody may send it: then the service learns by which network it may count requests.</param>
/// <param name="wantsPage">Whether its sender prefers a page to the envelope of an error.</param>
/// <param name="session">The headers of a session of the console.</param>
internal sealed class ServiceRequestTransformer(string authorization, ClientAddress client, bool isPublic, bool wantsPage, IReadOnlyList<KeyValuePair<string, string>>? session) : HttpTransformer
{
    private const string Network = "Xerotier-Client";
    private const int MaxEnvelope = 64 * 1024;
    private static readonly string[] Passed =
        ["Accept", "Accept-Encoding", "Accept-Language", "Idempotency-Key", "If-Match", "If-None-Match", "User-Agent", "grpc-timeout", "grpc-encoding", "grpc-accept-encoding"];

    /// <summary>The name that the destination knows itself by; null: the one in its address.</summary>
    public string? Host { get; set; }

    /// <summary>Whether the service rejected our token. The caller is not to blame for that.</summary>
    public bool TokenRejected { get; private set; }

    /// <summary>The service's error, where its sender wants a page and the service has made none.</summary>
    public ApiError? Error { get; private set; }

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

        if (proxyRequest.Content?.Headers is { } content)
        {
            content.TryAddWithoutValidation("Content-Type", headers.ContentType.ToString());
            content.ContentLength = headers.ContentLength;
        }
        else if (proxyRequest.Version.Major == 2)
        {
            proxyRequest.Options.Set(SendOnceHandler.ContentType, headers.ContentType.ToString()); // a call that ended with its headers
        }

        var added = proxyRequest.Headers;
        added.Host = Host;
        if (proxyRequest.Version.Major == 2)
        {
            added.TE.Add(new("trailers"));
        }

        added.TryAddWithoutValidation("Authorization", authorization);
        added.TryAddWithoutValidation("X-Forwarded-For", client.Address.ToString());
        if (isPublic)
        {
            added.TryAddWithoutValidation(Network, client.NetworkAddress.ToString());
        }

        foreach (var (name, value) in session ?? [])
        {
            added.TryAddWithoutValidation(name, value);
        }

        added.TryAddWithoutValidation("X-Request-Id", Responses.RequestIdOf(httpContext).ToString());
        return default;
    }

    /// <inheritdoc/>
    public override async ValueTask<bool> TransformResponseAsync(HttpContext httpContext, HttpResponseMessage? proxyResponse, CancellationToken cancellationToken)
    {
        if (proxyResponse?.StatusCode == HttpStatusCode.Unauthorized)
        {
            TokenRejected = true;
            return false;
        }

        if (wantsPage && proxyResponse is { StatusCode: >= HttpStatusCode.BadRequest } && proxyResponse.Content.Headers.ContentType?.MediaType != "text/html")
        {
            Error = await ReadErrorAsync(proxyResponse, cancellationToken);
            return false;
        }

        if (proxyResponse?.Headers.Contains(RateLimitHeaders.Limit) == true)
        {
            // The service counts what is in a request, so its figures are the right ones.
            var own = httpContext.Response.Headers;
            own.Remove(RateLimitHeaders.Limit);
            own.Remove(RateLimitHeaders.Remaining);
            own.Remove(RateLimitHeaders.Reset);
        }

        var copied = await base.TransformResponseAsync(httpContext, proxyResponse, cancellationToken);
        httpContext.Response.Headers.Server = default;
        return copied;
    }

    /// <summary>What a service's envelope says; by its status alone, where it is none.</summary>
    private static async Task<ApiError> ReadErrorAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        var (status, content) = ((int)response.StatusCode, response.Content);
        try
        {
            if (content.Headers is { ContentEncoding.Count: 0, ContentType.MediaType: "application/json" })
            {
                await content.LoadIntoBufferAsync(MaxEnvelope, cancellation);
                if (await content.ReadFromJsonAsync(ContractsJson.Wire.ErrorResponse, cancellation) is { Error: { } error })
                {
                    return new(status, error.Type, error.Code, error.Message, error.Param) { RetryAfterSeconds = error.RetryAfter };
                }
            }
        }
        catch (Exception failure) when (failure is JsonException or HttpRequestException)
        {
            // none of ours, too long, or broken off
        }

        return status == StatusCodes.Status429TooManyRequests
            ? ApiErrors.RateLimitExceeded(int.TryParse(response.Headers.RetryAfter?.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) ? seconds : 1)
            : ApiErrors.FromStatus(status);
    }
}
