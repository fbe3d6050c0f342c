using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Npgsql;
using NpgsqlTypes;
using Xerotier.MaintenanceService.Api;
using Xerotier.MaintenanceService.Components;
using Xerotier.ServiceDefaults;

namespace Xerotier.MaintenanceService.Incidents;

/// <summary>The incidents of one project at a time. Every write is one statement (<see cref="Writes"/>), judged by the incident and all components.</summary>
internal sealed class IncidentStore(ProjectDatabase database, Writes writes, NoticeEvents events)
{
    private static readonly JsonTypeInfo<Incident> AnyVersion = ContractsJson.FromAnyVersion(ContractsJson.Wire.Options, ContractsJson.Wire.Incident);

    private const string EventSql = """
        event as (
            insert into notice_events (project_id, object_id, version, occurred_at, actor, actor_key_id, action, before, after)
            select @project, @id, @version + 1, @at, @actor, @actor_key_id, @action, @before, @after from written
        )
        """;

    /// <summary>Version 0 is an incident that does not exist yet.</summary>
    private static readonly string WriteSql = $"""
        {NoticeEvents.Lock}
        with target as (
            select where {NoticeEvents.SameComponents}
                and @version = coalesce((select version from incidents where project_id = @project and id = @id), 0)
                and (not @opens or (select count(*) from incidents where resolved_at is null and not draft) < {IncidentRules.MostOpen})
                and (@component is null or not exists (
                    select from outage_drafts where component_id = @component and since = @since
                    union all
                    select from incidents where not draft and resolved_at is null and {NoticeEvents.NamesComponent}))
        ),
        {Writes.Claim},
        written as (
            insert into incidents (project_id, id, started_at, resolved_at, document, bodies, body_bytes)
            select @project, @id, @started_at, @resolved_at, @document, @bodies, @body_bytes from target where {Writes.Claimed}
            on conflict (project_id, id) do update set
                started_at = excluded.started_at, resolved_at = excluded.resolved_at,
                document = excluded.document, bodies = excluded.bodies, body_bytes = excluded.body_bytes
                where incidents.project_id = @project
            returning 1
        ),
        outage as (
            insert into outage_drafts (component_id, since, project_id, incident_id) select @component, @since, @project, @id from written where @component is not null
        ),
        {EventSql}
        select count(*) from written
        """;

    private const string DeleteSql = $"""
        {NoticeEvents.Lock}
        with target as (select where @version = (select version from incidents where project_id = @project and id = @id and draft)),
        {Writes.Claim},
        written as (
            delete from incidents where project_id = @project and id = @id and exists (select from target) and {Writes.Claimed} returning 1
        ),
        {EventSql}
        select count(*) from written
        """;

    private const string ListSql = "select document, bodies ->> -1 as body from incidents where project_id = @project and status = any(@statuses) and (started_at < @after_start or (started_at = @after_start and id > @after_id))";

    private const string InOrderSql = "order by started_at desc, id limit @limit";

    /// <summary>Writes a new incident.</summary>
    /// <param name="set">The components by which it was judged.</param>
    /// <param name="incident">The incident.</param>
    /// <param name="outage">The outage whose draft it is, if it is one: there is no other, and no open incident names the component.</param>
    /// <param name="change">The change.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>False when something has changed since it was judged, or another request holds the idempotency key.</returns>
    public Task<bool> CreateAsync(ComponentSet set, StoredIncident incident, (string ComponentId, DateTimeOffset Since)? outage, Change change, CancellationToken cancellation) =>
        WriteAsync(set, null, incident, incident.Updates[0].Id, outage, change, cancellation);

    /// <summary>Replaces <paramref name="current"/> by <paramref name="next"/>; false as for <see cref="CreateAsync"/>.</summary>
    /// <param name="set">The components by which it was judged.</param>
    /// <param name="current">The incident as it was read.</param>
    /// <param name="next">Its next form.</param>
    /// <param name="updateId">The update that changed, if one did.</param>
    /// <param name="change">The change.</param>
    /// <param name="cancellation">Ends it.</param>
    public Task<bool> ReplaceAsync(ComponentSet set, StoredIncident current, StoredIncident next, string? updateId, Change change, CancellationToken cancellation) =>
        WriteAsync(set, current, next, updateId, null, change, cancellation);

    /// <summary>Removes a draft for good; false when it has changed since it was read, or another request holds the idempotency key.</summary>
    public Task<bool> DeleteAsync(StoredIncident draft, Change change, CancellationToken cancellation) =>
        writes.RunAsync(Command(DeleteSql, draft, after: null, updateId: null, change), cancellation);

    /// <summary>One incident; null when the project has none of that id.</summary>
    public async Task<StoredIncident?> FindAsync(string projectId, string id, CancellationToken cancellation)
    {
        await using var command = database.Command(projectId, $"select {StoredIncident.Columns} from incidents where project_id = @project and id = @id").Text("id", id);
        return (await command.ReadAllAsync(StoredIncident.Read, cancellation)).SingleOrDefault();
    }

