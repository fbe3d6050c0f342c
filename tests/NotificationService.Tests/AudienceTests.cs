using System.Net;
using System.Text.Json.Nodes;
using Xerotier.NotificationService.Model;
using Xerotier.TestKit;

namespace Xerotier.NotificationService.Tests;

/// <summary>How many would be told of an event, beside who is.</summary>
public sealed class AudienceTests(PostgresFixture postgres, NotificationApi api)
{
    private const string Operators = "proj_platform1";
    private const string Tenant = "proj_tenant1";

    [Fact]
    public async Task The_audience_is_whoever_the_event_is_told_then()
    {
        await using var notifier = await Notifier.StartAsync(postgres.Server, withMaintenance: true);
        foreach (var (id, project, channel, components, events) in ((string, string, string, string, string?)[])
        [
            ("sub_1", Operators, "webhook", "{}", null),
            ("sub_2", Tenant, "webhook", "{}", null),
            ("sub_3", Tenant, "slack", "{cmp_dashboard,cmp_shared_agents}", null),
            ("sub_4", "", "email", "{}", null), // of the page
            ("sub_5", "", "email", "{cmp_inference_routing}", null),
            ("sub_6", "", "email", "{}", "{maintenance.scheduled}"),
            ("sub_7", "", "email", "{}", null), // disabled below
            ("sub_8", "", "email", "{}", null), // unconfirmed below
            ("sub_9", "proj_suspended1", "webhook", "{}", null),
        ])
        {
            await notifier.SubscribeAsync(id, $"/{id}", project, events, components, channel: channel);
        }

        await notifier.ExecuteAsync("update subscriptions set state = 'disabled' where id = 'sub_7'; update subscriptions set state = 'unconfirmed' where id = 'sub_8'; insert into suspended_projects values ('proj_suspended1')");
        using var operators = new Client(Operators, notifier.Http(TestTokens.ForCaller(Operators, true, "management")));
        using var tenant = new Client(Tenant, notifier.Http(TestTokens.ForCaller(Tenant, false, "management")));

        var number = 0;
        foreach (var (client, type, components, expected) in ((Client, string, string[], string)[])
        [
            (operators, EventTypes.IncidentUpdated, [], "webhook 2, slack 1, email 2"),
            (operators, EventTypes.IncidentUpdated, ["cmp_dashboard"], "webhook 2, slack 1, email 1"),
            (operators, EventTypes.IncidentUpdated, ["cmp_inference_routing", "cmp_dashboard"], "webhook 2, slack 1, email 2"),
            (operators, EventTypes.IncidentUpdated, ["cmp_model_storage"], "webhook 2, slack 0, email 1"),
            (operators, EventTypes.MaintenanceScheduled, [], "webhook 2, slack 1, email 3"),
            (operators, EventTypes.StatusChanged, ["cmp_inference_routing"], "webhook 2, slack 0, email 2"),
            (tenant, EventTypes.MaintenanceScheduled, [], "webhook 1, slack 1, email 0"),
            (tenant, EventTypes.MaintenanceScheduled, ["cmp_shared_agents"], "webhook 1, slack 1, email 0"),
            (tenant, EventTypes.MaintenanceScheduled, ["cmp_model_storage"], "webhook 1, slack 0, email 0"),
            (tenant, EventTypes.MaintenanceScheduled, ["SHARED agents"], "webhook 1, slack 1, email 0"), // as a window names it
            (tenant, EventTypes.MaintenanceScheduled, ["Our own database"], "webhook 1, slack 0, email 0"), // no component
        ])
        {
            var counted = await CountAsync(client, type, components);
            Assert.Equal((type, string.Join(' ', components), expected), (type, string.Join(' ', components), string.Join(", ", counted.Json["by_channel"]!.AsObject().Select(one => $"{one.Key} {one.Value}"))));
            Assert.Equal(("audience", counted.Json["by_channel"]!.AsObject().Sum(one => (long)one.Value!)), (counted["object"], (long)counted.Json["count"]!));
            if (components.All(id => id.StartsWith("cmp_", StringComparison.Ordinal)))
            {
                Assert.Equal((long)counted.Json["count"]!, await notifier.HappenAsync($"event{number++}", project: client.Project, platform: client == operators, type: type, components: components));
            }
        }

        Assert.Equal(0L, await notifier.ScalarAsync("select count(*) from events where key not like 'event%'")); // counting changed nothing
    }

