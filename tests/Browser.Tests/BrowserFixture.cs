using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Playwright;
using Xerotier.Browser.Tests;
using Xerotier.ServiceDefaults.Site;
using Xerotier.StatusService.Documents.Content;
using Xerotier.StatusService.Documents.Page;

[assembly: AssemblyFixture(typeof(BrowserFixture))]

namespace Xerotier.Browser.Tests;

/// <summary>The machine's own Chromium, a server of pages and the renderer, shared by the whole run.</summary>
public sealed class BrowserFixture : IAsyncLifetime
{
    /// <summary>The browser without its windows, which starts in half the time, or else the whole one.</summary>
    private static readonly string? Chromium = new[] { "/usr/bin/chromium-headless-shell", "/usr/bin/chromium" }.FirstOrDefault(File.Exists);

    private IPlaywright? playwright;
    private IBrowser? browser;
    private int pages;

    /// <summary>The renderer under test.</summary>
    public PageRenderer Renderer { get; } = new(NullLoggerFactory.Instance, Brand.Default);

    /// <summary>The server of pages.</summary>
    public PageServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Server = await PageServer.StartAsync();
        if (Chromium is null) return;

        playwright = await Playwright.CreateAsync();
        browser = await playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = Chromium,
            Args = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
        });
    }

    public async ValueTask DisposeAsync()
    {
        if (browser is not null) await browser.DisposeAsync();
        playwright?.Dispose();
        await Server.DisposeAsync();
        Renderer.Dispose();
    }

    /// <summary>Renders a model and opens it in a context of its own.</summary>
    public async Task<Visit> OpenAsync(StatusPageModel model, Screen screen)
    {
        var page = await Renderer.RenderAsync(model, TestContext.Current.CancellationToken);
        return await OpenAsync(page.Html.Identity.ToByteArray(), screen);
    }

    /// <summary>Opens a page in a context of its own; without Chromium the test is skipped, in CI it fails.</summary>
    public async Task<Visit> OpenAsync(byte[] html, Screen screen)
    {
        var path = $"/{Interlocked.Increment(ref pages)}/status";
        Server.Show(path, html);
        return await VisitAsync(Server.Address + path, screen, path);
    }

    /// <summary>The same with a page of another server.</summary>
    public Task<Visit> VisitAsync(string address) => VisitAsync(address, new Screen());

    /// <summary>The same on a screen.</summary>
    public Task<Visit> VisitAsync(string address, Screen screen) => VisitAsync(address, screen, "");

    private async Task<Visit> VisitAsync(string address, Screen screen, string path)
    {
        if (browser is null)
        {
            Assert.False(Environment.GetEnvironmentVariable("CI") is "true" or "1", "Chromium is missing.");
            Assert.Skip("Chromium is missing.");
        }

        var context = await browser.NewContextAsync(new()
        {
            ViewportSize = new() { Width = screen.Width, Height = screen.Height },
            ColorScheme = screen.Dark ? ColorScheme.Dark : ColorScheme.Light,
            JavaScriptEnabled = screen.Script,
            TimezoneId = screen.Zone,
            DeviceScaleFactor = screen.Scale,
            HasTouch = screen.Touch,
            IsMobile = screen.Touch,
        });
        if (!screen.IsLive)
        {
            // Whatever the day: the samples tell of this instant. It stands, for a slow machine to age nothing; timers run on.
            await context.Clock.SetFixedTimeAsync(Samples.Now.UtcDateTime);
            // A test refreshes when it wants to, however slow the machine is. After the clock, which brings a setInterval of its own.
            await context.AddInitScriptAsync("window.setInterval = (_, milliseconds) => { window.refreshesEvery = milliseconds; };");
        }

        var visit = new Visit(await context.NewPageAsync(), Server, path);
        await visit.Page.GotoAsync(address);
        return visit;
    }
}

/// <summary>How a visitor looks at the page; with <paramref name="IsLive"/> by the browser's own clock, and the page refreshes by itself.</summary>
public sealed record Screen(int Width = 1280, bool Dark = false, bool Script = true, string Zone = "UTC", int Height = 900, float Scale = 1, bool Touch = false, bool IsLive = false);

/// <summary>An open page with all that its browser complained about.</summary>
public sealed class Visit : IAsyncDisposable
{
    private readonly List<string> complaints = [];

    internal Visit(IPage page, PageServer server, string path)
    {
        (Page, Server, Path) = (page, server, path);
        page.Console += (_, message) => { if (message.Type is "error" or "warning") complaints.Add(message.Text); };
        page.PageError += (_, error) => complaints.Add(error);
        page.Request += (_, request) => { if (!request.Url.StartsWith("data:", StringComparison.Ordinal)) Requested.Add(request.Url); };
        page.Dialog += (_, dialog) => { complaints.Add("dialog " + dialog.Message); _ = dialog.DismissAsync(); };
    }

    /// <summary>The page.</summary>
    public IPage Page { get; }

    /// <summary>Its server.</summary>
    public PageServer Server { get; }

    /// <summary>Its path on the server.</summary>
    public string Path { get; }

    /// <summary>What it asked of any network.</summary>
    public List<string> Requested { get; } = [];

    /// <summary>Console errors, script errors, policy violations and dialogs.</summary>
    public IReadOnlyList<string> Complaints => complaints;

    /// <summary>How many pixels the page is wider than its screen.</summary>
    public Task<int> OverflowAsync() => Page.EvaluateAsync<int>("document.documentElement.scrollWidth - innerWidth");

    /// <summary>What axe finds wrong with it.</summary>
    /// <param name="rule">The only rule that is tried; null: all.</param>
    public async Task<IEnumerable<string>> ViolationsAsync(string? rule = null)
    {
        var axe = await Page.RunAxe(new AxeRunOptions { ResultTypes = [ResultType.Violations], RunOnly = rule is null ? null : new RunOnlyOptions { Type = "rule", Values = [rule] } });
        return axe.Violations.Select(violation => $"{violation.Id}: {violation.Help}: {string.Join(", ", violation.Nodes.Take(3).Select(node => node.Html))}");
    }

    /// <summary>Makes the page look for news now, as it does when its tab is shown again.</summary>
    public Task RefreshAsync() => Page.EvaluateAsync("document.dispatchEvent(new Event('visibilitychange'))");

    public async ValueTask DisposeAsync() => await Page.Context.DisposeAsync();
}
