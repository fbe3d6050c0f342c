using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Xerotier.TestKit;

namespace Xerotier.ServiceDefaults.Tests;

public sealed class MigrationsTests
{
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
