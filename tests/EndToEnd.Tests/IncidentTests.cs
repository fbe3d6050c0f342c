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
        using var platform = cluster.Http(cluster.PlatformKey);
        var project = (await PostAsync(platform, "/v1/platform/projects", new { name = "Operators", slug = $"operators-{Guid.NewGuid():N}"[..20], platform = true }))["id"]!.ToString();
        using var operators = cluster.Http((await PostAsync(platform, $"/v1/platform/projects/{project}/keys", new { name = "ops", scopes = new[] { "management" } }))["key"]!.ToString());
        using var http = cluster.Http();
        var component = (await PostAsync(platform, "/v1/platform/components", new { name = $"Batch API {Guid.NewGuid():N}"[..20], group = "APIs" }))["id"]!.ToString();
        await Observer.UntilAsync(async () => await StatusOfAsync(component) == "operational", Soon, "the new component is on the page");

        var incidents = $"/{project}/v1/management/incidents";
        var created = await PostAsync(operators, incidents, new
        {
            title = "Batch jobs are failing",
            body = "We are **looking** for the cause. <script>alert(1)</script>",
            components = new[] { new { id = component, status = "outage" } },
        });
        var id = created["id"]!.ToString();
        Assert.Equal("major", created["impact"]!.ToString());
        await Observer.UntilAsync(async () => await StatusOfAsync(component) == "outage", Soon, "the component is out");
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
        await Observer.UntilAsync(async () => await StatusOfAsync(component) == "operational", Soon, "the component is operational again");
        page = await cluster.PageAsync();
        Assert.Contains("The jobs run again.", page);
        Assert.DoesNotContain("Only a draft", page);

        async Task<string?> StatusOfAsync(string component)
        {
            var status = JsonNode.Parse(await http.GetStringAsync("/status.json"))!;
            return status["indicators"]!.AsArray().SingleOrDefault(i => i!["id"]!.ToString() == component)?["status"]!.ToString();
        }
    }

    private static async Task<JsonNode> PostAsync(HttpClient http, string path, object body, HttpStatusCode status = HttpStatusCode.Created)
    {
        using var response = await http.PostAsJsonAsync(path, body);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(status == response.StatusCode, $"{path}: {(int)response.StatusCode} {text}");
        return JsonNode.Parse(text)!;
    }
}
