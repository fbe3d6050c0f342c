using Npgsql;
using NpgsqlTypes;
using Xerotier.MaintenanceService.Api;
using Xerotier.MaintenanceService.Changes;
using Xerotier.MaintenanceService.Components;
using Xerotier.MaintenanceService.Incidents;
using Xerotier.MaintenanceService.Series;
using Xerotier.ServiceDefaults;

namespace Xerotier.MaintenanceService.Audit;

/// <summary>An event's place in the audit trail, which is ordered by time, then by object and version.</summary>
/// <param name="OccurredAt">When it happened.</param>
/// <param name="ObjectId">The object that changed.</param>
/// <param name="Version">The version that the change made.</param>
internal sealed record EventPlace(DateTimeOffset OccurredAt, string ObjectId, long Version);

/// <summary>
/// The changes of all objects of one project, which are the rows of the change log. A project of the platform has those of the components,
/// too, which are the project <see cref="Caller.Platform"/>'s.
/// </summary>
internal sealed class AuditStore(ProjectDatabase database)
{
    /// <summary>
    /// The keys of a page come from the indexes alone, each kind as its own range of one, so that a kind that is rare costs no more than
    /// the others; then only the page's rows are read.
    /// </summary>
    private const string ListSql = $"""
        with page as materialized (
            select * from (
                (select project_id as page_project, window_id as page_id, version as page_version, occurred_at as page_at from window_events
                 where project_id = @project and @windows and (occurred_at, window_id, version) < (@before, @before_id, @before_version)
                 order by occurred_at desc, window_id desc, version desc limit @limit)
                union all
                select notice.* from unnest(@owners, @prefixes) kind (owner, prefix) cross join lateral (
                    select project_id, object_id, version, occurred_at from notice_events
                    where project_id = kind.owner and split_part(object_id, '_', 1) = kind.prefix
                        and (occurred_at, object_id, version) < (@before, @before_id, @before_version)
                    order by occurred_at desc, object_id desc, version desc limit @limit
                ) notice
            ) keys
            order by page_at desc, page_id desc, page_version desc limit @limit
        )
        select {WindowEvent.Columns} from page cross join lateral (
            select {WindowEvent.Columns} from window_events where project_id = page_project and window_id = page_id and version = page_version
            union all
            select {NoticeEvents.Columns} from notice_events where project_id = page_project and object_id = page_id and version = page_version
        ) event
        order by page_at desc, page_id desc, page_version desc
        """;

    private const string FindSql = """
        select occurred_at from window_events where project_id = @project and window_id = @id and version = @version
        union all
        select occurred_at from notice_events where project_id = @owner and object_id = @id and version = @version
        limit 1
        """;

    /// <summary>Up to <paramref name="limit"/> changes, newest first.</summary>
    /// <param name="projectId">The project.</param>
    /// <param name="kinds">Of which kinds.</param>
    /// <param name="before">The event after which the page starts; null: the first page.</param>
    /// <param name="limit">The most.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<List<ChangeEvent>> ListAsync(string projectId, IReadOnlyCollection<ObjectKind> kinds, EventPlace? before, int limit, CancellationToken cancellation)
    {
        await using var command = ListCommand(projectId, kinds, before, limit);
        return await command.ReadAllAsync(Read, cancellation);
    }

    internal NpgsqlCommand ListCommand(string projectId, IReadOnlyCollection<ObjectKind> kinds, EventPlace? before, int limit)
    {
        var notices = kinds.Where(kind => kind != ObjectKind.MaintenanceWindow).ToList();
        return database.Command(projectId, ListSql)
            .With("windows", NpgsqlDbType.Boolean, kinds.Contains(ObjectKind.MaintenanceWindow))
            .Texts("owners", notices.Select(kind => OwnerOf(projectId, kind)))
            .Texts("prefixes", notices.Select(kind => ObjectKinds.PrefixOf(kind).TrimEnd('_')))
            .With("before", NpgsqlDbType.TimestampTz, before?.OccurredAt.UtcDateTime ?? DateTime.SpecifyKind(DateTime.MaxValue, DateTimeKind.Utc)) // infinity
            .Text("before_id", before?.ObjectId ?? "")
            .Number("before_version", before?.Version ?? 0)
            .Number("limit", limit);
    }

    /// <summary>The place of an event of one of the given kinds; null when the project has none of this id.</summary>
    public async Task<EventPlace?> FindAsync(string projectId, IEnumerable<ObjectKind> kinds, string eventId, CancellationToken cancellation)
    {
        if (ObjectKinds.Parse(eventId) is not var (kind, objectId, version) || !kinds.Contains(kind))
        {
            return null;
        }

        await using var command = database.Command(projectId, FindSql).Text("owner", OwnerOf(projectId, kind)).Text("id", objectId).Number("version", version);
        return await command.ExecuteScalarAsync(cancellation) is DateTime at ? new(new(at, TimeSpan.Zero), objectId, version) : null;
    }

    private static string OwnerOf(string projectId, ObjectKind kind) => kind == ObjectKind.Component ? Caller.Platform : projectId;

    private static ChangeEvent Read(NpgsqlDataReader row) => ObjectKinds.KindOf(row.GetString(0)) switch
    {
        ObjectKind.MaintenanceWindow => WindowEvent.Read(row).ToContract(),
        ObjectKind.MaintenanceSeries => SeriesStore.ToContract(NoticeEvents.Read(row)),
        ObjectKind.Incident => IncidentStore.ToContract(NoticeEvents.Read(row)),
        ObjectKind.Component => ComponentStore.ToContract(NoticeEvents.Read(row)),
        _ => throw new FormatException("The audit trail has an object of an unknown kind."),
    };
}
