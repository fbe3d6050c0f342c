using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Npgsql;
using NpgsqlTypes;
using Xerotier.MaintenanceService.Changes;
using Xerotier.MaintenanceService.Incidents;
using Xerotier.MaintenanceService.Model;
using Xerotier.MaintenanceService.Series;
using LoggedChange = Xerotier.Changes.V1.Change;
using WindowState = Xerotier.Changes.V1.WindowState;
using Xerotier.ServiceDefaults;

namespace Xerotier.MaintenanceService.Notices;

/// <summary>How far whoever tells people of changes has read, and when by the database's clock.</summary>
/// <param name="At">When the mark was made, to the second.</param>
/// <param name="Mark">How far; it says nothing of suspended projects.</param>
internal sealed record FullMark(DateTimeOffset At, ChangeMark Mark)
{
    private const char Separator = ';';

    /// <summary>Reads the text form; null when <paramref name="text"/> is not one.</summary>
    public static FullMark? Parse(string text) =>
        text.IndexOf(Separator, StringComparison.Ordinal) is var end and > 0
        && uint.TryParse(text.AsSpan(0, end), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
        && ChangeMark.Parse(text[(end + 1)..]) is { Suspensions: null } mark
            ? new(DateTimeOffset.FromUnixTimeSeconds(seconds), mark)
            : null;

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{At.ToUnixTimeSeconds()}{Separator}{Mark}");
}

/// <summary>
/// The change log as it is told to people: the windows, series and incidents of all projects, each change with what it changed. It is read as
/// <see cref="ChangeLog"/> reads it. No request of a project reaches it.
/// </summary>
internal sealed class FullChangeLog(NpgsqlDataSource database)
{
    /// <summary>The most windows of a page of the snapshot.</summary>
    private const int SnapshotPage = 200;

    /// <summary>How long a mark is good for: longer ago, nobody is told any more.</summary>
    private static readonly TimeSpan Kept = TimeSpan.FromDays(30);

    /// <summary>A change commits sooner than this after it happened.</summary>
    private static readonly TimeSpan LongestTransaction = TimeSpan.FromMinutes(1);

    /// <summary>The head for a reader of all projects.</summary>
    private const string HeadSql = $"select *, clock_timestamp() as log_time from ({ChangeLog.HeadSql}) log_head";

    /// <summary>
    /// Components are left out, and rows that a backup brought from another cluster, whose transactions are younger than the snapshot that
    /// sees them: they are not news, even before <see cref="ChangeLog.AdoptRestoredRowsAsync"/> has marked them. What a series and its
    /// windows have gone through together has one transaction, whichever release wrote it, and nothing else is in it. A window that was changed
    /// by itself before is told of by itself: whom it concerns, and whether they are told, may be its own.
    /// </summary>
    private const string ReadSql = $"""
        {ChangeLog.UnseenSql},
        page as (
            select project_id as log_project, id as log_object, version as log_version from unseen
            where (starts_with(id, '{StoredWindow.IdPrefix}') or starts_with(id, '{StoredSeries.IdPrefix}') or starts_with(id, '{StoredIncident.IdPrefix}'))
                and xid < pg_snapshot_xmax(pg_current_snapshot()) and {ChangeLog.Next}
            order by project_id, id, version limit @limit
        )
        select *
        from ({HeadSql}) head
        left join (
            select * from page cross join lateral (
                select true as of_window, false as of_platform, occurred_at, actor, action, before, after,
                    (w.before ->> 'detached')::boolean is not true
                        and exists (select from notice_events n where n.xid = w.xid and n.project_id = log_project and n.object_id = w.after ->> 'series_id') as together
                from window_events w where project_id = log_project and window_id = log_object and version = log_version
                union all
                select false, coalesce((select (s.document ->> 'platform')::boolean from series s where s.project_id = log_project and s.id = log_object), false), occurred_at, actor, action, before, after,
                    exists (select from window_events w where w.xid = n.xid and w.project_id = log_project)
                from notice_events n where project_id = log_project and object_id = log_object and version = log_version
            ) event
        ) changes on true
        order by log_project, log_object, log_version
        """;

