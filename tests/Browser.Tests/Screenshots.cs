using Xerotier.StatusService.Documents.Content;
using Xerotier.StatusService.Model;
using Xerotier.TestKit;

namespace Xerotier.Browser.Tests;

/// <summary>Makes the pictures of docs/screenshots (eng/screenshots), at 2×; explicit, so that ordinary runs pass it by.</summary>
public sealed class Screenshots(BrowserFixture browser)
{
    /// <summary>Where the pictures go.</summary>
    internal static readonly string Folder = Environment.GetEnvironmentVariable("SCREENSHOTS") is { Length: > 0 } folder ? folder : Path.Combine(Solution.Folder, "docs", "screenshots");

    private static readonly Screen Desk = new(800, Height: 1000, Scale: 2);

    [Fact(Explicit = true)]
    public async Task Every_sample_as_a_picture()
    {
        var (stop, renderer) = (TestContext.Current.CancellationToken, browser.Renderer);
        Directory.CreateDirectory(Folder);
        await TakeAsync("good-day", Samples.Level(OverallStatus.Operational), Desk);
        await TakeAsync("good-day-dark", Samples.Level(OverallStatus.Operational), Desk with { Dark = true });
        await TakeAsync("first-day", Samples.FirstDay(), Desk);
        await TakeAsync("incident", Samples.Level(OverallStatus.PartialOutage), Desk);
        await TakeAsync("maintenance-over-outage", Samples.Level(OverallStatus.Maintenance) with { Components = Samples.Level(OverallStatus.PartialOutage).Components }, Desk);
        await TakeAsync("stale", Samples.Lost(await renderer.RenderAsync(Samples.Level(OverallStatus.Operational), stop)), Desk);
        await TakeAsync("history", await renderer.RenderHistoryAsync(Samples.History(), stop), Desk);
        await TakeAsync("incident-page", await renderer.RenderIncidentAsync(Samples.IncidentPage(), stale: false, stop), Desk);
        await TakeAsync("phone-dark", Samples.Level(OverallStatus.PartialOutage), new(360, Dark: true, Height: 1000, Scale: 2));
    }

    private async Task TakeAsync(string name, StatusPageModel model, Screen screen)
    {
        await using var visit = await browser.OpenAsync(model, screen);
        await SaveAsync(visit, name);
    }

    private async Task TakeAsync(string name, byte[] html, Screen screen)
    {
        await using var visit = await browser.OpenAsync(html, screen);
        await SaveAsync(visit, name);
    }

    private static Task<byte[]> SaveAsync(Visit visit, string name) =>
        visit.Page.ScreenshotAsync(new() { Path = Path.Combine(Folder, name + ".png"), FullPage = false });
}
