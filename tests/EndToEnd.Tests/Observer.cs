using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;
using Xerotier.TestKit;

namespace Xerotier.EndToEnd.Tests;

/// <summary>What a visitor and an operator do to a cluster, in sentences.</summary>
internal static class Observer
{
    /// <summary>The overall key of <c>/status.json</c>.</summary>
    public static async Task<string> OverallAsync(this Cluster cluster)
    {
        using var http = cluster.Http();
        using var json = JsonDocument.Parse(await http.GetStringAsync("/status.json"));
        return json.RootElement.GetProperty("overall").GetProperty("key").GetString()!;
    }

    /// <summary>The page's HTML.</summary>
    public static async Task<string> PageAsync(this Cluster cluster)
    {
        using var http = cluster.Http();
        return await http.GetStringAsync("/status");
    }

    /// <summary>Waits until the page shows <paramref name="label"/> as its overall level; returns how long that took.</summary>
    public static async Task<TimeSpan> ShowsAsync(this Cluster cluster, string label, TimeSpan within)
    {
        using var http = cluster.Http();
        return await http.ShowsAsync(label, within);
    }

    /// <inheritdoc cref="ShowsAsync(Cluster, string, TimeSpan)"/>
    public static Task<TimeSpan> ShowsAsync(this HttpClient http, string label, TimeSpan within) =>
        UntilAsync(async () => Banner(await http.GetStringAsync("/status")).Contains(label, StringComparison.Ordinal), within, $"the page shows “{label}”");

    /// <summary>The page's first heading region: everything before the list of indicators.</summary>
    public static string Banner(string page) => page[page.IndexOf("<body", StringComparison.Ordinal)..][..Math.Min(6000, page.Length - page.IndexOf("<body", StringComparison.Ordinal))];

    /// <summary>Sets how many of the fleet are silent.</summary>
    public static async Task SilenceAsync(this Cluster cluster, int routers = 0, int sharedAgents = 0, int privateAgents = 0)
    {
        using var http = new HttpClient();
        using var response = await http.PutAsJsonAsync(cluster.FleetUrl, new { silent = new { routers, shared_agents = sharedAgents, private_agents = privateAgents } });
        response.EnsureSuccessStatusCode();
    }

    /// <summary>Waits until <paramref name="condition"/> holds; fails with <paramref name="what"/> after <paramref name="within"/>.</summary>
    public static async Task<TimeSpan> UntilAsync(Func<Task<bool>> condition, TimeSpan within, string what)
    {
        var waited = Stopwatch.StartNew();
        while (!await condition())
        {
            Assert.True(waited.Elapsed < within, $"Within {within.TotalSeconds} s: {what}");
            await Task.Delay(25);
        }

        return waited.Elapsed;
    }

    /// <summary>Schedules a window of the demo project and returns its id.</summary>
    public static async Task<string> ScheduleAsync(this Cluster cluster, string title, string status = "scheduled")
    {
        using var http = cluster.Http(cluster.ApiKey);
        return await http.ScheduleAsync(cluster.BaseUrl, title, status);
    }

    /// <summary>Schedules a window of the project at <paramref name="baseUrl"/> and returns its id.</summary>
    public static async Task<string> ScheduleAsync(this HttpClient http, string baseUrl, string title, string status)
    {
        using var response = await http.PostAsJsonAsync($"{baseUrl}/management/maintenance", new
        {
            title,
            description = "Made by a test.",
            starts_at = DateTimeOffset.UtcNow.AddMinutes(-1).ToString("O"),
            ends_at = DateTimeOffset.UtcNow.AddHours(1).ToString("O"),
            status,
        });
        var body = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, body);
        using var json = JsonDocument.Parse(body);
        return json.RootElement.GetProperty("id").GetString()!;
    }

    /// <summary>Changes a window's state.</summary>
    public static async Task SetStatusAsync(this Cluster cluster, string id, string status)
    {
        using var http = cluster.Http(cluster.ApiKey);
        using var response = await http.PatchAsJsonAsync($"{cluster.BaseUrl}/management/maintenance/{id}", new { status });
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
    }
}