    private const string UnseenEarlierSql = $"""
        {ChangeLog.UnseenSql}
        select exists (
            select from unseen u
            where (select occurred_at from window_events where (project_id, window_id, version) = (u.project_id, u.id, u.version)) < @made
                or (select occurred_at from notice_events where (project_id, object_id, version) = (u.project_id, u.id, u.version)) < @made)
        """;

    /// <summary>The last change that a mark has seen, if it is the one of then: after a loss its number may be another one's, that happened later.</summary>
    private const string LastSeenSql = """
        select exists (select from window_events where xid = @last and occurred_at < @made) or exists (select from notice_events where xid = @last and occurred_at < @made)
        """;

    /// <summary>The mark from which to follow: of everything that is visible now, or <paramref name="refused"/> as it is in a log that was restored here.</summary>
    public async Task<FullMark> BeginAsync(FullMark? refused, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(HeadSql);
        var (now, head) = (await command.ReadAllAsync(row => (TimeOf(row), ReadHead(row)), cancellation))[0];
        return refused is not null && refused.At >= now - Kept && Postgres.IsReplacedInPlace(refused.Mark.Database, head.Database)
            && refused.Mark.Target.Max <= head.Now.Max && !await WasWrittenElsewhereAsync(refused, cancellation)
            ? new(now, refused.Mark with { Database = head.Database })
            : new(now, head.Mark);
    }

    /// <summary>All windows that are scheduled, by start, then those that are active, by end, in pages.</summary>
    public async IAsyncEnumerable<IReadOnlyList<WindowState>> ListOpenAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        foreach (var (status, order) in new[] { (WindowStatus.Scheduled, "starts_at"), (WindowStatus.Active, "ends_at") })
        {
            var (at, id) = (DateTimeOffset.MinValue, "");
            for (var more = true; more;)
            {
                await using var command = OpenCommand(status, order, at, id);
                var windows = await command.ReadAllAsync(WindowTable.Read, cancellation);
                if (windows is [.., var last])
                {
                    (at, id) = (status == WindowStatus.Active ? last.EndsAt : last.StartsAt, last.Id);
                    yield return [.. windows.Select(window => window.ToProto()).Zip(windows, (proto, window) =>
                        new WindowState { ProjectId = window.ProjectId, Platform = proto.Platform, Version = proto.Version, Json = proto.Json })];
                }

                more = windows.Count == SnapshotPage;
            }
        }
    }

    /// <summary>The next changes that <paramref name="mark"/> has not seen, without incidents as they are now, and the mark after them.</summary>
    /// <exception cref="InvalidMarkException">The mark is ahead of this database, of another one, or older than 30 days; a failover makes none.</exception>
    public async Task<(List<LoggedChange> Changes, FullMark Mark)> ReadAsync(FullMark mark, CancellationToken cancellation)
    {
        await using var command = ReadCommand(mark.Mark);
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var changes = new List<LoggedChange>();
        (LogHead Head, DateTimeOffset Now)? first = null;
        while (await row.ReadAsync(cancellation)) // at least one, which has the head
        {
            first ??= (ReadHead(row), TimeOf(row));
            if (row.TextOrNull("log_project") is not null)
            {
                changes.Add(ReadChange(row));
            }
        }

        var (head, now) = first!.Value;
        if (mark.At < now - Kept)
        {
            throw new InvalidMarkException();
        }

        if (Postgres.IsOfOtherTimeline(mark.Mark.Database, head.Database) && await IsLastSeenThereAsync(mark, cancellation))
        {
            mark = mark with { Mark = mark.Mark with { Database = head.Database } }; // a failover has kept all that it has seen
        }

        (string, string, long)? more = changes.Count == ChangeLog.PageSize && changes[^1] is var last ? (last.ProjectId, last.ObjectId, last.Version) : null;
        return (changes, new(now, head.MarkAfter(mark.Mark, mark.Mark.Page?.Target, more)));
    }

    internal NpgsqlCommand ReadCommand(ChangeMark mark) => ChangeLog.Place(database.CreateCommand(ReadSql), mark, mark.Page?.Target);

