using Npgsql;
using NpgsqlTypes;
using Xerotier.MaintenanceService.Changes;
using Xerotier.MaintenanceService.Series;
using Xerotier.ServiceDefaults;

namespace Xerotier.MaintenanceService.Clock;

/// <summary>
/// Makes the occurrences that come within each series' horizon as the days pass. One replica does it at a time, under a lease by the
/// database's clock, which only saves work: that none is made twice is held by the table of all that were ever made, whoever tries. How
/// far a series is made and its new windows are written in one statement, so a crash at any moment leaves both or neither.
/// </summary>
internal sealed class SeriesClock(NpgsqlDataSource database, ChangeNotifier changes, Migrations migrations, DatabaseClock clock, TimeProvider time, ILogger<SeriesClock> logger)
    : BackgroundService
{
    /// <summary>How late an occurrence may come within its horizon, apart from the time that it takes.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <summary>The most series of one turn; the rest come in the next one.</summary>
    private const int Batch = 1000;

    private const string Lease = "interval '15 s'";

    /// <summary>Takes the lease, or keeps it, and says what time it is: what is made ahead stays, so the caller's clock may lag behind the database's, never lead. One that ends later than it can is of before the database's clock was set back.</summary>
    private const string LeaseSql = $"""
        update series_lease set holder = @holder, expires_at = clock_timestamp() + {Lease}
        where expires_at not between clock_timestamp() and clock_timestamp() + {Lease} or holder = @holder
        returning least(@now, clock_timestamp())
        """;

    private const string DueSql = """
        select document, made_through from series
        where not cancelled and made_through - horizon_days < @today
        order by made_through - horizon_days limit @limit
        """;

    private static readonly string ExtendSql = $"""
        with written as (
            update series set made_through = @through
            where project_id = @project and id = @id and version = @version and made_through = @made_through
            returning 1
        ),
        {SeriesStore.MakeSql}
        select count(*) from made
        """;

    private readonly string holder = $"{Guid.NewGuid():N}";

    /// <summary>Makes what is due, if this replica has the lease.</summary>
    public async Task TurnAsync(CancellationToken cancellation)
    {
        await using var lease = database.CreateCommand(LeaseSql).Text("holder", holder).Time("now", clock.Now);
        if (await lease.ExecuteScalarAsync(cancellation) is not DateTime now)
        {
            return;
        }

        await using var due = database.CreateCommand(DueSql).With("today", NpgsqlDbType.Date, DateOnly.FromDateTime(now)).Number("limit", Batch);
        InvalidOperationException? failed = null; // a series that cannot be made, such as one of a zone that is no more, must not keep the others from it
        foreach (var (series, madeThrough) in await due.ReadAllAsync(row => (StoredSeries.Read(row.GetFieldValue<byte[]>(0)), row.GetFieldValue<DateOnly>(1)), cancellation))
        {
            try
            {
                await ExtendAsync(series, madeThrough, now, cancellation);
            }
            catch (Exception failure) when (!cancellation.IsCancellationRequested && Postgres.ToApiError(failure) is null)
            {
                failed = new($"The next occurrences of {series.Id} cannot be made.", failure);
            }
        }

        if (failed is not null)
        {
            throw failed;
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var log = new FailureLog(logger, "Occurrences of series cannot be made; they stay due", "Occurrences of series are made again");
        await migrations.Done.WaitAsync(stoppingToken);
        await log.RepeatAsync(TurnAsync, Interval, time, stoppingToken);
    }

    private async Task ExtendAsync(StoredSeries series, DateOnly madeThrough, DateTimeOffset now, CancellationToken cancellation)
    {
        var through = SeriesRules.Horizon(series, now);
        await using var command = database.CreateCommand(ExtendSql)
            .Text("project", series.ProjectId)
            .Text("id", series.Id)
            .Number("version", series.Version)
            .With("made_through", NpgsqlDbType.Date, madeThrough)
            .With("through", NpgsqlDbType.Date, through)
            .With("windows", NpgsqlDbType.Jsonb, SeriesStore.ToJson(SeriesRules.Windows(series, madeThrough, through, now)))
            .Time("at", now)
            .Text("actor", Actor.System)
            .Text("actor_key_id", null);
        if ((long)(await command.ExecuteScalarAsync(cancellation))! > 0)
        {
            changes.Signal();
        }
    }
}
