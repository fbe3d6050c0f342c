using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using Google.Protobuf.WellKnownTypes;
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
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The response's bytes and entity tag.</summary>
    /// <param name="projectId">The project.</param>
    /// <param name="fleet">What the collector knows of it.</param>
    /// <param name="windows">Its active and scheduled windows; null when the MaintenanceService did not answer.</param>
    public static (byte[] Body, string ETag) Write(string projectId, GetProjectFleetResponse fleet, ListProjectWindowsResponse? windows) =>
        (Write(projectId, fleet, windows, ages: true), $"W/\"{Convert.ToHexStringLower(SHA256.HashData(Write(projectId, fleet, windows, ages: false)).AsSpan(0, 16))}\"");

    /// <summary>RFC 3339 in UTC, to the microsecond, without zeros at the end.</summary>
    internal static string Time(Timestamp time) => time.ToDateTime().ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'", CultureInfo.InvariantCulture);

    private static byte[] Write(string projectId, GetProjectFleetResponse fleet, ListProjectWindowsResponse? windows, bool ages)
    {
        // A young store has not heard from all yet: its counts are shown, but not judged.
        var known = fleet.Store == StoreState.Ready;
        var online = fleet.Routers.Count(r => r.Online);
        var routing = known ? Rules.Routing(fleet.Routers.Count, online).Status : ComponentStatus.Unknown;
        var workers = known ? Rules.ByStale(fleet.WorkersTotal, fleet.WorkersTotal - fleet.WorkersHealthy) : ComponentStatus.Unknown;
        var endpoints = fleet.Endpoints.Select(e => known ? OfEndpoint(e) : ComponentStatus.Unknown).ToArray();
        var status = endpoints.Aggregate(Rules.Worse(routing, workers), Rules.Worse);

        var buffer = new ArrayBufferWriter<byte>(4096 + (fleet.Workers.Count * 400));
        using var json = new Utf8JsonWriter(buffer, Options);
        json.WriteStartObject();
        json.WriteString("object", "health_dashboard");
        json.WriteString("project_id", projectId);
        if (ages)
        {
            json.WriteString("generated_at", Time(fleet.ObservedAt));
        }

        json.WriteString("status", Word(status));

        json.WriteStartObject("routing");
        json.WriteString("status", Word(routing));
        json.WriteNumber("total", fleet.Routers.Count);
        json.WriteNumber("online", online);
        json.WriteNumber("offline", fleet.Routers.Count - online);
        json.WriteStartArray("routers");
        foreach (var router in fleet.Routers)
        {
            json.WriteStartObject();
            json.WriteString("id", router.Id);
            json.WriteString("region", router.Region);
            json.WriteString("version", router.Version);
            json.WriteString("state", router.State);
            WriteAge(json, router.LastHeartbeatAt, fleet.ObservedAt, ages);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();

        json.WriteStartObject("workers");
        json.WriteString("status", Word(workers));
        json.WriteNumber("total", fleet.WorkersTotal);
        json.WriteNumber("healthy", fleet.WorkersHealthy);
        json.WriteNumber("stale", fleet.WorkersTotal - fleet.WorkersHealthy);
        json.WriteStartArray("items");
        foreach (var worker in fleet.Workers)
        {
            WriteWorker(json, worker, fleet.ObservedAt, ages);
        }

        json.WriteEndArray();
        json.WriteBoolean("has_more", fleet.HasMore);
        json.WriteString("last_id", fleet.Workers.Count > 0 ? fleet.Workers[^1].Id : null);
        json.WriteEndObject();

        json.WriteStartObject("endpoints");
        json.WriteNumber("total", endpoints.Length);
        json.WriteNumber("operational", endpoints.Count(s => s == ComponentStatus.Operational));
        json.WriteNumber("degraded", endpoints.Count(s => s == ComponentStatus.Degraded));
        json.WriteNumber("outage", endpoints.Count(s => s == ComponentStatus.Outage));
        json.WriteStartArray("items");
        for (var i = 0; i < endpoints.Length; i++)
        {
            var endpoint = fleet.Endpoints[i];
            json.WriteStartObject();
            json.WriteString("slug", endpoint.Slug);
            json.WriteString("status", Word(endpoints[i]));
            WriteStrings(json, "models", endpoint.Models);
            json.WriteNumber("workers_total", endpoint.WorkersTotal);
            json.WriteNumber("workers_healthy", endpoint.WorkersHealthy);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();

        json.WriteStartObject("maintenance");
        DashboardWindowJson.WriteArray(json, "active", windows, WindowStatus.Active);
        DashboardWindowJson.WriteArray(json, "upcoming", windows, WindowStatus.Scheduled);
        if (windows is null)
        {
            json.WriteBoolean("unavailable", true); // empty lists would say that there is none
        }

        json.WriteEndObject();
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteWorker(Utf8JsonWriter json, Worker worker, Timestamp observedAt, bool ages)
    {
        json.WriteStartObject();
        json.WriteString("id", worker.Id);
        json.WriteString("name", worker.Name);
        json.WriteString("kind", worker.Kind);
        json.WriteString("region", worker.Region);
        json.WriteString("version", worker.Version);
        json.WriteString("state", worker.State);
        json.WriteString("status", worker.Healthy ? "healthy" : "stale");
        json.WriteNumber("active_requests", worker.ActiveRequests);
        json.WriteNumber("max_concurrent_requests", worker.MaxConcurrentRequests);
        WriteStrings(json, "models", worker.Models);
        WriteStrings(json, "endpoints", worker.Endpoints);
        WriteAge(json, worker.LastHeartbeatAt, observedAt, ages);
        json.WriteEndObject();
    }

    private static void WriteAge(Utf8JsonWriter json, Timestamp lastHeartbeatAt, Timestamp observedAt, bool ages)
    {
        if (ages)
        {
            json.WriteString("last_heartbeat_at", Time(lastHeartbeatAt));
            var age = (observedAt - lastHeartbeatAt).ToTimeSpan().TotalSeconds;
            json.WriteNumber("heartbeat_age_seconds", Math.Round(Math.Max(0, age), 1));
        }
    }

    internal static void WriteStrings(Utf8JsonWriter json, string name, IEnumerable<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }

    /// <summary>The thresholds of Shared Agents; without a healthy worker an outage.</summary>
    private static ComponentStatus OfEndpoint(Fleet.V1.Endpoint endpoint) =>
        endpoint.WorkersHealthy == 0 ? ComponentStatus.Outage : Rules.ByStale(endpoint.WorkersTotal, endpoint.WorkersTotal - endpoint.WorkersHealthy);

    private static string Word(ComponentStatus status) => status switch
    {
        ComponentStatus.Operational => "operational",
        ComponentStatus.Degraded => "degraded",
        ComponentStatus.Outage => "outage",
        _ => "unknown",
    };
}
