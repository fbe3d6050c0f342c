using Microsoft.Extensions.DependencyInjection;
using Xerotier.TestKit;

namespace Xerotier.Gateway.Tests;

public sealed class ReadinessTests(PostgresFixture postgres)
{
    [Fact]
    public async Task Readiness_names_each_dependency()
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>());
        await Eventually.TrueAsync(async () => await gateway.SendAsync("GET", "/readyz") is (200, { } body) && body["checks"]!["statusdb"] is not null, "ready, and the services have reported");
        var (_, ready) = await gateway.SendAsync("GET", "/readyz");
        Assert.Equal(
            ["postgres", "clock", "status_page", "console", "healthcollector", "maintenanceservice", "notificationservice", "statusservice", "redis", "maintenancedb", "statusdb"],
            ready!["checks"]!.AsObject().Select(c => c.Key));
        await Eventually.TrueAsync(async () => (await gateway.SendAsync("GET", "/readyz")).Body!["checks"]!.AsObject().All(check => check.Value!.GetValue<string>() == "ok"), "all is well");

        // The services' own checks are passed on, and nothing else of what they report.
        await SaysAsync("""{"checks":{"postgres":"unavailable","maintenancedb":"unavailable","statusdb":"unavailable","redis":"unavailable","10.0.0.1":"Password=p"}}""", "unavailable");
        await SaysAsync("""{"checks":{"maintenancedb":"unavailable","statusdb":"unavailable","redis":3,"status_page":"unavailable","other":"Host=10.0.0.1;Password=p"}}""", "unknown", "unavailable");
        await SaysAsync("not JSON", "unknown");
        await SaysAsync("{}", "unknown");

        gateway.Services.RefusesTokens = true;
        await Eventually.TrueAsync(async () => await gateway.SendAsync("GET", "/readyz") is (503, { } body) && (string?)body["checks"]!["maintenanceservice"] == "unavailable", "not ready: tokens are refused");
        gateway.Services.RefusesTokens = false;
        await Eventually.TrueAsync(async () => (await gateway.SendAsync("GET", "/readyz")).Status == 200, "ready again");

        await gateway.Services.DisposeAsync();
        await Eventually.TrueAsync(async () => (await gateway.SendAsync("GET", "/readyz")).Status == 503, "not ready");
        var (status, body) = await gateway.SendAsync("GET", "/healthz");
        Assert.Equal((200, "gateway"), (status, body!["service"]!.GetValue<string>()));
        await Eventually.TrueAsync(async () => (await gateway.SendAsync("GET", "/readyz")).Body!["checks"]!["status_page"]!.GetValue<string>() == "unavailable", "the page is known to be stale");
        Assert.Equal("unknown", (await gateway.SendAsync("GET", "/readyz")).Body!["checks"]!["redis"]!.GetValue<string>());

        async Task SaysAsync(string said, string redis, string? databases = null)
        {
            gateway.Services.Ready = said;
            await Eventually.TrueAsync(
                async () =>
                {
                    var (status, body) = await gateway.SendAsync("GET", "/readyz");
                    Assert.DoesNotContain("10.0.0.1", body!.ToJsonString());
                    return status == 200 && (string?)body["checks"]!["redis"] == redis && (string?)body["checks"]!["maintenancedb"] == (databases ?? redis) && (string?)body["checks"]!["statusdb"] == (databases ?? redis);
                },
                $"{redis} is passed on");
        }
    }

    [Fact]
    public async Task A_clock_that_is_off_is_named()
    {
        var time = new LeapingTime(TimeProvider.System);
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>(), configure: services => services.AddSingleton<TimeProvider>(time));
        await Eventually.TrueAsync(async () => (await gateway.SendAsync("GET", "/readyz")).Status == 200, "ready");
        time.Ahead = TimeSpan.FromSeconds(-3);
        await Eventually.TrueAsync(async () => await gateway.SendAsync("GET", "/readyz") is (503, { } body) && (string?)body["checks"]!["clock"] == "unavailable", "the clock is named");
        time.Ahead = default;
        await Eventually.TrueAsync(async () => await gateway.SendAsync("GET", "/readyz") is (200, { } body) && (string?)body["checks"]!["clock"] == "ok", "ready again");
    }

    [Theory]
    [InlineData(-26)]
    [InlineData(400 * 24)]
    public async Task A_clock_that_is_off_judges_no_key_and_writes_no_time(int hours)
    {
        var time = new LeapingTime(TimeProvider.System);
        var database = await postgres.Server.CreateDatabaseAsync<Program>();
        await using var gateway = await TestGateway.StartAsync(database, configure: services => services.AddSingleton<TimeProvider>(time));
        var project = await gateway.CreateProjectAsync();
        var (rotated, old) = await gateway.CreateKeyAsync(project, "management");
        var (_, lasting) = await gateway.CreateKeyAsync(project, new { name = "lasting", scopes = new[] { "management" }, expires_at = DateTimeOffset.UtcNow.AddDays(2).ToString("O") });
        var (_, ended) = await gateway.CreateKeyAsync(project, new { name = "short", scopes = new[] { "management" }, expires_at = DateTimeOffset.UtcNow.AddSeconds(5).ToString("O") });
        await Eventually.TrueAsync(async () => await StatusAsync(ended) == 401, "it ends");

        time.Ahead = TimeSpan.FromHours(hours);
        Assert.Equal((200, 401), (await StatusAsync(lasting), await StatusAsync(ended)));
        Assert.Equal(200, (await gateway.SendAsync("POST", $"/{project}/v1/management/keys/{rotated}/rotate", old)).Status);
        await using var source = Npgsql.NpgsqlDataSource.Create(database);
        await using var command = source.CreateCommand($"select count(*) filter (where abs(extract(epoch from expires_at - now() - interval '24 hours')) < 60) from api_key_values where key_id = '{rotated}' and expires_at is not null");
        Assert.Equal(1L, await command.ExecuteScalarAsync());
        Assert.Equal(200, await StatusAsync(old));

        async Task<int> StatusAsync(string key) => (await gateway.SendAsync("GET", $"/{project}/v1/management/keys", key)).Status;
    }
}
