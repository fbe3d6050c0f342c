using Xerotier.Contracts;
using Xerotier.ServiceDefaults.Demo;
using Xerotier.StatusService.Board;
using Xerotier.StatusService.History;
using Xerotier.StatusService.Model;
using Components = Xerotier.StatusService.Model.Components;

namespace Xerotier.StatusService.Tests;

/// <summary>A demo's example history: what it tells, and into which databases it gets.</summary>
public sealed class DemoHistoryTests(PostgresFixture postgres) : IAsyncLifetime
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 3, 12, 0, 0, TimeSpan.Zero);
    private static readonly DateOnly Today = new(2026, 11, 3);
    private static readonly DemoStory Story = DemoStory.Of(18, Today);
    private HistoryDatabase database = null!;

    public async ValueTask InitializeAsync() => database = await HistoryDatabase.CreateAsync(postgres.Server, Noon);

    public ValueTask DisposeAsync() => database.DisposeAsync();

    [Fact]
    public async Task Two_replicas_that_start_at_once_on_a_fresh_database_begin_its_record_with_the_story_once()
    {
        var (one, two) = (new Replica(database, seed: 18), new Replica(database, seed: 18));
        await Task.WhenAll(one.StepAsync(Noon), two.StepAsync(Noon));
        await one.StepAsync(Noon.AddSeconds(1));
        await two.StepAsync(Noon.AddSeconds(1));
        Assert.Equal((true, true), (one.Last.History.IsDemo, two.Last.History.IsDemo));
        Assert.NotEqual(one.Recorder.Recording, two.Recorder.Recording);

        var written = await database.IntervalsAsync();
        Assert.Equal(Story.Begins.ToUnixTimeSeconds(), written.Min(interval => interval.From));
        foreach (var component in Components.BuiltIn)
        {
            var own = written.Where(interval => interval.Component == component.Key).OrderBy(interval => interval.From).ToList();
            var gap = Assert.Single(own.Zip(own.Skip(1)), pair => pair.First.To < pair.Second.From); // and nothing overlaps
            Assert.Equal((Story.Gap.From, Story.Gap.To), (DateTimeOffset.FromUnixTimeSeconds(gap.First.To), DateTimeOffset.FromUnixTimeSeconds(gap.Second.From)));
            Assert.All(own.Zip(own.Skip(1)), pair => Assert.True(pair.First.To <= pair.Second.From));
        }

        Assert.Equal(
            Story.Measured.Select(measured => (measured.ComponentKey, measured.Status is DeclaredStatus.Outage ? RecordedState.Outage : RecordedState.Degraded, measured.Span.From.ToUnixTimeSeconds(), measured.Span.To.ToUnixTimeSeconds())),
            written.Where(interval => interval.State is RecordedState.Outage or RecordedState.Degraded).OrderBy(interval => interval.From).Select(interval => (interval.Component, interval.State, interval.From, interval.To)));
        Assert.Equal(
            Story.Windows.SkipLast(1).Select(window => (window.ComponentKey, window.Span.From.ToUnixTimeSeconds(), window.Span.To.ToUnixTimeSeconds())),
            written.Where(interval => interval.State is RecordedState.MaintenanceOverOperational).OrderBy(interval => interval.From).Select(interval => (interval.Component, interval.From, interval.To)));
    }

    [Fact]
    public async Task The_days_of_the_page_are_what_the_story_says_and_today_goes_on()
    {
        var one = new Replica(database, seed: 18);
        await one.StepAsync(Noon);
        await one.StepAsync(Noon.AddSeconds(1));
        var days = one.Last.History.DaysOf(Components.InferenceRouting, [], Today.AddDays(-89), Noon.AddSeconds(1), one.Track);
        Assert.Equal(90, days.Count);
        Assert.Equal(InstallationDay.On, days[0].Installation);
        Assert.Single(days, day => day.Operational == 0); // the gap's only whole day
        var outage = Story.Measured.Single(measured => measured.Status is DeclaredStatus.Outage && measured.ComponentKey == "inference_routing").Span;
        Assert.Equal((int)(outage.To - outage.From).TotalSeconds, days.Sum(day => day.Outage));
        Assert.Equal(50 * 60, days.Sum(day => day.Maintenance));
        Assert.Equal((43_201, 0), (days[^1].Operational, days[^1].NoData));
        Assert.InRange(Uptime.Percent(days)!.Value, 99.9m, 99.999m);
    }

    [Fact]
    public async Task A_database_that_has_measured_anything_gets_no_story_and_no_mark()
    {
        await new Replica(database, seed: 0).StepAsync(Noon);
        await database.SetClockAsync(Noon.AddSeconds(10)); // its lease is over
        var demo = new Replica(database, seed: 18);
        await demo.StepAsync(Noon.AddSeconds(10));
        Assert.True(demo.Recorder.Recording);
        Assert.False(demo.Last.History.IsDemo);
        Assert.All(await database.IntervalsAsync(), interval => Assert.True(interval.From >= Noon.AddSeconds(-1).ToUnixTimeSeconds()));
    }

    [Fact]
    public async Task A_demo_stays_one_without_its_setting()
    {
        await new Replica(database, seed: 18).StepAsync(Noon);
        await database.SetClockAsync(Noon.AddSeconds(10));
        var later = new Replica(database, seed: 0);
        await later.StepAsync(Noon.AddSeconds(10));
        Assert.True(later.Last.History.IsDemo);
    }

    [Fact]
    public void What_the_incidents_declare_is_what_was_measured()
    {
        Assert.Equal((3, 4), (Story.Incidents.Count, Story.Windows.Count));
        var declared = Story.Incidents.SelectMany(incident => Declarations.Of(new PageIncident
        {
            Id = "inc_x",
            Title = incident.Title,
            Status = incident.Updates[^1].Status,
            Impact = IncidentImpact.Minor,
            StartedAt = incident.Updates[0].At,
            ResolvedAt = null,
            Components = [],
            Updates = [.. incident.Updates.Select((update, number) => new PageIncidentUpdate
            {
                Id = $"upd_{number}", Status = update.Status, Body = update.Body, Components = update.Components, At = update.At, PostedAt = update.PostedAt, EditedAt = null,
            })],
            UpdatesCount = incident.Updates.Count,
            CreatedAt = incident.Updates[0].PostedAt,
            UpdatedAt = incident.Updates[^1].PostedAt,
        }));
        Assert.Equal(
            Story.Measured.Select(measured => (measured.ComponentKey, measured.Span.From.ToUnixTimeSeconds(), measured.Span.To.ToUnixTimeSeconds())),
            declared.OrderBy(interval => interval.From).Select(interval => (Model.Component.KeyOf(interval.ComponentId), interval.From, interval.To)));
        Assert.All(Story.Incidents.SelectMany(incident => incident.Updates), update => Assert.True(update.PostedAt > update.At && DateOnly.FromDateTime(update.PostedAt.UtcDateTime) < Today));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(int.MaxValue)]
    public void Every_seed_tells_a_story_of_the_same_shape_at_other_times_and_always_the_same(int seed)
    {
        var story = DemoStory.Of(seed, Today);
        Assert.Equivalent(DemoStory.Of(seed, Today), story, strict: true);
        Assert.NotEqual(Story.Measured[0].Span, story.Measured[0].Span);
        Assert.Equal(Story.Measured.Select(measured => measured.Status), story.Measured.Select(measured => measured.Status));
        Assert.All(story.Measured, measured => Assert.True(measured.Span.From < measured.Span.To));
        Assert.Matches("^proj_[A-Za-z0-9]{6,32}$", story.ProjectId);
    }

    private sealed class Replica(HistoryDatabase database, int seed)
    {
        public StatusTrack Track { get; } = new();

        public Recorder Recorder => field ??= new(database.Store(), Track, new() { Seed = seed, Day = Today });

        public RecorderTurn Last { get; private set; } = RecorderTurn.None;

        /// <summary>One turn of a process to which all is operational.</summary>
        public async Task StepAsync(DateTimeOffset now)
        {
            var all = Components.BuiltIn.ToDictionary(component => component.Key, _ => RecordedState.Operational);
            for (var at = now.AddSeconds(-1); at <= now; at = at.AddSeconds(0.5))
            {
                Track.Observe(at, all);
            }

            Last = await Recorder.TurnAsync(DateOnly.FromDateTime(now.UtcDateTime), null, null, Announcements.None, default);
        }
    }
}
