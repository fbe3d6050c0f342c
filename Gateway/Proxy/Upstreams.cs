using System.Net;
using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway.Proxy;

/// <summary>Every service behind the Gateway, probed twice a second with a token, as requests have one: what takes no token of ours is not healthy.</summary>
internal sealed partial class Upstreams : BackgroundService
{
    private static readonly TimeSpan ProbeEvery = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(1);
    private readonly InternalTokens tokens;
    private readonly InternalTls tls;
    private readonly TimeProvider time;
    private readonly ILogger<Upstreams> logger;

    public Upstreams(IConfiguration configuration, InternalTokens tokens, InternalTls tls, TimeProvider time, ILogger<Upstreams> logger)
    {
        (this.tokens, this.tls, this.time, this.logger) = (tokens, tls, time, logger);
        All = [Service("healthcollector", grpc: true), Service("maintenanceservice", grpc: false), Service("statusservice", grpc: false)];

        Upstream Service(string name, bool grpc)
        {
            var addresses = configuration.GetServiceAddresses(name, "http");
            var streams = grpc ? configuration.GetServiceAddresses(name, "grpc") : [];
            return grpc && streams.Count != addresses.Count
                ? throw new InvalidOperationException($"'{name}' needs as many gRPC addresses as HTTP addresses.")
                : new(name, [.. addresses.Select((address, i) => new Destination(address, grpc ? streams[i] : null))], time);
        }
    }

    /// <summary>The services.</summary>
    public IReadOnlyList<Upstream> All { get; }

    /// <summary>The service named <paramref name="name"/>.</summary>
    public Upstream this[string name] => All.Single(upstream => upstream.Name == name);

    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(All.SelectMany(upstream => upstream.Destinations.Select(destination => WatchAsync(upstream.Name, destination, stoppingToken))));

    private async Task WatchAsync(string name, Destination destination, CancellationToken stopping)
    {
        // No retries: a probe that retries hides the failure that it must find.
        using var handler = new SocketsHttpHandler { SslOptions = tls.ClientOptions(), UseProxy = false, ActivityHeadersPropagator = null };
        using var http = new HttpClient(handler) { Timeout = ProbeTimeout };
        var address = new Uri($"{destination.Http}{ServiceHost.TrustPath}");
        var (started, logged, everHealthy) = (time.GetTimestamp(), true, false);
        while (!stopping.IsCancellationRequested)
        {
            bool healthy;
            HttpStatusCode? status = null;
            try
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, address) { Headers = { Authorization = new("Bearer", tokens.ForService(name)) } };
                using var response = await http.SendAsync(request, stopping);
                status = response.StatusCode;
                healthy = response.IsSuccessStatusCode;
            }
            catch (Exception failure) when (failure is HttpRequestException or OperationCanceledException)
            {
                healthy = false;
            }

            if (stopping.IsCancellationRequested)
            {
                return;
            }

            destination.ReportProbe(healthy);
            everHealthy |= healthy;
            if (healthy != logged && (everHealthy || time.GetElapsedTime(started) > ServiceClients.StartupGrace)) // at first it may still be starting
            {
                LogChanged(logger, name, destination.Http, healthy ? "is healthy again" : status == HttpStatusCode.Unauthorized ? "refuses our tokens; its own log says why" : "fails its probes");
                logged = healthy;
            }

            await Task.Delay(ProbeEvery, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "{Service} at {Address} {State}")]
    private static partial void LogChanged(ILogger logger, string service, string address, string state);
}
