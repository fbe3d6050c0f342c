using Xerotier.TestKit;

namespace Xerotier.Bench;

/// <summary><c>/status</c> of a running cluster against nginx with the same bytes as a static file and the same headers.</summary>
internal static class StatusBenchmark
{
    private const int Connections = 64;
    private const int Rounds = 11;
    private static readonly TimeSpan Each = TimeSpan.FromSeconds(3);

    public static async Task<Report> RunAsync()
    {
        await using var cluster = await Cluster.StartAsync(new() { Settings = new Dictionary<string, string?> { ["RateLimits__PublicPerMinute"] = "0" } });
        var ours = new Uri(cluster.Url, "/status");
        var (plain, gzip) = (await Tools.FetchAsync(ours, "identity"), await Tools.FetchAsync(ours, "gzip"));
        var port = TestPorts.Free();
        await using var nginx = await Tools.NginxAsync(port, ("page.html", plain), ("page.gzip", gzip));
        var theirs = new Uri($"http://127.0.0.1:{port}/page.html");
        return new("status", $"Requests per second for the status page by wrk, {Connections} connections, nginx with the same bytes and headers.",
        [
            await Tools.CompareAsync($"gzip, {gzip.Body.Length:N0} bytes", "≥ 1 ×", ours, new($"http://127.0.0.1:{port}/page.gzip"), Connections, Each, Rounds, "Accept-Encoding: gzip"),
            await Tools.CompareAsync($"identity, {plain.Body.Length:N0} bytes", "≥ 0.85 ×", ours, theirs, Connections, Each, Rounds),
            // Any tag: the page's own changes every minute.
            await Tools.CompareAsync("304", "≥ 0.9 ×", ours, theirs, Connections, Each, Rounds, "If-None-Match: *"),
        ]);
    }
}
