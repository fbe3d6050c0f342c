using Xerotier.StatusService.Documents.Content;
using Xerotier.StatusService.Model;

namespace Xerotier.Browser.Tests;

public sealed class WordingTests
{
    private static readonly DateOnly Third = new(2026, 11, 3);

    [Theory]
    [InlineData(0, "0 s")]
    [InlineData(3, "3 s")]
    [InlineData(60, "1 min")]
    [InlineData(724, "12 min 4 s")]
    [InlineData(3_600, "1 h")]
    [InlineData(3_605, "1 h 5 s")]
    [InlineData(86_399, "23 h 59 min 59 s")]
    [InlineData(86_400, "24 h")]
    public void Seconds_are_told_in_whole_units(int seconds, string text) => Assert.Equal(text, Wording.Seconds(seconds));

    [Theory]
    [InlineData(0.4, "0 s")]
    [InlineData(59.9, "59 s")]
    [InlineData(60, "1 min")]
    [InlineData(9_000, "2 h 30 min")]
    [InlineData(129_600, "1 d 12 h")]
    [InlineData(34_560_000, "400 d")]
    public void Lengths_are_floored_to_the_minute(double seconds, string text) => Assert.Equal(text, Wording.Length(TimeSpan.FromSeconds(seconds)));

    [Theory]
    [InlineData("100", "100%")]
    [InlineData("99.9999", "99.999%")]
    [InlineData("99.162", "99.162%")]
    [InlineData("99.5", "99.500%")]
    [InlineData("0", "0.000%")]
    [InlineData(null, "—")]
    public void Percentages_are_floored_and_100_means_no_outage(string? percent, string text) =>
        Assert.Equal(text, Wording.Percent(percent is null ? null : decimal.Parse(percent)));

    [Fact]
    public void A_day_says_its_seconds()
    {
        Assert.Equal("Tue 3 Nov 2026: 12 min 4 s outage, 99.162%", Wording.Day(Day(85_676, outage: 724, percent: 99.162m)));
        Assert.Equal("Tue 3 Nov 2026: no outage, 100%", Wording.Day(Day(86_400, percent: 100)));
        Assert.Equal("Tue 3 Nov 2026: 1 h degraded, 100%", Wording.Day(Day(82_800, degraded: 3_600, percent: 100)));
        Assert.Equal("Tue 3 Nov 2026: no outage, 1 h no data, 100%", Wording.Day(Day(82_800, noData: 3_600, percent: 100)));
        Assert.Equal("Tue 3 Nov 2026: 24 h maintenance, —", Wording.Day(Day(0, maintenance: 86_400)));
        Assert.Equal("Tue 3 Nov 2026: no data", Wording.Day(Day(0, noData: 86_400)));
        Assert.Equal("Tue 3 Nov 2026: not monitored yet", Wording.Day(Day(0, installation: InstallationDay.Before)));
        Assert.Equal("Tue 3 Nov 2026: monitoring began, no outage, 14 h no data, 100%", Wording.Day(Day(36_000, noData: 50_400, percent: 100, installation: InstallationDay.On)));
    }

    [Fact]
    public void A_day_before_monitoring_says_what_an_incident_says_of_it()
    {
        var day = Day(0, outage: 3_600, noData: 82_800, percent: 0, installation: InstallationDay.Before);
        Assert.Equal("Tue 3 Nov 2026: 1 h outage, 23 h no data, 0.000%", Wording.Day(day));
        Assert.Equal("Tue 3 Nov 2026\t0.000%\nOutage\t1 h\nNo data\t23 h", Wording.AppendLines(new(), day).ToString());
        Assert.Equal('x', Wording.Mark(day));
        Assert.Equal('b', Wording.Mark(Day(0, noData: 86_400, installation: InstallationDay.Before)));
    }

    [Fact]
    public void A_day_of_no_second_yet_has_just_begun_and_lacks_no_data()
    {
        Assert.Equal("Tue 3 Nov 2026: just begun", Wording.Day(Day(0)));
        Assert.Equal("Tue 3 Nov 2026\nMonitoring began\nJust begun", Wording.AppendLines(new(), Day(0, installation: InstallationDay.On)).ToString());
        Assert.Equal('b', Wording.Mark(Day(0)));
        Assert.Equal('n', Wording.Mark(Day(0, noData: 1)));
    }

