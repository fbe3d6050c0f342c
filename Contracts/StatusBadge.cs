using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace Xerotier.Contracts;

/// <summary>A badge as shields.io's endpoint takes it (https://shields.io/badges/endpoint-badge).</summary>
public sealed record StatusBadge
{
    /// <summary>The version of the shape, always 1.</summary>
    /// <example>1</example>
    [JsonPropertyName("schemaVersion")]
    [Range(1, 1)]
    public int SchemaVersion { get; } = 1;

    /// <summary>What it is of.</summary>
    /// <example>"Inference Routing"</example>
    public required string Label { get; init; }

    /// <summary>What it says.</summary>
    /// <example>"Operational"</example>
    public required string Message { get; init; }

    /// <summary>The message's ground; grey where nothing is known or live data is unavailable.</summary>
    /// <example>"#0e7040"</example>
    public required string Color { get; init; }
}
