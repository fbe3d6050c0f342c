using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xerotier.Maintenance.V1;
using Xerotier.MaintenanceService.Notices;
using Xerotier.TestKit;

namespace Xerotier.MaintenanceService.Tests;

/// <summary>What the StatusService is told of components and incidents, and the drafts that it asks for.</summary>
public sealed class NoticeFeedTests(ManagementApi api) : IAsyncLifetime
{
    private InProcessService<Program> service = null!;
    private GrpcChannel channel = null!;
    private MaintenanceFeed.MaintenanceFeedClient feed = null!;
    private Project project = null!;
    private Project platform = null!;
    private string connectionString = "";

    private string Path => $"/{project.Id}/v1/management/incidents";

    public async ValueTask InitializeAsync()
    {
        connectionString = await api.Postgres.CreateDatabaseAsync<Program>();
        service = await StartAsync("proj_drafts");
        channel = GrpcChannel.ForAddress(service.GrpcAddress, new GrpcChannelOptions { MaxReceiveMessageSize = null });
        feed = new(channel);
        (project, platform) = (Project.Of(service, platform: true, id: "proj_drafts"), ComponentApiTests.Platform(service));
    }

    public async ValueTask DisposeAsync()
    {
        project.Dispose();
        platform.Dispose();
        channel.Dispose();
        await service.DisposeAsync();
    }

    [Fact]
    public async Task The_notices_hold_every_component_and_the_published_incidents()
    {
        var archived = (await ComponentApiTests.CreateAsync(platform, new() { ["name"] = "Gone", ["probe"] = new JsonObject { ["url"] = "https://a.example/" } })).Id;
        await platform.SendAsync(HttpMethod.Delete, $"/v1/platform/components/{archived}");
        var open = await CreateAsync(IncidentApiTests.Body("investigating", ("cmp_dashboard", "outage")));
        await CreateAsync(IncidentApiTests.Body(), draft: true);
        var recent = await CreateAsync(IncidentApiTests.Body("resolved"), start: -80, at: -79);
        var old = await CreateAsync(IncidentApiTests.Body("resolved"), start: -85);
        await ExecuteAsync($"update incidents set started_at = started_at - interval '60 days', resolved_at = resolved_at - interval '60 days' where id = '{old}'");

        var notices = await feed.GetNoticesAsync(new() { Limit = 10 }, FeedStream.Token);
        Assert.Equal(new[] { "cmp_dashboard", "cmp_inference_routing", "cmp_shared_agents", "cmp_model_storage", archived }.Order(), notices.Components.Select(c => c.Id).Order());
        var gone = notices.Components.Single(c => c.Id == archived);
        Assert.Equal((2L, gone.Value.CreatedAt, gone.Value.ArchivedAt), (gone.Version, gone.Probed.Single().From.ToDateTimeOffset(), gone.Probed[0].To.ToDateTimeOffset()));
        Assert.Equal([open, recent], notices.Incidents.Select(i => i.Id));
        Assert.Equal((1L, "We see **failed** requests.", false), (notices.Incidents[0].Version, notices.Incidents[0].Value!.Updates[0].Body, notices.Incidents[0].WithoutBodies));
        Assert.Equal("cmp_dashboard", notices.Incidents[0].Value!.Components.Single().Id);
    }

    [Fact]
    public async Task A_service_can_ask_for_the_components_alone_the_archived_ones_too()
    {
        var live = (await ComponentApiTests.CreateAsync(platform, new() { ["name"] = "Here" })).Id;
        var archived = (await ComponentApiTests.CreateAsync(platform, new() { ["name"] = "Gone" })).Id;
        await platform.SendAsync(HttpMethod.Delete, $"/v1/platform/components/{archived}");
        var components = (await feed.ListComponentsAsync(new(), FeedStream.Token)).Components;
        Assert.Equal(new[] { "cmp_dashboard", "cmp_inference_routing", "cmp_shared_agents", "cmp_model_storage", live, archived }.Order(), components.Select(c => c.Id).Order());
        Assert.Equal(("Here", false), (components.Single(c => c.Id == live).Value.Name, components.Single(c => c.Id == live).Value.ArchivedAt is not null));
        Assert.Equal((2L, true), (components.Single(c => c.Id == archived).Version, components.Single(c => c.Id == archived).Value.ArchivedAt is not null));

        using var nobody = GrpcChannel.ForAddress(service.GrpcAddress);
        var refused = await Assert.ThrowsAsync<RpcException>(async () => await new MaintenanceFeed.MaintenanceFeedClient(nobody).ListComponentsAsync(new()));
        Assert.Equal(StatusCode.Unauthenticated, refused.StatusCode);
    }

