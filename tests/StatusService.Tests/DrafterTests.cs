using Grpc.Net.Client;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Xerotier.Contracts;
using Xerotier.Maintenance.V1;
using Xerotier.StatusService.Board;
using Xerotier.StatusService.Drafts;
using Xerotier.StatusService.Model;
using Xerotier.StatusService.Publishing;
using Xerotier.TestKit;

namespace Xerotier.StatusService.Tests;

/// <summary>Drafts by themselves, with a MaintenanceService on a real port and a real Postgres; the time that passes is the test's.</summary>
public sealed class DrafterTests(PostgresFixture postgres) : IAsyncLifetime
{
    private readonly FakeTimeProvider time = new(BoardTests.Start);
    private HistoryDatabase database = null!;
    private Neighbours neighbours = null!;
    private GrpcChannel channel = null!;
    private ChangeStamp? stored; // the recorder's stamp
    private int routersOnline = 3;
    private bool silent;
    private NoticeLists windows = new();
    private Announcements announced = Announcements.None;

    public async ValueTask InitializeAsync()
    {
        database = await HistoryDatabase.CreateAsync(postgres.Server, BoardTests.Start);
        neighbours = await Neighbours.StartAsync();
        channel = GrpcChannel.ForAddress(neighbours.Address);
    }

    public async ValueTask DisposeAsync()
    {
        channel.Dispose();
        await neighbours.DisposeAsync();
        await database.DisposeAsync();
    }

    [Fact]
    public async Task An_outage_of_two_minutes_is_drafted_once_and_discarded_after_five_operational_ones()
    {
        using var one = new Replica(this);
        await PassAsync(5, one);
        var since = await FailAsync(one);
        await PassAsync(119, one);
        Assert.Empty(neighbours.DraftRequests);
        await PassAsync(1, one);
        var draft = Assert.Single(neighbours.DraftRequests);
        Assert.Equal(("cmp_inference_routing", since, "all 3 routers are offline"), (draft.ComponentId, draft.Since.Seconds, draft.Reason));
        await PassAsync(200, one);
        Assert.Single(neighbours.DraftRequests);

        routersOnline = 3;
        await PassAsync(300, one);
        Assert.Empty(neighbours.DiscardRequests);
        await PassAsync(1, one);
        var discard = Assert.Single(neighbours.DiscardRequests);
        Assert.Equal(("cmp_inference_routing", since), (discard.ComponentId, discard.Since.Seconds));
        await PassAsync(400, one);
        Assert.Single(neighbours.DiscardRequests);
    }

    [Fact]
    public async Task A_short_outage_is_not_drafted_and_each_longer_one_is_one_of_its_own()
    {
        using var one = new Replica(this);
        await PassAsync(5, one);
        var starts = new List<long>();
        foreach (var length in new[] { 60, 130, 130 })
        {
            starts.Add(await FailAsync(one));
            await PassAsync(length, one);
            routersOnline = 3;
            await PassAsync(60, one);
        }

        Assert.Equal(starts.Skip(1), neighbours.DraftRequests.Select(d => d.Since.Seconds));
        await PassAsync(300, one);
        Assert.Equal(starts.Skip(1), neighbours.DiscardRequests.Select(d => d.Since.Seconds).Order());
    }

    [Fact]
    public async Task A_takeover_neither_loses_nor_doubles_a_draft()
    {
        using var one = new Replica(this);
        using var two = new Replica(this) { Recording = false };
        await PassAsync(5, one, two);
        routersOnline = 0;
        await PassAsync(1, one); // two sees it a second later
        var since = time.GetUtcNow().ToUnixTimeSeconds();
        await PassAsync(60, one, two);
        (one.Recording, two.Recording) = (false, true);
        await PassAsync(70, one, two);
        Assert.Equal(since, Assert.Single(neighbours.DraftRequests).Since.Seconds);

        using var three = new Replica(this); // a restart in the middle of the outage
        await PassAsync(200, three);
        Assert.Single(neighbours.DraftRequests);
        routersOnline = 3;
        await PassAsync(200, three);
        using var four = new Replica(this); // and one in the middle of the good time
        await PassAsync(102, four);
        Assert.Equal(since, Assert.Single(neighbours.DiscardRequests).Since.Seconds);
    }

