using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Xerotier.TestKit;

namespace Xerotier.MaintenanceService.Tests;

/// <summary>The API of incidents.</summary>
public sealed class IncidentApiTests(ManagementApi api) : IAsyncLifetime
{
    private InProcessService<Program> service = null!;
    private Project project = null!;
    private Project platform = null!;
    private string connectionString = "";

    private string Path => $"/{project.Id}/v1/management/incidents";

    public async ValueTask InitializeAsync()
    {
        connectionString = await api.Postgres.CreateDatabaseAsync<Program>();
        service = await ManagementApi.StartServiceAsync(connectionString);
        (project, platform) = (Project.Of(service, platform: true), ComponentApiTests.Platform(service));
    }

    public async ValueTask DisposeAsync()
    {
        project.Dispose();
        platform.Dispose();
        await service.DisposeAsync();
    }

    internal static JsonObject Body(string status = "investigating", params (string Id, string Status)[] components) => new()
    {
        ["title"] = "Elevated errors",
        ["body"] = "We see **failed** requests.",
        ["status"] = status,
        ["components"] = Components(components),
    };

    internal static JsonArray Components(params (string Id, string Status)[] components) =>
        [.. components.Select(component => new JsonObject { ["id"] = component.Id, ["status"] = component.Status })];

    [Fact]
    public async Task An_incident_goes_its_way_and_its_events_hold_only_what_changed()
    {
        var created = (await PostAsync("", Body("investigating", ("cmp_inference_routing", "degraded")))).Is(HttpStatusCode.Created);
        Assert.Equal(("incident", "minor", "\"1\"", $"{Path}/{created.Id}", project.Id), (created["object"], created["impact"], created.ETag, created.Headers.Location?.OriginalString, created["project_id"]));
        Assert.Equal("""[{"id":"cmp_inference_routing","name":"Inference Routing","status":"degraded"}]""", created.Json["components"]!.ToJsonString());
        Assert.Equal(created["started_at"], created.Json["updates"]![0]!["at"]!.ToString());
        Assert.False(created.Json.ContainsKey("warnings"));

        var posted = (await PostAsync($"/{created.Id}/updates", new() { ["status"] = "identified", ["body"] = "Found.", ["components"] = Components(("cmp_inference_routing", "outage")) }, created.ETag)).Is(HttpStatusCode.OK);
        Assert.Equal(("identified", "major", "2", "\"2\""), (posted["status"], posted["impact"], posted["updates_count"], posted.ETag));
        var first = posted.Json["updates"]![0]!["id"]!.ToString();
        var edited = (await project.SendAsync(HttpMethod.Patch, $"{Path}/{created.Id}/updates/{first}", new JsonObject { ["body"] = "We saw failed requests." }, posted.ETag)).Is(HttpStatusCode.OK);
        Assert.Equal(("We saw failed requests.", "\"3\""), (edited.Json["updates"]![0]!["body"]!.ToString(), edited.ETag));
        Assert.NotNull(edited.Json["updates"]![0]!["edited_at"]);
        var changed = (await project.SendAsync(HttpMethod.Patch, $"{Path}/{created.Id}", new JsonObject { ["title"] = "Errors in us-east", ["impact_override"] = "minor" }, edited.ETag)).Is(HttpStatusCode.OK);
        Assert.Equal(("Errors in us-east", "minor"), (changed["title"], changed["impact"]));
        Assert.Equal("major", (await project.SendAsync(HttpMethod.Patch, $"{Path}/{created.Id}", new JsonObject { ["impact_override"] = null })).Is(HttpStatusCode.OK)["impact"]);
        var resolved = (await PostAsync($"/{created.Id}/updates", new() { ["status"] = "resolved", ["body"] = "Over." })).Is(HttpStatusCode.OK);
        Assert.Equal(("resolved", "operational"), (resolved["status"], resolved.Json["components"]![0]!["status"]!.ToString()));
        Assert.Equal(resolved.Json["updates"]![2]!["at"]!.ToString(), resolved["resolved_at"]);

        var read = (await project.SendAsync(HttpMethod.Get, $"{Path}/{created.Id}")).Is(HttpStatusCode.OK);
        Assert.Equal((resolved.Text, resolved.ETag), (read.Text, read.ETag));
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{Path}/{created.Id}") { Headers = { { "If-None-Match", read.ETag! } } };
        Assert.Equal(HttpStatusCode.NotModified, (await project.Http.SendAsync(request)).StatusCode);

        var events = (await project.SendAsync(HttpMethod.Get, $"{Path}/{created.Id}/events")).Is(HttpStatusCode.OK).Data;
        Assert.Equal(["posted", "updated", "updated", "edited", "posted", "created"], events.Select(e => (string?)e!["action"]));
        Assert.Equal("""["title","impact","impact_override"]""", events[2]!["changed_fields"]!.ToJsonString());
        Assert.Equal(("We see **failed** requests.", "We saw failed requests."), (Text(events[3]!["before"]), Text(events[3]!["after"])));
        Assert.All([events[1]!["before"], events[1]!["after"], events[4]!["before"]], form => Assert.Empty(form!["updates"]!.AsArray()));
        Assert.Equal(("Found.", "2"), (Text(events[4]!["after"]), events[4]!["after"]!["updates_count"]!.ToString()));
        Assert.Equal((null, "We see **failed** requests.", "test-key", "key_test"), (events[5]!["before"], Text(events[5]!["after"]), (string?)events[5]!["actor"], (string?)events[5]!["actor_key_id"]));

        static string Text(JsonNode? form) => form!["updates"]!.AsArray().Single()!["body"]!.ToString();
    }

