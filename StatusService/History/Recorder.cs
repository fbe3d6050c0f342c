using Xerotier.ServiceDefaults.Demo;
using Xerotier.StatusService.Board;
using Xerotier.StatusService.Model;

namespace Xerotier.StatusService.History;

/// <summary>
/// Writes what the track observed into the history while it holds the lease, and reads the history for the page in any case. The holder
/// of the lease settles the seconds from the end of the record on, each once: with what it observed itself, or with no data. So a second
/// has one author, a takeover loses nothing that the successor observed, and a recorder that was paused finds that its generation is
/// over. Used by one task at a time.
/// </summary>
public sealed class Recorder(HistoryStore store, StatusTrack track, DemoOptions demo)
{
    private const int Kept = 120; // seconds that stay in the track after they were written: readers may still hold an older snapshot

    private const int SecondsPerDay = 86_400;

    private const int Continuity = 60; // the longest gap in the record, in seconds, after which an older stamp still holds

    private static readonly IReadOnlyDictionary<DayOfComponent, IReadOnlyList<Interval>> NoDetails = new Dictionary<DayOfComponent, IReadOnlyList<Interval>>();

    private readonly Guid me = Guid.NewGuid();
    private Held? held;
    private BoardBefore? before;
    private (Announcements? Of, long? Until, IReadOnlyDictionary<DayOfComponent, IReadOnlyList<Interval>> Days) detailed = (null, null, NoDetails);
    private string? lapsed; // a stamp from before a longer gap: it says nothing about now

    /// <summary>What the last turn found. Before the first nothing is known but what the start has said: whether this is a demo.</summary>
    public RecorderTurn Last { get; private set; } = RecorderTurn.None with { History = HistorySnapshot.Empty with { IsDemo = demo.IsDemo } };

    /// <summary>This one held the lease at the end of its last turn.</summary>
    public bool Recording => held is not null;

    /// <summary>One turn: takes or keeps the lease, writes what is new, reads what others wrote.</summary>
    /// <param name="today">The current UTC day.</param>
    /// <param name="stamp">The stamp to write if this one records, reconciled with that of the previous turn; null: not yet.</param>
    /// <param name="notices">The notices to keep for a later process; null while they are not live: those that were kept stay.</param>
    /// <param name="announced">The components and incidents as they are known now: the days that incidents touch are read in detail.</param>
    /// <param name="cancellation">Ends the turn; the next one makes up for it.</param>
    /// <returns>What this turn found.</returns>
    /// <exception cref="Npgsql.NpgsqlException">The database does not respond; what was observed waits in the track.</exception>
    public async Task<RecorderTurn> TurnAsync(DateOnly today, ChangeStamp? stamp, HeardNotices? notices, Announcements announced, CancellationToken cancellation)
    {
        if (track.CompleteUntil is not { } complete)
        {
            return Last; // nothing was observed yet
        }

        if (Last.Before is null)
        {
            stamp = null; // it was not reconciled: the stored stamp was not read yet
        }

        RecorderRow? row = null;
        if (held is { } holding)
        {
            // After an interrupted write nobody knows whether it happened: then the next turn takes the lease anew, and reads.
            held = null;
            row = await WriteAsync(holding, complete, stamp, notices, cancellation);
        }

        if (row is null)
        {
            row = await store.TryTakeAsync(me, cancellation);
            if (before is null)
            {
                before = new(ChangeStamp.FromJson(row.Stamp)?.Since.ContainsKey(Components.SharedAgents.Key) == true, await store.NoticesAsync(cancellation));
                lapsed = row.RecordedUntil >= complete - Continuity ? null : row.Stamp;
            }

            if (row is { Taken: true, RecordedUntil: null } && DemoHistory.Of(demo, complete) is { } example)
            {
                // Only who holds the lease writes, so no record of anything real can begin meanwhile. Where this fails, the next turn does it.
                row = await store.WriteAsync(row.Generation, row.Revision, example, cancellation) ?? row with { Taken = false };
            }

            if (row.Taken)
            {
                var written = await WriteAsync(new(row, await store.OpenAsync(cancellation), Notices: null), complete, stamp, notices, cancellation);
                if (written is null)
                {
                    await store.ReleaseAsync(row.Generation, cancellation); // what this one saw lies in the database's future: another may record
                }

                row = written ?? row;
            }
        }

        var (history, shared) = (Last.History, Last.Stamp);
        if (row.Revision != history.Revision)
        {
            (history, var stored) = await store.LoadAsync(today.AddDays(-89), cancellation);
            shared = stored == lapsed ? null : ChangeStamp.FromJson(stored);
        }
        else if (row.RecordedUntil != history.RecordedUntil)
        {
            history = history with { RecordedUntil = row.RecordedUntil };
        }

        history = await WithDetailsAsync(history, announced, today.AddDays(-89), cancellation);
        if (row.RecordedUntil is { } settled)
        {
            track.Forget(settled - Kept);
        }

        return Last = new(history, shared, before, Recording);
    }

    /// <summary>Hands the lease over at once, when this one stops.</summary>
    public async Task ReleaseAsync(CancellationToken cancellation)
    {
        if (held is { } holding)
        {
            held = null;
            await store.ReleaseAsync(holding.Row.Generation, cancellation);
        }
    }

