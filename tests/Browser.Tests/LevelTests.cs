using Microsoft.Playwright;
using Xerotier.StatusService.Documents.Content;
using Xerotier.StatusService.Model;

namespace Xerotier.Browser.Tests;

public sealed class LevelTests(BrowserFixture browser)
{
    public static TheoryData<OverallStatus> Levels => [.. Enum.GetValues<OverallStatus>()];

    [Theory]
    [MemberData(nameof(Levels))]
    public async Task Every_level_reads_well_in_light_and_dark_on_phone_and_desk(OverallStatus level)
    {
        await using var visit = await browser.OpenAsync(Samples.Level(level), new());
        foreach (var (width, scheme, isNewScheme) in new[] { (1280, ColorScheme.Light, true), (1280, ColorScheme.Dark, false), (360, ColorScheme.Dark, true), (360, ColorScheme.Light, false) })
        {
            TestContext.Current.TestOutputHelper!.WriteLine($"{width} px, {scheme}");
            await visit.Page.SetViewportSizeAsync(width, 900);
            await visit.Page.EmulateMediaAsync(new() { ColorScheme = scheme });

            Assert.Equal(Wording.Label(level), await visit.Page.Locator("h1").InnerTextAsync());
            Assert.Equal(360, await visit.Page.Locator(".bars li").CountAsync());
            Assert.True(await visit.Page.Locator(".bars li").EvaluateAllAsync<double>("bars => Math.min(...bars.map(bar => bar.getBoundingClientRect().width))") > 2.5);
            await (isNewScheme ? AssertSoundAsync(visit) : AssertQuietAsync(visit)); // axe takes seconds: once in each scheme
        }
    }

    [Theory]
    [InlineData(false, 360)]
    [InlineData(true, 1280)]
    public async Task The_fullest_page_reads_well(bool dark, int width)
    {
        await using var visit = await browser.OpenAsync(Samples.Full(), new(width, dark));

        Assert.Equal(50, await visit.Page.Locator("[id^=mw_]").CountAsync()); // none of them twice
        await AssertSoundAsync(visit);
    }

    [Theory]
    [InlineData(false, 360)]
    [InlineData(true, 1280)]
    public async Task A_page_without_history_and_windows_reads_well(bool dark, int width)
    {
        await using var visit = await browser.OpenAsync(dark ? Samples.Unborn() : Samples.Young(), new(width, dark));

        await AssertSoundAsync(visit);
    }

    [Theory]
    [InlineData(false, 1280)]
    [InlineData(true, 360)]
    public async Task A_stale_page_reads_well_and_is_not_green(bool dark, int width)
    {
        var page = await browser.Renderer.RenderAsync(Samples.Level(OverallStatus.Operational), TestContext.Current.CancellationToken);
        await using var visit = await browser.OpenAsync(Samples.Lost(page), new(width, dark));

        Assert.Equal("Live data has been unavailable since 14:03:11 UTC. This is the last known state.", await visit.Page.Locator("#stale").InnerTextAsync());
        var green = await visit.Page.EvaluateAsync<string>("getComputedStyle(document.querySelector('.bars .o')).getPropertyValue('--c')");
        Assert.NotEqual(green, await visit.Page.EvaluateAsync<string>("getComputedStyle(document.querySelector('.hero')).getPropertyValue('--c')"));
        Assert.NotEqual(green, await visit.Page.EvaluateAsync<string>("getComputedStyle(document.querySelector('.state')).getPropertyValue('--c')"));
        await AssertSoundAsync(visit);
    }

    [Theory]
    [InlineData(false, 360)]
    [InlineData(true, 1280)]
    public async Task An_incidents_own_page_reads_well(bool dark, int width)
    {
        await using var visit = await browser.OpenAsync(await browser.Renderer.RenderIncidentAsync(Samples.IncidentPage(), stale: false, TestContext.Current.CancellationToken), new(width, dark));

        Assert.Equal("Slow first tokens on shared agents", await visit.Page.Locator("h1").InnerTextAsync());
        Assert.Equal(["Resolved", "Monitoring", "Identified", "Investigating"], await visit.Page.Locator(".update b").AllInnerTextsAsync());
        Assert.Contains("posted 2 h later · edited", await visit.Page.Locator(".update").Nth(2).InnerTextAsync());
        await AssertSoundAsync(visit);
    }

