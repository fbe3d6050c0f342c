using System.Net;
using Google.Protobuf.WellKnownTypes;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Xerotier.Fleet.V1;
using Xerotier.Maintenance.V1;
using Xerotier.Page.V1;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Site;
using Xerotier.StatusService.Board;
using Xerotier.StatusService.Documents.Page;
using Xerotier.StatusService.Publishing;
using Xerotier.TestKit;

namespace Xerotier.StatusService.Tests;

/// <summary>The documents beside the page, as the whole service sends them to the Gateways.</summary>
public sealed class DocumentStreamTests(PostgresFixture postgres) : IAsyncLifetime
{
    private const string Calendar = "/status/maintenance.ics";
    private Neighbours neighbours = null!;

    public async ValueTask InitializeAsync() => neighbours = await Neighbours.StartAsync();

    public ValueTask DisposeAsync() => neighbours.DisposeAsync();

    [Fact]
    public async Task All_come_at_first_and_then_those_that_change_under_an_id_that_stays()
    {
        var database = await postgres.Server.CreateDatabaseAsync<Program>();
        string id;
        await using (var service = neighbours.StatusService(database))
        await using (var stream = new PageStream(service))
        {
            await Eventually.TrueAsync(() => stream.Documents.ContainsKey("/llms.txt"), "the documents are there");
            Assert.True(stream.Changes.First().Complete);
            foreach (var path in new[] { "/api/v2/summary.json", "/status/history.atom", "/status/history.rss", "/status/updates.atom", "/status/updates.json", Calendar, "/status/badge.svg", "/status/badge/cmp_dashboard.json?metric=uptime", "/status/embed", "/status.md", "/status.txt", "/status/history.atom?component=cmp_dashboard", Calendar + "?component=cmp_dashboard" })
            {
                Assert.True(stream.Documents.ContainsKey(path), path);
            }

            // Not before the first second is recorded: an empty feed is as old as that.
            await Eventually.TrueAsync(() => stream.Documents["/api/v2/summary.json"].Live.Identity.ToStringUtf8().Contains("\"start_date\":\"2", StringComparison.Ordinal), "the record has begun");
            var count = stream.Changes.Count;
            neighbours.Say(new WatchPlatformHealthResponse { Store = StoreState.Ready, RoutersTotal = 3, RoutersOnline = 1, SharedAgentsTotal = 8 });
            await Eventually.TrueAsync(() => stream.Documents["/api/v2/status.json"].Live.Identity.ToStringUtf8().Contains("\"minor\"", StringComparison.Ordinal), "the change is told");
            var later = stream.Changes.Skip(count).ToList();
            Assert.All(later, change => Assert.False(change.Complete));
            Assert.DoesNotContain(later.SelectMany(change => change.Documents), document => document.Path is "/status/history.atom" or Calendar or "/llms.txt");
            id = IdOf(stream);
        }

        await using var again = neighbours.StatusService(database, null, ("Page:PublicUrl", "https://elsewhere.example"));
        await using var second = new PageStream(again);
        await Eventually.TrueAsync(() => second.Documents.ContainsKey("/status/history.atom"), "the documents are there again");
        Assert.Equal(id, IdOf(second));
        Assert.Contains("https://elsewhere.example/status", second.Documents["/status/history.atom"].Live.Identity.ToStringUtf8(), StringComparison.Ordinal);

        static string IdOf(PageStream stream) => stream.Documents["/status/history.atom"].Live.Identity.ToStringUtf8().Split("<id>tag:")[1].Split(".invalid")[0];
    }

