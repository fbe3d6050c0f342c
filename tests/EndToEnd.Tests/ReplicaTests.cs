using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Aspire.Hosting.Testing;
using Npgsql;
using Xerotier.TestKit;

namespace Xerotier.EndToEnd.Tests;

/// <summary>Two of every service: one page, one history.</summary>
public sealed class ReplicaTests(ReplicaTests.ClusterFixture fixture) : IClassFixture<ReplicaTests.ClusterFixture>
{
    private readonly Cluster cluster = fixture.Cluster;

    [Fact]
    public async Task Two_Gateways_serve_the_same_bytes_and_a_killed_recorder_loses_at_most_2_s()
    {
        await SameAsync(cluster, "operational");

        await cluster.SilenceAsync(routers: 2);
        await SameAsync(cluster, "degraded");
        await cluster.SilenceAsync();
        await SameAsync(cluster, "operational");

        var id = await cluster.ScheduleAsync("Before the kill", "active");
        var before = Recorded(await SameAsync(cluster, "maintenance"));
        var recorder = await RecorderAsync(cluster);
        await cluster.KillAsync(recorder);
        await Observer.UntilAsync(async () => await RecorderAsync(cluster, except: recorder) != recorder, TimeSpan.FromSeconds(12), "another one records");
        await Task.Delay(3000);
        await cluster.SetStatusAsync(id, "completed");

        // Whichever Gateway watched the killed one goes over to the other.
        var after = Recorded(await SameAsync(cluster, "operational"));
        var (passed, recorded) = ((after.At - before.At).TotalSeconds, after.Seconds - before.Seconds);
        Assert.InRange(passed, 3, 120);
        Assert.InRange(passed - recorded, -1, 2);
        await cluster.StartInstanceAsync(recorder); // as it was, for the other test
        await cluster.ReadyAsync(recorder);
    }

