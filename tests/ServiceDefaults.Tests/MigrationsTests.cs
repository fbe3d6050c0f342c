using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Xerotier.TestKit;

namespace Xerotier.ServiceDefaults.Tests;

public sealed class MigrationsTests
{
    [Fact]
    public async Task A_script_and_the_wait_for_another_replica_may_take_longer_than_a_statement()
    {
        await using var postgres = await TestPostgres.StartAsync();
        var connection = await postgres.CreateDatabaseAsync();
        await using var other = new NpgsqlConnection(connection + ";Pooling=false"); // closing it ends its lock
        await other.OpenAsync(TestContext.Current.CancellationToken);
        await using var hold = new NpgsqlCommand("select pg_advisory_lock(x'7865726f'::bigint)", other);
        await hold.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);

        await using var database = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(connection) { CommandTimeout = 1 });
        await Task.WhenAll( // a script sleeps for 1.5 s
            Migrations.ApplyAsync(database, typeof(MigrationsTests).Assembly, NullLogger.Instance, TestContext.Current.CancellationToken),
            ReleaseAsync());

        async Task ReleaseAsync()
        {
            await Task.Delay(TimeSpan.FromSeconds(2), TestContext.Current.CancellationToken);
            await other.CloseAsync();
        }
    }

    [Fact]
    public async Task A_script_that_meets_a_lock_gives_way_and_is_applied_later()
    {
        await using var postgres = await TestPostgres.StartAsync();
        await using var database = NpgsqlDataSource.Create(await postgres.CreateDatabaseAsync());
        await using var other = await database.OpenConnectionAsync(TestContext.Current.CancellationToken);
        foreach (var sql in (string[])["create table locked (id int)", "begin", "lock table locked in access share mode"])
        {
            await using var hold = new NpgsqlCommand(sql, other);
            await hold.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        var refused = await Assert.ThrowsAsync<PostgresException>(async () => await ApplyAsync());
        Assert.Equal(PostgresErrorCodes.LockNotAvailable, refused.SqlState);
        Assert.Equal(2L, await CountAsync("schemaversions")); // the scripts before it stay
        await using (var release = new NpgsqlCommand("commit", other))
        {
            await release.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        await ApplyAsync();
        Assert.Equal(4L, await CountAsync("schemaversions"));
        Assert.Equal(1L, await CountAsync("pg_index where indexrelid = 'applied_at'::regclass and indisvalid"));

        async Task ApplyAsync() => await Migrations.ApplyAsync(database, typeof(MigrationsTests).Assembly, NullLogger.Instance, TestContext.Current.CancellationToken);

        async Task<long> CountAsync(string what)
        {
            await using var count = database.CreateCommand($"select count(*) from {what}");
            return (long)(await count.ExecuteScalarAsync(TestContext.Current.CancellationToken))!;
        }
    }

    [Fact]
    public async Task Replicas_that_start_together_apply_each_script_once()
    {
        await using var postgres = await TestPostgres.StartAsync();
        var connection = await postgres.CreateDatabaseAsync();
        await using var database = NpgsqlDataSource.Create(connection);

        // The script inserts a row: twice applied would show.
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
            Migrations.ApplyAsync(database, typeof(MigrationsTests).Assembly, NullLogger.Instance, TestContext.Current.CancellationToken))));

        await using var count = database.CreateCommand("select count(*) from applied");
        Assert.Equal(1L, await count.ExecuteScalarAsync(TestContext.Current.CancellationToken));
    }
}
