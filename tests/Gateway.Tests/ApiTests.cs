using System.Net;
using Microsoft.IdentityModel.JsonWebTokens;
using Npgsql;
using Xerotier.Gateway.Keys;
using Xerotier.TestKit;

namespace Xerotier.Gateway.Tests;

public sealed class ApiTests(PostgresFixture postgres)
{
    [Fact]
    public async Task A_project_and_its_keys_live_through_their_whole_life()
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync());
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

        (status, var second) = await gateway.SendAsync("POST", $"/{id}/v1/management/keys", first, new { name = "second", scopes = new[] { "inference" } });
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
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync());
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
    public async Task A_hostile_body_is_not_answered_with_a_longer_one()
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync());
        var (status, answer) = await gateway.SendAsync("POST", "/v1/platform/projects", gateway.PlatformKey, Enumerable.Range(0, 5000).ToDictionary(i => $"x{i}", _ => 1));
        Assert.Equal(400, status);
        var errors = answer!["error"]!["errors"]!.AsArray();
        Assert.Equal(100, errors.Count);
        Assert.Equal(["name", "slug", "x0"], errors.Take(3).Select(e => e!["param"]!.GetValue<string>()));
    }

    [Fact]
    public async Task A_database_that_takes_no_writes_or_knows_us_no_more_is_said_to_be_unavailable()
    {
        var database = await postgres.Server.CreateDatabaseAsync();
        await using var gateway = await TestGateway.StartAsync(database);
        var id = await gateway.CreateProjectAsync();
        var (_, key) = await gateway.CreateKeyAsync(id, "management");
        await ExecuteAsync($"alter database {new NpgsqlConnectionStringBuilder(database).Database} set default_transaction_read_only = on");
        await DisconnectAsync();
        for (var i = 0; i < 20; i++) // more than there are connections that were cut
        {
            var (status, answer) = await gateway.SendAsync("POST", $"/{id}/v1/management/keys", key, new { name = "n", scopes = new[] { "inference" } });
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

    [Fact]
    public async Task A_service_sees_the_gateways_word_and_nothing_that_the_caller_forged()
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync());
        var id = await gateway.CreateProjectAsync(platform: true);
        var (keyId, key) = await gateway.CreateKeyAsync(id, "management");
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/{id}/v1/management/maintenance?status=active&status=scheduled");
        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {key}");
        foreach (var name in new[] { "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded", "X-Real-IP", "X-Xerotier-Project", "Cookie", "X-Original-URL", "X-HTTP-Method-Override", "Transfer-Encoding-X" })
        {
            request.Headers.TryAddWithoutValidation(name, "forged");
        }

        request.Headers.Add("X-Request-Id", "mine-1");
        request.Headers.Add("If-None-Match", "\"tag\"");
        using var response = await gateway.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("mine-1", response.Headers.GetValues("X-Request-Id").Single());

        Assert.True(gateway.Services.Requests.TryDequeue(out var seen));
        Assert.Equal($"/{id}/v1/management/maintenance?status=active&status=scheduled", seen.Path);
        Assert.DoesNotContain(seen.Headers, h => h.Value.Contains("forged", StringComparison.Ordinal));
        Assert.Equal("127.0.0.1", seen.Headers["X-Forwarded-For"]);
        Assert.Equal("\"tag\"", seen.Headers["If-None-Match"]);
        var token = new JsonWebToken(seen.Headers["Authorization"]["Bearer ".Length..]);
        Assert.Equal(keyId, token.Subject);
        Assert.Equal("test-key", token.GetClaim("name").Value);
        Assert.Equal(id, token.GetClaim("project").Value);
        Assert.Equal("true", token.GetClaim("platform_project").Value);
        Assert.Equal("management", token.GetClaim("scope").Value);
    }

    [Fact]
    public async Task Readiness_names_each_dependency()
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync());
        await Eventually.TrueAsync(async () => await gateway.SendAsync("GET", "/readyz") is (200, { } body) && body["checks"]!["statusdb"] is not null, "ready, and the services have reported");
        var (_, ready) = await gateway.SendAsync("GET", "/readyz");
        Assert.Equal(
            ["postgres", "status_page", "healthcollector", "maintenanceservice", "statusservice", "redis", "maintenancedb", "statusdb"],
            ready!["checks"]!.AsObject().Select(c => c.Key));
        await Eventually.TrueAsync(async () => (await gateway.SendAsync("GET", "/readyz")).Body!["checks"]!.AsObject().All(check => check.Value!.GetValue<string>() == "ok"), "all is well");

        // The services' own checks are passed on, and nothing else of what they report.
        await SaysAsync("""{"checks":{"postgres":"unavailable","maintenancedb":"unavailable","statusdb":"unavailable","redis":"unavailable","10.0.0.1":"Password=p"}}""", "unavailable");
        await SaysAsync("""{"checks":{"maintenancedb":"unavailable","statusdb":"unavailable","redis":3,"status_page":"unavailable","other":"Host=10.0.0.1;Password=p"}}""", "unknown", "unavailable");
        await SaysAsync("not JSON", "unknown");
        await SaysAsync("{}", "unknown");

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
                    Assert.Equal(200, status);
                    Assert.DoesNotContain("10.0.0.1", body!.ToJsonString());
                    return (string?)body["checks"]!["redis"] == redis && (string?)body["checks"]!["maintenancedb"] == (databases ?? redis) && (string?)body["checks"]!["statusdb"] == (databases ?? redis);
                },
                $"{redis} is passed on");
        }
    }

    private static string? Code(System.Text.Json.Nodes.JsonNode? answer) => answer?["error"]?["code"]?.GetValue<string>();
}
