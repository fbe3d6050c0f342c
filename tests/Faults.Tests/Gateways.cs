using System.Net;
using System.Net.Http.Headers;
using Xerotier.TestKit;

namespace Xerotier.Faults.Tests;

/// <summary>Both Gateways of a cluster, as clients use them.</summary>
internal sealed class Gateways(Cluster cluster) : IDisposable
{
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(3);

    private readonly HttpClient[] clients = [Client(cluster.Url), Client(cluster.Endpoint("gateway-1", "http"))];
    private long failedOver;

    /// <summary>Responses that did not come from the first Gateway asked.</summary>
    public long FailedOver => Interlocked.Read(ref failedOver);

    /// <summary>A request with a key, and JSON if given.</summary>
    public static HttpRequestMessage Request(HttpMethod method, string path, string? key = null, string? json = null, string? idempotencyKey = null)
    {
        var request = new HttpRequestMessage(method, path) { Content = json is null ? null : new StringContent(json, new MediaTypeHeaderValue("application/json")) };
        if (key is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        }

        if (idempotencyKey is not null)
        {
            request.Headers.Add("Idempotency-Key", idempotencyKey);
        }

        return request;
    }

    /// <summary>Asks one Gateway, then the other; null when neither answers.</summary>
    public async Task<(HttpStatusCode? Status, string? Body)> SendAsync(int first, Func<HttpRequestMessage> make)
    {
        for (var attempt = 0; attempt < 2; attempt++)
        {
            if (await SendOnceAsync((first + attempt) % 2, make()) is not var (status, body, _))
            {
                continue; // the other one
            }

            if (attempt > 0)
            {
                Interlocked.Increment(ref failedOver);
            }

            return (status, body);
        }

        return (null, null);
    }

    /// <summary>Asks one Gateway once; null when it does not answer.</summary>
    public async Task<(HttpStatusCode Status, string Body, string? ETag)?> SendOnceAsync(int gateway, HttpRequestMessage request)
    {
        try
        {
            using (request)
            {
                using var response = await clients[gateway].SendAsync(request, CancellationToken.None);
                return (response.StatusCode, await response.Content.ReadAsStringAsync(), response.Headers.ETag?.Tag);
            }
        }
        catch (Exception failure) when (failure is HttpRequestException or TaskCanceledException or IOException)
        {
            return null;
        }
    }

    public void Dispose() => Array.ForEach(clients, client => client.Dispose());

    private static HttpClient Client(Uri url) => new(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(1) }) { BaseAddress = url, Timeout = RequestTimeout };
}