    [Fact]
    public async Task What_is_out_before_anybody_looks_goes_on_from_the_outage_that_is_known_or_begins_now()
    {
        routersOnline = 0;
        using var one = new Replica(this);
        await PassAsync(1, one);
        var since = time.GetUtcNow().ToUnixTimeSeconds();
        await PassAsync(60, one);

        stored = null; // a gap that is too long for the stamp
        using var two = new Replica(this);
        await PassAsync(61, two);
        Assert.Equal(since, Assert.Single(neighbours.DraftRequests).Since.Seconds);
        stored = null;
        using var three = new Replica(this);
        await PassAsync(200, three);
        Assert.Single(neighbours.DraftRequests);

        stored = null;
        routersOnline = 3;
        using var four = new Replica(this);
        await PassAsync(300, four);
        Assert.Empty(neighbours.DiscardRequests);
        await PassAsync(1, four);
        Assert.Equal(since, Assert.Single(neighbours.DiscardRequests).Since.Seconds);
    }

    [Fact]
    public async Task An_outage_goes_on_over_a_time_in_which_nothing_is_known()
    {
        using var one = new Replica(this);
        await PassAsync(5, one);
        var since = await FailAsync(one);
        await PassAsync(60, one);
        silent = true;
        await PassAsync(100, one);
        Assert.Empty(neighbours.DraftRequests); // nobody knows whether it is out
        silent = false;
        await PassAsync(1, one);
        Assert.Equal(since, Assert.Single(neighbours.DraftRequests).Since.Seconds);
    }

    [Fact]
    public async Task Nothing_is_drafted_while_a_window_is_active_for_it_or_an_open_incident_names_it()
    {
        using var one = new Replica(this);
        await PassAsync(5, one);
        windows = BoardTests.Feed(BoardTests.PlatformWindow(0, 200).With(w => w with { AffectedServices = ["Inference Routing"] }));
        var since = await FailAsync(one);
        await PassAsync(190, one);
        Assert.Empty(neighbours.DraftRequests);

        announced = new(announced.Components, [Incident(IncidentStatus.Investigating)]);
        await PassAsync(30, one);
        Assert.Empty(neighbours.DraftRequests);

        announced = new(announced.Components, [Incident(IncidentStatus.Resolved)]);
        await PassAsync(1, one);
        Assert.Equal(since, Assert.Single(neighbours.DraftRequests).Since.Seconds);
    }

    [Fact]
    public async Task What_fails_is_tried_again_at_a_low_rate_while_the_outage_lasts()
    {
        neighbours.Draft = _ => null;
        using var one = new Replica(this);
        await PassAsync(5, one);
        await FailAsync(one);
        await PassAsync(120 + 95, one);
        Assert.Equal(4, neighbours.DraftRequests.Count);
        neighbours.Draft = _ => new() { IncidentId = "inc_1" };
        await PassAsync(100, one);
        Assert.Equal(5, neighbours.DraftRequests.Count);
        Assert.Single(neighbours.DraftRequests.Select(d => d.Since.Seconds).Distinct());
    }

    [Fact]
    public async Task What_is_not_to_be_drafted_here_any_more_does_not_go_on_failing()
    {
        neighbours.Draft = _ => null;
        using var one = new Replica(this);
        await PassAsync(5, one);
        await FailAsync(one);
        await PassAsync(120, one);
        Assert.True(one.IsFailing);
        one.Recording = false;
        await PassAsync(1, one);
        Assert.False(one.IsFailing);

        one.Recording = true;
        await PassAsync(1, one);
        Assert.True(one.IsFailing);
        announced = new([.. Components.BuiltIn.Where(component => component != Components.InferenceRouting)], []);
        await PassAsync(1, one);
        Assert.False(one.IsFailing);
    }

    [Fact]
    public async Task Zero_seconds_are_never()
    {
        using var one = new Replica(this, draftAfter: 0);
        await PassAsync(5, one);
        await FailAsync(one);
        await PassAsync(200, one);
        Assert.Empty(neighbours.DraftRequests);
    }

    [Fact]
    public async Task A_clock_that_leaps_after_a_look_drafts_no_outage_before_its_time()
    {
        using var one = new Replica(this);
        await PassAsync(5, one);
        var since = await FailAsync(one);
        await PassAsync(9, one);
        await LeapAsync(one);
        Assert.Empty(neighbours.DraftRequests);
        await PassAsync(109, one);
        Assert.Empty(neighbours.DraftRequests);
        await PassAsync(1, one);
        Assert.Equal(since, Assert.Single(neighbours.DraftRequests).Since.Seconds);
    }

