using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace Xerotier.Contracts;

/// <summary>A batch of heartbeats.</summary>
public sealed record HeartbeatBatch
{
    /// <summary>The heartbeats, at most 1,000.</summary>
    [Items(MaxCount = 1000)]
    public required IReadOnlyList<Heartbeat> Heartbeats { get; init; }
}

/// <summary>A heartbeat of a router or of an agent; routers need a platform key.</summary>
[JsonDerivedType(typeof(AgentHeartbeat))]
[JsonDerivedType(typeof(RouterHeartbeat))]
public abstract record Heartbeat;

/// <summary>A router's heartbeat.</summary>
public sealed record RouterHeartbeat : Heartbeat
{
    /// <summary>The router's ID, unique on the platform.</summary>
    /// <example>"rtr-1"</example>
    [RegularExpression("^[A-Za-z0-9._:-]{1,128}$")]
    public required string RouterId { get; init; }

    /// <summary>Where the router runs.</summary>
    /// <example>"us-east"</example>
    [StringLength(200)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Region { get; init; }

    /// <summary>The router's version.</summary>
    /// <example>"1.4.2"</example>
    [StringLength(200)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Version { get; init; }

    /// <summary>The router's state. An <c>offline</c> router stays registered.</summary>
    /// <example>"online"</example>
    [AllowedValues("online", "draining", "offline")]
    public required string State { get; init; }
}

/// <summary>An agent's heartbeat.</summary>
public sealed record AgentHeartbeat : Heartbeat
{
    /// <summary>The agent's ID, unique in its project, or on the platform for a shared agent.</summary>
    /// <example>"wkr-1"</example>
    [RegularExpression("^[A-Za-z0-9._:-]{1,128}$")]
    public required string WorkerId { get; init; }

    /// <summary>The agent's name.</summary>
    /// <example>"gpu-a"</example>
    [StringLength(200)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Name { get; init; }

    /// <summary>Where the agent runs.</summary>
    /// <example>"us-east"</example>
    [StringLength(200)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Region { get; init; }

    /// <summary><c>private</c>: reported with a key of its project; <c>shared</c>: reported with a platform key.</summary>
    /// <example>"private"</example>
    [AllowedValues("shared", "private")]
    public required string Kind { get; init; }

    /// <summary>The agent's version.</summary>
    /// <example>"1.4.2"</example>
    [StringLength(200)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Version { get; init; }

    /// <summary>The agent's state. <c>offline</c> signs the agent off.</summary>
    /// <example>"ready"</example>
    [AllowedValues("ready", "draining", "offline")]
    public required string State { get; init; }

    /// <summary>Most requests that the agent serves at once.</summary>
    /// <example>16</example>
    [Range(0, int.MaxValue)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? MaxConcurrentRequests { get; init; }

    /// <summary>Requests that the agent is serving.</summary>
    /// <example>3</example>
    [Range(0, int.MaxValue)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? ActiveRequests { get; init; }

    /// <summary>Models that the agent serves.</summary>
    /// <example>["llama-3.3-70b"]</example>
    [Items(MaxCount = 256, MinLength = 1, MaxLength = 256)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Models { get; init; }

    /// <summary>Endpoints that the agent serves: slugs for a private agent, <c>project ID/slug</c> for a shared one.</summary>
    /// <example>["chat"]</example>
    [Items(MaxCount = 256)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Endpoints { get; init; }
}

/// <summary>What became of a batch of heartbeats.</summary>
public sealed record HeartbeatsAccepted
{
    /// <summary>How many were stored.</summary>
    /// <example>1</example>
    [Range(0, int.MaxValue)]
    public required int Accepted { get; init; }

    /// <summary>The error of each that was not.</summary>
    /// <example>[]</example>
    public required IReadOnlyList<HeartbeatError> Errors { get; init; }
}

/// <summary>Why a heartbeat was not stored.</summary>
public sealed record HeartbeatError
{
    /// <summary>The heartbeat's position in the batch, from 0.</summary>
    /// <example>0</example>
    [Range(0, int.MaxValue)]
    public required int Index { get; init; }

    /// <summary>The error's code.</summary>
    /// <example>"invalid_request"</example>
    [AllowedValues("invalid_request", "unknown_field", "scope_insufficient", "quota_exceeded", "rate_limit_exceeded", "service_unavailable")]
    public required string Code { get; init; }

    /// <summary>A sentence for people.</summary>
    /// <example>"state must be ready, draining or offline."</example>
    public required string Message { get; init; }
}
