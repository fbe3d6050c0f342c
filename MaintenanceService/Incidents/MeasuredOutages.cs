using Grpc.Core;
using Xerotier.ServiceDefaults;
using Xerotier.Measured.V1;

namespace Xerotier.MaintenanceService.Incidents;

/// <summary>Warns of outages that the StatusService still measures when an incident is resolved (incidents.md section 12).</summary>
internal sealed class MeasuredOutages(Measurements.MeasurementsClient status, TimeProvider time, ILogger<MeasuredOutages> logger)
{
    /// <summary>A write does not wait longer for a warning.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(500);

    private readonly FailureLog failures = new(logger, "What is measured is not known, and nobody is warned of it", "What is measured is known again");

    /// <summary>The incident with what its operator should know, now that it is resolved. While the StatusService does not respond, nothing is said.</summary>
    public async Task<StoredIncident> WarnAsync(StoredIncident incident, CancellationToken cancellation)
    {
        if (incident is not { Draft: false, Status: IncidentStatus.Resolved, ResolvedAt: { } resolved, Components.Count: > 0 })
        {
            return incident;
        }

        try
        {
            var found = await status.ListOutagesAsync(new(), deadline: (time.GetUtcNow() + Patience).UtcDateTime, cancellationToken: cancellation);
            failures.Succeeded();
            var still = found.Outages.Where(outage => !(outage.Since?.ToDateTimeOffset() > resolved)).Select(outage => outage.ComponentId).ToHashSet(); // a later one is another
            IReadOnlyList<Warning> warnings = [.. from component in incident.Components where still.Contains(component.Id) select StillMeasured(component)];
            return warnings.Count > 0 ? incident with { Warnings = warnings } : incident;
        }
        catch (RpcException failure) when (!cancellation.IsCancellationRequested)
        {
            failures.Failed(failure);
            return incident;
        }
    }

    private static Warning StillMeasured(IncidentComponent component) => new()
    {
        Code = "still_measured",
        Message = $"Measurements still show an outage of {component.Name}; the status page says so until they recover.",
        Component = component.Id,
    };
}
