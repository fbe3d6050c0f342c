using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Npgsql;
using Xerotier.TestKit;

namespace Xerotier.ServiceDefaults.Tests;

public sealed class DatabaseClockTests : IAsyncLifetime
{
    private readonly LeapingTime time = new(TimeProvider.System);
    private readonly LogRecorder lines = new();
    private readonly ServiceProvider services;
    private TestPostgres postgres = null!;
    private string connectionString = null!;
    private NpgsqlDataSource database = null!;
    private DatabaseClock clock = null!;

    public DatabaseClockTests() => services = new ServiceCollection().AddMetrics().AddLogging(logging => logging.AddProvider(lines)).BuildServiceProvider();

    private ILogger<DatabaseClock> Logger => services.GetRequiredService<ILogger<DatabaseClock>>();

    public async ValueTask InitializeAsync()
    {
        postgres = await TestPostgres.StartAsync();
        connectionString = await postgres.CreateDatabaseAsync();
        database = NpgsqlDataSource.Create(connectionString);
        clock = new(database, time, services.GetRequiredService<IMeterFactory>(), Logger);
    }

    public async ValueTask DisposeAsync()
    {
        clock.Dispose();
        await services.DisposeAsync();
        await database.DisposeAsync();
        await postgres.DisposeAsync();
    }

