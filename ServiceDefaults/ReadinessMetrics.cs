using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Xerotier.ServiceDefaults;

/// <summary>What <c>/readyz</c> of this service says, as metrics: looked at every <see cref="Period"/> whoever asks.</summary>
internal sealed class ReadinessMetrics : IHealthCheckPublisher, IDisposable
{
    /// <summary>How often the checks are run.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(5);

    private readonly Meter meter;
    private volatile HealthReport? report;

    /// <summary>Creates the gauges; until the first look they show nothing.</summary>
    public ReadinessMetrics(IMeterFactory meters, IServiceProvider services)
    {
        meter = meters.Create("Xerotier.ServiceDefaults");
        meter.CreateObservableGauge(
            "xerotier.health_check",
            () => (report?.Entries ?? new Dictionary<string, HealthReportEntry>()).Select(entry => new Measurement<int>(entry.Value.Status == HealthStatus.Unhealthy ? 0 : 1, new KeyValuePair<string, object?>("check", entry.Key))),
            description: "1 for each check of /readyz that this service passes: its stores, its clock.");
        meter.CreateObservableGauge(
            "xerotier.schema.current",
            () => services.GetService<Migrations>() is { } migrations ? [new Measurement<int>(migrations.Done.IsCompletedSuccessfully ? 1 : 0)] : Array.Empty<Measurement<int>>(),
            description: "1 once the database has the schema that this service brings.");
    }

    /// <inheritdoc/>
    public Task PublishAsync(HealthReport report, CancellationToken cancellationToken)
    {
        this.report = report;
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public void Dispose() => meter.Dispose();
}
