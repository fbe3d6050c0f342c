using Xerotier.Fleet.V1;
using Xerotier.Health.V1;
using Xerotier.HealthCollector.Fleet;

namespace Xerotier.HealthCollector.Tests;

public sealed class FleetRulesTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 3, 14, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(RouterState.Online, 30_000_000, true)]
    [InlineData(RouterState.Online, 30_000_001, false)]
    [InlineData(RouterState.Draining, 30_000_000, true)]
    [InlineData(RouterState.Draining, 30_000_001, false)]
    [InlineData(RouterState.Offline, 0, false)]
    [InlineData(RouterState.Unspecified, 0, false)]
    public void A_router_is_online_up_to_an_age_of_exactly_30_s(RouterState state, long ageMicroseconds, bool online)
    {
        var heardAt = FleetRules.ToMicroseconds(Now) - ageMicroseconds;
        Assert.Equal(online, FleetRules.IsOnline(state, heardAt, FleetRules.FreshSince(Now, TimeSpan.FromSeconds(30))));
    }

    [Fact]
    public void Silence_of_exactly_the_retention_stays_registered()
    {
        var since = FleetRules.RegisteredSince(Now, TimeSpan.FromHours(24), anyFresh: true);
        Assert.Equal(FleetRules.ToMicroseconds(Now.AddHours(-24)), since);
    }

    [Fact]
    public void A_fleet_that_is_silent_as_a_whole_stays_registered() =>
        Assert.Equal(0, FleetRules.RegisteredSince(Now, TimeSpan.FromHours(24), anyFresh: false));

    [Theory]
    [InlineData(0, 14.999, StoreState.Young)]
    [InlineData(0, 15, StoreState.Ready)]
    [InlineData(1, 0, StoreState.Ready)]
    public void A_store_without_a_router_is_young_below_15_s(long routers, double age, StoreState state) =>
        Assert.Equal(state, FleetRules.StateOf(new(new(routers, 0, 0), default, 0, 0, 0, TimeSpan.FromSeconds(age), TimeSpan.MaxValue), TimeSpan.FromSeconds(15)));

    [Fact]
    public void Instants_survive_to_the_microsecond_also_as_a_double()
    {
        var instant = Now.AddTicks(1_234_567_890);
        var score = (double)FleetRules.ToMicroseconds(instant);
        Assert.Equal(instant, FleetRules.FromMicroseconds((long)score));
    }
}
