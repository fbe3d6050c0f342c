using System.Diagnostics;
using System.Globalization;
using Xerotier.TestKit;

namespace Xerotier.Faults.Tests;

/// <summary>The faults of product.md section 9, under load: the loss of any one part or two, ways between services that pass nothing in one direction, clocks that leap, and a rolling restart. FAULTS_MINUTES makes it longer, FAULTS_SEED repeats a run, FAULTS_ONLY selects faults by a part of their name.</summary>
/// <remarks>All on one cluster, which each of them leaves well; one that fails may leave anything, and takes it along.</remarks>
[Collection<FaultyClusterTests>]
public sealed class FaultTests(SharedCluster shared, ITestOutputHelper output) : IClassFixture<SharedCluster>, IAsyncLifetime
{
    /// <summary>Little and much: more than clocks may differ, more than tokens and heartbeats may be old, another day, and another year.</summary>
    private static readonly TimeSpan[] Leaps = [.. new[] { 5, 90, 2 * 3600, 400 * 86_400 }.SelectMany(seconds => new[] { TimeSpan.FromSeconds(seconds), -TimeSpan.FromSeconds(seconds) })];

    private BreakableCluster system = null!;

    public async ValueTask InitializeAsync() => system = await shared.TakeAsync();

    public async ValueTask DisposeAsync()
    {
        if (TestContext.Current.TestState?.Result == TestResult.Failed)
        {
            await shared.DisposeAsync();
        }
    }

    [Fact]
    public async Task It_withstands_the_loss_of_anything()
    {
        var minutes = double.Parse(Environment.GetEnvironmentVariable("FAULTS_MINUTES") ?? "0.4", CultureInfo.InvariantCulture);
        var seed = int.Parse(Environment.GetEnvironmentVariable("FAULTS_SEED") ?? $"{Random.Shared.Next()}", CultureInfo.InvariantCulture);
        Console.WriteLine($"seed of faults: {seed}");
        var random = new Random(seed);

        var cluster = system.Cluster;
        await using var load = await MixedLoad.StartAsync(cluster);
        await using var sockets = new SocketThreads(cluster.ProcessId("gateway-1")); // the one that is stopped at times, but lives
        var before = Footprints(cluster);

        var only = Environment.GetEnvironmentVariable("FAULTS_ONLY") ?? "";
        var all = Faults(system, random).Where(fault => fault.Name.Contains(only, StringComparison.OrdinalIgnoreCase)).ToList();
        var next = new Queue<Fault>(all.OrderBy(_ => random.Next()));
        var longest = TimeSpan.Zero;
        var warm = false; // after half of the time
        for (var watch = Stopwatch.StartNew(); watch.Elapsed < TimeSpan.FromMinutes(minutes);)
        {
            // Each alone first, then random pairs.
            var faults = next.TryDequeue(out var one) ? [one] : Pairs().First(pair => !pair.All(fault => fault.Name is "gateway-0 killed" or "gateway-1 stopped")); // a Gateway is left
            if (!warm && watch.Elapsed > TimeSpan.FromMinutes(minutes / 2))
            {
                (before, warm) = (Footprints(cluster), true);
            }

            var name = string.Join(" and ", faults.Select(fault => fault.Name));
            Console.WriteLine(name);
            load.MayBeUnknown = true;
            await Task.WhenAll(faults.Select(fault => fault.Break()));
            await Task.Delay(minutes < 1 ? 1500 : 10_000);
            foreach (var fault in faults.OrderByDescending(fault => fault.Stops))
            {
                await fault.Mend(); // what is stopped goes on before anything starts beside it
            }

            foreach (var killed in faults.Where(fault => fault.Name.EndsWith("-0 killed", StringComparison.Ordinal)))
            {
                await cluster.ReadyAsync(killed.Name.Split(' ')[0]); // how long a start takes, under this load, is the machine's
            }

            var recovery = await FaultyCluster.WellAsync(cluster, name);
            longest = recovery > longest ? recovery : longest;
            output.WriteLine($"{name}: well again after {recovery.TotalSeconds:0.0} s");
            Console.WriteLine($"{name}: well again after {recovery.TotalSeconds:0.0} s");
            if (minutes >= 1)
            {
                load.MayBeUnknown = false; // well is well, for a while
                await Task.Delay(2000);
                await load.CheckHistoryAsync();
            }

            Assert.True(load.Findings.Count == 0, $"After {name}:\n{string.Join('\n', load.Findings.Take(20))}");
        }

        await Eventually.TrueAsync(() => load is { Acknowledged: > 20, AcknowledgedUpdates: > 20, Shared.Windows: > 3 }, "enough was written to say something", seconds: 180);
        await load.StopAsync();
        await load.VerifyAsync();
        Assert.True(load.Findings.Count == 0, string.Join('\n', load.Findings.Take(20)));
        Assert.Equal(Environment.ProcessorCount, sockets.Count);
        Assert.True(sockets.Seen > 0, "The runtime reported no wait at all.");
        Assert.True(sockets.Waits.Count == 0, $"The Gateway waited on threads that poll sockets:\n{string.Join('\n', sockets.Waits.Take(20))}");

        Console.WriteLine(
            $"{load.Acknowledged} windows and {load.AcknowledgedUpdates} updates of incidents acknowledged, longest recovery {longest.TotalSeconds:0.0} s, {load.FailedOver} answers from the other Gateway, {load.Refused} of the API were 503 or 504, {load.Shared.Operations} operations on {load.Shared.Windows} shared windows ({load.Shared.Unknown} unknown), page p99 {load.PageMilliseconds.Order().ElementAt(load.PageMilliseconds.Count * 99 / 100):0} ms");
        var after = Footprints(cluster);
        foreach (var (process, (files, megabytes)) in before.Where(pair => after.ContainsKey(pair.Key)))
        {
            var (filesNow, megabytesNow) = after[process];
            Console.WriteLine($"{process}: {files} open files, then {filesNow}; {megabytes:0} MiB, then {megabytesNow:0}");
            Assert.True(filesNow < (files * 1.5) + 50, $"{process} had {files} open files, now {filesNow}.");
            Assert.True(megabytesNow < (megabytes * 1.5) + 60, $"{process} had {megabytes:0} MiB, now {megabytesNow:0}.");
        }

        IEnumerable<List<Fault>> Pairs()
        {
            while (true)
            {
                yield return [.. all.OrderBy(_ => random.Next()).Take(2)];
            }
        }
    }

