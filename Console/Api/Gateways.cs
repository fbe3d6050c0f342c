using System.Net;
using System.Net.Http.Headers;
using Xerotier.ServiceDefaults;

namespace Xerotier.OperatorConsole.Api;

/// <summary>Sends requests to the Gateway's port for other services: to each replica in turn, and to the next one where one is not there.</summary>
public sealed class Gateways : IDisposable
{
    private const string Service = "gateway";

    private readonly SocketsHttpHandler handler;
    private readonly HttpClient http;
    private readonly InternalTokens tokens;
    private readonly CancellationTokenSource ended = new();
    private volatile IReadOnlyList<Replica> replicas;
    private uint turn;

    /// <summary>Finds the Gateways by the settings <c>services:gateway:internal</c>.</summary>
    public Gateways(IConfiguration configuration, InternalTokens tokens, InternalTls tls, LookUp lookUp, TimeProvider time, ILogger<ReplicaList> logger)
    {
        this.tokens = tokens;
        var list = new ReplicaList(configuration.GetServiceAddresses(Service, "internal"), lookUp, time, logger);
        replicas = list.Current;
        _ = list.WatchAsync(current => replicas = current, ended.Token);
        handler = new()
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = TimeSpan.FromSeconds(2),
            EnableMultipleHttp2Connections = true,
            KeepAlivePingDelay = TimeSpan.FromSeconds(1),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(1),
            SslOptions = tls.ClientOptions(),
            UseCookies = false,
            UseProxy = false,
        };
        http = new(handler, disposeHandler: false) { Timeout = TimeSpan.FromSeconds(10) };
    }

    /// <summary>Sends what <paramref name="request"/> makes.</summary>
    /// <param name="request">Makes the request anew for each try; its address is a path.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="ApiException">503: no Gateway is there, or the one that was asked ended. 504: it does not respond.</exception>
    public async Task<HttpResponseMessage> SendAsync(Func<HttpRequestMessage> request, CancellationToken cancellation)
    {
        var known = replicas;
        var first = Interlocked.Increment(ref turn);
        for (var i = 0; i < known.Count; i++)
        {
            var replica = known[(int)((first + (uint)i) % (uint)known.Count)];
            using var sent = request();
            sent.RequestUri = new(replica.Address, sent.RequestUri!);
            (sent.Version, sent.VersionPolicy) = (HttpVersion.Version20, HttpVersionPolicy.RequestVersionExact);
            sent.Headers.Host = replica.Name;
            sent.Headers.Authorization = new AuthenticationHeaderValue("Bearer", tokens.ForService(Service));
            try
            {
                return await http.SendAsync(sent, cancellation);
            }
            catch (HttpRequestException failure) when (sent.Method == HttpMethod.Get || failure.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError)
            {
                // nothing was changed there: the next one
            }
            catch (HttpRequestException)
            {
                break; // a change may have been made although its answer is lost: it is not asked for twice
            }
            catch (TaskCanceledException failure) when (failure.InnerException is TimeoutException && !cancellation.IsCancellationRequested)
            {
                throw new ApiException(ApiErrors.UpstreamTimeout);
            }
        }

        throw new ApiException(ApiErrors.ServiceUnavailable);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        ended.Cancel();
        ended.Dispose();
        http.Dispose();
        handler.Dispose();
    }
}
