using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.DependencyInjection;
using Xerotier.Maintenance.V1;
using Xerotier.MaintenanceService.Notices;
using Xerotier.TestKit;

namespace Xerotier.MaintenanceService.Tests;

/// <summary>What the StatusService is told, and when.</summary>
public sealed class FeedTests(ManagementApi api) : IAsyncLifetime
{
    private static readonly DateTimeOffset LongAgo = new(DateTime.UtcNow.Date.AddDays(-300), TimeSpan.Zero);
    private static readonly Metadata ServiceToken = new() { { "authorization", $"Bearer {TestTokens.ForService()}" } };

    private InProcessService<Program> first = null!;
    private InProcessService<Program> second = null!;
    private string connectionString = "";

    public async ValueTask InitializeAsync()
    {
        connectionString = await api.Postgres.CreateDatabaseAsync<Program>();
        var starts = await Task.WhenAll(ManagementApi.StartServiceAsync(connectionString), ManagementApi.StartServiceAsync(connectionString));
        (first, second) = (starts[0], starts[1]);
    }

    public async ValueTask DisposeAsync()
    {
        await first.DisposeAsync();
        await second.DisposeAsync();
    }

    [Fact]
    public async Task The_feed_comes_whole_at_once_then_on_every_change_of_either_replica_and_signs_of_life_between()
    {
        using var project = Project.Of(first);
        var existing = await project.CreatedAsync("status", "active");
        await using var near = await FeedStream.OpenAsync(first);
        await using var far = await FeedStream.OpenAsync(second);
        await near.UntilAsync(feed => feed.Active.Any(w => w.Value.Id == existing));
        await far.UntilAsync(feed => feed.Active.Any(w => w.Value.Id == existing));

        var delays = new List<TimeSpan>();
        for (var i = 0; i < 5; i++)
        {
            var id = await project.CreatedAsync();
            var committed = Stopwatch.StartNew();
            await near.UntilAsync(feed => feed.Scheduled.Any(w => w.Value.Id == id));
            await far.UntilAsync(feed => feed.Scheduled.Any(w => w.Value.Id == id));
            delays.Add(committed.Elapsed);
            await project.CancelAsync(id);
            await far.UntilAsync(feed => feed.Recent.Single(w => w.Value.Id == id).Value.Status == WindowStatus.Cancelled && feed.Scheduled.Count == 0);
            await near.UntilAsync(feed => feed.Scheduled.Count == 0);
        }

        Assert.InRange(delays.Min(), TimeSpan.Zero, TimeSpan.FromSeconds(1.5)); // the others say how busy this machine is
        for (var i = 0; i < 3; i++)
        {
            var waited = Stopwatch.StartNew();
            Assert.Empty((await near.NextAsync()).Changes);
            Assert.InRange(waited.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(3));
        }
    }

