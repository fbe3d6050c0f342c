using Microsoft.Extensions.Time.Testing;
using StackExchange.Redis;
using Xerotier.Fleet.V1;
using Xerotier.Health.V1;
using Xerotier.HealthCollector.Fleet;
using static Xerotier.HealthCollector.Tests.TestHeartbeats;

namespace Xerotier.HealthCollector.Tests;

public class PlatformMonitorTests(RedisFixture redis) : RedisTests(redis)
{
    private static readonly TimeSpan Microsecond = TimeSpan.FromMicroseconds(1);

    [Fact]
    public async Task A_heartbeat_is_fresh_at_exactly_30_s_and_stale_after()
    {
        var time = Collector.Clock();
        using var collector = new Collector(Redis.ConnectionString, time);
        Assert.Equal(3, (await collector.ReportPlatformAsync(Router("r1"), Shared("a1"), Shared("a2"))).Accepted);

        time.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal((StoreState.Ready, 1, 1, 2, 0), await collector.ObserveAsync());

        time.Advance(Microsecond);
        Assert.Equal((StoreState.Ready, 1, 0, 2, 2), await collector.ObserveAsync());

        await collector.ReportPlatformAsync(Router("r1"), Shared("a2"));
        Assert.Equal((StoreState.Ready, 1, 1, 2, 1), await collector.ObserveAsync());
    }

    [Fact]
    public async Task A_draining_router_is_online_and_an_offline_one_stays_registered()
    {
        using var collector = new Collector(Redis.ConnectionString);
        await collector.ReportPlatformAsync(Router("r1"), Router("r2", RouterState.Draining), Router("r3", RouterState.Offline));
        Assert.Equal((StoreState.Ready, 3, 2, 0, 0), await collector.ObserveAsync());

        await collector.ReportPlatformAsync(Router("r1", RouterState.Offline), Router("r3"));
        Assert.Equal((StoreState.Ready, 3, 2, 0, 0), await collector.ObserveAsync());

        await collector.ReportPlatformAsync(Router("r2", RouterState.Offline), Router("r3", RouterState.Offline));
        Assert.Equal((StoreState.Ready, 3, 0, 0, 0), await collector.ObserveAsync());
    }

    [Fact]
    public async Task An_agent_that_signs_off_is_gone_and_leaves_nothing_behind()
    {
        using var collector = new Collector(Redis.ConnectionString);
        var shared = Shared("a1", "proj_ABC123/chat", "proj_DEF456/chat");
        var own = Private("w1", "chat");
        await collector.ReportPlatformAsync(shared);
        await collector.ReportProjectAsync(own);
        await collector.ReportPlatformAsync(Offline(shared));
        await collector.ReportProjectAsync(Offline(own));

        await using var redis = await ConnectionMultiplexer.ConnectAsync(Redis.ConnectionString);
        var left = (await Redis.KeysAsync()).ToList();
        Assert.Empty(left.Except([.. Buckets.Prefixes.Select(bucket => bucket + "watch"), FleetKey.OfSharedAgent("a1").Root + ":gone", FleetKey.PrivateAgents("proj_ABC123").Root + ":gone"]));
        foreach (var key in left.Where(key => key.EndsWith(":gone", StringComparison.Ordinal)))
        {
            Assert.InRange((await redis.GetDatabase().KeyTimeToLiveAsync(key))!.Value, TimeSpan.Zero, TimeSpan.FromSeconds(10));
        }
    }

    [Fact]
    public async Task Silence_beyond_the_retention_ends_a_registration_while_others_report()
    {
        var time = Collector.Clock();
        using var collector = new Collector(Redis.ConnectionString, time);
        await collector.ReportPlatformAsync(Router("r1"), Router("r2"), Shared("a1", "proj_ABC123/chat"), Shared("a2"));

        time.Advance(TimeSpan.FromHours(24));
        await collector.ReportPlatformAsync(Router("r1"), Shared("a2"));
        Assert.Equal((StoreState.Ready, 2, 1, 2, 1), await collector.ObserveAsync());

        time.Advance(Microsecond);
        Assert.Equal((StoreState.Ready, 1, 1, 1, 0), await collector.ObserveAsync());
        Assert.Equal(["r1"], (await collector.GetFleetAsync()).Routers.Select(router => router.Id));

        await collector.ReportPlatformAsync(Router("r1"), Shared("a2"));
        await using var redis = await ConnectionMultiplexer.ConnectAsync(Redis.ConnectionString);
        var db = redis.GetDatabase();
        Assert.Equal((1, 0), (await db.HashLengthAsync(FleetKey.OfRouter("r1").Root), await db.HashLengthAsync(FleetKey.OfRouter("r2").Root)));
        Assert.Equal((0, 1), (await db.SortedSetLengthAsync(FleetKey.OfSharedAgent("a1").Root + ":seen"), await db.SortedSetLengthAsync(FleetKey.OfSharedAgent("a2").Root + ":seen")));
        Assert.Empty(await Redis.KeysAsync("*serving*"));
    }

