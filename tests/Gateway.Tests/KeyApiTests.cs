using Npgsql;
using Xerotier.Gateway.Keys;
using Xerotier.TestKit;

namespace Xerotier.Gateway.Tests;

public sealed class KeyApiTests(PostgresFixture postgres)
{
    [Fact]
    public async Task A_project_and_its_keys_live_through_their_whole_life()
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>());
        var (status, project) = await gateway.SendAsync("POST", "/v1/platform/projects", gateway.PlatformKey, new { name = "Demo", slug = "demo", platform = true });
        Assert.Equal(201, status);
        Assert.Equal("project", project!["object"]!.GetValue<string>());
        Assert.True(project["platform"]!.GetValue<bool>());
        var id = project["id"]!.GetValue<string>();
        Assert.Matches("^proj_[A-Za-z0-9]{6,32}$", id);

        (status, var taken) = await gateway.SendAsync("POST", "/v1/platform/projects", gateway.PlatformKey, new { name = "Again", slug = "demo" });
        Assert.Equal((409, "already_exists"), (status, Code(taken)));
        (status, taken) = await gateway.SendAsync("POST", "/v1/platform/projects", gateway.PlatformKey, new { name = "Reserved", slug = "platform" });
        Assert.Equal((409, "already_exists"), (status, Code(taken)));

        var (firstId, first) = await gateway.CreateKeyAsync(id, "management", "heartbeat");
        Assert.StartsWith("xero_demo_", first, StringComparison.Ordinal);
        Assert.True(ApiKeyValue.IsWellFormed(first));

        (status, var second) = await gateway.SendAsync("POST", $"/{id}/v1/management/keys", first, new { name = "second", scopes = new[] { "heartbeat" } });
        Assert.Equal(201, status);
        (status, var list) = await gateway.SendAsync("GET", $"/{id}/v1/management/keys", first);
        Assert.Equal(200, status);
        Assert.Equal([second!["id"]!.GetValue<string>(), firstId], list!["data"]!.AsArray().Select(k => k!["id"]!.GetValue<string>()));
        Assert.All(list["data"]!.AsArray(), key => Assert.Null(key!["key"]));

        (status, var rotated) = await gateway.SendAsync("POST", $"/{id}/v1/management/keys/{firstId}/rotate", first);
        Assert.Equal(200, status);
        var fresh = rotated!["key"]!.GetValue<string>();
        Assert.NotEqual(first, fresh);
        Assert.Equal(200, (await gateway.SendAsync("GET", $"/{id}/v1/management/keys", first)).Status);
        Assert.Equal(200, (await gateway.SendAsync("GET", $"/{id}/v1/management/keys", fresh)).Status);

        (status, var revoked) = await gateway.SendAsync("DELETE", $"/{id}/v1/management/keys/{firstId}", fresh);
        Assert.Equal(200, status);
        Assert.NotNull(revoked!["revoked_at"]);
        await Eventually.TrueAsync(async () => (await gateway.SendAsync("GET", $"/{id}/v1/management/keys", fresh)).Status == 401, "the revoked key is refused");
        var (_, answer) = await gateway.SendAsync("GET", $"/{id}/v1/management/keys", fresh);
        Assert.Equal("revoked_api_key", Code(answer));
    }

    [Fact]
    public async Task All_invalid_fields_are_named_at_once()
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>());
        var id = await gateway.CreateProjectAsync();
        var (status, answer) = await gateway.SendAsync("POST", $"/v1/platform/projects/{id}/keys", gateway.PlatformKey, new
        {
            name = "",
            scopes = new[] { "platform" },
            expires_at = "2020-01-01T00:00:00Z",
            allowed_ips = new[] { "10.0.0.1/8", "fe80::1%3" },
            colour = "red",
        });
        Assert.Equal(400, status);
        Assert.Equal(["name", "scopes", "expires_at", "allowed_ips", "colour"], answer!["error"]!["errors"]!.AsArray().Select(e => e!["param"]!.GetValue<string>()));
        Assert.Equal("unknown_field", answer["error"]!["errors"]!.AsArray()[^1]!["code"]!.GetValue<string>());
    }

    [Fact]
    public async Task Who_did_what_to_keys_is_listed_newest_first_and_of_no_other_project()
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>());
        var (one, other) = (await gateway.CreateProjectAsync(), await gateway.CreateProjectAsync());
        var (opsId, ops) = await gateway.CreateKeyAsync(one, new { name = "ops", scopes = new[] { "management" } });
        var (_, foreign) = await gateway.CreateKeyAsync(other, "management");
        var path = $"/{one}/v1/management/keys";
        var (_, created) = await gateway.SendAsync("POST", path, ops, new { name = "ci", scopes = new[] { "management" } });
        var id = (string?)created!["id"];
        var (_, rotated) = await gateway.SendAsync("POST", $"{path}/{id}/rotate", ops);
        Assert.Equal(200, (await gateway.SendAsync("DELETE", $"{path}/{id}", ops)).Status);
        Assert.Equal(200, (await gateway.SendAsync("DELETE", $"{path}/{id}", ops)).Status); // changes nothing

        var (status, list) = await gateway.SendAsync("GET", $"{path}/events", ops);
        Assert.Equal(200, status);
        Assert.Equal(
            [$"{id} revoked ci by ops", $"{id} rotated ci by ops", $"{id} created ci by ops", $"{opsId} created ops by platform (configured)"],
            list!["data"]!.AsArray().Select(Written));
        Assert.Equal(4, list["data"]!.AsArray().Select(change => (string?)change!["id"]).Distinct().Count());
        Assert.Equal([opsId, opsId, opsId], list["data"]!.AsArray().Take(3).Select(change => (string?)change!["actor_key_id"]));
        foreach (var value in new[] { ops, (string?)created["key"], (string?)rotated!["key"] })
        {
            Assert.DoesNotContain(value![^43..], list.ToJsonString(), StringComparison.Ordinal);
        }

        var pages = new List<string>();
        string? after = null;
        do
        {
            (_, var page) = await gateway.SendAsync("GET", $"{path}/events?limit=1{(after is null ? "" : $"&after={after}")}", ops);
            pages.AddRange(page!["data"]!.AsArray().Select(Written));
            after = (bool)page["has_more"]! ? (string?)page["last_id"] : null;
        }
        while (after is not null);
        Assert.Equal(list["data"]!.AsArray().Select(Written), pages);

        Assert.Equal("created test-key", Short((await gateway.SendAsync("GET", $"/{other}/v1/management/keys/events", foreign)).Body!));
        var (denied, why) = await gateway.SendAsync("GET", $"{path}/events", foreign);
        Assert.Equal((403, "project_mismatch"), (denied, Code(why)));
        foreach (var wrong in new[] { id, $"{id}.", $"{id}.x", $"{id}.-1", $"{id}.9999999999999999999", "%20" })
        {
            Assert.Equal(400, (await gateway.SendAsync("GET", $"{path}/events?after={wrong}", ops)).Status);
        }

        Assert.Equal("created platform (configured)", Short((await gateway.SendAsync("GET", "/v1/platform/keys/events", gateway.PlatformKey)).Body!));

        static string Written(System.Text.Json.Nodes.JsonNode? change) => $"{change!["key_id"]} {change["action"]} {change["name"]} by {change["actor"]}";

        static string Short(System.Text.Json.Nodes.JsonNode list) => string.Join(", ", list["data"]!.AsArray().Select(change => $"{change!["action"]} {change["name"]}"));
    }

    [Fact]
    public async Task A_hostile_body_is_not_answered_with_a_longer_one()
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>());
        var (status, answer) = await gateway.SendAsync("POST", "/v1/platform/projects", gateway.PlatformKey, Enumerable.Range(0, 5000).ToDictionary(i => $"x{i}", _ => 1));
        Assert.Equal(400, status);
        var errors = answer!["error"]!["errors"]!.AsArray();
        Assert.Equal(100, errors.Count);
        Assert.Equal(["x0", "x1"], errors.Take(2).Select(e => e!["param"]!.GetValue<string>())); // in the body's order
        Assert.Equal(["name", "slug"], errors.TakeLast(2).Select(e => e!["param"]!.GetValue<string>())); // missing
    }

    [Fact]
    public async Task A_database_that_takes_no_writes_or_knows_us_no_more_is_said_to_be_unavailable()
    {
        var database = await postgres.Server.CreateDatabaseAsync<Program>();
        await using var gateway = await TestGateway.StartAsync(database);
        var id = await gateway.CreateProjectAsync();
        var (_, key) = await gateway.CreateKeyAsync(id, "management");
        await ExecuteAsync($"alter database {new NpgsqlConnectionStringBuilder(database).Database} set default_transaction_read_only = on");
        await DisconnectAsync();
        for (var i = 0; i < 20; i++) // more than there are connections that were cut
        {
            var (status, answer) = await gateway.SendAsync("POST", $"/{id}/v1/management/keys", key, new { name = "n", scopes = new[] { "management" } });
            Assert.Equal((503, "service_unavailable"), (status, Code(answer)));
        }

        await Eventually.TrueAsync(async () => (await gateway.SendAsync("GET", $"/{id}/v1/management/keys", key)).Status == 200, "reading goes on where writing does not");

        async Task ExecuteAsync(string sql)
        {
            await using var connection = new NpgsqlConnection(postgres.Server.AdminConnectionString);
            await connection.OpenAsync();
            await using var command = new NpgsqlCommand(sql, connection);
            await command.ExecuteNonQueryAsync();
        }

        Task DisconnectAsync() => ExecuteAsync($"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{new NpgsqlConnectionStringBuilder(database).Database}'");
    }

    private static string? Code(System.Text.Json.Nodes.JsonNode? answer) => answer?["error"]?["code"]?.GetValue<string>();
}
