using System.Diagnostics.Metrics;
using Xerotier.Fleet.V1;

namespace Xerotier.HealthCollector;

/// <summary>What an operator watches of a collector. Labels are kinds, states and error codes only.</summary>
internal sealed class CollectorMetrics : IDisposable
{
    private static readonly KeyValuePair<string, object?>[] Kinds =
        [.. new[] { "router", "shared", "private" }.Select(kind => KeyValuePair.Create<string, object?>("kind", kind))];

    private readonly Meter meter = new("Xerotier.HealthCollector");
    private readonly Counter<long> accepted;
    private readonly Counter<long> refused;
    private readonly Counter<long> written;
    private readonly Histogram<double> lag;
    private readonly Histogram<double> redis;
    private readonly UpDownCounter<int> streams;
    private volatile PlatformHealth? health;

    public CollectorMetrics()
    {
        accepted = meter.CreateCounter<long>("xerotier.heartbeats.accepted", "{heartbeat}", "Heartbeats acknowledged, by kind of sender.");
        refused = meter.CreateCounter<long>("xerotier.heartbeats.refused", "{heartbeat}", "Heartbeats refused, by error code.");
        written = meter.CreateCounter<long>("xerotier.heartbeats.written", "{heartbeat}", "Heartbeats that Redis took: fewer than accepted where several of one sender were merged.");
        var seconds = new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5] };
        lag = meter.CreateHistogram("xerotier.heartbeats.lag", "s", "Time from receiving a batch of heartbeats to its acknowledgement by Redis.", advice: seconds);
        redis = meter.CreateHistogram("xerotier.redis.duration", "s", "Time that Redis took for a question, answered or not, by operation.", advice: seconds);
        streams = meter.CreateUpDownCounter<int>("xerotier.streams.open", "{stream}", "Open gRPC streams, by kind: report (heartbeats), watch (platform health).");
        meter.CreateObservableGauge("xerotier.fleet.senders", Senders, "{sender}", "Registered routers and shared agents, by state, as last observed.");
        meter.CreateObservableGauge("xerotier.store.ready", () => health is { Store: StoreState.Ready or StoreState.Young } ? 1 : 0, description: "1 while Redis answers.");
    }

    public void Dispose() => meter.Dispose();

    public void Accepted(SenderKind kind, int count) => accepted.Add(count, Kinds[(int)kind]);

    public void Refused(string code, int count) => refused.Add(count, KeyValuePair.Create<string, object?>("code", code));

    public void Written(int count) => written.Add(count);

    public void Acknowledged(TimeSpan after) => lag.Record(after.TotalSeconds);

    public void Asked(string operation, TimeSpan took) => redis.Record(took.TotalSeconds, KeyValuePair.Create<string, object?>("operation", operation));

    public void Observed(PlatformHealth observed) => health = observed;

    /// <summary>Shows the writer's queue.</summary>
    public void Queue(Func<long> bytes) =>
        meter.CreateObservableGauge("xerotier.heartbeats.queued", bytes, "By", "Bytes of heartbeats that wait for Redis.");

    /// <summary>Counts a stream until it is disposed.</summary>
    public IDisposable Open(string kind)
    {
        var label = KeyValuePair.Create<string, object?>("kind", kind);
        streams.Add(1, label);
        return new Closing(() => streams.Add(-1, label));
    }

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

        static Measurement<int> Of(int count, string kind, string state) =>
            new(count, KeyValuePair.Create<string, object?>("kind", kind), KeyValuePair.Create<string, object?>("state", state));
    }

    private sealed class Closing(Action close) : IDisposable
    {
        public void Dispose() => close();
    }
}
