using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Xerotier.TestKit;
using static Microsoft.Playwright.Assertions;

namespace Xerotier.Browser.Tests;

/// <summary>Takes the first minute as a newcomer has it, and Aspire's dashboard beside it, for docs/screenshots (eng/screenshots); explicit, so that ordinary runs pass it by.</summary>
public sealed partial class FilmStrip(BrowserFixture browser)
{
    private static readonly Screen Desk = new(1000, Height: 750, IsLive: true);

    private readonly List<(byte[] Picture, string Caption)> frames = [];

    [Fact(Explicit = true)]
    public async Task The_first_minute()
    {
        var data = Solution.NewDataFolder();
        using var host = new AppHostProcess(data, new Dictionary<string, string> { ["Demo__Seed"] = "18", ["XEROTIER_XEROCTL_PROJECT"] = Path.Combine(Solution.Folder, "xeroctl") });
        var watch = Stopwatch.StartNew();
        try
        {
            var printed = await host.ReadyAsync(TimeSpan.FromMinutes(3), "xeroctl maintenance schedule ");
            var link = printed.Select(line => SignInLink().Match(line)).Single(match => match.Success).Value;
            await using (var terminal = await browser.VisitAsync("about:blank", Desk))
            {
                await terminal.Page.SetContentAsync(Terminal(printed, link, data));
                await TakeAsync(terminal.Page, "of a built clone, ./run says what is ready, and what to open");
            }

            await using var visitor = await browser.VisitAsync($"http://localhost:{host.Port}/status", Desk);
            await TakeAsync(visitor.Page, "the page, with 90 days of example history");
            await using var visit = await browser.VisitAsync(link, Desk);
            var console = visit.Page;
            await Expect(console.Locator("h1")).ToHaveTextAsync("Overview");
            await TakeAsync(console, "the link has signed you in to the console");

            await console.GotoAsync($"http://localhost:{host.Port}/console/maintenance/new");
            await console.FillAsync("#title", "My first window");
            await console.FillAsync("#description", "Nothing will break, I hope.");
            await console.Locator("main button.primary").ClickAsync();
            await Expect(console.Locator(".done")).ToHaveTextAsync("The window is scheduled.");
            await TakeAsync(console, "a maintenance window is scheduled");
            await visitor.Page.ReloadAsync();
            await Expect(visitor.Page.GetByText("My first window").First).ToBeVisibleAsync();
            await visitor.Page.GetByText("My first window").First.ScrollIntoViewIfNeededAsync();
            await TakeAsync(visitor.Page, "and visitors see it");

            await console.GotoAsync($"http://localhost:{host.Port}/console/demo");
            await console.FillAsync("#routers", (await console.Locator("label[for=routers]").TextContentAsync())!.Split(' ')[^1]);
            await console.GetByRole(AriaRole.Button, new() { Name = "Let them fall silent" }).ClickAsync();
            await Expect(console.Locator("#routers")).ToBeVisibleAsync();
            await TakeAsync(console, "“Break something”: all routers fall silent");
            await Eventually.TrueAsync(async () =>
            {
                await visitor.Page.ReloadAsync();
                return !(await visitor.Page.TitleAsync()).Contains("Operational", StringComparison.Ordinal);
            }, "the page says that something is wrong", seconds: 120);
            await TakeAsync(visitor.Page, "half a minute later at most, visitors know");
            await console.GetByRole(AriaRole.Button, new() { Name = "All speak again" }).ClickAsync();
            await Expect(console.Locator("#routers")).ToHaveValueAsync("0");
            await TakeAsync(console, "all speak again");
            await Eventually.TrueAsync(async () =>
            {
                await visitor.Page.ReloadAsync();
                return (await visitor.Page.TitleAsync()).Contains("Operational", StringComparison.Ordinal);
            }, "the page says that all is well", seconds: 120);
            await TakeAsync(visitor.Page, "and all is well; the outage stays in the history");
            await TakeDashboardAsync(printed.Select(line => Dashboard().Match(line)).Single(match => match.Success).Groups[1].Value);
        }
        finally
        {
            host.Signal("TERM");
            await host.Process.WaitForExitAsync(CancellationToken.None);
            await Eventually.TrueAsync(() => host.Processes().Count == 0);
            Directory.Delete(data, recursive: true);
        }

        await using var strip = await browser.VisitAsync("about:blank", new Screen(1540));
        await strip.Page.SetContentAsync(Strip());
        await strip.Page.ScreenshotAsync(new() { Path = Path.Combine(Screenshots.Folder, "first-minute.png"), FullPage = true });

        async Task TakeAsync(IPage page, string caption) =>
            frames.Add((await page.ScreenshotAsync(), string.Create(CultureInfo.InvariantCulture, $"{watch.Elapsed.TotalSeconds:0} s: {caption}")));
    }

    /// <summary>Aspire's dashboard with its resources.</summary>
    private async Task TakeDashboardAsync(string address)
    {
        await using var visit = await browser.VisitAsync(address, new Screen(1440, Height: 900, IsLive: true));
        var page = visit.Page;
        await Expect(page.GetByText("statusservice").First).ToBeVisibleAsync(new() { Timeout = 30_000 });
        await page.WaitForTimeoutAsync(2000); // states and addresses come one after the other
        await page.ScreenshotAsync(new() { Path = Path.Combine(Screenshots.Folder, "dashboard.png") });
    }

    /// <summary>What the terminal shows, as a page, without the link's secret and this machine's folder.</summary>
    private static string Terminal(IReadOnlyList<string> printed, string link, string data) => Html(
        "body{margin:0;padding:24px;background:#101418;color:#d8dee4;font:13px/1.5 monospace}",
        $"<pre>$ ./run\n{WebUtility.HtmlEncode(string.Join('\n', printed).Replace(link[(link.LastIndexOf('/') + 1)..], "…", StringComparison.Ordinal).Replace(data, ".local", StringComparison.Ordinal).Replace(Solution.Folder, ".", StringComparison.Ordinal))}</pre>");

    private string Strip() => Html(
        "body{margin:0;padding:20px;background:#fff;color:#1c2024;font:16px/1.4 system-ui;display:grid;grid-template-columns:repeat(3,1fr);gap:20px}figure{margin:0}img{width:100%;border:1px solid #c8ccd0;border-radius:6px}",
        string.Concat(frames.Select(frame => $"<figure><img alt=\"\" src=\"data:image/png;base64,{Convert.ToBase64String(frame.Picture)}\"><figcaption>{WebUtility.HtmlEncode(frame.Caption)}</figcaption></figure>")));

    private static string Html(string style, string body) =>
        $"<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>The first minute</title><style>{style}</style><body>{body}</body></html>";

    [GeneratedRegex("Aspire dashboard +(http://localhost:[0-9]+)")]
    private static partial Regex Dashboard();

    [GeneratedRegex("http://localhost:[0-9]+/console/link/[A-Za-z0-9_-]+")]
    private static partial Regex SignInLink();
}
