using System.Net;
using System.Text.Json.Nodes;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;
using Xerotier.MaintenanceService.Changes;
using Xerotier.MaintenanceService.Notices;
using Xerotier.TestKit;

namespace Xerotier.MaintenanceService.Tests;

/// <summary>What those read who tell people of changes; that nothing is missed in a storm of writes is in <see cref="ChangeLogTests"/>.</summary>
public sealed class FullChangeLogTests(ManagementApi api) : IAsyncLifetime
{
    private InProcessService<Program> first = null!;
    private InProcessService<Program> second = null!;
    private Project project = null!;
    private string connectionString = "";

    private string Incidents => $"/{project.Id}/v1/management/incidents";

    public async ValueTask InitializeAsync()
    {
        connectionString = await api.Postgres.CreateDatabaseAsync<Program>();
        first = await ManagementApi.StartServiceAsync(connectionString);
        second = await ManagementApi.StartServiceAsync(connectionString);
        project = Project.Of(first, platform: true);
    }

    public async ValueTask DisposeAsync()
    {
        project.Dispose();
        await first.DisposeAsync();
        await second.DisposeAsync();
    }

    [Fact]
    public async Task A_change_of_a_window_comes_with_what_it_was_before_and_after()
    {
        using var tenant = Project.Of(second);
        using var reader = await OpenAsync(first);
        var id = await tenant.CreatedAsync();
        await tenant.PatchAsync(id, new JsonObject { ["title"] = "Changed" });
        await tenant.CancelAsync(id);
        await tenant.PurgeAsync(id);
        var own = await project.CreatedAsync();
        await reader.UntilAsync(id, 4);
        await reader.UntilAsync(own, 1);
        var changes = reader.Seen.Where(change => change.ObjectId == id).ToList();
        Assert.Equal(["created", "updated", "cancelled", "purged"], changes.Select(change => change.Action));
        Assert.Equal([null, "Database upgrade", "Changed", "Changed"], changes.Select(change => FullLogReader.Window(change.Before)?.Title));
        Assert.Equal(["Database upgrade", "Changed", "Changed", null], changes.Select(change => FullLogReader.Window(change.After)?.Title));
        Assert.All(changes, change => Assert.Equal((tenant.Id, false, "test-key", true), (change.ProjectId, change.Platform, change.Actor, change.Current.IsEmpty)));
        Assert.True(reader.Seen.Single(change => change.ObjectId == own).Platform);
        Assert.InRange(changes[0].OccurredAt.ToDateTime(), DateTime.UtcNow.AddMinutes(-1), DateTime.UtcNow.AddMinutes(1));
    }

    [Fact]
    public async Task A_change_of_an_incident_has_the_update_that_changed_and_the_whole_of_it_as_it_is_now()
    {
        using var reader = await OpenAsync(second);
        var id = (await project.SendAsync(HttpMethod.Post, Incidents, IncidentApiTests.Body())).Is(HttpStatusCode.Created).Id;
        await reader.UntilAsync(id, 1);
        await project.SendAsync(HttpMethod.Post, $"{Incidents}/{id}/updates", new JsonObject { ["body"] = "More." });
        var posted = await reader.UntilAsync(id, 2);
        Assert.Equal(("posted", project.Id, true, "test-key"), (posted.Action, posted.ProjectId, posted.Platform, posted.Actor));
        Assert.Empty(FullLogReader.Incident(posted.Before)!.Updates);
        Assert.Equal(["More."], FullLogReader.Incident(posted.After)!.Updates.Select(update => update.Body));
        Assert.Equal(["We see **failed** requests.", "More."], FullLogReader.Incident(posted.Current)!.Updates.Select(update => update.Body));

        var draft = (await project.SendAsync(HttpMethod.Post, Incidents, new JsonObject { ["title"] = "Draft", ["body"] = "Not yet.", ["draft"] = true })).Is(HttpStatusCode.Created).Id;
        var gone = (await project.SendAsync(HttpMethod.Post, Incidents, new JsonObject { ["title"] = "Gone", ["body"] = "Never.", ["draft"] = true })).Is(HttpStatusCode.Created).Id;
        var written = await reader.UntilAsync(draft, 1);
        Assert.Equal(("Draft", true, true), (FullLogReader.Incident(written.After)!.Title, written.Before.IsEmpty, written.Current.IsEmpty));
        await project.SendAsync(HttpMethod.Post, $"{Incidents}/{draft}/publish");
        var published = await reader.UntilAsync(draft, 2);
        Assert.Equal(("published", "Not yet."), (published.Action, FullLogReader.Incident(published.Current)!.Updates.Single().Body));
        await project.SendAsync(HttpMethod.Delete, $"{Incidents}/{gone}");
        var deleted = await reader.UntilAsync(gone, 2);
        Assert.Equal(("deleted", false, true, true), (deleted.Action, deleted.Before.IsEmpty, deleted.After.IsEmpty, deleted.Current.IsEmpty));
    }

