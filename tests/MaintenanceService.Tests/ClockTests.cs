using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using Xerotier.MaintenanceService.Clock;
using Xerotier.TestKit;

namespace Xerotier.MaintenanceService.Tests;

/// <summary><c>auto_transition</c>: two replicas on one database and one clock that the test turns; it stays behind the database's, which decides.</summary>
public sealed class ClockTests(ManagementApi api) : IAsyncLifetime
{
    private readonly FakeTimeProvider time = new(new DateTimeOffset(DateTimeOffset.UtcNow.Date.AddDays(-30).AddHours(12), TimeSpan.Zero));
    private readonly List<InProcessService<Program>> replicas = [];
    private string connectionString = "";
    private Project project = null!;

    public async ValueTask InitializeAsync()
    {
        connectionString = await api.Postgres.CreateDatabaseAsync<Program>();
        await StartAsync();
        await StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
    }

    [Fact]
    public async Task A_window_becomes_active_at_its_start_and_completed_at_its_end_once()
    {
        var ids = new List<string>();
        for (var i = 0; i < 20; i++)
        {
            ids.Add(await CreateAsync(TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(20)));
        }

        await TurnAsync(TimeSpan.FromMinutes(10) - TimeSpan.FromSeconds(2));
        await StaysAsync(ids, "scheduled");
        await TurnAsync(TimeSpan.FromSeconds(2));
        await BecomeAsync(ids, "active");
        await TurnAsync(TimeSpan.FromMinutes(10) - TimeSpan.FromSeconds(2));
        await StaysAsync(ids, "active");
        await TurnAsync(TimeSpan.FromSeconds(2));
        await BecomeAsync(ids, "completed");
        foreach (var id in ids)
        {
            await HasTrailAsync(id, "completed", "activated", "created");
            var window = await project.GetAsync($"/{id}");
            Assert.Equal((window["updated_at"], null), (window["completed_at"], window["cancelled_at"]));
            foreach (var (planned, happened) in (ReadOnlySpan<(string, string)>)[("starts_at", "activated_at"), ("ends_at", "completed_at")])
            {
                Assert.InRange(DateTimeOffset.Parse(window[happened]!, CultureInfo.InvariantCulture) - DateTimeOffset.Parse(window[planned]!, CultureInfo.InvariantCulture), TimeSpan.Zero, TimeSpan.FromSeconds(3));
            }
        }
    }

    [Fact]
    public async Task Without_it_no_clock_moves_a_window()
    {
        var never = await CreateAsync(TimeSpan.FromMinutes(-10), TimeSpan.FromMinutes(-5), auto: false);
        var switchedOff = await CreateAsync(TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(20));
        var cancelled = await CreateAsync(TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(20));
        (await project.PatchAsync(switchedOff, new JsonObject { ["auto_transition"] = false })).Is(HttpStatusCode.OK);
        (await project.CancelAsync(cancelled)).Is(HttpStatusCode.OK);
        await TurnAsync(TimeSpan.FromHours(1));
        await StaysAsync([never, switchedOff], "scheduled");
        await StaysAsync([cancelled], "cancelled");
    }

    [Fact]
    public async Task A_start_that_has_passed_happens_at_once_and_a_passed_end_after_it()
    {
        var started = await CreateAsync(TimeSpan.FromMinutes(-10), TimeSpan.FromMinutes(10));
        var over = await CreateAsync(TimeSpan.FromMinutes(-10), TimeSpan.FromMinutes(-5));
        var switchedOn = await CreateAsync(TimeSpan.FromMinutes(-10), TimeSpan.FromMinutes(-5), auto: false);
        (await project.PatchAsync(switchedOn, new JsonObject { ["auto_transition"] = true })).Is(HttpStatusCode.OK);
        await BecomeAsync([started], "active");
        await BecomeAsync([over, switchedOn], "completed");
        await HasTrailAsync(started, "activated", "created");
        await HasTrailAsync(over, "completed", "activated", "created");
        await HasTrailAsync(switchedOn, "completed", "activated", "updated", "created");
    }

    [Fact]
    public async Task What_was_missed_while_the_service_was_down_happens_at_its_start()
    {
        var started = await CreateAsync(TimeSpan.FromMinutes(10), TimeSpan.FromHours(10));
        var over = await CreateAsync(TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(20));
        await StopAsync();
        time.Advance(TimeSpan.FromHours(1));
        await Task.WhenAll(StartAsync(project.Id), StartAsync(project.Id));
        await BecomeAsync([started], "active");
        await BecomeAsync([over], "completed");
        await HasTrailAsync(started, "activated", "created");
        await HasTrailAsync(over, "completed", "activated", "created");
    }

