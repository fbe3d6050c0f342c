using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Xerotier.HealthCollector.Fleet;

/// <summary>Healthy while Redis takes what the collector writes, which it does four times a second: one that is full still answers a ping.</summary>
internal sealed class StoreCheck(FleetStore store) : IHealthCheck
{
    /// <inheritdoc/>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(store.Trouble is { } trouble ? HealthCheckResult.Unhealthy(trouble) : HealthCheckResult.Healthy());
}
