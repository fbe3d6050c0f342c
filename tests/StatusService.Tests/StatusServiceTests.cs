using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.DependencyInjection;
using Xerotier.Fleet.V1;
using Xerotier.Maintenance.V1;
using Xerotier.Page.V1;
using Xerotier.StatusService.History;
using Xerotier.TestKit;

namespace Xerotier.StatusService.Tests;

/// <summary>The whole service on real ports with a real Postgres, beside neighbours that say what the test wants.</summary>
public sealed class StatusServiceTests(PostgresFixture postgres) : IAsyncLifetime
{
    private Neighbours neighbours = null!;
    private string database = null!;

    public async ValueTask InitializeAsync()
    {
        neighbours = await Neighbours.StartAsync();
        database = await postgres.Server.CreateDatabaseAsync();
    }

    public ValueTask DisposeAsync() => neighbours.DisposeAsync();

    [Fact]
    public async Task Levels_follow_the_fleet_and_the_windows()
    {
        await using var service = neighbours.StatusService(database);
        await using var pages = new PageStream(service);
        var first = await pages.UntilAsync("operational");
        Assert.Equal(4, PageStream.Json(first).GetProperty("indicators").GetArrayLength());

        Fleet(routersOnline: 1, stale: 0);
        var degraded = await pages.UntilAsync("degraded");
        Assert.Contains("2 of 3 routers are offline", degraded.Html.Identity.ToStringUtf8(), StringComparison.Ordinal);
        Fleet(routersOnline: 0, stale: 0);
        await pages.UntilAsync("partial_outage");
        Fleet(routersOnline: 3, stale: 5);
        await pages.UntilAsync("degraded");
        neighbours.Say(BoardTests.Feed(Now(BoardTests.PlatformWindow(0, 1))));
        Assert.Contains("Upgrade", (await pages.UntilAsync("maintenance")).Html.Identity.ToStringUtf8(), StringComparison.Ordinal);
        neighbours.Say(new PageFeed());
        neighbours.Say(new WatchPlatformHealthResponse { Store = StoreState.Young });
        await pages.UntilAsync("unknown");
        Fleet(routersOnline: 3, stale: 0);
        await pages.UntilAsync("operational");
    }

    [Fact]
    public async Task The_first_page_already_knows_the_fleet_and_later_ones_come_only_on_change()
    {
        await using var service = neighbours.StatusService(database);
        await using var pages = new PageStream(service);
        var first = await pages.UntilAsync(_ => true);
        Assert.Equal("operational", PageStream.Overall(first));
        await Task.Delay(2500);
        var snapshots = pages.Received.Where(r => r.Page is not null).ToList();
        Assert.InRange(snapshots.Count, 1, 3); // a full minute, and the recorder's stamp, may lie within
        Assert.InRange(pages.Received.Count(r => r.Page is null), 2, 7); // keepalives
    }

    [Fact]
    public async Task Neighbours_that_fall_silent_make_the_page_unknown_after_five_seconds_and_windows_unavailable()
    {
        await using var service = neighbours.StatusService(database);
        await using var pages = new PageStream(service);
        await pages.UntilAsync("operational");
        var began = DateTime.UtcNow;
        neighbours.Silent = true;
        var unknown = await pages.UntilAsync("unknown");
        Assert.InRange((DateTime.UtcNow - began).TotalSeconds, 4, 9);
        await pages.UntilAsync(page => page.Html.Identity.ToStringUtf8().Contains("unavailable", StringComparison.OrdinalIgnoreCase));
        neighbours.Silent = false;
        await pages.UntilAsync("operational");
        Assert.Equal("unknown", PageStream.Overall(unknown));
    }

    [Fact]
    public async Task Two_services_show_the_same_bytes_and_one_that_starts_later_too()
    {
        await using var one = neighbours.StatusService(database);
        await using var onePages = new PageStream(one);
        await onePages.UntilAsync("operational");
        await using var two = neighbours.StatusService(database);
        await using var twoPages = new PageStream(two);
        await SameAsync(onePages, twoPages);

        foreach (var online in new[] { 2, 3, 0 })
        {
            Fleet(online, stale: 0);
            await SameAsync(onePages, twoPages, _ => PageStream.Overall(onePages.Newest!) == online switch { 2 => "degraded", 3 => "operational", _ => "partial_outage" });
            await Task.Delay(1200);
        }

        await using var three = neighbours.StatusService(database);
        await using var threePages = new PageStream(three);
        await SameAsync(onePages, threePages, _ => onePages.Newest!.Json.Etag == threePages.Newest!.Json.Etag);
        await SameAsync(onePages, twoPages, _ => onePages.Newest!.StaleHtml.Equals(twoPages.Newest!.StaleHtml)); // waited for: a full minute may come between
    }