    [Fact]
    public async Task Components_are_left_out()
    {
        using var platform = ComponentApiTests.Platform(first);
        using var reader = await OpenAsync(first);
        await ComponentApiTests.CreateAsync(platform, new() { ["name"] = "Batch" });
        var last = await project.CreatedAsync();
        await reader.UntilAsync(last, 1);
        Assert.Equal(last, Assert.Single(reader.Seen).ObjectId);
    }

    [Fact]
    public async Task A_series_comes_as_the_API_shows_it_and_its_windows_say_what_they_went_through_with_it()
    {
        using var tenant = Project.Of(second);
        using var reader = await OpenAsync(first);
        var path = $"/{tenant.Id}/v1/management/maintenance-series";
        var created = (await tenant.SendAsync(HttpMethod.Post, path, SeriesApiTests.Body(("rrule", "FREQ=DAILY;COUNT=4"), ("starts_on", DateTime.UtcNow.AddDays(2).ToString("yyyy-MM-dd"))))).Is(HttpStatusCode.Created);
        var (id, window) = (created.Id, (await tenant.GetAsync()).Data[0]!["id"]!.ToString());
        (await tenant.SendAsync(HttpMethod.Patch, $"{path}/{id}", new JsonObject { ["title"] = "Changed" })).Is(HttpStatusCode.OK);
        (await tenant.PatchAsync(window, new JsonObject { ["title"] = "By itself" })).Is(HttpStatusCode.OK);
        var gone = (await tenant.SendAsync(HttpMethod.Delete, $"{path}/{id}")).Is(HttpStatusCode.OK);
        await reader.UntilAsync(window, 4);
        await reader.UntilAsync(id, 3);
        var changes = reader.Seen.Where(change => change.ObjectId == id).ToList();
        Assert.Equal(["created", "updated", "cancelled"], changes.Select(change => change.Action));
        Assert.Equal([null, "Database maintenance", "Changed"], changes.Select(change => FullLogReader.Series(change.Before)?.Title));
        Assert.Equal([created.Text, gone.Text], new[] { changes[0], changes[2] }.Select(change => change.After.ToStringUtf8()));
        Assert.All(changes, change => Assert.Equal((tenant.Id, false, "test-key", true, true, false), (change.ProjectId, change.Platform, change.Actor, change.Current.IsEmpty, change.ToCome, change.WithSeries)));
        Assert.Equal([("created", true), ("updated", true), ("updated", false), ("cancelled", false)], reader.Seen.Where(change => change.ObjectId == window).Select(change => (change.Action, change.WithSeries)));
        Assert.Equal(5, reader.Seen.Select(change => change.ObjectId).Distinct().Count());
    }

    [Fact]
    public async Task Of_a_series_it_is_said_whether_anything_of_it_is_to_come()
    {
        using var reader = await OpenAsync(first);
        var path = $"/{project.Id}/v1/management/maintenance-series";
        var far = (await project.SendAsync(HttpMethod.Post, path, SeriesApiTests.Body(("starts_on", "2099-01-01")))).Is(HttpStatusCode.Created).Id; // beyond its horizon
        var over = (await project.SendAsync(HttpMethod.Post, path, SeriesApiTests.Body(("starts_on", "2019-12-01"), ("rrule", "FREQ=DAILY;UNTIL=20200101")))).Is(HttpStatusCode.Created).Id;
        var ending = (await project.SendAsync(HttpMethod.Post, path, SeriesApiTests.Body(("starts_on", "2019-12-01")))).Is(HttpStatusCode.Created).Id;
        (await project.SendAsync(HttpMethod.Patch, $"{path}/{ending}", new JsonObject { ["rrule"] = "FREQ=DAILY;UNTIL=20200101" })).Is(HttpStatusCode.OK);
        (await project.SendAsync(HttpMethod.Delete, $"{path}/{ending}")).Is(HttpStatusCode.OK);
        Assert.Equal((true, true), await SaidAsync(far, 1));
        Assert.Equal((false, true), await SaidAsync(over, 1));
        Assert.Equal((true, true), await SaidAsync(ending, 1));
        Assert.Equal((true, true), await SaidAsync(ending, 2));
        Assert.Equal((false, true), await SaidAsync(ending, 3));

        async Task<(bool ToCome, bool Platform)> SaidAsync(string id, long version)
        {
            var change = await reader.UntilAsync(id, version);
            return (change.ToCome, change.Platform);
        }
    }

