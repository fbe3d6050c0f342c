using Xerotier.Fleet.V1;
using Xerotier.Maintenance.V1;
using Xerotier.StatusService.Board;
using Xerotier.StatusService.History;
using Xerotier.StatusService.Model;
using Xerotier.TestKit;

namespace Xerotier.StatusService.Tests;

public sealed class BoardTests
{
    internal static readonly DateTimeOffset Start = new(2026, 11, 3, 14, 2, 11, TimeSpan.Zero);

    [Fact]
    public void Before_anything_was_heard_the_fleet_is_unknown_and_the_windows_are_unavailable()
    {
        var state = BoardState.At(BoardInputs.Nothing, Start);
        Assert.Equal(OverallStatus.Unknown, state.Overall);
        Assert.Equal([Components.Dashboard, Components.InferenceRouting, Components.ModelStorage], state.Shown.Select(s => s.Component));
        Assert.Equal(ComponentStatus.Unknown, Status(state, Components.InferenceRouting));
        Assert.True(state.NoticesUnavailable);
        Assert.Null(state.NoticesHeardAt);
    }

    [Fact]
    public void A_fleet_that_is_not_heard_of_is_unknown_after_exactly_five_seconds()
    {
        var inputs = BoardInputs.Nothing.WithFleet(new(3, 3, 8, 0), Start);
        Assert.Equal(ComponentStatus.Operational, Status(BoardState.At(inputs, Start.AddSeconds(5).AddTicks(-1)), Components.InferenceRouting));
        var lost = BoardState.At(inputs, Start.AddSeconds(5));
        Assert.Equal(ComponentStatus.Unknown, Status(lost, Components.InferenceRouting));
        Assert.Equal(ComponentStatus.Unknown, Status(lost, Components.SharedAgents)); // still shown: it was
        Assert.Equal(RecordedState.NoData, lost.Recorded[Components.SharedAgents.Key]);
    }

    [Fact]
    public void A_collector_without_redis_prolongs_nothing()
    {
        Assert.Null(Feeds.Read(new WatchPlatformHealthResponse { Store = StoreState.Unavailable, RoutersTotal = 3, RoutersOnline = 3 }));
        Assert.Null(Feeds.Read(new WatchPlatformHealthResponse { RoutersTotal = 3, RoutersOnline = 3 }));
    }

    [Fact]
    public void A_young_store_makes_the_fleet_unknown_at_once_and_the_first_counts_end_that()
    {
        var inputs = BoardInputs.Nothing.WithFleet(new(3, 3, 8, 0), Start);
        inputs = Feeds.Read(new WatchPlatformHealthResponse { Store = StoreState.Young })!(inputs, Start);
        var young = BoardState.At(inputs, Start);
        Assert.Equal(ComponentStatus.Unknown, Status(young, Components.InferenceRouting));
        Assert.Equal(ComponentStatus.Unknown, Status(young, Components.SharedAgents));

        inputs = Feeds.Read(new WatchPlatformHealthResponse { Store = StoreState.Ready, RoutersTotal = 1, RoutersOnline = 1 })!(inputs, Start);
        var known = BoardState.At(inputs, Start);
        Assert.Equal(ComponentStatus.Operational, Status(known, Components.InferenceRouting));
        Assert.DoesNotContain(known.Shown, s => s.Component == Components.SharedAgents);
        Assert.Equal(RecordedState.NoData, known.Recorded[Components.SharedAgents.Key]); // a hidden indicator's time
    }

    [Theory]
    [InlineData(3, 0, 3, ComponentStatus.Unknown)]
    [InlineData(3, 0, 1, ComponentStatus.Unknown)] // outage, or degraded
    [InlineData(3, 1, 1, ComponentStatus.Degraded)] // either way
    [InlineData(3, 1, 2, ComponentStatus.Unknown)]
    [InlineData(3, 0, 0, ComponentStatus.Outage)]
    public void Routers_that_may_yet_be_heard_make_routing_unknown_where_they_would_change_it(int routers, int online, int unheard, ComponentStatus expected)
    {
        var message = new WatchPlatformHealthResponse { Store = StoreState.Ready, RoutersTotal = routers, RoutersOnline = online, RoutersUnheard = unheard };
        var state = BoardState.At(Feeds.Read(message)!(BoardInputs.Nothing, Start), Start);
        Assert.Equal(expected, Status(state, Components.InferenceRouting));
    }

