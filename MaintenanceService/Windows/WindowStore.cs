using Npgsql;
using NpgsqlTypes;
using Xerotier.MaintenanceService.Api;
using Xerotier.MaintenanceService.Changes;
using Xerotier.MaintenanceService.Model;
using Xerotier.ServiceDefaults;
using static Xerotier.MaintenanceService.Model.WindowTable;

namespace Xerotier.MaintenanceService.Windows;

/// <summary>The windows of one project at a time. Every write is one statement (<see cref="Writes"/>).</summary>
internal sealed class WindowStore(ProjectDatabase database, Writes writes)
{
    private const string OpenSql = "select count(*) from windows where project_id = @project and status in ('scheduled', 'active') and series_id is null";

    /// <summary>The lock is of its own statement, so that the next one sees every window that was created before it got the lock.</summary>
    private static readonly string CreateSql = $"""
        select count(pg_advisory_xact_lock(hashtextextended(@project, 0))) where @most_open > 0;
        with target as (select where @most_open = 0 or @most_open > ({OpenSql})),
        {Writes.Claim},
        written as (
            insert into windows ({Columns})
            select {Columns} from jsonb_populate_record(null::windows, @window) where project_id = @project and {Writes.Claimed} and exists (select from target)
            returning *
        ),
        event as (
            insert into window_events (project_id, window_id, version, occurred_at, actor, actor_key_id, action, after)
            select project_id, id, version, @at, @actor, @actor_key_id, @action, to_jsonb(written) from written
        )
        select count(*) from written
        """;

    private static readonly string ReplaceSql = $"""
        with target as (
            select * from windows where project_id = @project and id = @id and version = @version and status = any(@from) for update
        ),
        {Writes.Claim},
        written as (
            update windows w set ({Columns}) = (
                select {Columns} from jsonb_populate_record(null::windows, @window) n where n.project_id = w.project_id and n.id = w.id
            )
            from target t
            where w.project_id = @project and w.id = t.id and {Writes.Claimed}
            returning w.*
        ),
        event as (
            insert into window_events (project_id, window_id, version, occurred_at, actor, actor_key_id, action, before, after)
            select w.project_id, w.id, w.version, @at, @actor, @actor_key_id, @action, to_jsonb(t), to_jsonb(w) from target t, written w
        )
        select count(*) from written
        """;

    private const string PurgeSql = $"""
        with target as (
            select * from windows where project_id = @project and id = @id and version = @version and status in ('completed', 'cancelled') for update
        ),
        {Writes.Claim},
        written as (
            delete from windows w using target t where w.project_id = @project and w.id = t.id and {Writes.Claimed} returning w.*
        ),
        event as (
            insert into window_events (project_id, window_id, version, occurred_at, actor, actor_key_id, action, before)
            select project_id, id, version + 1, @at, @actor, @actor_key_id, @action, to_jsonb(written) from written
        )
        select count(*) from written
        """;

    private static readonly string FindSql = $"select {Columns} from windows where project_id = @project and id = @id";

    /// <summary>Reads each state as its own range of the index, in two parts, so that many windows of one start cost nothing.</summary>
    private static readonly string ListSql = $"""
        select {Columns}
        from unnest(@statuses) wanted cross join lateral (
            (select * from windows where project_id = @project and status = wanted and starts_at = @after_start and id > @after_id order by id limit @limit)
            union all
            (select * from windows where project_id = @project and status = wanted and starts_at < @after_start order by starts_at desc, id limit @limit)
        ) w
        order by starts_at desc, id
        limit @limit
        """;

    /// <summary>A series has few windows beside what a project may have: all of it are read.</summary>
    private static readonly string ListOfSeriesSql = $"""
        select {Columns} from windows
        where project_id = @project and series_id = @series and status = any(@statuses)
            and (starts_at < @after_start or (starts_at = @after_start and id > @after_id))
        order by starts_at desc, id
        limit @limit
        """;

    private static readonly string ListOpenSql = $"""
        select {Columns}
        from unnest(array['active', 'scheduled']) with ordinality wanted (state, rank) cross join lateral (
            select * from windows
            where project_id = @project and status = state and (state = 'active' or series_id is null or ends_at > clock_timestamp()) -- an occurrence that nobody started is over
            order by starts_at, id limit 100
        ) w
        order by rank, starts_at, id
        """;

    /// <summary>Writes a new window; false when another request holds the idempotency key, or the project has <paramref name="mostOpen"/> open windows (0: no limit).</summary>
    public Task<bool> CreateAsync(StoredWindow window, int mostOpen, Change change, CancellationToken cancellation) => writes.RunAsync(
        writes.Command(window.ProjectId, change, CreateSql).Number("most_open", mostOpen).With("window", NpgsqlDbType.Jsonb, ToJson(window)), cancellation);

