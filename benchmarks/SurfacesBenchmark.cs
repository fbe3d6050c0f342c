using System.Net.Http.Json;
using Xerotier.TestKit;

namespace Xerotier.Bench;

/// <summary>What monitors, feed readers and calendars ask for, of a running cluster with some maintenance, against nginx with the same bytes as static files and the same headers.</summary>
internal static class SurfacesBenchmark
{
    private const int Connections = 64;
    private const int Rounds = 11;
    private const int Windows = 40;
    private static readonly TimeSpan Each = TimeSpan.FromSeconds(3);
    private static readonly string[] Paths = ["/api/v2/summary.json", "/status/history.atom", "/status/maintenance.ics"];

    public static async Task<Report> RunAsync()
    {
        await using var cluster = await Cluster.StartAsync(new() { Settings = new Dictionary<string, string?> { ["RateLimits__PublicPerMinute"] = "0", ["RateLimits__KeyPerMinute"] = "0", ["RateLimits__ProjectPerMinute"] = "0" } });
        await ScheduleAsync(cluster);
        var figures = new List<Figure>();
        foreach (var path in Paths)
        {
            var document = await Tools.FetchAsync(new(cluster.Url, path), "gzip");
            var port = TestPorts.Free();
            await using var nginx = await Tools.NginxAsync(port, ("document", document));
            figures.Add(await Tools.CompareAsync($"{path}, gzip, {document.Body.Length:N0} bytes", "≥ 0.8 ×", new(cluster.Url, path), new($"http://127.0.0.1:{port}/document"), Connections, Each, Rounds, "Accept-Encoding: gzip"));
        }

        return new("surfaces", $"Requests per second for the public documents beside the page, with {Windows} windows, by wrk, {Connections} connections, nginx with the same bytes and headers.", figures);
    }

    private static async Task ScheduleAsync(Cluster cluster)
    {
        using var api = cluster.Http(cluster.ApiKey);
        var now = DateTimeOffset.UtcNow;
        for (var i = 0; i < Windows; i++)
        {
            using var made = await api.PostAsJsonAsync($"{cluster.BaseUrl}/management/maintenance", new
            {
                title = $"Upgrade {i}",
                description = "Writes pause for at most two minutes while the primary moves; reads go on from the replicas the whole time.",
                severity = "warning",
                affected_services = new[] { "Model Storage" },
                starts_at = now.AddHours(i + 1),
                ends_at = now.AddHours(i + 2),
            });
            made.EnsureSuccessStatusCode();
        }

        using var http = new HttpClient();
        await Eventually.TrueAsync(async () => (await http.GetStringAsync(new Uri(cluster.Url, Paths[2]))).Contains($"Upgrade {Windows - 1}", StringComparison.Ordinal), "the windows are in the calendar");
    }
}
