using Google.Protobuf.WellKnownTypes;
using Npgsql;
using Xerotier.MaintenanceService.Api;
using Xerotier.MaintenanceService.Changes;
using Xerotier.MaintenanceService.Components;
using Xerotier.MaintenanceService.Incidents;
using Xerotier.MaintenanceService.Model;
using Xerotier.Maintenance.V1;
using Xerotier.ServiceDefaults;

namespace Xerotier.MaintenanceService.Notices;

/// <summary>The windows of all projects that are not suspended, the components and the published incidents, for the other services. No request of a project reaches it.</summary>
internal sealed class NoticeStore(NpgsqlDataSource database)
{
    private const int MonthWindows = 500;
    private const int PlatformWindows = 1000;

    /// <summary>The most windows of a project that is not the platform's among the newest.</summary>
    private const int NewestOfProject = 20;

    /// <summary>Of too many in a month or a calendar, how many of a project that is not the platform's come before the further ones of any.</summary>
    private const int FirstOfProject = 50;

    /// <summary>Among how many of such projects those are looked for: a bound for one that has very many.</summary>
    private const int Scanned = 10_000;

    /// <summary>How many are passed to find these: a bound for a suspended one that has very many.</summary>
    private const int Passed = 100_000;

    /// <summary>Of how many purged windows it is read when they were.</summary>
    private const int PurgedRead = 2000;

    /// <summary>How many windows of a series the page shows beside those that have begun (recurring.md section 19).</summary>
    private const int NextOfSeries = 2;

    /// <summary>Holds for windows that are shown whatever comes next: all but those of a series that have not begun, or were cancelled before.</summary>
    private const string Shown = "(series_id is null or status in ('active', 'completed') or began)";

    private static readonly string NextOfSql = $"select {WindowTable.Columns} from unnest(@series) wanted cross join lateral ({NextOf("wanted")}) w order by starts_at, id";

    private static readonly string NoticesSql = $"""
        with next as materialized (
            select w.project_id, w.id, w.platform, w.starts_at from series s cross join lateral ({NextOf("s.id")}) w where not s.cancelled
        )
        select list, {WindowTable.Columns}, active_total, scheduled_total, log_database, log_suspensions, log_now, log_last
        from (
            select
                (select count(*) from windows where status = 'active' and {ChangeLog.Public}) as active_total,
                (select count(*) from windows where status = 'scheduled' and series_id is null and {ChangeLog.Public}) + (select count(*) from next) as scheduled_total
        ) totals cross join ({ChangeLog.HeadSql}) head left join (
            (select 'active' as list, {WindowTable.Columns} from (
                (select * from windows where status = 'active' and platform order by ends_at, id limit @limit)
                union all
                (select * from windows where status = 'active' and not platform and {ChangeLog.Public} order by ends_at, id limit @limit)
             ) w order by platform desc, ends_at, id limit @limit)
            union all
            (select 'scheduled', {WindowTable.Columns} from (
                (select * from windows where status = 'scheduled' and platform and series_id is null order by starts_at, id limit @limit)
                union all
                (select * from windows where status = 'scheduled' and not platform and series_id is null and {ChangeLog.Public} order by starts_at, id limit @limit)
                union all
                (select w.* from windows w join (select project_id, id from next order by platform desc, starts_at, id limit @limit) n using (project_id, id))
             ) w order by platform desc, starts_at, id limit @limit)
            union all
            (select 'recent', {WindowTable.Columns} from windows join (
                select project_id, id from (
                    select project_id, id, platform, start, row_number() over (partition by project_id order by start desc, id) as nth
                    from (
                        (select project_id, id, platform, starts_at at time zone 'UTC' as start from windows where platform and {Shown} order by start desc, id limit @limit)
                        union all
                        ({Scan($"select project_id, id, platform, starts_at at time zone 'UTC' as start from windows where {Shown}", "not platform", "order by start desc, id")})
                        union all
                        (select project_id, id, platform, starts_at at time zone 'UTC' from next)
                    ) scanned
                ) ranked
                where platform or nth <= {NewestOfProject} order by start desc, id limit @limit
             ) newest using (project_id, id) order by starts_at at time zone 'UTC' desc, id)
            union all
            (select 'platform_active', {WindowTable.ColumnsWithoutTexts} from windows where status = 'active' and platform order by ends_at desc, id limit {PlatformWindows})
        ) listed on true
        """;

