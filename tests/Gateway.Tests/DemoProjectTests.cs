using Xerotier.Gateway.Keys;
using Xerotier.TestKit;

namespace Xerotier.Gateway.Tests;

/// <summary>A demo's project has an id that the other services know, in a database without any other.</summary>
public sealed class DemoProjectTests(PostgresFixture postgres)
{
    private static readonly Dictionary<string, string?> Demo = new() { ["Demo:Seed"] = "18", ["Demo:Day"] = "2026-11-03" };

    [Fact]
    public async Task Two_Gateways_that_start_at_once_make_one_project_that_is_the_platforms()
    {
        var database = await postgres.Server.CreateDatabaseAsync<Program>();
        var key = ApiKeyValue.Create("platform"); // one for both, as replicas have: another would replace it
        var gateways = await Task.WhenAll(TestGateway.StartAsync(database, settings: Demo, platformKey: key), TestGateway.StartAsync(database, settings: Demo, platformKey: key));
        await Eventually.TrueAsync(async () => (await gateways[1].SendAsync("GET", "/readyz")).Status == 200, "the second is ready");
        var (_, list) = await gateways[1].SendAsync("GET", "/v1/platform/projects", key);
        var project = Assert.Single(list!["data"]!.AsArray())!;
        Assert.Equal(
            ("proj_demo000018", "demo", true, "2026-08-06T00:00:00Z"),
            (project["id"]!.GetValue<string>(), project["slug"]!.GetValue<string>(), project["platform"]!.GetValue<bool>(), project["created_at"]!.GetValue<string>()));
        foreach (var gateway in gateways)
        {
            await gateway.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_database_with_a_project_gets_none()
    {
        var database = await postgres.Server.CreateDatabaseAsync<Program>();
        await using (var gateway = await TestGateway.StartAsync(database))
        {
            Assert.Equal(201, (await gateway.SendAsync("POST", "/v1/platform/projects", gateway.PlatformKey, new { name = "Mine", slug = "mine" })).Status);
        }

        await using var demo = await TestGateway.StartAsync(database, settings: Demo);
        Assert.Equal(["mine"], await PostgresFixture.ColumnAsync(database, "select slug from projects"));
    }
}
