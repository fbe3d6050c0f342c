using System.Diagnostics.Metrics;
using Xerotier.Gateway.Keys;
using Xerotier.Gateway.Page;
using Xerotier.Gateway.Proxy;
using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway.Metrics;

/// <summary>The Gateway's own metrics. They take the place of the framework's per-request ones, which know no routes here and cost more than a page does.</summary>
internal sealed class GatewayMetrics : IDisposable
{
    private readonly Meter meter = new("Xerotier.Gateway");
    private readonly Counter<long> refusals;
    private readonly Histogram<double> durations;
    private long pages;

    public GatewayMetrics(KnownKeys keys, OpenCalls calls, EdgePage page, Upstreams upstreams)
    {
        meter.CreateObservableCounter("xerotier.gateway.pages", () => Volatile.Read(ref pages), "{request}", "Requests for the public pages.");
        durations = meter.CreateHistogram<double>("xerotier.gateway.request.duration", "s", "API requests from their key's check to the end of their answer, by route and status.");
        refusals = meter.CreateCounter<long>("xerotier.gateway.refusals", "{request}", "Requests that were refused, by error code.");
        meter.CreateObservableGauge("xerotier.gateway.known_keys", () => keys.Count, "{key}", "Keys in memory.");
        meter.CreateObservableGauge("xerotier.gateway.open_calls", () => calls.Count, "{call}", "Long-lived calls that are open.");
        meter.CreateObservableGauge("xerotier.gateway.page_live", () => page.IsLive ? 1 : 0, "{boolean}", "1 while the status page is live, 0 while it is marked as the last known state.");
        meter.CreateObservableGauge("xerotier.gateway.keys_live", () => keys.IsLive ? 1 : 0, "{boolean}", "1 while the keys' database is read, 0 in the time of grace.");
        meter.CreateObservableGauge(
            "xerotier.gateway.replicas",
            () => upstreams.All.SelectMany(u => u.Destinations.Select(r => new Measurement<int>(r.IsActiveHealthy ? 1 : 0, new("service", u.Name), new("address", r.Http)))),
            "{boolean}",
            "1 for each replica that answers its probes.");
    }

    /// <summary>Counts a public page; by far the most requests, so it is one addition, read when somebody asks.</summary>
    public void Page() => Interlocked.Increment(ref pages);

    /// <summary>Counts an API request.</summary>
    public void Answered(Route route, int status, TimeSpan duration) => durations.Record(
        duration.TotalSeconds,
        new KeyValuePair<string, object?>("http.route", route.Pattern),
        new KeyValuePair<string, object?>("http.request.method", route.Method),
        new KeyValuePair<string, object?>("http.response.status_code", status));

    /// <summary>Counts a refusal.</summary>
    public void Refused(ApiError error) => refusals.Add(1, new KeyValuePair<string, object?>("code", error.Code));

    /// <inheritdoc/>
    public void Dispose() => meter.Dispose();
}
