using System.Text.Json;
using System.Text.Json.Serialization;

namespace Xerotier.StatusService.Model;

/// <summary>
/// When the board last changed. Replicas see one change some milliseconds apart. All must show the same instants, and with them the
/// same bytes, so the recorder's stamp goes into the database and the others take it over.
/// </summary>
/// <param name="Content">Hash of all that the board shows.</param>
/// <param name="ChangedAt">Unix second since which it shows that.</param>
/// <param name="Since">By key of the shown components: the state, and the Unix second since which the component holds it; null when it held it before the first look.</param>
/// <param name="NoticesLostAt">Unix second since which the notices are unavailable.</param>
public sealed record ChangeStamp(string Content, long ChangedAt, IReadOnlyDictionary<string, StateSince> Since, [property: JsonPropertyName("windows_lost_at")] long? NoticesLostAt)
{
    private const long MostAhead = 4; // seconds between two clocks that are both right: each differs by up to 2 s from the database's

    private static readonly IReadOnlyDictionary<string, StateSince> Nothing = new Dictionary<string, StateSince>();

    /// <summary>By key of the shown components: the state that was measured last, and the Unix second since which; null when before the first look. Times in which it was unknown end none.</summary>
    public IReadOnlyDictionary<string, StateSince> Measured
    {
        get => field ?? Nothing; // one that an earlier release wrote has none
        init;
    } = Nothing;

    /// <summary>Whether it speaks of the future: whoever made it had a clock that was off, and nobody knows when what it tells of happened.</summary>
    public bool IsAhead(DateTimeOffset now) =>
        Since.Values.Concat(Measured.Values).Select(since => since.At).Append(ChangedAt).Append(NoticesLostAt).Max() > now.ToUnixTimeSeconds() + MostAhead;

    /// <summary>The stamp as it is stored.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, StampJson.Default.ChangeStamp);

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    public static ChangeStamp? FromJson(string? json) => json is null ? null : JsonSerializer.Deserialize(json, StampJson.Default.ChangeStamp);

    /// <summary>Whether <paramref name="other"/> is equal.</summary>
    public bool Same(ChangeStamp? other) =>
        other is not null && Content == other.Content && ChangedAt == other.ChangedAt && NoticesLostAt == other.NoticesLostAt
        && Same(Since, other.Since) && Same(Measured, other.Measured);

    private static bool Same(IReadOnlyDictionary<string, StateSince> one, IReadOnlyDictionary<string, StateSince> other) =>
        one.Count == other.Count && one.All(s => other.TryGetValue(s.Key, out var since) && since == s.Value);
}

/// <summary>A state and the Unix second since which it holds, if that was observed.</summary>
public readonly record struct StateSince(ComponentStatus Status, long? At);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true)]
[JsonSerializable(typeof(ChangeStamp))]
internal sealed partial class StampJson : JsonSerializerContext;