    [Fact]
    public async Task The_last_records_of_a_fleet_that_is_silent_as_a_whole_are_not_retired()
    {
        var time = Collector.Clock();
        using var collector = new Collector(Redis.ConnectionString, time);
        await collector.ReportPlatformAsync(Router("r1"), Router("r2"), Shared("a1"), Shared("a2"));

        time.Advance(TimeSpan.FromDays(9));
        Assert.Equal((StoreState.Ready, 2, 0, 2, 2), await collector.ObserveAsync());

        // Routers and shared agents are fleets of their own.
        await collector.ReportPlatformAsync(Router("r2"));
        Assert.Equal((StoreState.Ready, 1, 1, 2, 2), await collector.ObserveAsync());
    }

    [Fact]
    public async Task The_time_of_receipt_decides_whichever_collector_writes_last()
    {
        var early = Collector.Clock();
        var late = new FakeTimeProvider(early.GetUtcNow() + TimeSpan.FromMilliseconds(5));
        using var first = new Collector(Redis.ConnectionString, early, ("Fleet:ProjectCacheMilliseconds", "0"));
        using var second = new Collector(Redis.ConnectionString, late, ("Fleet:ProjectCacheMilliseconds", "0"));

        var newer = Private("w1", "chat");
        newer.Agent.ActiveRequests = 9;
        await second.ReportProjectAsync(newer);
        Assert.Equal(1, (await first.ReportProjectAsync(Private("w1", "embed"))).Accepted);
        var worker = Assert.Single((await second.GetFleetAsync()).Workers);
        Assert.Equal((9, "chat"), (worker.ActiveRequests, Assert.Single(worker.Endpoints)));

        // Signed off at the later instant: an older heartbeat does not bring it back, a newer one does.
        await second.ReportProjectAsync(Offline(newer));
        await first.ReportProjectAsync(Private("w1"));
        Assert.Equal(0, (await second.GetFleetAsync()).WorkersTotal);
        early.Advance(TimeSpan.FromMilliseconds(6));
        await first.ReportProjectAsync(Private("w1"));
        Assert.Equal(1, (await first.GetFleetAsync()).WorkersTotal);

        // A router's older "offline" does not take a newer "online" back.
        late.Advance(TimeSpan.FromSeconds(1));
        await second.ReportPlatformAsync(Router("r1"));
        await first.ReportPlatformAsync(Router("r1", RouterState.Offline));
        Assert.Equal((StoreState.Ready, 1, 1, 0, 0), await second.ObserveAsync());
    }

    [Fact]
    public async Task A_heartbeat_that_two_collectors_receive_counts_once()
    {
        using var first = new Collector(Redis.ConnectionString);
        using var second = new Collector(Redis.ConnectionString);
        var heartbeats = Enumerable.Range(0, 50).Select(i => Shared($"a{i}", "proj_ABC123/chat")).Append(Router("r1")).ToArray();
        for (var round = 0; round < 5; round++)
        {
            await Task.WhenAll(first.ReportPlatformAsync(heartbeats), second.ReportPlatformAsync(heartbeats));
        }

        Assert.Equal((StoreState.Ready, 1, 1, 50, 0), await first.ObserveAsync());
        Assert.Equal((50, 50), await second.GetFleetAsync() is var fleet ? (fleet.WorkersTotal, fleet.WorkersHealthy) : default);
    }