    [Theory]
    [InlineData(8, 8, 8, ComponentStatus.Unknown)]
    [InlineData(8, 8, 1, ComponentStatus.Outage)] // either way
    [InlineData(8, 8, 2, ComponentStatus.Unknown)] // outage, or degraded
    [InlineData(100_000, 1, 1, ComponentStatus.Operational)]
    public void Agents_that_may_yet_be_heard_make_the_shared_agents_unknown_where_they_would_change_them(int agents, int stale, int unheard, ComponentStatus expected)
    {
        var message = new WatchPlatformHealthResponse { Store = StoreState.Ready, SharedAgentsTotal = agents, SharedAgentsStale = stale, SharedAgentsUnheard = unheard };
        var state = BoardState.At(Feeds.Read(message)!(BoardInputs.Nothing, Start), Start);
        Assert.Equal(expected, Status(state, Components.SharedAgents));
    }

    [Fact]
    public void Nothing_registered_is_an_outage_of_routing_and_hides_the_shared_agents()
    {
        var state = BoardState.At(BoardInputs.Nothing.WithFleet(new(0, 0, 0, 0), Start), Start);
        Assert.Equal(ComponentStatus.Outage, Status(state, Components.InferenceRouting));
        Assert.Equal(3, state.Shown.Count);
        Assert.Equal(OverallStatus.PartialOutage, state.Overall);
    }

    [Fact]
    public void Lost_windows_are_kept_marked_and_go_on_counting()
    {
        var inputs = Known().WithWindows(Feed(PlatformWindow(-60, 3600)), Start).WithFleet(new(3, 0, 0, 0), Start.AddSeconds(5));
        Assert.False(BoardState.At(inputs, Start.AddSeconds(5).AddTicks(-1)).NoticesUnavailable);
        var state = BoardState.At(inputs, Start.AddSeconds(5));
        Assert.True(state.NoticesUnavailable);
        Assert.Equal(Start, state.NoticesHeardAt);
        Assert.Single(state.Windows!.Active);
        Assert.Equal(OverallStatus.Maintenance, state.Overall);
        Assert.Equal(RecordedState.MaintenanceOverOutage, state.Recorded[Components.InferenceRouting.Key]);
        Assert.False(BoardState.At(inputs.WithNoticesAlive(Start.AddSeconds(4)), Start.AddSeconds(5)).NoticesUnavailable);
    }

    [Fact]
    public void Only_platform_windows_mark_history_and_only_between_their_times()
    {
        var foreign = PlatformWindow(-60, 60);
        foreign.Platform = false;
        var feed = new NoticeLists { Active = { foreign }, ActiveTotal = 1, Recent = { foreign } };
        var state = BoardState.At(Known().WithWindows(feed, Start), Start);
        Assert.Equal(OverallStatus.Maintenance, state.Overall);
        Assert.Equal(RecordedState.Operational, state.Recorded[Components.InferenceRouting.Key]);

        var narrowed = Known().WithWindows(feed, Start) with { MaintenanceFrom = MaintenanceFrom.Platform };
        Assert.Equal(OverallStatus.Operational, BoardState.At(narrowed, Start).Overall);
        Assert.Equal(OverallStatus.Maintenance, BoardState.At(narrowed.WithWindows(Feed(PlatformWindow(-60, 60)), Start), Start).Overall);

        var inputs = Known(Start.AddSeconds(10)).WithWindows(Feed(PlatformWindow(10, 12)), Start.AddSeconds(10));
        Assert.Equal(RecordedState.Operational, At(10, -1));
        Assert.Equal(RecordedState.MaintenanceOverOperational, At(10, 0));
        Assert.Equal(RecordedState.MaintenanceOverOperational, At(12, -1));
        Assert.Equal(RecordedState.Operational, At(12, 0));

        RecordedState At(int seconds, int ticks) => BoardState.At(inputs, Start.AddSeconds(seconds).AddTicks(ticks)).Recorded[Components.InferenceRouting.Key];
    }