    [Fact]
    public async Task There_soon_are_none_while_there_is_a_page_and_they_cannot_be_made()
    {
        var time = new FakeTimeProvider(BoardTests.Start);
        await using var database = NpgsqlDataSource.Create(await postgres.Server.CreateDatabaseAsync());
        using var migrations = new Migrations(database, typeof(StatusLoop).Assembly, NullLogger<Migrations>.Instance);
        using var installation = new Installation(database, migrations, TimeProvider.System, NullLogger<Installation>.Instance);
        using var channel = GrpcChannel.ForAddress(neighbours.Address);
        using var renderer = new PageRenderer(NullLoggerFactory.Instance, Brand.Default);
        var published = new Published(time);
        using var publisher = new DocumentsPublisher(
            published, installation, new(new(channel), NullLogger<WindowQueries>.Instance), Brand.Default, renderer, time, NullLogger<DocumentsPublisher>.Instance);
        await publisher.StartAsync(default);
        ShowPage();
        time.Advance(TimeSpan.FromSeconds(4.9));
        Assert.Null(published.Documents.Value);
        await PassUntilAsync(() => published.Documents.Value is { Count: 0 }, 0.5, "without the installation's id there are none");

        await migrations.StartAsync(default);
        await installation.StartAsync(default);
        await PassUntilAsync(() => published.Documents.Value is { Count: > 0 }, 0.1, "they are made");

        renderer.Dispose(); // from now on it fails
        ShowPage();
        time.Advance(TimeSpan.FromSeconds(4.9));
        Assert.NotEmpty(published.Documents.Value!);
        await PassUntilAsync(() => published.Documents.Value is { Count: 0 }, 5, "those of before are gone");
        await publisher.StopAsync(default);
        await installation.StopAsync(default);
        await migrations.StopAsync(default);

        void ShowPage() => published.Shown.Set((SamplePublication.Of().Page, BoardState.At(BoardInputs.Nothing, BoardTests.Start)));

        Task PassUntilAsync(Func<bool> wanted, double step, string what) => Eventually.TrueAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(step));
                return wanted();
            },
            what);
    }

    [Fact]
    public async Task A_MaintenanceService_that_hangs_holds_up_the_calendar_alone()
    {
        using var hangs = new ManualResetEventSlim();
        neighbours.WindowsBetween = _ =>
        {
            hangs.Wait();
            var now = BoardTests.Start;
            return new() { Windows = { new Window { Value = SampleWindow.Of("mw_aaaaaaaaaaaaaaaaaaaaaaaaaa", Contracts.WindowStatus.Scheduled, now.AddDays(3), now.AddDays(4)), Version = 5 } } };
        };
        var time = new FakeTimeProvider(BoardTests.Start);
        await using var database = NpgsqlDataSource.Create(await postgres.Server.CreateDatabaseAsync<Program>());
        using var migrations = new Migrations(database, typeof(StatusLoop).Assembly, NullLogger<Migrations>.Instance);
        using var installation = new Installation(database, migrations, TimeProvider.System, NullLogger<Installation>.Instance);
        using var channel = GrpcChannel.ForAddress(neighbours.Address); // its calls have no deadline
        using var renderer = new PageRenderer(NullLoggerFactory.Instance, Brand.Default);
        var published = new Published(time);
        using var publisher = new DocumentsPublisher(
            published, installation, new(new(channel), NullLogger<WindowQueries>.Instance), Brand.Default, renderer, time, NullLogger<DocumentsPublisher>.Instance);
        await migrations.StartAsync(default);
        await installation.StartAsync(default);
        await publisher.StartAsync(default);
        published.Shown.Set((SamplePublication.Of().Page, BoardState.At(BoardInputs.Nothing, BoardTests.Start)));
        await PassUntilAsync(() => published.Documents.Value is { Count: > 0 }, "the others are there");
        Assert.DoesNotContain("mw_a", published.Documents.Value![Calendar].Live.Identity.ToStringUtf8(), StringComparison.Ordinal);
        hangs.Set();
        await PassUntilAsync(() => published.Documents.Value![Calendar].Live.Identity.ToStringUtf8().Contains("mw_a", StringComparison.Ordinal), "the calendar has come");
        await publisher.StopAsync(default);
        await installation.StopAsync(default);
        await migrations.StopAsync(default);

        Task PassUntilAsync(Func<bool> wanted, string what) => Eventually.TrueAsync(
            () =>
            {
                time.Advance(TimeSpan.FromMilliseconds(100));
                return wanted();
            },
            what);
    }

    [Fact]
    public void That_there_are_none_is_sent_as_all_there_are_and_so_are_the_first_after_it()
    {
        var none = new Dictionary<string, PublicDocument>();
        var some = new Dictionary<string, PublicDocument> { ["/status.txt"] = new() { Path = "/status.txt" } };
        Assert.Equal(new WatchPageResponse(), StatusPagesService.Changes(null, null, null)); // what a Gateway has of another replica stays meanwhile
        Assert.Equal(new WatchPageResponse { Complete = true }, StatusPagesService.Changes(null, none, null));
        Assert.Equal(new WatchPageResponse(), StatusPagesService.Changes(none, none, null));
        Assert.Equal(new WatchPageResponse { Complete = true, Documents = { some.Values } }, StatusPagesService.Changes(none, some, null));
        Assert.True(StatusPagesService.Changes(some, none, null).Complete);
    }

    [Fact]
    public async Task The_calendar_holds_other_windows_than_the_page_and_those_that_were_purged()
    {
        var now = DateTimeOffset.UtcNow;
        Window window = new() { Value = SampleWindow.Of("mw_aaaaaaaaaaaaaaaaaaaaaaaaaa", Contracts.WindowStatus.Scheduled, now.AddDays(3), now.AddDays(4)), Version = 5 };
        Window forgotten = new() { Value = SampleWindow.Of("mw_bbbbbbbbbbbbbbbbbbbbbbbbbb", Contracts.WindowStatus.Cancelled, now.AddDays(3), now.AddDays(4)) with { CancelledAt = now.AddDays(-31) }, Version = 2 };
        neighbours.WindowsBetween = request => !request.ForCalendar ? new() : new()
        {
            Windows = { window, forgotten },
            Purged = { new PurgedWindow { Id = "mw_cccccccccccccccccccccccccc", Version = 7, PurgedAt = now.ToTimestamp(), StartsAt = now.AddDays(1).ToTimestamp(), EndsAt = now.AddDays(2).ToTimestamp() } },
        };
        neighbours.Window = request => request.Id == forgotten.Value.Id ? forgotten : null;
        await using var service = neighbours.StatusService(await postgres.Server.CreateDatabaseAsync<Program>());
        await using var stream = new PageStream(service);
        await Eventually.TrueAsync(() => stream.Documents.TryGetValue(Calendar, out var made) && made.Live.Identity.ToStringUtf8().Contains("mw_a", StringComparison.Ordinal), "the calendar is there");
        var text = stream.Documents[Calendar].Live.Identity.ToStringUtf8();
        Assert.Contains("SEQUENCE:5", text, StringComparison.Ordinal);
        Assert.Contains("UID:mw_cccccccccccccccccccccccccc@", text, StringComparison.Ordinal);
        Assert.DoesNotContain("mw_b", text, StringComparison.Ordinal); // cancelled more than 30 days ago

        using var http = service.Http(TestTokens.ForPublic());
        using var made = await http.GetAsync("/status/maintenance/mw_aaaaaaaaaaaaaaaaaaaaaaaaaa.ics");
        Assert.Equal(("text/calendar; charset=utf-8", HttpStatusCode.OK), (made.Content.Headers.ContentType!.ToString(), made.StatusCode));
        Assert.Contains("STATUS:CANCELLED", await http.GetStringAsync("/status/maintenance/mw_bbbbbbbbbbbbbbbbbbbbbbbbbb.ics"), StringComparison.Ordinal);
        foreach (var missing in new[] { "mw_dddddddddddddddddddddddddd.ics", "mw_aaaaaaaaaaaaaaaaaaaaaaaaaa", "x.ics" })
        {
            using var response = await http.GetAsync($"/status/maintenance/{missing}");
            Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        }
    }
}
