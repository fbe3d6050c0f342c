using System.Diagnostics.Metrics;
using Xerotier.StatusService.Board;
using Xerotier.StatusService.Model;

namespace Xerotier.StatusService.Publishing;

/// <summary>What operators see of this service at <c>/metrics</c>.</summary>
public sealed class StatusMetrics : IDisposable
{
    private readonly Meter meter;
    private readonly Histogram<double> rendering;
    private readonly Counter<long> dashboards;

    /// <summary>Creates the instruments.</summary>
    public StatusMetrics(IMeterFactory factory)
    {
        meter = factory.Create("Xerotier.StatusService");
        rendering = meter.CreateHistogram(
            "xerotier.page.render.duration", "s", "Time to render one page.", tags: null,
            new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1] });
        dashboards = meter.CreateCounter<long>("xerotier.dashboard.requests", description: "Dashboards answered, by whether they came from the cache.");
        meter.CreateObservableGauge("xerotier.status.overall", () => (int)(Board?.Overall ?? OverallStatus.Unknown), description: "0 operational, 1 degraded, 2 unknown, 3 partial outage, 4 major outage, 5 maintenance.");
        meter.CreateObservableGauge(
            "xerotier.status.indicator",
            () => (Board?.Shown ?? []).Select(s => new Measurement<int>((int)s.Verdict.Status, new KeyValuePair<string, object?>("indicator", s.Component.Key))),
            description: "0 operational, 1 degraded, 2 outage, 3 unknown.");
        meter.CreateObservableGauge("xerotier.history.recording", () => Recording ? 1 : 0, description: "1 on the replica that records the history.");
    }

    /// <summary>The newest board.</summary>
    public BoardState? Board { get; set; }

    /// <summary>This replica records.</summary>
    public bool Recording { get; set; }

    /// <summary>A page took <paramref name="duration"/>.</summary>
    public void Rendered(TimeSpan duration) => rendering.Record(duration.TotalSeconds);

    /// <summary>A dashboard was answered.</summary>
    public void Dashboard(bool cached) => dashboards.Add(1, new KeyValuePair<string, object?>("cached", cached));

    /// <inheritdoc/>
    public void Dispose() => meter.Dispose();
}
