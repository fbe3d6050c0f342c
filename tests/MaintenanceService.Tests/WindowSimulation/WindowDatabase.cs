extern alias statusservice;

using System.Collections.Immutable;
using System.Globalization;
using statusservice::Xerotier.StatusService.Notices;
using Xerotier.Maintenance.V1;
using Xerotier.MaintenanceService.Changes;
using Xerotier.MaintenanceService.Model;
using Xerotier.MaintenanceService.Windows;
using Xerotier.ServiceDefaults;
using Xerotier.TestKit;

namespace Xerotier.MaintenanceService.Tests.WindowSimulation;

/// <summary>
/// The windows' database in memory: what the SQL does, as plainly as possible. Transactions get their numbers when they begin, lock what
/// they change, and become visible when they commit, in whatever order.
/// </summary>
internal sealed class WindowDatabase(TimeProvider time)
{
    private readonly HashSet<string> locked = [];
    private readonly SortedSet<ulong> running = [];
    private Data data = Data.Empty;
    private Data backup = Data.Empty;
    private ulong ended = 2;
    private int restores;
    private int starts;
    private int made;

    /// <summary>Told of every commit.</summary>
    public event Action? Committed;

    /// <summary>Told when the server starts again.</summary>
    public event Action? Restarted;

    /// <summary>What was visible to everybody, and since when.</summary>
    public List<State> History { get; } = [new(DateTimeOffset.MinValue, [])];

    public IEnumerable<string> Ids => data.Windows.Keys;

    private LogHead Head => new(
        $"database {restores}", data.Suspensions, new(ended + 1, [.. running.Where(xid => xid <= ended)]), data.Log.Count == 0 ? 0 : data.Log.Max(entry => entry.Xid));

    private DateTimeOffset Now => time.GetUtcNow();

    private IEnumerable<Window> Public => data.Windows.Values.Where(row => !data.Suspended.Contains(row.Stored.ProjectId)).Select(row => row.Sent);

    public IEnumerable<string> IdsOf(string project) => data.Windows.Where(window => window.Value.Stored.ProjectId == project).Select(window => window.Key);

    public Transaction Begin() => new(this);

    public void SetSuspended(string project, bool suspended)
    {
        if (data.Suspended.Contains(project) != suspended)
        {
            data = data with { Suspended = suspended ? data.Suspended.Add(project) : data.Suspended.Remove(project), Suspensions = data.Suspensions + 1 };
            Publish();
        }
    }

    public void BackUp() => backup = data with { Next = ended + 1 };

    /// <summary>From the backup: numbers of transactions begin where they were then, in a database of another name.</summary>
    public void Restore()
    {
        data = backup;
        restores++;
        Restart();
        Publish();
    }

    /// <summary>A crash: what runs is gone, and numbers that left nothing on disk are given again.</summary>
    public void Crash()
    {
        data = data with { Next = Math.Max(3, Head.Last + 1) };
        Restart();
    }

    public GetNoticesResponse Notices() => new() { Mark = Head.Mark.ToString(), Lists = SampleNotices.Of([.. Public], NoticesView.Held, ofProject: 20) };

    /// <summary>As <see cref="ChangeLog.ReadAsync"/>.</summary>
    public ChangePage Read(ChangeMark mark)
    {
        var target = mark.Page?.Target;
        var page = data.Log
            .Where(entry => !mark.Seen.Sees(entry.Xid) && target?.Sees(entry.Xid) != false && !data.Suspended.Contains(entry.ProjectId))
            .OrderBy(entry => entry.ProjectId, StringComparer.Ordinal).ThenBy(entry => entry.Event.WindowId, StringComparer.Ordinal).ThenBy(entry => entry.Event.Version)
            .Where(entry => mark.Page is not { } at || Compare(entry, at) > 0)
            .Take(ChangeLog.PageSize)
            .ToList();
        return Head.PageAfter(
            mark,
            target,
            [.. page.Select(entry => entry.Event)],
            notices: [],
            page.Count == ChangeLog.PageSize ? (page[^1].ProjectId, page[^1].Event.WindowId, page[^1].Event.Version) : null);

        static int Compare(Entry entry, PagePosition at) =>
            string.CompareOrdinal(entry.ProjectId, at.ProjectId) is not 0 and var byProject ? byProject
            : string.CompareOrdinal(entry.Event.WindowId, at.ObjectId) is not 0 and var byWindow ? byWindow
            : entry.Event.Version.CompareTo(at.Version);
    }

    private void Restart()
    {
        locked.Clear();
        running.Clear();
        ended = data.Next - 1;
        starts++;
        Restarted?.Invoke();
    }

