using System.Net;
using System.Text.Json.Nodes;
using Xerotier.TestKit;

namespace Xerotier.MaintenanceService.Tests;

/// <summary>The API of components, through a Gateway where nothing else is said.</summary>
public sealed class ComponentApiTests(ManagementApi api)
{
    private const string Path = "/v1/platform/components";

    private static int number;

    [Fact]
    public async Task A_component_is_created_read_changed_and_archived_and_its_events_say_so()
    {
        using var platform = api.Platform();
        var name = NewName();
        var created = (await platform.SendAsync(HttpMethod.Post, Path, new JsonObject { ["name"] = name, ["group"] = "APIs", ["probe"] = new JsonObject { ["url"] = "https://batch.example.com/healthz" } })).Is(HttpStatusCode.Created);
        Assert.Equal((name, "component", "\"1\"", $"{Path}/{created.Id}"), (created["name"], created["object"], created.ETag, created.Headers.Location?.OriginalString));
        Assert.Equal("""{"url":"https://batch.example.com/healthz","interval_seconds":60,"timeout_seconds":5,"expect_status":null}""", created.Json["probe"]!.ToJsonString());

        var read = (await platform.SendAsync(HttpMethod.Get, $"{Path}/{created.Id}")).Is(HttpStatusCode.OK);
        Assert.Equal((created.Text, created.ETag), (read.Text, read.ETag));
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{Path}/{created.Id}") { Headers = { { "If-None-Match", created.ETag! } } };
        Assert.Equal(HttpStatusCode.NotModified, (await platform.Http.SendAsync(request)).StatusCode);

        var changed = (await platform.SendAsync(HttpMethod.Patch, $"{Path}/{created.Id}", new JsonObject { ["probe"] = null, ["description"] = "Jobs." }, ifMatch: created.ETag)).Is(HttpStatusCode.OK);
        Assert.Equal((null, "Jobs.", "APIs", "\"2\""), (changed["probe"], changed["description"], changed["group"], changed.ETag));
        (await platform.SendAsync(HttpMethod.Patch, $"{Path}/{created.Id}", new JsonObject { ["position"] = 3 }, ifMatch: created.ETag)).Is(412, "precondition_failed");
        Assert.Equal(changed.Text, (await platform.SendAsync(HttpMethod.Patch, $"{Path}/{created.Id}", new JsonObject())).Is(HttpStatusCode.OK).Text);

        (await platform.SendAsync(HttpMethod.Delete, $"{Path}/{created.Id}", ifMatch: created.ETag)).Is(412, "precondition_failed");
        var archived = (await platform.SendAsync(HttpMethod.Delete, $"{Path}/{created.Id}", ifMatch: changed.ETag)).Is(HttpStatusCode.OK);
        Assert.NotNull(archived["archived_at"]);
        Assert.Equal(archived.Text, (await platform.SendAsync(HttpMethod.Delete, $"{Path}/{created.Id}")).Is(HttpStatusCode.OK).Text);
        (await platform.SendAsync(HttpMethod.Patch, $"{Path}/{created.Id}", new JsonObject { ["name"] = "Other" })).Is(409, "invalid_state_transition");

        var events = (await platform.SendAsync(HttpMethod.Get, $"{Path}/{created.Id}/events?limit=2")).Is(HttpStatusCode.OK);
        Assert.Equal(["archived", "updated"], events.Data.Select(e => (string?)e!["action"]));
        Assert.Equal(("true", $"{created.Id}.2"), (events["has_more"], events["last_id"]));
        Assert.Equal("""["description","probe"]""", events.Data[1]!["changed_fields"]!.ToJsonString());
        Assert.Equal((read.Json.ToJsonString(), changed.Json.ToJsonString()), (events.Data[1]!["before"]!.ToJsonString(), events.Data[1]!["after"]!.ToJsonString()));
        var first = Assert.Single((await platform.SendAsync(HttpMethod.Get, $"{Path}/{created.Id}/events?after={created.Id}.2")).Is(HttpStatusCode.OK).Data);
        Assert.Equal(("created", null, created.Id), ((string?)first!["action"], first["before"], (string?)first["component_id"]));
        Assert.StartsWith("key_", (string?)first["actor_key_id"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_four_built_in_components_are_there_from_the_start()
    {
        await using var service = await ManagementApi.StartServiceAsync(await api.Postgres.CreateDatabaseAsync<Program>());
        using var platform = Platform(service);
        var list = (await platform.SendAsync(HttpMethod.Get, Path)).Is(HttpStatusCode.OK);
        Assert.Equal(
            ["cmp_dashboard Dashboard 10 true", "cmp_inference_routing Inference Routing 20 true", "cmp_shared_agents Shared Agents 30 true", "cmp_model_storage Model Storage 40 true"],
            list.Data.Select(c => $"{c!["id"]} {c["name"]} {c["position"]} {c["built_in"]!.ToJsonString()}"));
        var events = (await platform.SendAsync(HttpMethod.Get, $"{Path}/cmp_inference_routing/events")).Is(HttpStatusCode.OK).Data;
        Assert.Equal((list.Data[1]!.ToJsonString(), "created"), (Assert.Single(events)!["after"]!.ToJsonString(), (string?)events[0]!["action"]));
        (await platform.SendAsync(HttpMethod.Patch, $"{Path}/cmp_dashboard", new JsonObject { ["name"] = "Start" })).Is(409, "invalid_state_transition");
        (await platform.SendAsync(HttpMethod.Delete, $"{Path}/cmp_dashboard")).Is(409, "invalid_state_transition");
        (await platform.SendAsync(HttpMethod.Patch, $"{Path}/cmp_dashboard", new JsonObject { ["position"] = 35 })).Is(HttpStatusCode.OK);
        Assert.Equal(["cmp_inference_routing", "cmp_shared_agents", "cmp_dashboard", "cmp_model_storage"], (await platform.SendAsync(HttpMethod.Get, Path)).Ids);
    }

    [Fact]
    public async Task The_list_comes_by_position_and_name_in_pages_and_shows_archived_ones_on_demand()
    {
        await using var service = await ManagementApi.StartServiceAsync(await api.Postgres.CreateDatabaseAsync<Program>());
        using var platform = Platform(service);
        foreach (var (name, position) in new[] { ("b", 25), ("A", 25), ("c", 5) })
        {
            await CreateAsync(platform, new() { ["name"] = name, ["position"] = position });
        }

        var gone = (await CreateAsync(platform, new() { ["name"] = "Gone", ["position"] = 26 })).Id;
        await platform.SendAsync(HttpMethod.Delete, $"{Path}/{gone}");
        var names = new List<string>();
        var after = "";
        while (true)
        {
            var page = (await platform.SendAsync(HttpMethod.Get, $"{Path}?limit=2{after}")).Is(HttpStatusCode.OK);
            names.AddRange(page.Data.Select(c => (string)c!["name"]!));
            if (page["has_more"] == "false")
            {
                break;
            }

            after = $"&after={page["last_id"]}";
        }

        Assert.Equal(["c", "Dashboard", "Inference Routing", "A", "b", "Shared Agents", "Model Storage"], names);
        Assert.Contains(gone, (await platform.SendAsync(HttpMethod.Get, $"{Path}?archived=true")).Ids);
        Assert.Equal(["Shared Agents", "Model Storage"], (await platform.SendAsync(HttpMethod.Get, $"{Path}?after={gone}")).Data.Select(c => (string)c!["name"]!));
        (await platform.SendAsync(HttpMethod.Get, $"{Path}?after=cmp_nothing")).Is(400, "invalid_request", "after");
        (await platform.SendAsync(HttpMethod.Get, $"{Path}?archived=yes&x=1")).Is(400, "invalid_request", "archived");
    }

    [Fact]
    public async Task A_name_is_taken_once_and_50_fit_however_many_requests_come_at_once()
    {
        var database = await api.Postgres.CreateDatabaseAsync<Program>();
        await using var first = await ManagementApi.StartServiceAsync(database);
        await using var second = await ManagementApi.StartServiceAsync(database);
        using var platform = Platform(first);
        using var other = Platform(second);
        var same = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => (i % 2 == 0 ? platform : other).SendAsync(HttpMethod.Post, Path, new JsonObject { ["name"] = i % 3 == 0 ? "batch" : "BATCH" })));
        Assert.Single(same, reply => reply.Status == HttpStatusCode.Created);
        Assert.All(same.Where(reply => reply.Status != HttpStatusCode.Created), reply => reply.Is(409, "already_exists", "name"));

        var many = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => (i % 2 == 0 ? platform : other).SendAsync(HttpMethod.Post, Path, new JsonObject { ["name"] = $"Part {i}" })));
        Assert.Equal(45, many.Count(reply => reply.Status == HttpStatusCode.Created));
        Assert.All(many.Where(reply => reply.Status != HttpStatusCode.Created), reply => reply.Is(409, "quota_exceeded"));
        Assert.Equal(50, (await platform.SendAsync(HttpMethod.Get, $"{Path}?limit=100")).Data.Count);
        Assert.Equal(45, many.Where(reply => reply.Status == HttpStatusCode.Created).Select(reply => (int)reply.Json["position"]!).Distinct().Count());

