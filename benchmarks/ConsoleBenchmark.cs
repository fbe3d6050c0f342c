using System.Diagnostics;
using System.Globalization;
using System.Net;
using Xerotier.TestKit;

namespace Xerotier.Bench;

/// <summary>Pages of the console, one after the other, as a person goes through them.</summary>
internal static class ConsoleBenchmark
{
    /// <summary>As a service has been through that has run for a while: what is called often is compiled a second time, in the background.</summary>
    private const int WarmUp = 300;
    private const int Rounds = 200;

    private static readonly string[] Pages = ["/console/", "/console/fleet", "/console/incidents", "/console/incidents/new", "/console/maintenance", "/console/maintenance/new", "/console/recurring", "/console/subscriptions", "/console/keys", "/console/audit"];

    public static async Task<Report> RunAsync()
    {
        await using var cluster = await Cluster.StartAsync(new() { Settings = new Dictionary<string, string?> { ["RateLimits__PublicPerMinute"] = "0", ["RateLimits__KeyPerMinute"] = "0", ["RateLimits__ProjectPerMinute"] = "0" } });
        using var handler = new SocketsHttpHandler { AllowAutoRedirect = false, CookieContainer = new() };
        using var http = new HttpClient(handler) { BaseAddress = cluster.Url };
        using var form = new FormUrlEncodedContent([new("key", cluster.ApiKey)]);
        using var signedIn = await http.PostAsync(new Uri("/console/sign-in", UriKind.Relative), form);
        if (signedIn.StatusCode != HttpStatusCode.SeeOther || signedIn.Headers.Location!.ToString() != "/console/")
        {
            throw new InvalidOperationException($"Signing in was answered {signedIn.StatusCode}, to {signedIn.Headers.Location}.");
        }

        var times = Pages.ToDictionary(page => page, _ => new List<double>());
        for (var round = 0; round < WarmUp + Rounds; round++)
        {
            foreach (var page in Pages)
            {
                var watch = Stopwatch.StartNew();
                using var response = await http.GetAsync(new Uri(page, UriKind.Relative));
                response.EnsureSuccessStatusCode();
                if (round >= WarmUp)
                {
                    times[page].Add(watch.Elapsed.TotalMilliseconds);
                }
            }
        }

        return new("console", $"{Rounds} rounds through the console's pages, one after the other, through the Gateway, with everything that they ask the API for; after {WarmUp} in which they are compiled.",
        [
            .. Pages.Select(page => (Page: page, Sorted: times[page].Order().ToList())).Select(of =>
                new Figure(of.Page, string.Create(CultureInfo.InvariantCulture, $"median {of.Sorted[Rounds / 2]:0.0} ms, p99 {of.Sorted[Rounds * 99 / 100]:0.0} ms"), Goal: "p99 ≤ 50 ms")),
        ]);
    }
}
