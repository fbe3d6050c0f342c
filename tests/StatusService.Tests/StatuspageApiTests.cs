using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Xerotier.Contracts;
using Xerotier.StatusService.Documents.Content;
using Xerotier.StatusService.Documents.Statuspage;
using Xerotier.StatusService.Model;
using static Xerotier.StatusService.Tests.SamplePublication;

namespace Xerotier.StatusService.Tests;

/// <summary><c>/api/v2</c>, field by field (surfaces.md section 14).</summary>
public sealed partial class StatuspageApiTests
{
    private const string Page = "id name url time_zone updated_at xerotier_stale_since";
    private const string Status = "indicator description";
    private const string Component = "id page_id name description status created_at updated_at position showcase start_date group_id group only_show_if_degraded";
    private const string Incident = "id page_id name status impact created_at updated_at started_at monitoring_at resolved_at shortlink incident_updates components";
    private const string Maintenance = Incident + " scheduled_for scheduled_until";
    private const string Update = "id incident_id status body created_at updated_at display_at affected_components deliver_notifications custom_tweet tweet_id";
    private const string Affected = "code name old_status new_status";

    [Fact]
    public void Every_documented_field_is_there_and_no_other_and_times_have_milliseconds()
    {
        var publication = Of(
            [SamplePublication.Incident("inc_open", IncidentStatus.Investigating, "One.", "Two."), SamplePublication.Incident("inc_over", IncidentStatus.Resolved, "Done.")],
            [Window("mw_next", WindowStatus.Scheduled, 5), Window("mw_now", WindowStatus.Active, -0.5), Window("mw_past", WindowStatus.Completed, -30)]);
        foreach (var (path, keys) in new[]
        {
            ("summary", "page components incidents scheduled_maintenances status"), ("status", "page status"), ("components", "page components"),
            ("incidents", "page incidents"), ("incidents/unresolved", "page incidents"),
            ("scheduled-maintenances", "page scheduled_maintenances"), ("scheduled-maintenances/upcoming", "page scheduled_maintenances"), ("scheduled-maintenances/active", "page scheduled_maintenances"),
        })
        {
            var made = StatuspageApi.Make(publication).At($"/api/v2/{path}.json");
            Assert.Equal("application/json; charset=utf-8", made.ContentType);
            var root = JsonNode.Parse(made.Live)!.AsObject();
            AssertKeys(keys, root);
            AssertKeys(Page, root["page"]);
            Assert.Equal("Etc/UTC", (string?)root["page"]!["time_zone"]);
            AssertTimes(root);
            if (root["status"] is { } status) AssertKeys(Status, status);
            foreach (var component in List(root, "components")) AssertKeys(Component, component);
            foreach (var incident in List(root, "incidents").Concat(List(root, "scheduled_maintenances")))
            {
                AssertKeys(incident["scheduled_for"] is null ? Incident : Maintenance, incident);
                Assert.NotEmpty(List(incident, "incident_updates"));
                foreach (var update in List(incident, "incident_updates"))
                {
                    AssertKeys(Update, update);
                    foreach (var affected in List(update, "affected_components")) AssertKeys(Affected, affected);
                }
            }

            var stale = JsonNode.Parse(made.StaleText())!;
            Assert.Null(root["page"]!["xerotier_stale_since"]);
            Assert.Equal("2026-12-31T23:59:50.000Z", (string?)stale["page"]!["xerotier_stale_since"]);
            stale["page"]!["xerotier_stale_since"] = null;
            Assert.True(JsonNode.DeepEquals(root, stale), "Otherwise the last known state is the same.");
        }
    }

    [Fact]
    public void The_lists_hold_what_their_names_say()
    {
        var publication = Of(
            [SamplePublication.Incident("inc_open", IncidentStatus.Monitoring, "One."), SamplePublication.Incident("inc_over", IncidentStatus.Resolved, "Done."), SamplePublication.Incident("inc_told", IncidentStatus.Postmortem, "Why.")],
            [Window("mw_next", WindowStatus.Scheduled, 5), Window("mw_now", WindowStatus.Active, -0.5), Window("mw_past", WindowStatus.Completed, -30), Window("mw_not", WindowStatus.Cancelled, 9)]);
        Assert.Equal(["inc_open", "inc_over", "inc_told"], Ids("incidents", "incidents").Order());
        Assert.Equal(["inc_open"], Ids("incidents/unresolved", "incidents"));
        Assert.Equal(["mw_next", "mw_now", "mw_past"], Ids("scheduled-maintenances", "scheduled_maintenances"));
        Assert.Equal(["mw_next"], Ids("scheduled-maintenances/upcoming", "scheduled_maintenances"));
        Assert.Equal(["mw_now"], Ids("scheduled-maintenances/active", "scheduled_maintenances"));
        Assert.Equal(["inc_open"], Ids("summary", "incidents"));
        Assert.Equal(["mw_next", "mw_now"], Ids("summary", "scheduled_maintenances"));

        string[] Ids(string path, string list) => [.. List(Json(publication, path), list).Select(each => (string)each["id"]!)];
    }