    [Fact]
    public void Work_covers_a_component_from_its_very_start_to_its_end_and_both_are_changes()
    {
        var inputs = Known().WithWindows(Feed(PlatformWindow(-0.6, 1.3)), Start);
        var stamps = new ChangeStamps();
        var seen = new List<(bool Covered, long ChangedAt)>();
        foreach (var at in (double[])[-0.7, -0.6, 1.2, 1.3])
        {
            var state = BoardState.At(inputs, Start.AddSeconds(at));
            stamps.Observe(state, Start.AddSeconds(at), settled: true);
            seen.Add((state.UnderMaintenance.Contains(Components.InferenceRouting.Id), stamps.Reconcile(null, Start.AddSeconds(at))!.ChangedAt - Start.ToUnixTimeSeconds()));
        }

        Assert.Equal([(false, -1), (true, -1), (true, -1), (false, 1)], seen);
    }

    [Fact]
    public void A_window_marks_the_indicators_that_it_names_in_any_case_of_letters()
    {
        var window = PlatformWindow(-1, 60).With(w => w with { AffectedServices = ["inference ROUTING", "something else"] });
        var state = BoardState.At(Known().WithWindows(Feed(window), Start), Start);
        Assert.Equal([RecordedState.Operational, RecordedState.MaintenanceOverOperational, RecordedState.NoData, RecordedState.Operational], InPageOrder(state.Recorded));
    }

    [Fact]
    public void What_is_down_before_the_windows_were_heard_may_be_down_for_maintenance()
    {
        var track = new StatusTrack();
        var board = new LiveBoard(track.Observe);
        board.Apply(Start, (inputs, at) => inputs.WithFleet(new(3, 0, 0, 0), at));
        Assert.Equal([RecordedState.Operational, RecordedState.NoData, RecordedState.NoData, RecordedState.Operational], InPageOrder(board.Observe(Start.AddSeconds(1)).Recorded));
        var heard = board.Inputs.WithWindows(Feed(PlatformWindow(-60, 3600)), Start.AddSeconds(1));
        Assert.Equal(RecordedState.MaintenanceOverOutage, BoardState.At(heard, Start.AddSeconds(1)).Recorded[Components.InferenceRouting.Key]);

        // Nobody waits for them for ever.
        Assert.Equal(Start + BoardInputs.StartupGrace, BoardState.NextChange(board.Inputs, Start.AddSeconds(1)));
        Assert.Equal(RecordedState.NoData, BoardState.At(board.Inputs, Start.Add(BoardInputs.StartupGrace).AddTicks(-1)).Recorded[Components.InferenceRouting.Key]);
        Assert.Equal(RecordedState.Outage, BoardState.At(board.Inputs, Start + BoardInputs.StartupGrace).Recorded[Components.InferenceRouting.Key]);
    }

    [Fact]
    public void That_a_store_is_young_is_believed_for_five_seconds_after_its_last_word()
    {
        var inputs = BoardInputs.Nothing.WithYoungFleet(Start);
        Assert.Equal("we are waiting for the first health reports", Reason(Start.AddSeconds(5).AddTicks(-1)));
        Assert.Equal("we are not receiving health reports", Reason(Start.AddSeconds(5)));
        Assert.Equal(Start.AddSeconds(5), BoardState.NextChange(inputs, Start));

        string? Reason(DateTimeOffset at) => BoardState.At(inputs, at).Shown.Single(s => s.Component == Components.InferenceRouting).Verdict.Reason;
    }

    [Fact]
    public void A_clock_that_is_set_back_hides_no_silence_and_takes_back_what_was_seen_in_the_future()
    {
        var track = new StatusTrack();
        var board = new LiveBoard(track.Observe);
        var late = Start.AddHours(1);
        board.Observe(late.AddSeconds(-2));
        board.Apply(late, (inputs, at) => inputs.WithFleet(new(3, 3, 8, 0), at).WithWindows(new NoticeLists(), at));
        board.Observe(late.AddSeconds(1));

        Assert.Equal(OverallStatus.Operational, board.Observe(Start.AddSeconds(1)).Overall); // an hour back, and as old as before
        Assert.Equal(OverallStatus.Operational, board.Observe(Start.AddSeconds(5).AddTicks(-1)).Overall);
        var lost = board.Observe(Start.AddSeconds(5));
        Assert.Equal((OverallStatus.Unknown, true, Start), (lost.Overall, lost.NoticesUnavailable, lost.NoticesHeardAt));

        board.Apply(Start.AddSeconds(6), (inputs, at) => inputs.WithFleet(new(3, 3, 8, 0), at));
        Assert.Equal(ComponentStatus.Operational, Status(board.Observe(Start.AddSeconds(6)), Components.InferenceRouting));
        Assert.Equal(Start.AddSeconds(6).ToUnixTimeSeconds(), track.CompleteUntil);
        Assert.Equal(Start.AddSeconds(6).ToUnixTimeSeconds(), track.Intervals(Components.Dashboard.Key, long.MinValue, long.MaxValue)[^1].To);
    }