    [Fact]
    public async Task A_store_without_a_router_is_young_for_15_s_but_a_new_collector_does_not_make_it_so()
    {
        var time = Collector.Clock();
        using (var collector = new Collector(Redis.ConnectionString, time))
        {
            Assert.Equal(StoreState.Young, (await collector.ObserveAsync()).Store);
            await collector.ReportPlatformAsync(Shared("a1"));
            await collector.WatchAsync(time, TimeSpan.FromSeconds(15) - Microsecond);
            Assert.Equal(StoreState.Young, (await collector.ObserveAsync()).Store);
            Assert.Equal(StoreState.Young, (await collector.GetFleetAsync()).Store);
        }

        using var restarted = new Collector(Redis.ConnectionString, time);
        time.Advance(Microsecond);
        Assert.Equal((StoreState.Ready, 0, 0, 1, 0), await restarted.ObserveAsync());
    }

    [Fact]
    public async Task A_routers_first_heartbeat_ends_youth_at_once_and_emptying_the_store_begins_it_again()
    {
        var time = Collector.Clock();
        using var collector = new Collector(Redis.ConnectionString, time);
        Assert.Equal(StoreState.Young, (await collector.ObserveAsync()).Store);
        await collector.ReportPlatformAsync(Router("r1"));
        Assert.Equal((StoreState.Ready, 1, 1, 0, 0), await collector.ObserveAsync());

        time.Advance(TimeSpan.FromMinutes(10));
        await Redis.EmptyAsync();
        Assert.Equal(StoreState.Young, (await collector.ObserveAsync()).Store);
    }

    [Fact]
    public async Task Who_fell_silent_during_a_gap_of_the_collectors_has_15_s_to_report_again()
    {
        var time = Collector.Clock();
        using (var collector = new Collector(Redis.ConnectionString, time))
        {
            await collector.ReportPlatformAsync(Router("gone"), Shared("gone"));
            await collector.WatchAsync(time, TimeSpan.FromSeconds(31)); // these two fell silent while the collector watched
            await collector.ReportPlatformAsync(Router("r1"), Router("r2"), Router("off", RouterState.Offline), Shared("a1"), Shared("a2"));
            Assert.Equal((0, 0), await collector.UnheardAsync());
        }

        time.Advance(TimeSpan.FromSeconds(36));
        using var late = new Collector(Redis.ConnectionString, time, ("Fleet:ProjectCacheMilliseconds", "0"));
        Assert.Equal((StoreState.Ready, 4, 0, 3, 3), await late.ObserveAsync());
        Assert.Equal((2, 2), await late.UnheardAsync());
        Assert.Equal(StoreState.Young, (await late.GetFleetAsync()).Store);

        await late.ReportPlatformAsync(Router("r1"), Shared("a1"), Shared("a2"));
        Assert.Equal((1, 0), await late.UnheardAsync());

        // A second gap within that time does not shorten it.
        await late.WatchAsync(time, TimeSpan.FromSeconds(3));
        time.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal((1, 0), await late.UnheardAsync());
        await late.WatchAsync(time, TimeSpan.FromSeconds(15) - Microsecond);
        Assert.Equal((1, 0), await late.UnheardAsync());
        await late.WatchAsync(time, Microsecond);
        Assert.Equal((0, 0), await late.UnheardAsync());
        Assert.Equal((StoreState.Ready, 4, 1, 3, 1), await late.ObserveAsync());
        Assert.Equal(StoreState.Ready, (await late.GetFleetAsync()).Store);
    }

    [Fact]
    public async Task Who_reported_in_this_watch_and_falls_silent_gets_no_more_time()
    {
        var time = Collector.Clock();
        using var collector = new Collector(Redis.ConnectionString, time, ("Fleet:StaleAfterSeconds", "2"), ("Fleet:ProjectCacheMilliseconds", "0"));
        await collector.WatchAsync(time, TimeSpan.FromSeconds(1));
        await collector.ReportPlatformAsync(Router("r1"), Shared("a1", "proj_ABC123/chat"));
        await collector.WatchAsync(time, TimeSpan.FromSeconds(2) + Microsecond);
        Assert.Equal((StoreState.Ready, 1, 0, 1, 1), await collector.ObserveAsync());
        Assert.Equal((0, 0), await collector.UnheardAsync());
        Assert.Equal(StoreState.Ready, (await collector.GetFleetAsync()).Store);
    }