    [Fact]
    public async Task Bodies_come_with_the_open_incidents_and_the_newest_50_within_8_MiB()
    {
        var open = await CreateAsync(IncidentApiTests.Body(), start: -80);
        for (var i = 0; i < 52; i++)
        {
            await CreateAsync(IncidentApiTests.Body("resolved"), start: -70 + i);
        }

        var notices = (await feed.GetNoticesAsync(new() { Limit = 1 }, FeedStream.Token)).Incidents;
        Assert.Equal(53, notices.Count);
        Assert.Equal(notices.Select(i => i.Value!.StartedAt).OrderDescending(), notices.Select(i => i.Value!.StartedAt));
        Assert.Equal([.. Enumerable.Repeat(false, 50), true, true, false], notices.Select(i => i.WithoutBodies));
        Assert.Equal(open, notices[^1].Id);
        Assert.Equal(("", "We see **failed** requests."), (notices[50].Value!.Updates[0].Body, notices[^1].Value!.Updates[0].Body));

        await ExecuteAsync($"update incidents set body_bytes = 8 * 1024 * 1024 where id = '{notices[2].Id}'");
        var fewer = (await feed.GetNoticesAsync(new() { Limit = 1 }, FeedStream.Token)).Incidents;
        Assert.Equal([false, false, true, true], fewer.Take(4).Select(i => i.WithoutBodies)); // the open one took its part first
        Assert.False(fewer[^1].WithoutBodies);
    }

    [Fact]
    public async Task Every_change_reaches_the_stream_of_either_replica_with_what_it_made()
    {
        await using var second = await StartAsync(null);
        await using var near = await LogReader.OpenAsync(service);
        await using var far = await LogReader.OpenAsync(second);
        var component = (await ComponentApiTests.CreateAsync(platform, new() { ["name"] = "Batch" })).Id;
        await near.UntilAsync(component, 1);
        await far.UntilAsync(component, 1);
        await platform.SendAsync(HttpMethod.Patch, $"/v1/platform/components/{component}", new JsonObject { ["group"] = "APIs" });
        await far.UntilAsync(component, 2);
        Assert.Equal("APIs", far.Components[component].Value.Group);

        var draft = await CreateAsync(IncidentApiTests.Body(), draft: true);
        var incident = await CreateAsync(IncidentApiTests.Body("investigating", (component, "degraded")));
        await near.UntilAsync(incident, 1);
        await far.UntilAsync(incident, 1);
        await project.SendAsync(HttpMethod.Post, $"{Path}/{incident}/updates", new JsonObject { ["body"] = "Over.", ["status"] = "resolved" });
        await near.UntilAsync(incident, 2);
        Assert.Equal((IncidentStatus.Resolved, "Over."), (near.Incidents[incident].Value!.Status, near.Incidents[incident].Value!.Updates[^1].Body));
        Assert.DoesNotContain(draft, near.Incidents.Keys); // nobody but its project sees it
        (await project.SendAsync(HttpMethod.Post, $"{Path}/{draft}/publish")).Is(HttpStatusCode.OK);
        await near.UntilAsync(draft, 2);
        await far.UntilAsync(draft, 2);
        Assert.Empty(near.Seen);
    }

    [Fact]
    public async Task A_reader_that_was_away_gets_what_has_changed_since()
    {
        string mark;
        await using (var reader = await LogReader.OpenAsync(service))
        {
            mark = reader.Mark;
        }

        var incident = await CreateAsync(IncidentApiTests.Body());
        for (var i = 0; i < 150; i++)
        {
            (await project.SendAsync(HttpMethod.Post, $"{Path}/{incident}/updates", new JsonObject { ["body"] = $"Update {i}." })).Is(HttpStatusCode.OK);
        }

        var others = new List<string>();
        for (var i = 0; i < 60; i++)
        {
            others.Add(await project.CreatedAsync()); // windows, so that the log has more than one page
        }

        await using var again = await LogReader.OpenAsync(service, mark);
        await again.UntilAsync(seen => others.TrueForAll(id => seen.Contains((id, 1))));
        await again.UntilAsync(incident, 151);
        Assert.Equal(others.Order(StringComparer.Ordinal), again.Seen.Select(change => change.Id).Order(StringComparer.Ordinal));
        Assert.Equal(151, again.Incidents[incident].Value!.UpdatesCount);
    }

