using System.ComponentModel.DataAnnotations;

namespace Xerotier.Contracts;

/// <summary>An incident as everybody sees it: without its project and authors.</summary>
public sealed record PageIncident
{
    /// <summary>The incident's ID; its own page is <c>/status/incidents/{id}</c>.</summary>
    /// <example>"inc_7k3q0c1v2b3n4m5x6z7a"</example>
    public required string Id { get; init; }

    /// <summary>Title, plain text.</summary>
    /// <example>"Elevated errors in us-east"</example>
    public required string Title { get; init; }

    /// <summary>The incident's state.</summary>
    /// <example>"monitoring"</example>
    public required IncidentStatus Status { get; init; }

    /// <summary>How bad it has been at worst.</summary>
    /// <example>"major"</example>
    public required IncidentImpact Impact { get; init; }

    /// <summary>When it began.</summary>
    /// <example>"2026-05-22T14:02:00Z"</example>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>When it ended; null while it is open.</summary>
    /// <example>null</example>
    public required DateTimeOffset? ResolvedAt { get; init; }

    /// <summary>The components that it has named, each with what it says of it now.</summary>
    public required IReadOnlyList<IncidentComponent> Components { get; init; }

    /// <summary>Its newest updates in the order of posting, newest last; long bodies are cut.</summary>
    public required IReadOnlyList<PageIncidentUpdate> Updates { get; init; }

    /// <summary>How many updates it has.</summary>
    /// <example>1</example>
    [Range(1, 200)]
    public required int UpdatesCount { get; init; }

    /// <summary>When it was created, which may be later than it began.</summary>
    /// <example>"2026-05-22T14:05:00Z"</example>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was changed last.</summary>
    /// <example>"2026-05-22T14:21:07Z"</example>
    public required DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>One update of an incident as everybody sees it.</summary>
public sealed record PageIncidentUpdate : IDeclaringUpdate
{
    /// <summary>The update's ID.</summary>
    /// <example>"upd_7k3q0c1v2b3n4m5x6z7a"</example>
    public required string Id { get; init; }

    /// <summary>The incident's state from this update on.</summary>
    /// <example>"monitoring"</example>
    public required IncidentStatus Status { get; init; }

    /// <summary>What it says: CommonMark without HTML and images.</summary>
    /// <example>"A fix is in place; we are watching the error rate."</example>
    public required string Body { get; init; }

    /// <summary>The components whose declared state it changes.</summary>
    public required IReadOnlyList<ComponentDeclaration> Components { get; init; }

    /// <summary>The instant that it speaks of.</summary>
    /// <example>"2026-05-22T14:20:00Z"</example>
    public required DateTimeOffset At { get; init; }

    /// <summary>When it was posted.</summary>
    /// <example>"2026-05-22T14:21:07Z"</example>
    public required DateTimeOffset PostedAt { get; init; }

    /// <summary>When it was edited last; null when it never was.</summary>
    /// <example>null</example>
    public required DateTimeOffset? EditedAt { get; init; }
}