    [Fact]
    public async Task A_change_that_commits_late_is_not_missed_and_the_windows_of_suspended_projects_come()
    {
        var id = await project.CreatedAsync();
        using var reader = await OpenAsync(first);
        await using var late = new NpgsqlConnection(connectionString);
        await late.OpenAsync();
        await using var transaction = await late.BeginTransactionAsync();
        await using var retitle = new NpgsqlCommand($"""
            with changed as (update windows set title = 'Late', version = version + 1 where id = '{id}' returning *)
            insert into window_events (project_id, window_id, version, occurred_at, actor, action, after)
            select project_id, id, version, now(), 'late', 'updated', to_jsonb(changed) from changed
            """, late);
        await retitle.ExecuteNonQueryAsync();
        using var tenant = Project.Of(second);
        await first.Services.GetRequiredService<Suspensions>().WriteAsync([tenant.Id], CancellationToken.None);
        var hidden = await tenant.CreatedAsync();
        await reader.UntilAsync(hidden, 1); // the same stream
        using var restarted = new FullLogReader(second, reader.Mark);
        await first.Services.GetRequiredService<Suspensions>().WriteAsync([], CancellationToken.None);
        await transaction.CommitAsync();
        Assert.Equal("Late", FullLogReader.Window((await reader.UntilAsync(id, 2)).After)!.Title);
        await restarted.UntilAsync(id, 2);
        Assert.Equal([(hidden, 1L), (id, 2L)], reader.Seen.Select(change => (change.ObjectId, change.Version)));
        Assert.Equal([(id, 2L)], restarted.Seen.Select(change => (change.ObjectId, change.Version)));
    }

    [Fact]
    public async Task A_snapshot_has_every_open_window_and_what_changes_meanwhile_comes_from_its_mark()
    {
        using var tenant = Project.Of(first);
        await first.Services.GetRequiredService<Suspensions>().WriteAsync([tenant.Id], CancellationToken.None);
        var open = new List<string>();
        foreach (var status in new[] { "scheduled", "active", "completed", "cancelled" })
        {
            for (var i = 0; i < (status == "scheduled" ? 210 : 5); i++)
            {
                var id = await tenant.CreatedAsync("status", status); // all with the same times
                open.AddRange(status is "scheduled" or "active" ? [id] : []);
            }
        }

        var later = "";
        var (mark, windows) = await FullLogReader.SnapshotAsync(second, async () => later = await tenant.CreatedAsync());
        Assert.Equal(open.Order(StringComparer.Ordinal), windows.Select(window => window.Id).Where(id => id != later).Order(StringComparer.Ordinal));
        using var reader = new FullLogReader(first, mark);
        await reader.UntilAsync(later, 1);
        Assert.Single(reader.Seen);
    }