    /// <summary>One incident.</summary>
    /// <exception cref="ApiException">404.</exception>
    public async Task<StoredIncident> RequireAsync(string projectId, string id, CancellationToken cancellation) =>
        (Id.IsWellFormed(StoredIncident.IdPrefix, id) ? await FindAsync(projectId, id, cancellation) : null) ?? throw new ApiException(ApiErrors.NotFound("There is no incident of this id."));

    /// <summary>Where an incident stands in the list, also a draft that has been deleted; null when the project never had it.</summary>
    public async Task<DateTimeOffset?> FindStartAsync(string projectId, string id, CancellationToken cancellation)
    {
        await using var command = database.Command(projectId, """
            select started_at from incidents where project_id = @project and id = @id
            union all
            (select (before ->> 'started_at')::timestamptz from notice_events
             where project_id = @project and object_id = @id and action = 'deleted' order by version desc limit 1)
            limit 1
            """).Text("id", id);
        return await command.ExecuteScalarAsync(cancellation) is DateTime start ? new DateTimeOffset(start, TimeSpan.Zero) : null;
    }

    /// <summary>Up to <paramref name="limit"/> incidents, newest start first, then by id, after the given place; of their updates only the newest.</summary>
    public async Task<List<StoredIncident>> ListAsync(
        string projectId, IEnumerable<IncidentStatus> statuses, bool? draft, DateTimeOffset? afterStart, string? afterId, int limit, CancellationToken cancellation)
    {
        await using var command = ListCommand(projectId, statuses, draft, afterStart, afterId, limit);
        return await command.ReadAllAsync(StoredIncident.ReadNewest, cancellation);
    }

    /// <summary>Whether drafts are wanted stands in the statement: as a parameter it would hide the index of drafts from plans for any values.</summary>
    internal NpgsqlCommand ListCommand(string projectId, IEnumerable<IncidentStatus> statuses, bool? draft, DateTimeOffset? afterStart, string? afterId, int limit) =>
        database.Command(projectId, draft switch { true => $"{ListSql} and draft {InOrderSql}", false => $"{ListSql} and not draft {InOrderSql}", null => $"{ListSql} {InOrderSql}" })
            .Texts("statuses", statuses.Select(status => status.Wire()))
            .With("after_start", NpgsqlDbType.TimestampTz, afterStart?.UtcDateTime ?? DateTime.SpecifyKind(DateTime.MaxValue, DateTimeKind.Utc)) // infinity
            .Text("after_id", afterId ?? "")
            .Number("limit", limit);

    /// <summary>Up to <paramref name="limit"/> changes of an incident before the given version, newest first.</summary>
    public async Task<List<IncidentEvent>> ListEventsAsync(string projectId, string id, long before, int limit, CancellationToken cancellation) =>
        [.. (await events.ListAsync(projectId, id, before, limit, cancellation)).Select(ToContract)];

    /// <summary>The JSON shape of a change of an incident.</summary>
    public static IncidentEvent ToContract(NoticeEvent change) => new()
    {
        Id = change.Id,
        IncidentId = change.ObjectId,
        Action = change.Action,
        Actor = change.Actor,
        ActorKeyId = change.ActorKeyId,
        OccurredAt = change.OccurredAt,
        ChangedFields = change.ChangedFields(AnyVersion),
        Before = NoticeEvents.Read(change.Before, AnyVersion),
        After = NoticeEvents.Read(change.After, AnyVersion),
    };

    private Task<bool> WriteAsync(
        ComponentSet set, StoredIncident? current, StoredIncident next, string? updateId, (string ComponentId, DateTimeOffset Since)? outage, Change change, CancellationToken cancellation) =>
        writes.RunAsync(
            Command(WriteSql, current, next, updateId, change)
                .Number("components", set.Versions)
                .With("opens", NpgsqlDbType.Boolean, next.IsOpen && current is not { IsOpen: true })
                .Text("component", outage?.ComponentId)
                .Time("since", outage?.Since)
                .Time("started_at", next.StartedAt)
                .Time("resolved_at", next.ResolvedAt)
                .With("document", NpgsqlDbType.Jsonb, next.ToDocument())
                .With("bodies", NpgsqlDbType.Jsonb, next.ToBodies())
                .Number("body_bytes", next.Updates.Sum(update => Encoding.UTF8.GetByteCount(update.Body))),
            cancellation);

    /// <summary>A statement with the incident's id and version, and the forms of it that the change log has.</summary>
    private NpgsqlCommand Command(string sql, StoredIncident? before, StoredIncident? after, string? updateId, Change change)
    {
        var incident = (before ?? after)!;
        return writes.Command(incident.ProjectId, change, sql)
            .Text("id", incident.Id)
            .Number("version", before?.Version ?? 0)
            .With("before", NpgsqlDbType.Jsonb, Logged(before))
            .With("after", NpgsqlDbType.Jsonb, Logged(after));

        string? Logged(StoredIncident? form) => form is null ? null : JsonSerializer.Serialize(
            form with { Updates = [.. form.Updates.Where(update => update.Id == updateId)] }, ContractsJson.Wire.Incident);
    }
}
