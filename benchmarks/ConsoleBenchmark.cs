using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Xerotier.TestKit;

namespace Xerotier.Bench;

/// <summary>Pages of the console, one after the other, as a person goes through them.</summary>
internal static partial class ConsoleBenchmark
{
    /// <summary>As a service has been through that has run for a while: what is called often is compiled a second time, in the background.</summary>
    private const int WarmUp = 300;
    private const int Rounds = 200;

    private static readonly string[] Pages =
    [
        "/console/", "/console/fleet", "/console/incidents", "/console/incidents/new", "/console/maintenance", "/console/maintenance/new", "/console/recurring", "/console/recurring/new", "/console/subscriptions", "/console/keys",
        "/console/audit", "/console/settings", "/console/platform/projects", "/console/platform/components", "/console/platform/components/cmp_dashboard", "/console/platform/subscribers", "/console/platform/keys",
    ];

    /// <summary>A preview, as the script asks for it while somebody types.</summary>
    private const string Preview = "POST /console/incidents/new (preview)";

    public static async Task<Report> RunAsync()
    {
        await using var cluster = await Cluster.StartAsync(new() { Settings = new Dictionary<string, string?> { ["RateLimits__PublicPerMinute"] = "0", ["RateLimits__KeyPerMinute"] = "0", ["RateLimits__ProjectPerMinute"] = "0" } });
        using var api = cluster.Http(cluster.ApiKey);
        var incident = await api.PostForJsonAsync($"{cluster.BaseUrl}/management/incidents", new { title = "Slow responses", body = "We look.", components = new[] { new { id = "cmp_dashboard", status = "degraded" } } });
        var window = await api.PostForJsonAsync($"{cluster.BaseUrl}/management/maintenance", new { title = "Router firmware", description = "", starts_at = DateTimeOffset.UtcNow.AddHours(1), ends_at = DateTimeOffset.UtcNow.AddHours(2) });
        var series = await api.PostForJsonAsync(
            $"{cluster.BaseUrl}/management/maintenance-series",
            new { title = "Weekly", description = "", timezone = "Europe/Berlin", starts_on = $"{DateTime.UtcNow.AddDays(1):yyyy-MM-dd}", local_time = "02:30", duration = "PT1H", rrule = "FREQ=WEEKLY;BYDAY=SU" });
        var subscription = await api.PostForJsonAsync($"{cluster.BaseUrl}/management/subscriptions", new { channel = "webhook", target = "https://hooks.example/console" });
        var details = new Dictionary<string, string>
        {
            ["an incident"] = $"/console/incidents/{incident["id"]}",
            ["a window"] = $"/console/maintenance/{window["id"]}",
            ["its form"] = $"/console/maintenance/{window["id"]}/edit",
            ["a series"] = $"/console/recurring/{series["id"]}",
            ["a subscription"] = $"/console/subscriptions/{subscription["id"]}",
        };
        using var handler = new SocketsHttpHandler { AllowAutoRedirect = false, CookieContainer = new() };
        using var http = new HttpClient(handler) { BaseAddress = cluster.Url };
        await SignInAsync(cluster.ApiKey, null);
        await SignInAsync(cluster.PlatformKey, await TokenAsync());
        var preview = new FormUrlEncodedContent([new("csrf", await TokenAsync()), new("action", "preview"), new("preview_alone", "on"), new("title", "Slow"), new("body", "**We** look."), new("status", "investigating"), new("notify", "on")]);
        var body = await preview.ReadAsByteArrayAsync();

        var times = new Dictionary<string, List<double>>();
        for (var round = 0; round < WarmUp + Rounds; round++)
        {
            foreach (var (name, path) in Pages.Select(page => (page, page)).Concat(details.Select(page => (page.Key, page.Value))))
            {
                await TakeAsync(name, () => http.GetAsync(new Uri(path, UriKind.Relative)));
            }

            await TakeAsync(Preview, () => http.PostAsync(new Uri("/console/incidents/new", UriKind.Relative), new ByteArrayContent(body) { Headers = { ContentType = preview.Headers.ContentType } }));
        }

        var firsts = times.Values.Select(all => all[0]).Order().ToList();
        return new("console", $"{Rounds} rounds through the console's pages, one after the other, through the Gateway, with everything that they ask the API for; after {WarmUp} in which they are compiled.",
        [
            .. times.Select(of => (Page: of.Key, Sorted: of.Value.Skip(WarmUp).Order().ToList())).Select(of =>
                new Figure(of.Page, string.Create(CultureInfo.InvariantCulture, $"median {of.Sorted[Rounds / 2]:0.0} ms, p99 {of.Sorted[Rounds * 99 / 100]:0.0} ms"), Goal: "p99 ≤ 50 ms")),
            new("each page for the first time", string.Create(CultureInfo.InvariantCulture, $"median {firsts[firsts.Count / 2]:0} ms, slowest {firsts[^1]:0} ms")),
        ]);

        async Task TakeAsync(string name, Func<Task<HttpResponseMessage>> ask)
        {
            var watch = Stopwatch.StartNew();
            using var response = await ask();
            response.EnsureSuccessStatusCode();
            if (!times.TryGetValue(name, out var taken))
            {
                times[name] = taken = [];
            }

            taken.Add(watch.Elapsed.TotalMilliseconds);
        }

        async Task SignInAsync(string key, string? token)
        {
            using var form = new FormUrlEncodedContent([new("key", key), .. token is null ? Array.Empty<KeyValuePair<string, string>>() : [new("csrf", token)]]);
            using var signedIn = await http.PostAsync(new Uri("/console/sign-in", UriKind.Relative), form);
            if (signedIn.StatusCode != HttpStatusCode.SeeOther || signedIn.Headers.Location!.ToString() != "/console/")
            {
                throw new InvalidOperationException($"Signing in was answered {signedIn.StatusCode}, to {signedIn.Headers.Location}.");
            }
        }

        async Task<string> TokenAsync() => Token().Match(await http.GetStringAsync(new Uri("/console/settings", UriKind.Relative))).Groups[1].Value;
    }

    [GeneratedRegex("name=\"csrf\" value=\"([^\"]+)\"")]
    private static partial Regex Token();
}
