using System.Net;
using System.Text.Json;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Time.Testing;
using Xerotier.Fleet.V1;
using Xerotier.Maintenance.V1;
using Xerotier.ServiceDefaults;
using Xerotier.StatusService.Publishing;
using Xerotier.TestKit;

namespace Xerotier.StatusService.Tests;

/// <summary>The project's dashboard over HTTP (product.md section 6).</summary>
public sealed class DashboardTests(PostgresFixture postgres) : IAsyncLifetime
{
    private const string Project = "proj_ABC123";
    private static readonly DateTimeOffset Observed = new(2026, 11, 3, 14, 2, 11, 250, TimeSpan.Zero);
    private Neighbours neighbours = null!;
    private InProcessService<StatusLoop> service = null!;
    private HttpClient client = null!;

    public async ValueTask InitializeAsync()
    {
        neighbours = await Neighbours.StartAsync();
        service = neighbours.StatusService(await postgres.Server.CreateDatabaseAsync<Program>());
        client = service.Http(TestTokens.ForCaller(Project, false, Scopes.Inference));
        neighbours.ProjectFleet = request => Fleet();
    }

    public async ValueTask DisposeAsync()
    {
        client.Dispose();
        await service.DisposeAsync();
        await neighbours.DisposeAsync();
    }

    [Fact]
    public async Task Is_written_as_the_specification_shows_it()
    {
        neighbours.ProjectWindows = request => new() { Windows = { Window("mw_1", WindowStatus.Active), Window("mw_2", WindowStatus.Scheduled) } };
        var dashboard = await GetAsync();
        Assert.Equal(
            """
            {"object":"health_dashboard","project_id":"proj_ABC123","generated_at":"2026-11-03T14:02:11.25Z","status":"degraded",
            "routing":{"status":"degraded","total":2,"online":1,"offline":1,"routers":[{"id":"rtr-1","region":"us-east","version":"1.4.2","state":"online","last_heartbeat_at":"2026-11-03T14:02:09.15Z","heartbeat_age_seconds":2.1},
            {"id":"rtr-2","region":"us-east","version":"1.4.2","state":"offline","last_heartbeat_at":"2026-11-03T14:02:09.15Z","heartbeat_age_seconds":2.1}]},
            "workers":{"status":"operational","total":4,"healthy":3,"stale":1,"items":[{"id":"wkr-1","name":"gpu-ä","kind":"private","region":"us-east","version":"2","state":"ready","status":"healthy","active_requests":3,"max_concurrent_requests":16,"models":["m-1"],"endpoints":["chat"],"last_heartbeat_at":"2026-11-03T14:02:10.25Z","heartbeat_age_seconds":1}],"has_more":true,"last_id":"wkr-1"},
            "endpoints":{"total":1,"operational":1,"degraded":0,"outage":0,"items":[{"slug":"chat","status":"operational","models":["m-1"],"workers_total":4,"workers_healthy":3}]},
            "maintenance":{"active":[{"id":"mw_1","object":"maintenance_window","project_id":"proj_ABC123","title":"Upgrade","description":"","severity":"warning","affected_services":["Model Storage"],"starts_at":"2026-11-03T14:02:11.25Z","ends_at":"2026-11-03T15:02:11.25Z","status":"active","auto_transition":false,"reminders":["-24h","-1h"],"notify":true,"series_id":null,"occurrence":null,"created_by":"ops-key","created_at":"2026-11-03T14:02:11.25Z","updated_at":"2026-11-03T14:02:11.25Z","activated_at":null,"completed_at":null,"cancelled_at":null}],
            "upcoming":[{"id":"mw_2","object":"maintenance_window","project_id":"proj_ABC123","title":"Upgrade","description":"","severity":"warning","affected_services":["Model Storage"],"starts_at":"2026-11-03T14:02:11.25Z","ends_at":"2026-11-03T15:02:11.25Z","status":"scheduled","auto_transition":false,"reminders":["-24h","-1h"],"notify":true,"series_id":null,"occurrence":null,"created_by":"ops-key","created_at":"2026-11-03T14:02:11.25Z","updated_at":"2026-11-03T14:02:11.25Z","activated_at":null,"completed_at":null,"cancelled_at":null}]}}
            """.ReplaceLineEndings(""),
            dashboard.GetRawText());
    }

    [Theory]
    [InlineData(0, 0, "unknown")]
    [InlineData(4, 4, "operational")]
    [InlineData(4, 2, "operational")] // exactly 50 %
    [InlineData(4, 1, "degraded")] // exactly 75 %
    [InlineData(4, 0, "outage")]
    [InlineData(100, 49, "degraded")]
    [InlineData(100, 24, "outage")]
    public async Task Workers_follow_the_thresholds_of_the_shared_agents(int total, int healthy, string status)
    {
        neighbours.ProjectFleet = _ => Fleet(f => (f.WorkersTotal, f.WorkersHealthy) = (total, healthy));
        Assert.Equal(status, (await GetAsync()).GetProperty("workers").GetProperty("status").GetString());
    }