    [Fact]
    public async Task Of_a_series_what_has_begun_and_the_next_two_are_told_and_its_calendar_has_all()
    {
        using var project = Project.Of(first);
        await using var earlier = await FeedStream.OpenAsync(second);
        var day = DateTime.UtcNow.Date;
        var single = await project.CreatedAsync(Body.With(b => (b["starts_at"], b["ends_at"]) = ($"{day.AddDays(20):s}Z", $"{day.AddDays(21):s}Z")));
        var path = $"/{project.Id}/v1/management/maintenance-series";
        var series = (await project.SendAsync(HttpMethod.Post, path, new JsonObject
        {
            ["title"] = "Daily",
            ["description"] = "",
            ["timezone"] = "UTC",
            ["starts_on"] = day.AddDays(1).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
            ["local_time"] = "02:30",
            ["duration"] = "PT1H",
            ["rrule"] = "FREQ=DAILY",
            ["horizon_days"] = 30,
        })).Is(HttpStatusCode.Created).Id;
        var all = (await project.GetAsync("?limit=100")).Data.Where(w => w!["series_id"] is not null).Select(w => w!["id"]!.GetValue<string>()).Reverse().ToList();
        Assert.Equal(30, all.Count);
        await IsAsync([all[0], all[1], single], [single, all[1], all[0]]);

        await project.PatchAsync(all[0], new JsonObject { ["status"] = "active" });
        await IsAsync([all[1], all[2], single], [single, all[2], all[1], all[0]]);
        await project.CancelAsync(all[1]); // it never began
        await IsAsync([all[2], all[3], single], [single, all[3], all[2], all[0]]);
        await project.CancelAsync(all[0]); // it did
        await project.PatchAsync(all[9], new JsonObject { ["starts_at"] = $"{day.AddDays(1):s}Z" }); // to the front
        await IsAsync([all[9], all[2], single], [single, all[2], all[0], all[9]]);
        await project.SendAsync(HttpMethod.Patch, $"{path}/{series}", new JsonObject { ["title"] = "Changed" });
        await earlier.UntilAsync(feed => feed.Scheduled.Any(w => w.Value.Title == "Changed"));
        await IsAsync([all[9], all[2], single], [single, all[2], all[0], all[9]]);

        var month = new ListWindowsBetweenRequest { From = Timestamp.FromDateTime(day), To = Timestamp.FromDateTime(day.AddDays(60)) };
        using var channel = GrpcChannel.ForAddress(first.GrpcAddress);
        var client = new MaintenanceFeed.MaintenanceFeedClient(channel);
        Assert.Equal([all[0], single], (await client.ListWindowsBetweenAsync(month, ServiceToken)).Windows.Select(w => w.Value.Id));
        month.ForCalendar = true;
        Assert.Equal(31, (await client.ListWindowsBetweenAsync(month, ServiceToken)).Windows.Count);

        await project.SendAsync(HttpMethod.Delete, $"{path}/{series}");
        await IsAsync([single], [single, all[0]]);

        async Task IsAsync(IReadOnlyList<string> scheduled, IReadOnlyList<string> recent)
        {
            await earlier.UntilAsync(Matches);
            await using var fresh = await FeedStream.OpenAsync(first);
            await fresh.UntilAsync(Matches);

            bool Matches(NoticeLists feed) => feed.Scheduled.Select(w => w.Value.Id).SequenceEqual(scheduled) && feed.Recent.Select(w => w.Value.Id).SequenceEqual(recent) && feed.ScheduledTotal == scheduled.Count;
        }
    }

    [Fact]
    public async Task A_change_that_nobody_told_is_found_by_the_poll()
    {
        using var project = Project.Of(first);
        var id = await project.CreatedAsync();
        await using var stream = await FeedStream.OpenAsync(first);
        await ExecuteAsync("""
            with changed as (update windows set title = 'Changed by hand', version = version + 1 returning *)
            insert into window_events (project_id, window_id, version, occurred_at, actor, action, after)
            select project_id, id, version, now(), 'hand', 'updated', to_jsonb(changed) from changed
            """);
        await stream.UntilAsync(feed => feed.Scheduled.Any(w => w.Value.Id == id && w.Value.Title == "Changed by hand"));
    }

    [Fact]
    public async Task The_feed_holds_what_the_page_shows_and_no_more()
    {
        using var tenant = Project.Of(first);
        using var platform = Project.Of(second, platform: true);
        var states = new[] { "scheduled", "active", "completed", "cancelled" };
        foreach (var project in new[] { tenant, platform })
        {
            await Parallel.ForAsync(0, 220, new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (i, _) => await project.CreatedAsync(Body.With(b =>
            {
                b["status"] = states[i % 4];
                b["starts_at"] = Time(i);
                b["ends_at"] = Time(1000 - i);
            })));
        }

        await using var stream = await FeedStream.OpenAsync(first);
        await stream.UntilAsync(feed => feed is { ActiveTotal: 110, ScheduledTotal: 110 });
        var feed = stream.Feed;
        Assert.Equal(50, feed.Active.Count);
        Assert.Equal(feed.Active.OrderBy(w => w.Value.EndsAt).ThenBy(w => w.Value.Id, StringComparer.Ordinal), feed.Active);
        Assert.Equal(Time(1000 - 217), feed.Active[0].Value.EndsAt.ToString("O", CultureInfo.InvariantCulture));
        Assert.Equal(50, feed.Scheduled.Count);
        Assert.Equal(feed.Scheduled.OrderBy(w => w.Value.StartsAt).ThenBy(w => w.Value.Id, StringComparer.Ordinal), feed.Scheduled);
        Assert.Equal(Time(0), feed.Scheduled[0].Value.StartsAt.ToString("O", CultureInfo.InvariantCulture));
        Assert.Equal(50, feed.Recent.Count);
        Assert.Equal(feed.Recent.OrderByDescending(w => w.Value.StartsAt).ThenBy(w => w.Value.Id, StringComparer.Ordinal), feed.Recent);
        Assert.Equal(4, feed.Recent.Select(w => w.Value.Status).Distinct().Count());
        Assert.Equal(55, feed.PlatformActive.Count);
        Assert.All(feed.PlatformActive, w => Assert.True(w is { Platform: true, Value.Status: WindowStatus.Active } && w.Value.ProjectId == platform.Id));

        static string Time(int minutes) => LongAgo.AddMinutes(minutes).ToString("O", CultureInfo.InvariantCulture);
    }

