using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Xerotier.TestKit;

namespace Xerotier.EndToEnd.Tests;

/// <summary>An incident from the operator's key to the visitor's page, through every service.</summary>
[Collection<SharedCluster>]
public sealed class IncidentTests(SharedCluster shared)
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(1.5); // 500 ms, three times as slack

    private readonly Cluster cluster = shared.Cluster;

    [Fact]
    public async Task An_incident_makes_its_component_worse_on_the_page_until_it_is_resolved_and_keeps_a_page_of_its_own()
    {
        await cluster.SilenceAsync();
        using var who = await OperatorsAsync();
        var (platform, operators, incidents) = who;
        using var http = cluster.Http();
        var component = (await PostAsync(platform, "/v1/platform/components", new { name = $"Batch API {Guid.NewGuid():N}"[..20], group = "APIs" }))["id"]!.ToString();
        await Observer.UntilAsync(async () => await StatusOfAsync(http, component) == "operational", Soon, "the new component is on the page");

        var created = await PostAsync(operators, incidents, new
        {
            title = "Batch jobs are failing",
            body = "We are **looking** for the cause. <script>alert(1)</script>",
            components = new[] { new { id = component, status = "outage" } },
        });
        var id = created["id"]!.ToString();
        Assert.Equal("major", created["impact"]!.ToString());
        await Observer.UntilAsync(async () => await StatusOfAsync(http, component) == "outage", Soon, "the component is out");
        var page = await cluster.PageAsync();
        Assert.Contains("Batch jobs are failing", page);
        Assert.Contains("<strong>looking</strong>", page);
        Assert.DoesNotContain("<script>alert", page);

        Assert.Contains("<strong>looking</strong>", await http.GetStringAsync($"/status/incidents/{id}"));
        using (var unknown = await http.GetAsync("/status/incidents/inc_00000000000000000000"))
        {
            Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
        }

        var draft = (await PostAsync(operators, incidents, new { title = "Only a draft", body = "Nobody sees it.", draft = true }))["id"]!.ToString();
        using (var hidden = await http.GetAsync($"/status/incidents/{draft}"))
        {
            Assert.Equal(HttpStatusCode.NotFound, hidden.StatusCode);
        }

        await PostAsync(operators, $"{incidents}/{id}/updates", new { status = "resolved", body = "The jobs run again." }, HttpStatusCode.OK);
        await Observer.UntilAsync(async () => await StatusOfAsync(http, component) == "operational", Soon, "the component is operational again");
        page = await cluster.PageAsync();
        Assert.Contains("The jobs run again.", page);
        Assert.DoesNotContain("Only a draft", page);
    }

    [Fact]
    public async Task Whoever_resolves_an_incident_while_an_outage_is_still_measured_is_told_and_so_is_everybody()
    {
        await cluster.SilenceAsync(routers: 3);
        await cluster.ShowsAsync("Partial Outage", TimeSpan.FromSeconds(8));
        using var who = await OperatorsAsync();
        var (platform, operators, incidents) = who;
        var routing = new[] { new { id = "cmp_inference_routing", status = "outage" } };
        var (id, resolved) = ("", new JsonObject());
        await Observer.UntilAsync(
            async () =>
            {
                id = (await PostAsync(operators, incidents, new { title = "Routing fails", body = "We are looking.", components = routing }))["id"]!.ToString();
                resolved = (await PostAsync(operators, $"{incidents}/{id}/updates", new { status = "resolved", body = "It should work again." }, HttpStatusCode.OK)).AsObject();
                return resolved["warnings"] is not null; // nobody waits for what is measured, and the first to ask must connect
            },
            TimeSpan.FromSeconds(30),
            "what is measured is asked in time");
        Assert.Equal(
            """[{"code":"still_measured","message":"Measurements still show an outage of Inference Routing; the status page says so until they recover.","component":"cmp_inference_routing"}]""",
            resolved["warnings"]!.ToJsonString());
        await Observer.UntilAsync(async () => (await cluster.PageAsync()).Contains("Resolved by the operator; measurements still show an outage.", StringComparison.Ordinal), Soon, "the page says so");
        Assert.Null((await GetAsync(operators, $"{incidents}/{id}"))["warnings"]); // of the change, not of the incident

        await cluster.SilenceAsync();
        await cluster.ShowsAsync("All Systems Operational", TimeSpan.FromSeconds(6));
        var again = (await PostAsync(operators, incidents, new { title = "Routing failed", body = "It was short.", components = routing }))["id"]!.ToString();
        Assert.Null((await PostAsync(operators, $"{incidents}/{again}/updates", new { status = "resolved", body = "It works." }, HttpStatusCode.OK))["warnings"]);
    }

    [Fact]
    public async Task A_backdated_outage_across_midnight_changes_the_bars_of_both_days()
    {
        using var who = await OperatorsAsync();
        var (platform, operators, incidents) = who;
        using var http = cluster.Http();
        var midnight = new DateTimeOffset(DateTime.UtcNow.Date, TimeSpan.Zero).AddDays(-1);
        var component = (await PostAsync(platform, "/v1/platform/components", new { name = $"Exports {Guid.NewGuid():N}"[..20], start_date = midnight.AddDays(-3).ToString("yyyy-MM-dd") }))["id"]!.ToString();
        await Observer.UntilAsync(async () => await StatusOfAsync(http, component) == "operational", Soon, "the new component is on the page");
        var id = (await PostAsync(operators, incidents, new
        {
            title = "Exports were late",
            body = "Nobody noticed at the time.",
            started_at = midnight.AddMinutes(-10),
            components = new[] { new { id = component, status = "outage" } },
        }))["id"]!.ToString();
        await PostAsync(operators, $"{incidents}/{id}/updates", new { status = "resolved", body = "They came after all.", at = midnight.AddMinutes(5) }, HttpStatusCode.OK);

        await Observer.UntilAsync(async () => await OutagesAsync() is [600, 300], Soon, "ten minutes before midnight and five after it");
        var page = await http.GetStringAsync($"/status/incidents/{id}");
        Assert.Contains($"posted {(DateTimeOffset.UtcNow - midnight.AddMinutes(-10)).Days} d ", page); // it says that it was told late
        Assert.Contains("posted ", await cluster.PageAsync());

        async Task<int[]> OutagesAsync() =>
        [
            .. from indicator in (await GetAsync(http, "/status.json"))["indicators"]!.AsArray()
               where indicator!["id"]!.ToString() == component
               from day in indicator["days"]!.AsArray()
               where day!["date"]!.ToString() is var date && (date == midnight.AddDays(-1).ToString("yyyy-MM-dd") || date == midnight.ToString("yyyy-MM-dd"))
               select day["outage_seconds"]!.GetValue<int>(),
        ];
    }

    [Fact]
    public async Task Each_of_fifty_updates_is_on_the_page_soon_after_its_commit()
    {
        using var who = await OperatorsAsync();
        var (platform, operators, incidents) = who;
        var id = (await PostAsync(operators, incidents, new { title = "A long day", body = "It begins." }))["id"]!.ToString();
        var taken = new List<TimeSpan>();
        for (var i = 0; i < 50; i++)
        {
            await PostAsync(operators, $"{incidents}/{id}/updates", new { body = $"Update number {i}." }, HttpStatusCode.OK);
            var committed = Stopwatch.StartNew();
            await cluster.ShowsAsync($"Update number {i}.", TimeSpan.FromSeconds(10));
            taken.Add(committed.Elapsed);
        }

        await PostAsync(operators, $"{incidents}/{id}/updates", new { status = "resolved", body = "It ends." }, HttpStatusCode.OK);
        var p95 = taken.Order().ElementAt(47);
        TestContext.Current.TestOutputHelper!.WriteLine($"median {taken.Order().ElementAt(25).TotalMilliseconds:0} ms, p95 {p95.TotalMilliseconds:0} ms, worst {taken.Max().TotalMilliseconds:0} ms");
        Assert.True(p95 < Soon, $"p95 {p95}");
    }

    /// <summary>A client with the platform key, one with a key of a new project of the platform, and the path of its incidents.</summary>
    private async Task<Operators> OperatorsAsync()
    {
        var (project, key) = await cluster.CreateProjectAsync("operators", true, "management");
        return new(cluster.Http(cluster.PlatformKey), cluster.Http(key), $"/{project}/v1/management/incidents");
    }

    private static async Task<string?> StatusOfAsync(HttpClient http, string component) =>
        (await GetAsync(http, "/status.json"))["indicators"]!.AsArray().SingleOrDefault(i => i!["id"]!.ToString() == component)?["status"]!.ToString();

    private static async Task<JsonNode> GetAsync(HttpClient http, string path) => JsonNode.Parse(await http.GetStringAsync(path))!;

    private static async Task<JsonNode> PostAsync(HttpClient http, string path, object body, HttpStatusCode status = HttpStatusCode.Created)
    {
        using var response = await http.PostAsJsonAsync(path, body);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(status == response.StatusCode, $"{path}: {(int)response.StatusCode} {text}");
        return JsonNode.Parse(text)!;
    }

    private sealed record Operators(HttpClient Platform, HttpClient Project, string Incidents) : IDisposable
    {
        public void Dispose()
        {
            Platform.Dispose();
            Project.Dispose();
        }
    }
}