    [Fact]
    public async Task The_history_survives_a_restart_and_a_killed_recorder_loses_at_most_two_seconds()
    {
        await using (var one = neighbours.StatusService(database))
        {
            await using var pages = new PageStream(one);
            await pages.UntilAsync("operational");
            await Task.Delay(2500);
            await using var two = neighbours.StatusService(database);
            await using var others = new PageStream(two);
            await others.UntilAsync("operational");
            await Task.Delay(1000);
            Assert.True(one.Services.GetRequiredService<Recorder>().Recording);
            await one.DisposeAsync(); // gone with its lease, or after it
            await Task.Delay(4000);
            Assert.True(two.Services.GetRequiredService<Recorder>().Recording);
        }

        await using var source = Npgsql.NpgsqlDataSource.Create(database);
        await using var command = source.CreateCommand(
            """
            select count(*), coalesce(sum(extract(epoch from coalesce(ends_at, recorded_until) - starts_at)), 0)::int,
                extract(epoch from max(recorded_until) - min(starts_at))::int
            from intervals, recorder where indicator = 0
            """);
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        var (recorded, passed) = (reader.GetInt32(1), reader.GetInt32(2));
        Assert.InRange(passed, 6, 60);
        Assert.InRange(passed - recorded, 0, 2);
    }

    [Fact]
    public async Task Without_postgres_there_is_a_page_and_what_was_seen_is_written_when_it_comes()
    {
        await using var server = await TestPostgres.StartAsync();
        var own = await server.CreateDatabaseAsync();
        await using var service = neighbours.StatusService(own);
        await using var pages = new PageStream(service);
        await pages.UntilAsync("operational");
        await Task.Delay(1500);
        await server.KillAsync();
        Fleet(routersOnline: 0, stale: 0);
        await pages.UntilAsync("partial_outage");
        await Task.Delay(3000);
        Fleet(routersOnline: 3, stale: 0);
        await pages.UntilAsync("operational");
        await server.RestartAsync();

        await using var source = Npgsql.NpgsqlDataSource.Create(own);
        for (var deadline = DateTime.UtcNow.AddSeconds(20); ; await Task.Delay(200))
        {
            await using var command = source.CreateCommand("select coalesce(sum(extract(epoch from ends_at - starts_at)), 0)::int from intervals where indicator = 1 and state = 4");
            var seconds = (int)(await command.ExecuteScalarAsync())!;
            if (seconds >= 3)
            {
                break;
            }

            Assert.True(DateTime.UtcNow < deadline, $"The outage is not in the history: {seconds} s.");
        }
    }

    [Fact]
    public async Task An_outage_that_outlives_a_restart_keeps_its_beginning()
    {
        string? since;
        await using (var one = neighbours.StatusService(database))
        {
            await using var pages = new PageStream(one);
            await pages.UntilAsync("operational");
            await Task.Delay(1500);
            Fleet(routersOnline: 0, stale: 0);
            since = Since(await pages.UntilAsync("partial_outage"));
            Assert.NotNull(since);
            await Task.Delay(3000); // the stamp is written
        }

        await using (var two = neighbours.StatusService(database))
        {
            await using var later = new PageStream(two);
            await later.UntilAsync(page => PageStream.Overall(page) == "partial_outage" && Since(page) == since);
        }

        // And what was shown stays shown, though nothing is known.
        neighbours.Say(new WatchPlatformHealthResponse { Store = StoreState.Young });
        await using var three = neighbours.StatusService(database);
        await using var last = new PageStream(three);
        var unknown = await last.UntilAsync(page => PageStream.Json(page).GetProperty("indicators").GetArrayLength() == 4);
        Assert.Equal("unknown", PageStream.Json(unknown).GetProperty("indicators")[2].GetProperty("status").GetString());

        static string? Since(Xerotier.Page.V1.PageSnapshot page) => PageStream.Json(page).GetProperty("indicators")[1].GetProperty("since").GetString();
    }

