using System.Text.Json;
using Npgsql;
using NpgsqlTypes;

namespace Xerotier.MaintenanceService;

/// <summary>A change as it is written: the answer, the audit row and the idempotency key go in the window's own statement.</summary>
/// <param name="Actor">Who.</param>
/// <param name="Action">What, as the audit trail calls it.</param>
/// <param name="At">When.</param>
/// <param name="Answer">What the client gets, now and for every repetition.</param>
/// <param name="Idempotency">The request's key, if it has one.</param>
internal sealed record Change(Actor Actor, string Action, DateTimeOffset At, Answer Answer, Idempotency? Idempotency);

/// <summary>
/// The windows of one project at a time. Every write is one statement, so one transaction and one round trip: it locks the
/// version that was read, claims the idempotency key, writes the window and its audit row, or does none of it and says so.
/// </summary>
internal sealed class WindowStore(ProjectDatabase database, ChangeNotifier changes)
{
    /// <summary>Takes the key unless another request holds it; one that another transaction is just taking is waited for.</summary>
    private const string Claim = """
        claim as (
            insert into idempotency_keys as held (project_id, key, fingerprint, created_at, status, etag, location, body)
            select $1, $2, $3, $4, $5, $6, $7, $8 from target where $2 is not null
            on conflict (project_id, key) do update set
                fingerprint = excluded.fingerprint, created_at = excluded.created_at, status = excluded.status,
                etag = excluded.etag, location = excluded.location, body = excluded.body
                where held.created_at <= $4 - interval '24 hours'
            returning 1
        )
        """;

    private const string Claimed = "($2 is null or exists (select from claim))";

    /// <summary>Writes a new window; false when another request holds the idempotency key.</summary>
    public Task<bool> CreateAsync(MaintenanceWindow window, Change change, CancellationToken cancellation) => WriteAsync(
        Values(Command(window.ProjectId, change, $"""
            with target as (select),
            {Claim},
            written as (
                insert into windows ({WindowRow.Columns})
                select $1, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27
                where {Claimed}
                returning *
            ),
            event as (
                insert into window_events (project_id, window_id, version, occurred_at, actor, actor_key_id, action, after)
                select $1, id, version, $4, $9, $10, $11, to_jsonb(written) from written
            )
            select count(*) from written
            """), window),
        cancellation);

    /// <summary>Replaces <paramref name="current"/> by <paramref name="next"/>; false when it has changed since it was read, or another request holds the idempotency key.</summary>
    public Task<bool> ReplaceAsync(MaintenanceWindow current, MaintenanceWindow next, Change change, CancellationToken cancellation) => WriteAsync(
        Values(Command(current.ProjectId, change, $"""
            with target as (
                select * from windows where project_id = $1 and id = $12 and version = $22 - 1 and status = any($28) for update
            ),
            {Claim},
            written as (
                update windows w set
                    platform = $13, title = $14, description = $15, severity = $16, affected_services = $17, starts_at = $18, ends_at = $19,
                    status = $20, auto_transition = $21, version = $22, created_by = $23, created_at = $24, updated_at = $25,
                    completed_at = $26, cancelled_at = $27
                from target t
                where w.project_id = $1 and w.id = t.id and {Claimed}
                returning w.*
            ),
            event as (
                insert into window_events (project_id, window_id, version, occurred_at, actor, actor_key_id, action, before, after)
                select $1, w.id, w.version, $4, $9, $10, $11, to_jsonb(t), to_jsonb(w) from target t, written w
            )
            select count(*) from written
            """), next).With(NpgsqlDbType.Array | NpgsqlDbType.Text, Lifecycle.Before(next.Status).Select(s => s.Wire()).ToArray()),
        cancellation);

    /// <summary>Removes <paramref name="current"/>, which must be final, for good; false as for <see cref="ReplaceAsync"/>.</summary>
    public Task<bool> PurgeAsync(MaintenanceWindow current, Change change, CancellationToken cancellation) => WriteAsync(
        Command(current.ProjectId, change, $"""
            with target as (
                select * from windows where project_id = $1 and id = $12 and version = $13 and status in ('completed', 'cancelled') for update
            ),
            {Claim},
            written as (
                delete from windows w using target t where w.project_id = $1 and w.id = t.id and {Claimed} returning w.*
            ),
            event as (
                insert into window_events (project_id, window_id, version, occurred_at, actor, actor_key_id, action, before)
                select $1, id, version + 1, $4, $9, $10, $11, to_jsonb(written) from written
            )
            select count(*) from written
            """).Text(current.Id).With<long?>(NpgsqlDbType.Bigint, current.Version),
        cancellation);