    private async Task<RecorderRow?> WriteAsync(Held holding, long complete, ChangeStamp? stamp, HeardNotices? notices, CancellationToken cancellation)
    {
        var (change, open) = Plan(holding, complete);
        if (stamp is not null)
        {
            change = stamp.Same(ChangeStamp.FromJson(holding.Row.Stamp)) ? change : change with { Stamp = stamp.ToJson(), Shown = stamp.Since };
        }
        else if (lapsed is not null && holding.Row.Stamp == lapsed)
        {
            change = change with { Stamp = "null" }; // the record goes on from here: no successor may take it for continuous
        }

        if (notices is not null)
        {
            change = change with
            {
                NoticesHeardAt = notices.At,
                Windows = ReferenceEquals(notices.Windows, holding.Notices?.Windows) ? null : notices.Windows.ToJson(),
                Announced = ReferenceEquals(notices.Announced, holding.Notices?.Announced) ? null : notices.Announced.ToJson(),
            };
        }

        var row = await store.WriteAsync(holding.Row.Generation, holding.Row.Revision, change, cancellation);
        held = row is null ? null : new(row, open, notices ?? holding.Notices);
        return row;
    }

    /// <summary>Reads in detail the closed days that incidents touch; those that are there already did not change.</summary>
    private async Task<HistorySnapshot> WithDetailsAsync(HistorySnapshot history, Announcements announced, DateOnly first, CancellationToken cancellation)
    {
        if (ReferenceEquals(detailed.Of, announced) && detailed.Until == history.RecordedUntil / SecondsPerDay && ReferenceEquals(detailed.Days, history.Details))
        {
            return history;
        }

        var wanted = announced.Components.SelectMany(c => history.DaysInDetail(c, announced.Declared(c.Key), first)).ToHashSet();
        var known = detailed.Until <= history.RecordedUntil / SecondsPerDay ? detailed.Days : NoDetails; // a record that was set back forgets days
        var missing = wanted.Where(day => !known.ContainsKey(day)).ToList();
        var read = missing.Count > 0 ? await store.DetailsAsync(missing, cancellation) : NoDetails;
        var days = wanted.ToDictionary(day => day, day => known.GetValueOrDefault(day) ?? read[day]);
        detailed = (announced, history.RecordedUntil / SecondsPerDay, days);
        return history with { Details = days };
    }

    /// <summary>What has to be written so that the record reaches <paramref name="complete"/>, and which intervals go on then.</summary>
    private (RecordedChange Change, Dictionary<string, OpenInterval> Open) Plan(Held holding, long complete)
    {
        var from = holding.Row.RecordedUntil;
        var until = Math.Max(from ?? complete, complete);
        var ended = new List<(string, long)>();
        var begun = new List<(string, long, long?, RecordedState)>();
        var open = new Dictionary<string, OpenInterval>();

        foreach (var component in track.Components.Union(holding.Open.Keys))
        {
            var stretches = new List<Interval>();
            var goesOn = holding.Open.TryGetValue(component, out var ongoing);
            if (goesOn)
            {
                stretches.Add(new(ongoing.From, from!.Value, ongoing.State));
            }

            foreach (var interval in track.Intervals(component, from ?? long.MinValue, until))
            {
                if (interval.State != RecordedState.NoData)
                {
                    stretches.AddOrExtend(interval);
                }
            }

            foreach (var piece in stretches.SelectMany(stretch => stretch.ByDay()))
            {
                long? to = piece.To == until && until % 86_400 != 0 ? null : piece.To;
                if (!goesOn)
                {
                    begun.Add((component, piece.From, to, piece.State));
                }
                else if (to is { } end)
                {
                    ended.Add((component, end));
                }

                goesOn = false; // only the first piece is in the database
                if (to is null)
                {
                    open[component] = new(piece.From, piece.State);
                }
            }
        }

        return (new(from, until, ended, begun, null), open);
    }

    /// <summary>The lease, what goes on, and the notices that this one has written.</summary>
    private sealed record Held(RecorderRow Row, Dictionary<string, OpenInterval> Open, HeardNotices? Notices);
}

/// <summary>What a turn of the recorder found; immutable, and all of one instant.</summary>
/// <param name="History">The newest history that was read.</param>
/// <param name="Stamp">The recorder's stamp, this one's or another's; null when there is none that still means anything.</param>
/// <param name="Before">The board as it was when this process began to read; null until it did.</param>
/// <param name="Recording">This one holds the lease.</param>
public sealed record RecorderTurn(HistorySnapshot History, ChangeStamp? Stamp, BoardBefore? Before, bool Recording)
{
    /// <summary>Before the first turn.</summary>
    public static RecorderTurn None { get; } = new(HistorySnapshot.Empty, null, null, false);
}

/// <summary>What a process that starts takes over of the board, for as long as it knows nothing newer.</summary>
/// <param name="SharedAgentsShown">The shared agents were shown.</param>
/// <param name="Notices">The notices that were known last; null when none ever were.</param>
public sealed record BoardBefore(bool SharedAgentsShown, HeardNotices? Notices);
