using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace Xerotier.Contracts;

/// <summary>An incident with its updates, as its project sees it.</summary>
public record Incident
{
    /// <summary>The incident's ID.</summary>
    /// <example>"inc_7k3q0c1v2b3n4m5x6z7a"</example>
    [RegularExpression("^inc_")]
    public required string Id { get; init; }

    /// <summary>The object's type, always <c>incident</c>.</summary>
    /// <example>"incident"</example>
    [AllowedValues("incident")]
    public string Object { get; } = "incident";

    /// <summary>The project that it belongs to.</summary>
    /// <example>"proj_ABC123"</example>
    public required string ProjectId { get; init; }

    /// <summary>Title, plain text: 1 to 200 Unicode scalar values.</summary>
    /// <example>"Elevated errors in us-east"</example>
    [StringLength(200, MinimumLength = 1)]
    public required string Title { get; init; }

    /// <summary>The incident's state: that of the update that was posted last.</summary>
    /// <example>"monitoring"</example>
    public required IncidentStatus Status { get; init; }

    /// <summary>How bad it has been at worst: by the components that it has named, or as <c>impact_override</c> says.</summary>
    /// <example>"major"</example>
    public required IncidentImpact Impact { get; init; }

    /// <summary>The impact that an operator has set; null: it is computed.</summary>
    /// <example>null</example>
    public required IncidentImpact? ImpactOverride { get; init; }

    /// <summary>When it began.</summary>
    /// <example>"2026-05-22T14:02:00Z"</example>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>When it ended, by the update that resolved it; null while it is open.</summary>
    /// <example>null</example>
    public required DateTimeOffset? ResolvedAt { get; init; }

    /// <summary>The components that it has named, each with what it says of it now.</summary>
    public required IReadOnlyList<IncidentComponent> Components { get; init; }

    /// <summary>Its updates in the order of posting, newest last. Lists have only the newest.</summary>
    public required IReadOnlyList<IncidentUpdate> Updates { get; init; }

    /// <summary>How many updates it has.</summary>
    /// <example>1</example>
    [Range(1, 200)]
    public required int UpdatesCount { get; init; }

    /// <summary>Name of the key that created it; <c>system</c> for a draft that the product made by itself.</summary>
    /// <example>"ops-key"</example>
    public required string CreatedBy { get; init; }

    /// <summary>When it was created.</summary>
    /// <example>"2026-05-22T14:05:00Z"</example>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was changed last.</summary>
    /// <example>"2026-05-22T14:05:00Z"</example>
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>Whether it is a draft, which nobody sees but its project.</summary>
    /// <example>false</example>
    public required bool Draft { get; init; }

    /// <summary>What the operator should know of the change that was just made; absent when there is nothing.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<Warning>? Warnings { get; init; }

    /// <summary>The incident as everybody sees it.</summary>
    public PageIncident ToPublic() => new()
    {
        Id = Id,
        Title = Title,
        Status = Status,
        Impact = Impact,
        StartedAt = StartedAt,
        ResolvedAt = ResolvedAt,
        Components = Components,
        Updates = [.. Updates.Select(u => new PageIncidentUpdate { Id = u.Id, Status = u.Status, Body = u.Body, Components = u.Components, At = u.At, PostedAt = u.PostedAt, EditedAt = u.EditedAt })],
        UpdatesCount = UpdatesCount,
        CreatedAt = CreatedAt,
        UpdatedAt = UpdatedAt,
    };
}

/// <summary>What an incident says of a component.</summary>
public sealed record IncidentComponent
{
    /// <summary>The component's ID.</summary>
    /// <example>"cmp_inference_routing"</example>
    [RegularExpression("^cmp_")]
    public required string Id { get; init; }

    /// <summary>The component's name.</summary>
    /// <example>"Inference Routing"</example>
    public required string Name { get; init; }

    /// <summary>The state that the incident declares.</summary>
    /// <example>"degraded"</example>
    public required DeclaredStatus Status { get; init; }
}

/// <summary>One update of an incident.</summary>
public sealed record IncidentUpdate : IDeclaringUpdate
{
    /// <summary>The update's ID.</summary>
    /// <example>"upd_7k3q0c1v2b3n4m5x6z7a"</example>
    [RegularExpression("^upd_")]
    public required string Id { get; init; }

    /// <summary>The incident's state from this update on.</summary>
    /// <example>"monitoring"</example>
    public required IncidentStatus Status { get; init; }

    /// <summary>What it says: CommonMark without HTML and images.</summary>
    /// <example>"A fix is in place; we are watching the error rate."</example>
    [StringLength(10_000, MinimumLength = 1)]
    public required string Body { get; init; }