    [Theory]
    [InlineData(1, 0, "outage")]
    [InlineData(2, 1, "operational")]
    [InlineData(4, 1, "degraded")]
    [InlineData(8, 1, "outage")]
    public async Task An_endpoint_without_a_healthy_worker_is_in_outage(int total, int healthy, string status)
    {
        neighbours.ProjectFleet = _ => Fleet(f => (f.Endpoints[0].WorkersTotal, f.Endpoints[0].WorkersHealthy) = (total, healthy));
        var endpoints = (await GetAsync()).GetProperty("endpoints");
        Assert.Equal(status, endpoints.GetProperty("items")[0].GetProperty("status").GetString());
        Assert.Equal(1, endpoints.GetProperty(status).GetInt32());
    }

    [Theory]
    [InlineData(2, 4, 4, "operational")]
    [InlineData(1, 4, 4, "degraded")]
    [InlineData(1, 0, 0, "unknown")] // no workers: worse than degraded
    [InlineData(0, 0, 0, "outage")] // routing: better known
    [InlineData(2, 4, 0, "outage")] // the endpoint
    public async Task The_status_is_the_worst_of_the_three(int online, int workers, int healthy, string status)
    {
        neighbours.ProjectFleet = _ => Fleet(f =>
        {
            (f.Routers[0].Online, f.Routers[1].Online) = (online > 0, online > 1);
            (f.WorkersTotal, f.WorkersHealthy) = (workers, workers);
            f.Endpoints[0].WorkersHealthy = healthy;
            if (workers == 0)
            {
                f.Endpoints.Clear();
            }
        });
        Assert.Equal(status, (await GetAsync()).GetProperty("status").GetString());
    }

    [Fact]
    public async Task Limit_and_after_reach_the_collector_and_wrong_ones_are_all_reported()
    {
        await GetAsync("?limit=1000&after=wkr-1:x");
        Assert.Contains(neighbours.FleetRequests, r => r is { ProjectId: Project, Limit: 1000, After: "wkr-1:x" });
        await GetAsync();
        Assert.Contains(neighbours.FleetRequests, r => r is { Limit: 100, After: "" });
        foreach (var wrong in new[] { "?limit=0", "?limit=1001", "?limit=ten", "?limit=1&limit=2", "?limit=", "?limit=-1", "?limit=99999999999999", "?after=a%20b", $"?after={new string('a', 129)}", "?after=a&after=b" })
        {
            using var response = await client.GetAsync($"/{Project}/v1/health/dashboard{wrong}");
            Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
            Assert.Equal("invalid_request", await CodeAsync(response));
        }

        using var both = await client.GetAsync($"/{Project}/v1/health/dashboard?limit=0&after=%00");
        Assert.Equal(2, JsonDocument.Parse(await both.Content.ReadAsStringAsync()).RootElement.GetProperty("error").GetProperty("errors").GetArrayLength());
    }