    [Fact]
    public async Task Components_may_be_absent_and_what_is_wrong_is_said_at_once()
    {
        using var project = await api.NewProjectAsync();
        Assert.Equal("""{"object":"audience","count":0,"by_channel":{"webhook":0,"slack":0,"email":0}}""", (await SendAsync(project, new() { ["event"] = "maintenance.started" })).Is(HttpStatusCode.OK).Text);
        await project.CreatedAsync();
        Assert.Equal("1", (await SendAsync(project, new() { ["event"] = "maintenance.started", ["components"] = null })).Is(HttpStatusCode.OK)["count"]);
        Assert.Equal("1", (await SendAsync(project, new() { ["event"] = "maintenance.started", ["components"] = new JsonArray() })).Is(HttpStatusCode.OK)["count"]);

        (await SendAsync(project, new())).Is(400, "invalid_request", "event");
        Assert.Equal(["event", "components", "channel"], (await SendAsync(project, new() { ["event"] = "subscription.test", ["components"] = "cmp_dashboard", ["channel"] = "slack" })).Is(400, "invalid_request", "event").WrongFields);
        (await SendAsync(project, new() { ["event"] = "incident.created", ["components"] = new JsonArray("cmp_nothing") })).Is(400, "invalid_request", "components");
        (await SendAsync(project, new() { ["event"] = "incident.created", ["components"] = new JsonArray("Dashboard") })).Is(400, "invalid_request", "components");
        (await SendAsync(project, new() { ["event"] = "maintenance.started", ["components"] = new JsonArray("cmp_nothing") })).Is(400, "invalid_request", "components");
        (await SendAsync(project, new() { ["event"] = "maintenance.started", ["components"] = new JsonArray([.. Enumerable.Range(0, 51).Select(i => (JsonNode)$"Part {i}")]) })).Is(400, "invalid_request", "components");
        foreach (var type in new[] { "incident.created", "component.status_changed" })
        {
            (await SendAsync(project, new() { ["event"] = type })).Is(403, "scope_insufficient"); // a tenant has none
        }

        Assert.Equal("POST", (await project.GetAsync("/audience")).Is(405, "method_not_allowed").Allow);
        (await project.PostAsync("/audience/x")).Is(404, "not_found");
    }

    [Fact]
    public async Task A_name_that_archived_components_had_is_of_the_one_that_has_it_now()
    {
        using var platform = api.Platform();
        using var project = await api.NewProjectAsync();
        var name = $"Reused {Guid.NewGuid()}";
        for (var i = 0; i < 2; i++)
        {
            (await platform.SendAsync("DELETE", $"/v1/platform/components/{await MadeAsync()}")).Is(HttpStatusCode.OK);
        }

        await CountAsync(project, EventTypes.MaintenanceScheduled, name); // the list is known now, without the next one
        await project.CreatedAsync(Client.Webhook("components", new JsonArray(await MadeAsync())));
        Assert.Equal("1", (await CountAsync(project, EventTypes.MaintenanceScheduled, name))["count"]);

        async Task<string> MadeAsync() => (await platform.SendAsync("POST", "/v1/platform/components", new JsonObject { ["name"] = name })).Is(HttpStatusCode.Created).Id;
    }

    private static async Task<Reply> CountAsync(Client client, string type, params string[] components) =>
        (await SendAsync(client, new() { ["event"] = type, ["components"] = new JsonArray([.. components.Select(id => (JsonNode)id)]) })).Is(HttpStatusCode.OK);

    private static Task<Reply> SendAsync(Client client, JsonObject body) => client.SendAsync("POST", $"{client.Subscriptions}/audience", body);
}
