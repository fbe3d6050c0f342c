using System.Diagnostics;
using System.Globalization;
using Xerotier.TestKit;

namespace Xerotier.Bench;

/// <summary>The way of an incident's update from its acknowledgement to what visitors and feed readers get.</summary>
internal static class IncidentsBenchmark
{
    private const int Updates = 50;

    public static async Task<Report> RunAsync()
    {
        await using var cluster = await Cluster.StartAsync(new() { Settings = new Dictionary<string, string?> { ["RateLimits__PublicPerMinute"] = "0", ["RateLimits__KeyPerMinute"] = "0", ["RateLimits__ProjectPerMinute"] = "0" } });
        using var platform = cluster.Http(cluster.PlatformKey);
        using var visitor = cluster.Http();
        var (project, key) = await cluster.CreateProjectAsync("operators", true, "management");
        using var operators = cluster.Http(key);
        var component = (await platform.PostForJsonAsync("/v1/platform/components", new { name = "Batch API", start_date = DateTime.UtcNow.AddDays(-20).ToString("yyyy-MM-dd") }))["id"]!.ToString();
        var incidents = $"/{project}/v1/management/incidents";

        var (page, feed) = (new List<double>(), new List<double>());
        var id = (await operators.PostForJsonAsync(incidents, new { title = "Measured", body = "Begin.", components = new[] { new { id = component, status = "degraded" } } }))["id"]!.ToString();
        for (var i = 0; i < Updates; i++)
        {
            await operators.PostForJsonAsync($"{incidents}/{id}/updates", new { body = $"Seen {i}." });
            var watch = Stopwatch.StartNew();
            await Task.WhenAll(UntilAsync("/status", $"Seen {i}.", watch, page), UntilAsync("/status/history.atom", $"Seen {i}.", watch, feed));
            await Task.Delay(Random.Shared.Next(100));
        }

        // Seven days of the past are counted anew.
        var past = new List<double>();
        for (var i = 0; i < 5; i++)
        {
            var begun = DateTimeOffset.UtcNow.AddDays(-8).AddMinutes(-i);
            var backdated = (await operators.PostForJsonAsync(incidents, new { title = $"Told late {i}", body = "Nobody noticed.", started_at = begun, components = new[] { new { id = component, status = "outage" } } }))["id"]!.ToString();
            await operators.PostForJsonAsync($"{incidents}/{backdated}/updates", new { status = "resolved", body = $"It ended {i}.", at = begun.AddDays(7) });
            var watch = Stopwatch.StartNew();
            await UntilAsync("/status.json", $"It ended {i}.", watch, past);
        }

        return new("incidents", $"{Updates} updates of one incident, one after the other; from the response of the write until the Gateway's document has it.",
        [
            new("update until it is on the page", Told(page), Goal: "≤ 500 ms"),
            new("update until it is in history.atom", Told(feed)),
            new("a backdated one of seven days until it is on the page with its days", Told(past), Goal: "≤ 500 ms"),
        ]);

        async Task UntilAsync(string path, string text, Stopwatch watch, List<double> delays)
        {
            while (!(await visitor.GetStringAsync(new Uri(path, UriKind.Relative))).Contains(text, StringComparison.Ordinal))
            {
                await Task.Delay(2);
            }

            delays.Add(watch.Elapsed.TotalMilliseconds);
        }
    }

    private static string Told(List<double> delays)
    {
        delays.Sort();
        return string.Create(CultureInfo.InvariantCulture, $"median {delays[delays.Count / 2]:0} ms, worst {delays[^1]:0} ms");
    }
}
