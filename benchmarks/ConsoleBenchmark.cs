using System.Diagnostics;
using System.Globalization;
using System.Net;
using Xerotier.TestKit;

namespace Xerotier.Bench;

/// <summary>Pages of the console, one after the other, as a person opens them.</summary>
internal static class ConsoleBenchmark
{
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

        var figures = new List<Figure>();
        foreach (var page in Pages)
        {
            var times = new List<double>();
            for (var i = 0; i < Rounds + 20; i++)
            {
                var watch = Stopwatch.StartNew();
                using var response = await http.GetAsync(new Uri(page, UriKind.Relative));
                response.EnsureSuccessStatusCode();
                if (i >= 20) // the first ones compile
                {
                    times.Add(watch.Elapsed.TotalMilliseconds);
                }
            }

            times.Sort();
            figures.Add(new(page, string.Create(CultureInfo.InvariantCulture, $"median {times[times.Count / 2]:0.0} ms, p99 {times[times.Count * 99 / 100]:0.0} ms"), Goal: "p99 ≤ 50 ms"));
        }

        return new("console", $"{Rounds} times each page of the console, one after the other, through the Gateway, with everything that it asks the API for.", figures);
    }
}
