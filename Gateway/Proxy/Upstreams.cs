using System.Net;
using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway.Proxy;

/// <summary>Every service behind the Gateway, probed twice a second with a token, as requests have one: what takes no token of ours is not healthy.</summary>
internal sealed partial class Upstreams : BackgroundService
{
    /// <summary>The operators' console, the only service that an installation may do without.</summary>
    public const string Console = "console";

    private static readonly TimeSpan ProbeEvery = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(1);
    private readonly InternalTokens tokens;
    private readonly InternalTls tls;
    private readonly TimeProvider time;
    private readonly ILogger<Upstreams> logger;
    private readonly List<Func<CancellationToken, Task>> watches = [];

    public Upstreams(IConfiguration configuration, InternalTokens tokens, InternalTls tls, LookUp lookUp, TimeProvider time, ILogger<Upstreams> logger)
    {
        (this.tokens, this.tls, this.time, this.logger) = (tokens, tls, time, logger);
        All =
        [
            .. configuration.GetSection($"services:{Console}").Exists() ? [Service(Console, grpc: false)] : Array.Empty<Upstream>(),
            Service("healthcollector", grpc: true), Service("maintenanceservice", grpc: false), Service("notificationservice", grpc: false), Service("statusservice", grpc: false),
        ];

        Upstream Service(string name, bool grpc)
        {
            var addresses = configuration.GetServiceAddresses(name, "http");
            var streams = grpc ? configuration.GetServiceAddresses(name, "grpc") : null;
            if (streams is not null && !addresses.Select(NameOf).SequenceEqual(streams.Select(NameOf)))
            {
                throw new InvalidOperationException($"'{name}' needs a gRPC address for each HTTP address; where DNS resolves one, then the other too, by the same name.");
            }

            var upstream = new Upstream(name, time);
            var replicas = new ReplicaList(addresses, lookUp, time, logger);
            Update(upstream, replicas.Current, Make);
            watches.Add(stopping => WatchAsync(upstream, replicas, Make, stopping));
            return upstream;

            Destination Make(Replica replica) => new(replica, streams is null ? null : replica.At(streams[addresses.ToList().IndexOf(replica.Setting)]));
        }

        static string? NameOf(Uri setting) => ReplicaList.IsName(setting) ? setting.Host : null;
    }

    /// <summary>The services.</summary>
    public IReadOnlyList<Upstream> All { get; }

    /// <summary>The service named <paramref name="name"/>.</summary>
    public Upstream this[string name] => All.Single(upstream => upstream.Name == name);

    /// <summary>Whether there is a service named <paramref name="name"/>.</summary>
    public bool Has(string name) => All.Any(upstream => upstream.Name == name);

    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(watches.Select(watch => watch(stoppingToken)));

    /// <summary>Replicas that stay keep their health.</summary>
    private static void Update(Upstream upstream, IReadOnlyList<Replica> replicas, Func<Replica, Destination> make)
    {
        var before = upstream.Destinations;
        upstream.Destinations = [.. replicas.Select(replica => before.FirstOrDefault(destination => destination.Replica == replica) ?? make(replica))];
    }

    private async Task WatchAsync(Upstream upstream, ReplicaList replicas, Func<Replica, Destination> make, CancellationToken stopping)
    {
        var probes = new Dictionary<Destination, Task>();
        await replicas.WatchAsync(
            current =>
            {
                Update(upstream, current, make);
                foreach (var gone in probes.Keys.Except(upstream.Destinations).ToList())
                {
                    probes.Remove(gone);
                }

                foreach (var added in upstream.Destinations.Except(probes.Keys).ToList())
                {
                    probes.Add(added, ProbeAsync(upstream, added, stopping));
                }
            },
            stopping);
        await Task.WhenAll(probes.Values);
    }

    /// <summary>Probes a destination for as long as it is one.</summary>
    private async Task ProbeAsync(Upstream upstream, Destination destination, CancellationToken stopping)
    {
        // No retries: a probe that retries hides the failure that it must find.
        using var handler = new SocketsHttpHandler { SslOptions = tls.ClientOptions(), UseProxy = false, ActivityHeadersPropagator = null };
        using var http = new HttpClient(handler) { Timeout = ProbeTimeout };
        var (started, logged, everHealthy) = (time.GetTimestamp(), true, false);
        while (!stopping.IsCancellationRequested && upstream.Destinations.Contains(destination))
        {
            bool healthy;
            HttpStatusCode? status = null;
            try
            {
                using var request = destination.Get(ServiceHost.TrustPath);
                request.Headers.Authorization = new("Bearer", tokens.ForService(upstream.Name));
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
                LogChanged(logger, upstream.Name, destination.Http, healthy ? "is healthy again" : status == HttpStatusCode.Unauthorized ? "refuses our tokens; its own log says why" : "fails its probes");
                logged = healthy;
            }

            await Task.Delay(ProbeEvery, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "{Service} at {Address} {State}")]
    private static partial void LogChanged(ILogger logger, string service, string address, string state);
}
