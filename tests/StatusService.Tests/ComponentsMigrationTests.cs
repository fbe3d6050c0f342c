using DbUp;
using DbUp.Postgresql;
using Npgsql;
using Xerotier.Maintenance.V1;
using Xerotier.StatusService.Board;
using Xerotier.StatusService.Documents.Content;
using Xerotier.StatusService.History;
using Xerotier.StatusService.Model;

namespace Xerotier.StatusService.Tests;

/// <summary>A database of the version before components were data: after the migration the page says of it what it said before.</summary>
public sealed class ComponentsMigrationTests(PostgresFixture postgres) : IAsyncLifetime
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 3, 12, 0, 0, TimeSpan.Zero);
    private readonly StatusTrack track = new();
    private HistoryDatabase database = null!;
    private Recorder recorder = null!;

    public async ValueTask InitializeAsync()
    {
        database = await HistoryDatabase.CreateAsync(postgres.Server, Noon, FillAsync);
        recorder = new(database.Store(), track, new());
    }

    public ValueTask DisposeAsync() => database.DisposeAsync();

    [Fact]
    public async Task Days_uptime_and_since_times_stay()
    {
        var page = await PageAsync(Noon);

        Assert.Equal(["Dashboard", "Inference Routing", "Shared Agents", "Model Storage"], page.Components.Select(c => c.Name));
        Assert.All(page.Components, c => Assert.Equal((90, InstallationDay.Before, InstallationDay.On, InstallationDay.After), (c.Days.Count, c.Days[^4].Installation, c.Days[^3].Installation, c.Days[^1].Installation)));
        Assert.Equal(
            [(64_800, 0, 0, 0, 21_600), (86_400, 0, 0, 0, 0), (43_200, 0, 0, 0, 0)],
            Days(page.Components[0]));
        Assert.Equal(
            [(60_000, 4_000, 800, 0, 21_600), (85_676, 0, 724, 0, 0), (41_876, 0, 1_324, 0, 0)],
            Days(page.Components[1]));
        Assert.Equal(
            [(60_000, 0, 0, 0, 26_400), (0, 0, 0, 0, 86_400), (28_800, 0, 0, 0, 14_400)],
            Days(page.Components[2]));
        Assert.Equal(
            [(64_800, 0, 0, 0, 21_600), (86_400, 0, 0, 0, 0), (39_600, 0, 0, 3_600, 0)],
            Days(page.Components[3]));
        Assert.Equal([100m, 98.534m, 100m, 100m], page.Components.Select(c => c.UptimePercent)); // 191,552 of 194,400 s
        Assert.Equal(99.162m, page.Components[1].Days[^2].UptimePercent);
        Assert.Equal([null, Noon.AddMinutes(-10), Noon.AddHours(-4), Noon.AddHours(-7)], page.Components.Select(c => c.Since));
    }

    [Fact]
    public async Task Windows_that_were_known_last_mark_the_same_components()
    {
        track.Observe(Noon, Held());
        var before = (await recorder.TurnAsync(new(2026, 11, 3), null, null, Announcements.None, default)).Before!;

        Assert.True(before.SharedAgentsShown);
        Assert.Equal(Noon.AddSeconds(-1), before.Notices!.At);
        Assert.Equal(["Upgrade"], before.Notices.Windows.Active.Select(w => w.Title));
        Assert.Equal(
            [["Inference Routing", "Model Storage"], []],
            before.Notices.Windows.Platform.Select(w => w.AffectedServices));
        var (named, all) = (before.Notices.Windows.Platform[0], before.Notices.Windows.Platform[1]);
        Assert.Equal([false, true, false, true], Components.BuiltIn.Select(c => named.Covers(c, Noon)));
        Assert.Equal([true, true, true, true], Components.BuiltIn.Select(c => all.Covers(c, Noon)));
    }

    [Fact]
    public async Task What_goes_on_is_one_interval_and_new_components_get_numbers_of_their_own()
    {
        track.Observe(Noon, Held());
        await recorder.TurnAsync(new(2026, 11, 3), null, null, Announcements.None, default);
        track.Observe(Noon.AddSeconds(1), Held());
        track.Observe(Noon.AddSeconds(2), new Dictionary<string, RecordedState>(Held()) { ["console"] = RecordedState.Operational });
        track.Observe(Noon.AddSeconds(3), new Dictionary<string, RecordedState>(Held()) { ["console"] = RecordedState.Operational });
        await database.SetClockAsync(Noon.AddSeconds(3));
        var turn = await recorder.TurnAsync(new(2026, 11, 3), null, null, Announcements.None, default);

        var noon = Noon.ToUnixTimeSeconds();
        var intervals = await database.IntervalsAsync();
        Assert.Equal((noon - 600, noon + 3, RecordedState.Outage), intervals.Where(i => i.Component == "inference_routing").Select(i => (i.From, i.To, i.State)).Last());
        Assert.Equal(("console", noon + 2, noon + 3, RecordedState.Operational), intervals[^1]);
        Assert.Equal(1, turn.History.DaysOf(new Component("cmp_console", "Console", 9) { StartDate = new(2026, 11, 4) }, [], new(2026, 11, 3), Noon.AddSeconds(3), track)[^1].Operational);
        await using var command = database.Source.CreateCommand("select id from components where key = 'console'");
        Assert.Equal((short)4, await command.ExecuteScalarAsync());
    }

    private static Dictionary<string, RecordedState> Held() => new()
    {
        ["dashboard"] = RecordedState.Operational,
        ["inference_routing"] = RecordedState.Outage,
        ["shared_agents"] = RecordedState.NoData,
        ["model_storage"] = RecordedState.Operational,
    };

    private static IEnumerable<(int, int, int, int, int)> Days(ComponentModel component) =>
        component.Days.TakeLast(3).Select(d => (d.Operational, d.Degraded, d.Outage, d.Maintenance, d.NoData));

    /// <summary>The page of a process that has just started and sees what its predecessor saw: routing is down, and nobody reports the agents.</summary>
    private async Task<StatusPageModel> PageAsync(DateTimeOffset now)
    {
        var inputs = BoardInputs.Nothing.WithFleet(new(3, 0, 8, 0), now).WithWindows(new NoticeLists(), now);
        var state = BoardState.At(inputs, now);
        var stamps = new ChangeStamps();
        stamps.Observe(state, now, settled: true);
        track.Observe(now, Held());
        var turn = await recorder.TurnAsync(DateOnly.FromDateTime(now.UtcDateTime), null, null, Announcements.None, default);
        return PageBuilder.Build(state, stamps.Reconcile(turn.Stamp, now)!, turn.History, track, now);
    }

    /// <summary>The schema, and rows as the previous version wrote them.</summary>
    private static async Task FillAsync(NpgsqlDataSource source)
    {
        var result = DeployChanges.To.PostgresqlDatabase(new PostgresqlConnectionManager(source))
            .WithScriptsEmbeddedInAssembly(typeof(HistoryStore).Assembly, name => name.Contains(".0001_", StringComparison.Ordinal) || name.Contains(".0002_", StringComparison.Ordinal))
            .LogToNowhere()
            .Build()
            .PerformUpgrade();
        Assert.True(result.Successful, result.Error?.Message);

        await using var command = source.CreateCommand(
            """
            update recorder set generation = 3, recorded_until = '2026-11-03T12:00:00Z', first_recorded = '2026-11-01T06:00:00Z', revision = 17,
                stamp = '{"content":"5d41402abc4b2a76b9719d911017c592","changed_at":1793706600,"since":{
                    "Dashboard":{"status":"Operational","at":null},"InferenceRouting":{"status":"Outage","at":1793706600},
                    "SharedAgents":{"status":"Operational","at":1793692800},"ModelStorage":{"status":"Operational","at":1793682000}},"windows_lost_at":null}',
                windows = '{"active":[{"id":"mw_1","title":"Upgrade","description":"","severity":"warning","status":"active","affected_services":["Model Storage"],
                    "starts_at":"2026-11-03T11:00:00+00:00","ends_at":"2026-11-03T13:00:00+00:00","completed_at":null,"cancelled_at":null}],"active_total":1,
                    "scheduled":[],"scheduled_total":0,"recent":[],"platform":[
                    {"starts_at":"2026-11-03T11:00:00+00:00","ends_at":"2026-11-03T13:00:00+00:00","affects":[false,true,false,true]},
                    {"starts_at":"2026-11-03T11:00:00+00:00","ends_at":"2026-11-03T13:00:00+00:00","affects":[false,false,false,false]},
                    {"starts_at":"2026-11-03T11:00:00+00:00","ends_at":"2026-11-03T13:00:00+00:00","affects":[true,true,true,true]}]}',
                windows_heard_at = '2026-11-03T11:59:59Z';
            insert into days (day, indicator, operational, degraded, maintenance, outage) values
                ('2026-11-01', 0, 64800, 0, 0, 0), ('2026-11-01', 1, 60000, 4000, 0, 800), ('2026-11-01', 2, 60000, 0, 0, 0), ('2026-11-01', 3, 64800, 0, 0, 0),
                ('2026-11-02', 0, 86400, 0, 0, 0), ('2026-11-02', 1, 85676, 0, 0, 724), ('2026-11-02', 3, 86400, 0, 0, 0);
            insert into intervals (indicator, starts_at, ends_at, state) values
                (0, '2026-11-03T00:00:00Z', null, 0),
                (1, '2026-11-03T00:00:00Z', '2026-11-03T09:00:00Z', 0), (1, '2026-11-03T09:00:00Z', '2026-11-03T09:12:04Z', 4),
                (1, '2026-11-03T09:12:04Z', '2026-11-03T11:50:00Z', 0), (1, '2026-11-03T11:50:00Z', null, 4),
                (2, '2026-11-03T00:00:00Z', '2026-11-03T08:00:00Z', 0),
                (3, '2026-11-03T00:00:00Z', '2026-11-03T04:00:00Z', 0), (3, '2026-11-03T04:00:00Z', '2026-11-03T05:00:00Z', 3),
                (3, '2026-11-03T05:00:00Z', null, 0)
            """);
        await command.ExecuteNonQueryAsync();
    }
}