    [Fact]
    public void A_message_that_crosses_a_look_moves_nothing()
    {
        var board = new LiveBoard(new StatusTrack().Observe);
        board.Apply(Start, (inputs, at) => inputs.WithFleet(new(3, 3, 8, 0), at));
        board.Observe(Start.AddSeconds(1));
        board.Apply(Start.AddMilliseconds(900), (inputs, at) => inputs.WithWindows(new NoticeLists(), at));
        Assert.Equal((Start, Start.AddSeconds(1)), (board.Inputs.FleetKnownAt, board.Inputs.NoticesHeardAt));
    }

    [Fact]
    public void Before_the_history_was_read_no_day_says_anything()
    {
        var track = new StatusTrack();
        for (var second = 0; second <= 10; second++)
        {
            track.Observe(Start.AddSeconds(second), Components.BuiltIn.ToDictionary(c => c.Key, _ => RecordedState.Operational));
        }

        var days = HistorySnapshot.Empty.DaysOf(Components.Dashboard, [], new(2026, 8, 6), Start.AddSeconds(10), track);
        Assert.Equal(90, days.Count);
        Assert.All(days, day => Assert.Equal((InstallationDay.After, null, 0), (day.Installation, day.UptimePercent, day.Operational)));
        Assert.Null(Uptime.Percent(days));
    }

    [Fact]
    public void Maintenance_ranks_above_unknown_but_a_hidden_indicator_stays_without_data()
    {
        var state = BoardState.At(BoardInputs.Nothing.WithWindows(Feed(PlatformWindow(-1, 60)), Start), Start);
        Assert.Equal([RecordedState.MaintenanceOverOperational, RecordedState.Maintenance, RecordedState.NoData, RecordedState.MaintenanceOverOperational], InPageOrder(state.Recorded));
    }

    [Fact]
    public void The_clock_changes_the_board_when_it_says_so_and_at_no_other_time()
    {
        var inputs = Known().WithWindows(Feed(PlatformWindow(1, 3)), Start.AddSeconds(1));
        var changes = new List<DateTimeOffset>();
        for (var at = Start; BoardState.NextChange(inputs, at) is { } next; at = next)
        {
            changes.Add(next);
        }

        Assert.Equal([Start.AddSeconds(1), Start.AddSeconds(3), Start.AddSeconds(5), Start.AddSeconds(6)], changes);
    }

    [Fact]
    public void A_failing_probe_is_an_outage_of_the_storage()
    {
        var state = BoardState.At(Known().WithProbe(Components.ModelStorage.Key, Rules.ProbeFailing, Start.AddSeconds(25)), Start);
        Assert.Equal(OverallStatus.PartialOutage, state.Overall);
        Assert.Equal(RecordedState.Outage, state.Recorded[Components.ModelStorage.Key]);
    }

    private static IEnumerable<RecordedState> InPageOrder(IReadOnlyDictionary<string, RecordedState> recorded) => Components.BuiltIn.Select(c => recorded[c.Key]);

    internal static BoardInputs Known(DateTimeOffset? at = null) => BoardInputs.Nothing.WithFleet(new(3, 3, 0, 0), at ?? Start);

    internal static ComponentStatus Status(BoardState state, Component indicator) => state.Shown.Single(s => s.Component == indicator).Verdict.Status;

    internal static NoticeLists Feed(params Window[] active) => new() { Active = { active }, ActiveTotal = active.Length, Recent = { active }, PlatformActive = { active } };

    internal static Window PlatformWindow(double startsIn, double endsIn) => new()
    {
        Value = SampleWindow.Of($"mw_{startsIn}_{endsIn}", WindowStatus.Active, Start.AddSeconds(startsIn), Start.AddSeconds(endsIn)),
        Platform = true,
    };
}
