using System.Diagnostics.Metrics;
using Xerotier.Gateway.Keys;
using Xerotier.Gateway.Page;
using Xerotier.Gateway.Proxy;
using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway;

/// <summary>The Gateway's own metrics.</summary>
internal sealed class Telemetry : IDisposable
{
    private readonly Meter meter = new("Xerotier.Gateway");
    private readonly Counter<long> refusals;

    public Telemetry(KnownKeys keys, OpenCalls calls, EdgePage page, Upstreams upstreams)
    {
        refusals = meter.CreateCounter<long>("xerotier.gateway.refusals", "{request}", "Requests that were refused, by error code.");
        meter.CreateObservableGauge("xerotier.gateway.known_keys", () => keys.Count, "{key}", "Keys in memory.");
        meter.CreateObservableGauge("xerotier.gateway.open_calls", () => calls.Count, "{call}", "Long-lived calls that are open.");
        meter.CreateObservableGauge("xerotier.gateway.page_live", () => page.IsLive ? 1 : 0, "{boolean}", "1 while the status page is live, 0 while it is marked as the last known state.");
        meter.CreateObservableGauge("xerotier.gateway.keys_live", () => keys.IsLive ? 1 : 0, "{boolean}", "1 while the keys' database is read, 0 in the time of grace.");
        meter.CreateObservableGauge(
            "xerotier.gateway.replicas",
            () => upstreams.All.SelectMany(u => u.Replicas.Select(r => new Measurement<int>(r.Answers ? 1 : 0, new("service", u.Name), new("address", r.Http)))),
            "{boolean}",
            "1 for each replica that answers its probes.");
    }

    /// <summary>Counts a refusal.</summary>
    public void Refused(ApiError error) => refusals.Add(1, new KeyValuePair<string, object?>("code", error.Code));

    /// <inheritdoc/>
    public void Dispose() => meter.Dispose();
}