    [Fact]
    public async Task A_gap_of_five_seconds_does_not_end_the_watch()
    {
        var time = Collector.Clock();
        using var collector = new Collector(Redis.ConnectionString, time);
        await collector.ReportPlatformAsync(Router("r1"));
        for (var i = 0; i < 7; i++)
        {
            time.Advance(TimeSpan.FromSeconds(5));
            Assert.Equal((0, 0), await collector.UnheardAsync());
        }

        Assert.Equal((StoreState.Ready, 1, 0, 0, 0), await collector.ObserveAsync());
    }

    [Fact]
    public async Task A_dashboard_shows_at_once_that_the_store_was_emptied()
    {
        using var collector = new Collector(Redis.ConnectionString, null, ("Fleet:ProjectCacheMilliseconds", "0"));
        await collector.ReportPlatformAsync(Router("r1"));
        await collector.ReportProjectAsync(Private("w1", "chat"));
        for (var i = 0; i < 20; i++)
        {
            await Redis.EmptyAsync();
            Assert.Equal(StoreState.Young, (await collector.GetFleetAsync()).Store);
        }
    }

    [Fact]
    public async Task A_collector_whose_clock_is_far_ahead_suppresses_no_later_heartbeat()
    {
        var (right, wrong) = (Collector.Clock(), Collector.Clock());
        wrong.Advance(TimeSpan.FromSeconds(61));
        using var first = new Collector(Redis.ConnectionString, wrong);
        using var second = new Collector(Redis.ConnectionString, right, ("Fleet:ProjectCacheMilliseconds", "0"));
        await first.ReportPlatformAsync(Router("r1", RouterState.Offline));
        await first.ReportProjectAsync(Private("w1", "wrong"));
        await second.ReportPlatformAsync(Router("r1"));
        await second.ReportProjectAsync(Private("w1", "right"));
        Assert.Equal((StoreState.Ready, 1, 1, 0, 0), await second.ObserveAsync());
        Assert.Equal(["right"], (await second.GetFleetAsync()).Workers.Single().Endpoints);
        await second.ReportProjectAsync(Offline(Private("w1")));
        Assert.Equal(0, (await second.GetFleetAsync()).WorkersTotal);
    }

    [Fact]
    public async Task A_change_is_pushed_at_once_and_staleness_when_30_s_have_passed()
    {
        var time = Collector.Clock();
        using var collector = new Collector(Redis.ConnectionString, time);
        using var watch = collector.Watch();
        await Collector.NextAsync(watch, health => health.Store == StoreState.Young);

        // The clock stands still: only the heartbeats themselves can bring these.
        await collector.ReportPlatformAsync(Router("r1"), Router("r2"), Shared("a1"));
        var health = await Collector.NextAsync(watch, health => health is { Store: StoreState.Ready, RoutersOnline: 2, SharedAgentsTotal: 1 });
        Assert.Equal((2, 0), (health.RoutersTotal, health.SharedAgentsStale));
        await collector.ReportPlatformAsync(Router("r2", RouterState.Offline), Offline(Shared("a1")));
        await Collector.NextAsync(watch, health => health is { RoutersTotal: 2, RoutersOnline: 1, SharedAgentsTotal: 0 });

        time.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(1, (await Collector.NextAsync(watch, health => health.ObservedAt.ToDateTimeOffset() == time.GetUtcNow())).RoutersOnline);
        time.Advance(TimeSpan.FromMilliseconds(250));
        Assert.Equal(time.GetUtcNow(), (await Collector.NextAsync(watch, health => health.RoutersOnline == 0)).ObservedAt.ToDateTimeOffset());
    }

    [Fact]
    public async Task A_keepalive_comes_twice_a_second_and_a_second_collector_sees_what_the_first_received()
    {
        var time = Collector.Clock();
        using var first = new Collector(Redis.ConnectionString, time);
        using var second = new Collector(Redis.ConnectionString, time);
        using var watch = second.Watch();
        await Collector.NextAsync(watch, _ => true);
        await first.ReportPlatformAsync(Router("r1"));
        time.Advance(TimeSpan.FromMilliseconds(250));
        var health = await Collector.NextAsync(watch, health => health is { Store: StoreState.Ready, RoutersOnline: 1 });
        for (var i = 0; i < 3; i++)
        {
            time.Advance(TimeSpan.FromMilliseconds(500));
            var next = await Collector.NextAsync(watch, _ => true);
            Assert.Equal(1, next.RoutersOnline);
            Assert.True(next.ObservedAt > health.ObservedAt);
            health = next;
        }
    }
}
