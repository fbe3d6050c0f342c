using Npgsql;
using Xerotier.MaintenanceService.Changes;
using Xerotier.MaintenanceService.Model;
using Xerotier.MaintenanceService.Storage;
using Xerotier.Maintenance.V1;

namespace Xerotier.MaintenanceService.Notices;

/// <summary>The windows of all projects that are not suspended, for the other services. No request of a project reaches it.</summary>
internal sealed class NoticeStore(NpgsqlDataSource database)
{
    private const int MonthWindows = 500;
    private const int PlatformWindows = 1000;

    /// <summary>The most windows of a project that is not the platform's among the newest.</summary>
    private const int NewestOfProject = 20;

    /// <summary>Among how many windows the newest are looked for: a bound for a project that has very many.</summary>
    private const int NewestScanned = 10_000;

    private static readonly string NoticesSql = $"""
        select list, {WindowTable.Columns}, active_total, scheduled_total, log_database, log_suspensions, log_now, log_last
        from (
            select
                (select count(*) from windows where status = 'active' and {ChangeLog.Public}) as active_total,
                (select count(*) from windows where status = 'scheduled' and {ChangeLog.Public}) as scheduled_total
        ) totals cross join ({ChangeLog.HeadSql}) head left join (
            (select 'active' as list, {WindowTable.Columns} from (
                (select * from windows where status = 'active' and platform order by ends_at, id limit @limit)
                union all
                (select * from windows where status = 'active' and not platform and {ChangeLog.Public} order by ends_at, id limit @limit)
             ) w order by platform desc, ends_at, id limit @limit)
            union all
            (select 'scheduled', {WindowTable.Columns} from (
                (select * from windows where status = 'scheduled' and platform order by starts_at, id limit @limit)
                union all
                (select * from windows where status = 'scheduled' and not platform and {ChangeLog.Public} order by starts_at, id limit @limit)
             ) w order by platform desc, starts_at, id limit @limit)
            union all
            (select 'recent', {WindowTable.Columns} from windows join (
                select project_id, id from (
                    select project_id, id, platform, start, row_number() over (partition by project_id order by start desc, id) as nth
                    from (
                        select project_id, id, platform, starts_at at time zone 'UTC' as start
                        from windows where {ChangeLog.Public} order by starts_at at time zone 'UTC' desc, id limit {NewestScanned}
                    ) scanned
                ) ranked
                where platform or nth <= {NewestOfProject} order by start desc, id limit @limit
             ) newest using (project_id, id) order by starts_at at time zone 'UTC' desc, id)
            union all
            (select 'platform_active', {WindowTable.ColumnsWithoutTexts} from windows where status = 'active' and platform order by ends_at desc, id limit {PlatformWindows})
        ) listed on true
        """;

    private static readonly string BetweenSql = $"""
        select {WindowTable.Columns} from (
            (select * from windows where {ChangeLog.Public} and tstzrange(starts_at, ends_at) @> @from and starts_at < @from and @from < @to order by starts_at, id limit @limit)
            union all
            (select * from windows
             where {ChangeLog.Public} and starts_at at time zone 'UTC' >= @from at time zone 'UTC' and starts_at at time zone 'UTC' < @to at time zone 'UTC'
             order by starts_at at time zone 'UTC' limit @limit)
        ) w order by starts_at, id limit @limit
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
                mark = ChangeLog.ReadMark(row).ToString();
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

        return new() { Mark = mark, Lists = lists };
    }

    /// <summary>Windows that touch [<paramref name="from"/>, <paramref name="to"/>) by start: those that span its beginning, then those that start in it; at most 500.</summary>
    public async Task<ListWindowsBetweenResponse> ListBetweenAsync(DateTimeOffset from, DateTimeOffset to, CancellationToken cancellation)
    {
        await using var command = BetweenCommand(from, to);
        var found = await command.ReadAllAsync(row => WindowTable.Read(row).ToProto(), cancellation);
        return new ListWindowsBetweenResponse { Windows = { found.Take(MonthWindows) }, HasMore = found.Count > MonthWindows };
    }

    internal NpgsqlCommand BetweenCommand(DateTimeOffset from, DateTimeOffset to) =>
        database.CreateCommand(BetweenSql).Time("from", from).Time("to", to).Number("limit", MonthWindows + 1);
}
