using System.Text.Json.Serialization;

namespace Xerotier.Contracts;

/// <summary>Something that an operator should know of a change that was made (product.md section 2).</summary>
public sealed record Warning
{
    /// <summary>What it is, for programs: <c>still_measured</c>, the incident is resolved while measurements still show an outage of the component; <c>overlaps</c>, another window of the project is planned for a service at the same time.</summary>
    /// <example>"still_measured"</example>
    public required string Code { get; init; }

    /// <summary>What it is, for people.</summary>
    /// <example>"Measurements still show an outage of Inference Routing; the status page says so until they recover."</example>
    public required string Message { get; init; }

    /// <summary>The component's ID; absent when it is of none.</summary>
    /// <example>"cmp_inference_routing"</example>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Component { get; init; }

    /// <summary>ID of the other object; absent when there is none.</summary>
    /// <example>"mw_7k3q0c1v2b3n4m5x6z7a"</example>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Id { get; init; }
}
