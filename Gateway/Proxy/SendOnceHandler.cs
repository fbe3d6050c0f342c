namespace Xerotier.Gateway.Proxy;

/// <summary>
/// Sends a request that may change something once. When a connection that was used before breaks, the framework sends a request without
/// a content again, whatever its method and whatever the service has made of it by then; one with a content, were it empty, it does not.
/// </summary>
/// <param name="inner">Sends it.</param>
internal sealed class SendOnceHandler(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    /// <summary>The type of the content that a request gets here: without a content it has nowhere to be.</summary>
    public static readonly HttpRequestOptionsKey<string> ContentType = new("Content-Type");

    /// <inheritdoc/>
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.Content is null && request.Method != HttpMethod.Get && request.Method != HttpMethod.Head)
        {
            request.Content = new ByteArrayContent([]); // here, as YARP lets no transformer replace a content
            if (request.Options.TryGetValue(ContentType, out var type))
            {
                request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
            }
        }

        return base.SendAsync(request, cancellationToken);
    }
}