    [Fact]
    public async Task A_project_with_many_windows_pushes_nobody_off_the_page()
    {
        using var platform = Project.Of(first, platform: true);
        using var greedy = Project.Of(first);
        using var modest = Project.Of(first);
        var own = await platform.CreatedAsync(Body.With(b => (b["status"], b["starts_at"], b["ends_at"]) = ("active", Time(-300), Time(100))));
        var small = await modest.CreatedAsync(Body.With(b => (b["status"], b["starts_at"], b["ends_at"]) = ("completed", Time(-300), Time(-299))));
        await Parallel.ForAsync(0, 120, new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (i, _) => await greedy.CreatedAsync(Body.With(b =>
            (b["status"], b["starts_at"], b["ends_at"]) = (i < 60 ? "active" : "scheduled", Time(-250), Time(-249)))));

        await using var stream = await FeedStream.OpenAsync(first);
        await stream.UntilAsync(feed => feed.Recent.Any(w => w.Value.ProjectId == greedy.Id));
        var feed = stream.Feed;
        Assert.Equal(own, feed.Active[0].Value.Id);
        Assert.Equal(10, feed.Recent.Count(w => w.Value.ProjectId == greedy.Id));
        Assert.Contains(feed.Recent, w => w.Value.Id == own);
        Assert.Contains(feed.Recent, w => w.Value.Id == small);

        static string Time(int days) => DateTimeOffset.UtcNow.AddDays(days).ToString("O", CultureInfo.InvariantCulture);
    }

    [Fact]
    public async Task A_project_with_very_many_windows_hides_none_of_the_platforms_newest_and_suspended_nobodys()
    {
        using var platform = Project.Of(first, platform: true);
        using var greedy = Project.Of(first);
        using var modest = Project.Of(first);
        var own = await CompletedAsync(platform, "2026-05-20");
        var small = await CompletedAsync(modest, "2026-05-19");
        await FillAsync(greedy, 10_001, "2026-05-21");

        await using (var stream = await FeedStream.OpenAsync(first))
        {
            Assert.Equal((10, own), (stream.Feed.Recent.Count(w => w.Value.ProjectId == greedy.Id), stream.Feed.Recent[10].Value.Id));
        }

        await SuspendAsync(greedy.Id);
        await using var later = await FeedStream.OpenAsync(first);
        Assert.Equal([own, small], later.Feed.Recent.Select(w => w.Value.Id));
    }

    [Fact]
    public async Task A_project_with_many_windows_pushes_nobody_out_of_a_month_or_a_calendar()
    {
        using var platform = Project.Of(first, platform: true);
        using var greedy = Project.Of(first);
        using var modest = Project.Of(first);
        var own = await CompletedAsync(platform, "2026-05-20");
        var small = await CompletedAsync(modest, "2026-05-19");
        await FillAsync(greedy, 600, "2025-06-01"); // before all others
        await FillAsync(greedy, 600, "2026-05-25"); // and after

        using var channel = GrpcChannel.ForAddress(first.GrpcAddress);
        var client = new MaintenanceFeed.MaintenanceFeedClient(channel);
        var month = new ListWindowsBetweenRequest { From = At("2026-05-01"), To = At("2026-06-01") };
        ListWindowsBetweenRequest[] both = [month, new(month) { ForCalendar = true }];
        foreach (var request in both)
        {
            var found = await client.ListWindowsBetweenAsync(request, ServiceToken);
            Assert.Equal((500, true), (found.Windows.Count, found.HasMore));
            Assert.Equal(found.Windows.OrderBy(w => w.Value.StartsAt), found.Windows);
            Assert.Equal([small, own], found.Windows.Where(w => w.Value.ProjectId != greedy.Id).Select(w => w.Value.Id));
        }

        // So many that not all of them are looked at.
        await FillAsync(greedy, 10_001, "2026-05-02");
        await FillAsync(greedy, 10_001, "2026-05-26");
        foreach (var request in both)
        {
            var found = await client.ListWindowsBetweenAsync(request, ServiceToken);
            Assert.Equal((500, true), (found.Windows.Count, found.HasMore));
            Assert.Contains(found.Windows, w => w.Value.Id == own);
        }

        await SuspendAsync(greedy.Id);
        foreach (var request in both)
        {
            var found = await client.ListWindowsBetweenAsync(request, ServiceToken);
            Assert.Equal([small, own], found.Windows.Select(w => w.Value.Id));
            Assert.False(found.HasMore);
        }
    }