    [Fact]
    public async Task Published_incidents_that_touch_a_time_are_listed_without_bodies_and_one_comes_whole()
    {
        var spanning = await CreateAsync(IncidentApiTests.Body("resolved"), start: -60, at: -5);
        var instant = await CreateAsync(IncidentApiTests.Body("resolved"), start: -30);
        await CreateAsync(IncidentApiTests.Body("resolved"), start: -60, at: -41);
        await CreateAsync(IncidentApiTests.Body("resolved"), start: -19);
        var draft = await CreateAsync(IncidentApiTests.Body(), start: -30, draft: true);
        var open = await CreateAsync(IncidentApiTests.Body(), start: -25);
        var (from, to) = (Timestamp.FromDateTimeOffset(DateTimeOffset.UtcNow.AddDays(-40)), Timestamp.FromDateTimeOffset(DateTimeOffset.UtcNow.AddDays(-20)));
        var found = await feed.ListIncidentsBetweenAsync(new() { From = from, To = to }, FeedStream.Token);
        Assert.Equal([open, instant, spanning], found.Incidents.Select(i => i.Id));
        Assert.All(found.Incidents, i => Assert.Equal((true, ""), (i.WithoutBodies, i.Value!.Updates[0].Body)));
        Assert.False(found.HasMore);
        Assert.Empty((await feed.ListIncidentsBetweenAsync(new() { From = to, To = from }, FeedStream.Token)).Incidents);
        await ExecuteAsync($"""
            insert into incidents (project_id, id, started_at, resolved_at, document, bodies, body_bytes)
            select project_id, 'inc_' || n, started_at, resolved_at, document, bodies, body_bytes from incidents, generate_series(1, 500) n where id = '{instant}'
            """);
        found = await feed.ListIncidentsBetweenAsync(new() { From = from, To = to }, FeedStream.Token);
        Assert.Equal((500, true), (found.Incidents.Count, found.HasMore));

        var whole = await feed.GetIncidentAsync(new() { Id = spanning }, FeedStream.Token);
        Assert.Equal((false, "We see **failed** requests."), (whole.WithoutBodies, whole.Value!.Updates[0].Body));
        foreach (var id in new[] { draft, "inc_00000000000000000000", "x" })
        {
            Assert.Equal(StatusCode.NotFound, await CodeAsync(async () => await feed.GetIncidentAsync(new() { Id = id }, FeedStream.Token)));
        }
    }

    [Fact]
    public async Task An_outage_has_one_draft_however_often_it_is_asked_for()
    {
        await using var second = await StartAsync("proj_drafts");
        using var other = GrpcChannel.ForAddress(second.GrpcAddress);
        var since = DateTimeOffset.UtcNow.AddMinutes(-3);
        var request = new DraftIncidentRequest { ComponentId = "cmp_inference_routing", Since = Timestamp.FromDateTimeOffset(since), Reason = "no router is online" };
        var ids = (await Task.WhenAll(Enumerable.Range(0, 6).Select(async i =>
            (await (i % 2 == 0 ? feed : new(other)).DraftIncidentAsync(request, FeedStream.Token)).IncidentId))).Distinct().ToList();
        var draft = (await project.SendAsync(HttpMethod.Get, $"{Path}/{Assert.Single(ids)}")).Is(HttpStatusCode.OK);
        Assert.Equal(("true", "system", "investigating", "Inference Routing is down", "major"), (draft["draft"], draft["created_by"], draft["status"], draft["title"], draft["impact"]));
        Assert.Equal($"Inference Routing has been down since {since.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture)} UTC: no router is online.", draft.Json["updates"]![0]!["body"]!.ToString());
        Assert.Equal("""[{"id":"cmp_inference_routing","status":"outage"}]""", draft.Json["updates"]![0]!["components"]!.ToJsonString());
        Assert.Equal(since.ToUnixTimeMilliseconds(), DateTimeOffset.Parse(draft["started_at"]!, CultureInfo.InvariantCulture).ToUnixTimeMilliseconds());
        Assert.Single((await project.SendAsync(HttpMethod.Get, Path)).Data);
        var audit = (await project.SendAsync(HttpMethod.Get, $"{Path}/{draft.Id}/events")).Data.Single()!;
        Assert.Equal(("system", null), ((string?)audit["actor"], (string?)audit["actor_key_id"]));

        // Also when somebody has deleted it; another outage has another.
        (await project.SendAsync(HttpMethod.Delete, $"{Path}/{draft.Id}")).Is(HttpStatusCode.OK);
        Assert.Equal(draft.Id, (await feed.DraftIncidentAsync(request, FeedStream.Token)).IncidentId);
        Assert.Empty((await project.SendAsync(HttpMethod.Get, Path)).Data);
        request.Since = Timestamp.FromDateTimeOffset(since.AddMinutes(1));
        Assert.NotEqual(draft.Id, (await feed.DraftIncidentAsync(request, FeedStream.Token)).IncidentId);
    }