    [Fact]
    public void A_bar_tells_its_day_in_lines_worst_first()
    {
        Assert.Equal("Tue 3 Nov 2026\t99.162%\nOutage\t12 min 4 s\nDegraded\t1 h 2 min\nMaintenance\t1 min\nNo data\t5 s", Lines(Day(81_891, outage: 724, degraded: 3_720, maintenance: 60, noData: 5, percent: 99.162m)));
        Assert.Equal("Tue 3 Nov 2026\t100%\nNo outage", Lines(Day(86_400, percent: 100)));
        Assert.Equal("Tue 3 Nov 2026\nNot monitored yet", Lines(Day(0, installation: InstallationDay.Before)));
        Assert.Equal("Tue 3 Nov 2026\t100%\nMonitoring began\nNo outage\nNo data\t14 h", Lines(Day(36_000, noData: 50_400, percent: 100, installation: InstallationDay.On)));

        static string Lines(Day day) => Wording.AppendLines(new(), day).ToString();
    }

    [Theory]
    [InlineData(90, 86_400, 0, false, "100% uptime over 90 days")]
    [InlineData(90, 86_400, 43_199, false, "100% uptime over 90 days")]
    [InlineData(90, 86_400, 43_200, false, "100% over 89 days observed")]
    [InlineData(90, 86_400, 0, true, "100% over 90 days observed")]
    [InlineData(3, 86_400, 0, true, "100% over 3 days observed")]
    [InlineData(2, 86_400, 60, true, "100% over 47 h 59 min observed")]
    [InlineData(2, 43_200, 0, true, "100% over 24 h observed")]
    [InlineData(1, 630, 0, true, "100% over 10 min observed")]
    [InlineData(1, 45, 0, true, "100% over 45 s observed")]
    [InlineData(1, 60, 60, true, "Not observed yet")]
    public void Uptime_claims_only_what_was_observed(int count, int seconds, int gap, bool young, string text)
    {
        var days = Enumerable.Range(0, count).Select(i => i > 0 ? Day(seconds) : Day(seconds - gap, noData: gap, installation: young ? InstallationDay.On : InstallationDay.After));
        Assert.Equal(text, Wording.Uptime([.. days]));
    }

    [Fact]
    public void A_bar_shows_the_worst_state_of_its_day()
    {
        Assert.Equal('x', Wording.Mark(Day(80_000, degraded: 5_000, outage: 3, maintenance: 60)));
        Assert.Equal('d', Wording.Mark(Day(80_000, degraded: 1, maintenance: 60)));
        Assert.Equal('m', Wording.Mark(Day(80_000, maintenance: 60, noData: 60)));
        Assert.Equal('p', Wording.Mark(Day(60_000, noData: 26_400)));
        Assert.Equal('o', Wording.Mark(Day(86_398, noData: 2)));
        Assert.Equal('o', Wording.Mark(Day(36_000, noData: 50_400, installation: InstallationDay.On)));
        Assert.Equal('n', Wording.Mark(Day(0, noData: 86_400)));
        Assert.Equal('b', Wording.Mark(Day(0, installation: InstallationDay.Before)));
    }

    [Fact]
    public void A_title_is_cut_between_characters_as_readers_count_them()
    {
        Assert.Equal("Work", Wording.Brief("Work", 4));
        Assert.Equal("Wor…", Wording.Brief("Works", 3));
        Assert.Equal("👩‍🚀👩‍🚀…", Wording.Brief("👩‍🚀👩‍🚀👩‍🚀", 2));
    }

    [Fact]
    public void Times_are_UTC_with_a_machine_form()
    {
        var time = new DateTimeOffset(2026, 11, 23, 16, 2, 30, TimeSpan.FromHours(2));

        Assert.Equal("<time datetime=\"2026-11-23T14:02:30Z\">23 Nov 2026, 14:02 UTC</time>", Wording.At(time).Value);
        Assert.Equal("<time datetime=\"2026-11-23T14:02:30Z\">14:02 UTC</time>", Wording.Near(time, time.AddHours(9)).Value);
        Assert.Equal("<time datetime=\"2026-11-23T14:02:30Z\">23 Nov 2026, 14:02 UTC</time>", Wording.Near(time, time.AddHours(10)).Value);
        Assert.Equal("2026-11-23T14:02:30.5Z", Wording.Instant(time.AddMilliseconds(500)));
    }

    private static Day Day(int operational, int degraded = 0, int outage = 0, int maintenance = 0, int noData = 0, decimal? percent = null, InstallationDay installation = InstallationDay.After) =>
        new(Third, operational, degraded, outage, maintenance, noData, percent, installation);
}
