using Xerotier.StatusService.Documents.Content;
using Xerotier.StatusService.Model;

namespace Xerotier.Browser.Tests;

/// <summary>Makes docs/screenshots (eng/screenshots); explicit, so that ordinary runs pass it by.</summary>
public sealed class Screenshots(BrowserFixture browser)
{
    private static readonly string Folder = Environment.GetEnvironmentVariable("SCREENSHOTS") is { Length: > 0 } folder ? folder : Path.Combine(Root(), "docs", "screenshots");

    /// <summary>Beyond the set that is kept: every level in both schemes on a phone too, none and many windows, long and right-to-left titles.</summary>
    private static readonly bool All = Environment.GetEnvironmentVariable("SCREENSHOTS_ALL") == "1";

    [Fact(Explicit = true)]
    public async Task Every_sample_as_a_picture()
    {
        Directory.CreateDirectory(Folder);
        foreach (var level in Enum.GetValues<OverallStatus>())
        {
            await TakeAsync(Wording.Key(level), Samples.Level(level), new(Dark: level is OverallStatus.PartialOutage or OverallStatus.Unknown));
            if (!All) continue;
            await TakeAsync(Wording.Key(level) + "-other", Samples.Level(level), new(Dark: level is not (OverallStatus.PartialOutage or OverallStatus.Unknown)));
            await TakeAsync(Wording.Key(level) + "-360", Samples.Level(level), new(360, Height: 780, Scale: 2));
            await TakeAsync(Wording.Key(level) + "-360-dark", Samples.Level(level), new(360, Dark: true, Height: 780, Scale: 2));
        }

        var stale = await browser.Renderer.RenderAsync(Samples.Level(OverallStatus.Operational), TestContext.Current.CancellationToken);
        await TakeAsync("stale", Samples.Lost(stale), new());
        await TakeAsync("phone", Samples.Level(OverallStatus.Maintenance), new(360, Height: 1000, Scale: 2), whole: false);
        await TakeAsync("history", await browser.Renderer.RenderHistoryAsync(Samples.History(), TestContext.Current.CancellationToken), new(), whole: false);
        if (!All) return;
        await TakeAsync("stale-dark", Samples.Lost(stale), new(Dark: true));
        await TakeAsync("full", Samples.Full(), new());
        await TakeAsync("full-360-dark", Samples.Full(), new(360, Dark: true));
        await TakeAsync("young", Samples.Young(), new());
        await TakeAsync("unborn", Samples.Unborn(), new());
        await TakeAsync("long", Samples.Titled(new string('W', 200), new string('m', 2000)), new());
        await TakeAsync("long-360", Samples.Titled(new string('W', 200), new string('m', 2000)), new(360));
        await TakeAsync("rtl", Samples.Titled("صيانة مجدولة لقاعدة البيانات PostgreSQL 17", "سيتم إيقاف الكتابة لمدة دقيقتين.\nالسطر الثاني.", 2), new());
        await TakeAsync("history-360", await browser.Renderer.RenderHistoryAsync(Samples.History(), TestContext.Current.CancellationToken), new(360, Dark: true));
    }

    private async Task TakeAsync(string name, StatusPageModel model, Screen screen, bool whole = true)
    {
        await using var visit = await browser.OpenAsync(model, screen);
        await SaveAsync(visit, name, whole);
    }

    private async Task TakeAsync(string name, byte[] html, Screen screen, bool whole = true)
    {
        await using var visit = await browser.OpenAsync(html, screen);
        await SaveAsync(visit, name, whole);
    }

    private static Task<byte[]> SaveAsync(Visit visit, string name, bool whole) =>
        visit.Page.ScreenshotAsync(new() { Path = Path.Combine(Folder, name + ".png"), FullPage = whole });

    internal static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Xerotier.sln"))) folder = folder.Parent!;
        return folder.FullName;
    }
}
