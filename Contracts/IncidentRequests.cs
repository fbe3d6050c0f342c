using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace Xerotier.Contracts;

/// <summary>An incident to create, with its first update.</summary>
public sealed record IncidentCreate
{
    /// <summary>Title, plain text: 1 to 200 Unicode scalar values after trimming.</summary>
    /// <example>"Elevated errors in us-east"</example>
    [StringLength(200, MinimumLength = 1)]
    public required string Title { get; init; }

    /// <summary>State of the first update.</summary>
    /// <example>"investigating"</example>
    [DefaultValue("investigating")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IncidentStatus? Status { get; init; }

    /// <summary>What the first update says: CommonMark without HTML and images.</summary>
    /// <example>"We see failed requests in us-east and are looking for the cause."</example>
    [StringLength(10_000, MinimumLength = 1)]
    public required string Body { get; init; }

    /// <summary>The affected components, each at most once.</summary>
    [Items(MaxCount = 50)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<ComponentDeclaration>? Components { get; init; }

    /// <summary>When it began: now by default, at most 90 days ago.</summary>
    /// <example>"2026-05-22T14:02:00Z"</example>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>The instant that the first update speaks of: <c>started_at</c> by default.</summary>
    /// <example>"2026-05-22T14:02:00Z"</example>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTimeOffset? At { get; init; }

    /// <summary>The impact, set by hand.</summary>
    /// <example>"minor"</example>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IncidentImpact? ImpactOverride { get; init; }

    /// <summary>Whether subscribers are told.</summary>
    /// <example>true</example>
    [DefaultValue(true)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Notify { get; init; }

    /// <summary>Whether it stays a draft until it is published.</summary>
    /// <example>false</example>
    [DefaultValue(false)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Draft { get; init; }
}

/// <summary>Changes of an incident. Fields that are absent keep their value.</summary>
public sealed record IncidentChange
{
    /// <summary>Title, plain text: 1 to 200 Unicode scalar values after trimming.</summary>
    /// <example>"Elevated errors in us-east"</example>
    [StringLength(200, MinimumLength = 1)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Title { get; init; }

    /// <summary>The impact, set by hand; null: computed again.</summary>
    /// <example>"minor"</example>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IncidentImpact? ImpactOverride { get; init; }

    /// <summary>When it began: at most 90 days ago, and not after the instant of its first update.</summary>
    /// <example>"2026-05-22T14:00:00Z"</example>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTimeOffset? StartedAt { get; init; }
}

/// <summary>An update to post.</summary>
public sealed record IncidentUpdateCreate
{
    /// <summary>The incident's state from now on; by default it stays.</summary>
    /// <example>"identified"</example>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IncidentStatus? Status { get; init; }

    /// <summary>What it says: CommonMark without HTML and images.</summary>
    /// <example>"A router in us-east dropped out of the pool; it is being replaced."</example>
    [StringLength(10_000, MinimumLength = 1)]
    public required string Body { get; init; }

    /// <summary>The components whose declared state changes, each at most once; the others keep theirs.</summary>
    [Items(MaxCount = 50)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<ComponentDeclaration>? Components { get; init; }

    /// <summary>The instant that it speaks of, from <c>started_at</c> until now; now by default.</summary>
    /// <example>"2026-05-22T14:20:00Z"</example>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTimeOffset? At { get; init; }

    /// <summary>Whether subscribers are told.</summary>
    /// <example>true</example>
    [DefaultValue(true)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Notify { get; init; }
}

/// <summary>Changes of an update. Fields that are absent keep their value.</summary>
public sealed record IncidentUpdateChange
{
    /// <summary>What it says: CommonMark without HTML and images.</summary>
    /// <example>"A router in us-east dropped out of the pool; it has been replaced."</example>
    [StringLength(10_000, MinimumLength = 1)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Body { get; init; }

    /// <summary>The instant that it speaks of.</summary>
    /// <example>"2026-05-22T14:18:00Z"</example>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTimeOffset? At { get; init; }

    /// <summary>The components whose declared state it changes, in place of those that it named.</summary>
    [Items(MaxCount = 50)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<ComponentDeclaration>? Components { get; init; }
}