    [Fact]
    public async Task A_project_that_purges_many_windows_hides_nobody_elses_from_calendars()
    {
        using var platform = Project.Of(first, platform: true);
        using var greedy = Project.Of(first);
        using var modest = Project.Of(first);
        var (own, small) = (await CompletedAsync(platform, "2026-05-20"), await CompletedAsync(modest, "2026-05-19"));
        (await platform.PurgeAsync(own)).Is(HttpStatusCode.OK);
        (await modest.PurgeAsync(small)).Is(HttpStatusCode.OK);
        await PurgeManyAsync(2500, "2026-05-21");

        using var channel = GrpcChannel.ForAddress(first.GrpcAddress);
        var client = new MaintenanceFeed.MaintenanceFeedClient(channel);
        var calendar = new ListWindowsBetweenRequest { From = At("2026-05-01"), To = At("2026-06-01"), ForCalendar = true };
        var found = await client.ListWindowsBetweenAsync(calendar, ServiceToken);
        Assert.Equal((500, own), (found.Purged.Count, found.Purged[0].Id));
        Assert.Contains(found.Purged, left => left.Id == small);

        await PurgeManyAsync(10_001, "2020-05-21"); // so many that not all of them are looked at, and of no use here
        found = await client.ListWindowsBetweenAsync(calendar, ServiceToken);
        Assert.Equal([own], found.Purged.Select(left => left.Id));

        await SuspendAsync(greedy.Id);
        found = await client.ListWindowsBetweenAsync(calendar, ServiceToken);
        Assert.Equal([own, small], found.Purged.Select(left => left.Id));

        // Nobody is told of them, and they are newer than the others.
        Task PurgeManyAsync(int count, string start) => ExecuteAsync($"""
            insert into window_events (project_id, window_id, version, occurred_at, actor, action, xid, before)
            select '{greedy.Id}', {IdOf(start)}, 2, now() + interval '1 minute', 'hand', 'purged', '0',
                jsonb_build_object('platform', false, 'starts_at', timestamptz '{start}Z', 'ends_at', timestamptz '{start}Z' + interval '1 hour')
            from generate_series(1, {count}) n
            """);
    }

    [Fact]
    public async Task A_projects_open_windows_are_listed_active_first_each_by_start()
    {
        using var project = Project.Of(first);
        using var other = Project.Of(first);
        await other.CreatedAsync("status", "active");
        var expected = new List<string>();
        foreach (var (status, start) in new[] { ("active", 2), ("active", 5), ("scheduled", 1), ("scheduled", 3) })
        {
            expected.Add(await project.CreatedAsync(Body.With(b => (b["status"], b["starts_at"], b["ends_at"]) = (status, $"2026-05-0{start}T00:00:00Z", "2026-06-01T00:00:00Z"))));
        }

        await project.CreatedAsync("status", "completed");
        using var channel = GrpcChannel.ForAddress(first.GrpcAddress);
        var client = new MaintenanceFeed.MaintenanceFeedClient(channel);
        var windows = (await client.ListProjectWindowsAsync(new() { ProjectId = project.Id }, ServiceToken)).Windows;
        Assert.Equal(expected, windows.Select(w => w.Value.Id));
        Assert.Equal("Database upgrade", windows[0].Value.Title);
        Assert.Equal("test-key", windows[0].Value.CreatedBy);
    }

