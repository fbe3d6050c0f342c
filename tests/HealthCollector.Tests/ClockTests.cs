using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Xerotier.Fleet.V1;
using Xerotier.ServiceDefaults;
using Xerotier.TestKit;
using static Xerotier.HealthCollector.Tests.TestHeartbeats;

namespace Xerotier.HealthCollector.Tests;

public sealed class ClockTests(RedisFixture redis) : RedisTests(redis)
{
    [Theory]
    [InlineData(35)]
    [InlineData(-35)]
    public async Task A_collector_whose_clock_is_off_goes_by_Redis_and_says_so(int seconds)
    {
        var time = new LeapingTime(TimeProvider.System);
        using var log = new LogRecorder();
        using var right = new Collector(Redis.ConnectionString);
        using var wrong = new Collector(Redis.ConnectionString, time, log, ("Fleet:ProjectCacheMilliseconds", "0"));
        using var http = wrong.Http(null);
        var clock = wrong.Services.GetRequiredService<RedisClock>();
        await Eventually.TrueAsync(() => clock.Skew is not null);
        Assert.InRange(clock.Skew!.Value.TotalSeconds, -1, 1);
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/readyz")).StatusCode);
        await right.ReportPlatformAsync(Router("r1"), Shared("a1"));
        await right.ReportProjectAsync(Private("w1", "chat"));

        // 35 s ahead it would call silent whom the other one heard, 35 s behind the other one would whom it heard.
        time.Ahead = TimeSpan.FromSeconds(seconds);
        Assert.Equal((StoreState.Ready, 1, 1, 1, 0), await wrong.ObserveAsync());
        await wrong.ReportPlatformAsync(Router("r2"), Shared("a2"));
        await wrong.ReportProjectAsync(Private("w2", "chat"));
        Assert.Equal((StoreState.Ready, 2, 2, 2, 0), await right.ObserveAsync());
        Assert.Equal((StoreState.Ready, 2, 2, 2, 0), await wrong.ObserveAsync());
        var fleet = await wrong.GetFleetAsync();
        Assert.Equal((2, 2), (fleet.WorkersTotal, fleet.WorkersHealthy));

        using (var ready = await http.GetAsync("/readyz"))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
            Assert.Contains("\"redis_clock\":\"unavailable\"", await ready.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        Assert.Single(log.Entries, entry => entry.Message.Contains("from Redis'", StringComparison.Ordinal));
        time.Ahead = default;
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/readyz")).StatusCode);
    }
}
