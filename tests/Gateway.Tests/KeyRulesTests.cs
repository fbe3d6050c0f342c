using Npgsql;
using Xerotier.Gateway.Keys;
using Xerotier.TestKit;

namespace Xerotier.Gateway.Tests;

/// <summary>What a key may do with other keys, and how many there may be.</summary>
public sealed class KeyRulesTests(PostgresFixture postgres)
{
    [Fact]
    public async Task No_key_gives_away_a_scope_that_it_does_not_have()
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>());
        var project = await gateway.CreateProjectAsync();
        var path = $"/{project}/v1/management/keys";
        var (_, narrow) = await gateway.CreateKeyAsync(project, "management");
        var (wideId, wide) = await gateway.CreateKeyAsync(project, "management", "heartbeat");

        Assert.Equal("403 scope_insufficient", await TryAsync("POST", path, narrow, new { name = "n", scopes = new[] { "management", "heartbeat" } }));
        Assert.Equal("403 scope_insufficient", await TryAsync("POST", $"{path}/{wideId}/rotate", narrow));
        Assert.Equal("201", await TryAsync("POST", path, narrow, new { name = "n", scopes = new[] { "management" } }));
        Assert.Equal("201", await TryAsync("POST", path, wide, new { name = "n", scopes = new[] { "heartbeat" } }));
        Assert.Equal("403 scope_insufficient", await TryAsync("POST", path, wide, new { name = "n", scopes = new[] { "inference" } }));
        Assert.Equal("200", await TryAsync("POST", $"{path}/{wideId}/rotate", wide));
        Assert.Equal("200", await TryAsync("DELETE", $"{path}/{wideId}", narrow)); // it takes away, and gives nothing
        Assert.Equal("201", await TryAsync("POST", $"/v1/platform/projects/{project}/keys", gateway.PlatformKey, new { name = "n", scopes = new[] { "management", "inference", "heartbeat" } }));

        async Task<string> TryAsync(string method, string target, string key, object? body = null)
        {
            var (status, answer) = await gateway.SendAsync(method, target, key, body);
            return $"{status} {answer?["error"]?["code"]}".TrimEnd();
        }
    }

    [Fact]
    public async Task The_platform_lists_and_revokes_a_tenants_keys_and_it_is_said_who_created_and_revoked_them()
    {
        var database = await postgres.Server.CreateDatabaseAsync<Program>();
        await using var gateway = await TestGateway.StartAsync(database);
        var (project, other) = (await gateway.CreateProjectAsync(), await gateway.CreateProjectAsync());
        var (_, first) = await gateway.CreateKeyAsync(project, new { name = "first", scopes = new[] { "management" } });
        var (_, created) = await gateway.SendAsync("POST", $"/{project}/v1/management/keys", first, new { name = "second", scopes = new[] { "management" } });
        var (id, key) = (created!["id"]!.GetValue<string>(), created["key"]!.GetValue<string>());

        var (_, page) = await gateway.SendAsync("GET", $"/v1/platform/projects/{project}/keys?limit=1", gateway.PlatformKey);
        Assert.Equal((id, "first", true), (page!["data"]![0]!["id"]!.GetValue<string>(), page["data"]![0]!["created_by"]!.GetValue<string>(), page["has_more"]!.GetValue<bool>()));
        (_, page) = await gateway.SendAsync("GET", $"/v1/platform/projects/{project}/keys?limit=1&after={id}", gateway.PlatformKey);
        Assert.Equal(("first", "platform (configured)"), (page!["data"]![0]!["name"]!.GetValue<string>(), page["data"]![0]!["created_by"]!.GetValue<string>()));

        Assert.Equal(404, (await gateway.SendAsync("DELETE", $"/v1/platform/projects/{other}/keys/{id}", gateway.PlatformKey)).Status);
        Assert.Equal(404, (await gateway.SendAsync("DELETE", $"/v1/platform/keys/{id}", gateway.PlatformKey)).Status);
        Assert.Equal(200, (await gateway.SendAsync("DELETE", $"/v1/platform/projects/{project}/keys/{id}", gateway.PlatformKey)).Status);
        Assert.Equal(200, (await gateway.SendAsync("DELETE", $"/v1/platform/projects/{project}/keys/{id}", gateway.PlatformKey)).Status); // again: unchanged
        await Eventually.TrueAsync(async () => (await gateway.SendAsync("GET", $"/{project}/v1/management/keys", key)).Status == 401, "revoked");
        Assert.Equal(["created by first", "revoked by platform (configured)"], await PostgresFixture.ColumnAsync(database, $"select action || ' by ' || actor from key_events where key_id = '{id}' order by change"));
    }

    [Fact]
    public async Task A_project_has_at_most_a_hundred_live_keys_however_many_are_created_at_once()
    {
        var database = await postgres.Server.CreateDatabaseAsync<Program>();
        await using var gateway = await TestGateway.StartAsync(database);
        var project = await gateway.CreateProjectAsync();
        var (id, _) = await gateway.CreateKeyAsync(project, "inference");
        await ExecuteAsync(database, $"insert into api_keys (id, project_id, name, scopes, allowed_ips, created_at, expires_at) select 'key_old' || i, '{project}', 'n', '{{inference}}', '{{}}', now(), 'epoch' from generate_series(1, 200) i");
        await ExecuteAsync(database, $"insert into api_keys (id, project_id, name, scopes, allowed_ips, created_at) select 'key_' || i, '{project}', 'n', '{{inference}}', '{{}}', now() from generate_series(1, 94) i");
        var keys = $"/v1/platform/projects/{project}/keys";
        var body = new { name = "n", scopes = new[] { "inference" } };
        var statuses = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => gateway.SendAsync("POST", keys, gateway.PlatformKey, body)));
        Assert.Equal((5, 7), (statuses.Count(s => s.Status == 201), statuses.Count(s => s.Status == 409)));
        Assert.Equal("quota_exceeded", statuses.First(s => s.Status == 409).Body!["error"]!["code"]!.GetValue<string>());
        Assert.Equal(200, (await gateway.SendAsync("DELETE", $"{keys}/{id}", gateway.PlatformKey)).Status);
        Assert.Equal(201, (await gateway.SendAsync("POST", keys, gateway.PlatformKey, body)).Status);
    }

    [Fact]
    public async Task All_keys_of_a_project_share_its_limit()
    {
        await using var gateway = await TestGateway.StartAsync(
            await postgres.Server.CreateDatabaseAsync<Program>(), settings: new() { ["RateLimits:KeyPerMinute"] = "8", ["RateLimits:ProjectPerMinute"] = "12", ["RateLimits:ProjectHeartbeatsPerMinute"] = "3" }, configure: TestGateway.HoldLimits);
        var (project, other) = (await gateway.CreateProjectAsync(), await gateway.CreateProjectAsync());
        var path = $"/{project}/v1/management/maintenance";
        var keys = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            keys.Add((await gateway.CreateKeyAsync(project, "management", "heartbeat")).Key);
        }

        Assert.Equal(8, await CountAsync("GET", path, keys[0], 10));
        Assert.InRange(await CountAsync("GET", path, keys[1], 10), 4, 6);
        Assert.InRange(await CountAsync("GET", path, keys[2], 10), 0, 2);
        Assert.InRange(await CountAsync("POST", $"/{project}/v1/heartbeats", keys[0], 6) + await CountAsync("POST", $"/{project}/v1/heartbeats", keys[1], 6), 3, 4);
        Assert.Equal(8, await CountAsync("GET", $"/{other}/v1/management/maintenance", (await gateway.CreateKeyAsync(other, "management")).Key, 10));

        async Task<int> CountAsync(string method, string target, string key, int times)
        {
            var passed = 0;
            for (var i = 0; i < times; i++)
            {
                passed += (await gateway.SendAsync(method, target, key, method == "POST" ? new { heartbeats = Array.Empty<object>() } : null)).Status == 200 ? 1 : 0;
            }

            return passed;
        }
    }

    [Fact]
    public async Task Uses_are_written_in_batches_of_a_thousand()
    {
        var database = await postgres.Server.CreateDatabaseAsync<Program>();
        await using var gateway = await TestGateway.StartAsync(database, settings: new() { ["Keys:WriteUsesSeconds"] = "3600" });
        await ExecuteAsync(
            database,
            """
            create table batches (size bigint);
            create function count_batch() returns trigger language plpgsql as 'begin insert into batches select count(*) from written; return null; end';
            create trigger batch after insert on api_key_uses referencing new table as written for each statement execute function count_batch();
            """);
        var time = TimeProvider.System.GetUtcNow();
        using var keys = new KnownKeys(hash => Task.FromResult<ApiKey?>(new(hash, $"key_{Convert.ToHexString(hash)}", "proj_1", false, "n", [], null, null, null, [], false, 1)), Microsoft.Extensions.Options.Options.Create(new KeyOptions()), TimeProvider.System);
        keys.Apply(new(new("one", 1), 0, []));
        for (var i = 0; i < 2_500; i++)
        {
            (await keys.LookUpAsync(System.Security.Cryptography.SHA256.HashData(BitConverter.GetBytes(i)), TestContext.Current.CancellationToken))!.MarkUsed(time);
        }

        using var uses = Microsoft.Extensions.DependencyInjection.ActivatorUtilities.CreateInstance<KeyUses>(gateway.Service.Services, keys);
        await uses.StopAsync(TestContext.Current.CancellationToken);
        await uses.StopAsync(TestContext.Current.CancellationToken); // nothing is left
        Assert.Equal(["1000", "1000", "500"], await PostgresFixture.ColumnAsync(database, "select size from batches order by size desc"));
        Assert.Equal(["0"], await PostgresFixture.ColumnAsync(database, "select max(extract(second from last_used_at))::int from api_key_uses"));
    }

    private static async Task ExecuteAsync(string database, string sql)
    {
        await using var source = NpgsqlDataSource.Create(database);
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