    [Fact]
    public async Task A_clock_is_off_above_two_seconds_and_right_again_below_one_and_a_half_and_says_so_once()
    {
        await clock.MeasureAsync(TestContext.Current.CancellationToken);
        Assert.InRange(clock.Skew!.Value.TotalSeconds, -0.2, 0.2);
        Assert.Equal(
            [false, false, true, true, true, false, true, false, true, true, false],
            ((double[])[0, 1.7, 2.3, 1.7, 34_560_000, 1.3, -2.3, 1.3, -3_600, -1.7, -1.3]).Select(ahead =>
            {
                time.Ahead = TimeSpan.FromSeconds(ahead);
                Assert.Equal(clock.IsOff, clock.IsOff);
                return clock.IsOff;
            }));
        Assert.Equal(6, lines.Entries.Count);
        Assert.Matches(@"^Error: The clock is off: it differs by 2\.[23]\d\d s", Line(0));
        Assert.StartsWith("Information: The clock is right again", Line(1), StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_tells_the_databases_time_whatever_the_own_clock_says()
    {
        time.Ahead = TimeSpan.FromHours(1);
        Assert.InRange(clock.Now - DateTimeOffset.UtcNow, TimeSpan.FromMinutes(59), TimeSpan.FromMinutes(61)); // nothing else is known yet
        await clock.MeasureAsync(TestContext.Current.CancellationToken);
        foreach (var ahead in (double[])[1, 0, -400 * 24])
        {
            time.Ahead = TimeSpan.FromHours(ahead);
            Assert.InRange(clock.Now - DateTimeOffset.UtcNow, TimeSpan.FromSeconds(-1), TimeSpan.FromSeconds(1));
        }
    }

    [Fact]
    public async Task Readiness_and_the_gauge_follow_it()
    {
        var check = new ClockCheck(clock);
        var skews = new List<double>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, _) =>
        {
            if (instrument.Name == "xerotier.clock.skew" && instrument.Meter.Scope == services.GetRequiredService<IMeterFactory>())
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<double>((_, value, _, _) => skews.Add(value));
        listener.Start();
        listener.RecordObservableInstruments();
        Assert.Empty(skews); // nothing is known yet
        Assert.Equal(HealthStatus.Healthy, await StatusAsync());

        await clock.MeasureAsync(TestContext.Current.CancellationToken);
        time.Ahead = TimeSpan.FromHours(1);
        listener.RecordObservableInstruments();
        Assert.InRange(Assert.Single(skews), 3_599.5, 3_600.5);
        Assert.Equal(HealthStatus.Unhealthy, await StatusAsync());
        time.Ahead = default;
        Assert.Equal(HealthStatus.Healthy, await StatusAsync());

        async Task<HealthStatus> StatusAsync() => (await check.CheckHealthAsync(new())).Status;
    }

    [Fact]
    public async Task A_store_whose_clock_leaps_is_not_followed_and_a_clock_of_ones_own_that_leaps_is_put_right()
    {
        using var clock = new LeapingStore(time, services.GetRequiredService<IMeterFactory>(), Logger);
        await LooksAsync(store: 0, own: 0, isOff: false, trusted: 0);
        await LooksAsync(store: -20, own: 0, isOff: true, trusted: 0);
        await LooksAsync(store: -20, own: 0, isOff: true, trusted: 0);
        await LooksAsync(store: 0, own: 0, isOff: false, trusted: 0);
        await LooksAsync(store: 0, own: 35, isOff: true, trusted: 0);
        await LooksAsync(store: 0, own: 35, isOff: true, trusted: 0);
        await LooksAsync(store: 0, own: 0, isOff: false, trusted: 0);
        await LooksAsync(store: 20, own: 0, isOff: true, trusted: 0);
        await LooksAsync(store: 20, own: -35, isOff: true, trusted: 20); // then nothing is right but what all can agree on

        async Task LooksAsync(double store, double own, bool isOff, double trusted)
        {
            (clock.Ahead, time.Ahead) = (TimeSpan.FromSeconds(store), TimeSpan.FromSeconds(own));
            await clock.MeasureAsync(TestContext.Current.CancellationToken);
            Assert.Equal(isOff, clock.IsOff);
            Assert.InRange((clock.TimeToTrust - DateTimeOffset.UtcNow).TotalSeconds, trusted - 0.5, trusted + 0.5);
        }
    }

    [Fact]
    public async Task A_database_that_is_away_is_no_wrong_clock_and_hides_none()
    {
        await postgres.KillAsync();
        time.Ahead = TimeSpan.FromHours(1);
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => clock.MeasureAsync(TestContext.Current.CancellationToken));
        Assert.Equal((null, false), (clock.Skew, clock.IsOff)); // nobody knows

        await postgres.RestartAsync();
        await clock.StartAsync(TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(() => clock.IsOff);
        await postgres.KillAsync();
        Assert.True(clock.IsOff);
        time.Ahead = default;
        Assert.False(clock.IsOff);
        time.Ahead = TimeSpan.FromDays(400);
        Assert.True(clock.IsOff);
        await clock.StopAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task The_database_answers_in_the_middle_of_the_round_trip_and_one_that_takes_long_says_nothing()
    {
        await using (var slow = database.CreateCommand(
            """
            create schema slow;
            create table slow.way (seconds float8 not null);
            insert into slow.way values (0.4);
            create function slow.clock_timestamp() returns timestamptz language plpgsql as $$
            declare now timestamptz;
            begin
                perform pg_sleep((select seconds from slow.way));
                now := pg_catalog.clock_timestamp();
                perform pg_sleep((select seconds from slow.way));
                return now;
            end $$
            """))
        {
            await slow.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        await using var behind = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(connectionString) { SearchPath = "slow,public,pg_catalog" });
        using var far = new DatabaseClock(behind, time, services.GetRequiredService<IMeterFactory>(), Logger);
        while (far.Skew is null) // until a busy machine makes no more of it than a second
        {
            await far.MeasureAsync(TestContext.Current.CancellationToken);
        }

        Assert.InRange(far.Skew.Value.TotalSeconds, -0.2, 0.2);

        await using (var slower = behind.CreateCommand("update slow.way set seconds = 0.6"))
        {
            await slower.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        using var farther = new DatabaseClock(behind, time, services.GetRequiredService<IMeterFactory>(), Logger);
        await farther.MeasureAsync(TestContext.Current.CancellationToken);
        Assert.Null(farther.Skew);
    }

    private string Line(int index) => $"{lines.Entries[index].Level}: {lines.Entries[index].Message}";

    /// <summary>A store that says the right time, or one that is ahead of it.</summary>
    private sealed class LeapingStore(TimeProvider time, IMeterFactory meters, ILogger logger) : StoreClock("the store's", time, meters, logger)
    {
        public TimeSpan Ahead { get; set; }

        protected override Task<(DateTimeOffset Answer, long Begun, TimeSpan Trip)> AskAsync(TimeProvider time, CancellationToken cancellation) =>
            Task.FromResult((DateTimeOffset.UtcNow + Ahead, time.GetTimestamp(), TimeSpan.Zero));
    }
}
