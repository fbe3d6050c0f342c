using System.Net;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Xerotier.Gateway.Clients;
using Xerotier.Gateway.Keys;
using Xerotier.Gateway.Limits;
using Xerotier.TestKit;

namespace Xerotier.Gateway.Tests;

public sealed class RateLimitTests(PostgresFixture postgres)
{
    [Fact]
    public async Task Requests_from_a_forbidden_address_take_nothing_from_the_key()
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>(), settings: new()
        {
            ["Gateway:TrustedProxies:0"] = "127.0.0.0/8",
            ["RateLimits:KeyPerMinute"] = "10",
            ["RateLimits:PublicPerMinute"] = "20",
        }, configure: TestGateway.HoldLimits);
        var project = await gateway.CreateProjectAsync();
        var (_, key) = await gateway.CreateKeyAsync(project, new { name = "here", scopes = new[] { "management" }, allowed_ips = new[] { "203.0.113.0/24" } });
        Assert.Equal((200, "9"), await GetAsync("203.0.113.7"));
        var forbidden = new List<(int Status, string?)>();
        for (var i = 0; i < 25; i++)
        {
            forbidden.Add(await GetAsync("198.51.100.1"));
        }

        Assert.Equal((403, "19"), forbidden[0]);
        Assert.Equal(429, forbidden[^1].Status); // the client's own bucket is empty
        Assert.Equal((403, "19"), await GetAsync("198.51.100.2"));
        Assert.Equal((200, "8"), await GetAsync("203.0.113.7"));

        async Task<(int Status, string? Remaining)> GetAsync(string from)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/{project}/v1/management/keys") { Headers = { { "Authorization", $"Bearer {key}" }, { "X-Forwarded-For", from } } };
            using var response = await gateway.Http.SendAsync(request);
            return ((int)response.StatusCode, response.Headers.GetValues("X-RateLimit-Remaining").Single());
        }
    }

    [Fact]
    public async Task Requests_with_a_value_that_has_ended_take_nothing_from_its_key_and_project()
    {
        var (database, port) = (await postgres.Server.CreateDatabaseAsync<Program>(), TestPorts.Free());
        await using var gateway = await TestGateway.StartAsync(database, settings: new()
        {
            ["INTERNAL_PORT"] = $"{port}",
            ["Gateway:TrustedProxies:0"] = "127.0.0.0/8",
            ["Keys:RotationGraceHours"] = "0",
            ["RateLimits:KeyPerMinute"] = "20",
            ["RateLimits:ProjectPerMinute"] = "20",
            ["RateLimits:PublicPerMinute"] = "20",
        }, configure: TestGateway.HoldLimits);
        var project = await gateway.CreateProjectAsync();
        var keys = $"/{project}/v1/management/keys";
        var (_, manager) = await gateway.CreateKeyAsync(project, "management");
        var (id, expired) = await gateway.CreateKeyAsync(project, "management");
        var (otherId, revoked) = await gateway.CreateKeyAsync(project, "management");
        var valid = (await gateway.SendAsync("POST", $"{keys}/{id}/rotate", manager)).Body!["key"]!.GetValue<string>();
        Assert.Equal(200, (await gateway.SendAsync("DELETE", $"/v1/platform/projects/{project}/keys/{otherId}", gateway.PlatformKey)).Status);
        var session = await ConsoleBrowser.SessionOfAsync(database, revoked);
        using var console = ConsoleBrowser.Service(port);
        Assert.Equal((200, "18"), await GetAsync(valid, "203.0.113.7"));
        foreach (var ask in new Func<Task<int>>[] { async () => (await GetAsync(expired, "198.51.100.1")).Status, async () => (await GetAsync(revoked, "198.51.100.2")).Status, InSessionAsync })
        {
            var asked = new List<int>();
            for (var i = 0; i < 25; i++)
            {
                asked.Add(await ask());
            }

            Assert.Equal((401, 429), (asked[0], asked[^1])); // the client's own bucket is empty
        }

        Assert.Equal((200, "17"), await GetAsync(valid, "203.0.113.7"));

        async Task<(int Status, string? Remaining)> GetAsync(string key, string from)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, keys) { Headers = { { "Authorization", $"Bearer {key}" }, { "X-Forwarded-For", from } } };
            using var response = await gateway.Http.SendAsync(request);
            return ((int)response.StatusCode, response.Headers.GetValues("X-RateLimit-Remaining").Single());
        }

        async Task<int> InSessionAsync()
        {
            using var response = await ConsoleBrowser.AskAsync(console, "GET", keys, session, "198.51.100.3");
            return (int)response.StatusCode;
        }
    }

    [Fact]
    public async Task A_client_may_ask_for_few_unknown_keys_and_for_any_number_of_known_ones()
    {
        await using var gateway = await TestGateway.StartAsync(
            await postgres.Server.CreateDatabaseAsync<Program>(), settings: new() { ["Gateway:TrustedProxies:0"] = "127.0.0.0/8", ["RateLimits:UnknownKeysPerMinute"] = "3" });
        var project = await gateway.CreateProjectAsync();
        for (var i = 0; i < 6; i++)
        {
            Assert.Equal(200, await GetAsync((await gateway.CreateKeyAsync(project, "management")).Key, "198.51.100.1"));
        }

        var known = (await gateway.CreateKeyAsync(project, "management")).Key;
        Assert.Equal(200, await GetAsync(known, "198.51.100.1"));
        var unknown = new List<int>();
        for (var i = 0; i < 5; i++)
        {
            unknown.Add(await GetAsync(ApiKeyValue.Create("guess"), "198.51.100.1"));
        }

        Assert.Equal([401, 401, 401, 429, 429], unknown);
        Assert.Equal(200, await GetAsync(known, "198.51.100.1"));
        Assert.Equal(401, await GetAsync(ApiKeyValue.Create("guess"), "198.51.100.2"));

        async Task<int> GetAsync(string key, string from)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/{project}/v1/management/keys") { Headers = { { "Authorization", $"Bearer {key}" }, { "X-Forwarded-For", from } } };
            using var response = await gateway.Http.SendAsync(request);
            return (int)response.StatusCode;
        }
    }

    [Fact]
    public async Task What_a_service_must_answer_anybody_has_a_limit_of_its_own_and_documents_in_memory_do_not_count()
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>(), settings: new()
        {
            ["RateLimits:PublicQueriesPerMinute"] = "3",
            ["services:statusservice:http:0"] = "http://127.0.0.1:1",
        });
        var asked = new List<int>();
        foreach (var path in new[] { "/status/history", "/status/incidents/inc_1", "/status", "/status.json", "/status/maintenance/mw_1", "/status/history", "/status", "/status/incidents/inc_1" })
        {
            asked.Add((await gateway.SendAsync("GET", path)).Status);
        }

        Assert.Equal([503, 503, 200, 200, 503, 429, 200, 429], asked);
    }

    [Fact]
    public async Task A_platform_key_has_a_heartbeat_limit_of_its_own()
    {
        await using var gateway = await TestGateway.StartAsync(
            await postgres.Server.CreateDatabaseAsync<Program>(), settings: new() { ["RateLimits:HeartbeatsPerMinute"] = "1", ["RateLimits:PlatformHeartbeatsPerMinute"] = "3" });
        var project = await gateway.CreateProjectAsync();
        var (_, key) = await gateway.CreateKeyAsync(project, "heartbeat");
        Assert.Equal([200, 429], await PostAsync($"/{project}/v1/heartbeats", key, 2));
        Assert.Equal([200, 200, 200, 429], await PostAsync("/v1/platform/heartbeats", gateway.PlatformKey, 4));

        async Task<List<int>> PostAsync(string path, string with, int times)
        {
            var statuses = new List<int>();
            for (var i = 0; i < times; i++)
            {
                var (status, body) = await gateway.SendAsync("POST", path, with, new { heartbeats = Array.Empty<object>() });
                Assert.Equal(status == 200 ? null : "rate_limit_exceeded", body!["error"]?["code"]!.GetValue<string>());
                statuses.Add(status);
            }

            return statuses;
        }
    }

    [Fact]
    public void An_IPv6_48_has_16_times_what_a_64_has_and_one_64_cannot_use_it_up()
    {
        var limits = new RateLimits(Options.Create(new RateLimitOptions { PublicPerMinute = 10 }), new FakeTimeProvider());
        int Granted(string address, int times) => Enumerable.Range(0, times).Count(_ => limits.TakeClient(new ClientAddress(IPAddress.Parse(address))) is null);
        Assert.Equal(10, Granted("2001:db8:1:1::1", 1000));
        Assert.Equal(150, Enumerable.Range(2, 2000).Sum(i => Granted($"2001:db8:1:{i:x}::1", 1)));
        Assert.Equal(10, Granted("2001:db8:2:1::1", 20));
        Assert.Equal(10, Granted("192.0.2.1", 20));
        Assert.Equal(10, Granted("192.0.2.2", 20));
    }
}
