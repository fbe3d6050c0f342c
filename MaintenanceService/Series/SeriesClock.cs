using Npgsql;
using NpgsqlTypes;
using Xerotier.MaintenanceService.Api;
using Xerotier.MaintenanceService.Changes;
using Xerotier.MaintenanceService.Storage;
using Xerotier.ServiceDefaults;

namespace Xerotier.MaintenanceService.Series;

/// <summary>
/// Makes the occurrences that come within each series' horizon as the days pass. One replica does it at a time, under a lease by the
/// database's clock; that none is made twice is held by the table of all that were ever made, whoever tries. A series and its new windows
/// are written in one statement, so a crash at any moment leaves both or neither.
/// </summary>
internal sealed class SeriesClock(NpgsqlDataSource database, ChangeNotifier changes, Migrations migrations, DatabaseClock clock, TimeProvider time, ILogger<SeriesClock> logger)
    : BackgroundService
{
    /// <summary>How late an occurrence may come within its horizon, apart from the time that it takes.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private const int Batch = 100;

    private const string LeaseSql = """
        update series_lease set holder = @holder, expires_at = clock_timestamp() + interval '15 s'
        where expires_at < clock_timestamp() or holder = @holder
        """;

    private const string DueSql = """
        select document, made_through from series
        where not cancelled and made_through < @today::date + horizon_days
        order by made_through limit @limit
        """;

    private static readonly string ExtendSql = $"""
        with target as (
            select 1 from series where project_id = @project and id = @id and version = @version and made_through = @after for update
        ),
        written as (
            update series s set made_through = @through where s.project_id = @project and s.id = @id and exists (select from target)
            returning 1
        ),
        {SeriesStore.MakeSql}
        select (select count(*) from written), (select count(*) from made)
        """;

    private readonly string holder = $"{Guid.NewGuid():N}";

    /// <summary>Makes what is due, if this replica has the lease; returns how many windows.</summary>
    public async Task<int> TurnAsync(CancellationToken cancellation)
    {
        await using (var lease = database.CreateCommand(LeaseSql).Text("holder", holder))
        {
            if (await lease.ExecuteNonQueryAsync(cancellation) == 0)
            {
                return 0;
            }
        }

        var made = 0;
        for (var more = true; more;)
        {
            var now = Timestamps.ToMicroseconds(clock.Now);
            await using var due = database.CreateCommand(DueSql).With("today", NpgsqlDbType.Date, DateOnly.FromDateTime(now.UtcDateTime)).Number("limit", Batch);
            var found = await due.ReadAllAsync(row => (Series: StoredSeries.Read(row.GetFieldValue<byte[]>(0)), MadeThrough: row.GetFieldValue<DateOnly>(1)), cancellation);
            foreach (var (series, madeThrough) in found)
            {
                made += await ExtendAsync(series, madeThrough, now, cancellation);
            }

            more = found.Count == Batch;
        }

        if (made > 0)
        {
            changes.Signal();
        }

        return made;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var log = new FailureLog(logger, "Occurrences of series cannot be made; they stay due", "Occurrences of series are made again");
        await migrations.Done.WaitAsync(stoppingToken);
        while (true)
        {
            try
            {
                await TurnAsync(stoppingToken);
                log.Succeeded();
            }
            catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
            {
                log.Failed(failure); // what is due stays due
            }

            await Task.Delay(Interval, time, stoppingToken);
        }
    }

    private async Task<int> ExtendAsync(StoredSeries series, DateOnly madeThrough, DateTimeOffset now, CancellationToken cancellation)
    {
        var through = SeriesRules.Horizon(series, now);
        await using var command = database.CreateCommand(ExtendSql)
            .Text("project", series.ProjectId)
            .Text("id", series.Id)
            .Number("version", series.Version)
            .With("after", NpgsqlDbType.Date, madeThrough)
            .With("through", NpgsqlDbType.Date, through)
            .With("windows", NpgsqlDbType.Jsonb, SeriesStore.ToJson(SeriesRules.Windows(series, madeThrough, through, now)))
            .Time("at", now)
            .Text("actor", Actor.Clock)
            .Text("actor_key_id", null);
        await using var row = await command.ExecuteReaderAsync(cancellation);
        await row.ReadAsync(cancellation);
        return row.GetInt32(1);
    }
}