    [Theory]
    [InlineData("none", "All Systems Operational", "oooo", false)]
    [InlineData("none", "Under Maintenance", "oooo", true)]
    [InlineData("minor", "Degraded Performance", "oooD", false)]
    [InlineData("minor", "Degraded Performance", "oooD", true)]
    [InlineData("minor", "Status Unknown", "o?oD", true)]
    [InlineData("major", "Partial Outage", "xo?D", false)]
    [InlineData("major", "Partial Outage", "xooo", true)]
    [InlineData("critical", "Major Outage", "xxxx", false)]
    [InlineData("critical", "Major Outage", "xxxx", true)]
    public void The_indicator_follows_its_table_and_a_window_hides_nothing(string indicator, string description, string states, bool window)
    {
        var publication = Of(
            windows: window ? [Window("mw_now", WindowStatus.Active, -0.5)] : [],
            components: [.. Components.BuiltIn.Select((component, i) => Line(component, states[i] switch { 'x' => ComponentStatus.Outage, 'D' => ComponentStatus.Degraded, '?' => ComponentStatus.Unknown, _ => ComponentStatus.Operational }))]);
        var status = Json(publication, "status")["status"]!;
        Assert.Equal((indicator, description), ((string)status["indicator"]!, (string)status["description"]!));
    }

    [Fact]
    public void A_components_status_has_the_words_of_the_shape()
    {
        foreach (var (state, covered, word, unknown) in new[]
        {
            (ComponentStatus.Operational, false, "operational", false), (ComponentStatus.Degraded, false, "degraded_performance", false),
            (ComponentStatus.Outage, false, "major_outage", false), (ComponentStatus.Unknown, false, "degraded_performance", true),
            (ComponentStatus.Operational, true, "under_maintenance", false), (ComponentStatus.Degraded, true, "under_maintenance", false), (ComponentStatus.Outage, true, "major_outage", false),
        })
        {
            var publication = Of(components: [Line(Components.ModelStorage, state)], underMaintenance: covered ? ["cmp_model_storage"] : []);
            var component = List(Json(publication, "components"), "components").Single();
            Assert.Equal(word, (string)component["status"]!);
            Assert.Equal(unknown ? "unknown" : null, (string?)component["xerotier_status"]);
            Assert.Equal(unknown, component.AsObject().ContainsKey("xerotier_status"));
        }
    }

    [Fact]
    public void A_group_is_a_component_with_its_members_and_the_worst_of_their_states()
    {
        var publication = Of(components:
        [
            Line(Components.Dashboard), Line(SamplePublication.Component("cmp_one", "One", "Europe")), Line(SamplePublication.Component("cmp_two", "Two", "Europe"), ComponentStatus.Outage),
        ]);
        var all = List(Json(publication, "components"), "components");
        Assert.Equal(["Dashboard", "Europe", "One", "Two"], all.Select(each => (string)each["name"]!));
        Assert.Equal([1, 2, 3, 4], all.Select(each => (int)each["position"]!));
        var group = all[1];
        AssertKeys(Component + " components", group);
        Assert.True((bool)group["group"]!);
        Assert.Equal(["cmp_one", "cmp_two"], group["components"]!.AsArray().Select(id => (string)id!));
        Assert.Equal("major_outage", (string)group["status"]!);
        Assert.Null(group["group_id"]);
        Assert.All(all.Skip(2), each => Assert.Equal((string)group["id"]!, (string?)each["group_id"]));
        Assert.Equal(("What it is.", "2026-09-14"), ((string)all[2]["description"]!, (string)all[2]["start_date"]!));
        Assert.Equal((string)group["id"]!, (string)List(Json(publication, "summary"), "components")[1]["id"]!);
    }

    [Fact]
    public void Updates_come_newest_first_and_say_what_changes()
    {
        var publication = Of([SamplePublication.Incident("inc_one", IncidentStatus.Monitoring, "It **began**.", "A [fix](https://example.com) is in place.")]);
        var incident = List(Json(publication, "incidents"), "incidents").Single();
        var updates = List(incident, "incident_updates");
        Assert.Equal(["upd_inc_one_1", "upd_inc_one_0"], updates.Select(update => (string)update["id"]!));
        Assert.Equal(["A fix (https://example.com) is in place.", "It began."], updates.Select(update => (string)update["body"]!));
        Assert.Null(updates[0]["affected_components"]);
        Assert.Equal("""[{"code":"cmp_inference_routing","name":"Inference Routing","old_status":"operational","new_status":"degraded_performance"}]""", updates[1]["affected_components"]!.ToJsonString());
        Assert.Equal("https://status.example.com/status/incidents/inc_one", (string)incident["shortlink"]!);
        Assert.Equal((string?)updates[0]["display_at"], (string?)incident["monitoring_at"]);
        Assert.Equal(["cmp_inference_routing"], List(incident, "components").Select(each => (string)each["id"]!));
    }