    private static readonly string BetweenSql = BetweenIn("asc", Shown);
    private static readonly string LatestBetweenSql = BetweenIn("desc", "true");

    private static readonly string WindowSql = $"select {WindowTable.Columns} from windows where id = @id and {ChangeLog.Public}";

    /// <summary>By the statement's own time, at which a scan of the index can end.</summary>
    private const string Purged = "action = 'purged' and occurred_at >= now() - interval '30 days'";

    /// <summary>In the same order, the newest first. When a window was is in JSON, which is read of a bounded number.</summary>
    private static readonly string PurgedSql = $"""
        select window_id, version, occurred_at, (before ->> 'starts_at')::timestamptz, (before ->> 'ends_at')::timestamptz from (
            (select window_id, version, occurred_at, before, 0 as nth from window_events
             where {Purged} and before ->> 'platform' = 'true' order by occurred_at desc limit {PurgedRead})
            union all
            (select window_id, version, occurred_at, before, nth from (
                select project_id, window_id, version, nth from (
                    select *, row_number() over (partition by project_id order by occurred_at desc) as nth
                    from ({Scan($"select project_id, window_id, version, occurred_at from window_events where {Purged}", "true", "order by occurred_at desc")}) scanned
                ) ranked
                order by nth > {FirstOfProject}, occurred_at desc limit {PurgedRead}
             ) newest join window_events using (project_id, window_id, version) where before ->> 'platform' is distinct from 'true')
        ) purged
        where (before ->> 'starts_at')::timestamptz < @to and (before ->> 'ends_at')::timestamptz > @from
        order by nth > 0, nth > {FirstOfProject}, occurred_at desc limit {MonthWindows}
        """;

    /// <summary>Bodies come with the open incidents first, then the newest, as long as all together are no longer.</summary>
    private const int MostBodyBytes = 8 * 1024 * 1024;

    private const int MonthIncidents = 500;

    /// <summary>The windows of a series that are shown although they have not begun. One whose time passed without it is none.</summary>
    private static string NextOf(string series) => $"""
        select * from windows
        where series_id = {series} and status = 'scheduled' and ends_at > clock_timestamp() and {ChangeLog.Public} order by starts_at, id limit {NextOfSeries}
        """;

    /// <summary>The first of <paramref name="rows"/> that are wanted and of no suspended project; it ends, however many one project has.</summary>
    private static string Scan(string rows, string wanted, string order) =>
        $"select * from ({rows} {order} limit {Passed}) passed where {wanted} and {ChangeLog.Public} {order} limit {Scanned}";

    /// <summary>Of too many the platform's come first (their <c>nth</c> is 0), then the first of each other project, then the others.</summary>
    private static string BetweenIn(string order, string which)
    {
        const string Start = "starts_at at time zone 'UTC'";
        var spanning = Scan("select * from windows where tstzrange(starts_at, ends_at) @> @from", $"starts_at < @from and not platform and {which}", order: "");
        var starting = Scan(
            $"select project_id, id, platform, starts_at, {Start} as start from windows where {which} and {Start} >= @from at time zone 'UTC' and {Start} < @to at time zone 'UTC'",
            "not platform",
            $"order by start {order}");
        return $"""
            select {WindowTable.Columns}, more from windows join (
                select project_id, id, count(*) over () > {MonthWindows} as more from (
                    (select project_id, id, starts_at, 0 as nth from windows
                     where {which} and platform and tstzrange(starts_at, ends_at) && tstzrange(@from, @to) order by starts_at {order}, id limit {MonthWindows + 1})
                    union all
                    (select project_id, id, starts_at, row_number() over (partition by project_id order by starts_at {order}, id) from (
                        (select project_id, id, starts_at from ({spanning}) spanning)
                        union all
                        (select project_id, id, starts_at from ({starting}) starting)
                     ) scanned)
                ) found
                order by nth > 0, nth > {FirstOfProject}, starts_at {order}, id limit {MonthWindows}
            ) chosen using (project_id, id)
            order by starts_at {order}, id
            """;
    }

    private static string IncidentsSql(string candidates) => $"""
        select document, case when has_body and bytes <= {MostBodyBytes} then bodies end as bodies
        from (
            select *, sum(case when has_body then body_bytes else 0 end) over (order by resolved_at is null desc, started_at desc, id) as bytes
            from ({candidates}) candidates
        ) summed
        order by started_at desc, id
        """;

