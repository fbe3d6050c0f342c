using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using Xerotier.ServiceDefaults;

namespace Xerotier.OperatorConsole.Api;

/// <summary>Sends requests to the Gateway's port for other services: to each replica in turn, and to the next one where one is not there. One that failed is asked last for a while.</summary>
public sealed class Gateways : IDisposable
{
    private const string Service = "gateway";

    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(1);

    /// <summary>How long one of several replicas gets for what another may be asked instead.</summary>
    private static readonly TimeSpan AttemptTimeout = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan TotalTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan AskedLastFor = TimeSpan.FromSeconds(10);

    private readonly SocketsHttpHandler handler;
    private readonly HttpClient http;
    private readonly InternalTokens tokens;
    private readonly TimeProvider time;
    private readonly ConcurrentDictionary<Uri, long> failures = new(); // when a replica failed last
    private readonly CancellationTokenSource ended = new();
    private volatile IReadOnlyList<Replica> replicas;
    private uint turn;

    /// <summary>Finds the Gateways by the settings <c>services:gateway:internal</c>.</summary>
    public Gateways(IConfiguration configuration, InternalTokens tokens, InternalTls tls, LookUp lookUp, TimeProvider time, ILogger<ReplicaList> logger)
    {
        (this.tokens, this.time) = (tokens, time);
        var list = new ReplicaList(configuration.GetServiceAddresses(Service, "internal"), lookUp, time, logger);
        replicas = list.Current;
        _ = list.WatchAsync(
            current =>
            {
                replicas = current;
                failures.Clear(); // of replicas that may have gone
            },
            ended.Token);
        handler = new()
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = ConnectTimeout,
            EnableMultipleHttp2Connections = true,
            KeepAlivePingDelay = TimeSpan.FromSeconds(1),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(1),
            SslOptions = tls.ClientOptions(),
            UseCookies = false,
            UseProxy = false,
        };
        http = new(handler, disposeHandler: false) { Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>What was on the public page when it was last read, with its tag; null: it has not been yet.</summary>
    internal Versioned<StatusDocument>? Status { get; set; }

    /// <summary>Sends what <paramref name="request"/> makes.</summary>
    /// <param name="request">Makes the request anew for each try; its address is a path.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="ApiException">503: no Gateway is there, or the one that was asked ended. 504: none responds, or the one that was asked for a change.</exception>
    public async Task<HttpResponseMessage> SendAsync(Func<HttpRequestMessage> request, CancellationToken cancellation)
    {
        var (turns, error) = (InTurn(), ApiErrors.ServiceUnavailable);
        while (turns.TryDequeue(out var replica))
        {
            using var sent = request();
            sent.RequestUri = new(replica.Address, sent.RequestUri!);
            (sent.Version, sent.VersionPolicy) = (HttpVersion.Version20, HttpVersionPolicy.RequestVersionExact);
            sent.Headers.Host = replica.Name;
            sent.Headers.Authorization = new AuthenticationHeaderValue("Bearer", tokens.ForService(Service));
            var isSafe = sent.Method == HttpMethod.Get;
            using var attempt = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            attempt.CancelAfter(isSafe && turns.Count > 0 ? AttemptTimeout : TotalTimeout);
            try
            {
                return await http.SendAsync(sent, attempt.Token);
            }
            catch (HttpRequestException failure)
            {
                error = ApiErrors.ServiceUnavailable;
                isSafe |= failure.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError;
            }
            catch (OperationCanceledException) when (attempt.IsCancellationRequested && !cancellation.IsCancellationRequested)
            {
                error = ApiErrors.UpstreamTimeout;
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                (error, isSafe) = (ApiErrors.ServiceUnavailable, true); // no connection came about
            }

            failures[replica.Address] = time.GetTimestamp();
            if (!isSafe)
            {
                break; // a change may have been made although its answer is lost: it is not asked for twice
            }
        }

        throw new ApiException(error);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        ended.Cancel();
        ended.Dispose();
        http.Dispose();
        handler.Dispose();
    }

    /// <summary>The replicas in the order in which this request asks them.</summary>
    private Queue<Replica> InTurn()
    {
        var known = replicas;
        var first = known.Count == 0 ? 0 : (int)(Interlocked.Increment(ref turn) % (uint)known.Count);
        return new(known.Skip(first).Concat(known.Take(first)).OrderBy(replica => failures.TryGetValue(replica.Address, out var at) && time.GetElapsedTime(at) < AskedLastFor));
    }
}
