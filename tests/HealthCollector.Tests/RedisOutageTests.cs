using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using StackExchange.Redis;
using Xerotier.Fleet.V1;
using Xerotier.HealthCollector.Fleet;
using Xerotier.TestKit;
using static Xerotier.HealthCollector.Tests.TestHeartbeats;

namespace Xerotier.HealthCollector.Tests;

/// <summary>Each test breaks a Redis of its own.</summary>
[Collection("outages")]
public sealed class RedisOutageTests
{
    [Fact]
    public async Task Without_Redis_nothing_is_acknowledged_and_all_recovers_by_itself()
    {
        await using var redis = await TestRedis.StartAsync();
        using var collector = new Collector(redis.ConnectionString);
        using var watch = collector.Watch();
        using var call = collector.Open(collector.PlatformToken);
        Assert.Equal(2, (await call.SendAsync(Router("r1"), Shared("a1"))).Accepted);
        await Collector.NextAsync(watch, health => health is { Store: StoreState.Ready, RoutersOnline: 1 });

        await redis.KillAsync();
        await Collector.NextAsync(watch, health => health.Store == StoreState.Unavailable);
        var refused = await call.SendAsync(Router("r1"), Router("not valid"));
        Assert.Equal([(0, "service_unavailable"), (1, "invalid_request")], refused.Errors.Select(error => (error.Index, error.Code)));
        Assert.Equal(StoreState.Unavailable, (await collector.GetFleetAsync()).Store);
        var (status, response) = await HeartbeatEndpointsTests.PostAsync(
            collector, "/v1/platform/heartbeats", collector.PlatformToken, """{"heartbeats":[{"router_id":"r1","state":"online"}]}""");
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "service_unavailable"), (status, HeartbeatEndpointsTests.Code(response)));
        await Collector.NextAsync(watch, health => health.Store == StoreState.Unavailable); // the keepalive goes on

        // Empty and young again; the same stream's next heartbeats rebuild it.
        await redis.RestartAsync();
        await Collector.NextAsync(watch, health => health.Store == StoreState.Young, seconds: 30);
        Assert.Equal(2, (await call.SendAsync(Router("r1"), Shared("a1"))).Accepted);
        await Collector.NextAsync(watch, health => health is { Store: StoreState.Ready, RoutersOnline: 1, SharedAgentsTotal: 1 });
    }

    [Fact]
    public async Task A_Redis_that_hangs_is_noticed_in_time_and_does_not_fill_memory()
    {
        await using var redis = await TestRedis.StartAsync();
        using var collector = new Collector(redis.ConnectionString, null, ("RateLimits:HeartbeatsPerMinute", "0"), ("RateLimits:ProjectHeartbeatsPerMinute", "0"));
        using var watch = collector.Watch();
        using var call = collector.Open(collector.PlatformToken);
        Assert.Equal(1, (await call.SendAsync(Router("r1"))).Accepted);
        await Collector.NextAsync(watch, health => health is { RoutersOnline: 1 });

        redis.Signal(ChildProcess.Stop);
        try
        {
            await Collector.NextAsync(watch, health => health.Store == StoreState.Unavailable);
            Assert.Equal(StoreState.Unavailable, (await collector.GetFleetAsync()).Store);

            // Refused at once, however many: nothing waits for a store that is known to be away.
            var batch = Enumerable.Range(0, 1000).Select(i => Shared($"a{i}")).ToArray();
            var before = GC.GetTotalMemory(forceFullCollection: true);
            for (var i = 0; i < 100; i++)
            {
                Assert.Equal(0, (await call.SendAsync(batch)).Accepted);
            }

            Assert.True(GC.GetTotalMemory(forceFullCollection: true) - before < 32 << 20);
        }
        finally
        {
            redis.Signal(ChildProcess.Continue);
        }

        await Collector.NextAsync(watch, health => health is { Store: StoreState.Ready, RoutersTotal: 1 }, seconds: 30);
        Assert.Equal(1, (await call.SendAsync(Shared("a1"))).Accepted);
    }

    [Fact]
    public async Task A_Redis_that_refuses_writes_counts_as_unavailable()
    {
        await using var redis = await TestRedis.StartAsync();
        using var collector = new Collector(redis.ConnectionString, null, ("Fleet:ProjectCacheMilliseconds", "0"));
        using var watch = collector.Watch();
        using var http = collector.Http(null);
        await collector.ReportPlatformAsync(Router("r1"));
        await Collector.NextAsync(watch, health => health is { Store: StoreState.Ready, RoutersOnline: 1 });
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/readyz")).StatusCode);
        await using var connection = await ConnectionMultiplexer.ConnectAsync(redis.ConnectionString + ",allowAdmin=true");
        await connection.GetServers()[0].ConfigSetAsync("maxmemory", "1");
        await Collector.NextAsync(watch, health => health.Store == StoreState.Unavailable);
        Assert.Equal("service_unavailable", (await collector.ReportPlatformAsync(Router("r1"))).Errors.Single().Code);
        await connection.GetDatabase().PingAsync(); // it answers, and is of no use
        var report = await collector.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync();
        Assert.Contains("maxmemory", report.Entries["redis"].Description, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await http.GetAsync("/readyz")).StatusCode);

        await connection.GetServers()[0].ConfigSetAsync("maxmemory", "0");
        await Collector.NextAsync(watch, health => health is { Store: StoreState.Ready, RoutersOnline: 1 });
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/readyz")).StatusCode);
        Assert.Equal(1, (await collector.ReportPlatformAsync(Router("r1"))).Accepted);
    }

    [Fact]
    public async Task A_Redis_that_evicts_is_told_of_once_at_the_start_and_after_a_reconnect()
    {
        await using var redis = await TestRedis.StartAsync();
        await using var connection = await ConnectionMultiplexer.ConnectAsync(redis.ConnectionString + ",allowAdmin=true");
        await connection.GetServers()[0].ConfigSetAsync("maxmemory-policy", "allkeys-lru");
        using var log = new LogRecorder();
        using var collector = new Collector(redis.ConnectionString, null, log);
        await Eventually.TrueAsync(() => Warnings().Length == 1);

        await ReconnectAsync("allkeys-lru");
        await ReconnectAsync("volatile-ttl");
        await Eventually.TrueAsync(() => Warnings().Any(warning => warning.Contains("volatile-ttl", StringComparison.Ordinal)));
        Assert.Equal(2, Warnings().Length);

        async Task ReconnectAsync(string policy)
        {
            await connection.GetServers()[0].ConfigSetAsync("maxmemory-policy", policy);
            await connection.GetDatabase().ExecuteAsync("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
        }

        string[] Warnings() => [.. log.Entries.Where(entry => entry.Message.Contains("maxmemory-policy", StringComparison.Ordinal)).Select(entry => entry.Message)];
    }

    [Fact]
    public async Task A_Redis_that_begins_to_evict_is_noticed_within_a_minute_and_so_is_its_end()
    {
        await using var redis = await TestRedis.StartAsync();
        await using var connection = await ConnectionMultiplexer.ConnectAsync(redis.ConnectionString + ",allowAdmin=true");
        var time = Collector.Clock();
        using var collector = new Collector(redis.ConnectionString, time);
        var metrics = collector.Services.GetRequiredService<CollectorMetrics>();
        using var watch = collector.Watch();
        await Collector.NextAsync(watch, health => health.Store == StoreState.Young);
        foreach (var policy in (string[])["allkeys-lru", "noeviction"])
        {
            await connection.GetServers()[0].ConfigSetAsync("maxmemory-policy", policy);
            time.Advance(TimeSpan.FromMinutes(1));
            await Eventually.TrueAsync(() => metrics.Evicts == (policy != "noeviction"));
        }
    }

    [Fact]
    public async Task A_collector_starts_without_Redis_and_finds_it_later()
    {
        await using var redis = await TestRedis.StartAsync();
        await redis.KillAsync();
        using var collector = new Collector(redis.ConnectionString);
        using var watch = collector.Watch();
        await Collector.NextAsync(watch, health => health.Store == StoreState.Unavailable);
        await redis.RestartAsync();
        await Collector.NextAsync(watch, health => health.Store == StoreState.Young, seconds: 30);
        Assert.Equal(1, (await collector.ReportPlatformAsync(Router("r1"))).Accepted);
    }

    [Fact]
    public async Task A_store_that_is_emptied_under_load_is_rebuilt_by_the_next_heartbeats()
    {
        await using var redis = await TestRedis.StartAsync();
        using var first = new Collector(redis.ConnectionString);
        using var second = new Collector(redis.ConnectionString);
        var heartbeats = Enumerable.Range(0, 100).Select(i => Shared($"a{i}", "proj_ABC123/chat")).Append(Router("r1")).ToArray();
        await first.ReportPlatformAsync(heartbeats);
        await RedisFixture.EmptyAsync(redis.ConnectionString);
        await Task.WhenAll(first.ReportPlatformAsync(heartbeats), second.ReportPlatformAsync(heartbeats));
        Assert.Equal((StoreState.Ready, 1, 1, 100, 0), await second.ObserveAsync());
        Assert.Equal(100, (await second.GetFleetAsync()).WorkersTotal);
    }
}
