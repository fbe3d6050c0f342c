using Xerotier.StatusService.Board;
using Xerotier.StatusService.History;
using Xerotier.StatusService.Model;
using static Xerotier.StatusService.Model.RecordedState;

namespace Xerotier.StatusService.Tests;

/// <summary>The recorder and its SQL against a real Postgres; the clocks, the database's too, are the test's.</summary>
public sealed class RecorderTests(PostgresFixture postgres) : IAsyncLifetime
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 3, 12, 0, 0, TimeSpan.Zero);
    private HistoryDatabase database = null!;
    private DateTimeOffset now = Noon;

    public async ValueTask InitializeAsync() => database = await HistoryDatabase.CreateAsync(postgres.Server, Noon);

    public ValueTask DisposeAsync() => database.DisposeAsync();

    [Fact]
    public async Task Writes_what_was_seen_in_whole_seconds_and_extends_what_goes_on()
    {
        var one = new Replica(database);
        await RunAsync(10, Operational, one);
        await RunAsync(3, Outage, one);
        await RunAsync(10, Operational, one);
        Assert.Equal([(0, 10, Operational), (10, 13, Outage), (13, 23, Operational)], await HistoryAsync());
    }

    [Fact]
    public async Task A_steady_state_costs_no_new_rows_and_no_new_revision()
    {
        var one = new Replica(database);
        await RunAsync(2, Operational, one);
        var revision = one.Last.History.Revision;
        await RunAsync(60, Operational, one);
        Assert.Equal(revision, one.Last.History.Revision);
        Assert.Equal([(0, 62, Operational)], await HistoryAsync());
    }

    [Fact]
    public async Task Only_one_of_two_records_and_the_other_reads_the_same()
    {
        var (one, two) = (new Replica(database), new Replica(database));
        await RunAsync(5, Operational, one, two);
        await RunAsync(5, Degraded, one, two);
        await RunAsync(1, Operational, one, two);
        Assert.True(one.Recorder.Recording);
        Assert.False(two.Recorder.Recording);
        Assert.Equal([(0, 5, Operational), (5, 10, Degraded), (10, 11, Operational)], await HistoryAsync());
        Assert.Equal(one.Last.History.Revision, two.Last.History.Revision);
        Assert.Equal(
            one.Last.History.DaysOf(Components.ModelStorage, [], new(2026, 11, 1), now, one.Track),
            two.Last.History.DaysOf(Components.ModelStorage, [], new(2026, 11, 1), now, two.Track));
    }

    [Fact]
    public async Task A_killed_recorder_is_followed_within_its_lease_and_nothing_that_the_other_saw_is_lost()
    {
        var (one, two) = (new Replica(database), new Replica(database));
        await RunAsync(10, Operational, one, two);
        await RunAsync(1, Operational, two); // one is dead; an outage begins and ends before its lease does
        await RunAsync(1, Outage, two);
        await RunAsync(8, Operational, two);
        Assert.True(two.Recorder.Recording);
        Assert.Equal([(0, 11, Operational), (11, 12, Outage), (12, 20, Operational)], await HistoryAsync());
    }

    [Fact]
    public async Task A_recorder_that_was_stopped_and_continued_writes_nothing_over_its_successor()
    {
        var (one, two) = (new Replica(database), new Replica(database));
        await RunAsync(10, Operational, one, two);
        await RunAsync(20, Outage, two); // one is stopped
        var written = await HistoryAsync();

        // It wakes up believing that it is the recorder and that all is well.
        Assert.True(one.Recorder.Recording);
        one.Observe(now, Operational);
        await one.StepAsync(now);
        Assert.False(one.Recorder.Recording);
        Assert.Equal(written, await HistoryAsync());

        await RunAsync(10, Operational, one, two);
        Assert.Equal([(0, 10, Operational), (10, 30, Outage), (30, 40, Operational)], await HistoryAsync());
    }

    [Fact]
    public async Task A_lone_recorder_that_was_stopped_claims_nothing_for_the_time_in_between()
    {
        var one = new Replica(database);
        await RunAsync(10, Operational, one);
        now = now.AddSeconds(60);
        await RunAsync(10, Operational, one);
        Assert.Equal([(0, 10, Operational), (70, 80, Operational)], await HistoryAsync());
    }

    [Theory]
    [InlineData(60, true)]
    [InlineData(62, false)]
    public async Task A_stamp_outlives_a_minute_that_nobody_recorded_and_no_more(int gap, bool goesOn)
    {
        var since = new ChangeStamp("all", 7, new Dictionary<string, StateSince> { [Components.Dashboard.Key] = new(ComponentStatus.Operational, 7) }, null);
        var one = new Replica(database) { Stamp = since };
        await RunAsync(5, Operational, one);
        Assert.True(since.Same(one.Last.Stamp));

        now = now.AddSeconds(gap - 1); // and a second until the successor has seen a whole one
        var (two, three) = (new Replica(database), new Replica(database));
        await RunAsync(1, Operational, two, three);
        await RunAsync(5, Operational, two, three);
        Assert.Equal(goesOn, since.Same(two.Last.Stamp));
        Assert.Equal(goesOn, since.Same(three.Last.Stamp));

        // The successor's own is a new one, and the others take it over.
        var own = since with { ChangedAt = 1_000 };
        two.Stamp = own;
        await RunAsync(2, Operational, two, three);
        Assert.Equal(!goesOn, own.Same(three.Last.Stamp));
        Assert.Equal(!goesOn, own.Same(two.Last.Stamp));
    }

    [Fact]
    public async Task A_write_of_an_old_generation_is_refused_whole()
    {
        var (one, two) = (database.Store(), database.Store());
        var first = await one.TryTakeAsync(Guid.NewGuid(), default);
        Assert.True(first.Taken);
        Assert.False((await two.TryTakeAsync(Guid.NewGuid(), default)).Taken);
        var start = Noon.ToUnixTimeSeconds();
        await database.SetClockAsync(Noon.AddSeconds(2.001));
        var second = await two.TryTakeAsync(Guid.NewGuid(), default);
        Assert.True(second.Taken);

        var change = new RecordedChange(null, start + 4, [], [(Components.Dashboard.Key, start, null, Outage)], null);
        Assert.Null(await one.WriteAsync(first.Generation, first.Revision, change, default));
        Assert.Empty(await database.IntervalsAsync());
        Assert.NotNull(await two.WriteAsync(second.Generation, second.Revision, change, default));
        Assert.Null(await two.WriteAsync(second.Generation, second.Revision + 1, change, default)); // its idea of the record's end is old
        Assert.Single(await database.IntervalsAsync());
    }

    [Fact]
    public async Task A_lease_lasts_two_seconds_by_the_databases_clock()
    {
        var store = database.Store();
        Assert.True((await store.TryTakeAsync(Guid.NewGuid(), default)).Taken);
        await database.SetClockAsync(Noon.AddSeconds(2));
        Assert.False((await store.TryTakeAsync(Guid.NewGuid(), default)).Taken);
        await database.SetClockAsync(Noon.AddSeconds(2).AddMicroseconds(1));
        Assert.True((await store.TryTakeAsync(Guid.NewGuid(), default)).Taken);
    }

    [Fact]
    public async Task A_recorder_that_stops_hands_over_at_once()
    {
        var (one, two) = (new Replica(database), new Replica(database));
        await RunAsync(3, Operational, one, two);
        await one.Recorder.ReleaseAsync(default);
        await two.StepAsync(now);
        Assert.True(two.Recorder.Recording);
    }

    [Fact]
    public async Task What_was_seen_while_the_database_was_away_is_written_when_it_returns()
    {
        var (one, two) = (new Replica(database), new Replica(database));
        await RunAsync(10, Operational, one, two);
        for (var second = 0; second < 600; second++)
        {
            var state = second is >= 100 and < 103 ? Outage : Operational;
            await RunAsync(1, state, steps: false, one, two);
        }

        await two.StepAsync(now); // whichever comes first
        await one.StepAsync(now);
        await RunAsync(5, Operational, one, two);
        Assert.Equal([(0, 110, Operational), (110, 113, Outage), (113, 615, Operational)], await HistoryAsync());
    }

    [Fact]
    public async Task Intervals_end_at_midnight_and_the_closed_day_is_rolled_up_with_them()
    {
        now = new(2026, 11, 3, 23, 59, 50, TimeSpan.Zero);
        var one = new Replica(database);
        await RunAsync(8, Operational, one);
        await RunAsync(4, Outage, one);
        await RunAsync(8, Operational, one);

        var days = one.Last.History.DaysOf(Components.ModelStorage, [], new(2026, 11, 2), now, one.Track);
        Assert.Equal(3, days.Count);
        Assert.Equal((0, 0, 86_400), (days[0].Operational, days[0].Outage, days[0].NoData));
        Assert.Equal((8, 2, 86_390), (days[1].Operational, days[1].Outage, days[1].NoData));
        Assert.Equal((8, 2, 0), (days[2].Operational, days[2].Outage, days[2].NoData));
        Assert.Equal(80m, days[1].UptimePercent);
        Assert.Equal(new DaySeconds(8, 0, 0, 2), one.Last.History.Days[new(Components.ModelStorage.Key, new(2026, 11, 3))]);
        Assert.Equal(4, (await database.IntervalsAsync()).Count(i => i.Component == Components.ModelStorage.Key));
    }

    [Fact]
    public async Task A_gap_over_several_midnights_still_rolls_every_day_up()
    {
        var one = new Replica(database);
        await RunAsync(10, Operational, one);
        now = now.AddDays(3);
        var two = new Replica(database);
        await RunAsync(10, Degraded, two);
        Assert.Equal(new DaySeconds(10, 0, 0, 0), two.Last.History.Days[new(Components.Dashboard.Key, new(2026, 11, 3))]);
        var days = two.Last.History.DaysOf(Components.Dashboard, [], new(2026, 11, 3), now, two.Track);
        Assert.Equal([10, 0, 0, 0], days.Select(d => d.Operational));
        Assert.Equal([0, 0, 0, 10], days.Select(d => d.Degraded));
        Assert.Equal(2, (int)days[3].Installation);
    }

    [Fact]
    public async Task The_page_knows_what_is_not_written_yet()
    {
        var one = new Replica(database);
        await RunAsync(10, Operational, one);
        await RunAsync(5, Outage, steps: false, one);
        var day = one.Last.History.DaysOf(Components.Dashboard, [], new(2026, 11, 3), now, one.Track)[^1];
        Assert.Equal((10, 5), (day.Operational, day.Outage));
        var before = one.Last.History.DaysOf(Components.Dashboard, [], new(2026, 11, 3), now.AddSeconds(-5), one.Track)[^1];
        Assert.Equal((10, 0), (before.Operational, before.Outage));
        var early = one.Last.History.DaysOf(Components.Dashboard, [], new(2026, 11, 3), Noon.AddSeconds(4), one.Track)[^1];
        Assert.Equal(4, early.Operational);
    }

    [Fact]
    public async Task Retention_deletes_whole_days_and_keeps_the_day_of_installation()
    {
        var one = new Replica(database);
        await RunAsync(5, Operational, one);
        now = now.AddDays(400);
        await RunAsync(5, Operational, one);
        Assert.True(await database.Store().PurgeAsync(399, default) > 0);
        Assert.Equal([(34_560_005, 34_560_010, Operational)], (await HistoryAsync()).Select(r => (r.From, r.To, r.State)));
        Assert.Equal(Noon.ToUnixTimeSeconds(), (await database.Store().LoadAsync(new(2026, 11, 1), default)).History.FirstRecorded);
    }

    [Fact]
    public async Task Nothing_is_written_that_lies_more_than_two_seconds_in_the_databases_future()
    {
        var store = database.Store();
        var row = await store.TryTakeAsync(Guid.NewGuid(), default);
        var start = Noon.ToUnixTimeSeconds();
        Assert.Null(await store.WriteAsync(row.Generation, row.Revision, Until(3), default));
        Assert.Empty(await database.IntervalsAsync());
        Assert.NotNull(await store.WriteAsync(row.Generation, row.Revision, Until(2), default));
        Assert.Single(await database.IntervalsAsync());

        RecordedChange Until(int second) => new(null, start + second, [], [(Components.Dashboard.Key, start, null, Operational)], null);
    }

    [Fact]
    public async Task A_recorder_that_is_ahead_of_the_database_leaves_the_lease_to_others()
    {
        var (ahead, right) = (new Replica(database), new Replica(database));
        right.Observe(now, Operational);
        ahead.Observe(now.AddSeconds(5), Operational);
        await ahead.StepAsync(now);
        Assert.False(ahead.Recorder.Recording);
        await right.StepAsync(now);
        Assert.True(right.Recorder.Recording);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(24 * 400)]
    public async Task Whoever_takes_a_record_that_ends_in_the_future_sets_it_back_and_goes_on(int hours)
    {
        var one = new Replica(database);
        await RunAsync(10, Operational, one);
        now = now.AddHours(hours); // the database's clock too, and so is the lease
        await RunAsync(10, Outage, one);

        now = Noon.AddSeconds(30);
        var two = new Replica(database);
        await RunAsync(10, Operational, two);
        Assert.True(two.Recorder.Recording);
        Assert.Equal([(0, 10, Operational), (30, 40, Operational)], await HistoryAsync());
        Assert.Empty(two.Last.History.Days);
        await RunAsync(5, Operational, two, one); // and the other one agrees
        Assert.Equal([(0, 10, Operational), (30, 45, Operational)], await HistoryAsync());
        Assert.Equal(two.Last.History.RecordedUntil, one.Last.History.RecordedUntil);

        now = Noon.AddHours(12).AddSeconds(-5); // the day is closed once
        await RunAsync(10, Operational, two);
        Assert.Equal(new DaySeconds(30, 0, 0, 0), Assert.Single(two.Last.History.Days, day => day.Key.Key == Components.Dashboard.Key).Value);
    }

    [Fact]
    public async Task A_recorder_whose_clock_is_set_back_with_the_databases_records_the_hour_again()
    {
        now = Noon.AddHours(1);
        var one = new Replica(database);
        await RunAsync(10, Outage, one);
        now = Noon;
        await RunAsync(10, Operational, one);
        Assert.Equal([(0, 10, Operational)], await HistoryAsync());
        Assert.Equal(Noon.ToUnixTimeSeconds(), one.Last.History.FirstRecorded);
    }

    [Fact]
    public async Task What_goes_on_when_the_record_is_set_back_ends_there()
    {
        await using (var command = database.Source.CreateCommand(
            """
            update recorder set recorded_until = '2026-11-03 13:00Z', first_recorded = '2026-11-03 11:00Z';
            insert into intervals (component, starts_at, ends_at, state) values (0, '2026-11-03 11:00Z', '2026-11-03 12:30Z', 0), (0, '2026-11-03 12:30Z', null, 4), (1, '2026-11-03 11:00Z', null, 0)
            """))
        {
            await command.ExecuteNonQueryAsync();
        }

        Assert.Equal(Noon.ToUnixTimeSeconds(), (await database.Store().TryTakeAsync(Guid.NewGuid(), default)).RecordedUntil);
        Assert.Equal(
            [(Components.Dashboard.Key, -3_600, 0, Operational), (Components.InferenceRouting.Key, -3_600, 0, Operational)],
            (await database.IntervalsAsync()).Select(i => (i.Component, i.From - Noon.ToUnixTimeSeconds(), i.To - Noon.ToUnixTimeSeconds(), i.State)));
    }

    [Fact]
    public async Task The_recorders_stamp_reaches_the_others()
    {
        var (one, two) = (new Replica(database), new Replica(database));
        var stamp = new ChangeStamp("abc", 5, new Dictionary<string, StateSince> { [Components.SharedAgents.Key] = new(ComponentStatus.Outage, 7) }, null);
        one.Stamp = two.Stamp = stamp with { ChangedAt = 6 };
        one.Stamp = stamp;
        await RunAsync(2, Operational, one, two);
        Assert.True(stamp.Same(two.Last.Stamp));
        var later = new Replica(database);
        await RunAsync(1, Operational, later);
        Assert.True(later.Last.Before?.SharedAgentsShown);
        Assert.True(stamp.Same(later.Last.Stamp));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task A_write_that_is_interrupted_anywhere_neither_loses_nor_doubles_a_second(int seed)
    {
        var random = new Random(seed);
        var one = new Replica(database);
        var expected = new List<(int From, int To, RecordedState State)>();
        var interrupted = 0;
        for (var second = 0; second < 300; second++)
        {
            var state = random.Next(4) == 0 ? Outage : Operational;
            if (expected.Count > 0 && expected[^1].State == state)
            {
                expected[^1] = expected[^1] with { To = second + 1 };
            }
            else
            {
                expected.Add((second, second + 1, state));
            }

            one.Observe(now, state);
            now = now.AddSeconds(1);
            one.Observe(now, state);
            await database.SetClockAsync(now);
            using var late = new CancellationTokenSource(TimeSpan.FromMicroseconds(random.Next(3) == 0 ? random.Next(1, 4_000) : 60_000_000));
            try
            {
                await one.StepAsync(now, late.Token);
            }
            catch (OperationCanceledException)
            {
                interrupted++; // before, within or after the commit: the recorder cannot know
            }
        }

        await one.StepAsync(now);
        Assert.NotEqual(0, interrupted);
        Assert.Equal(expected, await HistoryAsync());
    }

    /// <summary>Lets <paramref name="seconds"/> pass in half seconds while the board holds <paramref name="state"/>.</summary>
    private Task RunAsync(int seconds, RecordedState state, params Replica[] replicas) => RunAsync(seconds, state, steps: true, replicas);

    private async Task RunAsync(int seconds, RecordedState state, bool steps, params Replica[] replicas)
    {
        for (var half = 0; half <= seconds * 2; half++)
        {
            foreach (var replica in replicas)
            {
                replica.Observe(now, state);
            }

            if (steps)
            {
                await database.SetClockAsync(now);
                foreach (var replica in replicas)
                {
                    await replica.StepAsync(now);
                }
            }

            now = half < seconds * 2 ? now.AddSeconds(0.5) : now;
        }
    }

    private async Task<List<(int From, int To, RecordedState State)>> HistoryAsync()
    {
        var start = Noon.ToUnixTimeSeconds();
        var all = await database.IntervalsAsync();
        var lines = all.GroupBy(i => i.Component, i => ((int)(i.From - start), (int)(i.To - start), i.State)).Select(g => g.ToList()).ToList();
        Assert.All(lines, line => Assert.Equal(lines[0], line)); // all four are fed alike
        return lines[0];
    }

    private sealed class Replica(HistoryDatabase database)
    {
        public StatusTrack Track { get; } = new();

        public Recorder Recorder => field ??= new(database.Store(), Track, new());

        public ChangeStamp? Stamp { get; set; }

        public void Observe(DateTimeOffset now, RecordedState state) => Track.Observe(now, Components.BuiltIn.ToDictionary(c => c.Key, _ => state));

        public RecorderTurn Last { get; private set; } = RecorderTurn.None;

        public async Task StepAsync(DateTimeOffset now, CancellationToken cancellation = default) =>
            Last = await Recorder.TurnAsync(DateOnly.FromDateTime(now.UtcDateTime), Last.Stamp ?? Stamp, null, Announcements.None, cancellation);
    }
}
