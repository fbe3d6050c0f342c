using Xerotier.StatusService.History;
using Xerotier.StatusService.Model;
using static Xerotier.StatusService.Model.RecordedState;

namespace Xerotier.StatusService.Tests;

public sealed class StatusTrackTests
{
    private static readonly DateTimeOffset Zero = DateTimeOffset.FromUnixTimeSeconds(1_000);
    private readonly StatusTrack track = new();

    [Fact]
    public void A_second_takes_the_worst_state_that_it_held()
    {
        Observe(0, Operational);
        Observe(1.2, Outage);
        Observe(1.25, Operational); // 50 ms
        Observe(2.9, Degraded);
        Observe(4, Operational);
        Observe(5.5, Operational);
        Assert.Equal([(0, 1, Operational), (1, 2, Outage), (2, 4, Degraded), (4, 5, Operational)], Intervals());
    }

    [Fact]
    public void An_outage_of_three_seconds_is_three_or_four_seconds_never_less()
    {
        Observe(0, Operational);
        Observe(1.5, Outage);
        Observe(3.5, Outage);
        Observe(4.5, Operational);
        Observe(6, Operational);
        Assert.Equal([(0, 1, Operational), (1, 5, Outage), (5, 6, Operational)], Intervals());
    }

    [Fact]
    public void A_change_on_the_full_second_belongs_to_the_new_second_alone()
    {
        Observe(0, Outage);
        Observe(2, Operational);
        Observe(4, Operational);
        Assert.Equal([(0, 2, Outage), (2, 4, Operational)], Intervals());
    }

    [Fact]
    public void A_state_that_was_never_held_for_any_time_is_in_no_second()
    {
        Observe(0, Operational);
        Observe(1, Outage);
        Observe(1, Operational);
        Observe(2, Operational);
        Assert.Equal([(0, 2, Operational)], Intervals());
    }

    [Fact]
    public void What_nobody_watched_is_missing()
    {
        Observe(0, Operational);
        Observe(2, Operational);
        Observe(4.001, Operational); // longer than a blink
        Observe(6, Operational);
        Assert.Equal([(0, 2, Operational), (4, 6, Operational)], Intervals());
    }

    [Fact]
    public void A_second_is_told_only_when_it_is_complete()
    {
        Observe(0, Operational);
        Observe(0.9, Outage);
        Assert.Empty(Intervals());
        Assert.Equal(1_000, track.CompleteUntil);
        Observe(1, Outage);
        Assert.Equal([(0, 1, Outage)], Intervals());
    }

    [Fact]
    public void What_is_forgotten_is_gone_and_the_rest_is_whole()
    {
        for (var i = 0; i < 100; i++)
        {
            Observe(i, i % 2 == 0 ? Operational : Outage);
        }

        track.Forget(1_090);
        Assert.Equal(9, track.Intervals(Components.Dashboard.Key, 0, long.MaxValue).Count);
    }

    [Fact]
    public void Memory_is_bounded_and_the_newest_is_kept()
    {
        for (var i = 0; i < 200_000; i++)
        {
            Observe(i, i % 2 == 0 ? Operational : Outage);
        }

        var runs = track.Intervals(Components.Dashboard.Key, 0, long.MaxValue);
        Assert.InRange(runs.Count, 40_000, 50_001);
        Assert.Equal(200_999, runs[^1].To);
    }

    [Fact]
    public void Only_what_lies_within_is_told_and_nothing_of_no_length()
    {
        Observe(0, Operational);
        Observe(2, Outage);
        Observe(4, Operational);
        Observe(5, Operational);
        Assert.Equal([(2, 4, Outage), (4, 5, Operational)], Intervals(2, 5));
        Assert.Equal([(0, 2, Operational)], Intervals(0, 2));
        Assert.Equal([(4, 5, Operational)], Intervals(4, 5)); // the newest second, asked for alone
        Assert.Empty(Intervals(5, 9));
        track.Forget(1_000_000);
        Assert.Equal([(4, 5, Operational)], Intervals(0, 9)); // it may still grow
    }

    [Fact]
    public void What_lies_ahead_again_is_dropped_when_the_clock_is_set_back()
    {
        Observe(0, Operational);
        Observe(2, Outage);
        Observe(4, Operational);
        Observe(5.5, Operational);
        Observe(3, Degraded);
        Assert.Equal([(0, 2, Operational), (2, 3, Outage)], Intervals());
        Observe(4.5, Operational);
        Observe(6, Operational);
        Assert.Equal([(0, 2, Operational), (2, 3, Outage), (3, 5, Degraded), (5, 6, Operational)], Intervals());
    }

    [Fact]
    public void What_lies_behind_is_kept_when_the_clock_is_set_back()
    {
        Observe(0, Outage);
        Observe(2, Operational);
        Observe(10, Operational);
        Observe(9, Operational);
        Assert.Equal([(0, 2, Outage)], Intervals());
    }

    [Fact]
    public void A_component_that_is_missing_has_no_data()
    {
        Assert.Null(track.CompleteUntil);
        Assert.Empty(Intervals());
        Observe(0, Operational);
        track.Observe(Zero.AddSeconds(1), new Dictionary<string, RecordedState>());
        Observe(2, Operational);
        Observe(3, Operational);
        Assert.Equal([(0, 1, Operational), (1, 2, NoData), (2, 3, Operational)], Intervals());
        Assert.Equal(Components.BuiltIn.Select(c => c.Key).Order(), track.Components.Order());
    }

    private void Observe(double second, RecordedState state) => track.Observe(Zero.AddSeconds(second), Components.BuiltIn.ToDictionary(c => c.Key, _ => state));

    private IEnumerable<(int From, int To, RecordedState State)> Intervals(int from = -1_000, int to = int.MaxValue) =>
        track.Intervals(Components.SharedAgents.Key, 1_000L + from, 1_000L + to).Select(r => ((int)r.From - 1_000, (int)r.To - 1_000, r.State));
}
