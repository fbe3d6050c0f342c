using Microsoft.Playwright;
using Xerotier.ServiceDefaults.Site;
using Xerotier.StatusService.Documents.Content;
using Xerotier.StatusService.Documents.Page;
using Xerotier.StatusService.Model;
using Xerotier.TestKit;

namespace Xerotier.Browser.Tests;

/// <summary>Makes the images in Gateway/Page/Images (eng/previews); explicit, so that ordinary runs pass it by.</summary>
public sealed class Previews(BrowserFixture browser)
{
    private static readonly string Folder = Path.Combine(Solution.Folder, "Gateway", "Page", "Images");

    [Fact(Explicit = true)]
    public async Task Every_level_as_a_preview_and_the_icon()
    {
        Directory.CreateDirectory(Folder);
        await using var visit = await browser.OpenAsync([], new());
        var page = await visit.Page.Context.NewPageAsync(); // of no server, so under no policy
        foreach (var level in Enum.GetValues<OverallStatus>())
        {
            await TakeAsync(page, Wording.Key(level), 1200, 630, $$"""
                <style>
                body { display: flex; gap: 56px; align-items: center; height: 630px; padding: 0 96px; background: var(--b); border-bottom: 24px solid var(--c); }
                svg { width: 168px; height: 168px; } .k { stroke: var(--b); }
                h1 { color: var(--t); font-size: 92px; line-height: 1.1; }
                </style><body class="{{Wording.Key(level)}}">{{Icons.Of(level)}}<h1>{{Wording.Label(level)}}</h1>
                """);
        }

        await TakeAsync(page, "icon", 180, 180, """
            <style>body { height: 180px; background: var(--text); } i { position: absolute; top: 48px; width: 20px; height: 84px; border-radius: 6px; background: var(--bg); }
            i:nth-child(1) { left: 44px; } i:nth-child(2) { left: 80px; } i:nth-child(3) { left: 116px; background: var(--ok); }</style><body><i></i><i></i><i></i>
            """);
    }

    private static async Task TakeAsync(IPage page, string name, int width, int height, string html)
    {
        await page.SetViewportSizeAsync(width, height);
        await page.SetContentAsync("<!DOCTYPE html>" + PageShell.Style + html);
        await page.ScreenshotAsync(new() { Path = Path.Combine(Folder, name + ".png") });
    }
}