    private static readonly string CurrentIncidentsSql = IncidentsSql("""
        select *, resolved_at is null or row_number() over (order by started_at desc, id) <= 50 as has_body
        from (
            (select * from incidents where not draft and resolved_at is null)
            union all
            (select * from incidents where not draft and resolved_at >= clock_timestamp() - interval '100 days' order by started_at desc, id limit 1000)
        ) touching
        order by resolved_at is null desc, started_at desc, id limit 1000
        """);

    private static readonly string ChangedIncidentsSql = IncidentsSql("select *, true as has_body from incidents where not draft and id = any(@ids)");

    private const string BetweenIncidentsSql = $"""
        select {StoredIncident.ColumnsWithoutBodies} from incidents
        where not draft and tstzrange(started_at, resolved_at, '[]') && tstzrange(@from, @to)
        order by started_at desc, id limit @limit
        """;

    internal NpgsqlCommand NoticesCommand(int limit) => database.CreateCommand(NoticesSql).Number("limit", limit);

    /// <summary>The notices as of one instant, with the mark of that instant.</summary>
    /// <param name="limit">The longest list.</param>
    /// <param name="cancellation">Cancels the call.</param>
    public async Task<GetNoticesResponse> GetAsync(int limit, CancellationToken cancellation)
    {
        await using var command = NoticesCommand(limit);
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var lists = new NoticeLists();
        string? mark = null;
        while (await row.ReadAsync(cancellation)) // at least one, so that there is a mark
        {
            if (mark is null)
            {
                mark = ChangeLog.ReadHead(row).Mark.ToString();
                lists.ActiveTotal = checked((int)row.GetInt64(row.GetOrdinal("active_total")));
                lists.ScheduledTotal = checked((int)row.GetInt64(row.GetOrdinal("scheduled_total")));
            }

            var list = row.TextOrNull("list") switch
            {
                "active" => lists.Active,
                "scheduled" => lists.Scheduled,
                "recent" => lists.Recent,
                "platform_active" => lists.PlatformActive,
                _ => null,
            };
            list?.Add(WindowTable.Read(row).ToProto());
        }

        await row.CloseAsync();
        var response = new GetNoticesResponse { Mark = mark, Lists = lists }; // what follows may be newer than the mark, never older
        response.Components.AddRange(await ListAllComponentsAsync(cancellation));
        response.Incidents.AddRange(await ReadIncidentsAsync(database.CreateCommand(CurrentIncidentsSql), cancellation));
        return response;
    }

    /// <summary>What is shown of these series beside what has begun, as it is now.</summary>
    public async Task<IEnumerable<SeriesNotice>> ListNextAsync(IReadOnlyCollection<string> ids, CancellationToken cancellation)
    {
        await using var command = NextCommand(ids);
        var next = (await command.ReadAllAsync(WindowTable.Read, cancellation)).ToLookup(window => window.SeriesId, window => window.ToProto());
        return ids.Select(id => new SeriesNotice { Id = id, Next = { next[id] } });
    }

    /// <summary>All components as they are now, the archived ones too.</summary>
    public Task<List<ComponentNotice>> ListAllComponentsAsync(CancellationToken cancellation) =>
        ReadComponentsAsync(database.CreateCommand("select document from components"), cancellation);

    /// <summary>The components of these ids as they are now.</summary>
    public Task<List<ComponentNotice>> ListComponentsAsync(IEnumerable<string> ids, CancellationToken cancellation) =>
        ReadComponentsAsync(database.CreateCommand("select document from components where id = any(@ids)").Texts("ids", ids), cancellation);

    /// <summary>The published incidents of these ids as they are now.</summary>
    public Task<List<IncidentNotice>> ListIncidentsAsync(IEnumerable<string> ids, CancellationToken cancellation) =>
        ReadIncidentsAsync(database.CreateCommand(ChangedIncidentsSql).Texts("ids", ids), cancellation);

    /// <summary>Published incidents that touch [<paramref name="from"/>, <paramref name="to"/>), newest start first, without bodies; at most 500.</summary>
    public async Task<ListIncidentsBetweenResponse> ListIncidentsBetweenAsync(DateTimeOffset from, DateTimeOffset to, CancellationToken cancellation)
    {
        if (from >= to)
        {
            return new();
        }

        var found = await ReadIncidentsAsync(
            database.CreateCommand(BetweenIncidentsSql).Time("from", from).Time("to", to).Number("limit", MonthIncidents + 1), cancellation);
        return new() { Incidents = { found.Take(MonthIncidents) }, HasMore = found.Count > MonthIncidents };
    }

