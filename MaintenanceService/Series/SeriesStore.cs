using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Npgsql;
using NpgsqlTypes;
using Xerotier.MaintenanceService.Api;
using Xerotier.MaintenanceService.Model;
using Xerotier.ServiceDefaults;

namespace Xerotier.MaintenanceService.Series;

/// <summary>The series of one project at a time, and their occurrences. Every write is one statement (<see cref="Writes"/>): the series, its windows and the rows of both change logs.</summary>
internal sealed class SeriesStore(ProjectDatabase database, Writes writes, NoticeEvents events)
{
    private static readonly JsonTypeInfo<MaintenanceSeries> AnyVersion = ContractsJson.FromAnyVersion(ContractsJson.Wire.Options, ContractsJson.Wire.MaintenanceSeries);

    /// <summary>Makes those of the windows <c>@windows</c> whose occurrence was never made before, if <c>written</c> has the series.</summary>
    internal static readonly string MakeSql = $"""
        wanted as (
            select n.* from jsonb_populate_recordset(null::windows, @windows) n
        ),
        registered as (
            insert into series_occurrences (project_id, series_id, occurrence)
            select project_id, series_id, occurrence from wanted where project_id = @project and exists (select from written)
            on conflict do nothing
            returning occurrence
        ),
        made as (
            insert into windows ({WindowTable.Columns})
            select {WindowTable.Columns} from wanted join registered using (occurrence) where project_id = @project
            returning *
        ),
        made_event as (
            insert into window_events (project_id, window_id, version, occurred_at, actor, actor_key_id, action, after)
            select project_id, id, version, @at, @actor, @actor_key_id, 'created', to_jsonb(made) from made
        )
        """;

    private const string EventSql = """
        event as (
            insert into notice_events (project_id, object_id, version, occurred_at, actor, actor_key_id, action, before, after)
            select @project, @id, @version + 1, @at, @actor, @actor_key_id, @action, @before, @after from written
        )
        """;

    /// <summary>A cancelled one counts as long as one of its windows goes on: those are counted by nothing else.</summary>
    private const string CountSql = """
        select count(*) from series s where s.project_id = @project
            and (not s.cancelled or exists (select from windows w where w.project_id = @project and w.series_id = s.id and (w.status = 'active' or (w.status = 'scheduled' and w.ends_at > clock_timestamp()))))
        """;

    private static readonly string CreateSql = $"""
        select count(pg_advisory_xact_lock(hashtextextended(@project, 0)));
        with target as (select where ({CountSql}) < {SeriesRules.Most}),
        {Writes.Claim},
        written as (
            insert into series (project_id, id, created_at, made_through, document)
            select @project, @id, @at, @through, @document from target where {Writes.Claimed}
            returning 1
        ),
        {MakeSql},
        {EventSql}
        select count(*) from written
        """;

    /// <summary>
    /// Of the occurrences that are scheduled and have not begun, those whose date is wanted become what is wanted, and the others are
    /// cancelled; a detached one only with its series. One that another request changes meanwhile is detached by that, and left to it.
    /// If the clock has made more of them since the series was read, this statement may not see them, and writes nothing.
    /// </summary>
    private static readonly string ReplaceSql = $"""
        with target as (select * from series where project_id = @project and id = @id and version = @version and made_through = @made_through for update),
        {Writes.Claim},
        written as (
            update series s set document = @document, made_through = @through
            from target t where s.project_id = @project and s.id = t.id and {Writes.Claimed}
            returning 1
        ),
        {MakeSql},
        future as (
            select * from windows
            where project_id = @project and series_id = @id and status = 'scheduled' and starts_at > @at and (@cancels or not detached) and exists (select from written)
        ),
        rewritten as (
            update windows w set
                title = n.title, description = n.description, severity = n.severity, affected_services = n.affected_services,
                starts_at = n.starts_at, ends_at = n.ends_at, auto_transition = n.auto_transition, reminders = n.reminders, notify = n.notify,
                version = w.version + 1, updated_at = greatest(@at, w.updated_at)
            from future f join wanted n using (occurrence)
            where w.project_id = @project and w.id = f.id and w.version = f.version
                and (w.title, w.description, w.severity, w.affected_services, w.starts_at, w.ends_at, w.auto_transition, w.reminders, w.notify)
                    is distinct from (n.title, n.description, n.severity, n.affected_services, n.starts_at, n.ends_at, n.auto_transition, n.reminders, n.notify)
            returning w.*
        ),
        dropped as (
            update windows w set status = 'cancelled', cancelled_at = greatest(@at, w.updated_at), version = w.version + 1, updated_at = greatest(@at, w.updated_at)
            from future f
            where w.project_id = @project and w.id = f.id and w.version = f.version and not exists (select from wanted n where n.occurrence = f.occurrence)
            returning w.*
        ),
        changed_event as (
            insert into window_events (project_id, window_id, version, occurred_at, actor, actor_key_id, action, before, after)
            select f.project_id, f.id, c.version, @at, @actor, @actor_key_id, c.action, to_jsonb(f), c.after
            from future f join (
                select id, version, 'updated' as action, to_jsonb(rewritten) as after from rewritten
                union all
                select id, version, 'cancelled', to_jsonb(dropped) from dropped
            ) c on c.id = f.id
        ),
        {EventSql}
        select count(*) from written
        """;