    /// <summary>How many windows of the project are scheduled or active, those of series left out.</summary>
    public async Task<long> CountOpenAsync(string projectId, CancellationToken cancellation)
    {
        await using var command = database.Command(projectId, OpenSql);
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }

    /// <summary>Replaces <paramref name="current"/> by <paramref name="next"/>; false when it has changed since it was read, or another request holds the idempotency key.</summary>
    public Task<bool> ReplaceAsync(StoredWindow current, StoredWindow next, Change change, CancellationToken cancellation) => writes.RunAsync(
        writes.Command(current.ProjectId, change, ReplaceSql)
            .Text("id", current.Id)
            .Number("version", current.Version)
            .Texts("from", Lifecycle.Before(next.Status).Select(s => s.Wire()))
            .With("window", NpgsqlDbType.Jsonb, ToJson(next)),
        cancellation);

    /// <summary>Removes <paramref name="current"/>, which must be final, for good; false as for <see cref="ReplaceAsync"/>.</summary>
    public Task<bool> PurgeAsync(StoredWindow current, Change change, CancellationToken cancellation) =>
        writes.RunAsync(writes.Command(current.ProjectId, change, PurgeSql).Text("id", current.Id).Number("version", current.Version), cancellation);

    /// <summary>One window; null when the project has none of that id.</summary>
    public async Task<StoredWindow?> FindAsync(string projectId, string id, CancellationToken cancellation)
    {
        await using var command = database.Command(projectId, FindSql).Text("id", id);
        var found = await command.ReadAllAsync(Read, cancellation);
        return found.Count > 0 ? found[0] : null;
    }

    /// <summary>One window.</summary>
    /// <exception cref="ApiException">404.</exception>
    public async Task<StoredWindow> RequireAsync(string projectId, string id, CancellationToken cancellation) =>
        (Id.IsWellFormed(StoredWindow.IdPrefix, id) ? await FindAsync(projectId, id, cancellation) : null) ?? throw WindowWriter.NotFound();

    /// <summary>Where a window stands in the list, also when it has been purged; null when the project never had it.</summary>
    public async Task<DateTimeOffset?> FindStartAsync(string projectId, string id, CancellationToken cancellation)
    {
        await using var command = database.Command(projectId, """
            select starts_at from windows where project_id = @project and id = @id
            union all
            (select (before ->> 'starts_at')::timestamptz from window_events
             where project_id = @project and window_id = @id and action = 'purged' order by version desc limit 1)
            limit 1
            """).Text("id", id);
        return await command.ExecuteScalarAsync(cancellation) is DateTime start ? new DateTimeOffset(start, TimeSpan.Zero) : null;
    }

    /// <summary>Up to <paramref name="limit"/> windows in the given states, those of one series if one is given, newest start first, then by id, after the given place.</summary>
    public async Task<List<StoredWindow>> ListAsync(
        string projectId, IEnumerable<WindowStatus> statuses, string? seriesId, DateTimeOffset? afterStart, string? afterId, int limit, CancellationToken cancellation)
    {
        await using var command = ListCommand(projectId, statuses, seriesId, afterStart, afterId, limit);
        return await command.ReadAllAsync(Read, cancellation);
    }

    internal NpgsqlCommand ListCommand(string projectId, IEnumerable<WindowStatus> statuses, string? seriesId, DateTimeOffset? afterStart, string? afterId, int limit)
    {
        var command = database.Command(projectId, seriesId is null ? ListSql : ListOfSeriesSql)
            .Texts("statuses", statuses.Select(s => s.Wire()))
            .With("after_start", NpgsqlDbType.TimestampTz, afterStart?.UtcDateTime ?? DateTime.SpecifyKind(DateTime.MaxValue, DateTimeKind.Utc)) // infinity
            .Text("after_id", afterId ?? "")
            .Number("limit", limit);
        return seriesId is null ? command : command.Text("series", seriesId);
    }

    /// <summary>The active windows, then the scheduled ones, each by start, at most 100 of each.</summary>
    public async Task<List<StoredWindow>> ListOpenAsync(string projectId, CancellationToken cancellation)
    {
        await using var command = ListOpenCommand(projectId);
        return await command.ReadAllAsync(Read, cancellation);
    }

    internal NpgsqlCommand ListOpenCommand(string projectId) => database.Command(projectId, ListOpenSql);

    /// <summary>Up to <paramref name="limit"/> changes of a window before the given version, newest first; none when the project never had it.</summary>
    public async Task<List<WindowEvent>> ListEventsAsync(string projectId, string windowId, long before, int limit, CancellationToken cancellation)
    {
        await using var command = database.Command(projectId, $"""
            select {WindowEvent.Columns} from window_events
            where project_id = @project and window_id = @id and version < @before order by version desc limit @limit
            """).Text("id", windowId).Number("before", before).Number("limit", limit);
        return await command.ReadAllAsync(WindowEvent.Read, cancellation);
    }
}
