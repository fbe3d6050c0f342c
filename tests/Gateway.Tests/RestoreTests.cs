using System.Diagnostics;
using Npgsql;
using Xerotier.Gateway.Keys;
using Xerotier.TestKit;

namespace Xerotier.Gateway.Tests;

/// <summary>Keys after their database was restored from a backup, while Gateways run on.</summary>
public sealed class RestoreTests(PostgresFixture postgres)
{
    private static readonly Dictionary<string, string?> NoGrace = new() { ["Keys:RotationGraceHours"] = "0" };

    [Fact]
    public async Task On_another_server_with_lower_numbers_a_rotation_and_a_revocation_work_and_polls_read_nothing()
    {
        await using var first = await TestPostgres.StartAsync();
        await using var second = await TestPostgres.StartAsync();
        var one = new NpgsqlConnectionStringBuilder(await first.CreateDatabaseAsync<Program>());
        var other = new NpgsqlConnectionStringBuilder(second.AdminConnectionString) { Database = one.Database };
        await SqlAsync(second.AdminConnectionString, $"create database {one.Database}");
        await SqlAsync(one.ConnectionString, "do $$ begin for i in 1..5000 loop perform pg_current_xact_id(); commit; end loop; end $$");

        var both = new NpgsqlConnectionStringBuilder(one.ConnectionString) { Host = $"{one.Host}:{one.Port},{other.Host}:{other.Port}" };
        await using var gateway = await TestGateway.StartAsync(both.ConnectionString, settings: NoGrace);
        var keys = new KeysOfProject(gateway, await gateway.CreateProjectAsync());
        var (rotated, revoked, manager) = (await keys.CreateAsync(), await keys.CreateAsync(), await keys.CreateAsync());
        await RestoreAsync(one, other, () => keys.ChangeALotAsync());

        await SqlAsync(second.AdminConnectionString, $"alter role {one.Username} password '{one.Password}'");
        await first.KillAsync();
        await keys.EventuallyAsync(200, manager.Key, "the Gateway has found the other server");
        await keys.AssertChangesWorkAsync(rotated, revoked, manager.Key);

        await using var connection = new NpgsqlConnection(one.ConnectionString.Replace($"Port={one.Port}", $"Port={other.Port}", StringComparison.Ordinal));
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        var mark = (await KeyReader.ChangesAsync(connection, mark: null)).Mark;
        Assert.Empty((await KeyReader.ChangesAsync(connection, mark)).Changed);
    }

    [Fact]
    public async Task Over_the_same_database_what_the_backup_holds_counts_again()
    {
        var database = new NpgsqlConnectionStringBuilder(await postgres.Server.CreateDatabaseAsync<Program>());
        await using var gateway = await TestGateway.StartAsync(database.ConnectionString, settings: NoGrace);
        var keys = new KeysOfProject(gateway, await gateway.CreateProjectAsync());
        var (rotated, revoked, manager) = (await keys.CreateAsync(), await keys.CreateAsync(), await keys.CreateAsync());
        await RestoreAsync(database, database, async () =>
        {
            await keys.ChangeALotAsync();
            await keys.RevokeAsync(revoked.Id, manager.Key);
            await keys.EventuallyAsync(401, revoked.Key, "revoked after the backup");
        });
        await keys.EventuallyAsync(200, revoked.Key, "the backup knows nothing of the revocation");
        await keys.AssertChangesWorkAsync(rotated, revoked, manager.Key);
    }

    /// <summary>Backs up <paramref name="from"/>, lets it go on, and restores the backup into <paramref name="to"/>.</summary>
    private static async Task RestoreAsync(NpgsqlConnectionStringBuilder from, NpgsqlConnectionStringBuilder to, Func<Task> goOn)
    {
        var file = Path.GetTempFileName();
        await RunAsync("pg_dump", from, "--format=custom", $"--file={file}");
        await goOn();
        await RunAsync("pg_restore", to, "--clean", "--if-exists", "--single-transaction", $"--dbname={to.Database}", file);
        File.Delete(file);
    }

    private static async Task RunAsync(string tool, NpgsqlConnectionStringBuilder server, params string[] arguments)
    {
        var start = new ProcessStartInfo(tool, arguments)
        {
            Environment = { ["PGHOST"] = server.Host, ["PGPORT"] = $"{server.Port}", ["PGUSER"] = server.Username, ["PGPASSWORD"] = server.Password, ["PGDATABASE"] = server.Database },
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, error);
    }

    private static async Task SqlAsync(string database, string sql)
    {
        await using var connection = new NpgsqlConnection(database);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private sealed class KeysOfProject(TestGateway gateway, string project)
    {
        private string Path => $"/{project}/v1/management/keys";

        public Task<(string Id, string Key)> CreateAsync() => gateway.CreateKeyAsync(project, "management");

        /// <summary>Lets the numbers of changes run ahead of those in the backup.</summary>
        public async Task ChangeALotAsync()
        {
            for (var i = 0; i < 20; i++)
            {
                await CreateAsync();
            }
        }

        public async Task RevokeAsync(string id, string by) => Assert.Equal(200, (await gateway.SendAsync("DELETE", $"{Path}/{id}", by)).Status);

        public Task EventuallyAsync(int status, string key, string what) =>
            Eventually.TrueAsync(async () => (await gateway.SendAsync("GET", Path, key)).Status == status, what, seconds: 15);

        public async Task AssertChangesWorkAsync((string Id, string Key) rotated, (string Id, string Key) revoked, string by)
        {
            foreach (var key in new[] { rotated.Key, revoked.Key })
            {
                await EventuallyAsync(200, key, "known again");
            }

            var (status, answer) = await gateway.SendAsync("POST", $"{Path}/{rotated.Id}/rotate", by);
            Assert.Equal(200, status);
            await EventuallyAsync(401, rotated.Key, "the old value has ended");
            await EventuallyAsync(200, answer!["key"]!.GetValue<string>(), "the new value");
            await RevokeAsync(revoked.Id, by);
            await EventuallyAsync(401, revoked.Key, "revoked");
        }
    }
}