    [Fact]
    public async Task A_long_way_to_catch_up_comes_in_responses_of_a_bounded_length_that_can_be_left_anywhere()
    {
        var (mark, _) = await FullLogReader.SnapshotAsync(first);
        var id = (await project.SendAsync(HttpMethod.Post, Incidents, IncidentApiTests.Body())).Is(HttpStatusCode.Created).Id;
        for (var i = 0; i < 30; i++)
        {
            (await project.SendAsync(HttpMethod.Post, $"{Incidents}/{id}/updates", new JsonObject { ["body"] = new string('x', 5000) })).Is(HttpStatusCode.OK);
        }

        var windows = new List<string>();
        for (var i = 0; i < ChangeLogPage + 20; i++)
        {
            windows.Add(await project.CreatedAsync());
        }

        var seen = new List<(string, long)>();
        for (var responses = 0; seen.Count < windows.Count + 31; responses++)
        {
            using var reader = new FullLogReader(responses % 2 == 0 ? first : second, mark);
            var response = await reader.NextAsync();
            Assert.InRange(response.CalculateSize(), 1, 2 * 1024 * 1024);
            Assert.NotEmpty(response.Changes);
            seen.AddRange(response.Changes.Select(change => (change.ObjectId, change.Version)));
            mark = response.Mark;
        }

        Assert.Equal([.. Enumerable.Range(1, 31).Select(version => (id, (long)version)), .. windows.Order(StringComparer.Ordinal).Select(window => (window, 1L))], seen);
    }

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("1900000000;other;;3:3:")]
    public async Task A_mark_that_is_not_of_this_database_is_out_of_range(string mark) => await IsOutOfRangeAsync(mark);

    [Fact]
    public async Task A_mark_that_is_old_or_ahead_of_the_database_or_of_another_log_is_out_of_range()
    {
        var mark = FullMark.Parse((await FullLogReader.SnapshotAsync(first)).Mark)!;
        Assert.InRange(mark.At, DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow.AddMinutes(1));
        using (var reader = new FullLogReader(first, (mark with { At = mark.At.AddDays(-29) }).ToString()))
        {
            var renewed = FullMark.Parse((await reader.NextAsync()).Mark)!;
            Assert.True(renewed.At >= mark.At);
        }

        await IsOutOfRangeAsync((mark with { At = mark.At.AddDays(-30).AddSeconds(-1) }).ToString());
        await IsOutOfRangeAsync((mark with { Mark = mark.Mark with { Seen = new(mark.Mark.Seen.Max + 1_000_000, []) } }).ToString());
        await using var feed = await LogReader.OpenAsync(first);
        await IsOutOfRangeAsync(feed.Mark);
        await IsOutOfRangeAsync($"{mark.At.ToUnixTimeSeconds()};{feed.Mark}");
        var failure = await Assert.ThrowsAsync<RpcException>(() => LogReader.OpenAsync(first, mark.Mark.ToString()));
        Assert.Equal(StatusCode.OutOfRange, failure.StatusCode);
    }

    [Fact]
    public async Task A_mark_outlives_a_failover_that_kept_what_it_has_seen()
    {
        var nothing = FullMark.Parse((await FullLogReader.SnapshotAsync(first)).Mark)!;
        var seen = await project.CreatedAsync();
        var mark = FullMark.Parse((await FullLogReader.SnapshotAsync(first)).Mark)!;
        var unseen = await project.CreatedAsync();
        await ReadsAsync(OfOtherTimeline(nothing), seen, unseen);
        await ReadsAsync(OfOtherTimeline(mark), unseen);
        using (var reader = new FullLogReader(first, OfOtherTimeline(mark).ToString()))
        {
            Assert.Equal(mark.Mark.Database, FullMark.Parse((await reader.NextAsync()).Mark)!.Mark.Database); // it has crossed over
        }

        // Its number is another change's, which happened after the mark was made; or nobody's.
        await IsOutOfRangeAsync((OfOtherTimeline(mark) with { At = mark.At.AddMinutes(-1) }).ToString());
        await ExecuteAsync($"delete from window_events where window_id = '{seen}'");
        await IsOutOfRangeAsync(OfOtherTimeline(mark).ToString());
        await ReadsAsync(mark, unseen);
        await IsOutOfRangeAsync((mark with { Mark = mark.Mark with { Database = mark.Mark.Database.Replace('.', ';') } }).ToString());

        static FullMark OfOtherTimeline(FullMark mark)
        {
            var parts = mark.Mark.Database.Split('.');
            parts[1] += "7";
            return mark with { Mark = mark.Mark with { Database = string.Join('.', parts) } };
        }

        async Task ReadsAsync(FullMark from, params string[] windows)
        {
            using var reader = new FullLogReader(first, from.ToString());
            Assert.Equal(windows.Order(StringComparer.Ordinal), (await reader.NextAsync()).Changes.Select(change => change.ObjectId));
        }
    }

    [Fact]
    public async Task A_snapshot_goes_on_from_the_mark_that_was_refused_where_the_log_was_replaced_on_the_same_server()
    {
        var seen = await project.CreatedAsync();
        var mark = FullMark.Parse((await FullLogReader.SnapshotAsync(first)).Mark)!;
        var unseen = await project.CreatedAsync();
        await ExecuteAsync("vacuum full window_events");
        await IsOutOfRangeAsync(mark.ToString());
        var (goesOn, windows) = await FullLogReader.SnapshotAsync(second, refused: mark.ToString());
        Assert.Equal(new[] { seen, unseen }.Order(), windows.Select(window => window.Id).Order());
        using (var reader = new FullLogReader(first, goesOn))
        {
            Assert.Equal([unseen], (await reader.NextAsync()).Changes.Select(change => change.ObjectId));
        }

        // What is too old, of another server, of a later time, or of no form, says nothing.
        await BeginsNowAsync((mark with { At = mark.At.AddDays(-30).AddSeconds(-1) }).ToString());
        await BeginsNowAsync((mark with { Mark = mark.Mark with { Database = $"7{mark.Mark.Database}" } }).ToString());
        await BeginsNowAsync((mark with { Mark = mark.Mark with { Seen = new(mark.Mark.Seen.Max + 1_000_000, []) } }).ToString());
        await BeginsNowAsync("other");

        // The backup was another server's: its rows are of before the mark, whatever their numbers say.
        await ExecuteAsync($"update window_events set occurred_at = occurred_at - interval '1 hour' where window_id = '{unseen}'");
        await BeginsNowAsync(mark.ToString());

        async Task BeginsNowAsync(string refused)
        {
            using var reader = new FullLogReader(first, (await FullLogReader.SnapshotAsync(second, refused: refused)).Mark);
            Assert.Empty((await reader.NextAsync()).Changes);
        }
    }

    [Fact]
    public async Task Rows_that_a_backup_brought_from_another_cluster_are_no_news_even_before_they_are_marked()
    {
        await project.CreatedAsync();
        await ExecuteAsync("update window_events set xid = '4000000000'; update notice_events set xid = '4000000000'");
        using var reader = await OpenAsync(first);
        var id = await project.CreatedAsync();
        await reader.UntilAsync(id, 1);
        Assert.Single(reader.Seen);
    }

    [Fact]
    public async Task A_stream_ends_when_the_database_fails_and_when_the_service_stops()
    {
        using var reader = await OpenAsync(first);
        await reader.NextAsync();
        await ExecuteAsync("alter table window_events rename to away");
        Assert.Equal(StatusCode.Unavailable, await EndAsync(reader));
        await ExecuteAsync("alter table away rename to window_events");

        using var other = await OpenAsync(second);
        await other.NextAsync();
        second.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();
        Assert.True(await EndAsync(other) is StatusCode.Unavailable or StatusCode.Cancelled or StatusCode.Internal); // a message was being written, or the connection ended before the status
    }

    [Fact]
    public async Task Only_services_may_read_it()
    {
        using var channel = GrpcChannel.ForAddress(first.GrpcAddress);
        var headers = new Metadata { { "authorization", $"Bearer {TestTokens.ForCaller(project.Id, true, "management")}" } };
        using var snapshot = new Xerotier.Changes.V1.ChangeLog.ChangeLogClient(channel).GetSnapshot(new(), headers);
        var failure = await Assert.ThrowsAsync<RpcException>(() => snapshot.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal(StatusCode.PermissionDenied, failure.StatusCode);
    }

    private const int ChangeLogPage = ChangeLog.PageSize;

    private static async Task<FullLogReader> OpenAsync(InProcessService<Program> service) => new(service, (await FullLogReader.SnapshotAsync(service)).Mark);

    private static async Task<StatusCode> EndAsync(FullLogReader reader) => (await Assert.ThrowsAsync<RpcException>(async () =>
    {
        while (true)
        {
            await reader.NextAsync();
        }
    })).StatusCode;

    private async Task IsOutOfRangeAsync(string mark)
    {
        using var reader = new FullLogReader(first, mark);
        var failure = await Assert.ThrowsAsync<RpcException>(reader.NextAsync);
        Assert.Equal(StatusCode.OutOfRange, failure.StatusCode);
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var database = NpgsqlDataSource.Create(connectionString);
        await using var command = database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