    [Fact]
    public async Task A_clock_that_leaps_or_is_set_back_moves_each_window_once()
    {
        var window = await CreateAsync(TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(20));
        var later = await CreateAsync(TimeSpan.FromDays(10), TimeSpan.FromDays(11));
        await TurnAsync(TimeSpan.FromMinutes(11));
        await BecomeAsync([window], "active");
        time.AdjustTime(time.GetUtcNow() - TimeSpan.FromMinutes(11));
        await TurnAsync(TimeSpan.FromSeconds(2));
        await StaysAsync([window], "active");
        var changed = (await project.PatchAsync(window, new JsonObject { ["title"] = "Set back" })).Is(HttpStatusCode.OK);
        Assert.True(DateTimeOffset.Parse(changed["updated_at"]!, CultureInfo.InvariantCulture) >= DateTimeOffset.Parse(changed["created_at"]!, CultureInfo.InvariantCulture));
        await TurnAsync(TimeSpan.FromDays(12));
        await BecomeAsync([window, later], "completed");
        await HasTrailAsync(window, "completed", "updated", "activated", "created");
        await HasTrailAsync(later, "completed", "activated", "created");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(24 * 400)]
    [InlineData(-1)]
    [InlineData(24 * -400)]
    public async Task A_service_whose_clock_is_wrong_moves_no_window_early_nor_late_makes_series_as_far_as_ever_and_forgets_no_response(int hours)
    {
        var wrong = new FakeTimeProvider(DateTimeOffset.UtcNow.AddHours(hours));
        var database = await api.Postgres.CreateDatabaseAsync<Program>();
        await using var service = await ManagementApi.StartServiceAsync(database, wrong);
        project = Project.Of(service);
        await CreateSeriesAsync();
        var due = await PlanAsync(-10, 10);
        var later = await PlanAsync(10, 20);
        var over = await PlanAsync(-10, -5);
        var first = await project.CreateAsync(idempotencyKey: "k");
        Assert.InRange(DateTimeOffset.Parse(first["created_at"]!, CultureInfo.InvariantCulture), DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow.AddSeconds(2));
        for (var turn = 0; turn < 20; turn++)
        {
            wrong.Advance(TransitionClock.Interval);
            await Task.Delay(20);
        }

        await BecomeAsync([over], "completed"); // it is at work
        await BecomeAsync([due], "active");
        await StaysAsync([later], "scheduled");
        await StaysAsync([due], "active");
        wrong.Advance(IdempotencyCleaner.Interval);
        await StaysAsync([due], "active");
        Assert.Equal(first.Id, (await project.CreateAsync(idempotencyKey: "k")).Id);
        using var http = service.Http();
        var ready = await Reply.OfAsync(await http.GetAsync("/readyz"));
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "unavailable"), (ready.Status, ready.Json["checks"]!["maintenancedb_clock"]!.GetValue<string>()));
        await IsMadeUpToItsHorizonAsync(database, wrong);

        Task<string> PlanAsync(int start, int end) => project.CreatedAsync(Body.With(b =>
        {
            b["starts_at"] = DateTimeOffset.UtcNow.AddMinutes(start).ToString("O", CultureInfo.InvariantCulture);
            b["ends_at"] = DateTimeOffset.UtcNow.AddMinutes(end).ToString("O", CultureInfo.InvariantCulture);
            b["auto_transition"] = true;
        }));
    }

    [Fact]
    public async Task A_service_that_does_not_know_yet_that_its_clock_is_ahead_makes_no_series_beyond_its_horizon()
    {
        var database = await api.Postgres.CreateDatabaseAsync<Program>();
        await using (var right = await ManagementApi.StartServiceAsync(database))
        {
            project = Project.Of(right);
            await CreateSeriesAsync();
        }

        var ahead = new FakeTimeProvider(DateTimeOffset.UtcNow.AddDays(400));
        await using var service = await ManagementApi.StartServiceAsync(database, ahead, decides: true);
        await IsMadeUpToItsHorizonAsync(database, ahead);
    }

    [Fact]
    public async Task More_windows_than_one_turn_moves_are_all_moved_once()
    {
        await using (var connection = new Npgsql.NpgsqlConnection(connectionString))
        {
            await connection.OpenAsync();
            await using var insert = connection.CreateCommand();
            insert.CommandText = $"""
                insert into windows (project_id, id, title, description, severity, affected_services, starts_at, ends_at, status, version, created_by, created_at, updated_at, auto_transition)
                select '{project.Id}', 'mw_' || lpad(translate(n::text, '0189', 'abcd'), 26, 'a'), 'Many', '', 'info', array[]::text[], $1, $2, 'scheduled', 1, 'test', $1, $1, true
                from generate_series(1, 1800) n
                """;
            insert.Parameters.Add(new() { Value = time.GetUtcNow().AddMinutes(10) });
            insert.Parameters.Add(new() { Value = time.GetUtcNow().AddMinutes(11) });
            await insert.ExecuteNonQueryAsync();
        }

        time.Advance(TimeSpan.FromMinutes(12));
        await using var database = Npgsql.NpgsqlDataSource.Create(connectionString);
        await using var open = database.CreateCommand("select count(*) from windows where status <> 'completed'");
        await Eventually.TrueAsync(async () =>
        {
            time.Advance(TransitionClock.Interval);
            return (long)(await open.ExecuteScalarAsync())! == 0;
        });
        await using var events = database.CreateCommand("select count(*), count(distinct (window_id, action)) from window_events where actor = 'auto_transition'");
        await using var row = await events.ExecuteReaderAsync();
        await row.ReadAsync();
        Assert.Equal((3600L, 3600L), (row.GetInt64(0), row.GetInt64(1)));
    }

    private async Task StartAsync(string? projectId = null)
    {
        var replica = await ManagementApi.StartServiceAsync(connectionString, time, decides: true);
        lock (replicas)
        {
            replicas.Add(replica);
        }

        project = Project.Of(replica, id: projectId ?? project?.Id);
    }

    private async Task StopAsync()
    {
        foreach (var replica in replicas)
        {
            await replica.DisposeAsync();
        }

        replicas.Clear();
    }

    private Task<string> CreateAsync(TimeSpan start, TimeSpan end, bool auto = true) => project.CreatedAsync(Body.With(b =>
    {
        b["starts_at"] = (time.GetUtcNow() + start).ToString("O", CultureInfo.InvariantCulture);
        b["ends_at"] = (time.GetUtcNow() + end).ToString("O", CultureInfo.InvariantCulture);
        b["auto_transition"] = auto;
    }));

    /// <summary>Creates a series of every day, with a horizon of 30 days.</summary>
    private async Task CreateSeriesAsync() => (await project.SendAsync(HttpMethod.Post, $"/{project.Id}/v1/management/maintenance-series", new JsonObject
    {
        ["title"] = "Maintenance",
        ["description"] = "",
        ["timezone"] = "UTC",
        ["starts_on"] = DateTimeOffset.UtcNow.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        ["local_time"] = "02:30",
        ["duration"] = "PT1H",
        ["rrule"] = "FREQ=DAILY",
        ["horizon_days"] = 30,
    })).Is(HttpStatusCode.Created);

    /// <summary>Two days of the series are to be made: they are as <paramref name="clock"/> turns, and none after them.</summary>
    private static async Task IsMadeUpToItsHorizonAsync(string connectionString, FakeTimeProvider clock)
    {
        await using var database = Npgsql.NpgsqlDataSource.Create(connectionString);
        await using var rewind = database.CreateCommand("update series_lease set expires_at = '-infinity'; update series set made_through = made_through - 2");
        await using var ahead = database.CreateCommand("select made_through - (clock_timestamp() at time zone 'UTC')::date from series");
        await rewind.ExecuteNonQueryAsync();
        await Eventually.TrueAsync(async () =>
        {
            clock.Advance(SeriesClock.Interval);
            return await AheadAsync() >= 30;
        });
        Assert.InRange(await AheadAsync(), 29, 30); // a day may begin meanwhile

        async Task<int> AheadAsync() => (int)(await ahead.ExecuteScalarAsync())!;
    }

    /// <summary>Turns the clock, and gives the replicas a few of their turns at the new time.</summary>
    private async Task TurnAsync(TimeSpan by)
    {
        time.Advance(by);
        for (var i = 0; i < 5; i++)
        {
            await Task.Delay(20);
            time.Advance(TimeSpan.FromMilliseconds(100));
        }
    }

    private Task BecomeAsync(IReadOnlyList<string> ids, string status) => Eventually.TrueAsync(async () =>
    {
        time.Advance(TimeSpan.FromMilliseconds(20));
        foreach (var id in ids)
        {
            if ((await project.GetAsync($"/{id}"))["status"] != status)
            {
                return false;
            }
        }

        return true;
    });

    private async Task StaysAsync(IReadOnlyList<string> ids, string status)
    {
        await Task.Delay(100);
        foreach (var id in ids)
        {
            Assert.Equal(status, (await project.GetAsync($"/{id}"))["status"]);
        }
    }

    private async Task HasTrailAsync(string id, params string[] actions)
    {
        var events = (await project.GetAsync($"/{id}/events")).Data;
        Assert.Equal(actions, events.Select(e => e!["action"]!.GetValue<string>()));
        foreach (var e in events.Where(e => e!["action"]!.GetValue<string>() is "activated" or "completed"))
        {
            Assert.Equal(("auto_transition", null), (e!["actor"]!.GetValue<string>(), e["actor_key_id"]));
        }
    }
}
