using Xerotier.Fleet.V1;
using static Xerotier.HealthCollector.Tests.Beats;

namespace Xerotier.HealthCollector.Tests;

[Collection("redis")]
public sealed class PlatformHealthTests(RedisFixture fixture) : IAsyncLifetime
{
    public async ValueTask InitializeAsync() => await Collector.EmptyAsync(fixture.Redis);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task A_heartbeat_is_fresh_at_exactly_30_s_and_stale_after()
    {
        var time = Collector.Clock();
        using var collector = new Collector(fixture.Redis.ConnectionString, time);
        Assert.Equal(3, (await collector.ReportPlatformAsync(Router("r1"), Shared("a1"), Shared("a2"))).Accepted);

        time.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal((StoreState.Ready, 1, 1, 2, 0), await collector.ObserveAsync());

        time.Advance(TimeSpan.FromMicroseconds(1));
        Assert.Equal((StoreState.Ready, 1, 0, 2, 2), await collector.ObserveAsync());

        await collector.ReportPlatformAsync(Router("r1"), Shared("a2"));
        Assert.Equal((StoreState.Ready, 1, 1, 2, 1), await collector.ObserveAsync());
    }
}
