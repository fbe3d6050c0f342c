using Npgsql;
using Xerotier.TestKit;

namespace Xerotier.Gateway.Tests;

/// <summary>A Gateway of before the numbers of changes, played by its statements, beside one of today on the same database.</summary>
public sealed class OldGatewayTests(PostgresFixture postgres)
{
    private const string ChangesSince =
        """
        select k.id from (select 1) always left join (
            api_key_values v join api_keys k on k.id = v.key_id left join projects p on p.id = k.project_id
        ) on k.changed_by >= '{0}'::xid8
        """;

    [Fact]
    public async Task Each_sees_what_the_other_changes()
    {
        var database = await postgres.Server.CreateDatabaseAsync<Program>();
        await using var gateway = await TestGateway.StartAsync(database);
        var project = await gateway.CreateProjectAsync();
        var path = $"/{project}/v1/management/keys";
        var (_, manager) = await gateway.CreateKeyAsync(project, "management");
        var (first, firstKey) = await gateway.CreateKeyAsync(project, "management");
        var (second, _) = await gateway.CreateKeyAsync(project, "management");
        Assert.Equal(200, (await gateway.SendAsync("GET", path, firstKey)).Status);

        // The old one listens, and finds what the new one revokes, rotates and creates.
        await using var connection = new NpgsqlConnection(database);
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        var mark = await ScalarAsync("select pg_snapshot_xmin(pg_current_snapshot())::text");
        await ScalarAsync("listen api_keys");
        Assert.Equal(200, (await gateway.SendAsync("DELETE", $"{path}/{second}", manager)).Status);
        Assert.True(await connection.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken));
        Assert.Contains(second, await PostgresFixture.ColumnAsync(database, ChangesSince.Replace("{0}", $"{mark}", StringComparison.Ordinal)));

        // The new one finds what the old one revokes and creates.
        await ScalarAsync($"update api_keys k set revoked_at = coalesce(revoked_at, now()), changed_by = pg_current_xact_id() where project_id = '{project}' and id = '{first}'");
        await Eventually.TrueAsync(async () => (await gateway.SendAsync("GET", path, firstKey)).Status == 401, "revoked by the old one");
        var value = Keys.ApiKeyValue.Create("old");
        Assert.Equal(401, (await gateway.SendAsync("GET", path, value)).Status);
        await ScalarAsync(
            $"""
            with k as (
                insert into api_keys (id, project_id, name, scopes, expires_at, allowed_ips, created_at)
                values ('key_old', '{project}', 'old', array['management'], null, array[]::text[], now()) returning id, created_at)
            insert into api_key_values (hash, key_id, created_at) select '\x{Convert.ToHexString(Keys.ApiKeyValue.Hash(value))}', id, created_at from k
            """);
        await Eventually.TrueAsync(async () => (await gateway.SendAsync("GET", path, value)).Status == 200, "created by the old one");
        await ScalarAsync("update api_keys k set last_used_at = now() where id = 'key_old'");
        Assert.NotNull((await gateway.SendAsync("GET", path, value)).Body!["data"]![0]!["last_used_at"]);

        async Task<object?> ScalarAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, connection);
            return await command.ExecuteScalarAsync();
        }
    }
}