    /// <summary>The incident that an outage has: its draft, whatever became of it, or else an open one that names the component; null: none.</summary>
    public async Task<(string ProjectId, string Id)?> FindForOutageAsync(string componentId, DateTimeOffset since, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand($"""
            (select project_id, incident_id from outage_drafts where component_id = @component and since = @since)
            union all
            (select project_id, id from incidents where not draft and resolved_at is null and {NoticeEvents.NamesComponent} order by started_at, id limit 1)
            """).Text("component", componentId).Time("since", since);
        return (await command.ReadAllAsync<(string, string)?>(row => (row.GetString(0), row.GetString(1)), cancellation)).FirstOrDefault();
    }

    /// <summary>
    /// Windows that touch [<paramref name="from"/>, <paramref name="to"/>) by start: those that span its beginning, then those that start in it;
    /// at most 500. Of too many the platform's come first, then up to 50 of each other project.
    /// </summary>
    public Task<ListWindowsBetweenResponse> ListBetweenAsync(DateTimeOffset from, DateTimeOffset to, CancellationToken cancellation) =>
        ReadBetweenAsync(from, to, latest: false, cancellation);

    /// <summary>The same for a calendar: of too many those that start last, and those that were purged within 30 days.</summary>
    public async Task<ListWindowsBetweenResponse> ListForCalendarAsync(DateTimeOffset from, DateTimeOffset to, CancellationToken cancellation)
    {
        var response = await ReadBetweenAsync(from, to, latest: true, cancellation);
        await using var purged = PurgedCommand(from, to);
        response.Purged.AddRange(await purged.ReadAllAsync(
            row => new PurgedWindow { Id = row.GetString(0), Version = row.GetInt64(1), PurgedAt = TimeOf(row, 2), StartsAt = TimeOf(row, 3), EndsAt = TimeOf(row, 4) },
            cancellation));
        return response;

        static Timestamp TimeOf(NpgsqlDataReader row, int column) => Timestamp.FromDateTimeOffset(row.GetFieldValue<DateTimeOffset>(column));
    }

    /// <summary>The window of this id, of whatever project; null: there is none.</summary>
    public async Task<Window?> FindWindowAsync(string id, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(WindowSql).Text("id", id);
        return (await command.ReadAllAsync(row => WindowTable.Read(row).ToProto(), cancellation)).FirstOrDefault();
    }

    internal NpgsqlCommand NextCommand(IEnumerable<string> series) => database.CreateCommand(NextOfSql).Texts("series", series);

    internal NpgsqlCommand BetweenCommand(DateTimeOffset from, DateTimeOffset to, bool latest = false) =>
        database.CreateCommand(latest ? LatestBetweenSql : BetweenSql).Time("from", from).Time("to", to);

    internal NpgsqlCommand PurgedCommand(DateTimeOffset from, DateTimeOffset to) => database.CreateCommand(PurgedSql).Time("from", from).Time("to", to);

    private async Task<ListWindowsBetweenResponse> ReadBetweenAsync(DateTimeOffset from, DateTimeOffset to, bool latest, CancellationToken cancellation)
    {
        if (from >= to)
        {
            return new();
        }

        await using var command = BetweenCommand(from, to, latest);
        var found = await command.ReadAllAsync(row => (Window: WindowTable.Read(row).ToProto(), HasMore: row.GetBoolean(row.GetOrdinal("more"))), cancellation);
        var windows = found.Select(one => one.Window);
        return new() { Windows = { latest ? windows.Reverse() : windows }, HasMore = found is [(_, true), ..] };
    }

    private static async Task<List<ComponentNotice>> ReadComponentsAsync(NpgsqlCommand read, CancellationToken cancellation)
    {
        await using var command = read;
        return await command.ReadAllAsync(row => StoredComponent.Read(row.GetFieldValue<byte[]>(0)).ToProto(), cancellation);
    }

    private static async Task<List<IncidentNotice>> ReadIncidentsAsync(NpgsqlCommand read, CancellationToken cancellation)
    {
        await using var command = read;
        return await command.ReadAllAsync(row => StoredIncident.Read(row).ToProto(withoutBodies: row.IsDBNull(row.GetOrdinal("bodies"))), cancellation);
    }
}
