using System.Net;
using Xerotier.TestKit;

namespace Xerotier.Bench;

/// <summary><c>/status</c> of a running cluster against nginx with the same bytes as a static file and the same headers.</summary>
internal static class StatusBenchmark
{
    private const int Connections = 64;
    private const int Rounds = 11;
    private static readonly TimeSpan Each = TimeSpan.FromSeconds(3);
    private static readonly string[] SameHeaders = ["Cache-Control", "Vary", "Content-Security-Policy", "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy"];

    public static async Task<Report> RunAsync()
    {
        await using var cluster = await Cluster.StartAsync(new() { Settings = new Dictionary<string, string?> { ["RateLimits__PublicPerMinute"] = "0" } });
        var plain = await FetchAsync(cluster.Url, "identity");
        var gzip = await FetchAsync(cluster.Url, "gzip");

        var port = TestPorts.Free();
        var headers = string.Concat(SameHeaders.Select(name => $"add_header {name} \"{plain.Headers[name]}\";")) + "add_header X-Request-Id $request_id;";
        await using var nginx = await Tools.NginxAsync(port, $$"""
            sendfile on; tcp_nopush on; keepalive_requests 1000000000; open_file_cache max=10 inactive=1h;
              server {
                listen 127.0.0.1:{{port}} backlog=1024;
                root @folder@;
                location = /page.html { {{headers}} }
                location = /page.gzip { default_type "text/html; charset=utf-8"; add_header Content-Encoding gzip; {{headers}} }
              }
            """);
        await WriteAsync(nginx, "page.html", plain.Body);
        await WriteAsync(nginx, "page.gzip", gzip.Body);

        var ours = new Uri(cluster.Url, "/status");
        var theirs = new Uri($"http://127.0.0.1:{port}/page.html");
        return new("status", $"Requests per second for the status page by wrk, {Connections} connections, nginx with the same bytes and headers.",
        [
            await Tools.CompareAsync($"gzip, {gzip.Body.Length:N0} bytes", "≥ 0.85 ×", ours, new($"http://127.0.0.1:{port}/page.gzip"), Connections, Each, Rounds, "Accept-Encoding: gzip"),
            await Tools.CompareAsync($"identity, {plain.Body.Length:N0} bytes", null, ours, theirs, Connections, Each, Rounds),
            // Any tag: the page's own changes every minute.
            await Tools.CompareAsync("304", null, ours, theirs, Connections, Each, Rounds, "If-None-Match: *"),
        ]);
    }

    private static async Task WriteAsync(Nginx nginx, string name, byte[] body)
    {
        var file = Path.Combine(nginx.Folder, name);
        await File.WriteAllBytesAsync(file, body);
        File.SetUnixFileMode(file, (UnixFileMode)0b110_100_100);
    }

    private static async Task<(byte[] Body, Dictionary<string, string> Headers)> FetchAsync(Uri address, string encoding)
    {
        using var http = new HttpClient(new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.None });
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(address, "/status"));
        request.Headers.TryAddWithoutValidation("Accept-Encoding", encoding);
        using var response = await http.SendAsync(request);
        response.EnsureSuccessStatusCode();
        return (await response.Content.ReadAsByteArrayAsync(), response.Headers.ToDictionary(header => header.Key, header => string.Join(", ", header.Value), StringComparer.OrdinalIgnoreCase));
    }
}
