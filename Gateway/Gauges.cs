using System.Diagnostics.Metrics;
using Xerotier.Gateway.Keys;
using Xerotier.Gateway.Metrics;
using Xerotier.Gateway.Page;
using Xerotier.Gateway.Proxy;
using Xerotier.Gateway.Sessions;

namespace Xerotier.Gateway;

/// <summary>The metrics of what the Gateway holds: open calls, keys, sessions, the page, the state of the services' replicas.</summary>
internal sealed class Gauges : IDisposable
{
    private readonly Meter meter;

    public Gauges(IMeterFactory meters, KnownKeys keys, KnownSessions sessions, OpenCalls calls, PublicDocuments page, Upstreams upstreams)
    {
        meter = meters.Create(GatewayMetrics.MeterName);
        meter.CreateObservableUpDownCounter("xerotier.gateway.open_calls", () => calls.Count, "{call}", "gRPC streams that are open.");
        meter.CreateObservableGauge("xerotier.gateway.known_keys", () => keys.Count, "{key}", "Keys in memory.");
        meter.CreateObservableGauge("xerotier.gateway.known_sessions", () => sessions.Count, "{session}", "Sessions of the console in memory.");
        meter.CreateObservableGauge("xerotier.gateway.page_live", () => page.IsLive ? 1 : 0, "{boolean}", "1 while the status page is live, 0 while it is marked as the last known state.");
        meter.CreateObservableGauge("xerotier.gateway.keys_live", () => keys.IsLive ? 1 : 0, "{boolean}", "1 while the keys' database is read, 0 during the grace period.");
        meter.CreateObservableGauge(
            "xerotier.gateway.replicas",
            () => upstreams.All.SelectMany(u => u.Destinations.Select(d => new Measurement<int>(d.IsActiveHealthy ? 1 : 0, new("service", u.Name), new("address", d.Http)))),
            "{boolean}",
            "1 for each replica whose last probe succeeded.");
    }

    /// <inheritdoc/>
    public void Dispose() => meter.Dispose();
}
