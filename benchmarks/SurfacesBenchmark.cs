using System.Net;
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
    private static readonly string[] OwnHeaders = ["Date", "Server", "X-Request-Id", "ETag", "Transfer-Encoding", "Connection", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"];

    public static async Task<Report> RunAsync()
    {
        await using var cluster = await Cluster.StartAsync(new() { Settings = new Dictionary<string, string?> { ["RateLimits__PublicPerMinute"] = "0", ["RateLimits__KeyPerMinute"] = "0", ["RateLimits__ProjectPerMinute"] = "0" } });
        await ScheduleAsync(cluster);
        var figures = new List<Figure>();
        foreach (var path in Paths)
        {
            var (body, type, headers) = await FetchAsync(new(cluster.Url, path));
            var port = TestPorts.Free();
            var same = string.Concat(headers.Select(header => $"add_header {header.Key} \"{header.Value}\";")) + "add_header X-Request-Id $request_id;";
            await using var nginx = await Tools.NginxAsync(port, $$"""
                sendfile on; tcp_nopush on; keepalive_requests 1000000000; open_file_cache max=10 inactive=1h;
                  server {
                    listen 127.0.0.1:{{port}} backlog=1024;
                    root @folder@;
                    location = /document { default_type "{{type}}"; add_header Content-Encoding gzip; {{same}} }
                  }
                """);
            var file = Path.Combine(nginx.Folder, "document");
            await File.WriteAllBytesAsync(file, body);
            File.SetUnixFileMode(file, (UnixFileMode)0b110_100_100);
            figures.Add(await Tools.CompareAsync($"{path}, gzip, {body.Length:N0} bytes", "≥ 0.8 ×", new(cluster.Url, path), new($"http://127.0.0.1:{port}/document"), Connections, Each, Rounds, "Accept-Encoding: gzip"));
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

    private static async Task<(byte[] Body, string Type, Dictionary<string, string> Headers)> FetchAsync(Uri address)
    {
        using var http = new HttpClient(new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.None });
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.TryAddWithoutValidation("Accept-Encoding", "gzip");
        using var response = await http.SendAsync(request);
        response.EnsureSuccessStatusCode();
        return (
            await response.Content.ReadAsByteArrayAsync(),
            response.Content.Headers.ContentType!.ToString(),
            response.Headers.Where(header => !OwnHeaders.Contains(header.Key, StringComparer.OrdinalIgnoreCase)).ToDictionary(header => header.Key, header => string.Join(", ", header.Value)));
    }
}
