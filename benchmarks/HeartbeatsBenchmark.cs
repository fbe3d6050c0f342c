using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Options;
using Xerotier.ServiceDefaults;
using Xerotier.TestKit;

namespace Xerotier.Bench;

/// <summary>
/// Heartbeats end to end: through the Gateway with a platform key, validated, acknowledged once Redis has them, beside plain HSETs
/// on the same Redis; then a fleet of 100,000 for a minute.
/// </summary>
internal static class HeartbeatsBenchmark
{
    private const int Agents = 100_000;
    private const int Rounds = 3;
    private const int FleetSeconds = 60;
    private const int Projects = 100_000;

    // What a user would write for each heartbeat, with ids and records as long as ours.
    private static readonly string[] SetWithExpiry = ["-r", $"{2 * Projects}", "SET", "fleet:proj_load0000000:__rand_int__", new string('x', 80), "EX", "86430"];
    private static readonly string[] SmallProjects = ["--kind", "private", "--projects", $"{Projects}", "--agents", $"{2 * Projects}", "--batch", "100", "--streams", "16", "--seconds", "5"];
    private static readonly TimeSpan StaleAfter = TimeSpan.FromSeconds(30);

    public static async Task<Report> RunAsync()
    {
        await using var cluster = await Cluster.StartAsync(new()
        {
            Settings = new Dictionary<string, string?> { ["RateLimits__HeartbeatsPerMinute"] = "0", ["RateLimits__PlatformHeartbeatsPerMinute"] = "0", ["RateLimits__ProjectHeartbeatsPerMinute"] = "0", ["RateLimits__KeyPerMinute"] = "0", ["RateLimits__ProjectPerMinute"] = "0", ["RateLimits__PublicPerMinute"] = "0", ["RateLimits__PublicQueriesPerMinute"] = "0" },
        });
        List<double> plain = [], batched = [], single = [], batchedCpu = [], relayed = [], relayedCpu = [], set = [], pipelined = [];
        _ = await LoadAsync(cluster, "--batch", "100", "--seconds", "3"); // registers everybody, warms everything up
        for (var round = 0; round < Rounds; round++)
        {
            plain.Add(await RedisBenchmarkAsync(cluster, "-t", "hset", "-c", "50", "-n", "300000", "-r", $"{Agents}"));
            var cpu = Tools.CpuSeconds(cluster.ProcessId("healthcollector"));
            var load = await LoadAsync(cluster, "--batch", "100", "--streams", "16", "--seconds", "5", "--warmup", "0");
            batched.Add(load.PerSecond);
            batchedCpu.Add((Tools.CpuSeconds(cluster.ProcessId("healthcollector")) - cpu) * 1e6 / load.Accepted);
            single.Add((await LoadAsync(cluster, "--batch", "1", "--streams", "50", "--in-flight", "16", "--seconds", "5")).PerSecond);
        }

        _ = await LoadAsync(cluster, [.. SmallProjects, "--seconds", "10"]); // makes most of the projects
        for (var round = 0; round < Rounds; round++)
        {
            set.Add(await RedisBenchmarkAsync(cluster, ["-c", "50", "-n", "300000", .. SetWithExpiry]));
            pipelined.Add(await RedisBenchmarkAsync(cluster, ["-c", "16", "-P", "100", "-n", "1000000", .. SetWithExpiry]));
            var cpu = Tools.CpuSeconds(cluster.ProcessId("healthcollector"));
            var load = await LoadAsync(cluster, [.. SmallProjects, "--warmup", "0"]);
            relayed.Add(load.PerSecond);
            relayedCpu.Add((Tools.CpuSeconds(cluster.ProcessId("healthcollector")) - cpu) * 1e6 / load.Accepted);
        }

        var (hset, hundred, one, small) = (Median(plain), Median(batched), Median(single), Median(relayed));
        var fleet = await FleetAsync(cluster);
        return new("heartbeats", $"""
            {Agents:N0} distinct ids, load by FleetSimulator over the Gateway's gRPC port, against `redis-benchmark -t hset -c 50` without pipelining on the same
            Redis; medians of {Rounds} rounds in turn. The same with {Projects:N0} projects of two private agents each, which relays report with a platform key, every heartbeat of a
            message of another project, against `redis-benchmark` with a `SET … EX` for each heartbeat, one at a time and 100 in a pipeline. Then {Agents:N0} agents with one heartbeat per 10 s each for {FleetSeconds} s; the delay is from the instant at which a
            router had been silent for {StaleAfter.TotalSeconds:0} s to the message of it on the collector's stream (by an internal token), the worst of {fleet.Delays}.
            """.ReplaceLineEndings(" "),
        [
            new("heartbeats per second, 100 in a message", PerSecond(hundred), PerSecond(hset), Ratio.OfRounds(batched, plain), "≥ 0.8 ×"),
            new("heartbeats per second, one in a message", PerSecond(one), PerSecond(hset), Ratio.OfRounds(single, plain), "≥ 0.3 ×"),
            new("the same, 100,000 projects of 2 agents through relays, against `SET … EX`", PerSecond(small), PerSecond(Median(set)), Ratio.OfRounds(relayed, set), "≥ 0.8 ×"),
            new("the same, against `SET … EX` with 100 in a pipeline", PerSecond(small), PerSecond(Median(pipelined)), Ratio.OfRounds(relayed, pipelined)),
            new("processor time of the collector per heartbeat, 100,000 projects", Text($"{Median(relayedCpu):0.0} µs")),
            new("processor time of the collector per heartbeat, 100 in a message", Text($"{Median(batchedCpu):0.0} µs")),
            new("collector's share of a core, 100,000 agents", Text($"{fleet.Share * 100:0} %")),
            new("collector's memory (PSS), 100,000 agents", Text($"{fleet.Memory:0} MiB")),
            new("acknowledgement, 100,000 agents", fleet.Acknowledged),
            new("worst delay from silence to the platform's change", Text($"{fleet.WorstDelay.TotalMilliseconds:0} ms"), Goal: "≤ 1 s"),
        ]);
    }

