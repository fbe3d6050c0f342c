using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace Xerotier.Contracts;

/// <summary>A live process.</summary>
public sealed record Liveness
{
    /// <summary>Always <c>ok</c>: a process that cannot respond is not live.</summary>
    /// <example>"ok"</example>
    [AllowedValues("ok")]
    public string Status { get; } = "ok";

    /// <summary>The service's name.</summary>
    /// <example>"gateway"</example>
    public required string Service { get; init; }

    /// <summary>The service's version.</summary>
    /// <example>"1.0.0"</example>
    public required string Version { get; init; }

    /// <summary>Whole seconds since the process started.</summary>
    /// <example>42</example>
    [Range(0, double.MaxValue)]
    public required long UptimeSeconds { get; init; }
}

/// <summary>Whether a service can serve, with the state of everything that it depends on.</summary>
public sealed record Readiness
{
    /// <summary><c>ok</c> with status 200; <c>unavailable</c> or <c>draining</c> (about to stop) with 503.</summary>
    /// <example>"ok"</example>
    public required ReadinessStatus Status { get; init; }

    /// <summary>The service's name.</summary>
    /// <example>"gateway"</example>
    public required string Service { get; init; }

    /// <summary>
    /// Each dependency by name. Of the Gateway: its database (<c>postgres</c>), its clock beside the database's (<c>clock</c>: more than 2 s off
    /// is unavailable), the source of the status page (<c>status_page</c>), each service, and every check that a service reports of itself,
    /// such as the ones of its store (<c>redis</c>) and its clock (<c>statusdb_clock</c>). The latter do not decide.
    /// </summary>
    /// <example>{"postgres": "ok", "clock": "ok", "status_page": "ok", "console": "ok", "healthcollector": "ok", "maintenanceservice": "ok", "notificationservice": "ok", "statusservice": "ok", "redis": "ok", "redis_clock": "ok", "maintenancedb": "ok", "maintenancedb_clock": "ok", "notificationsdb": "ok", "notificationsdb_clock": "ok", "statusdb": "ok", "statusdb_clock": "ok"}</example>
    [Keys("postgres", "clock", "status_page", "healthcollector", "maintenanceservice", "notificationservice", "statusservice")]
    public required IReadOnlyDictionary<string, CheckState> Checks { get; init; }
}

/// <summary>Whether a service can serve.</summary>
[JsonConverter(typeof(WordConverter<ReadinessStatus>))]
public enum ReadinessStatus
{
    /// <summary>It can.</summary>
    Ok,

    /// <summary>A dependency does not respond.</summary>
    Unavailable,

    /// <summary>The process is about to stop.</summary>
    Draining,
}

/// <summary>State of a dependency; <c>unknown</c>: its service no longer reports it.</summary>
[JsonConverter(typeof(WordConverter<CheckState>))]
public enum CheckState
{
    /// <summary>It responds.</summary>
    Ok,

    /// <summary>It does not respond.</summary>
    Unavailable,

    /// <summary>Nobody reports it.</summary>
    Unknown,
}
