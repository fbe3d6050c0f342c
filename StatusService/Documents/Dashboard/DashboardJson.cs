using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Google.Protobuf.WellKnownTypes;
using Xerotier.Contracts;
using Xerotier.Fleet.V1;
using Xerotier.Maintenance.V1;
using Xerotier.StatusService.Model;

namespace Xerotier.StatusService.Documents.Dashboard;

/// <summary>
/// Writes a HealthDashboardResponse (product.md section 6), pure. Its weak entity tag leaves out what only grows older:
/// <c>generated_at</c>, the ages, and the times of the last heartbeats, which are the ages in another form.
/// </summary>
public static class DashboardJson
{
    /// <summary>The response's bytes and entity tag.</summary>
    /// <param name="projectId">The project.</param>
    /// <param name="fleet">What the collector knows of it.</param>
    /// <param name="windows">Its active and scheduled windows; null when the MaintenanceService did not respond.</param>
    /// <param name="search">What its workers were searched for; empty: nothing.</param>
    public static (byte[] Body, string ETag) Write(string projectId, GetProjectFleetResponse fleet, ListProjectWindowsResponse? windows, string search = "")
    {
        var observedAt = fleet.ObservedAt.ToDateTimeOffset();
        var response = ToContract(projectId, fleet, windows, heardAt => (heardAt.ToDateTimeOffset(), Math.Round(Math.Max(0, (fleet.ObservedAt - heardAt).ToTimeSpan().TotalSeconds), 1))) with { GeneratedAt = observedAt };
        var ageless = JsonSerializer.SerializeToUtf8Bytes(ToContract(projectId, fleet, windows, _ => default), ContractsJson.Wire.HealthDashboardResponse);
        return (
            JsonSerializer.SerializeToUtf8Bytes(response, ContractsJson.Wire.HealthDashboardResponse),
            $"W/\"{Convert.ToHexStringLower(SHA256.HashData(search.Length == 0 ? ageless : [.. ageless, .. Encoding.UTF8.GetBytes(search)]).AsSpan(0, 16))}\"");
    }

    private static HealthDashboardResponse ToContract(
        string projectId, GetProjectFleetResponse fleet, ListProjectWindowsResponse? windows, Func<Timestamp, (DateTimeOffset At, double Age)> age)
    {
        // A young store has not heard from all yet: its counts are shown, but not judged.
        var known = fleet.Store == StoreState.Ready;
        var online = fleet.Routers.Count(r => r.Online);
        var routing = known ? Rules.Routing(fleet.Routers.Count, online).Status : ComponentStatus.Unknown;
        var workers = known ? Rules.ByStale(fleet.WorkersTotal, fleet.WorkersTotal - fleet.WorkersHealthy) : ComponentStatus.Unknown;
        var endpoints = fleet.Endpoints.Select(e => known ? OfEndpoint(e) : ComponentStatus.Unknown).ToArray();
        return new()
        {
            ProjectId = projectId,
            GeneratedAt = default,
            Status = endpoints.Aggregate(Rules.Worse(routing, workers), Rules.Worse).ToContract(),
            Routing = new()
            {
                Status = routing.ToContract(),
                Total = fleet.Routers.Count,
                Online = online,
                Offline = fleet.Routers.Count - online,
                Routers = [.. fleet.Routers.Select(router => ToContract(router, age(router.LastHeartbeatAt)))],
            },
            Workers = new()
            {
                Status = workers.ToContract(),
                Total = fleet.WorkersTotal,
                Healthy = fleet.WorkersHealthy,
                Stale = fleet.WorkersTotal - fleet.WorkersHealthy,
                Matched = fleet.HasWorkersMatched ? fleet.WorkersMatched : null,
                Items = [.. fleet.Workers.Select(worker => ToContract(worker, age(worker.LastHeartbeatAt)))],
                HasMore = fleet.HasMore,
                LastId = fleet.Workers.Count > 0 ? fleet.Workers[^1].Id : null,
            },
            Endpoints = new()
            {
                Total = endpoints.Length,
                Operational = endpoints.Count(s => s == ComponentStatus.Operational),
                Degraded = endpoints.Count(s => s == ComponentStatus.Degraded),
                Outage = endpoints.Count(s => s == ComponentStatus.Outage),
                Items = [.. fleet.Endpoints.Zip(endpoints, ToContract)],
            },
            Maintenance = new()
            {
                Active = Windows(windows, WindowStatus.Active),
                Upcoming = Windows(windows, WindowStatus.Scheduled),
                Unavailable = windows is null ? true : null, // empty lists would say that there is none
            },
        };
    }

    private static RouterHealth ToContract(Router router, (DateTimeOffset At, double Age) heartbeat) => new()
    {
        Id = router.Id,
        Region = router.Region,
        Version = router.Version,
        State = router.State,
        LastHeartbeatAt = heartbeat.At,
        HeartbeatAgeSeconds = heartbeat.Age,
    };

    private static WorkerHealth ToContract(Worker worker, (DateTimeOffset At, double Age) heartbeat) => new()
    {
        Id = worker.Id,
        Name = worker.Name,
        Kind = worker.Kind,
        Region = worker.Region,
        Version = worker.Version,
        State = worker.State,
        Status = worker.Healthy ? "healthy" : "stale",
        ActiveRequests = worker.ActiveRequests,
        MaxConcurrentRequests = worker.MaxConcurrentRequests,
        Models = worker.Models,
        Endpoints = worker.Endpoints,
        LastHeartbeatAt = heartbeat.At,
        HeartbeatAgeSeconds = heartbeat.Age,
    };

    private static EndpointHealth ToContract(Fleet.V1.Endpoint endpoint, ComponentStatus status) => new()
    {
        Slug = endpoint.Slug,
        Status = status.ToContract(),
        Models = endpoint.Models,
        WorkersTotal = endpoint.WorkersTotal,
        WorkersHealthy = endpoint.WorkersHealthy,
    };

    /// <summary>A project's own windows, as the management API shows them (product.md section 4).</summary>
    private static List<MaintenanceWindow> Windows(ListProjectWindowsResponse? windows, WindowStatus status) =>
        [.. (windows?.Windows ?? []).Select(window => window.Value).Where(window => window.Status == status)];

    /// <summary>The thresholds of Shared Agents; without a healthy worker an outage.</summary>
    private static ComponentStatus OfEndpoint(Fleet.V1.Endpoint endpoint) =>
        endpoint.WorkersHealthy == 0 ? ComponentStatus.Outage : Rules.ByStale(endpoint.WorkersTotal, endpoint.WorkersTotal - endpoint.WorkersHealthy);
}