    /// <summary>Keeps the answer to a request that changed nothing; false when another request holds the key.</summary>
    public async Task<bool> KeepAnswerAsync(string projectId, Change change, CancellationToken cancellation)
    {
        await using var command = Claiming(projectId, change, $"with target as (select), {Claim} select count(*) from claim");
        return (long)(await command.ExecuteScalarAsync(cancellation))! == 1;
    }

    /// <summary>The answer that is kept for a key, with the fingerprint of the request that it answered.</summary>
    public async Task<(byte[] Fingerprint, Answer Answer)?> FindAnswerAsync(string projectId, string key, DateTimeOffset now, CancellationToken cancellation)
    {
        await using var command = database.Command(projectId, """
            select fingerprint, status, body, etag, location from idempotency_keys
            where project_id = $1 and key = $2 and created_at > $3 - interval '24 hours'
            """).Text(key).Time(now);
        var found = await command.ReadAllAsync(
            row => (row.GetFieldValue<byte[]>(0), new Answer(row.GetInt16(1), row.GetFieldValue<byte[]>(2), row.IsDBNull(3) ? null : row.GetString(3), row.IsDBNull(4) ? null : row.GetString(4))),
            cancellation);
        return found.Count > 0 ? found[0] : null;
    }

    /// <summary>One window; null when the project has none of that id.</summary>
    public async Task<MaintenanceWindow?> FindAsync(string projectId, string id, CancellationToken cancellation)
    {
        await using var command = database.Command(projectId, $"select {WindowRow.Columns} from windows where project_id = $1 and id = $2").Text(id);
        var found = await command.ReadAllAsync(row => WindowRow.Read(row), cancellation);
        return found.Count > 0 ? found[0] : null;
    }

    /// <summary>One window.</summary>
    /// <exception cref="Xerotier.ServiceDefaults.ApiException">404.</exception>
    public async Task<MaintenanceWindow> RequireAsync(string projectId, string id, CancellationToken cancellation) =>
        (WindowId.IsWellFormed(id) ? await FindAsync(projectId, id, cancellation) : null) ?? throw WindowWriter.NotFound();

    /// <summary>Where a window stands in the list, also when it has been purged; null when the project never had it.</summary>
    public async Task<DateTimeOffset?> FindStartAsync(string projectId, string id, CancellationToken cancellation)
    {
        await using var command = database.Command(projectId, """
            select starts_at from windows where project_id = $1 and id = $2
            union all
            (select (before ->> 'starts_at')::timestamptz from window_events
             where project_id = $1 and window_id = $2 and action = 'purged' order by version desc limit 1)
            limit 1
            """).Text(id);
        return await command.ExecuteScalarAsync(cancellation) is DateTime start ? new DateTimeOffset(start, TimeSpan.Zero) : null;
    }

    /// <summary>Up to <paramref name="limit"/> windows in the given states, newest start first, then by id, after the given place.</summary>
    public async Task<List<MaintenanceWindow>> ListAsync(
        string projectId, IEnumerable<WindowStatus> statuses, DateTimeOffset? afterStart, string? afterId, int limit, CancellationToken cancellation)
    {
        await using var command = ListCommand(projectId, statuses, afterStart, afterId, limit);
        return await command.ReadAllAsync(row => WindowRow.Read(row), cancellation);
    }

    /// <summary>Reads each state as its own range of the index, in two parts, so that many windows of one start cost nothing.</summary>
    internal NpgsqlCommand ListCommand(string projectId, IEnumerable<WindowStatus> statuses, DateTimeOffset? afterStart, string? afterId, int limit) =>
        database.Command(projectId, $"""
            select {WindowRow.Columns}
            from unnest($2) wanted cross join lateral (
                (select * from windows where project_id = $1 and status = wanted and starts_at = $3 and id > $4 order by id limit $5)
                union all
                (select * from windows where project_id = $1 and status = wanted and starts_at < $3 order by starts_at desc, id limit $5)
            ) w
            order by starts_at desc, id
            limit $5
            """)
            .With(NpgsqlDbType.Array | NpgsqlDbType.Text, statuses.Select(s => s.Wire()).ToArray())
            .With(NpgsqlDbType.TimestampTz, afterStart?.UtcDateTime ?? DateTime.SpecifyKind(DateTime.MaxValue, DateTimeKind.Utc)) // infinity
            .Text(afterId ?? "")
            .With<int?>(NpgsqlDbType.Integer, limit);

