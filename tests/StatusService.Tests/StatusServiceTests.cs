using System.Net;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Xerotier.Fleet.V1;
using Xerotier.Maintenance.V1;
using Xerotier.Page.V1;
using Xerotier.ServiceDefaults;
using Xerotier.StatusService.Model;
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
        database = await postgres.Server.CreateDatabaseAsync<Program>();
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
        neighbours.Say(new NoticeLists());
        neighbours.Say(new WatchPlatformHealthResponse { Store = StoreState.Young });
        await pages.UntilAsync("unknown");
        Fleet(routersOnline: 3, stale: 0);
        await pages.UntilAsync("operational");
    }

    [Fact]
    public async Task A_collector_that_loses_its_store_is_left_for_one_that_has_it()
    {
        await using var other = await Neighbours.StartAsync();
        neighbours.ProjectFleet = other.ProjectFleet = _ => new() { Store = StoreState.Unavailable };
        neighbours.Say(new WatchPlatformHealthResponse { Store = StoreState.Unavailable });
        await using var service = neighbours.StatusService(database, settings: ("services:healthcollector:grpc:1", other.Address));
        await using var pages = new PageStream(service);
        await pages.UntilAsync("operational");

        other.Say(new WatchPlatformHealthResponse { Store = StoreState.Unavailable }); // the one that it listens to
        Fleet(routersOnline: 1, stale: 0);
        await pages.UntilAsync("degraded");

        neighbours.ProjectFleet = _ => new() { Store = StoreState.Ready, ObservedAt = DateTimeOffset.UtcNow.ToTimestamp() };
        using var http = service.Http(TestTokens.ForCaller("proj_12345678", platformProject: false, "management"));
        for (var i = 0; i < 8; i++)
        {
            Assert.Equal(HttpStatusCode.OK, (await http.GetAsync($"/proj_12345678/v1/health/dashboard?after={i}")).StatusCode); // whichever is asked first
        }
    }

    [Fact]
    public async Task A_demo_says_so_before_its_database_responds()
    {
        await using var service = neighbours.StatusService("Host=127.0.0.1;Port=1", settings: ("Demo:Seed", "18"));
        await using var pages = new PageStream(service);
        var page = await pages.UntilAsync("operational");
        Assert.True(PageStream.Json(page).GetProperty("demo").GetBoolean());
        Assert.Contains("<p class=\"demo\">", page.Html.Identity.ToStringUtf8(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Streams_that_fall_silent_are_opened_again()
    {
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow().AddSeconds(10)); // ahead of the tokens' time, and it stays within their lifetime
        await using var silent = NpgsqlDataSource.Create("Host=127.0.0.1;Port=1"); // never says that this time is wrong
        using var log = new LogRecorder();
        await using var service = neighbours.StatusService(database, services => services
            .AddSingleton<TimeProvider>(time)
            .AddSingleton<ILoggerProvider>(log)
            .AddSingleton(provider => ActivatorUtilities.CreateInstance<DatabaseClock>(provider, silent)));
        await using var pages = new PageStream(service) { Waiting = () => time.Advance(TimeSpan.FromMilliseconds(100)) };
        await pages.UntilAsync("operational");
        neighbours.Silent = true;
        await pages.UntilAsync("unknown");
        await pages.UntilAsync(page => page.Html.Identity.ToStringUtf8().Contains("unavailable", StringComparison.OrdinalIgnoreCase));
        neighbours.Silent = false;
        await pages.UntilAsync("operational");

        // Time goes in leaps here, so that on a busy machine a stream may count as silent once more: each loss is told once, and then its end.
        var told = new Dictionary<string, List<string>>();
        await Eventually.TrueAsync(
            () =>
            {
                time.Advance(TimeSpan.FromMilliseconds(20));
                foreach (var stream in (string[])["maintenance windows", nameof(WatchPlatformHealthResponse)])
                {
                    told[stream] = [.. log.Entries.Select(entry => entry.Message).Where(message => message.StartsWith($"The stream of {stream}", StringComparison.Ordinal))];
                }

                return told.All(of => of.Value is [.., var last] && last == Once(of.Key)[^1]);
            },
            "each stream that was lost is back");
        Assert.All(told, of => Assert.Equal(Enumerable.Repeat(Once(of.Key), of.Value.Count / 2).SelectMany(pair => pair), of.Value));

        static string[] Once(string stream) => [$"The stream of {stream} was lost", $"The stream of {stream} is back"];
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
        await using var service = neighbours.StatusService(database, null, ("ModelStorage:ProbeUrl", "http://127.0.0.1:9/"), ("ModelStorage:FailuresBeforeOutage", "1"));
        await using var pages = new PageStream(service);
        var page = await pages.UntilAsync("partial_outage");
        Assert.Contains("its health check is failing", page.Html.Identity.ToStringUtf8(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_probed_component_is_as_its_health_check_answers_and_one_that_is_not_public_is_unknown()
    {
        await using var check = await HealthCheck.StartAsync();
        neighbours.Say([.. Components.BuiltIn.Select(c => Notice(c, null)), Notice(new("cmp_batch", "Batch API", 9), new() { Url = check.Url })]);
        await using (var guarded = neighbours.StatusService(database))
        {
            await using var unknown = new PageStream(guarded);
            await unknown.UntilAsync(page => page.Html.Identity.ToStringUtf8().Contains("We may not ask the address of the health check for Batch API", StringComparison.Ordinal));
        }

        Assert.Equal(0, check.Asked);
        await using var service = neighbours.StatusService(database, null, ("Probes:AllowPrivateTargets", "true"));
        await using var pages = new PageStream(service);
        Assert.Contains("Batch API", (await pages.UntilAsync("operational")).Html.Identity.ToStringUtf8(), StringComparison.Ordinal);
        Assert.NotEqual(0, check.Asked);
    }

    [Fact]
    public async Task An_incident_is_drafted_for_an_outage_that_lasts()
    {
        await using var service = neighbours.StatusService(database, null, ("Incidents:DraftAfterSeconds", "1"));
        await using var pages = new PageStream(service);
        await pages.UntilAsync("operational");
        Fleet(routersOnline: 0, stale: 0);
        await Eventually.TrueAsync(() => !neighbours.DraftRequests.IsEmpty);
        var draft = Assert.Single(neighbours.DraftRequests);
        Assert.Equal(("cmp_inference_routing", "all 3 routers are offline"), (draft.ComponentId, draft.Reason));
    }

    private static ComponentNotice Notice(Model.Component component, Contracts.ComponentProbe? probe) => new()
    {
        Id = component.Id,
        Version = 1,
        Value = new()
        {
            Id = component.Id,
            Name = component.Name,
            Description = null,
            Group = null,
            Position = component.Position,
            StartDate = new(2026, 1, 1),
            OnlyShowIfDegraded = false,
            Probe = probe,
            BuiltIn = component.IsBuiltIn,
            CreatedAt = BoardTests.Start,
            UpdatedAt = BoardTests.Start,
            ArchivedAt = null,
        },
    };

    private static Window Now(Window window)
    {
        var now = TimeProvider.System.GetUtcNow();
        return window.With(w => w with { StartsAt = now.AddMinutes(-1), EndsAt = now.AddMinutes(10) });
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
