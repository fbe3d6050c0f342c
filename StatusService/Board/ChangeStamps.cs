using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using Xerotier.StatusService.Model;

namespace Xerotier.StatusService.Board;

/// <summary>Keeps since when this replica's board has been what it is, and reconciles the instants with the recorder's stamp. Used by one task at a time.</summary>
public sealed class ChangeStamps
{
    private const long SameChange = 2; // the most seconds between two replicas' instants of one change

    private Own? own;

    /// <summary>The notices of the newest board, if they are live.</summary>
    public HeardNotices? Notices => own?.State is { NoticesUnavailable: false, Windows: { } windows, Announced: { } announced, NoticesHeardAt: { } at } ? new(windows, announced, at) : null;

    /// <summary>Observes the board at <paramref name="now"/>.</summary>
    /// <param name="state">The board.</param>
    /// <param name="now">The instant of a change, if there is one.</param>
    /// <param name="settled">False while the process has only just started and has not heard from its feeds.</param>
    public void Observe(BoardState state, DateTimeOffset now, bool settled)
    {
        var second = now.ToUnixTimeSeconds();
        if (own is not { } before || before.Stamp.IsAhead(now))
        {
            var first = new ChangeStamp(Hash(state), second, state.Shown.ToDictionary(s => s.Component.Key, s => new StateSince(s.Verdict.Status, null)), Lost(state)) { Measured = Measured(state, null, second) };
            own = new(state, first, Changed: false, settled);
            return;
        }

        if (before.Settled == settled && SameContent(before.State, state))
        {
            own = before with { State = state };
            return;
        }

        var hash = Hash(state);
        var changed = hash != before.Stamp.Content && before.Settled;
        own = new(
            state,
            new(
                hash,
                hash != before.Stamp.Content ? second : before.Stamp.ChangedAt,
                state.Shown.ToDictionary(s => s.Component.Key, s =>
                    before.Stamp.Since.TryGetValue(s.Component.Key, out var since) && since.Status == s.Verdict.Status ? since
                    : new StateSince(s.Verdict.Status, before.Settled ? second : null)),
                Lost(state))
            {
                Measured = Measured(state, before, second),
            },
            before.Changed || changed,
            settled);
    }

    /// <summary>The stamp to show at <paramref name="now"/> and, by the recorder, to write: <paramref name="shared"/>'s instants wherever it speaks of the same; null before the board is settled.</summary>
    public ChangeStamp? Reconcile(ChangeStamp? shared, DateTimeOffset now)
    {
        if (own is not { Settled: true } mine)
        {
            return null;
        }

        var stamp = mine.Stamp;
        if (shared is null || shared.IsAhead(now))
        {
            return stamp;
        }

        return new(
            stamp.Content,
            shared.Content == stamp.Content && (!mine.Changed || shared.ChangedAt >= stamp.ChangedAt - SameChange) ? shared.ChangedAt : stamp.ChangedAt,
            Reconcile(stamp.Since, shared.Since),
            stamp.NoticesLostAt is { } lost && shared.NoticesLostAt is { } otherLost && Math.Abs(otherLost - lost) <= SameChange ? otherLost : stamp.NoticesLostAt)
        {
            Measured = Reconcile(stamp.Measured, shared.Measured),
        };
    }

    private static Dictionary<string, StateSince> Reconcile(IReadOnlyDictionary<string, StateSince> own, IReadOnlyDictionary<string, StateSince> shared) => own.ToDictionary(s => s.Key, s =>
        shared.TryGetValue(s.Key, out var other) && other.Status == s.Value.Status && (s.Value.At is not { } at || Math.Abs((other.At ?? 0) - at) <= SameChange)
            ? other
            : s.Value);

    /// <summary>The states that were measured last. The first that is known of a component may have begun before anybody looked; one that is unknown for a while goes on when it is back.</summary>
    private static Dictionary<string, StateSince> Measured(BoardState state, Own? before, long second)
    {
        var measured = new Dictionary<string, StateSince>();
        foreach (var (component, _, verdict) in state.Shown)
        {
            var known = before is not null && before.Stamp.Measured.TryGetValue(component.Key, out var since) ? since : (StateSince?)null;
            if (verdict is { Status: not ComponentStatus.Unknown and var status } && known?.Status != status)
            {
                measured[component.Key] = new(status, known is null || !before!.Settled ? null : second);
            }
            else if (verdict is not null && known is { } goesOn)
            {
                measured[component.Key] = goesOn;
            }
        }

        return measured;
    }

    private static bool SameContent(BoardState one, BoardState other) =>
        one.Overall == other.Overall && ReferenceEquals(one.Windows, other.Windows) && ReferenceEquals(one.Announced, other.Announced) && one.NoticesUnavailable == other.NoticesUnavailable && one.Shown.SequenceEqual(other.Shown)
        && one.UnderMaintenance.SetEquals(other.UnderMaintenance);

    private static long? Lost(BoardState state) => state.NoticesUnavailable ? state.NoticesHeardAt?.ToUnixTimeSeconds() : null;

    private static string Hash(BoardState state) => Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(
        new Content(state.Overall, [.. state.Shown.Select(s => $"{s.Component.Key} {s.Verdict.Status} {s.Verdict.Reason}")], state.Windows, state.Announced, state.NoticesUnavailable)
        {
            UnderMaintenance = state.UnderMaintenance.Count == 0 ? null : [.. state.UnderMaintenance.Order(StringComparer.Ordinal)],
        },
        ContentJson.Default.Content)).AsSpan(0, 16));

    private sealed record Own(BoardState State, ChangeStamp Stamp, bool Changed, bool Settled);
}

/// <summary>All that a board shows, for its hash.</summary>
internal sealed record Content(OverallStatus Overall, IReadOnlyList<string> Components, BoardWindows? Windows, Announcements Announced, [property: JsonPropertyName("WindowsUnavailable")] bool NoticesUnavailable) // the name is part of the hash
{
    /// <summary>What windows cover; null where it is nothing, which a replica of an earlier release hashes alike.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? UnderMaintenance { get; init; }
}

[JsonSerializable(typeof(Content))]
internal sealed partial class ContentJson : JsonSerializerContext;