    internal NpgsqlCommand EarlierCommand(FullMark mark) =>
        ChangeLog.Place(database.CreateCommand(UnseenEarlierSql), mark.Mark, mark.Mark.Page?.Target).Time("made", mark.At - LongestTransaction);

    internal NpgsqlCommand OpenCommand(WindowStatus status, string order, DateTimeOffset at, string id) => database.CreateCommand($"""
        select {WindowTable.Columns} from windows where status = '{status.Wire()}' and ({order}, id) > (@at, @id) order by {order}, id limit @limit
        """).Time("at", at).Text("id", id).Number("limit", SnapshotPage);

    private async Task<bool> IsLastSeenThereAsync(FullMark mark, CancellationToken cancellation)
    {
        if (mark.Mark.Target.IsEmpty)
        {
            return true; // it has seen nothing
        }

        await using var command = database.CreateCommand(LastSeenSql)
            .With("last", NpgsqlDbType.Xid8, mark.Mark.Target.Max - 1)
            .Time("made", mark.At.AddSeconds(1)); // a mark says it to the second
        return await command.ExecuteScalarAsync(cancellation) is true;
    }

    /// <summary>Whether what a mark has not seen is of before it: a backup of another server brought it, whose transactions have numbers of their own.</summary>
    private async Task<bool> WasWrittenElsewhereAsync(FullMark mark, CancellationToken cancellation)
    {
        await using var command = EarlierCommand(mark);
        return await command.ExecuteScalarAsync(cancellation) is true;
    }

    private static LogHead ReadHead(NpgsqlDataReader row) => ChangeLog.ReadHead(row) with { Suspensions = null };

    private static DateTimeOffset TimeOf(NpgsqlDataReader row) => row.GetFieldValue<DateTimeOffset>(row.GetOrdinal("log_time"));

    private static LoggedChange ReadChange(NpgsqlDataReader row)
    {
        var change = new LoggedChange
        {
            ObjectId = row.GetString(row.GetOrdinal("log_object")),
            Version = row.GetInt64(row.GetOrdinal("log_version")),
            Action = row.GetString(row.GetOrdinal("action")),
            OccurredAt = row.GetFieldValue<DateTimeOffset>(row.GetOrdinal("occurred_at")).ToTimestamp(),
            ProjectId = row.GetString(row.GetOrdinal("log_project")),
            Actor = row.GetString(row.GetOrdinal("actor")),
        };
        if (row.GetBoolean(row.GetOrdinal("of_window")))
        {
            var (before, after) = (WindowTable.ReadJson(row, "before")?.ToProto(), WindowTable.ReadJson(row, "after")?.ToProto());
            (change.Before, change.After, change.Platform) = (before?.Json ?? ByteString.Empty, after?.Json ?? ByteString.Empty, (after ?? before)!.Platform);
            change.WithSeries = row.GetBoolean(row.GetOrdinal("together"));
        }
        else if (change.ObjectId.StartsWith(StoredSeries.IdPrefix, StringComparison.Ordinal))
        {
            var (before, after, at) = (SeriesStore.ReadJson(row, "before"), SeriesStore.ReadJson(row, "after"), change.OccurredAt.ToDateTimeOffset());
            (change.Before, change.After, change.Platform) = (SeriesJson(before), SeriesJson(after), row.GetBoolean(row.GetOrdinal("of_platform")));
            change.ToCome = row.GetBoolean(row.GetOrdinal("together")) || new[] { before, after }.Any(series => series is not null && SeriesRules.MayRecur(series, at));
        }
        else
        {
            (change.Before, change.After, change.Platform) = (Json("before"), Json("after"), true);
        }

        return change;

        static ByteString SeriesJson(MaintenanceSeries? series) => series is null
            ? ByteString.Empty
            : UnsafeByteOperations.UnsafeWrap(JsonSerializer.SerializeToUtf8Bytes(series, ContractsJson.Wire.MaintenanceSeries)); // as the API shows it: a row has another order

        ByteString Json(string column) => row.GetOrdinal(column) is var ordinal && row.IsDBNull(ordinal)
            ? ByteString.Empty
            : UnsafeByteOperations.UnsafeWrap(row.GetFieldValue<byte[]>(ordinal));
    }
}
