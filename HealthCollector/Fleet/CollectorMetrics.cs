using System.Diagnostics.Metrics;
using Xerotier.Fleet.V1;
using Xerotier.ServiceDefaults;

namespace Xerotier.HealthCollector.Fleet;

/// <summary>The instruments of a collector. Labels are kinds, states and error codes only.</summary>
internal sealed class CollectorMetrics : IDisposable
{
    private static readonly KeyValuePair<string, object?>[] Kinds = [Label("kind", "router"), Label("kind", "shared"), Label("kind", "private")];

    private readonly Meter meter = new("Xerotier.HealthCollector");
    private readonly Counter<long> accepted;
    private readonly Counter<long> refused;
    private readonly Counter<long> written;
    private readonly Histogram<double> lag;
    private readonly Histogram<double> redis;
    private readonly UpDownCounter<int> streams;
    private volatile PlatformHealth? health;

    /// <summary>Creates them.</summary>
    public CollectorMetrics()
    {
        accepted = meter.CreateCounter<long>("xerotier.heartbeats.accepted", "{heartbeat}", "Heartbeats acknowledged, by kind of sender.");
        refused = meter.CreateCounter<long>("xerotier.heartbeats.refused", "{heartbeat}", "Heartbeats refused, by error code.");
        written = meter.CreateCounter<long>("xerotier.heartbeats.written", "{heartbeat}", "Heartbeats written to Redis: fewer than accepted where several of one sender were merged.");
        var seconds = new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5] };
        lag = meter.CreateHistogram("xerotier.heartbeats.lag", "s", "Time from receiving a batch of heartbeats to its acknowledgement by Redis.", advice: seconds);
        redis = meter.CreateHistogram("xerotier.redis.duration", "s", "Duration of a call to Redis, successful or not, by operation.", advice: seconds);
        streams = meter.CreateUpDownCounter<int>("xerotier.streams.open", "{stream}", "Open gRPC streams, by kind: report (heartbeats), watch (platform health).");
        foreach (var kind in Kinds)
        {
            accepted.Add(0, kind); // what alerts watch is 0 from the start, not absent
        }

        Refused(ApiErrors.TooManyStreams.Code, 0);
        meter.CreateObservableGauge("xerotier.fleet.senders", Senders, "{sender}", "Registered routers and shared agents, by state, as last observed.");
        meter.CreateObservableGauge("xerotier.store.ready", () => health is { Store: StoreState.Ready or StoreState.Young } ? 1 : 0, description: "1 while Redis responds.");
        meter.CreateObservableGauge("xerotier.store.evicts", () => Evicts ? 1 : 0, description: "1 while Redis evicts keys when its memory is full: parts of the fleet would vanish unnoticed.");
    }

    /// <summary>Redis has another policy than noeviction.</summary>
    public bool Evicts { get; set; }

    /// <inheritdoc/>
    public void Dispose() => meter.Dispose();

    /// <summary>Counts acknowledged heartbeats.</summary>
    public void Accepted(SenderKind kind, int count) => accepted.Add(count, Kinds[(int)kind]);

    /// <summary>Counts refused heartbeats.</summary>
    public void Refused(string code, int count) => refused.Add(count, Label("code", code));

    /// <summary>Counts heartbeats written to Redis.</summary>
    public void Written(int count) => written.Add(count);

    /// <summary>Records how long the acknowledgement of a batch took.</summary>
    public void Acknowledged(TimeSpan after) => lag.Record(after.TotalSeconds);

    /// <summary>Records how long a call to Redis took.</summary>
    public void StoreCalled(string operation, TimeSpan duration) => redis.Record(duration.TotalSeconds, Label("operation", operation));

    /// <summary>Sets what the gauges show.</summary>
    public void Observed(PlatformHealth observed) => health = observed;

    /// <summary>Adds the gauge of the writer's queue.</summary>
    public void AddQueue(Func<long> bytes) =>
        meter.CreateObservableGauge("xerotier.heartbeats.queued", bytes, "By", "Bytes of heartbeats that wait for Redis.");

    /// <summary>Counts a stream until it is disposed.</summary>
    public IDisposable OpenStream(string kind)
    {
        var label = Label("kind", kind);
        streams.Add(1, label);
        return new OpenedStream(() => streams.Add(-1, label));
    }

    private static KeyValuePair<string, object?> Label(string name, string value) => new(name, value);

    private IEnumerable<Measurement<int>> Senders()
    {
        if (health is not { Store: StoreState.Ready } now)
        {
            yield break;
        }

        yield return Of(now.RoutersOnline, "router", "online");
        yield return Of(now.RoutersTotal - now.RoutersOnline, "router", "offline");
        yield return Of(now.SharedAgentsTotal - now.SharedAgentsStale, "shared", "fresh");
        yield return Of(now.SharedAgentsStale, "shared", "stale");

        static Measurement<int> Of(int count, string kind, string state) => new(count, Label("kind", kind), Label("state", state));
    }

    private sealed class OpenedStream(Action close) : IDisposable
    {
        public void Dispose() => close();
    }
}
