using System.Net;
using System.Text.Json.Nodes;
using Xerotier.TestKit;

namespace Xerotier.MaintenanceService.Tests;

/// <summary>The audit trail of a whole project, and the components that a project sees.</summary>
public sealed class AuditApiTests(ManagementApi api) : IAsyncLifetime
{
    private InProcessService<Program> service = null!;
    private Project tenant = null!;
    private Project operators = null!;
    private Project platform = null!;

    public async ValueTask InitializeAsync()
    {
        service = await ManagementApi.StartServiceAsync(await api.Postgres.CreateDatabaseAsync<Program>());
        (tenant, operators, platform) = (Project.Of(service), Project.Of(service, platform: true), ComponentApiTests.Platform(service));
    }

    public async ValueTask DisposeAsync()
    {
        tenant.Dispose();
        operators.Dispose();
        platform.Dispose();
        await service.DisposeAsync();
    }

    [Fact]
    public async Task Every_change_of_a_projects_objects_is_listed_newest_first_as_the_object_has_it()
    {
        var window = await operators.CreatedAsync("status", "completed");
        var component = (await ComponentApiTests.CreateAsync(platform, new() { ["name"] = "Batch API" })).Id;
        var incident = (await operators.SendAsync(HttpMethod.Post, Of(operators, "incidents"), IncidentApiTests.Body("investigating", (component, "degraded")))).Is(HttpStatusCode.Created).Id;
        (await operators.PurgeAsync(window)).Is(HttpStatusCode.OK);
        (await platform.SendAsync(HttpMethod.Patch, $"/v1/platform/components/{component}", new JsonObject { ["position"] = 3 })).Is(HttpStatusCode.OK);
        var body = IncidentApiTests.Body();
        body["draft"] = true;
        var draft = (await operators.SendAsync(HttpMethod.Post, Of(operators, "incidents"), body)).Is(HttpStatusCode.Created).Id;
        (await operators.SendAsync(HttpMethod.Delete, $"{Of(operators, "incidents")}/{draft}")).Is(HttpStatusCode.OK);

        var all = await ListAsync(operators, "?limit=100");
        Assert.Equal(
            [$"{draft}.2", $"{draft}.1", $"{component}.2", $"{window}.2", $"{incident}.1", $"{component}.1", $"{window}.1"],
            all.Ids.Take(7));
        Assert.Equal(["cmp_dashboard.1", "cmp_inference_routing.1", "cmp_model_storage.1", "cmp_shared_agents.1"], all.Ids.Skip(7).Order(StringComparer.Ordinal));
        Assert.Equal(("list", "false", $"{draft}.2"), (all["object"], all["has_more"], all["first_id"]));
        Assert.Equal(
            ["incident.event", "incident.event", "component.event", "maintenance_window.event", "incident.event", "component.event", "maintenance_window.event"],
            all.Data.Take(7).Select(e => e!["object"]!.ToString()));

        // Item for item what the objects' own lists say, also of what is gone.
        foreach (var (client, path, id) in ((Project, string, string)[])
        [
            (operators, operators.Windows, window), (operators, Of(operators, "incidents"), incident), (operators, Of(operators, "incidents"), draft), (platform, "/v1/platform/components", component),
        ])
        {
            var own = (await client.SendAsync(HttpMethod.Get, $"{path}/{id}/events")).Is(HttpStatusCode.OK).Data;
            Assert.Equal(own.Select(e => e!.ToJsonString()), all.Data.Where(e => e!["id"]!.ToString().StartsWith($"{id}.", StringComparison.Ordinal)).Select(e => e!.ToJsonString()));
        }
    }