    private void Publish()
    {
        History.Add(new(Now, [.. Public]));
        Committed?.Invoke();
    }

    /// <summary>What everybody sees from an instant on.</summary>
    internal sealed class State(DateTimeOffset since, IReadOnlyCollection<Window> windows)
    {
        private NoticeLists? shown;

        public DateTimeOffset Since => since;

        public IReadOnlyCollection<Window> Windows => windows;

        public NoticeLists Shown => shown ??= SampleNotices.Of(windows, NoticesView.Shown, ofProject: 10);
    }

    /// <summary>One transaction. After a restart of the server it does nothing.</summary>
    internal sealed class Transaction
    {
        private readonly WindowDatabase database;
        private readonly Dictionary<string, StoredWindow?> changed = [];
        private readonly List<Entry> entries = [];
        private readonly ulong xid;
        private readonly int start;

        public Transaction(WindowDatabase database)
        {
            (this.database, start, xid) = (database, database.starts, database.data.Next);
            database.data = database.data with { Next = xid + 1 };
            database.running.Add(xid);
        }

        private bool IsLost => start != database.starts;

        public void Create(MaintenanceWindowUpdate fields, Caller caller)
        {
            if (!IsLost)
            {
                var id = string.Create(CultureInfo.InvariantCulture, $"mw_{database.made++ * 7919 % 10007:00000}"); // in no order
                database.locked.Add(id);
                Write("created", null, Lifecycle.Create(fields, caller, database.Now) with { Id = id });
            }
        }

        /// <summary>Changes a window as <see cref="Lifecycle"/> allows; one that another transaction holds is left to it.</summary>
        public void Change(string id, MaintenanceWindowUpdate fields)
        {
            if (Take(id) is { } window && Lifecycle.Change(window, fields, database.Now).Next is { } next && next != window)
            {
                Write(Lifecycle.Action(window.Status, next.Status), window, next);
            }
        }

        public void Purge(string id)
        {
            if (Take(id) is { } window && Lifecycle.ValidatePurge(window) is null)
            {
                Write("purged", window, null);
            }
        }

        /// <summary>Moves on the windows whose time has come, as the clock does.</summary>
        public void MoveDue()
        {
            var now = database.Now;
            foreach (var id in database.Ids.ToList())
            {
                if (Take(id) is { AutoTransition: true, Status: WindowStatus.Scheduled } scheduled && scheduled.StartsAt <= now)
                {
                    Change(id, new() { Status = WindowStatus.Active });
                }

                if (Take(id) is { AutoTransition: true, Status: WindowStatus.Active } active && active.EndsAt <= now)
                {
                    Change(id, new() { Status = WindowStatus.Completed });
                }
            }
        }

        public void End(bool commit)
        {
            if (IsLost)
            {
                return;
            }

            database.running.Remove(xid);
            database.ended = Math.Max(database.ended, xid);
            database.locked.ExceptWith(changed.Keys);
            if (commit && entries.Count > 0)
            {
                var windows = changed.Aggregate(database.data.Windows, (all, change) => change.Value is { } window ? all.SetItem(change.Key, new(window, window.ToProto())) : all.Remove(change.Key));
                database.data = database.data with { Windows = windows, Log = database.data.Log.AddRange(entries) };
                database.Publish();
            }
        }

        private StoredWindow? Take(string id) =>
            IsLost ? null
            : changed.TryGetValue(id, out var own) ? own
            : !database.locked.Contains(id) && database.data.Windows.TryGetValue(id, out var row) ? row.Stored
            : null;

        private void Write(string action, StoredWindow? before, StoredWindow? after)
        {
            var (id, project) = ((after ?? before)!.Id, (after ?? before)!.ProjectId);
            var version = (before?.Version ?? 0) + 1;
            database.locked.Add(id);
            changed[id] = after;
            entries.Add(new(xid, project, new() { WindowId = id, Version = version, OccurredAt = database.Now, Actor = "test", Action = action, Before = before, After = after }));
        }
    }

    private sealed record Data(ImmutableSortedDictionary<string, Row> Windows, ImmutableList<Entry> Log, ImmutableHashSet<string> Suspended, long Suspensions, ulong Next)
    {
        public static Data Empty { get; } = new(ImmutableSortedDictionary.Create<string, Row>(StringComparer.Ordinal), [], [], 0, 3);
    }

    private sealed record Row(StoredWindow Stored, Window Sent);

    private sealed record Entry(ulong Xid, string ProjectId, WindowEvent Event);
}
