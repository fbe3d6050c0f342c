using System.Globalization;
using System.Text.Json;
using Xerotier.TestKit;

namespace Xerotier.Bench;

/// <summary>The project dashboard for small and large projects, beside nginx proxying the same bytes.</summary>
internal static class DashboardBenchmark
{
    private const int Connections = 64;

    public static async Task<Report> RunAsync()
    {
        await using var cluster = await Cluster.StartAsync(new()
        {
            Settings = new Dictionary<string, string?>
            {
                ["RateLimits__KeyPerMinute"] = "0",
                ["RateLimits__ProjectPerMinute"] = "0",
                ["RateLimits__HeartbeatsPerMinute"] = "0",
                ["RateLimits__ProjectHeartbeatsPerMinute"] = "0",
                ["Fleet__StaleAfterSeconds"] = "600", // one heartbeat each lasts for the whole measurement
            },
        });
        var figures = new List<Figure>();
        foreach (var workers in new[] { 4, 100, 10_000 })
        {
            var (url, key) = await ProjectAsync(cluster, workers);
            var header = $"Authorization: Bearer {key}";
            using var http = cluster.Http(key);
            var body = await http.GetByteArrayAsync(url);
            using (var json = JsonDocument.Parse(body))
            {
                var total = json.RootElement.GetProperty("workers").GetProperty("total").GetInt32();
                if (total != workers)
                {
                    throw new InvalidOperationException($"The dashboard counts {total} workers of {workers}.");
                }
            }

            var (port, upstream) = (TestPorts.Free(), TestPorts.Free());
            await using var nginx = await Tools.NginxAsync(port, $$"""
                  upstream static { server 127.0.0.1:{{upstream}}; keepalive 64; }
                  server { listen 127.0.0.1:{{port}}; keepalive_requests 1000000; location / { proxy_pass http://static; proxy_http_version 1.1; proxy_set_header Connection ""; } }
                  server { listen 127.0.0.1:{{upstream}}; keepalive_requests 1000000; root @folder@; }
                """);
            await File.WriteAllBytesAsync(Path.Combine(nginx.Folder, "dashboard.json"), body);

            figures.Add(await Tools.CompareAsync(
                string.Create(CultureInfo.InvariantCulture, $"{workers:N0} workers, {body.Length / 1024.0:0.0} KiB"),
                workers == 100 ? "≥ 0.3 ×" : null,
                url,
                new Uri($"http://127.0.0.1:{port}/dashboard.json"),
                Connections,
                TimeSpan.FromSeconds(3),
                rounds: 5,
                header));
        }

        return new("dashboard", $"GET of a project's dashboard through the Gateway with a key, {Connections} connections, limits off, against nginx proxying the same bytes from a second nginx server.", figures);
    }

    /// <summary>Makes a project whose private agents have just reported.</summary>
    private static async Task<(Uri Dashboard, string Key)> ProjectAsync(Cluster cluster, int workers)
    {
        var (id, key) = await cluster.CreateProjectAsync("bench", false, "heartbeat", "inference");
        using var agents = cluster.Http(key);
        foreach (var batch in Enumerable.Range(0, workers).Chunk(1_000))
        {
            var heartbeats = batch.Select(i => new
            {
                worker_id = $"wkr-{i:00000}",
                name = $"gpu-{i}",
                region = "us-east",
                kind = "private",
                version = "1.4.2",
                state = "ready",
                max_concurrent_requests = 16,
                active_requests = i % 16,
                models = new[] { "llama-70b" },
                endpoints = new[] { i % 2 == 0 ? "chat" : "embed" },
            });
            await agents.PostForJsonAsync($"/{id}/v1/heartbeats", new { heartbeats });
        }

        return (new Uri(cluster.Url, $"/{id}/v1/health/dashboard"), key);
    }
}