    [Fact]
    public async Task A_tenant_sees_its_own_events_alone_and_none_of_the_platforms()
    {
        using var other = Project.Of(service);
        var theirs = await other.CreatedAsync();
        var window = await tenant.CreatedAsync();
        (await tenant.CancelAsync(window)).Is(HttpStatusCode.OK);
        Assert.Equal([$"{window}.2", $"{window}.1"], (await ListAsync(tenant)).Ids);
        Assert.Equal([$"{theirs}.1"], (await ListAsync(other)).Ids);
        Assert.Empty((await ListAsync(tenant, "?object=component&object=incident")).Data);
        foreach (var cursor in new[] { $"{theirs}.1", "cmp_dashboard.1" })
        {
            (await tenant.SendAsync(HttpMethod.Get, $"{Of(tenant, "events")}?after={cursor}")).Is(400, "invalid_request", "after");
        }

        (await operators.SendAsync(HttpMethod.Get, $"{Of(operators, "events")}?after=cmp_dashboard.1")).Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Kinds_filter_and_pages_of_every_size_hold_the_same()
    {
        var starts = DateTime.UtcNow.Date.AddDays(1).ToString("yyyy-MM-dd");
        var series = (await tenant.SendAsync(HttpMethod.Post, Of(tenant, "maintenance-series"), SeriesApiTests.Body(("starts_on", starts), ("horizon_days", 7)))).Is(HttpStatusCode.Created).Id; // many events of one instant
        (await tenant.SendAsync(HttpMethod.Delete, $"{Of(tenant, "maintenance-series")}/{series}")).Is(HttpStatusCode.OK);
        var single = await tenant.CreatedAsync();

        var all = (await ListAsync(tenant, "?limit=100")).Data.Select(e => (Id: e!["id"]!.ToString(), At: DateTimeOffset.Parse(e["occurred_at"]!.ToString()), Object: e["object"]!.ToString())).ToList();
        Assert.InRange(all.Count, 14, 20);
        Assert.Equal($"{single}.1", all[0].Id);
        Assert.Equal(all.OrderByDescending(e => e.At).Select(e => e.At), all.Select(e => e.At));
        Assert.Equal(2, all.Count(e => e.Object == "maintenance_series.event"));
        foreach (var filter in new[] { "", "&object=maintenance_series", "&object=maintenance_window", "&object=maintenance_window&object=maintenance_series&object=incident" })
        {
            var expected = all.Where(e => filter.Length == 0 || filter.Contains($"={e.Object.Replace(".event", "", StringComparison.Ordinal)}", StringComparison.Ordinal)).Select(e => e.Id);
            foreach (var limit in new[] { 1, 3, 100 })
            {
                Assert.Equal(expected, await WalkAsync(limit, filter));
            }
        }

        async Task<List<string>> WalkAsync(int limit, string filter)
        {
            var seen = new List<string>();
            for (var after = ""; ;)
            {
                var page = await ListAsync(tenant, $"?limit={limit}{filter}{after}");
                Assert.InRange(page.Data.Count, 0, limit);
                seen.AddRange(page.Ids);
                if (page["has_more"] == "false")
                {
                    return seen;
                }

                after = $"&after={page["last_id"]}";
            }
        }
    }

    [Theory]
    [InlineData("limit=0", "limit")]
    [InlineData("limit=101", "limit")]
    [InlineData("object=window", "object")]
    [InlineData("object=", "object")]
    [InlineData("object=incident&object=x", "object")]
    [InlineData("object=maintenance_window.event", "object")]
    [InlineData("after=", "after")]
    [InlineData("after=.1", "after")]
    [InlineData("after=mw_aaaaaaaaaaaaaaaaaaaa", "after")]
    [InlineData("after=mw_aaaaaaaaaaaaaaaaaaaa.1", "after")]
    [InlineData("after=mw_aaaaaaaaaaaaaaaaaaaa.-1", "after")]
    [InlineData("after=mw_aaaaaaaaaaaaaaaaaaaa.99999999999999999999", "after")]
    [InlineData("after=mw_%00.1", "after")]
    [InlineData("after=key_aaaaaaaaaaaaaaaaaaaa.1", "after")]
    public async Task Wrong_parameters_are_errors(string query, string param) =>
        (await tenant.SendAsync(HttpMethod.Get, $"{Of(tenant, "events")}?{query}")).Is(400, "invalid_request", param);

    [Fact]
    public async Task Other_parameters_methods_and_paths_are_refused()
    {
        (await tenant.SendAsync(HttpMethod.Get, $"{Of(tenant, "events")}?objects=incident")).Is(400, "unknown_field", "objects");
        foreach (var path in new[] { Of(operators, "events"), Of(operators, "components") })
        {
            (await operators.SendAsync(HttpMethod.Post, path, new JsonObject())).Is(405, "method_not_allowed");
            (await operators.SendAsync(HttpMethod.Get, $"{path}/x")).Is(404, "not_found");
            Assert.Equal(HttpStatusCode.Forbidden, (await tenant.SendAsync(HttpMethod.Get, path)).Status);
            Assert.Empty((await operators.SendAsync(HttpMethod.Head, path)).Is(HttpStatusCode.OK).Text);
        }
    }

    [Fact]
    public async Task A_project_of_the_platform_lists_components_as_the_platform_does_and_no_other_does()
    {
        var kept = (await ComponentApiTests.CreateAsync(platform, new() { ["name"] = "Batch API", ["group"] = "APIs" })).Id;
        var gone = (await ComponentApiTests.CreateAsync(platform, new() { ["name"] = "Gone" })).Id;
        (await platform.SendAsync(HttpMethod.Delete, $"/v1/platform/components/{gone}")).Is(HttpStatusCode.OK);
        foreach (var query in new[] { "", "?archived=true", "?limit=2", "?limit=2&after=cmp_dashboard" })
        {
            var own = (await operators.SendAsync(HttpMethod.Get, Of(operators, "components") + query)).Is(HttpStatusCode.OK);
            Assert.Equal((await platform.SendAsync(HttpMethod.Get, $"/v1/platform/components{query}")).Is(HttpStatusCode.OK).Text, own.Text);
        }

        Assert.Contains(kept, (await operators.SendAsync(HttpMethod.Get, Of(operators, "components"))).Ids);
        (await operators.SendAsync(HttpMethod.Get, $"{Of(operators, "components")}?archived=1")).Is(400, "invalid_request", "archived");
        (await tenant.SendAsync(HttpMethod.Get, Of(tenant, "components"))).Is(403, "scope_insufficient");
        using var inference = new Project(operators.Id, "key_test", service.Http(TestTokens.ForCaller(operators.Id, true, "inference")));
        foreach (var what in new[] { "components", "events" })
        {
            Assert.Equal(HttpStatusCode.Forbidden, (await inference.SendAsync(HttpMethod.Get, Of(operators, what))).Status);
        }
    }

    [Fact]
    public async Task The_gateway_passes_both_on()
    {
        using var project = await api.NewProjectAsync();
        var window = await project.CreatedAsync();
        Assert.Equal([$"{window}.1"], (await project.SendAsync(HttpMethod.Get, $"{Of(project, "events")}?object=maintenance_window")).Is(HttpStatusCode.OK).Ids);
        (await project.SendAsync(HttpMethod.Get, Of(project, "components"))).Is(403, "scope_insufficient");
    }

    private static string Of(Project project, string what) => $"/{project.Id}/v1/management/{what}";

    private static async Task<Reply> ListAsync(Project project, string query = "") => (await project.SendAsync(HttpMethod.Get, Of(project, "events") + query)).Is(HttpStatusCode.OK);
}