    /// <summary>The components that it names; what earlier updates said of others stays.</summary>
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

    /// <summary>Name of the key that posted it.</summary>
    /// <example>"ops-key"</example>
    public required string CreatedBy { get; init; }

    /// <summary>Whether subscribers are told.</summary>
    /// <example>true</example>
    public required bool Notify { get; init; }
}

/// <summary>The state of a component that an update declares.</summary>
public sealed record ComponentDeclaration
{
    /// <summary>The component's ID.</summary>
    /// <example>"cmp_inference_routing"</example>
    [RegularExpression("^cmp_")]
    public required string Id { get; init; }

    /// <summary>The declared state. It can make things worse than what is measured, never better.</summary>
    /// <example>"degraded"</example>
    public required DeclaredStatus Status { get; init; }
}

/// <summary>The state of an incident.</summary>
[JsonConverter(typeof(WordConverter<IncidentStatus>))]
public enum IncidentStatus
{
    /// <summary>The cause is looked for.</summary>
    Investigating,

    /// <summary>The cause is known.</summary>
    Identified,

    /// <summary>A fix is in place and watched.</summary>
    Monitoring,

    /// <summary>It is over.</summary>
    Resolved,

    /// <summary>It is over, and what happened has been written down.</summary>
    Postmortem,
}

/// <summary>How bad an incident is.</summary>
[JsonConverter(typeof(WordConverter<IncidentImpact>))]
public enum IncidentImpact
{
    /// <summary>No component is affected.</summary>
    None,

    /// <summary>At least one component is degraded.</summary>
    Minor,

    /// <summary>At least one component is out.</summary>
    Major,

    /// <summary>Every component that the page shows is out.</summary>
    Critical,
}

/// <summary>A state that an incident declares of a component.</summary>
[JsonConverter(typeof(WordConverter<DeclaredStatus>))]
public enum DeclaredStatus
{
    /// <summary>Nothing is wrong with it any more; what is measured still counts.</summary>
    Operational,

    /// <summary>Reduced performance.</summary>
    Degraded,

    /// <summary>Unavailable.</summary>
    Outage,
}

/// <summary>An incident that was removed for good: only a draft can be.</summary>
public sealed record IncidentDeleted
{
    /// <summary>The incident's ID.</summary>
    /// <example>"inc_7k3q0c1v2b3n4m5x6z7a"</example>
    [RegularExpression("^inc_")]
    public required string Id { get; init; }

    /// <summary>The object's type, always <c>incident.deleted</c>.</summary>
    /// <example>"incident.deleted"</example>
    [AllowedValues("incident.deleted")]
    public string Object { get; } = "incident.deleted";

    /// <summary>Always true.</summary>
    /// <example>true</example>
    [AllowedValues(true)]
    public bool Deleted { get; } = true;
}

/// <summary>One change of an incident.</summary>
public sealed record IncidentEvent : ChangeEvent
{
    /// <summary>The event's ID.</summary>
    /// <example>"inc_7k3q0c1v2b3n4m5x6z7a.1"</example>
    public override required string Id { get; init; }

    /// <summary>The object's type, always <c>incident.event</c>.</summary>
    /// <example>"incident.event"</example>
    [AllowedValues("incident.event")]
    public string Object { get; } = "incident.event";

    /// <summary>The incident that changed.</summary>
    /// <example>"inc_7k3q0c1v2b3n4m5x6z7a"</example>
    [RegularExpression("^inc_")]
    public required string IncidentId { get; init; }

    /// <summary>What was done to it: created, updated, posted, edited, published or deleted.</summary>
    /// <example>"created"</example>
    public required string Action { get; init; }

    /// <summary>Name of the key that did it; <c>system</c> when the product did it by itself.</summary>
    /// <example>"ops-key"</example>
    public required string Actor { get; init; }

    /// <summary>ID of the key that did it; null when the product did it by itself.</summary>
    /// <example>"key_0v8w2x4y6z1a3b5c7d9e"</example>
    public required string? ActorKeyId { get; init; }

    /// <summary>When it was done.</summary>
    /// <example>"2026-05-22T14:05:00Z"</example>
    public required DateTimeOffset OccurredAt { get; init; }

    /// <summary>Names of the fields that changed.</summary>
    /// <example>[]</example>
    public required IReadOnlyList<string> ChangedFields { get; init; }

    /// <summary>The incident before the change, of its updates only the one that changed; null when it was created.</summary>
    /// <example>null</example>
    public required Incident? Before { get; init; }

    /// <summary>The incident after the change, of its updates only the one that changed; null when it was deleted.</summary>
    public required Incident? After { get; init; }
}
