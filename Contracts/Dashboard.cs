using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace Xerotier.Contracts;

/// <summary>A project's health: the platform's routers, the project's workers and endpoints, its maintenance.</summary>
public sealed record HealthDashboardResponse
{
    /// <summary>The object's type, always <c>health_dashboard</c>.</summary>
    /// <example>"health_dashboard"</example>
    [AllowedValues("health_dashboard")]
    public string Object { get; } = "health_dashboard";

    /// <summary>The project's ID.</summary>
    /// <example>"proj_ABC123"</example>
    public required string ProjectId { get; init; }

    /// <summary>The instant at which all figures hold.</summary>
    /// <example>"2026-05-22T02:30:00Z"</example>
    public required DateTimeOffset GeneratedAt { get; init; }

    /// <summary>The worst of routing, workers and endpoints.</summary>
    /// <example>"operational"</example>
    public required ServiceStatus Status { get; init; }

    /// <summary>The platform's routers.</summary>
    public required RoutingHealth Routing { get; init; }

    /// <summary>The project's private agents, and the shared agents that serve one of its endpoints.</summary>
    public required WorkersHealth Workers { get; init; }

    /// <summary>The project's endpoints.</summary>
    public required EndpointsHealth Endpoints { get; init; }

    /// <summary>The project's own maintenance windows.</summary>
    public required DashboardMaintenance Maintenance { get; init; }
}

/// <summary>The platform's routers.</summary>
public sealed record RoutingHealth
{
    /// <summary>Status of routing.</summary>
    /// <example>"operational"</example>
    public required ServiceStatus Status { get; init; }

    /// <summary>Registered routers.</summary>
    /// <example>1</example>
    [Range(0, int.MaxValue)]
    public required int Total { get; init; }

    /// <summary>Routers that are online.</summary>
    /// <example>1</example>
    [Range(0, int.MaxValue)]
    public required int Online { get; init; }

    /// <summary>Routers that are offline or silent.</summary>
    /// <example>0</example>
    [Range(0, int.MaxValue)]
    public required int Offline { get; init; }

    /// <summary>Every registered router.</summary>
    public required IReadOnlyList<RouterHealth> Routers { get; init; }
}

/// <summary>A router.</summary>
public sealed record RouterHealth
{
    /// <summary>The router's ID.</summary>
    /// <example>"rtr-1"</example>
    public required string Id { get; init; }

    /// <summary>The region that it reported.</summary>
    /// <example>"us-east"</example>
    public required string Region { get; init; }

    /// <summary>The version that it reported.</summary>
    /// <example>"1.4.2"</example>
    public required string Version { get; init; }

    /// <summary>The state that it reported last.</summary>
    /// <example>"online"</example>
    [AllowedValues("online", "draining", "offline")]
    public required string State { get; init; }

    /// <summary>When its last heartbeat arrived.</summary>
    /// <example>"2026-05-22T02:29:57.9Z"</example>
    public required DateTimeOffset LastHeartbeatAt { get; init; }

    /// <summary>Seconds since then, to a tenth.</summary>
    /// <example>2.1</example>
    [Range(0, double.MaxValue)]
    public required double HeartbeatAgeSeconds { get; init; }
}

/// <summary>The workers of a project.</summary>
public sealed record WorkersHealth
{
    /// <summary>Status of the workers; <c>unknown</c> when there are none.</summary>
    /// <example>"operational"</example>
    public required ServiceStatus Status { get; init; }

    /// <summary>Registered workers, whatever page <c>items</c> shows.</summary>
    /// <example>1</example>
    [Range(0, int.MaxValue)]
    public required int Total { get; init; }

    /// <summary>Workers with a fresh heartbeat.</summary>
    /// <example>1</example>
    [Range(0, int.MaxValue)]
    public required int Healthy { get; init; }

    /// <summary>Workers whose last heartbeat is older than 30 seconds.</summary>
    /// <example>0</example>
    [Range(0, int.MaxValue)]
    public required int Stale { get; init; }

    /// <summary>How many workers <c>q</c> finds; absent without it.</summary>
    /// <example>1</example>
    [Range(0, int.MaxValue)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Matched { get; init; }

    /// <summary>One page of workers by ID.</summary>
    [Items(MaxCount = 1000)]
    public required IReadOnlyList<WorkerHealth> Items { get; init; }

    /// <summary>Whether more workers follow.</summary>
    /// <example>false</example>
    public required bool HasMore { get; init; }

    /// <summary>ID of the last item: send it as <c>after</c> to get the next page. Null when there are no items.</summary>
    /// <example>"wkr-1"</example>
    public required string? LastId { get; init; }
}

/// <summary>A worker.</summary>
public sealed record WorkerHealth
{
    /// <summary>The worker's ID.</summary>
    /// <example>"wkr-1"</example>
    public required string Id { get; init; }

