using Google.Protobuf.WellKnownTypes;
using Npgsql;
using NpgsqlTypes;
using Xerotier.Maintenance.V1;

namespace Xerotier.MaintenanceService;

/// <summary>All that reads or writes across projects: the page feed, the clock, and the removal of old idempotency keys. Nothing of it answers a project's request.</summary>
internal sealed class PlatformStore(NpgsqlDataSource database)
{
    /// <summary>The most windows that one turn of the clock moves, so that its transaction stays short.</summary>
    public const int DueBatch = 500;

    private const int MonthWindows = 500;

    private const string PageFeedSql = $"""
        (select 'active', 0::bigint, {WindowRow.Columns} from windows where status = 'active' order by ends_at, id limit 50)
        union all
        (select 'scheduled', 0, {WindowRow.Columns} from windows where status = 'scheduled' order by starts_at, id limit 50)
        union all
        (select 'recent', 0, {WindowRow.Columns} from windows order by starts_at at time zone 'UTC' desc, id limit 50)
        union all
        (select 'platform_active', 0, {WindowRow.ColumnsWithoutTexts} from windows where status = 'active' and platform order by ends_at desc limit 1000)
        union all
        (select 'active_total', (select count(*) from windows where status = 'active'), {NoColumns})
        union all
        (select 'scheduled_total', (select count(*) from windows where status = 'scheduled'), {NoColumns})
        """;

    private const string NoColumns = "null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null";

    internal NpgsqlCommand PageFeedCommand() => database.CreateCommand(PageFeedSql);

    /// <summary>What the status page shows, as of one instant.</summary>
    public async Task<PageFeed> ReadPageFeedAsync(CancellationToken cancellation)
    {
        await using var command = PageFeedCommand();
        var feed = new PageFeed();
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
        {
            switch (row.GetString(0))
            {
                case "active_total":
                    feed.ActiveTotal = checked((int)row.GetInt64(1));
                    break;
                case "scheduled_total":
                    feed.ScheduledTotal = checked((int)row.GetInt64(1));
                    break;
                case "active":
                    feed.Active.Add(WindowRow.Read(row, 2).ToProto());
                    break;
                case "scheduled":
                    feed.Scheduled.Add(WindowRow.Read(row, 2).ToProto());
                    break;
                case "recent":
                    feed.Recent.Add(WindowRow.Read(row, 2).ToProto());
                    break;
                default:
                    feed.PlatformActive.Add(WindowRow.Read(row, 2).ToProto());
                    break;
            }
        }

        return feed;
    }

    /// <summary>Windows that touch [<paramref name="from"/>, <paramref name="to"/>) by start: those that span its beginning, then those that start in it; one more than the longest list when there are.</summary>
    public async Task<ListWindowsBetweenResponse> ListBetweenAsync(DateTimeOffset from, DateTimeOffset to, CancellationToken cancellation)
    {
        await using var command = BetweenCommand(from, to);
        var found = await command.ReadAllAsync(row => WindowRow.Read(row).ToProto(), cancellation);
        return new ListWindowsBetweenResponse { Windows = { found.Take(MonthWindows) }, HasMore = found.Count > MonthWindows };
    }

    internal NpgsqlCommand BetweenCommand(DateTimeOffset from, DateTimeOffset to) => database.CreateCommand($"""
        select {WindowRow.Columns} from (
            (select * from windows where tstzrange(starts_at, ends_at) @> $1 and starts_at < $1 and $1 < $2 order by starts_at, id limit $3)
            union all
            (select * from windows where starts_at at time zone 'UTC' >= $1 at time zone 'UTC' and starts_at at time zone 'UTC' < $2 at time zone 'UTC'
             order by starts_at at time zone 'UTC' limit $3)
        ) w order by starts_at, id limit $3
        """).Time(from).Time(to).With<int?>(NpgsqlDbType.Integer, MonthWindows + 1);

    /// <summary>
    /// Moves on the windows whose time has come, each with its audit row: scheduled ones become active, then active ones completed, in one
    /// transaction, so that a window whose both times have passed goes straight through. A window that another replica holds is left to it.
    /// </summary>
    /// <returns>How many became active, and how many completed; either at <see cref="DueBatch"/> means that more may be due.</returns>
    public async Task<(int Activated, int Completed)> MoveDueAsync(DateTimeOffset now, CancellationToken cancellation)
    {
        await using var batch = MoveDueBatch(now);
        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        var activated = await CountAsync();
        await reader.NextResultAsync(cancellation);
        return (activated, await CountAsync());

        async Task<int> CountAsync() => await reader.ReadAsync(cancellation) ? reader.GetInt32(0) : 0;
    }

    internal NpgsqlBatch MoveDueBatch(DateTimeOffset now)
    {
        var batch = database.CreateBatch();
        Add("scheduled", "starts_at", "active", "activated", "");
        Add("active", "ends_at", "completed", "completed", ", completed_at = greatest($1, w.updated_at)");
        return batch;

        void Add(string from, string at, string to, string action, string also) => batch.BatchCommands.Add(new NpgsqlBatchCommand($"""
            with due as (
                select * from windows where auto_transition and status = '{from}' and {at} <= $1 order by {at} limit {DueBatch} for update skip locked
            ),
            moved as (
                update windows w set status = '{to}', version = w.version + 1, updated_at = greatest($1, w.updated_at){also}
                from due d where w.project_id = d.project_id and w.id = d.id and w.status = '{from}'
                returning w.*
            ),
            event as (
                insert into window_events (project_id, window_id, version, occurred_at, actor, action, before, after)
                select m.project_id, m.id, m.version, $1, '{Actor.Clock}', '{action}', to_jsonb(d), to_jsonb(m)
                from moved m join due d on d.project_id = m.project_id and d.id = m.id
            )
            select count(*)::int from moved
            """)
        {
            Parameters = { new NpgsqlParameter { Value = now.UtcDateTime, NpgsqlDbType = NpgsqlDbType.TimestampTz } },
        });
    }

    /// <summary>Removes up to 1,000 answers that are no longer kept, and says how many it removed.</summary>
    public async Task<int> ForgetAnswersAsync(DateTimeOffset now, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("""
            delete from idempotency_keys where ctid = any(array(
                select ctid from idempotency_keys where created_at <= $1 - interval '24 hours' order by created_at limit 1000 for update skip locked))
            """).Time(now);
        return await command.ExecuteNonQueryAsync(cancellation);
    }
}

/// <summary>Windows as the other services see them.</summary>
internal static class WindowProto
{
    public static Window ToProto(this MaintenanceWindow window) => new()
    {
        Id = window.Id,
        ProjectId = window.ProjectId,
        Platform = window.Platform,
        Title = window.Title,
        Description = window.Description,
        Severity = (Severity)((int)window.Severity + 1),
        AffectedServices = { window.AffectedServices },
        StartsAt = window.StartsAt.ToTimestamp(),
        EndsAt = window.EndsAt.ToTimestamp(),
        Status = (Maintenance.V1.WindowStatus)((int)window.Status + 1),
        AutoTransition = window.AutoTransition,
        CreatedBy = window.CreatedBy,
        CreatedAt = window.CreatedAt.ToTimestamp(),
        UpdatedAt = window.UpdatedAt.ToTimestamp(),
        CompletedAt = window.CompletedAt?.ToTimestamp(),
        CancelledAt = window.CancelledAt?.ToTimestamp(),
    };
}