    [Fact]
    public async Task A_search_reaches_the_collector_has_its_own_cache_and_entity_tag_and_says_how_many_it_finds()
    {
        neighbours.ProjectFleet = request => Fleet(f =>
        {
            if (request.Search.Length > 0)
            {
                f.WorkersMatched = 7;
            }
        });
        using var all = await client.GetAsync($"/{Project}/v1/health/dashboard");
        Assert.DoesNotContain("matched", await all.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        var tags = new HashSet<string> { all.Headers.ETag!.Tag };
        foreach (var search in new[] { "gpu", "Gpu", "ü &", new string('a', 128), string.Concat(Enumerable.Repeat("🚀", 128)) })
        {
            using var found = await client.GetAsync($"/{Project}/v1/health/dashboard?limit=5&q={Uri.EscapeDataString(search)}");
            var workers = JsonDocument.Parse(await found.Content.ReadAsStringAsync()).RootElement.GetProperty("workers");
            Assert.Equal((7, 4, 3), (workers.GetProperty("matched").GetInt32(), workers.GetProperty("total").GetInt32(), workers.GetProperty("healthy").GetInt32()));
            Assert.Contains(neighbours.FleetRequests, r => r is { ProjectId: Project, Limit: 5, After: "" } && r.Search == search);
            Assert.True(tags.Add(found.Headers.ETag!.Tag), search);
        }

        foreach (var wrong in new[] { "?q=", $"?q={new string('a', 129)}", "?q=a&q=b", "?query=a" })
        {
            using var response = await client.GetAsync($"/{Project}/v1/health/dashboard{wrong}");
            Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        }

        neighbours.ProjectFleet = _ => Fleet(); // a collector of the release before, which does not search
        using var unsearched = await client.GetAsync($"/{Project}/v1/health/dashboard?q=other");
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "service_unavailable"), (unsearched.StatusCode, await CodeAsync(unsearched)));
    }

    [Fact]
    public async Task The_entity_tag_leaves_out_what_only_grows_older()
    {
        using var first = await client.GetAsync($"/{Project}/v1/health/dashboard?limit=11");
        var etag = first.Headers.ETag!;
        Assert.True(etag.IsWeak);
        neighbours.ProjectFleet = _ => Fleet(f =>
        {
            f.ObservedAt = Timestamp.FromDateTimeOffset(Observed.AddSeconds(7));
            f.Workers[0].LastHeartbeatAt = f.ObservedAt;
        });
        using var older = await client.GetAsync($"/{Project}/v1/health/dashboard?limit=12");
        Assert.Equal(etag, older.Headers.ETag);
        Assert.NotEqual(await first.Content.ReadAsStringAsync(), await older.Content.ReadAsStringAsync());

        neighbours.ProjectFleet = _ => Fleet(f => f.Workers[0].ActiveRequests++);
        using var changed = await client.GetAsync($"/{Project}/v1/health/dashboard?limit=13");
        Assert.NotEqual(etag, changed.Headers.ETag);
    }

    [Theory]
    [InlineData("{0}", 304)]
    [InlineData("\"x\", {0}", 304)]
    [InlineData("*", 304)]
    [InlineData("W/\"other\"", 200)]
    [InlineData("rubbish", 200)]
    public async Task If_none_match_is_compared_weakly(string header, int status)
    {
        using var first = await client.GetAsync($"/{Project}/v1/health/dashboard");
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/{Project}/v1/health/dashboard");
        request.Headers.TryAddWithoutValidation("If-None-Match", string.Format(header, first.Headers.ETag));
        using var response = await client.SendAsync(request);
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(first.Headers.ETag, response.Headers.ETag);
        if (status == 304)
        {
            Assert.Empty(await response.Content.ReadAsByteArrayAsync());
        }
    }

    [Fact]
    public async Task Head_answers_as_get_without_the_body()
    {
        using var get = await client.GetAsync($"/{Project}/v1/health/dashboard");
        using var head = await client.SendAsync(new(HttpMethod.Head, $"/{Project}/v1/health/dashboard"));
        Assert.Equal(HttpStatusCode.OK, head.StatusCode);
        Assert.Equal(get.Content.Headers.ContentLength, head.Content.Headers.ContentLength);
        Assert.Empty(await head.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task Without_the_collector_or_its_store_there_is_no_dashboard_rather_than_a_wrong_one()
    {
        neighbours.ProjectFleet = _ => null;
        await UnavailableAsync();
        neighbours.ProjectFleet = _ => new() { Store = StoreState.Unavailable, ObservedAt = Timestamp.FromDateTimeOffset(Observed) };
        await UnavailableAsync();

        neighbours.ProjectFleet = _ => Fleet(); // a failure is not remembered
        Assert.Equal("degraded", (await GetAsync()).GetProperty("status").GetString());

        async Task UnavailableAsync()
        {
            using var response = await client.GetAsync($"/{Project}/v1/health/dashboard");
            Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
            Assert.Equal("service_unavailable", await CodeAsync(response));
        }
    }

    [Fact]
    public async Task A_young_store_says_unknown()
    {
        neighbours.ProjectFleet = _ => Fleet(f => f.Store = StoreState.Young);
        var dashboard = await GetAsync();
        Assert.Equal("unknown", dashboard.GetProperty("status").GetString());
        Assert.Equal("unknown", dashboard.GetProperty("routing").GetProperty("status").GetString());
    }

    [Fact]
    public async Task Without_the_windows_it_says_so()
    {
        neighbours.ProjectWindows = _ => null;
        Assert.True((await GetAsync()).GetProperty("maintenance").GetProperty("unavailable").GetBoolean());
    }

    [Fact]
    public async Task Another_projects_token_is_refused_and_none_is_unauthorised()
    {
        using var other = service.Http(TestTokens.ForCaller("proj_XYZ789", true, Scopes.Management));
        using var mismatch = await other.GetAsync($"/{Project}/v1/health/dashboard");
        Assert.Equal((HttpStatusCode.Forbidden, "project_mismatch"), (mismatch.StatusCode, await CodeAsync(mismatch)));
        using var nobody = service.Http();
        using var missing = await nobody.GetAsync($"/{Project}/v1/health/dashboard");
        Assert.Equal(HttpStatusCode.Unauthorized, missing.StatusCode);
        Assert.Empty(neighbours.FleetRequests);
    }

    [Fact]
    public async Task Many_requests_at_once_ask_the_collector_once_and_each_project_for_itself()
    {
        await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => GetAsync("?limit=77")));
        Assert.InRange(neighbours.FleetRequests.Count(r => r.Limit == 77), 1, 3); // a second may end in between
        using var other = service.Http(TestTokens.ForCaller("proj_XYZ789", false, Scopes.Inference));
        await other.GetAsync("/proj_XYZ789/v1/health/dashboard?limit=77");
        Assert.Contains(neighbours.FleetRequests, r => r is { ProjectId: "proj_XYZ789", Limit: 77 });
    }

    [Fact]
    public async Task The_cache_keeps_a_dashboard_for_less_than_a_second_and_a_failure_not_at_all()
    {
        var time = new FakeTimeProvider();
        var cache = Dashboards.NewCache(time);
        var made = 0;
        var query = new DashboardQuery(Project, 100, "");
        Assert.False((await cache.GetAsync(query, Make, default)).Shared);
        time.Advance(TimeSpan.FromMilliseconds(699));
        Assert.True((await cache.GetAsync(query, Make, default)).Shared);
        Assert.Equal(1, made);
        time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.True((await cache.GetAsync(query, Make, default)).Shared); // and renewed ahead, once
        Assert.True((await cache.GetAsync(query, Make, default)).Shared);
        for (var i = 0; i < 500 && Volatile.Read(ref made) < 2; i++)
        {
            await Task.Delay(10);
        }

        await Task.Delay(50);
        Assert.Equal(2, made);
        time.Advance(TimeSpan.FromMilliseconds(699));
        Assert.True((await cache.GetAsync(query, Make, default)).Shared);
        time.Advance(TimeSpan.FromMilliseconds(301));
        Assert.False((await cache.GetAsync(query, Make, default)).Shared);
        Assert.Equal(3, made);

        time.Advance(TimeSpan.FromSeconds(1));
        await Assert.ThrowsAsync<TimeoutException>(async () => await cache.GetAsync(query, _ => Task.FromException<DashboardDocument>(new TimeoutException()), default));
        Assert.False((await cache.GetAsync(query, Make, default)).Shared);

        for (var i = 0; i < 5_000; i++)
        {
            await cache.GetAsync(query with { After = $"{i}" }, Make, default); // bounded: the rest is made, not kept
        }

        Assert.False((await cache.GetAsync(query with { After = "4999" }, Make, default)).Shared);

        Task<DashboardDocument> Make(DashboardQuery q)
        {
            Interlocked.Increment(ref made);
            return Task.FromResult(new DashboardDocument([1], "W/\"1\""));
        }
    }

    private static GetProjectFleetResponse Fleet(Action<GetProjectFleetResponse>? change = null)
    {
        var heard = Timestamp.FromDateTimeOffset(Observed.AddSeconds(-2.1));
        var fleet = new GetProjectFleetResponse
        {
            ObservedAt = Timestamp.FromDateTimeOffset(Observed),
            Store = StoreState.Ready,
            Routers =
            {
                new Router { Id = "rtr-1", Region = "us-east", Version = "1.4.2", State = "online", Online = true, LastHeartbeatAt = heard },
                new Router { Id = "rtr-2", Region = "us-east", Version = "1.4.2", State = "offline", LastHeartbeatAt = heard },
            },
            WorkersTotal = 4,
            WorkersHealthy = 3,
            Workers =
            {
                new Worker
                {
                    Id = "wkr-1", Name = "gpu-ä", Kind = "private", Region = "us-east", Version = "2", State = "ready", Healthy = true, ActiveRequests = 3,
                    MaxConcurrentRequests = 16, Models = { "m-1" }, Endpoints = { "chat" }, LastHeartbeatAt = Timestamp.FromDateTimeOffset(Observed.AddSeconds(-1)),
                },
            },
            HasMore = true,
            Endpoints = { new Endpoint { Slug = "chat", Models = { "m-1" }, WorkersTotal = 4, WorkersHealthy = 3 } },
        };
        change?.Invoke(fleet);
        return fleet;
    }

    private static Window Window(string id, WindowStatus status) => new()
    {
        Value = SampleWindow.Of(id, status, Observed, Observed.AddHours(1)) with { ProjectId = Project, AffectedServices = ["Model Storage"] },
    };

    private async Task<JsonElement> GetAsync(string query = "")
    {
        using var response = await client.GetAsync($"/{Project}/v1/health/dashboard{query}");
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.OK, text);
        Assert.Equal("application/json; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        return JsonDocument.Parse(text).RootElement;
    }

    private static async Task<string?> CodeAsync(HttpResponseMessage response) =>
        JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("error").GetProperty("code").GetString();
}
