using Npgsql;
using Xerotier.Maintenance.V1;
using Xerotier.MaintenanceService.Storage;
using Xerotier.MaintenanceService.Windows;

namespace Xerotier.MaintenanceService.Notices;

/// <summary>The windows of all projects, for the other services. No request of a project reaches it.</summary>
internal sealed class NoticeStore(NpgsqlDataSource database)
{
    private const int MonthWindows = 500;

    private static readonly string PageFeedSql = $"""
        select list, {WindowTable.Columns}, active_total, scheduled_total
        from (
            select
                (select count(*) from windows where status = 'active') as active_total,
                (select count(*) from windows where status = 'scheduled') as scheduled_total
        ) totals left join (
            (select 'active' as list, {WindowTable.Columns} from windows where status = 'active' order by ends_at, id limit 50)
            union all
            (select 'scheduled', {WindowTable.Columns} from windows where status = 'scheduled' order by starts_at, id limit 50)
            union all
            (select 'recent', {WindowTable.Columns} from windows order by starts_at at time zone 'UTC' desc, id limit 50)
            union all
            (select 'platform_active', {WindowTable.ColumnsWithoutTexts} from windows where status = 'active' and platform order by ends_at desc limit 1000)
        ) windows on true
        """;

    private static readonly string BetweenSql = $"""
        select {WindowTable.Columns} from (
            (select * from windows where tstzrange(starts_at, ends_at) @> @from and starts_at < @from and @from < @to order by starts_at, id limit @limit)
            union all
            (select * from windows
             where starts_at at time zone 'UTC' >= @from at time zone 'UTC' and starts_at at time zone 'UTC' < @to at time zone 'UTC'
             order by starts_at at time zone 'UTC' limit @limit)
        ) w order by starts_at, id limit @limit
        """;

    internal NpgsqlCommand PageFeedCommand() => database.CreateCommand(PageFeedSql);

    /// <summary>What the status page shows, as of one instant.</summary>
    public async Task<PageFeed> ReadPageFeedAsync(CancellationToken cancellation)
    {
        await using var command = PageFeedCommand();
        var feed = new PageFeed();
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
        {
            feed.ActiveTotal = checked((int)row.GetInt64(row.GetOrdinal("active_total")));
            feed.ScheduledTotal = checked((int)row.GetInt64(row.GetOrdinal("scheduled_total")));
            var list = row.TextOrNull("list") switch
            {
                "active" => feed.Active,
                "scheduled" => feed.Scheduled,
                "recent" => feed.Recent,
                "platform_active" => feed.PlatformActive,
                _ => null,
            };
            list?.Add(WindowTable.Read(row).ToProto());
        }

        return feed;
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
