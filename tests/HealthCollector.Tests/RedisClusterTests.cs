using System.Globalization;
using Xerotier.Fleet.V1;
using Xerotier.HealthCollector.Fleet;
using Xerotier.TestKit;
using static Xerotier.HealthCollector.Tests.TestHeartbeats;

namespace Xerotier.HealthCollector.Tests;

/// <summary>Each test breaks a Redis Cluster of its own.</summary>
[Collection("outages")]
public sealed class RedisClusterTests
{
    private static readonly (string, string)[] Settings =
        [("Fleet:ProjectCacheMilliseconds", "0"), ("RateLimits:HeartbeatsPerMinute", "0"), ("RateLimits:ProjectHeartbeatsPerMinute", "0"), ("Fleet:YoungStoreSeconds", "3"), ("Fleet:MaxAgentsPerProject", "3")];

    [Fact]
    public async Task A_fleet_is_spread_over_the_nodes_and_behaves_as_on_one()
    {
        await using var cluster = await TestRedisCluster.StartAsync();
        using var collector = new Collector(cluster.ConnectionString, null, Settings);
        var agents = Enumerable.Range(0, 300).Select(i => Shared($"a{i}", $"proj_NUMBER{i % 3}/chat")).ToArray();
        Assert.Equal(320, (await collector.ReportPlatformAsync([.. agents, .. Enumerable.Range(0, 20).Select(i => Router($"r{i}"))])).Accepted);
        foreach (var node in cluster.Nodes)
        {
            Assert.InRange(int.Parse(await node.ExecuteAsync("DBSIZE"), CultureInfo.InvariantCulture), 30, int.MaxValue);
        }

        // Signed off, and served by.
        Assert.Equal(150, (await collector.ReportPlatformAsync([.. agents[..150].Select(Offline)])).Accepted);
        Assert.Equal((StoreState.Ready, 20, 20, 150, 0), await collector.ObserveAsync());
        Assert.Equal(50, (await collector.GetFleetAsync("proj_NUMBER1", limit: 1000)).WorkersHealthy);
        Assert.Equal(20, (await collector.GetFleetAsync("proj_NUMBER1")).Routers.Count);

        // A quota is a project's own, whoever shares its bucket.
        foreach (var project in Enumerable.Range(0, 40).Select(i => $"proj_QUOTA{i}"))
        {
            var response = await collector.ReportAsync(collector.ProjectToken(project), [.. Enumerable.Range(0, 4).Select(i => Private($"w{i}", "own"))]);
            Assert.Equal((3, "quota_exceeded"), (response.Accepted, response.Errors.Single().Code));
            Assert.Equal((3, 3), await collector.GetFleetAsync(project) is var fleet ? (fleet.WorkersTotal, fleet.WorkersHealthy) : default);
        }
    }

    [Fact]
    public async Task A_node_that_is_away_makes_the_platform_unknown_and_one_that_lost_its_data_calls_nobody_silent()
    {
        await using var cluster = await TestRedisCluster.StartAsync();
        using var collector = new Collector(cluster.ConnectionString, null, Settings);
        using var watch = collector.Watch();
        var platform = Enumerable.Range(0, 60).Select(i => Shared($"a{i}", "proj_NUMBER1/chat")).Concat(Enumerable.Range(0, 30).Select(i => Router($"r{i}"))).ToArray();
        Assert.Equal(90, (await collector.ReportPlatformAsync(platform)).Accepted);
        var node = cluster.Nodes[1];
        var (lost, kept) = (await ProjectAsync(node), await ProjectAsync(cluster.Nodes[2]));
        foreach (var project in new[] { lost, kept })
        {
            await collector.ReportAsync(collector.ProjectToken(project), Private("w1", "own"));
        }

        await Collector.NextAsync(watch, health => health is { Store: StoreState.Ready, RoutersOnline: 30, SharedAgentsTotal: 60 });
        await Task.Delay(TimeSpan.FromSeconds(6), TestContext.Current.CancellationToken); // the nodes began together; one that begins this much later is another story

        await node.KillAsync();
        await Collector.NextAsync(watch, health => health.Store == StoreState.Unavailable);
        await Eventually.TrueAsync(async () => (await collector.ReportAsync(collector.ProjectToken(kept), Private("w1", "own"))).Accepted == 1, "the other nodes take heartbeats");
        Assert.Equal("service_unavailable", (await collector.ReportAsync(collector.ProjectToken(lost), Private("w1", "own"))).Errors.Single().Code);
        Assert.Equal(StoreState.Unavailable, (await collector.GetFleetAsync(lost)).Store);

        // A batch that goes to all nodes: what can be written is.
        var some = await collector.ReportPlatformAsync(platform);
        Assert.InRange(some.Accepted, 30, 80);
        Assert.All(some.Errors, error => Assert.Equal("service_unavailable", error.Code));
        Assert.Equal(StoreState.Unavailable, (await collector.ObserveAsync()).Store);

        // Back and empty: a third of the fleet is missing, so nothing is said of it, until it has had the time to report.
        await node.RestartAsync();
        await cluster.WholeAsync();
        await Collector.NextAsync(watch, health => health.Store != StoreState.Unavailable && Said(health, StoreState.Young), seconds: 60);
        Assert.Equal(StoreState.Young, (await collector.GetFleetAsync(lost)).Store);
        await Eventually.TrueAsync(async () => (await collector.ReportPlatformAsync(platform)).Accepted == 90);
        await Collector.NextAsync(watch, health => health.Store != StoreState.Young && Said(health, StoreState.Ready) && health is { RoutersTotal: 30, RoutersOnline: 30, SharedAgentsTotal: 60, SharedAgentsStale: 0 });
        Assert.Equal(60, (await collector.GetFleetAsync("proj_NUMBER1")).WorkersHealthy);

        static bool Said(WatchPlatformHealthResponse health, StoreState state)
        {
            Assert.Equal(state, health.Store);
            return true;
        }

        async Task<string> ProjectAsync(TestRedis node)
        {
            for (var i = 0; ; i++)
            {
                if (await cluster.NodeOfAsync(FleetKey.PrivateAgents($"proj_NUMBER{i}").Root) == node)
                {
                    return $"proj_NUMBER{i}";
                }
            }
        }
    }

    [Fact]
    public async Task A_node_that_evicts_is_told_of()
    {
        await using var cluster = await TestRedisCluster.StartAsync();
        await cluster.Nodes[2].ExecuteAsync("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
        using var log = new LogRecorder();
        using var collector = new Collector(cluster.ConnectionString, null, log);
        await Eventually.TrueAsync(() => log.Entries.Any(entry => entry.Message.Contains("allkeys-lru", StringComparison.Ordinal)));
    }
}
