using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Xerotier.TestKit;

namespace Xerotier.EndToEnd.Tests;

/// <summary>The main job: real heartbeats through every service and both stores to the public page.</summary>
[Collection<SharedCluster>]
public sealed class MainJobTests(SharedCluster shared)
{
    // An agent is seen as silent after 5 s here; a change is on the page 1 s after that. Three times as slack.
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(5 + 3);
    private static readonly TimeSpan Return = TimeSpan.FromSeconds(6);

    private readonly Cluster cluster = shared.Cluster;

    [Fact]
    public async Task A_live_fleet_shows_all_systems_operational()
    {
        await cluster.SilenceAsync();
        await cluster.ShowsAsync("All Systems Operational", Return);
        Assert.Equal("operational", await cluster.OverallAsync());
        using var http = cluster.Http();
        using var health = await http.GetAsync("/healthz");
        Assert.Equal(HttpStatusCode.OK, health.StatusCode);
        Assert.Contains("\"service\":\"gateway\"", await health.Content.ReadAsStringAsync());
        using var ready = await http.GetAsync("/readyz");
        Assert.Equal(HttpStatusCode.OK, ready.StatusCode);
    }

    [Theory]
    [InlineData(2, 0, "Degraded Performance")]
    [InlineData(3, 0, "Partial Outage")]
    [InlineData(0, 5, "Degraded Performance")]
    [InlineData(0, 7, "Partial Outage")]
    public async Task Silence_shows_and_speaking_again_ends_it(int routers, int sharedAgents, string label)
    {
        await cluster.SilenceAsync();
        await cluster.ShowsAsync("All Systems Operational", Return);

        await cluster.SilenceAsync(routers, sharedAgents);
        await cluster.ShowsAsync(label, Silence);

        await cluster.SilenceAsync();
        await cluster.ShowsAsync("All Systems Operational", Return);
    }

    [Fact]
    public async Task An_active_window_shows_within_500_ms_and_its_end_too()
    {
        await Observer.UntilAsync(async () => await cluster.OverallAsync() != "maintenance", TimeSpan.FromSeconds(1.5), "another test's maintenance is over");
        var id = await cluster.ScheduleAsync("Upgrade of the end-to-end test");
        await cluster.SetStatusAsync(id, "active");
        await cluster.ShowsAsync("Under Maintenance", TimeSpan.FromSeconds(1.5));
        Assert.Contains("Upgrade of the end-to-end test", await cluster.PageAsync());
        await cluster.SetStatusAsync(id, "completed");
        await Observer.UntilAsync(async () => await cluster.OverallAsync() != "maintenance", TimeSpan.FromSeconds(1.5), "the maintenance is over");
    }

    [Fact]
    public async Task The_windows_of_a_suspended_project_leave_the_page_until_it_is_resumed()
    {
        using var platform = cluster.Http(cluster.PlatformKey);
        var project = await PostAsync("projects", new { name = "Suspended", slug = $"suspended-{Guid.NewGuid():N}"[..20] });
        var key = await PostAsync($"projects/{project}/keys", new { name = "first", scopes = new[] { "management" } }, "key");
        using (var tenant = cluster.Http(key))
        {
            using var created = await tenant.PostAsJsonAsync($"/{project}/v1/management/maintenance", new
            {
                title = "A window of a suspended project",
                description = "",
                status = "active",
                starts_at = DateTimeOffset.UtcNow,
                ends_at = DateTimeOffset.UtcNow.AddHours(1),
            });
            Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        }

        await IsOnThePageAsync(true);
        await PostAsync($"projects/{project}/suspend", new { });
        await IsOnThePageAsync(false);
        await PostAsync($"projects/{project}/resume", new { });
        await IsOnThePageAsync(true);
        await PostAsync($"projects/{project}/suspend", new { });

        Task IsOnThePageAsync(bool wanted) => Observer.UntilAsync(
            async () => (await cluster.PageAsync()).Contains("A window of a suspended project", StringComparison.Ordinal) == wanted, TimeSpan.FromSeconds(6), $"on the page: {wanted}");

        async Task<string> PostAsync(string path, object body, string field = "id")
        {
            using var response = await platform.PostAsJsonAsync($"/v1/platform/{path}", body);
            var answer = await response.Content.ReadFromJsonAsync<JsonObject>();
            Assert.True(response.IsSuccessStatusCode, answer?.ToJsonString());
            return answer![field]!.GetValue<string>();
        }
    }

    [Fact]
    public async Task The_page_names_no_project_and_no_author()
    {
        var id = await cluster.ScheduleAsync("A window that tells nothing of its project");
        await Observer.UntilAsync(async () => (await cluster.PageAsync()).Contains("A window that tells nothing", StringComparison.Ordinal), TimeSpan.FromSeconds(1.5), "the window is on the page");
        using var http = cluster.Http();
        foreach (var path in new[] { "/status", "/status.json" })
        {
            var text = await http.GetStringAsync(path);
            Assert.DoesNotContain(cluster.ProjectId, text);
            Assert.DoesNotContain("created_by", text);
        }

        await cluster.SetStatusAsync(id, "cancelled");
    }

    [Fact]
    public void No_key_is_in_the_logs()
    {
        var output = string.Join('\n', cluster.Output);
        Assert.DoesNotContain(cluster.ApiKey, output);
        Assert.DoesNotContain(cluster.PlatformKey, output);
        Assert.DoesNotContain("eyJ", output); // how every internal token begins
    }

    [Fact]
    public async Task A_month_of_the_history_is_public_and_a_wrong_one_is_refused()
    {
        using var http = cluster.Http();
        await Observer.UntilAsync(async () => (await http.GetAsync("/status/history")).IsSuccessStatusCode, TimeSpan.FromSeconds(15), "the history is there");
        Assert.Contains("What happened", await http.GetStringAsync($"/status/history?month={DateTimeOffset.UtcNow:yyyy-MM}"));
        using var wrong = await http.GetAsync("/status/history?month=2026-13");
        Assert.Equal(System.Net.HttpStatusCode.BadRequest, wrong.StatusCode);
        using var future = await http.GetAsync("/status/history?month=2999-01");
        Assert.Equal(System.Net.HttpStatusCode.NotFound, future.StatusCode);
    }
}

/// <summary>One cluster for all tests that leave it as they found it; agents are silent after 5 s.</summary>
[CollectionDefinition]
public sealed class SharedCluster : ICollectionFixture<SharedCluster>, IAsyncLifetime
{
    public Cluster Cluster { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Cluster = await Cluster.StartAsync(new()
    {
        Settings = new Dictionary<string, string?> { ["Fleet__StaleAfterSeconds"] = "5", ["RateLimits__PublicPerMinute"] = "0", ["RateLimits__PublicQueriesPerMinute"] = "0" }, // tests look 40 times a second
    });

    public ValueTask DisposeAsync() => Cluster.DisposeAsync();
}
