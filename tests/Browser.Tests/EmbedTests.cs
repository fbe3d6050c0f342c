using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Playwright;
using Xerotier.StatusService.Board;
using Xerotier.StatusService.Documents.Content;
using Xerotier.StatusService.Documents.Statuspage;
using OverallStatus = Xerotier.StatusService.Model.OverallStatus;
using Xerotier.TestKit;

namespace Xerotier.Browser.Tests;

/// <summary>The status on another site, whose policy forbids everything that it does not name.</summary>
public sealed class EmbedTests(BrowserFixture browser)
{
    [Fact]
    public async Task The_element_shows_the_status_under_a_strict_policy()
    {
        await using var status = await Site.StartAsync();
        await using var host = await Site.StartAsync();
        status.Put("/status/embed.js", "text/javascript", await File.ReadAllBytesAsync(Path.Combine(Solution.Folder, "Gateway", "Page", "embed.js"), TestContext.Current.CancellationToken));
        status.Put("/api/v2/summary.json", "application/json", Summary(Samples.Level(OverallStatus.PartialOutage)));
        host.Put(
            "/",
            "text/html; charset=utf-8",
            Encoding.UTF8.GetBytes($"<!DOCTYPE html><html lang=en><title>Host</title><xerotier-status></xerotier-status><script type=module src=\"{status.Address}/status/embed.js\"></script>"),
            $"default-src 'none'; script-src {status.Address}; connect-src {status.Address}; require-trusted-types-for 'script'");
        await using var visit = await browser.VisitAsync(host.Address + "/");

        var element = visit.Page.Locator("xerotier-status");
        await Assertions.Expect(element.Locator(".head")).ToHaveTextAsync("Partial Outage");
        Assert.Equal(status.Address + "/status", await element.Locator(".head").GetAttributeAsync("href"));
        Assert.Equal(["Elevated errors in us-east"], await element.Locator("li").AllInnerTextsAsync());
        Assert.Equal("10px", await element.Locator("i").EvaluateAsync<string>("mark => getComputedStyle(mark).width")); // its style is there
        Assert.Equal("rgb(185, 21, 43)", await element.Locator("i").EvaluateAsync<string>("mark => getComputedStyle(mark).backgroundColor"));
        Assert.Empty(visit.Complaints);

        status.Put("/api/v2/summary.json", "application/json", Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(Summary(Samples.Level(OverallStatus.Operational))).Replace("\"xerotier_stale_since\":null", "\"xerotier_stale_since\":\"2026-11-23T14:00:00Z\"", StringComparison.Ordinal)));
        await visit.Page.ReloadAsync();
        await Assertions.Expect(element.Locator(".head")).ToHaveTextAsync("Status unknown"); // never green when nobody knows
        Assert.Equal("rgb(125, 135, 147)", await element.Locator("i").EvaluateAsync<string>("mark => getComputedStyle(mark).backgroundColor"));
    }

    [Fact]
    public async Task The_script_is_small() => Assert.InRange(
        await Compressed(await File.ReadAllBytesAsync(Path.Combine(Solution.Folder, "Gateway", "Page", "embed.js"), TestContext.Current.CancellationToken)), 500, 5 * 1024);

    [Theory]
    [InlineData(360, false)]
    [InlineData(800, true)]
    public async Task The_frame_reads_well(int width, bool dark)
    {
        await using var visit = await browser.OpenAsync(await browser.Renderer.RenderEmbedAsync(Samples.Level(OverallStatus.PartialOutage), stale: false, TestContext.Current.CancellationToken), new(width, dark));
        Assert.Equal("Partial Outage", await visit.Page.Locator("h1").InnerTextAsync());
        Assert.Equal(0, await visit.Page.Locator(".bars").CountAsync());
        Assert.Equal("_blank", await visit.Page.EvaluateAsync<string>("document.querySelector('base').target"));
        await LevelTests.AssertSoundAsync(visit);
    }

    [Fact]
    public async Task The_frame_looks_for_news_by_itself_and_says_when_it_gets_none()
    {
        await using var visit = await browser.OpenAsync(await FrameAsync(OverallStatus.Operational), new());
        visit.Server.Show(visit.Path, await FrameAsync(OverallStatus.PartialOutage));
        await visit.RefreshAsync();
        await Assertions.Expect(visit.Page.Locator("h1")).ToHaveTextAsync("Partial Outage");
        await Assertions.Expect(visit.Page.Locator("#incidents h3")).ToHaveTextAsync("Elevated errors in us-east");

        visit.Server.Lose(visit.Path);
        await visit.Page.Clock.SetFixedTimeAsync(Samples.Now.UtcDateTime.AddSeconds(45));
        await visit.RefreshAsync();
        await Assertions.Expect(visit.Page.Locator("h1")).ToHaveTextAsync("Last known: Partial Outage");

        async Task<byte[]> FrameAsync(OverallStatus level) => await browser.Renderer.RenderEmbedAsync(Samples.Level(level), stale: false, TestContext.Current.CancellationToken);
    }

    private static byte[] Summary(StatusPageModel page)
    {
        var announced = new Announcements(Announcements.None.Components, [.. page.Incidents.Open, .. page.Incidents.Past]);
        return StatuspageApi.Make(new(page, announced, new HashSet<string>(), [], new("0", "Xerotier Status", "https://status.example"))).Single(made => made.Path == "/api/v2/summary.json").Live;
    }

    private static async Task<int> Compressed(byte[] bytes)
    {
        using var packed = new MemoryStream();
        await using (var gzip = new System.IO.Compression.GZipStream(packed, System.IO.Compression.CompressionLevel.Optimal, leaveOpen: true))
        {
            await gzip.WriteAsync(bytes);
        }

        return (int)packed.Length;
    }

    /// <summary>A web site of files, each with a policy.</summary>
    private sealed class Site : IAsyncDisposable
    {
        private readonly ConcurrentDictionary<string, (string Type, byte[] Body, string? Policy)> files = new();
        private LoopbackServer server = null!;

        public string Address => server.Url;

        public static async Task<Site> StartAsync()
        {
            var site = new Site();
            site.server = await LoopbackServer.StartAsync(site.ServeAsync);
            return site;
        }

        public void Put(string path, string type, byte[] body, string? policy = null) => files[path] = (type, body, policy);

        public ValueTask DisposeAsync() => server.DisposeAsync();

        private async Task ServeAsync(HttpContext context)
        {
            if (!files.TryGetValue(context.Request.Path.Value!, out var file))
            {
                context.Response.StatusCode = StatusCodes.Status404NotFound;
                return;
            }

            context.Response.ContentType = file.Type;
            context.Response.Headers.AccessControlAllowOrigin = "*"; // as the Gateway sends it
            context.Response.Headers.ContentSecurityPolicy = file.Policy;
            await context.Response.Body.WriteAsync(file.Body, context.RequestAborted);
        }
    }
}