    private static async Task<(double Share, double Memory, string Acknowledged, TimeSpan WorstDelay, int Delays)> FleetAsync(Cluster cluster)
    {
        var collector = cluster.ProcessId("healthcollector");
        var loading = LoadAsync(
            cluster, "--batch", "100", "--streams", "16", "--rate", $"{Agents / 10}", "--seconds", $"{FleetSeconds}", "--warmup", "0", "--project", cluster.ProjectId);
        await Task.Delay(TimeSpan.FromSeconds(10));
        var (cpu, started) = (Tools.CpuSeconds(collector), TimeProvider.System.GetTimestamp());
        var delays = await DelaysAsync(cluster, TimeSpan.FromSeconds(FleetSeconds - 15));
        var share = (Tools.CpuSeconds(collector) - cpu) / TimeProvider.System.GetElapsedTime(started).TotalSeconds;
        var memory = Processes.PssMegabytes(collector);
        return (share, memory, (await loading).Latency, delays.Max(), delays.Count);
    }

    /// <summary>Routers of our own speak once each; how late each is missed.</summary>
    private static async Task<List<TimeSpan>> DelaysAsync(Cluster cluster, TimeSpan duration)
    {
        using var deadline = new CancellationTokenSource(duration + TimeSpan.FromSeconds(10));
        var due = new Queue<DateTimeOffset>();
        var delays = new List<TimeSpan>();
        using var http = cluster.Http(cluster.PlatformKey);
        using var channel = GrpcChannel.ForAddress(cluster.Endpoint("healthcollector", "grpc"));
        var tokens = new InternalTokens(Options.Create(new InternalAuthOptions { Keys = [InternalKey(cluster)] }), TimeProvider.System, new("bench", "1"));
        using var watch = new Fleet.V1.Fleet.FleetClient(channel).WatchPlatformHealth(new(), new Metadata { { "authorization", $"Bearer {tokens.ForService("healthcollector")}" } });

        var speaking = SpeakAsync();
        var before = -1;
        while ((!speaking.IsCompleted || due.Count > 0) && await watch.ResponseStream.MoveNext(deadline.Token))
        {
            var now = TimeProvider.System.GetUtcNow();
            var (total, online) = (watch.ResponseStream.Current.RoutersTotal, watch.ResponseStream.Current.RoutersOnline);
            var missed = total - online;
            lock (due)
            {
                for (; before >= 0 && missed > before && due.Count > 0; before++)
                {
                    delays.Add(now - due.Dequeue());
                }
            }

            before = missed;
        }

        await speaking;
        return delays;

        async Task SpeakAsync()
        {
            for (var i = 0; i < (duration - StaleAfter).TotalSeconds; i++)
            {
                using var answer = await http.PostAsJsonAsync("/v1/platform/heartbeats", new { heartbeats = new[] { new { router_id = $"bench-{i}", state = "online" } } }, deadline.Token);
                answer.EnsureSuccessStatusCode();
                lock (due)
                {
                    due.Enqueue(TimeProvider.System.GetUtcNow() + StaleAfter);
                }

                await Task.Delay(TimeSpan.FromSeconds(1), deadline.Token);
            }
        }
    }

    private static async Task<(double PerSecond, long Accepted, string Latency)> LoadAsync(Cluster cluster, params string[] arguments)
    {
        var output = await Tools.RunAsync(
            Solution.Executable("FleetSimulator"), null,
            ["load", "--url", cluster.GrpcUrl.ToString(), "--key", cluster.PlatformKey, "--agents", $"{Agents}", .. arguments]);
        var result = JsonElement.Parse(output);
        var latency = result.GetProperty("latency_ms");
        return (
            result.GetProperty("accepted_per_second").GetDouble(),
            result.GetProperty("accepted").GetInt64(),
            Text($"p50 {latency.GetProperty("p50").GetDouble():0.0} ms, p99 {latency.GetProperty("p99").GetDouble():0.0} ms"));
    }

    private static async Task<double> RedisBenchmarkAsync(Cluster cluster, params string[] arguments)
    {
        var settings = File.ReadLines(Path.Combine(cluster.DataFolder, "redis", "redis.conf")).Select(line => line.Split(' ', 2)).Where(pair => pair.Length == 2)
            .GroupBy(pair => pair[0]).ToDictionary(group => group.Key, group => group.First()[1]);
        var environment = new Dictionary<string, string?> { ["REDISCLI_AUTH"] = settings["requirepass"] };
        var output = await Tools.RunAsync("redis-benchmark", environment, ["-h", "127.0.0.1", "-p", settings["port"], "-a", settings["requirepass"], "--csv", .. arguments]);
        var rate = double.Parse(output.Trim().Split('\n')[^1].Split(',')[1].Trim('"'), CultureInfo.InvariantCulture);
        await Tools.RunAsync("redis-cli", environment, "-h", "127.0.0.1", "-p", settings["port"], "del", "myhash");
        return rate;
    }

    private static string InternalKey(Cluster cluster) =>
        File.ReadLines(Path.Combine(cluster.DataFolder, "secrets")).First(line => line.StartsWith("internal=", StringComparison.Ordinal))["internal=".Length..];

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static string PerSecond(double rate) => Text($"{rate:N0}/s");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