    [Fact]
    public async Task A_session_of_the_console_works_at_both_Gateways_and_goes_on_when_one_is_killed()
    {
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false });
        var gateways = new[] { "gateway-0", "gateway-1" }.Select(name => cluster.Endpoint(name, "http")).ToArray();
        using var key = new FormUrlEncodedContent([new("key", cluster.ApiKey)]);
        using var signedIn = await http.PostAsync(new Uri(gateways[0], "/console/sign-in"), key, TestContext.Current.CancellationToken);
        var cookie = signedIn.Headers.GetValues("Set-Cookie").First().Split(';')[0];
        for (var i = 0; i < 6; i++)
        {
            Assert.Contains("<h1>Maintenance</h1>", await PageAsync(i % 2));
        }

        await cluster.KillAsync("gateway-0");
        try
        {
            for (var i = 0; i < 6; i++)
            {
                Assert.Contains("<h1>Maintenance</h1>", await PageAsync(1)); // whichever Gateway the Console asks
            }

            await cluster.KillAsync("console-0");
            await Eventually.TrueAsync(async () => (await PageAsync(1)).Contains("<h1>Maintenance</h1>", StringComparison.Ordinal), "the other Console responds");
        }
        finally
        {
            await cluster.StartInstanceAsync("gateway-0");
            await cluster.StartInstanceAsync("console-0");
            await cluster.ReadyAsync("gateway-0");
            await cluster.ReadyAsync("console-0");
        }

        async Task<string> PageAsync(int gateway)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(gateways[gateway], "/console/maintenance"));
            request.Headers.Add("Cookie", cookie);
            request.Headers.Add("Accept", "text/html");
            using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
            return await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public async Task A_request_is_one_trace_through_all_that_it_asks_whichever_replicas_respond_and_nothing_else_is_one()
    {
        using var http = cluster.Http(cluster.ApiKey);
        using var probe = new HttpClient();
        var (health, windows) = (new Uri($"{cluster.BaseUrl}/health/dashboard").AbsolutePath, new Uri($"{cluster.BaseUrl}/management/maintenance").AbsolutePath);
        for (var i = 0; i < 10; i++)
        {
            (await http.GetAsync($"{health}?q=worker-{i}", TestContext.Current.CancellationToken)).EnsureSuccessStatusCode();
            (await http.GetAsync(windows, TestContext.Current.CancellationToken)).EnsureSuccessStatusCode();
        }

        foreach (var instance in cluster.Instances.Where(name => name.Contains("service", StringComparison.Ordinal) || name.StartsWith("gateway", StringComparison.Ordinal)))
        {
            foreach (var (endpoint, path) in new[] { ("http", "/healthz"), ("http", "/readyz"), ("metrics", "/metrics") })
            {
                using var response = await probe.GetAsync(new Uri(cluster.Endpoint(instance, endpoint), path), TestContext.Current.CancellationToken);
            }
        }

        // Through four processes, and to the stores; what is remembered for a moment is asked once.
        await AreAsync(health, 10, "gateway", "healthcollector", "maintenanceservice", "postgresql", "statusservice");
        await AreAsync(health, 1, "gateway", "healthcollector", "maintenanceservice", "postgresql", "redis", "statusservice");
        await AreAsync(windows, 10, "gateway", "maintenanceservice", "postgresql");

        // Calls go to every replica, as soon as it is known that one is there again.
        var more = 10;
        await Observer.UntilAsync(
            async () =>
            {
                (await http.GetAsync($"{health}?q=worker-{more++}", TestContext.Current.CancellationToken)).EnsureSuccessStatusCode();
                var asked = fixture.Traces.Traces.Where(trace => trace.Any(span => span.Parent is null && span.Path == health)).SelectMany(trace => trace).ToList();
                return new[] { "statusservice", "healthcollector", "maintenanceservice" }.All(service => asked.Where(span => span.Service == service).Select(span => span.Instance).Distinct().Count() == 2);
            },
            TimeSpan.FromSeconds(30),
            "both replicas of each service are asked");

        // What begins a trace is a request from outside: no probe, and nothing that a service does by itself.
        Assert.All(fixture.Traces.Traces.SelectMany(trace => trace).Where(span => span.Parent is null), span => Assert.True(span.IsRequest && !(span.Path is "/healthz" or "/readyz" or "/metrics"), $"{span}"));

        async Task AreAsync(string path, int least, params string[] expected)
        {
            var found = new List<string[]>();
            for (var watch = Stopwatch.StartNew(); watch.Elapsed < TimeSpan.FromSeconds(15) && Whole() < least; await Task.Delay(100))
            {
                found = [.. fixture.Traces.Traces.Where(trace => trace.Any(span => span.Parent is null && span.Service == "gateway" && span.Path == path)).Select(InWords)];
            }

            Assert.True(Whole() >= least, $"Traces of {path} are of {string.Join("; ", found.Select(trace => string.Join(' ', trace)))}");

            int Whole() => found.Count(trace => expected.All(trace.Contains));
        }

        // Who took part in a trace whose every span is a part of another one of it, but the first.
        static string[] InWords(IEnumerable<ReceivedSpan> trace)
        {
            var spans = trace.ToList();
            var ids = spans.Select(span => span.Id).ToHashSet();
            return spans.Count(span => span.Parent is null) == 1 && spans.TrueForAll(span => span.Parent is null || ids.Contains(span.Parent))
                ? [.. spans.Select(span => span.Service).Concat(spans.Select(span => span.Store).Where(store => store.Length > 0)).Distinct().Order(StringComparer.Ordinal)]
                : ["parts"];
        }
    }

    [Fact]
    public async Task The_pools_of_all_replicas_fit_into_the_database()
    {
        var pools = (await PoolsAsync()).ToDictionary(of => of.Key, of => of.Value.Sum(pool => int.Parse(pool.Split("} ")[1].Split(' ')[0], CultureInfo.InvariantCulture)));
        await using var database = NpgsqlDataSource.Create((await cluster.Application.GetConnectionStringAsync("gatewaydb"))!);
        await using var command = database.CreateCommand("select current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int");
        Assert.Equal(["gateway-0", "gateway-1", "maintenanceservice-0", "maintenanceservice-1", "notificationservice-0", "notificationservice-1", "statusservice-0", "statusservice-1"], pools.Keys.Order());
        Assert.InRange(pools.Values.Sum(), 8, (int)(await command.ExecuteScalarAsync(TestContext.Current.CancellationToken))!);
        Assert.DoesNotContain(0, pools.Values);
    }

    [Fact]
    public async Task No_replica_waits_long_for_its_database() => Assert.All(await PoolsAsync(), of =>
    {
        // Npgsql gives a pool the name of its connection string, without the password.
        var used = new NpgsqlConnectionStringBuilder(Assert.Single(of.Value).Split("pool_name=\"")[1].Split('"')[0]);
        Assert.Equal((2, 3, 500), (used.Timeout, used.CommandTimeout, used.CancellationTimeout)); // s, s, ms
    });

    /// <summary>The lines in which each replica that has a database tells of its pools.</summary>
    private async Task<Dictionary<string, List<string>>> PoolsAsync()
    {
        using var http = new HttpClient();
        var pools = new Dictionary<string, List<string>>();
        foreach (var instance in cluster.Instances.Where(name => name.StartsWith("gateway", StringComparison.Ordinal) || name.Contains("service", StringComparison.Ordinal)))
        {
            var metrics = await http.GetStringAsync(new Uri(cluster.Endpoint(instance, "metrics"), "/metrics"));
            pools[instance] = [.. metrics.Split('\n').Where(line => line.StartsWith("db_client_connection_max{", StringComparison.Ordinal))];
        }

        return pools;
    }

    /// <summary>Waits until both Gateways serve one page and one JSON that show <paramref name="overall"/>.</summary>
    private static async Task<JsonElement> SameAsync(Cluster cluster, string overall)
    {
        using var one = cluster.Http();
        using var two = cluster.Http(replica: 1);
        string json = "";
        await Observer.UntilAsync(
            async () =>
            {
                json = await one.GetStringAsync("/status.json");
                return json.Contains($"\"key\":\"{overall}\"", StringComparison.Ordinal)
                    && json == await two.GetStringAsync("/status.json")
                    && await one.GetStringAsync("/status") == await two.GetStringAsync("/status");
            },
            TimeSpan.FromSeconds(30),
            $"both Gateways show “{overall}” in the same bytes");
        return JsonDocument.Parse(json).RootElement;
    }

    /// <summary>The instance whose metrics say that it records.</summary>
    private static async Task<string> RecorderAsync(Cluster cluster, string? except = null)
    {
        using var http = new HttpClient();
        foreach (var instance in new[] { "statusservice-0", "statusservice-1" })
        {
            if (instance != except
                && (await http.GetStringAsync(new Uri(cluster.Endpoint(instance, "metrics"), "/metrics"))).Split('\n')
                    .Any(line => line.StartsWith("xerotier_history_recording", StringComparison.Ordinal) && line.Contains("} 1", StringComparison.Ordinal)))
            {
                return instance;
            }
        }

        return except ?? throw new InvalidOperationException("Nobody records.");
    }

    /// <summary>How many of today's seconds the Dashboard's history holds, and as of when.</summary>
    private static (DateTimeOffset At, long Seconds) Recorded(JsonElement page)
    {
        var days = page.GetProperty("indicators")[0].GetProperty("days");
        var seconds = days.EnumerateArray().Sum(day => new[] { "operational", "degraded", "outage", "maintenance" }.Sum(state => day.GetProperty($"{state}_seconds").GetInt64()));
        return (page.GetProperty("generated_at").GetDateTimeOffset(), seconds);
    }

    /// <summary>A cluster with two of every service, whose agents are silent after 5 s, and a collector of its traces.</summary>
    public sealed class ClusterFixture : IAsyncLifetime
    {
        public Cluster Cluster { get; private set; } = null!;

        public TraceCollector Traces { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            Traces = await TraceCollector.StartAsync();
            Cluster = await Cluster.StartAsync(new() { Replicas = 2, Settings = new Dictionary<string, string?>(Traces.Settings) { ["Fleet__StaleAfterSeconds"] = "5" } });
        }

        public async ValueTask DisposeAsync()
        {
            await Cluster.DisposeAsync();
            await Traces.DisposeAsync();
        }
    }
}
