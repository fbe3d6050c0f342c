using System.Globalization;
using Npgsql;
using Xerotier.ServiceDefaults;

namespace Xerotier.MaintenanceService.Changes;

/// <summary>A page of the change log.</summary>
/// <param name="Changes">Changes of windows that the mark had not seen; those of one window in the order of their versions.</param>
/// <param name="Notices">Ids of the components and incidents that have changed, each once; what they are now is to be read.</param>
/// <param name="Mark">The mark after them.</param>
internal sealed record ChangePage(IReadOnlyList<WindowEvent> Changes, IReadOnlyList<string> Notices, ChangeMark Mark);

/// <summary>The mark is ahead of this database, belongs to another one, or other projects were suspended then: its reader must start again from a snapshot.</summary>
internal sealed class InvalidMarkException() : Exception("The mark does not belong to this database as it is now.");

/// <summary>
/// Reads the change log, which is the audit tables of windows and of the other notices, by marks. Every change is a row that names its transaction. A reader gets the rows that are visible now and
/// were not visible in its mark's snapshot, so a transaction that commits late is neither missed nor read twice, and delays no other.
/// Versions of an object commit in order, because each one waits for the transaction of the version before.
/// </summary>
internal sealed class ChangeLog(NpgsqlDataSource database)
{
    /// <summary>The most changes of one page.</summary>
    public const int PageSize = 200;

    /// <summary>Holds for the rows of projects that are not suspended.</summary>
    public const string Public = "project_id not in (select project_id from suspended_projects)";

    /// <summary>One row that says which database this is, which projects are suspended, which transactions are visible, and the last of them that changed something.</summary>
    public const string HeadSql = $"""
        select
            concat_ws('.', {Postgres.IdentitySql}, pg_relation_filenode('window_events'), pg_relation_filenode('notice_events')) as log_database,
            (select version from suspended_projects_version) as log_suspensions,
            pg_current_snapshot()::text as log_now,
            (select e.xid::text from (
                (select xid from window_events order by xid desc limit 1) union all (select xid from notice_events order by xid desc limit 1)
             ) e order by e.xid desc limit 1) as log_last
        """;

    /// <summary>
    /// The changes that the mark of <see cref="Place"/> has not seen. Two ranges of each index hold what a snapshot does not see: the
    /// transactions that were running, and those since.
    /// </summary>
    public const string UnseenSql = """
        with unseen as materialized (
            select xid, project_id, window_id as id, version from window_events where xid >= pg_snapshot_xmax(@seen::pg_snapshot)
            union all
            select xid, project_id, window_id, version from window_events where xid = any(array(select pg_snapshot_xip(@seen::pg_snapshot)))
            union all
            select xid, project_id, object_id, version from notice_events where xid >= pg_snapshot_xmax(@seen::pg_snapshot)
            union all
            select xid, project_id, object_id, version from notice_events where xid = any(array(select pg_snapshot_xip(@seen::pg_snapshot)))
        )
        """;

    /// <summary>Holds for the changes that come next.</summary>
    public const string Next = "(@target is null or pg_visible_in_snapshot(xid, @target::pg_snapshot)) and (project_id, id, version) > (@project, @object, @version)";

    private const string ReadSql = $"""
        {UnseenSql},
        page as (
            select project_id as log_project, id as log_object, version as log_version from unseen
            where {Public} and {Next}
            order by project_id, id, version limit @limit
        )
        select log_database, log_suspensions, log_now, log_last, log_project, log_object, log_version, {WindowEvent.Columns}
        from ({HeadSql}) head
        left join (
            select * from page left join window_events on project_id = log_project and window_id = log_object and version = log_version
        ) changes on true
        order by log_project, log_object, log_version
        """;

    /// <summary>The mark of everything that is visible now.</summary>
    public async Task<ChangeMark> CurrentAsync(CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(HeadSql);
        return (await command.ReadAllAsync(ReadHead, cancellation))[0].Mark;
    }

    /// <summary>
    /// Marks rows that a backup brought from another cluster, whose transaction numbers mean nothing here, as seen by every reader.
    /// A visible row cannot be younger than the snapshot that sees it.
    /// </summary>
    public async Task AdoptRestoredRowsAsync(CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("""
            update window_events set xid = '0' where xid >= pg_snapshot_xmax(pg_current_snapshot());
            update notice_events set xid = '0' where xid >= pg_snapshot_xmax(pg_current_snapshot());
            """);
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>The next changes that <paramref name="mark"/> has not seen, up to <paramref name="target"/>, or up to now when that is null.</summary>
    /// <exception cref="InvalidMarkException">The mark is ahead of this database, of another one, or from when other projects were suspended.</exception>
    public async Task<ChangePage> ReadAsync(ChangeMark mark, TransactionSnapshot? target, CancellationToken cancellation)
    {
        target = mark.Page?.Target ?? target;
        await using var command = ReadCommand(mark, target);
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var (changes, notices) = (new List<WindowEvent>(), new List<string>());
        (string ProjectId, string ObjectId, long Version) last = default;
        var read = 0;
        LogHead? head = null;
        while (await row.ReadAsync(cancellation))
        {
            head ??= ReadHead(row);
            if (row.TextOrNull("log_project") is not { } projectId)
            {
                continue; // nothing has changed
            }

            read++;
            last = (projectId, row.GetString(row.GetOrdinal("log_object")), row.GetInt64(row.GetOrdinal("log_version")));
            if (row.TextOrNull("window_id") is not null)
            {
                changes.Add(WindowEvent.Read(row));
            }
            else if (notices is not [.., var before] || before != last.ObjectId) // each one's changes follow one another
            {
                notices.Add(last.ObjectId);
            }
        }

        return head!.PageAfter(mark, target, changes, notices, read == PageSize ? last : null);
    }

    internal NpgsqlCommand ReadCommand(ChangeMark mark, TransactionSnapshot? target) => Place(database.CreateCommand(ReadSql), mark, target);

    /// <summary>Adds where <see cref="UnseenSql"/> and <see cref="Next"/> begin and end, and <c>@limit</c>, the size of a page.</summary>
    public static NpgsqlCommand Place(NpgsqlCommand command, ChangeMark mark, TransactionSnapshot? target) => command
        .Text("seen", mark.Seen.ToString())
        .Text("target", target?.ToString())
        .Text("project", mark.Page?.ProjectId ?? "")
        .Text("object", mark.Page?.ObjectId ?? "")
        .Number("version", mark.Page?.Version ?? 0)
        .Number("limit", PageSize);

    /// <summary>What a row with the columns of <see cref="HeadSql"/> says.</summary>
    public static LogHead ReadHead(NpgsqlDataReader row) => new(
        row.GetString(row.GetOrdinal("log_database")),
        row.GetInt64(row.GetOrdinal("log_suspensions")),
        TransactionSnapshot.Parse(row.GetString(row.GetOrdinal("log_now"))) ?? throw new FormatException("The database's snapshot has an unknown form."),
        row.TextOrNull("log_last") is { } last ? ulong.Parse(last, NumberStyles.None, CultureInfo.InvariantCulture) : 0);
}
