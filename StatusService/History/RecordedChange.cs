using Xerotier.StatusService.Model;

namespace Xerotier.StatusService.History;

/// <summary>The recorder's row: who records, how far, and which revision of the history there is.</summary>
/// <param name="Generation">The newest takeover's.</param>
/// <param name="RecordedUntil">Unix second before which everything is settled; null when nothing was ever recorded.</param>
/// <param name="FirstRecorded">Unix second of the first interval ever.</param>
/// <param name="Revision">Grows with every change of intervals or stamp.</param>
/// <param name="Stamp">The recorder's <see cref="ChangeStamp"/> as JSON.</param>
/// <param name="Taken">This call made the caller the recorder.</param>
public sealed record RecorderRow(long Generation, long? RecordedUntil, long? FirstRecorded, long Revision, string? Stamp, bool Taken);

/// <summary>An interval that goes on.</summary>
public readonly record struct OpenInterval(long From, RecordedState State);

/// <summary>What a recorder writes at once: it moves the end of the record from <paramref name="From"/> to <paramref name="Until"/>.</summary>
/// <param name="From">Where the record ended until now; null when there was none.</param>
/// <param name="Until">Where it ends afterwards.</param>
/// <param name="Ended">Open intervals that ended, and when.</param>
/// <param name="Begun">New intervals; To is null for those that go on.</param>
/// <param name="Stamp">The new stamp; null when it stays.</param>
public sealed record RecordedChange(
    long? From,
    long Until,
    IReadOnlyList<(string Component, long To)> Ended,
    IReadOnlyList<(string Component, long From, long? To, RecordedState State)> Begun,
    string? Stamp)
{
    /// <summary>What each component is shown as, and since when, where that was observed; the log takes what it does not say already. Null: as before.</summary>
    public IReadOnlyDictionary<string, StateSince>? Shown { get; init; }

    /// <summary>The windows as JSON; null when they stay.</summary>
    public string? Windows { get; init; }

    /// <summary>The components and incidents as JSON; null when they stay.</summary>
    public string? Announced { get; init; }

    /// <summary>When the notices were last live; null when that stays.</summary>
    public DateTimeOffset? NoticesHeardAt { get; init; }

    /// <summary>This is the example history of a demo: from now on the record is marked as that.</summary>
    public bool IsDemo { get; init; }
}
