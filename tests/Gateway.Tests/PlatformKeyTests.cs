using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xerotier.Gateway.Keys;
using Xerotier.TestKit;

namespace Xerotier.Gateway.Tests;

public sealed class PlatformKeyTests(PostgresFixture postgres)
{
    private const string Path = "/v1/platform/keys";

    [Fact]
    public async Task A_platform_key_lives_through_its_whole_life_and_each_change_is_recorded()
    {
        var database = await postgres.Server.CreateDatabaseAsync<Program>();
        await using var gateway = await TestGateway.StartAsync(database);
        var (status, created) = await gateway.SendAsync("POST", Path, gateway.PlatformKey, new { name = "ops" });
        Assert.Equal(201, status);
        var (id, value) = (created!["id"]!.GetValue<string>(), created["key"]!.GetValue<string>());
        Assert.True(ApiKeyValue.IsPlatform(value));
        Assert.Equal(("platform", "platform (configured)"), (created["scopes"]!.AsArray().Single()!.GetValue<string>(), created["created_by"]!.GetValue<string>()));
        var (_, list) = await gateway.SendAsync("GET", Path, value);
        Assert.Equal(["ops", "platform (configured)"], list!["data"]!.AsArray().Select(key => key!["name"]!.GetValue<string>()));

        (status, var rotated) = await gateway.SendAsync("POST", $"{Path}/{id}/rotate", value);
        Assert.Equal(200, status);
        var fresh = rotated!["key"]!.GetValue<string>();
        Assert.NotEqual(value, fresh);
        (status, var revoked) = await gateway.SendAsync("DELETE", $"{Path}/{id}", fresh);
        Assert.Equal((200, true), (status, revoked!["revoked_at"] is not null));
        await Eventually.TrueAsync(async () => (await gateway.SendAsync("GET", Path, fresh)).Status == 401, "revoked");
        Assert.Equal(
            ["created by platform (configured)", "rotated by ops", "revoked by ops"],
            await PostgresFixture.ColumnAsync(database, $"select action || ' by ' || actor from key_events where key_id = '{id}' order by change"));
        Assert.Equal(["3"], await PostgresFixture.ColumnAsync(database, $"select count(actor_key_id) from key_events where key_id = '{id}'"));
        var events = string.Join('\n', await PostgresFixture.ColumnAsync(database, "select to_json(key_events)::text from key_events"));
        Assert.DoesNotContain(fresh[^43..], events, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_last_platform_key_that_can_be_used_cannot_be_revoked_however_many_try_at_once()
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>());
        var ids = new List<string>();
        foreach (var name in new[] { "one", "two", "three" })
        {
            ids.Add((await gateway.SendAsync("POST", Path, gateway.PlatformKey, new { name })).Body!["id"]!.GetValue<string>());
        }

        var (_, list) = await gateway.SendAsync("GET", Path, gateway.PlatformKey);
        ids.Add(list!["last_id"]!.GetValue<string>());
        var store = gateway.Service.Services.GetRequiredService<KeyStore>();
        var results = await Task.WhenAll(ids.Select(id => Task.Run(() => store.RevokeAsync(null, id, DateTimeOffset.UtcNow, new("test", null)))));
        Assert.Equal(1, results.Count(result => result.Key!.RevokedAt is null));
    }

    [Fact]
    public async Task Revoking_the_only_platform_key_says_what_to_do_first()
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>());
        var (_, list) = await gateway.SendAsync("GET", Path, gateway.PlatformKey);
        var (status, answer) = await gateway.SendAsync("DELETE", $"{Path}/{list!["first_id"]}", gateway.PlatformKey);
        Assert.Equal((409, "invalid_state_transition"), (status, answer!["error"]!["code"]!.GetValue<string>()));
        Assert.Contains("create another one first", answer["error"]!["message"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_configured_key_that_was_revoked_stays_revoked_after_a_restart_and_a_new_one_works()
    {
        var database = await postgres.Server.CreateDatabaseAsync<Program>();
        string configured, id, other;
        await using (var gateway = await TestGateway.StartAsync(database))
        {
            configured = gateway.PlatformKey;
            id = (await gateway.SendAsync("GET", Path, configured)).Body!["first_id"]!.GetValue<string>();
            other = (await gateway.SendAsync("POST", Path, configured, new { name = "other" })).Body!["key"]!.GetValue<string>();
            Assert.Equal(200, (await gateway.SendAsync("DELETE", $"{Path}/{id}", other)).Status);
        }

        using var logs = new LogRecorder();
        await using (var again = await TestGateway.StartAsync(database, platformKey: configured, configure: services => services.AddSingleton<ILoggerProvider>(logs)))
        {
            var (status, answer) = await again.SendAsync("GET", Path, configured);
            Assert.Equal((401, "revoked_api_key"), (status, answer!["error"]!["code"]!.GetValue<string>()));
            Assert.Equal((1, 0), (logs.Count($"The configured platform key {id} was revoked"), logs.Count(configured)));
        }

        await using var renewed = await TestGateway.StartAsync(database);
        Assert.Equal(200, (await renewed.SendAsync("GET", Path, renewed.PlatformKey)).Status);
        Assert.Equal(401, (await renewed.SendAsync("GET", Path, configured)).Status);
    }

    [Fact]
    public async Task A_configured_key_that_was_rotated_goes_on_with_its_new_value_after_a_restart()
    {
        var database = await postgres.Server.CreateDatabaseAsync<Program>();
        string configured, fresh;
        await using (var gateway = await TestGateway.StartAsync(database))
        {
            configured = gateway.PlatformKey;
            var id = (await gateway.SendAsync("GET", Path, configured)).Body!["first_id"]!.GetValue<string>();
            fresh = (await gateway.SendAsync("POST", $"{Path}/{id}/rotate", configured)).Body!["key"]!.GetValue<string>();
        }

        foreach (var key in new[] { configured, fresh })
        {
            await using var again = await TestGateway.StartAsync(database, platformKey: key);
            Assert.Equal(200, (await again.SendAsync("GET", Path, fresh)).Status);
            Assert.Equal(200, (await again.SendAsync("GET", Path, configured)).Status); // for a day
        }

        Assert.Equal(["1"], await PostgresFixture.ColumnAsync(database, "select count(*) from api_keys where project_id is null"));
    }
}
