using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway.Proxy;

/// <summary>One replica of a service.</summary>
/// <param name="http">Its HTTP address.</param>
/// <param name="grpc">Its gRPC address, where it has one that the Gateway proxies to.</param>
internal sealed class Replica(Uri http, Uri? grpc)
{
    private volatile bool answers = true;
    private long suspectUntil;

    /// <summary>Its HTTP address.</summary>
    public string Http { get; } = http.GetLeftPart(UriPartial.Authority);

    /// <summary>Its gRPC address.</summary>
    public string Grpc { get; } = (grpc ?? http).GetLeftPart(UriPartial.Authority);

    /// <summary>Whether its last probe was answered.</summary>
    public bool Answers => answers;

    /// <summary>Whether requests should go to it: the last probe was answered, and no request failed since.</summary>
    public bool IsHealthy(TimeProvider time) => answers && Volatile.Read(ref suspectUntil) <= time.GetTimestamp();

    /// <summary>Takes the result of a probe.</summary>
    public void Probed(bool answered) => answers = answered;

    /// <summary>A request to it failed: others go first until the next probes have spoken.</summary>
    public void Suspect(TimeProvider time) => Volatile.Write(ref suspectUntil, time.GetTimestamp() + (2 * time.TimestampFrequency));
}

/// <summary>The replicas of one service.</summary>
/// <param name="name">The service's name.</param>
/// <param name="replicas">Its replicas.</param>
/// <param name="time">The clock.</param>
internal sealed class Upstream(string name, IReadOnlyList<Replica> replicas, TimeProvider time)
{
    private uint turn;

    /// <summary>The service's name in the topology.</summary>
    public string Name { get; } = name;

    /// <summary>Its replicas.</summary>
    public IReadOnlyList<Replica> Replicas { get; } = replicas;

    /// <summary>Whether any replica answers its probes.</summary>
    public bool Answers => Replicas.Any(replica => replica.Answers);

    /// <summary>The replica for the next attempt: healthy ones in turn, others only when no healthy one is left; never one of <paramref name="tried"/>.</summary>
    /// <returns>Null: all were tried.</returns>
    public Replica? Next(IReadOnlyCollection<Replica> tried)
    {
        var first = Replicas.Count == 1 ? 0 : (int)(Interlocked.Increment(ref turn) % (uint)Replicas.Count);
        Replica? last = null;
        for (var i = 0; i < Replicas.Count; i++)
        {
            var replica = Replicas[(first + i) % Replicas.Count];
            if (tried.Contains(replica))
            {
                continue;
            }

            if (replica.IsHealthy(time))
            {
                return replica;
            }

            last ??= replica;
        }

        return last;
    }

    /// <summary>Whether another replica than <paramref name="replica"/> is healthy.</summary>
    public bool HasOther(Replica replica)
    {
        foreach (var other in Replicas)
        {
            if (other != replica && other.IsHealthy(time))
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>Every service behind the Gateway, probed twice a second.</summary>
internal sealed partial class Upstreams : BackgroundService
{
    private static readonly TimeSpan ProbeEvery = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(1);
    private readonly TimeProvider time;
    private readonly ILogger<Upstreams> logger;

    public Upstreams(IConfiguration configuration, TimeProvider time, ILogger<Upstreams> logger)
    {
        (this.time, this.logger) = (time, logger);
        All = [Service("healthcollector", grpc: true), Service("maintenanceservice", grpc: false), Service("statusservice", grpc: false)];

        Upstream Service(string name, bool grpc)
        {
            var addresses = configuration.GetServiceAddresses(name, "http");
            var streams = grpc ? configuration.GetServiceAddresses(name, "grpc") : [];
            return grpc && streams.Count != addresses.Count
                ? throw new InvalidOperationException($"'{name}' needs as many gRPC addresses as HTTP addresses.")
                : new(name, [.. addresses.Select((address, i) => new Replica(address, grpc ? streams[i] : null))], time);
        }
    }

    /// <summary>The services.</summary>
    public IReadOnlyList<Upstream> All { get; }

    /// <summary>The service named <paramref name="name"/>.</summary>
    public Upstream this[string name] => All.Single(upstream => upstream.Name == name);

    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(All.SelectMany(upstream => upstream.Replicas.Select(replica => WatchAsync(upstream.Name, replica, stoppingToken))));

    private async Task WatchAsync(string name, Replica replica, CancellationToken stopping)
    {
        // No resilience here: a probe that retries hides what it is to find.
        using var handler = new SocketsHttpHandler { UseProxy = false, ActivityHeadersPropagator = null };
        using var http = new HttpClient(handler) { Timeout = ProbeTimeout };
        var address = new Uri($"{replica.Http}/healthz");
        var (started, logged, everAnswered) = (time.GetTimestamp(), true, false);
        while (!stopping.IsCancellationRequested)
        {
            bool answered;
            try
            {
                using var response = await http.GetAsync(address, stopping);
                answered = response.IsSuccessStatusCode;
            }
            catch (Exception failure) when (failure is HttpRequestException or OperationCanceledException)
            {
                answered = false;
            }

            if (stopping.IsCancellationRequested)
            {
                return;
            }

            replica.Probed(answered);
            everAnswered |= answered;
            if (answered != logged && (everAnswered || time.GetElapsedTime(started) > ServiceClients.StartupGrace)) // at first it may be starting as well
            {
                LogChanged(logger, name, replica.Http, answered ? "answers again" : "does not answer");
                logged = answered;
            }

            await Task.Delay(ProbeEvery, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "{Service} at {Address} {State}")]
    private static partial void LogChanged(ILogger logger, string service, string address, string state);
}