    [Fact]
    public void Each_step_of_maintenance_is_an_update()
    {
        var maintenance = List(Json(Of(windows: [Window("mw_past", WindowStatus.Completed, -30)]), "scheduled-maintenances"), "scheduled_maintenances").Single();
        Assert.Equal(("completed", "maintenance"), ((string)maintenance["status"]!, (string)maintenance["impact"]!));
        Assert.Equal(["mw_past-completed", "mw_past-in_progress", "mw_past-scheduled"], List(maintenance, "incident_updates").Select(update => (string)update["id"]!));
        Assert.Equal("Writes pause briefly.", (string)List(maintenance, "incident_updates")[2]["body"]!);
        Assert.Equal(["cmp_model_storage"], List(maintenance, "components").Select(each => (string)each["id"]!));
    }

    [Fact]
    public void The_newest_fifty_are_listed_and_large_ones_are_cut_at_a_whole_update()
    {
        var large = new string('字', 10_000); // 30 KB: two of them are an entry
        var publication = Of([.. Enumerable.Range(0, 60).Select(i => SamplePublication.Incident($"inc_{i:d2}", IncidentStatus.Resolved, "Small.", large, large, large) with { CreatedAt = Now.AddHours(-i) })]);
        var document = StatuspageApi.Make(publication).At("/api/v2/incidents.json").Live;
        var incidents = List(JsonNode.Parse(document)!, "incidents");
        Assert.InRange(document.Length, 600_000, Bounds.Document);
        Assert.Equal("inc_00", (string)incidents[0]["id"]!);
        Assert.All(incidents.Take(16), incident => Assert.Equal(["_3", "_2"], List(incident, "incident_updates").Select(update => ((string)update["id"]!)[^2..])));

        var many = Of([.. Enumerable.Range(0, 60).Select(i => SamplePublication.Incident($"inc_{i:d2}", IncidentStatus.Resolved, "Small.") with { CreatedAt = Now.AddHours(-i) })]);
        Assert.Equal(Enumerable.Range(0, 50).Select(i => $"inc_{i:d2}"), List(Json(many, "incidents"), "incidents").Select(each => (string)each["id"]!));
    }

    [Fact]
    public void Hostile_text_is_text()
    {
        var publication = Of([SamplePublication.Incident("inc_one", IncidentStatus.Investigating, Hostile) with { Title = Hostile }], [Window("mw_one", WindowStatus.Scheduled, 3) with { Title = Hostile, Description = Hostile }]);
        Assert.All(StatuspageApi.Make(publication), made => Assert.NotNull(JsonNode.Parse(made.Live)));
        Assert.Contains("<script>", (string)List(Json(publication, "summary"), "incidents").Single()["name"]!, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_changes_with_the_clock_alone()
    {
        Publication At(int minutes) => Of([SamplePublication.Incident("inc_one", IncidentStatus.Investigating, "One.")], [Window("mw_now", WindowStatus.Active, -0.5)], at: Now.AddMinutes(minutes));
        foreach (var (one, other) in StatuspageApi.Make(At(0)).Zip(StatuspageApi.Make(At(5))))
        {
            Assert.Equal(one.Text(), other.Text());
        }
    }

    private static JsonNode Json(Publication publication, string path) => JsonNode.Parse(StatuspageApi.Make(publication).At($"/api/v2/{path}.json").Live)!;

    private static List<JsonNode> List(JsonNode of, string name) => [.. (of[name]?.AsArray() ?? []).Select(each => each!)];

    private static void AssertKeys(string keys, JsonNode? node) => Assert.Equal(keys.Split(' ').Order(), node!.AsObject().Select(each => each.Key).Order());

    private static void AssertTimes(JsonNode? node)
    {
        switch (node)
        {
            case JsonArray list:
                foreach (var each in list) AssertTimes(each);
                break;
            case JsonObject fields:
                foreach (var (key, value) in fields)
                {
                    if (value is not null && (key.EndsWith("_at", StringComparison.Ordinal) || key is "scheduled_for" or "scheduled_until")) Assert.Matches(Milliseconds(), (string)value!);
                    AssertTimes(value);
                }

                break;
        }
    }

    [GeneratedRegex(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")]
    private static partial Regex Milliseconds();
}
