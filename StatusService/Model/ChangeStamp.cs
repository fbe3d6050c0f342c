using System.Text.Json;
using System.Text.Json.Serialization;

namespace Xerotier.StatusService.Model;

/// <summary>
/// Since when the board has been what it is. Replicas see one change some milliseconds apart; that the page's instants, and with
/// them its bytes, are the same on all of them, the recorder's stamp goes into the database and the others take it over.
/// </summary>
/// <param name="Content">Hash of all that the board shows.</param>
/// <param name="ChangedAt">Unix second since which it shows that.</param>
/// <param name="Since">By shown component, its state and the Unix second since which it holds it; null: it was so before anybody looked.</param>
/// <param name="WindowsLostAt">Unix second since which the windows are unavailable.</param>
public sealed record ChangeStamp(string Content, long ChangedAt, IReadOnlyDictionary<string, StateSince> Since, long? WindowsLostAt)
{
    /// <summary>The form that is stored.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, StampJson.Default.ChangeStamp);

    /// <summary>What <see cref="ToJson"/> made, read back.</summary>
    public static ChangeStamp? FromJson(string? json) => json is null ? null : JsonSerializer.Deserialize(json, StampJson.Default.ChangeStamp);

    /// <summary>Whether <paramref name="other"/> says the same.</summary>
    public bool Same(ChangeStamp? other) =>
        other is not null && Content == other.Content && ChangedAt == other.ChangedAt && WindowsLostAt == other.WindowsLostAt
        && Since.Count == other.Since.Count && Since.All(s => other.Since.TryGetValue(s.Key, out var since) && since == s.Value);
}

/// <summary>A state and the Unix second since which it holds, if that was observed.</summary>
public readonly record struct StateSince(ComponentStatus Status, long? At);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true)]
[JsonSerializable(typeof(ChangeStamp))]
internal sealed partial class StampJson : JsonSerializerContext;
