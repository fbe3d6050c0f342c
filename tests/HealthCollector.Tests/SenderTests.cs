using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Xerotier.Fleet.V1;
using Xerotier.TestKit;

namespace Xerotier.HealthCollector.Tests;

/// <summary>The simulator and the sample agent against a collector; an internal token stands in for the key that the Gateway would check.</summary>
public sealed class SenderTests(RedisFixture redis) : RedisTests(redis)
{
    [Fact]
    public async Task The_simulated_fleet_reports_falls_silent_and_reports_again_on_request()
    {
        using var collector = new Collector(Redis.ConnectionString, null, ("Fleet:StaleAfterSeconds", "2"));
        using var watch = collector.Watch();
        var lines = new System.Collections.Concurrent.ConcurrentQueue<string>();
        using var simulator = ChildProcess.Start(
            Solution.Executable("FleetSimulator"), ["--shared-agents", "5"],
            new Dictionary<string, string?>
            {
                ["HTTP_PORT"] = "0",
                ["XEROTIER_GRPC_URL"] = collector.GrpcAddress.ToString(),
                ["XEROTIER_PLATFORM_KEY"] = collector.PlatformToken,
                ["XEROTIER_API_KEY"] = collector.ProjectToken(),
                ["XEROTIER_BASE_URL"] = $"{collector.HttpAddress}{Collector.ProjectId}/v1",
                ["Fleet__StaleAfterSeconds"] = "2",
                ["Logging__LogLevel__Default"] = "Information",
            },
            null, lines.Enqueue);
        await Collector.NextAsync(watch, health => health is { RoutersTotal: 3, RoutersOnline: 3, SharedAgentsTotal: 5, SharedAgentsStale: 0 }, seconds: 60);
        var fleet = await collector.GetFleetAsync();
        await Eventually.TrueAsync(async () => (fleet = await collector.GetFleetAsync()).WorkersTotal >= 9, "the project's own agents are heard too"); // by a stream of their own
        Assert.Equal((9, "chat embed"), (fleet.WorkersTotal, string.Join(' ', fleet.Endpoints.Select(endpoint => endpoint.Slug))));

        using var http = new HttpClient { BaseAddress = Address(lines) };
        await OrderAsync(http, """{"silent":{"routers":2,"shared_agents":5,"private_agents":0}}""");
        await Collector.NextAsync(watch, health => health is { Store: StoreState.Ready, RoutersOnline: 1, SharedAgentsStale: 5 });
        Assert.Equal("""{"fleet":{"routers":3,"shared_agents":5,"private_agents":4},"silent":{"routers":2,"shared_agents":5,"private_agents":0},"stale_after_seconds":2}""", await http.GetStringAsync("/"));

        await OrderAsync(http, """{"silent":{"routers":0,"shared_agents":0,"private_agents":0}}""");
        await Collector.NextAsync(watch, health => health is { RoutersOnline: 3, SharedAgentsStale: 0 });

        foreach (var order in (string[])["""{"silent":{"routers":4}}""", """{"silent":{"routers":"x"}}""", """{"silent":null}""", "{}", "null", ""])
        {
            using var wrong = await http.PutAsync("/", new StringContent(order));
            Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
            Assert.DoesNotContain("Xerotier.", await wrong.Content.ReadAsStringAsync()); // types of ours
        }

        using (var rebound = new HttpRequestMessage(HttpMethod.Put, "/") { Headers = { Host = "attacker.example" }, Content = new StringContent("""{"silent":{"routers":3}}""") })
        {
            using var refused = await http.SendAsync(rebound);
            Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        }

        Assert.Contains("\"routers\":0", await http.GetStringAsync("/"), StringComparison.Ordinal);
        Assert.NotEqual(137, await simulator.StopAsync(TimeSpan.FromSeconds(5)));

        static async Task OrderAsync(HttpClient http, string order)
        {
            using var form = new FormUrlEncodedContent([]); // what curl -d says it sends
            using var content = new StringContent(order, Encoding.UTF8, form.Headers.ContentType!.MediaType!);
            using var response = await http.PutAsync("/", content);
            response.EnsureSuccessStatusCode();
        }
    }