    /// <summary>Writes a new series and its first windows; false when another request holds the idempotency key, or there are as many series as there may be.</summary>
    public Task<bool> CreateAsync(StoredSeries series, IReadOnlyList<StoredWindow> windows, DateOnly through, Change change, CancellationToken cancellation) =>
        writes.RunAsync(Command(CreateSql, null, series, windows, through, change), cancellation);

    /// <summary>Replaces <paramref name="current"/> by <paramref name="next"/>, and its occurrences to come by <paramref name="windows"/>; false when it has changed or was made further than <paramref name="madeThrough"/> since it was read.</summary>
    public Task<bool> ReplaceAsync(
        StoredSeries current, DateOnly madeThrough, StoredSeries next, IReadOnlyList<StoredWindow> windows, DateOnly through, Change change, CancellationToken cancellation) =>
        writes.RunAsync(
            Command(ReplaceSql, current, next, windows, through, change)
                .With("made_through", NpgsqlDbType.Date, madeThrough)
                .With("cancels", NpgsqlDbType.Boolean, next.CancelledAt is not null),
            cancellation);

    /// <summary>How many series of the project are not cancelled.</summary>
    public async Task<long> CountAsync(string projectId, CancellationToken cancellation)
    {
        await using var command = database.Command(projectId, CountSql);
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }

    /// <summary>One series, and the last date whose occurrence has been made.</summary>
    /// <exception cref="ApiException">404.</exception>
    public async Task<(StoredSeries Series, DateOnly MadeThrough)> RequireAsync(string projectId, string id, CancellationToken cancellation)
    {
        if (!Id.IsWellFormed(StoredSeries.IdPrefix, id))
        {
            throw SeriesWriter.NotFound();
        }

        await using var command = database.Command(projectId, "select document, made_through from series where project_id = @project and id = @id").Text("id", id);
        var found = await command.ReadAllAsync(row => (StoredSeries.Read(row.GetFieldValue<byte[]>(0)), row.GetFieldValue<DateOnly>(1)), cancellation);
        return found is [var series] ? series : throw SeriesWriter.NotFound();
    }

    /// <summary>When a series was created, which is its place in the list; null when the project never had it.</summary>
    public async Task<DateTimeOffset?> FindCreationAsync(string projectId, string id, CancellationToken cancellation)
    {
        await using var command = database.Command(projectId, "select created_at from series where project_id = @project and id = @id").Text("id", id);
        return await command.ExecuteScalarAsync(cancellation) is DateTime created ? new DateTimeOffset(created, TimeSpan.Zero) : null;
    }

    /// <summary>Up to <paramref name="limit"/> series, the newest first, then by id, after the given place.</summary>
    public async Task<List<StoredSeries>> ListAsync(string projectId, DateTimeOffset? afterCreation, string? afterId, int limit, CancellationToken cancellation)
    {
        await using var command = database.Command(projectId, """
            select document from series
            where project_id = @project and (@after is null or created_at < @after or (created_at = @after and id > @after_id))
            order by created_at desc, id limit @limit
            """).Time("after", afterCreation).Text("after_id", afterId ?? "").Number("limit", limit);
        return await command.ReadAllAsync(row => StoredSeries.Read(row.GetFieldValue<byte[]>(0)), cancellation);
    }

    /// <summary>Up to <paramref name="limit"/> changes of a series before the given version, newest first.</summary>
    public async Task<List<MaintenanceSeriesEvent>> ListEventsAsync(string projectId, string id, long before, int limit, CancellationToken cancellation) =>
        [.. (await events.ListAsync(projectId, id, before, limit, cancellation)).Select(ToContract)];

    /// <summary>The JSON shape of a change of a series.</summary>
    public static MaintenanceSeriesEvent ToContract(NoticeEvent change) => new()
    {
        Id = change.Id,
        SeriesId = change.ObjectId,
        Action = change.Action,
        Actor = change.Actor,
        ActorKeyId = change.ActorKeyId,
        OccurredAt = change.OccurredAt,
        ChangedFields = change.ChangedFields(AnyVersion),
        Before = NoticeEvents.Read(change.Before, AnyVersion),
        After = NoticeEvents.Read(change.After, AnyVersion)!,
    };

    /// <summary>The series before or after a change, of a row of the change log; null when there is none.</summary>
    public static MaintenanceSeries? ReadJson(NpgsqlDataReader row, string column) =>
        row.GetOrdinal(column) is var ordinal && row.IsDBNull(ordinal) ? null : JsonSerializer.Deserialize(row.GetFieldValue<byte[]>(ordinal), AnyVersion);

    /// <summary>The windows as the statements take them.</summary>
    internal static string ToJson(IEnumerable<StoredWindow> windows) => $"[{string.Join(',', windows.Select(WindowTable.ToJson))}]";

    private NpgsqlCommand Command(string sql, StoredSeries? before, StoredSeries after, IEnumerable<StoredWindow> windows, DateOnly through, Change change) =>
        writes.Command(after.ProjectId, change, sql)
            .Text("id", after.Id)
            .Number("version", before?.Version ?? 0)
            .With("through", NpgsqlDbType.Date, through)
            .With("document", NpgsqlDbType.Jsonb, after.ToDocument())
            .With("windows", NpgsqlDbType.Jsonb, ToJson(windows))
            .With("before", NpgsqlDbType.Jsonb, before is null ? null : JsonSerializer.Serialize(before, ContractsJson.Wire.MaintenanceSeries))
            .With("after", NpgsqlDbType.Jsonb, JsonSerializer.Serialize(after with { Warnings = null }, ContractsJson.Wire.MaintenanceSeries));
}
