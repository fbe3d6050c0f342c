using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace Xerotier.Contracts;

/// <summary>A project: one tenant of the platform.</summary>
public sealed record Project
{
    /// <summary>The project's ID.</summary>
    /// <example>"proj_4f6h8j1k3m5n7p9q2r4s"</example>
    [RegularExpression("^proj_[A-Za-z0-9]{6,32}$")]
    public required string Id { get; init; }

    /// <summary>The object's type, always <c>project</c>.</summary>
    /// <example>"project"</example>
    [AllowedValues("project")]
    public string Object { get; } = "project";

    /// <summary>The project's name.</summary>
    /// <example>"Acme"</example>
    public required string Name { get; init; }

    /// <summary>The project's slug, which its keys carry.</summary>
    /// <example>"acme"</example>
    [RegularExpression("^[a-z0-9-]{1,40}$")]
    public required string Slug { get; init; }

    /// <summary>Whether the platform's own operators use the project.</summary>
    /// <example>false</example>
    public required bool Platform { get; init; }

    /// <summary>When the project was created.</summary>
    /// <example>"2026-05-20T08:00:00Z"</example>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Since when the project is suspended; null unless it is.</summary>
    /// <example>null</example>
    public required DateTimeOffset? SuspendedAt { get; init; }
}

/// <summary>A project to create.</summary>
public sealed record ProjectCreate
{
    /// <summary>The project's name.</summary>
    /// <example>"Acme"</example>
    [StringLength(100, MinimumLength = 1)]
    public required string Name { get; init; }

    /// <summary>The project's slug: unique; <c>platform</c> is reserved.</summary>
    /// <example>"acme"</example>
    [RegularExpression("^[a-z0-9-]{1,40}$")]
    public required string Slug { get; init; }

    /// <summary>Whether the platform's own operators use the project.</summary>
    /// <example>false</example>
    [DefaultValue(false)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Platform { get; init; }
}