    [Fact]
    public async Task A_clock_that_leaps_after_a_look_discards_no_draft_before_its_time()
    {
        using var one = new Replica(this);
        await PassAsync(5, one);
        await FailAsync(one);
        await PassAsync(120, one);
        Assert.Single(neighbours.DraftRequests);

        routersOnline = 3;
        await PassAsync(10, one);
        await LeapAsync(one);
        Assert.Empty(neighbours.DiscardRequests);
        await PassAsync(289, one);
        Assert.Empty(neighbours.DiscardRequests);
        await PassAsync(1, one);
        Assert.Single(neighbours.DiscardRequests);
    }

    [Fact]
    public async Task What_is_out_before_anybody_looks_begins_at_the_look_though_the_clock_leaps_after_it()
    {
        routersOnline = 0;
        using var one = new Replica(this);
        await LeapAsync(one);
        var since = time.GetUtcNow().ToUnixTimeSeconds();
        await PassAsync(119, one);
        Assert.Empty(neighbours.DraftRequests);
        await PassAsync(1, one);
        Assert.Equal(since, Assert.Single(neighbours.DraftRequests).Since.Seconds);
    }

    private static PageIncident Incident(IncidentStatus status) => new()
    {
        Id = "inc_1",
        Title = "Routers are away",
        Status = status,
        Impact = IncidentImpact.Minor,
        StartedAt = BoardTests.Start,
        ResolvedAt = status is IncidentStatus.Resolved ? BoardTests.Start : null,
        Components = [new() { Id = Components.InferenceRouting.Id, Name = "Inference Routing", Status = DeclaredStatus.Degraded }],
        Updates = [],
        UpdatesCount = 0,
        CreatedAt = BoardTests.Start,
        UpdatedAt = BoardTests.Start,
    };

    /// <summary>All routers fall silent; the second at which that is seen.</summary>
    private async Task<long> FailAsync(Replica replica)
    {
        routersOnline = 0;
        await PassAsync(1, replica);
        return time.GetUtcNow().ToUnixTimeSeconds();
    }

    private async Task PassAsync(int seconds, params Replica[] replicas)
    {
        for (var i = 0; i < seconds; i++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            foreach (var replica in replicas)
            {
                await replica.StepAsync();
            }
        }
    }

    /// <summary>A second in which the clock leaps an hour ahead after the look, and is right again after the round.</summary>
    private Task LeapAsync(Replica replica)
    {
        time.Advance(TimeSpan.FromSeconds(1));
        return replica.StepAsync(TimeSpan.FromHours(1));
    }

    private sealed class Replica : IDisposable
    {
        private readonly DrafterTests test;
        private readonly LeapingTime clock;
        private readonly Published published;
        private readonly ChangeStamps stamps = new();
        private readonly LiveBoard board = new((_, _) => { });
        private readonly Drafter drafter;

        public Replica(DrafterTests test, int draftAfter = 120)
        {
            this.test = test;
            clock = new(test.time);
            published = new(clock);
            drafter = new(
                published,
                new(test.database.Source),
                new(test.channel),
                Options.Create(new IncidentsOptions { DraftAfterSeconds = draftAfter }),
                clock,
                NullLogger<Drafter>.Instance);
        }

        public bool Recording { get; set; } = true;

        public bool IsFailing => drafter.IsFailing;

        /// <summary>A look, as the loop takes it, and a round whose clock is <paramref name="ahead"/> by then.</summary>
        public async Task StepAsync(TimeSpan ahead = default)
        {
            var now = test.time.GetUtcNow();
            board.Apply(now, (inputs, at) => inputs.WithNotices(BoardWindows.From(test.windows), test.announced, at));
            if (!test.silent)
            {
                board.Apply(now, (inputs, at) => inputs.WithFleet(new(3, test.routersOnline, 0, 0), at));
            }

            var state = board.Observe(now);
            stamps.Observe(state, now, settled: true);
            var stamp = stamps.Reconcile(test.stored, now)!;
            test.stored = Recording ? stamp : test.stored;
            published.Look = new(state, ChangeStamp.FromJson(stamp.ToJson())!, Recording, now);
            published.ReportAlive();
            clock.Ahead = ahead;
            await drafter.RoundAsync(default);
        }

        public void Dispose() => drafter.Dispose();
    }
}