    [Fact]
    public async Task The_load_test_counts_what_was_acknowledged()
    {
        using var collector = new Collector(Redis.ConnectionString, null, ("RateLimits:HeartbeatsPerMinute", "0"), ("RateLimits:ProjectHeartbeatsPerMinute", "0"));
        var lines = new System.Collections.Concurrent.ConcurrentQueue<string>();
        using var load = ChildProcess.Start(
            Solution.Executable("FleetSimulator"),
            ["load", "--url", collector.GrpcAddress.ToString(), "--key", collector.PlatformToken, "--agents", "500", "--batch", "50", "--streams", "4", "--seconds", "4", "--warmup", "0", "--project", Collector.ProjectId],
            new Dictionary<string, string?>(), null, lines.Enqueue);
        Assert.Equal(0, await load.Exited.WaitAsync(TimeSpan.FromSeconds(60)));
        var result = JsonElement.Parse(Assert.Single(lines));
        Assert.True(result.GetProperty("accepted").GetInt64() >= 50);
        Assert.InRange((await collector.GetFleetAsync()).WorkersTotal, 50, 500);
    }

    [Fact]
    public async Task The_sample_agent_reports_with_curl_and_signs_off_when_it_ends()
    {
        using var collector = new Collector(Redis.ConnectionString, null, ("Fleet:ProjectCacheMilliseconds", "0"));
        using var agent = ChildProcess.Start(
            "bash", [Path.Combine(Solution.Folder, "samples", "agent.sh"), "bash-1"],
            new Dictionary<string, string?>
            {
                ["XEROTIER_BASE_URL"] = $"{collector.HttpAddress}{Collector.ProjectId}/v1",
                ["XEROTIER_API_KEY"] = collector.ProjectToken(),
            },
            null, _ => { });
        await WorkersAsync(1);
        var fleet = await collector.GetFleetAsync();
        Assert.Equal(("bash-1", "private", "chat"), (fleet.Workers[0].Id, fleet.Workers[0].Kind, fleet.Endpoints[0].Slug));
        await agent.StopAsync(TimeSpan.FromSeconds(10));
        await WorkersAsync(0);

        Task WorkersAsync(int workers) => Eventually.TrueAsync(async () => (await collector.GetFleetAsync()).WorkersTotal == workers, seconds: 20);
    }

    [Fact]
    public async Task The_sample_agent_waits_for_as_long_as_it_is_asked_to_and_tries_less_and_less_often()
    {
        // A server that refuses everything; its second answer names a time.
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        using var agent = ChildProcess.Start(
            "bash", [Path.Combine(Solution.Folder, "samples", "agent.sh"), "bash-1"],
            new Dictionary<string, string?> { ["XEROTIER_BASE_URL"] = $"http://{server.LocalEndpoint}/proj_ABC123/v1", ["XEROTIER_API_KEY"] = "none" },
            null, _ => { });
        var at = new List<long>();
        foreach (var header in new[] { "", "Retry-After: 5\r\n", "" })
        {
            using var client = await server.AcceptTcpClientAsync().WaitAsync(TimeSpan.FromSeconds(30));
            at.Add(Stopwatch.GetTimestamp());
            var stream = client.GetStream();
            _ = await stream.ReadAsync(new byte[4096]);
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 503 x\r\n{header}Content-Length: 0\r\nConnection: close\r\n\r\n"));
        }

        server.Stop();
        await agent.StopAsync(TimeSpan.FromSeconds(10));
        Assert.InRange(Stopwatch.GetElapsedTime(at[0], at[1]).TotalSeconds, 1, 4.5);
        Assert.InRange(Stopwatch.GetElapsedTime(at[1], at[2]).TotalSeconds, 5, 12);
    }

    private static Uri Address(IEnumerable<string> lines) =>
        new(lines.Select(line => line.Split("Now listening on: ")).First(parts => parts.Length == 2)[1]);
}
