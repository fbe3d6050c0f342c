using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace Xerotier.Contracts;

/// <summary>A component: one line of the status page.</summary>
public record Component
{
    /// <summary>The component's ID.</summary>
    /// <example>"cmp_7k3q0c1v2b3n4m5x6z7a"</example>
    [RegularExpression("^cmp_")]
    public required string Id { get; init; }

    /// <summary>The object's type, always <c>component</c>.</summary>
    /// <example>"component"</example>
    [AllowedValues("component")]
    public string Object { get; } = "component";

    /// <summary>Its name, unique among the components that are not archived, without regard to case.</summary>
    /// <example>"Batch API"</example>
    [StringLength(100, MinimumLength = 1)]
    public required string Name { get; init; }

    /// <summary>What it is, plain text; null when nothing is said.</summary>
    /// <example>"Asynchronous inference jobs."</example>
    [StringLength(500)]
    public required string? Description { get; init; }

    /// <summary>The heading under which it stands together with others; null: under none.</summary>
    /// <example>"APIs"</example>
    [StringLength(100, MinimumLength = 1)]
    public required string? Group { get; init; }

    /// <summary>Its place on the page; components of one position stand by name.</summary>
    /// <example>10</example>
    public required int Position { get; init; }

    /// <summary>The UTC day from which it is monitored.</summary>
    /// <example>"2026-05-01"</example>
    public required DateOnly StartDate { get; init; }

    /// <summary>Whether the page hides its line while it is operational. It is measured and counted as any other.</summary>
    /// <example>false</example>
    public required bool OnlyShowIfDegraded { get; init; }

    /// <summary>How it is measured; null for the built-in ones, and for one that is only declared: operational unless an incident says otherwise.</summary>
    public required ComponentProbe? Probe { get; init; }

    /// <summary>Whether it is one of the four that the platform measures by itself.</summary>
    /// <example>false</example>
    public required bool BuiltIn { get; init; }

    /// <summary>When it was created.</summary>
    /// <example>"2026-05-01T08:00:00Z"</example>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was changed last.</summary>
    /// <example>"2026-05-01T08:00:00Z"</example>
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>When it was archived; null unless it was.</summary>
    /// <example>null</example>
    public required DateTimeOffset? ArchivedAt { get; init; }
}

/// <summary>How a component is measured: an address that is asked again and again. Two failures in a row are an outage, the first success ends it.</summary>
public sealed record ComponentProbe
{
    /// <summary>An http or https address.</summary>
    /// <example>"https://batch.example.com/healthz"</example>
    public required string Url { get; init; }

    /// <summary>Seconds between two probes.</summary>
    /// <example>60</example>
    [Range(10, 3600)]
    [DefaultValue(60)]
    public int IntervalSeconds { get; init; } = 60;

    /// <summary>Seconds after which a probe has failed.</summary>
    /// <example>5</example>
    [Range(1, 30)]
    [DefaultValue(5)]
    public int TimeoutSeconds { get; init; } = 5;

    /// <summary>The status code that means success; null: any 2xx.</summary>
    /// <example>null</example>
    [Range(200, 599)]
    public int? ExpectStatus { get; init; }
}

/// <summary>A component to create.</summary>
public sealed record ComponentCreate
{
    /// <summary>Its name, unique among the components that are not archived, without regard to case.</summary>
    /// <example>"Batch API"</example>
    [StringLength(100, MinimumLength = 1)]
    public required string Name { get; init; }

    /// <summary>What it is, plain text.</summary>
    /// <example>"Asynchronous inference jobs."</example>
    [StringLength(500)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Description { get; init; }

    /// <summary>The heading under which it stands together with others.</summary>
    /// <example>"APIs"</example>
    [StringLength(100, MinimumLength = 1)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Group { get; init; }

    /// <summary>Its place on the page; by default after all others.</summary>
    /// <example>10</example>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Position { get; init; }

    /// <summary>The UTC day from which it is monitored: today by default, at most 90 days back.</summary>
    /// <example>"2026-05-01"</example>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateOnly? StartDate { get; init; }

    /// <summary>Whether the page hides its line while it is operational.</summary>
    /// <example>false</example>
    [DefaultValue(false)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? OnlyShowIfDegraded { get; init; }

    /// <summary>How it is measured; without one it is operational unless an incident says otherwise.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ComponentProbe? Probe { get; init; }
}

/// <summary>Changes of a component. Fields that are absent keep their value; null removes a description, a group or a probe.</summary>
public sealed record ComponentUpdate
{
    /// <summary>Its name. Those of the built-in components stay.</summary>
    /// <example>"Batch API"</example>
    [StringLength(100, MinimumLength = 1)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Name { get; init; }

    /// <summary>What it is, plain text; null removes it.</summary>
    /// <example>"Asynchronous inference jobs."</example>
    [StringLength(500)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Description { get; init; }

    /// <summary>The heading under which it stands together with others; null removes it.</summary>
    /// <example>"APIs"</example>
    [StringLength(100, MinimumLength = 1)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Group { get; init; }

    /// <summary>Its place on the page.</summary>
    /// <example>20</example>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Position { get; init; }

    /// <summary>The UTC day from which it is monitored: only an earlier one, at most 90 days back, not for built-in components.</summary>
    /// <example>"2026-04-01"</example>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateOnly? StartDate { get; init; }

    /// <summary>Whether the page hides its line while it is operational.</summary>
    /// <example>true</example>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? OnlyShowIfDegraded { get; init; }

    /// <summary>How it is measured from now on; null: no longer. Not for built-in components.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ComponentProbe? Probe { get; init; }
}

/// <summary>One change of a component.</summary>
public sealed record ComponentEvent : ChangeEvent
{
    /// <summary>The event's ID.</summary>
    /// <example>"cmp_7k3q0c1v2b3n4m5x6z7a.1"</example>
    public override required string Id { get; init; }

    /// <summary>The object's type, always <c>component.event</c>.</summary>
    /// <example>"component.event"</example>
    [AllowedValues("component.event")]
    public string Object { get; } = "component.event";

    /// <summary>The component that changed.</summary>
    /// <example>"cmp_7k3q0c1v2b3n4m5x6z7a"</example>
    [RegularExpression("^cmp_")]
    public required string ComponentId { get; init; }

    /// <summary>What was done to it: created, updated or archived.</summary>
    /// <example>"created"</example>
    public required string Action { get; init; }

    /// <summary>Name of the key that did it.</summary>
    /// <example>"platform-ops"</example>
    public required string Actor { get; init; }

    /// <summary>ID of the key that did it; null when the product did it by itself.</summary>
    /// <example>"key_0v8w2x4y6z1a3b5c7d9e"</example>
    public required string? ActorKeyId { get; init; }

    /// <summary>When it was done.</summary>
    /// <example>"2026-05-01T08:00:00Z"</example>
    public required DateTimeOffset OccurredAt { get; init; }

    /// <summary>Names of the fields that changed.</summary>
    /// <example>[]</example>
    public required IReadOnlyList<string> ChangedFields { get; init; }

    /// <summary>The component before the change; null when it was created.</summary>
    /// <example>null</example>
    public required Component? Before { get; init; }

    /// <summary>The component after the change.</summary>
    public required Component After { get; init; }
}