    [Fact]
    public async Task Windows_that_touch_a_time_are_listed_by_start()
    {
        using var project = Project.Of(first);
        async Task<string> Add(string start, string end) =>
            await project.CreatedAsync(Body.With(b => (b["starts_at"], b["ends_at"]) = ($"2026-{start}T00:00:00Z", $"2026-{end}T00:00:00Z")));
        await Add("04-01", "05-01"); // ends as the month begins
        var spanning = await Add("01-01", "12-01");
        var into = await Add("04-20", "05-02");
        var onFirst = await Add("05-01", "05-02");
        var outOf = await Add("05-31", "06-10");
        await Add("06-01", "06-02");

        using var channel = GrpcChannel.ForAddress(first.GrpcAddress);
        var client = new MaintenanceFeed.MaintenanceFeedClient(channel);
        var month = new ListWindowsBetweenRequest { From = At("2026-05-01"), To = At("2026-06-01") };
        var found = await client.ListWindowsBetweenAsync(month, ServiceToken);
        Assert.Equal([spanning, into, onFirst, outOf], found.Windows.Select(w => w.Value.Id));
        Assert.False(found.HasMore);

        await Parallel.ForAsync(0, 500, new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (_, _) => await Add("05-10", "05-11"));
        found = await client.ListWindowsBetweenAsync(month, ServiceToken);
        Assert.Equal(500, found.Windows.Count);
        Assert.True(found.HasMore);
        Assert.Equal([spanning, into, onFirst], found.Windows.Take(3).Select(w => w.Value.Id));

        // For a calendar those that start last, in the same order, and what is left of a purged one.
        var gone = await Add("05-03", "05-04");
        (await project.CancelAsync(gone)).Is(HttpStatusCode.OK);
        (await project.PurgeAsync(gone)).Is(HttpStatusCode.OK);
        found = await client.ListWindowsBetweenAsync(new(month) { ForCalendar = true }, ServiceToken);
        Assert.Equal((500, true, outOf), (found.Windows.Count, found.HasMore, found.Windows[^1].Value.Id));
        Assert.DoesNotContain(found.Windows, window => window.Value.Id == spanning || window.Value.Id == gone);
        var left = Assert.Single(found.Purged);
        Assert.Equal((gone, 3L, At("2026-05-03"), At("2026-05-04")), (left.Id, left.Version, left.StartsAt, left.EndsAt));
        Assert.Equal(spanning, (await client.GetWindowAsync(new() { Id = spanning }, ServiceToken)).Value.Id);
        Assert.Equal(StatusCode.NotFound, (await Assert.ThrowsAsync<RpcException>(async () => await client.GetWindowAsync(new() { Id = gone }, ServiceToken))).StatusCode);
    }

    [Fact]
    public async Task The_windows_of_suspended_projects_are_told_to_nobody_until_they_are_resumed()
    {
        using var suspended = Project.Of(first);
        using var other = Project.Of(second);
        var hidden = await suspended.CreatedAsync("status", "active");
        var shown = await other.CreatedAsync("status", "active");
        await using (var near = await FeedStream.OpenAsync(first))
        await using (var far = await FeedStream.OpenAsync(second))
        {
            Assert.Equal(2, near.Feed.ActiveTotal);
            await SuspendAsync(suspended.Id);
            await SuspendAsync(suspended.Id);
            await near.IsOutOfRangeAsync();
            await far.IsOutOfRangeAsync();
        }

        await using (var stream = await FeedStream.OpenAsync(second))
        {
            Assert.Equal((1, 1, 1), (stream.Feed.ActiveTotal, stream.Feed.Active.Count, stream.Feed.Recent.Count));
            (await suspended.PatchAsync(hidden, Body.With("title", "Changed meanwhile"))).Is(HttpStatusCode.OK);
            var later = await suspended.CreatedAsync();
            var next = await other.CreatedAsync();
            await stream.UntilAsync(feed => feed.Recent.Any(w => w.Value.Id == next));
            Assert.Equal((1, 1, 2), (stream.Feed.ActiveTotal, stream.Feed.ScheduledTotal, stream.Feed.Recent.Count));

            using var channel = GrpcChannel.ForAddress(first.GrpcAddress);
            var client = new MaintenanceFeed.MaintenanceFeedClient(channel);
            var all = new ListWindowsBetweenRequest { From = Timestamp.FromDateTimeOffset(DateTimeOffset.UnixEpoch), To = Timestamp.FromDateTimeOffset(DateTimeOffset.UtcNow.AddYears(100)) };
            Assert.Equal(new[] { shown, next }.Order(), (await client.ListWindowsBetweenAsync(all, ServiceToken)).Windows.Select(w => w.Value.Id).Order());
            Assert.Equal(2, (await client.ListProjectWindowsAsync(new() { ProjectId = suspended.Id }, ServiceToken)).Windows.Count);

            await SuspendAsync();
            await stream.IsOutOfRangeAsync();
            await using var resumed = await FeedStream.OpenAsync(first);
            Assert.Equal((2, 2), (resumed.Feed.ActiveTotal, resumed.Feed.ScheduledTotal));
            Assert.Equal("Changed meanwhile", resumed.Feed.Active.Single(w => w.Value.Id == hidden).Value.Title);
            Assert.Contains(resumed.Feed.Scheduled, w => w.Value.Id == later);
        }
    }