    [Theory]
    [InlineData(false, 360)]
    [InlineData(true, 1280)]
    public async Task The_history_reads_well(bool dark, int width)
    {
        await using var visit = await browser.OpenAsync(await browser.Renderer.RenderHistoryAsync(Samples.History(), TestContext.Current.CancellationToken), new(width, dark));

        Assert.Equal("November 2026", await visit.Page.Locator("h1").InnerTextAsync());
        Assert.Equal("/status/history?month=2026-10", await visit.Page.Locator("nav a[rel=prev]").GetAttributeAsync("href"));
        Assert.Equal(0, await visit.Page.Locator("nav a[rel=next]").CountAsync());
        Assert.Equal(4 * 23, await visit.Page.Locator(".cells a").CountAsync());
        Assert.True(await visit.Page.EvaluateAsync<bool>("(async () => { const icon = new Image(); icon.src = document.querySelector('link[rel=icon]').href; await icon.decode(); return true; })()"));
        await AssertSoundAsync(visit);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Marks_have_a_contrast_of_3_to_1_words_of_4_5_to_1_and_those_of_a_level_5_5_to_1(bool dark)
    {
        await using var visit = await browser.OpenAsync(Samples.Level(OverallStatus.Operational), new(Dark: dark));
        var colours = await visit.Page.EvaluateAsync<string[][]>("""
            () => {
              const brush = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
              const painted = (...colours) => {
                for (const colour of colours) { brush.fillStyle = colour; brush.fillRect(0, 0, 1, 1); }
                return '#' + [...brush.getImageData(0, 0, 1, 1).data].slice(0, 3).map(part => part.toString(16).padStart(2, '0')).join('');
              };
              const root = getComputedStyle(document.documentElement), of = name => painted(root.getPropertyValue('--' + name));
              const states = ['ok', 'degraded', 'partial', 'outage', 'work', 'unknown'];
              const pairs = ['text', 'text-2', 'text-3', 'accent', ...states.flatMap(c => [c, c + '-text'])].map(name => [name, of(name), of('bg')]);
              const hero = document.querySelector('.hero');
              for (const level of ['operational', 'degraded', 'unknown', 'partial_outage', 'major_outage', 'maintenance']) {
                hero.className = 'hero ' + level;
                const tint = painted(root.getPropertyValue('--bg'), getComputedStyle(hero).backgroundColor);
                pairs.push([level + ' icon', painted(getComputedStyle(hero.querySelector('svg')).fill), tint]);
                pairs.push([level + '-text', painted(getComputedStyle(hero.querySelector('h1')).color), tint]);
                pairs.push([level + ' sentence-text', painted(getComputedStyle(hero.querySelector('p')).color), tint]);
              }
              return pairs;
            }
            """);

        Assert.Equal(16 + 18, colours.Length);
        foreach (var (name, colour, ground) in colours.Select(pair => (pair[0], pair[1], pair[2])))
        {
            var least = name.EndsWith("-text", StringComparison.Ordinal) ? 5.5 : name is "text" or "text-2" or "text-3" or "accent" ? 4.5 : 3;
            Assert.True(Contrast(colour, ground) >= least, $"{name} {colour} on {ground}: {Contrast(colour, ground):0.00}");
        }
    }

    [Fact]
    public async Task The_page_of_a_visitor_without_script_says_all_that_the_other_says()
    {
        await using var with = await browser.OpenAsync(Samples.Full(), new());
        await using var without = await browser.OpenAsync(Samples.Full(), new(Script: false));

        await with.Page.EvaluateAsync("for (const own of document.querySelectorAll('.live, #zone')) own.remove()"); // how long ago, and the switch of the zone: a script's own
        await without.Page.EvaluateAsync("for (const own of document.querySelectorAll('.live, #zone')) own.remove()");
        var texts = (await with.Page.Locator("main").TextContentAsync(), await without.Page.Locator("main").TextContentAsync());
        Assert.Equal(texts.Item1, texts.Item2);
        Assert.All(Samples.Full().Windows.Recent, window => Assert.Contains(window.Description, texts.Item2!));
        Assert.All(Samples.Full().Components.SelectMany(indicator => indicator.Days), day => Assert.Contains(Wording.AppendLines(new(), day).ToString(), texts.Item2!));
        await without.Page.Locator("#recent summary").First.ClickAsync();
        Assert.True(await without.Page.Locator("#recent .text").First.IsVisibleAsync());
        Assert.Single(without.Requested);
    }

    [Fact]
    public async Task A_print_shows_folded_descriptions_and_stays_white()
    {
        await using var visit = await browser.OpenAsync(Samples.Full(), new(Dark: true));
        await visit.Page.EmulateMediaAsync(new() { Media = Media.Print, ColorScheme = ColorScheme.Dark });

        Assert.Equal("rgb(255, 255, 255)", await visit.Page.EvaluateAsync<string>("getComputedStyle(document.body).backgroundColor"));
        Assert.Equal("rgb(14, 112, 64)", await visit.Page.Locator(".state.operational").First.EvaluateAsync<string>("state => getComputedStyle(state).color"));
        Assert.True(await visit.Page.Locator("#recent .text").First.EvaluateAsync<int>("text => text.offsetHeight") > 0);
        Assert.Equal("none", await visit.Page.Locator("#recent summary h3").First.EvaluateAsync<string>("title => getComputedStyle(title, '::after').display")); // nothing to unfold
    }

    [Fact]
    public async Task In_a_visitors_own_colours_the_stale_icon_keeps_its_body()
    {
        var page = await browser.Renderer.RenderAsync(Samples.Level(OverallStatus.Operational), TestContext.Current.CancellationToken);
        await using var visit = await browser.OpenAsync(Samples.Lost(page), new());
        await visit.Page.EmulateMediaAsync(new() { ForcedColors = ForcedColors.Active });

        var colours = await visit.Page.Locator(".hero").EvaluateAsync<string[]>("""
            hero => [getComputedStyle(hero).backgroundColor, getComputedStyle(hero.querySelector('svg')).fill, getComputedStyle(hero.querySelector('.k')).stroke]
            """);
        Assert.NotEqual(colours[0], colours[1]);
        Assert.NotEqual(colours[1], colours[2]);
    }

    internal static async Task AssertSoundAsync(Visit visit)
    {
        await AssertQuietAsync(visit);
        Assert.Empty(await visit.ViolationsAsync());
    }

    internal static async Task AssertQuietAsync(Visit visit)
    {
        Assert.Equal(0, await visit.OverflowAsync());
        Assert.Empty(visit.Complaints);
        Assert.Equal([visit.Server.Address + visit.Path], visit.Requested);
    }

    private static double Contrast(string one, string other)
    {
        var (a, b) = (Luminance(one), Luminance(other));
        return (Math.Max(a, b) + 0.05) / (Math.Min(a, b) + 0.05);
    }

    /// <summary>Relative luminance of WCAG 2.2 of <c>#rgb</c> or <c>#rrggbb</c>.</summary>
    private static double Luminance(string colour)
    {
        var hex = colour.Length == 4 ? string.Concat(colour[1..].Select(digit => $"{digit}{digit}")) : colour[1..];
        var parts = Convert.FromHexString(hex).Select(part => part / 255.0).Select(part => part <= 0.04045 ? part / 12.92 : Math.Pow((part + 0.055) / 1.055, 2.4)).ToArray();
        return (0.2126 * parts[0]) + (0.7152 * parts[1]) + (0.0722 * parts[2]);
    }
}