    /// <summary>The name that it reported.</summary>
    /// <example>"gpu-a"</example>
    public required string Name { get; init; }

    /// <summary><c>private</c>: of this project; <c>shared</c>: of the platform.</summary>
    /// <example>"private"</example>
    [AllowedValues("shared", "private")]
    public required string Kind { get; init; }

    /// <summary>The region that it reported.</summary>
    /// <example>"us-east"</example>
    public required string Region { get; init; }

    /// <summary>The version that it reported.</summary>
    /// <example>"1.4.2"</example>
    public required string Version { get; init; }

    /// <summary>The state that it reported last.</summary>
    /// <example>"ready"</example>
    [AllowedValues("ready", "draining")]
    public required string State { get; init; }

    /// <summary><c>healthy</c> while its last heartbeat is at most 30 seconds old.</summary>
    /// <example>"healthy"</example>
    [AllowedValues("healthy", "stale")]
    public required string Status { get; init; }

    /// <summary>Requests that it is serving.</summary>
    /// <example>3</example>
    [Range(0, int.MaxValue)]
    public required int ActiveRequests { get; init; }

    /// <summary>Most requests that it serves at once.</summary>
    /// <example>16</example>
    [Range(0, int.MaxValue)]
    public required int MaxConcurrentRequests { get; init; }

    /// <summary>Models that it serves.</summary>
    /// <example>["llama-3.3-70b"]</example>
    public required IReadOnlyList<string> Models { get; init; }

    /// <summary>Slugs of the project's endpoints that it serves.</summary>
    /// <example>["chat"]</example>
    public required IReadOnlyList<string> Endpoints { get; init; }

    /// <summary>When its last heartbeat arrived.</summary>
    /// <example>"2026-05-22T02:29:59Z"</example>
    public required DateTimeOffset LastHeartbeatAt { get; init; }

    /// <summary>Seconds since then, to a tenth.</summary>
    /// <example>1</example>
    [Range(0, double.MaxValue)]
    public required double HeartbeatAgeSeconds { get; init; }
}

/// <summary>The endpoints of a project.</summary>
public sealed record EndpointsHealth
{
    /// <summary>Endpoints that a registered worker names.</summary>
    /// <example>1</example>
    [Range(0, int.MaxValue)]
    public required int Total { get; init; }

    /// <summary>Endpoints that are operational.</summary>
    /// <example>1</example>
    [Range(0, int.MaxValue)]
    public required int Operational { get; init; }

    /// <summary>Endpoints that are degraded.</summary>
    /// <example>0</example>
    [Range(0, int.MaxValue)]
    public required int Degraded { get; init; }

    /// <summary>Endpoints without a healthy worker.</summary>
    /// <example>0</example>
    [Range(0, int.MaxValue)]
    public required int Outage { get; init; }

    /// <summary>The first 10,000 endpoints by slug.</summary>
    [Items(MaxCount = 10_000)]
    public required IReadOnlyList<EndpointHealth> Items { get; init; }
}

/// <summary>An endpoint.</summary>
public sealed record EndpointHealth
{
    /// <summary>The endpoint's slug.</summary>
    /// <example>"chat"</example>
    public required string Slug { get; init; }

    /// <summary>The endpoint's status.</summary>
    /// <example>"operational"</example>
    public required ServiceStatus Status { get; init; }

    /// <summary>Models that its workers serve: up to 256, and up to 20,000 of all endpoints together.</summary>
    /// <example>["llama-3.3-70b"]</example>
    public required IReadOnlyList<string> Models { get; init; }

    /// <summary>Registered workers that serve it.</summary>
    /// <example>1</example>
    [Range(0, int.MaxValue)]
    public required int WorkersTotal { get; init; }

    /// <summary>Those of them with a fresh heartbeat.</summary>
    /// <example>1</example>
    [Range(0, int.MaxValue)]
    public required int WorkersHealthy { get; init; }
}

/// <summary>A project's maintenance windows that are active or planned.</summary>
public sealed record DashboardMaintenance
{
    /// <summary>Active windows.</summary>
    /// <example>[]</example>
    public required IReadOnlyList<MaintenanceWindow> Active { get; init; }

    /// <summary>Scheduled windows.</summary>
    public required IReadOnlyList<MaintenanceWindow> Upcoming { get; init; }

    /// <summary>Present and true when the windows could not be read: empty lists then do not mean that there are none.</summary>
    /// <example>true</example>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [AllowedValues(true)]
    public bool? Unavailable { get; init; }
}