    [Fact]
    public async Task Only_services_may_read_it()
    {
        using var channel = GrpcChannel.ForAddress(first.GrpcAddress);
        var client = new MaintenanceFeed.MaintenanceFeedClient(channel);
        async Task<StatusCode> CodeAsync(Metadata? headers) =>
            (await Assert.ThrowsAsync<RpcException>(async () => await client.ListProjectWindowsAsync(new() { ProjectId = "proj_abcdef" }, headers))).StatusCode;
        Assert.Equal(StatusCode.Unauthenticated, await CodeAsync(null));
        Assert.Equal(StatusCode.PermissionDenied, await CodeAsync(new() { { "authorization", $"Bearer {TestTokens.ForCaller("proj_abcdef", false, "management")}" } }));
    }

    [Fact]
    public async Task The_management_api_refuses_callers_without_a_token_a_scope_or_the_project()
    {
        using var nobody = first.Http();
        (await Reply.OfAsync(await nobody.GetAsync("/proj_abcdef/v1/management/maintenance"))).Is(HttpStatusCode.Unauthorized);
        foreach (var token in new[] { TestTokens.ForCaller("proj_abcdef", false, "inference", "heartbeat"), TestTokens.ForCaller("proj_fedcba", false, "management"), TestTokens.ForService() })
        {
            using var http = first.Http(token);
            (await Reply.OfAsync(await http.GetAsync("/proj_abcdef/v1/management/maintenance"))).Is(HttpStatusCode.Forbidden);
        }
    }

    private static Timestamp At(string date) => Timestamp.FromDateTimeOffset(DateTimeOffset.Parse($"{date}T00:00:00Z", CultureInfo.InvariantCulture));

    private static Task<string> CompletedAsync(Project project, string date) =>
        project.CreatedAsync(Body.With(b => (b["status"], b["starts_at"], b["ends_at"]) = ("completed", $"{date}T00:00:00Z", $"{date}T01:00:00Z")));

    /// <summary>An expression for the id of a window that starts then, the nth of them.</summary>
    private static string IdOf(string start) => $"'mw_' || left(translate(md5('{start}' || n), '0189', 'ghij'), 26)";

    /// <summary>Makes completed windows that never end, so many that requests would take long.</summary>
    private Task FillAsync(Project project, int count, string start) => ExecuteAsync($"""
        insert into windows (project_id, id, title, description, severity, affected_services, starts_at, ends_at, status, version, created_by, created_at, updated_at, completed_at)
        select '{project.Id}', {IdOf(start)}, 'Greedy', '', 'info', array['Model Storage'], timestamptz '{start}Z', '9999-01-01Z', 'completed', 1, 'hand', now(), now(), now()
        from generate_series(1, {count}) n
        """);

    private Task SuspendAsync(params string[] projects) =>
        first.Services.GetRequiredService<Suspensions>().WriteAsync(projects, TestContext.Current.CancellationToken);

    private async Task ExecuteAsync(string sql)
    {
        await using var connection = new Npgsql.NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync();
    }
}
