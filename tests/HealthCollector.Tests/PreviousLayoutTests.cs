using Microsoft.Extensions.Time.Testing;
using StackExchange.Redis;
using Xerotier.Fleet.V1;
using Xerotier.HealthCollector.Fleet;
using Xerotier.TestKit;
using static Xerotier.HealthCollector.Tests.TestHeartbeats;

namespace Xerotier.HealthCollector.Tests;

/// <summary>A store that an earlier release left behind, or still uses.</summary>
public class PreviousLayoutTests(RedisFixture redis) : RedisTests(redis)
{
    [Fact]
    public async Task The_first_collector_of_this_release_calls_nobody_silent_and_removes_what_is_left()
    {
        var time = Collector.Clock();
        await using var connection = await ConnectionMultiplexer.ConnectAsync(Redis.ConnectionString);
        var previous = new PreviousCollector(connection, time);
        await previous.LeaveBehindAsync();
        time.Advance(TimeSpan.FromSeconds(3));

        using var collector = new Collector(Redis.ConnectionString, time, ("Fleet:ProjectCacheMilliseconds", "0"));
        Assert.Equal((StoreState.Young, 0, 0, 0, 0), await collector.ObserveAsync());
        var fleet = await collector.GetFleetAsync();
        Assert.Equal((StoreState.Young, 0, 0), (fleet.Store, fleet.WorkersTotal, fleet.Routers.Count));

        // Those who report are known at once; that others have not reported yet says nothing.
        await collector.ReportPlatformAsync(Router("r1"), Shared("a1", "proj_ABC123/chat"));
        await collector.ReportProjectAsync(Private("w1", "chat"));
        Assert.Equal(StoreState.Young, (await collector.ObserveAsync()).Store);
        Assert.Equal(2, (await collector.GetFleetAsync()).WorkersHealthy);
        await collector.WatchAsync(time, TimeSpan.FromSeconds(12));
        Assert.Equal((StoreState.Ready, 1, 1, 1, 0), await collector.ObserveAsync());
        Assert.Equal(StoreState.Ready, (await collector.GetFleetAsync()).Store);

        // After five minutes the platform's old keys are gone; a project's expire by themselves.
        Assert.NotEmpty(await Redis.KeysAsync("fleet:{platform}:*"));
        await collector.WatchAsync(time, TimeSpan.FromMinutes(5));
        await Eventually.TrueAsync(async () => (await Redis.KeysAsync("fleet:{platform}:*")).Count == 0);
        Assert.Equal(["fleet:{proj_ABC123}:private", "fleet:{proj_ABC123}:private:seen"], (await Redis.KeysAsync("fleet:{proj_ABC123}:*")).Order());
        Assert.NotEmpty(await Redis.KeysAsync("fleet:{b*"));
    }

    [Fact]
    public async Task While_both_releases_run_neither_calls_those_silent_whom_the_other_hears()
    {
        var time = Collector.Clock();
        await using var connection = await ConnectionMultiplexer.ConnectAsync(Redis.ConnectionString);
        var previous = new PreviousCollector(connection, time);
        await previous.LeaveBehindAsync();
        using var collector = new Collector(Redis.ConnectionString, time, ("Fleet:ProjectCacheMilliseconds", "0"));
        await collector.ReportPlatformAsync(Router("moves"), Shared("moves", "proj_ABC123/chat"));
        await collector.ReportProjectAsync(Private("moves", "chat"));

        // r1, r2 and a1 have moved to the new collector, "moves" to the earlier one.
        for (var i = 0; i < 10; i++)
        {
            time.Advance(TimeSpan.FromSeconds(4));
            Assert.Equal(StoreState.Young, (await collector.ObserveAsync()).Store);
            Assert.Equal(StoreState.Young, (await collector.GetFleetAsync()).Store);
            var counts = await previous.ObserveAsync();
            Assert.Equal((2, 1), (counts.Routers, counts.SharedAgents));
            Assert.Equal((2 - counts.RoutersOnline, 1 - counts.SharedAgentsFresh), (counts.RoutersUnheard, counts.SharedAgentsUnheard));
        }

        Assert.Equal((0, 0), await previous.ObserveAsync() is var last ? (last.RoutersOnline, last.SharedAgentsFresh) : default);

        // The earlier one ends; whoever is silent 15 s later is.
        await collector.ReportPlatformAsync(Router("r1"), Router("r2"), Shared("a1"));
        await collector.WatchAsync(time, TimeSpan.FromSeconds(15) - TimeSpan.FromMicroseconds(1));
        Assert.Equal(StoreState.Young, (await collector.ObserveAsync()).Store);
        await collector.WatchAsync(time, TimeSpan.FromMicroseconds(1));
        Assert.Equal((StoreState.Ready, 3, 2, 2, 1), await collector.ObserveAsync());
    }

    /// <summary>What a collector of the earlier release did: its own script counts.</summary>
    private sealed class PreviousCollector(ConnectionMultiplexer connection, FakeTimeProvider time)
    {
        private static readonly string Count = File.ReadAllText(Path.Combine(Solution.Folder, "tests", "HealthCollector.Tests", "PreviousLayout", "count.lua"));

        private readonly IDatabase database = connection.GetDatabase();

        private long Now => FleetRules.ToMicroseconds(time.GetUtcNow());

        public async Task LeaveBehindAsync()
        {
            foreach (var (fleet, ids) in new[] { ("{platform}:routers", (string[])["r1", "r2"]), ("{platform}:shared", ["a1"]), ("{proj_ABC123}:private", ["w1"]) })
            {
                foreach (var id in ids)
                {
                    await database.HashSetAsync($"fleet:{fleet}", id, "a record");
                    await database.SortedSetAddAsync($"fleet:{fleet}:seen", id, Now);
                }
            }

            await database.SortedSetAddAsync("fleet:{platform}:routers:up", [new("r1", Now), new("r2", Now)]);
            await database.SetAddAsync("fleet:{platform}:serving:proj_ABC123", "a1");
            await database.KeyExpireAsync("fleet:{proj_ABC123}:private", TimeSpan.FromHours(24));
            await database.KeyExpireAsync("fleet:{proj_ABC123}:private:seen", TimeSpan.FromHours(24));
            await ObserveAsync();
        }

        public async Task<(long Routers, long SharedAgents, long RoutersOnline, long SharedAgentsFresh, long RoutersUnheard, long SharedAgentsUnheard)> ObserveAsync()
        {
            var n = (long[])(await database.ScriptEvaluateAsync(
                Count,
                ["fleet:{platform}:watch", "fleet:{platform}:routers:seen", "fleet:{platform}:routers:up", "fleet:{platform}:shared:seen"],
                [Now, Now - 30_000_000, Now - 86_400_000_000, 30_000_000, 15_000_000, 60_000_000, 5_000_000]))!;
            return (n[1], n[4], n[7], n[6], n[10], n[11]);
        }
    }
}