        var freed = same.Single(reply => reply.Status == HttpStatusCode.Created).Id;
        (await platform.SendAsync(HttpMethod.Delete, $"{Path}/{freed}")).Is(HttpStatusCode.OK);
        (await platform.SendAsync(HttpMethod.Post, Path, new JsonObject { ["name"] = "Batch" })).Is(HttpStatusCode.Created); // the name is free again
    }

    [Fact]
    public async Task Concurrent_changes_of_one_component_are_all_kept()
    {
        using var platform = api.Platform();
        var id = (await CreateAsync(platform, new() { ["name"] = NewName() })).Id;
        await Task.WhenAll(Enumerable.Range(1, 10).Select(async i => (await platform.SendAsync(HttpMethod.Patch, $"{Path}/{id}", new JsonObject { ["position"] = 1000 + i })).Is(HttpStatusCode.OK)));
        Assert.Equal("\"11\"", (await platform.SendAsync(HttpMethod.Get, $"{Path}/{id}")).ETag);
        Assert.Equal(11, (await platform.SendAsync(HttpMethod.Get, $"{Path}/{id}/events")).Data.Count);
    }

    [Fact]
    public async Task A_create_sent_again_with_its_key_happens_once_in_a_key_space_of_the_platforms_own()
    {
        using var platform = api.Platform();
        var body = new JsonObject { ["name"] = NewName() };
        var key = $"component-{Guid.NewGuid()}";
        var replies = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => platform.SendAsync(HttpMethod.Post, Path, body.DeepClone(), idempotencyKey: key)));
        Assert.Single(replies.Select(reply => reply.Is(HttpStatusCode.Created).Text).Distinct());
        (await platform.SendAsync(HttpMethod.Post, Path, new JsonObject { ["name"] = NewName() }, idempotencyKey: key)).Is(409, "idempotency_conflict");
        using var project = await api.NewProjectAsync();
        (await project.CreateAsync(idempotencyKey: key)).Is(HttpStatusCode.Created);
    }

    [Fact]
    public async Task A_start_date_is_judged_by_the_databases_clock()
    {
        var behind = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(DateTimeOffset.UtcNow.AddDays(-30));
        await using var service = await ManagementApi.StartServiceAsync(await api.Postgres.CreateDatabaseAsync<Program>(), behind);
        using var platform = Platform(service);
        await Eventually.TrueAsync(async () => (await platform.SendAsync(HttpMethod.Post, Path, new JsonObject { ["name"] = NewName() })).Json["start_date"]?.ToString() == DateTime.UtcNow.ToString("yyyy-MM-dd"));
    }

    [Fact]
    public async Task Only_platform_keys_reach_components_and_other_paths_and_methods_are_refused()
    {
        using var project = await api.NewProjectAsync();
        using var platform = api.Platform();
        (await project.SendAsync(HttpMethod.Get, Path)).Is(403, "scope_insufficient");
        (await platform.SendAsync(HttpMethod.Get, $"{Path}/cmp_nothing")).Is(404, "not_found");
        (await platform.SendAsync(HttpMethod.Get, $"{Path}/cmp_nothing/events")).Is(404, "not_found");
        (await platform.SendAsync(HttpMethod.Patch, $"{Path}/cmp_nothing", new JsonObject { ["position"] = 1 })).Is(404, "not_found");
        (await platform.SendAsync(HttpMethod.Delete, $"{Path}/cmp_nothing")).Is(404, "not_found");
        (await platform.SendAsync(HttpMethod.Post, $"{Path}/cmp_dashboard", new JsonObject())).Is(405, "method_not_allowed");
        (await platform.SendAsync(HttpMethod.Post, Path, new JsonObject { ["id"] = "cmp_mine", ["probe"] = new JsonObject { ["url"] = "file:///etc/passwd" } })).Is(400, "unknown_field");

        await using var service = await ManagementApi.StartServiceAsync(await api.Postgres.CreateDatabaseAsync<Program>());
        using var direct = Project.Of(service, platform: true);
        foreach (var path in new[] { Path, $"{Path}/cmp_dashboard", $"{Path}/cmp_dashboard/events" })
        {
            Assert.Equal(HttpStatusCode.Forbidden, (await direct.SendAsync(HttpMethod.Get, path)).Status);
        }
    }

    internal static Project Platform(InProcessService<Program> service) => new("platform", "key_test", service.Http(TestTokens.ForCaller("platform", false, "platform")));

    internal static async Task<Reply> CreateAsync(Project platform, JsonObject body) => (await platform.SendAsync(HttpMethod.Post, Path, body)).Is(HttpStatusCode.Created);

    private static string NewName() => $"Component {Interlocked.Increment(ref number)} {Guid.NewGuid()}";
}