    [Fact]
    public async Task No_draft_is_made_beside_an_open_incident_that_names_the_component()
    {
        var incident = await CreateAsync(IncidentApiTests.Body("investigating", ("cmp_inference_routing", "degraded")));
        var request = new DraftIncidentRequest { ComponentId = "cmp_inference_routing", Since = Timestamp.FromDateTimeOffset(DateTimeOffset.UtcNow.AddMinutes(-3)) };
        Assert.Equal(incident, (await feed.DraftIncidentAsync(request, FeedStream.Token)).IncidentId);
        await project.SendAsync(HttpMethod.Post, $"{Path}/{incident}/updates", new JsonObject { ["body"] = "Over.", ["status"] = "resolved" });
        Assert.NotEqual(incident, (await feed.DraftIncidentAsync(request, FeedStream.Token)).IncidentId);
        request.ComponentId = "cmp_nothing";
        Assert.Equal(StatusCode.NotFound, await CodeAsync(async () => await feed.DraftIncidentAsync(request, FeedStream.Token)));
        request.Since = null;
        Assert.Equal(StatusCode.InvalidArgument, await CodeAsync(async () => await feed.DraftIncidentAsync(request, FeedStream.Token)));
    }

    [Fact]
    public async Task An_outage_from_before_the_farthest_start_is_drafted_too()
    {
        var request = new DraftIncidentRequest { ComponentId = "cmp_dashboard", Since = Timestamp.FromDateTimeOffset(DateTimeOffset.UtcNow.AddDays(-200)), Reason = new string('x', 5000) };
        Assert.NotEmpty((await feed.DraftIncidentAsync(request, FeedStream.Token)).IncidentId);
    }

    [Fact]
    public async Task A_draft_that_nobody_touched_is_discarded_and_any_other_stays()
    {
        foreach (var (touch, discarded) in new (Func<string, Task>, bool)[]
        {
            (_ => Task.CompletedTask, true),
            (id => project.SendAsync(HttpMethod.Patch, $"{Path}/{id}", new JsonObject { ["title"] = "Mine" }), false),
            (id => project.SendAsync(HttpMethod.Post, $"{Path}/{id}/publish"), false),
            (id => project.SendAsync(HttpMethod.Delete, $"{Path}/{id}"), false),
        })
        {
            var since = Timestamp.FromDateTimeOffset(DateTimeOffset.UtcNow);
            var id = (await feed.DraftIncidentAsync(new() { ComponentId = "cmp_model_storage", Since = since }, FeedStream.Token)).IncidentId;
            await touch(id);
            var request = new DiscardDraftRequest { ComponentId = "cmp_model_storage", Since = since };
            Assert.Equal(discarded, (await feed.DiscardDraftAsync(request, FeedStream.Token)).Discarded);
            Assert.False((await feed.DiscardDraftAsync(request, FeedStream.Token)).Discarded);
            if (discarded)
            {
                var events = (await project.SendAsync(HttpMethod.Get, $"{Path}/{id}/events")).Data;
                Assert.Equal(["deleted system", "created system"], events.Select(e => $"{e!["action"]} {e["actor"]}"));
            }

            await project.SendAsync(HttpMethod.Post, $"{Path}/{id}/updates", new JsonObject { ["body"] = "Over.", ["status"] = "resolved" });
        }
    }

    [Fact]
    public async Task Without_a_project_for_them_there_are_no_drafts()
    {
        await using var without = await StartAsync(null);
        using var other = GrpcChannel.ForAddress(without.GrpcAddress);
        var request = new DraftIncidentRequest { ComponentId = "cmp_dashboard", Since = Timestamp.FromDateTimeOffset(DateTimeOffset.UtcNow) };
        Assert.Equal(StatusCode.FailedPrecondition, await CodeAsync(async () => await new MaintenanceFeed.MaintenanceFeedClient(other).DraftIncidentAsync(request, FeedStream.Token)));
        Assert.Null(without.Services.GetRequiredService<Suspensions>().OldestOfPlatform);
    }

    private static async Task<StatusCode> CodeAsync(Func<Task> call) => (await Assert.ThrowsAsync<RpcException>(call)).StatusCode;

    private async Task<InProcessService<Program>> StartAsync(string? draftProject)
    {
        var started = new InProcessService<Program>([.. ManagementApi.Settings(connectionString), new("Incidents:DraftProject", draftProject)]);
        await started.Services.GetRequiredService<ServiceDefaults.Migrations>().Done.WaitAsync(TimeSpan.FromSeconds(60));
        return started;
    }

    private async Task<string> CreateAsync(JsonObject body, double? start = null, double? at = null, bool draft = false)
    {
        if (start is { } days)
        {
            body["started_at"] = DateTimeOffset.UtcNow.AddDays(days).ToString("O");
        }

        if (at is { } later)
        {
            body["at"] = DateTimeOffset.UtcNow.AddDays(later).ToString("O");
        }

        body["draft"] = draft;
        return (await project.SendAsync(HttpMethod.Post, Path, body)).Is(HttpStatusCode.Created).Id;
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var database = NpgsqlDataSource.Create(connectionString);
        await using var command = database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
