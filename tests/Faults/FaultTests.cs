using System.Diagnostics;
using System.Globalization;
using Xerotier.TestKit;

namespace Xerotier.Faults.Tests;

/// <summary>Everything that product.md section 9 says it withstands, under load; FAULTS_MINUTES makes it longer, FAULTS_SEED repeats one.</summary>
[Collection("a cluster of two of each")]
public sealed class FaultTests(ITestOutputHelper output)
{
    [Fact]
    public async Task It_withstands_the_loss_of_anything()
    {
        var minutes = double.Parse(Environment.GetEnvironmentVariable("FAULTS_MINUTES") ?? "0.4", CultureInfo.InvariantCulture);
        var seed = int.Parse(Environment.GetEnvironmentVariable("FAULTS_SEED") ?? $"{Random.Shared.Next()}", CultureInfo.InvariantCulture);
        Console.WriteLine($"seed of faults: {seed}");
        var random = new Random(seed);

        await using var system = await FaultyCluster.StartAsync();
        var cluster = system.Cluster;
        await using var load = await MixedLoad.StartAsync(cluster);
        var before = Handles(cluster);

        var all = Faults(system);
        var next = new Queue<Fault>(all.OrderBy(_ => random.Next()));
        var longest = TimeSpan.Zero;
        for (var watch = Stopwatch.StartNew(); watch.Elapsed < TimeSpan.FromMinutes(minutes);)
        {
            // Each alone first, then random pairs.
            var faults = next.TryDequeue(out var one) ? [one] : all.OrderBy(_ => random.Next()).Take(2).ToList();
            var name = string.Join(" and ", faults.Select(fault => fault.Name));
            load.MayBeUnknown = true;
            await Task.WhenAll(faults.Select(fault => fault.Break()));
            await Task.Delay(minutes < 1 ? 1500 : 10_000);
            foreach (var fault in faults)
            {
                await fault.Mend();
            }

            var recovery = await FaultyCluster.WellAsync(cluster, name);
            longest = recovery > longest ? recovery : longest;
            output.WriteLine($"{name}: well again after {recovery.TotalSeconds:0.0} s");
            Console.WriteLine($"{name}: well again after {recovery.TotalSeconds:0.0} s");
            Assert.True(load.Findings.Count == 0, $"After {name}:\n{string.Join('\n', load.Findings.Take(20))}");
        }

        await load.StopAsync();
        await load.VerifyAsync();
        Assert.True(load.Findings.Count == 0, string.Join('\n', load.Findings.Take(20)));
        Assert.True(load.Acknowledged > 20, $"Only {load.Acknowledged} windows were acknowledged.");

        var after = Handles(cluster);
        foreach (var (process, handles) in before.Where(pair => after.ContainsKey(pair.Key)))
        {
            Assert.True(after[process] < (handles * 2) + 100, $"{process} had {handles} open files, now {after[process]}.");
        }

        Console.WriteLine($"{load.Acknowledged} windows acknowledged, longest recovery {longest.TotalSeconds:0.0} s, {load.FailedOver} answers from the other Gateway");
    }

    private static Dictionary<string, int> Handles(Cluster cluster) => cluster.Instances
        .Where(instance => FaultyCluster.Services.Any(service => instance.StartsWith(service, StringComparison.Ordinal)))
        .ToDictionary(instance => $"{instance} ({cluster.ProcessId(instance)})", instance => Directory.GetFiles($"/proc/{cluster.ProcessId(instance)}/fd").Length);

    private static List<Fault> Faults(FaultyCluster system)
    {
        var cluster = system.Cluster;
        var faults = new List<Fault>
        {
            new("Postgres killed", system.Postgres.KillAsync, system.Postgres.RestartAsync),
            new("Postgres stopped", () => Do(() => system.Postgres.Signal(19)), () => Do(() => system.Postgres.Signal(18))),
            new("Postgres slow", () => Do(() => system.PostgresProxy.Delay = TimeSpan.FromMilliseconds(300)), () => Do(() => system.PostgresProxy.Delay = default)),
            new("connections to Postgres reset", () => Do(system.PostgresProxy.Reset), () => Task.CompletedTask),
            new("Redis killed", system.Redis.KillAsync, system.Redis.RestartAsync),
            new("Redis stopped", () => Do(() => system.Redis.Signal(19)), () => Do(() => system.Redis.Signal(18))),
            new("Redis slow", () => Do(() => system.RedisProxy.Delay = TimeSpan.FromMilliseconds(300)), () => Do(() => system.RedisProxy.Delay = default)),
            new("connections to Redis reset", () => Do(system.RedisProxy.Reset), () => Task.CompletedTask),
        };
        foreach (var service in FaultyCluster.Services)
        {
            var (first, second) = ($"{service}-0", $"{service}-1");
            faults.Add(new($"{first} killed", () => cluster.KillAsync(first), () => cluster.StartInstanceAsync(first)));
            faults.Add(new($"{second} stopped", () => Do(() => cluster.Pause(second)), () => Do(() => cluster.Resume(second))));
        }

        return faults;

        static Task Do(Action action)
        {
            action();
            return Task.CompletedTask;
        }
    }

    /// <summary>A way to break something, and to mend it.</summary>
    private sealed record Fault(string Name, Func<Task> Break, Func<Task> Mend);
}
