using Xerotier.StatusService.History;
using Xerotier.StatusService.Model;

namespace Xerotier.StatusService.Tests;

public sealed class UptimeTests
{
    [Theory]
    [InlineData(86_400, 0, 0, "100")]
    [InlineData(0, 86_400, 0, "100")] // degraded counts as up
    [InlineData(0, 0, 1, "0")]
    [InlineData(85_676, 0, 724, "99.162")] // 12 min 4 s of a day
    [InlineData(7_775_999, 0, 1, "99.999")] // one second of 90 days is never 100 %
    [InlineData(long.MaxValue / 200_000, 0, 1, "99.999")]
    [InlineData(1, 1, 1, "66.666")]
    public void Is_floored_to_three_decimals(long operational, long degraded, long outage, string percent) =>
        Assert.Equal(decimal.Parse(percent), Uptime.Percent(operational, degraded, outage));

    [Fact]
    public void Of_nothing_observed_is_nothing()
    {
        Assert.Null(Uptime.Percent(0, 0, 0));
        var day = Uptime.Day(new(2026, 11, 3), 86_400, new(0, 0, Maintenance: 600, 0), InstallationDay.After);
        Assert.Null(day.UptimePercent);
        Assert.Equal((600, 85_800), (day.Maintenance, day.NoData));
    }

    [Fact]
    public void Maintenance_and_no_data_are_in_neither_part()
    {
        var day = Uptime.Day(new(2026, 11, 3), 86_400, new(Operational: 900, 0, Maintenance: 3600, Outage: 100), InstallationDay.After);
        Assert.Equal(90m, day.UptimePercent);
        Assert.Equal(86_400, day.Operational + day.Degraded + day.Outage + day.Maintenance + day.NoData);
    }

    [Fact]
    public void Every_second_of_a_day_is_in_one_part()
    {
        var day = Uptime.Day(new(2026, 11, 3), 86_400, new(Operational: 10_000, Degraded: 2_000, Maintenance: 300, Outage: 40), InstallationDay.After);
        Assert.Equal((10_000, 2_000, 300, 40, 74_060), (day.Operational, day.Degraded, day.Maintenance, day.Outage, day.NoData));
        Assert.Equal(99.667m, Uptime.Percent([day])); // 12,000 of 12,040
        Assert.Equal(0, Uptime.Day(new(2026, 11, 3), 100, new(200, 0, 0, 0), InstallationDay.After).NoData); // never less than none
    }

    [Fact]
    public void Of_many_days_is_the_whole_not_the_mean_of_the_days()
    {
        Day[] days =
        [
            Uptime.Day(new(2026, 11, 2), 86_400, new(86_400, 0, 0, 0), InstallationDay.On),
            Uptime.Day(new(2026, 11, 3), 86_400, new(0, 0, 0, Outage: 100), InstallationDay.After),
        ];
        Assert.Equal(99.884m, Uptime.Percent(days)); // 86,400 of 86,500
    }
}