    [Fact]
    public async Task A_rolling_restart_fails_no_request()
    {
        var cluster = system.Cluster;
        await using var load = await MixedLoad.StartAsync(cluster);
        await Task.Delay(1000);
        foreach (var instance in FaultyCluster.Services.SelectMany(service => new[] { $"{service}-0", $"{service}-1" }))
        {
            var watch = Stopwatch.StartNew();
            await cluster.StopInstanceAsync(instance);
            var stopped = watch.Elapsed;
            await cluster.StartInstanceAsync(instance);
            await cluster.ReadyAsync(instance);
            Console.WriteLine($"{instance}: stopped after {stopped.TotalSeconds:0.0} s, ready again {(watch.Elapsed - stopped).TotalSeconds:0.0} s later");
        }

        await load.StopAsync();
        await load.VerifyAsync();
        Assert.True(load.Findings.Count == 0, string.Join('\n', load.Findings.Take(20)));
    }

    [Fact]
    public async Task A_failover_to_a_synchronous_standby_loses_nothing_that_was_acknowledged()
    {
        await using var load = await MixedLoad.StartAsync(system.Cluster);
        var standby = await system.StartStandbyAsync();
        await Task.Delay(1000);
        var before = load.Acknowledged;
        Assert.True(before > 0, "Nothing was acknowledged before the failover.");
        load.MayBeUnknown = true;
        await system.FailOverAsync(standby);
        await FaultyCluster.WellAsync(system.Cluster, "the failover");
        await Eventually.TrueAsync(() => load.Acknowledged > before);
        await standby.CheckpointAsync(); // in the middle of it all: marks of logs are of another timeline from now on
        before = load.Acknowledged;
        await Eventually.TrueAsync(() => load.Acknowledged > before + 10);

        await load.StopAsync();
        await load.VerifyAsync();
        Assert.True(load.Findings.Count == 0, string.Join('\n', load.Findings.Take(20)));
    }

