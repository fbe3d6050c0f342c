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