    /// <summary>The active windows, then the scheduled ones, each by start, at most 100 of each.</summary>
    public async Task<List<MaintenanceWindow>> ListOpenAsync(string projectId, CancellationToken cancellation)
    {
        await using var command = ListOpenCommand(projectId);
        return await command.ReadAllAsync(row => WindowRow.Read(row), cancellation);
    }

    internal NpgsqlCommand ListOpenCommand(string projectId) => database.Command(projectId, $"""
        select {WindowRow.Columns}
        from unnest(array['active', 'scheduled']) with ordinality wanted (state, rank) cross join lateral (
            select * from windows where project_id = $1 and status = state order by starts_at, id limit 100
        ) w
        order by rank, starts_at, id
        """);

    /// <summary>Up to <paramref name="limit"/> changes of a window before the given version, newest first; none when the project never had it.</summary>
    public async Task<List<WindowEvent>> ListEventsAsync(string projectId, string windowId, long before, int limit, CancellationToken cancellation)
    {
        await using var command = database.Command(projectId, """
            select window_id, version, occurred_at, actor, actor_key_id, action, before, after from window_events
            where project_id = $1 and window_id = $2 and version < $3 order by version desc limit $4
            """).Text(windowId).With<long?>(NpgsqlDbType.Bigint, before).With<int?>(NpgsqlDbType.Integer, limit);
        return await command.ReadAllAsync(
            row => new WindowEvent
            {
                WindowId = row.GetString(0),
                Version = row.GetInt64(1),
                OccurredAt = row.GetFieldValue<DateTimeOffset>(2),
                Actor = row.GetString(3),
                ActorKeyId = row.IsDBNull(4) ? null : row.GetString(4),
                Action = row.GetString(5),
                Before = Snapshot(row, 6),
                After = Snapshot(row, 7),
            },
            cancellation);
    }

    private static MaintenanceWindow? Snapshot(NpgsqlDataReader row, int column) =>
        row.IsDBNull(column) ? null : JsonSerializer.Deserialize(row.GetFieldValue<byte[]>(column), SnapshotJson.Default.MaintenanceWindow);

    /// <summary>Runs a write, and says that something may have changed even when its outcome is unknown.</summary>
    private async Task<bool> WriteAsync(NpgsqlCommand write, CancellationToken cancellation)
    {
        await using var command = write;
        try
        {
            return (long)(await command.ExecuteScalarAsync(cancellation))! == 1;
        }
        finally
        {
            changes.Signal();
        }
    }

    /// <summary>Parameters 1 to 11.</summary>
    private NpgsqlCommand Command(string projectId, Change change, string sql) => Claiming(projectId, change, sql)
        .Text(change.Actor.Name)
        .Text(change.Actor.KeyId)
        .Text(change.Action);

    /// <summary>Parameters 1 to 8.</summary>
    private NpgsqlCommand Claiming(string projectId, Change change, string sql) => database.Command(projectId, sql)
        .Text(change.Idempotency?.Key)
        .With(NpgsqlDbType.Bytea, change.Idempotency?.Fingerprint)
        .Time(change.At)
        .With<short?>(NpgsqlDbType.Smallint, (short)change.Answer.Status)
        .Text(change.Answer.ETag)
        .Text(change.Answer.Location)
        .With(NpgsqlDbType.Bytea, change.Answer.Body);

    /// <summary>Parameters 12 to 27.</summary>
    private static NpgsqlCommand Values(NpgsqlCommand command, MaintenanceWindow window) => command
        .Text(window.Id)
        .With<bool?>(NpgsqlDbType.Boolean, window.Platform)
        .Text(window.Title)
        .Text(window.Description)
        .Text(window.Severity.Wire())
        .With(NpgsqlDbType.Array | NpgsqlDbType.Text, window.AffectedServices.ToArray())
        .Time(window.StartsAt)
        .Time(window.EndsAt)
        .Text(window.Status.Wire())
        .With<bool?>(NpgsqlDbType.Boolean, window.AutoTransition)
        .With<long?>(NpgsqlDbType.Bigint, window.Version)
        .Text(window.CreatedBy)
        .Time(window.CreatedAt)
        .Time(window.UpdatedAt)
        .Time(window.CompletedAt)
        .Time(window.CancelledAt);
}
