using Xerotier.StatusService.Model;
using static Xerotier.StatusService.Model.ComponentStatus;

namespace Xerotier.StatusService.Tests;

public sealed class RulesTests
{
    [Theory]
    [InlineData(0, 0, Outage, "no router is registered")]
    [InlineData(1, 1, Operational, null)]
    [InlineData(1, 0, Outage, "the only router is offline")]
    [InlineData(3, 3, Operational, null)]
    [InlineData(3, 2, Degraded, "1 of 3 routers is offline")]
    [InlineData(3, 1, Degraded, "2 of 3 routers are offline")]
    [InlineData(3, 0, Outage, "all 3 routers are offline")]
    public void Routing_follows_the_routers(int total, int online, ComponentStatus status, string? reason) =>
        Assert.Equal(new Verdict(status, reason), Rules.Routing(total, online));

    [Theory]
    [InlineData(1, 0, Operational, null)]
    [InlineData(1, 1, Outage, "the only agent is not responding")]
    [InlineData(2, 1, Operational, null)] // exactly 50 %
    [InlineData(8, 4, Operational, null)] // exactly 50 %
    [InlineData(8, 5, Degraded, "5 of 8 agents are not responding")]
    [InlineData(8, 6, Degraded, "6 of 8 agents are not responding")] // exactly 75 %
    [InlineData(8, 7, Outage, "7 of 8 agents are not responding")]
    [InlineData(8, 8, Outage, "none of the 8 agents is responding")]
    [InlineData(3, 2, Degraded, "2 of 3 agents are not responding")]
    [InlineData(100_000, 50_000, Operational, null)]
    [InlineData(100_000, 50_001, Degraded, "50001 of 100000 agents are not responding")]
    [InlineData(100_000, 75_000, Degraded, "75000 of 100000 agents are not responding")]
    [InlineData(100_000, 75_001, Outage, "75001 of 100000 agents are not responding")]
    public void Shared_agents_follow_the_thresholds(int total, int stale, ComponentStatus status, string? reason) =>
        Assert.Equal(new Verdict(status, reason), Rules.SharedAgents(total, stale));

    [Fact]
    public void Components_have_the_names_that_windows_name_them_by() => Assert.Equal(
        ["Dashboard", "Inference Routing", "Shared Agents", "Model Storage"], Components.BuiltIn.Select(component => component.Name));

    [Fact]
    public void Thresholds_hold_for_counts_beyond_what_an_int_can_multiply() =>
        Assert.Equal(Outage, Rules.ByStale(int.MaxValue, int.MaxValue));

    [Fact]
    public void Without_workers_nothing_is_known() => Assert.Equal(Unknown, Rules.ByStale(0, 0));

    [Theory]
    [InlineData(OverallStatus.Operational, Operational, Operational, Operational)]
    [InlineData(OverallStatus.Degraded, Operational, Degraded, Operational)]
    [InlineData(OverallStatus.Unknown, Operational, Unknown, Degraded)]
    [InlineData(OverallStatus.PartialOutage, Operational, Outage, Unknown)]
    [InlineData(OverallStatus.PartialOutage, Degraded, Outage, Outage)]
    [InlineData(OverallStatus.PartialOutage, Unknown, Outage, Outage)]
    [InlineData(OverallStatus.MajorOutage, Outage, Outage, Outage)]
    public void Overall_is_the_first_match_and_maintenance_comes_before_all(OverallStatus overall, ComponentStatus a, ComponentStatus b, ComponentStatus c)
    {
        foreach (var order in new[] { new[] { a, b, c }, [c, b, a], [b, a, c] })
        {
            Assert.Equal(overall, Rules.Overall(order, maintenance: false));
            Assert.Equal(OverallStatus.Maintenance, Rules.Overall(order, maintenance: true));
        }
    }

    [Fact]
    public void Unknown_is_worse_than_degraded_and_better_than_an_outage()
    {
        ComponentStatus[] ranked = [Operational, Degraded, Unknown, Outage];
        for (var better = 0; better < ranked.Length; better++)
        {
            for (var worse = better; worse < ranked.Length; worse++)
            {
                Assert.Equal(ranked[worse], Rules.Worse(ranked[better], ranked[worse]));
                Assert.Equal(ranked[worse], Rules.Worse(ranked[worse], ranked[better]));
            }
        }
    }
}