    [Fact]
    public async Task Every_change_of_an_incident_heeds_If_Match()
    {
        var incident = (await PostAsync("", Body())).Is(HttpStatusCode.Created);
        var moved = (await PostAsync($"/{incident.Id}/updates", new() { ["body"] = "More." })).Is(HttpStatusCode.OK);
        var update = moved.Json["updates"]![0]!["id"];
        foreach (var (method, path, body) in new[]
        {
            (HttpMethod.Patch, "", new JsonObject { ["title"] = "T" }), (HttpMethod.Post, "/updates", new() { ["body"] = "B" }),
            (HttpMethod.Patch, $"/updates/{update}", new() { ["body"] = "B" }), (HttpMethod.Post, "/publish", []), (HttpMethod.Delete, "", null),
        })
        {
            (await project.SendAsync(method, $"{Path}/{incident.Id}{path}", body, ifMatch: incident.ETag)).Is(412, "precondition_failed");
        }

        Assert.Equal(moved.Text, (await project.SendAsync(HttpMethod.Get, $"{Path}/{incident.Id}")).Text);
    }

    [Fact]
    public async Task Posts_sent_again_with_their_key_happen_once()
    {
        var body = Body();
        var created = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => PostAsync("", (JsonObject)body.DeepClone(), idempotencyKey: "create")));
        Assert.Single(created.Select(reply => reply.Is(HttpStatusCode.Created).Text).Distinct());
        var path = $"/{created[0].Id}/updates";
        var posted = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => PostAsync(path, new() { ["body"] = "More." }, created[0].ETag, "post")));
        Assert.Single(posted.Select(reply => reply.Is(HttpStatusCode.OK).Text).Distinct());
        Assert.Equal("2", posted[0]["updates_count"]);
        (await PostAsync(path, new() { ["body"] = "Other." }, idempotencyKey: "post")).Is(409, "idempotency_conflict");

        body["draft"] = true;
        var draft = (await PostAsync("", body)).Is(HttpStatusCode.Created);
        var published = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => PostAsync($"/{draft.Id}/publish", [], idempotencyKey: "publish")));
        Assert.Single(published.Select(reply => reply.Is(HttpStatusCode.OK).Text).Distinct());
        Assert.Equal(2, (await project.SendAsync(HttpMethod.Get, $"{Path}/{draft.Id}/events")).Data.Count);
    }

    [Fact]
    public async Task Updates_posted_at_once_through_two_replicas_are_all_kept()
    {
        await using var second = await ManagementApi.StartServiceAsync(connectionString);
        using var other = Project.Of(second, platform: true, id: project.Id);
        var id = (await PostAsync("", Body())).Is(HttpStatusCode.Created).Id;
        await Task.WhenAll(Enumerable.Range(0, 20).Select(async i =>
            (await (i % 2 == 0 ? project : other).SendAsync(HttpMethod.Post, $"{Path}/{id}/updates", new JsonObject { ["body"] = $"Update {i}" })).Is(HttpStatusCode.OK)));
        var incident = await project.SendAsync(HttpMethod.Get, $"{Path}/{id}");
        Assert.Equal(21, incident.Json["updates"]!.AsArray().Select(update => (string?)update!["body"]).Distinct().Count());
        var posted = incident.Json["updates"]!.AsArray().Select(update => DateTimeOffset.Parse(update!["posted_at"]!.ToString(), CultureInfo.InvariantCulture)).ToList();
        Assert.Equal(posted.Order(), posted);

        // Of one that resolves and one that does not, both are kept in some order, or the second is refused.
        var replies = await Task.WhenAll(
            PostAsync($"/{id}/updates", new() { ["body"] = "Over.", ["status"] = "resolved" }),
            other.SendAsync(HttpMethod.Post, $"{Path}/{id}/updates", new JsonObject { ["body"] = "Watching.", ["status"] = "monitoring" }));
        Assert.True(replies[0].Status == HttpStatusCode.OK && (replies[1].Status == HttpStatusCode.OK || replies[1].Is(409, "invalid_state_transition") is not null));
        Assert.Equal("resolved", (await project.SendAsync(HttpMethod.Get, $"{Path}/{id}"))["status"]);
    }

    [Fact]
    public async Task At_most_50_incidents_are_open_however_many_requests_come_at_once()
    {
        await using var second = await ManagementApi.StartServiceAsync(connectionString);
        using var other = Project.Of(second, platform: true);
        var replies = await Task.WhenAll(Enumerable.Range(0, 56).Select(i => i % 2 == 0
            ? PostAsync("", Body())
            : other.SendAsync(HttpMethod.Post, $"/{other.Id}/v1/management/incidents", Body())));
        Assert.Equal(50, replies.Count(reply => reply.Status == HttpStatusCode.Created));
        Assert.All(replies.Where(reply => reply.Status != HttpStatusCode.Created), reply => reply.Is(409, "quota_exceeded"));

        var draft = Body();
        draft["draft"] = true;
        var id = (await PostAsync("", draft)).Is(HttpStatusCode.Created).Id;
        (await PostAsync($"/{id}/publish", [])).Is(409, "quota_exceeded");
        var resolved = replies.Where((reply, i) => i % 2 == 0 && reply.Status == HttpStatusCode.Created).First().Id;
        (await PostAsync($"/{resolved}/updates", new() { ["body"] = "Over.", ["status"] = "resolved" })).Is(HttpStatusCode.OK);
        (await PostAsync($"/{id}/publish", [])).Is(HttpStatusCode.OK);
        (await PostAsync($"/{resolved}/updates", new() { ["body"] = "Again.", ["status"] = "investigating" })).Is(409, "quota_exceeded");
    }

    [Fact]
    public async Task Lists_come_by_start_with_the_newest_update_alone()
    {
        var ids = new List<string>();
        for (var i = 0; i < 5; i++)
        {
            var body = Body();
            (body["started_at"], body["draft"]) = (DateTimeOffset.UtcNow.AddDays(-10 + i).ToString("O"), i == 3);
            ids.Insert(0, (await PostAsync("", body)).Is(HttpStatusCode.Created).Id);
        }

        await PostAsync($"/{ids[0]}/updates", new() { ["body"] = "The newest.", ["status"] = "resolved" });
        var list = (await project.SendAsync(HttpMethod.Get, Path)).Is(HttpStatusCode.OK);
        Assert.Equal(ids, list.Ids);
        Assert.Equal(("The newest.", "2"), (list.Data[0]!["updates"]!.AsArray().Single()!["body"]!.ToString(), list.Data[0]!["updates_count"]!.ToString()));

        Assert.Equal([ids[0]], await IdsAsync("?status=resolved"));
        Assert.Equal(ids, await IdsAsync("?status=resolved&status=investigating"));
        Assert.Equal([ids[1]], await IdsAsync("?draft=true"));
        Assert.Equal(ids.Except([ids[1]]), await IdsAsync("?draft=false"));
        Assert.Equal([ids[2], ids[3]], await IdsAsync($"?limit=2&after={ids[1]}"));
        (await project.SendAsync(HttpMethod.Delete, $"{Path}/{ids[1]}")).Is(HttpStatusCode.OK);
        Assert.Equal([ids[2], ids[3]], await IdsAsync($"?limit=2&after={ids[1]}")); // also after one that is gone
        (await project.SendAsync(HttpMethod.Get, $"{Path}?after=inc_00000000000000000000")).Is(400, "invalid_request", "after");
        (await project.SendAsync(HttpMethod.Get, $"{Path}?status=active&draft=maybe")).Is(400, "invalid_request", "status");

        async Task<IEnumerable<string>> IdsAsync(string query) => (await project.SendAsync(HttpMethod.Get, Path + query)).Is(HttpStatusCode.OK).Ids;
    }

    [Fact]
    public async Task A_draft_is_deleted_or_published_and_a_published_incident_stays()
    {
        var body = Body();
        body["draft"] = true;
        var draft = (await PostAsync("", body)).Is(HttpStatusCode.Created);
        var deleted = (await project.SendAsync(HttpMethod.Delete, $"{Path}/{draft.Id}")).Is(HttpStatusCode.OK);
        Assert.Equal($$"""{"id":"{{draft.Id}}","object":"incident.deleted","deleted":true}""", deleted.Text);
        (await project.SendAsync(HttpMethod.Get, $"{Path}/{draft.Id}")).Is(404, "not_found");
        (await project.SendAsync(HttpMethod.Delete, $"{Path}/{draft.Id}")).Is(404, "not_found");
        var events = (await project.SendAsync(HttpMethod.Get, $"{Path}/{draft.Id}/events")).Is(HttpStatusCode.OK).Data;
        Assert.Equal(["deleted", "created"], events.Select(e => (string?)e!["action"]));
        Assert.Null(events[0]!["after"]);

        var second = (await PostAsync("", (JsonObject)body.DeepClone())).Is(HttpStatusCode.Created);
        var published = (await PostAsync($"/{second.Id}/publish", [])).Is(HttpStatusCode.OK);
        Assert.Equal(("false", "\"2\""), (published["draft"], published.ETag));
        Assert.Equal(published.Text, (await PostAsync($"/{second.Id}/publish", [])).Is(HttpStatusCode.OK).Text);
        (await project.SendAsync(HttpMethod.Delete, $"{Path}/{second.Id}")).Is(409, "invalid_state_transition");
        (await PostAsync($"/{second.Id}/publish", new() { ["notify"] = false })).Is(400, "unknown_field", "notify");
    }

    [Fact]
    public async Task A_component_that_an_open_incident_or_a_draft_names_is_not_archived()
    {
        var component = (await ComponentApiTests.CreateAsync(platform, new() { ["name"] = "Batch" })).Id;
        var path = $"/v1/platform/components/{component}";
        var open = (await PostAsync("", Body("investigating", (component, "operational")))).Is(HttpStatusCode.Created).Id;
        (await platform.SendAsync(HttpMethod.Delete, path)).Is(409, "invalid_state_transition");
        (await PostAsync($"/{open}/updates", new() { ["body"] = "Over.", ["status"] = "resolved" })).Is(HttpStatusCode.OK);
        var draft = Body("resolved", (component, "operational"));
        draft["draft"] = true;
        var draftId = (await PostAsync("", draft)).Is(HttpStatusCode.Created).Id;
        (await platform.SendAsync(HttpMethod.Delete, path)).Is(409, "invalid_state_transition");
        (await project.SendAsync(HttpMethod.Delete, $"{Path}/{draftId}")).Is(HttpStatusCode.OK);
        (await platform.SendAsync(HttpMethod.Delete, path)).Is(HttpStatusCode.OK);
        (await PostAsync("", Body("investigating", (component, "outage")))).Is(400, "invalid_request", "components");
        Assert.Equal("Batch", (await project.SendAsync(HttpMethod.Get, $"{Path}/{open}")).Json["components"]![0]!["name"]!.ToString());
    }

    [Fact]
    public async Task Either_a_component_is_archived_or_an_incident_names_it_never_both()
    {
        await using var second = await ManagementApi.StartServiceAsync(connectionString);
        using var archiver = ComponentApiTests.Platform(second);
        for (var round = 0; round < 10; round++)
        {
            var component = (await ComponentApiTests.CreateAsync(platform, new() { ["name"] = $"Part {round}" })).Id;
            var replies = await Task.WhenAll(PostAsync("", Body("investigating", (component, "outage"))), archiver.SendAsync(HttpMethod.Delete, $"/v1/platform/components/{component}"));
            Assert.Single(replies, reply => (int)reply.Status < 300);
            _ = replies[0].Status == HttpStatusCode.Created ? replies[1].Is(409, "invalid_state_transition") : replies[0].Is(400, "invalid_request", "components");
        }
    }

    [Fact]
    public async Task An_incident_is_judged_by_the_databases_clock()
    {
        var behind = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(DateTimeOffset.UtcNow.AddDays(-30));
        await using var other = await ManagementApi.StartServiceAsync(connectionString, behind);
        using var client = Project.Of(other, platform: true, id: project.Id);
        var body = Body();
        body["started_at"] = DateTimeOffset.UtcNow.AddHours(-1).ToString("O"); // the future, by the service's own clock
        await Eventually.TrueAsync(async () => (await client.SendAsync(HttpMethod.Post, Path, body.DeepClone())).Status == HttpStatusCode.Created);
    }

    [Fact]
    public async Task Only_the_platforms_own_projects_have_incidents_and_each_sees_its_own()
    {
        using var tenant = Project.Of(service);
        (await tenant.SendAsync(HttpMethod.Get, $"/{tenant.Id}/v1/management/incidents")).Is(403, "scope_insufficient");
        (await tenant.SendAsync(HttpMethod.Post, $"/{tenant.Id}/v1/management/incidents", Body())).Is(403, "scope_insufficient");
        (await tenant.SendAsync(HttpMethod.Get, $"/{tenant.Id}/v1/management/incidents/inc_00000000000000000000")).Is(403, "scope_insufficient");
        Assert.Equal(HttpStatusCode.Forbidden, (await tenant.SendAsync(HttpMethod.Get, Path)).Status);
        using var behindGateway = await api.NewProjectAsync();
        (await behindGateway.SendAsync(HttpMethod.Get, $"/{behindGateway.Id}/v1/management/incidents")).Is(403, "scope_insufficient");

        var incident = (await PostAsync("", Body(), idempotencyKey: "shared")).Is(HttpStatusCode.Created);
        using var other = Project.Of(service, platform: true);
        var others = $"/{other.Id}/v1/management/incidents";
        Assert.NotEqual(incident.Id, (await other.SendAsync(HttpMethod.Post, others, Body(), idempotencyKey: "shared")).Is(HttpStatusCode.Created).Id);
        Assert.Single((await other.SendAsync(HttpMethod.Get, others)).Data);
        foreach (var (method, path, body) in new[]
        {
            (HttpMethod.Get, "", null), (HttpMethod.Get, "/events", null), (HttpMethod.Patch, "", new JsonObject { ["title"] = "Mine" }),
            (HttpMethod.Post, "/updates", new() { ["body"] = "Mine" }), (HttpMethod.Patch, $"/updates/{incident.Json["updates"]![0]!["id"]}", new() { ["body"] = "Mine" }),
            (HttpMethod.Post, "/publish", null), (HttpMethod.Delete, "", null),
        })
        {
            (await other.SendAsync(method, $"{others}/{incident.Id}{path}", body)).Is(404, "not_found");
        }

        Assert.Equal(incident.Text, (await project.SendAsync(HttpMethod.Get, $"{Path}/{incident.Id}")).Text);
    }

    [Fact]
    public async Task Other_paths_and_methods_are_refused()
    {
        var id = (await PostAsync("", Body())).Is(HttpStatusCode.Created).Id;
        (await project.SendAsync(HttpMethod.Patch, $"{Path}/{id}/updates/upd_nothing", new JsonObject { ["body"] = "B" })).Is(404, "not_found");
        (await project.SendAsync(HttpMethod.Get, $"{Path}/x")).Is(404, "not_found");
        (await project.SendAsync(HttpMethod.Get, $"{Path}/{id}/nothing")).Is(404, "not_found");
        (await project.SendAsync(HttpMethod.Get, $"{Path}/{id}/updates")).Is(405, "method_not_allowed");
        (await project.SendAsync(HttpMethod.Delete, Path)).Is(405, "method_not_allowed");
    }

    private Task<Reply> PostAsync(string path, JsonObject body, string? ifMatch = null, string? idempotencyKey = null) =>
        project.SendAsync(HttpMethod.Post, Path + path, body, ifMatch, idempotencyKey);
}