    private static Dictionary<string, Footprint> Footprints(Cluster cluster) => cluster.Instances
        .Where(instance => FaultyCluster.Services.Any(service => instance.StartsWith(service, StringComparison.Ordinal)))
        .Select(instance => (Instance: instance, Process: cluster.ProcessId(instance)))
        .ToDictionary(found => $"{found.Instance} ({found.Process})", found => new Footprint(Processes.OpenFiles(found.Process), Processes.PssMegabytes(found.Process)));

    private static List<Fault> Faults(FaultyCluster system, Random random)
    {
        var cluster = system.Cluster;
        var faults = new List<Fault>
        {
            new("Postgres killed", system.Postgres.KillAsync, system.Postgres.RestartAsync),
            new("Postgres stopped", () => Do(() => system.Postgres.Signal(19)), () => Do(() => system.Postgres.Signal(18)), Stops: true),
            new("Postgres slow", () => Do(() => system.PostgresProxy.Delay = TimeSpan.FromMilliseconds(300)), () => Do(() => system.PostgresProxy.Delay = default)),
            new("connections to Postgres reset", () => Do(system.PostgresProxy.Reset), () => Task.CompletedTask),
            new("Redis killed", system.Redis.KillAsync, system.Redis.RestartAsync),
            new("Redis stopped", () => Do(() => system.Redis.Signal(19)), () => Do(() => system.Redis.Signal(18)), Stops: true),
            new("Redis slow", () => Do(() => system.RedisProxy.Delay = TimeSpan.FromMilliseconds(300)), () => Do(() => system.RedisProxy.Delay = default)),
            new("connections to Redis reset", () => Do(system.RedisProxy.Reset), () => Task.CompletedTask),
        };
        if (system.Disk is { } disk)
        {
            faults.Add(new("disk full", () => Do(disk.Fill), () => FreeAsync(disk, system.Postgres)));
        }
        else
        {
            Console.WriteLine("A disk that can be filled is left out: only root can mount one.");
        }

        foreach (var service in FaultyCluster.Services)
        {
            var (first, second) = ($"{service}-0", $"{service}-1");
            faults.Add(new($"{first} killed", () => cluster.KillAsync(first), () => cluster.StartInstanceAsync(first)));
            faults.Add(new($"{second} stopped", () => Do(() => cluster.Pause(second)), () => Do(() => cluster.Resume(second)), Stops: true));
            if (system.Links.Where(link => link.To == second).Select(link => link.Proxy).ToList() is { Count: > 0 } ways)
            {
                faults.Add(new($"{second} deaf", () => Some(ways, way => way.HoldsRequests = true), () => All(ways, way => way.HoldsRequests = false)));
                faults.Add(new($"{second} mute", () => Some(ways, way => way.HoldsResponses = true), () => All(ways, way => way.HoldsResponses = false)));
            }

            if (system.Clocks.TryGetValue(first, out var clock))
            {
                faults.Add(new($"clock of {first} leaps", () => Do(() => Leap(clock)), () => Do(() => clock.Set(TimeSpan.Zero))));
            }
        }

        if (system.Clocks.Count == 0)
        {
            Console.WriteLine("Leaps of clocks are left out: there is no C compiler.");
        }

        return faults;

        // Not towards everybody: those who still hear a service, and those who do not, must not contradict each other.
        Task Some(List<ChaosProxy> ways, Action<ChaosProxy> hold) => All([.. ways.OrderBy(_ => random.Next()).Take(random.Next(1, ways.Count + 1))], hold);

        static Task All(List<ChaosProxy> ways, Action<ChaosProxy> hold) => Do(() => ways.ForEach(hold));

        void Leap(ClockOffset clock)
        {
            var by = Leaps[random.Next(Leaps.Length)];
            Console.WriteLine($"by {by}");
            clock.Set(by);
        }

        static Task FreeAsync(SmallDisk disk, TestPostgres postgres)
        {
            disk.Free();
            return postgres.RestartAsync(); // it may have given up
        }

        static Task Do(Action action)
        {
            action();
            return Task.CompletedTask;
        }
    }

    /// <summary>What a process holds of the machine; only one that lived through it all is compared.</summary>
    private sealed record Footprint(int OpenFiles, double Megabytes);

    /// <summary>A way to break something, and to mend it; <paramref name="Stops"/>: by SIGSTOP.</summary>
    private sealed record Fault(string Name, Func<Task> Break, Func<Task> Mend, bool Stops = false);
}
