using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Xerotier.ServiceDefaults;
using Xerotier.StatusService.History;
using Xerotier.StatusService.Model;
using Xerotier.TestKit;

[assembly: AssemblyFixture(typeof(Xerotier.StatusService.Tests.PostgresFixture))]

namespace Xerotier.StatusService.Tests;

/// <summary>One private Postgres for all tests of this process.</summary>
public sealed class PostgresFixture : IAsyncLifetime
{
    public TestPostgres Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await TestPostgres.StartAsync();

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}

/// <summary>
/// A history database whose clock is the test's: the store's own SQL runs unchanged, but <c>clock_timestamp()</c> is found in a
/// schema that comes before Postgres' own.
/// </summary>
public sealed class HistoryDatabase : IAsyncDisposable
{
    private readonly NpgsqlDataSource clock;

    private HistoryDatabase(NpgsqlDataSource source, NpgsqlDataSource clock) => (Source, this.clock) = (source, clock);

    public NpgsqlDataSource Source { get; }

    /// <summary>A new database with the newest schema.</summary>
    /// <param name="server">Its server.</param>
    /// <param name="now">The time of its clock.</param>
    /// <param name="before">What an earlier version of the service left in it.</param>
    public static async Task<HistoryDatabase> CreateAsync(TestPostgres server, DateTimeOffset now, Func<NpgsqlDataSource, Task>? before = null)
    {
        var connectionString = await (before is null ? server.CreateDatabaseAsync<HistoryStore>() : server.CreateDatabaseAsync());
        await using (var plain = NpgsqlDataSource.Create(connectionString))
        {
            if (before is not null)
            {
                await before(plain);
                await Migrations.ApplyAsync(plain, typeof(HistoryStore).Assembly, NullLogger.Instance, default);
            }

            await using var setup = plain.CreateCommand(
                """
                create schema fake;
                create table fake.clock (now timestamptz not null);
                insert into fake.clock values ('-infinity');
                create function fake.clock_timestamp() returns timestamptz language sql volatile as 'select now from fake.clock';
                """);
            await setup.ExecuteNonQueryAsync();
        }

        var faked = new NpgsqlConnectionStringBuilder(connectionString) { SearchPath = "fake,public,pg_catalog", MaxPoolSize = 5 }.ConnectionString;
        var database = new HistoryDatabase(NpgsqlDataSource.Create(faked), NpgsqlDataSource.Create(connectionString));
        await database.SetClockAsync(now);
        return database;
    }

    /// <summary>A store as another process would have it.</summary>
    public HistoryStore Store() => new(Source);

    /// <summary>Gives up pooled connections, which a server that was killed has lost.</summary>
    public void ForgetConnections()
    {
        Source.Clear();
        clock.Clear();
    }

    public async Task SetClockAsync(DateTimeOffset now)
    {
        await using var command = clock.CreateCommand("update fake.clock set now = $1");
        command.Parameters.Add(new() { Value = now.UtcDateTime });
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Empties the history, as after the first migration.</summary>
    public async Task ResetAsync()
    {
        await using var command = clock.CreateCommand("truncate intervals, days, recorder; insert into recorder default values");
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Every interval as the database has it; one that goes on ends where the record does.</summary>
    public async Task<List<(string Component, long From, long To, RecordedState State)>> IntervalsAsync()
    {
        await using var command = clock.CreateCommand(
            """
            select key, extract(epoch from starts_at)::bigint, extract(epoch from coalesce(ends_at, recorded_until))::bigint,
                case when beneath is null then state else (10 + beneath)::smallint end
            from intervals join components on id = component, recorder order by component, starts_at
            """);
        await using var reader = await command.ExecuteReaderAsync();
        var intervals = new List<(string, long, long, RecordedState)>();
        while (await reader.ReadAsync())
        {
            intervals.Add((reader.GetString(0), reader.GetInt64(1), reader.GetInt64(2), (RecordedState)reader.GetInt16(3)));
        }

        return intervals;
    }

    public async ValueTask DisposeAsync()
    {
        await Source.DisposeAsync();
        await clock.DisposeAsync();
    }
}