    [Fact]
    public async Task A_service_that_starts_while_windows_are_unavailable_shows_those_that_were_known_last()
    {
        await using (var one = neighbours.StatusService(database))
        {
            await using var pages = new PageStream(one);
            neighbours.Say(BoardTests.Feed(Now(BoardTests.PlatformWindow(0, 1))));
            await pages.UntilAsync("maintenance");
            await Task.Delay(2000); // and are written
        }

        neighbours.Silent = true;
        await using (var two = neighbours.StatusService(database))
        {
            await using var later = new PageStream(two);
            var page = await later.UntilAsync(page => page.Html.Identity.ToStringUtf8() is var html && html.Contains("Upgrade", StringComparison.Ordinal) && html.Contains("unavailable", StringComparison.OrdinalIgnoreCase));
            Assert.Equal("maintenance", PageStream.Overall(page));
            Assert.DoesNotContain("proj_", await StoredWindowsAsync(), StringComparison.Ordinal);
        }

        // What comes counts, though it says that there are none.
        neighbours.Silent = false;
        neighbours.Say(new PageFeed());
        await using var three = neighbours.StatusService(database);
        await using var last = new PageStream(three);
        await last.UntilAsync("operational");
        await Eventually.TrueAsync(async () => !(await StoredWindowsAsync()).Contains("Upgrade", StringComparison.Ordinal));

        async Task<string> StoredWindowsAsync()
        {
            await using var source = Npgsql.NpgsqlDataSource.Create(database);
            await using var command = source.CreateCommand("select windows::text from recorder");
            return (string)(await command.ExecuteScalarAsync())!;
        }
    }

    [Fact]
    public async Task Other_services_only_may_watch_the_page()
    {
        await using var service = neighbours.StatusService(database);
        using var channel = GrpcChannel.ForAddress(service.GrpcAddress);
        var client = new StatusPages.StatusPagesClient(channel);
        Assert.Equal(StatusCode.Unauthenticated, await StatusOf(new Metadata()));
        Assert.Equal(StatusCode.PermissionDenied, await StatusOf(new Metadata { { "authorization", $"Bearer {TestTokens.ForCaller("proj_ABC123", true, "management")}" } }));

        async Task<StatusCode> StatusOf(Metadata headers)
        {
            using var call = client.WatchPage(new(), headers);
            return (await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext(default))).StatusCode;
        }
    }

    [Fact]
    public async Task A_failing_probe_of_the_storage_is_an_outage_of_it()
    {
        await using var service = neighbours.StatusService(database, null, ("ModelStorage:ProbeUrl", "http://127.0.0.1:9/"), ("ModelStorage:IntervalSeconds", "1"));
        await using var pages = new PageStream(service);
        var page = await pages.UntilAsync("partial_outage");
        Assert.Contains("its probe fails", page.Html.Identity.ToStringUtf8(), StringComparison.Ordinal);
    }

    private static async Task SameAsync(PageStream one, PageStream two, Func<int, bool>? also = null)
    {
        for (var deadline = DateTime.UtcNow.AddSeconds(15); ; await Task.Delay(50))
        {
            if (one.Newest is { } a && two.Newest is { } b && a.Equals(b) && also?.Invoke(0) != false)
            {
                return;
            }

            Assert.True(DateTime.UtcNow < deadline, $"The pages stay different:\n{Newest(one)}\n{Newest(two)}");
        }

        static string Newest(PageStream pages) => pages.Newest?.Json.Identity.ToStringUtf8()[..500] ?? "none";
    }

    private static Window Now(Window window)
    {
        window.StartsAt = Google.Protobuf.WellKnownTypes.Timestamp.FromDateTimeOffset(TimeProvider.System.GetUtcNow().AddMinutes(-1));
        window.EndsAt = Google.Protobuf.WellKnownTypes.Timestamp.FromDateTimeOffset(TimeProvider.System.GetUtcNow().AddMinutes(10));
        return window;
    }

    private void Fleet(int routersOnline, int stale) => neighbours.Say(new WatchPlatformHealthResponse
    {
        Store = StoreState.Ready,
        RoutersTotal = 3,
        RoutersOnline = routersOnline,
        SharedAgentsTotal = 8,
        SharedAgentsStale = stale,
    });
}
