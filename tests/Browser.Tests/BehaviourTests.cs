using Microsoft.Playwright;
using Xerotier.StatusService.Documents.Page;
using Xerotier.StatusService.Model;

namespace Xerotier.Browser.Tests;

public sealed class BehaviourTests(BrowserFixture browser)
{
    [Fact]
    public async Task The_keyboard_reaches_everything_in_order_with_its_focus_in_sight()
    {
        await using var visit = await browser.OpenAsync(Samples.Level(OverallStatus.Maintenance), new(360));
        var stops = new List<string>();
        for (var i = 0; i < 40; i++)
        {
            await visit.Page.Keyboard.PressAsync("Tab");
            var stop = await visit.Page.EvaluateAsync<string?>("""
                () => {
                  const at = document.activeElement;
                  if (!at || at === document.body) return null;
                  const box = at.getBoundingClientRect(), style = getComputedStyle(at);
                  if (style.outlineStyle === 'none' || parseFloat(style.outlineWidth) < 2) return 'no outline on ' + at.outerHTML;
                  if (box.bottom < 0 || box.top > innerHeight) return 'out of sight: ' + at.outerHTML;
                  return at.tagName + ' ' + (at.closest('[id]')?.id ?? '');
                }
                """);
            if (stop is null || (stops.Count > 0 && stop == stops[0])) break;
            stops.Add(stop);
        }

        var windows = Samples.Level(OverallStatus.Maintenance).Windows.Recent.Where(window => window.Description.Length > 0).Select(window => $"SUMMARY r-{window.Id}");
        Assert.Equal(["A ", "LI s0", "LI s1", "LI s2", "LI s3", .. windows, "A foot", "A foot"], stops);
    }

    [Fact]
    public async Task A_folded_description_opens_by_keyboard()
    {
        await using var visit = await browser.OpenAsync(Samples.Level(OverallStatus.Operational), new());
        var text = visit.Page.Locator("#recent .text").First;
        Assert.False(await text.IsVisibleAsync());

        await visit.Page.Locator("#recent summary").First.FocusAsync();
        await visit.Page.Keyboard.PressAsync("Enter");

        Assert.True(await text.IsVisibleAsync());
    }

    [Fact]
    public async Task A_day_tells_its_text_to_pointer_and_arrow_keys_and_Escape_hides_it()
    {
        await using var visit = await browser.OpenAsync(Samples.Level(OverallStatus.Operational), new(360));
        var days = Samples.Level(OverallStatus.Operational).Components[1].Days;
        var bars = visit.Page.Locator("#s1 .bars li");

        await bars.Nth(70).HoverAsync();
        Assert.Equal(Wording.Day(days[70]), await Shown());
        await visit.Page.Keyboard.PressAsync("Escape");
        Assert.Null(await Shown());

        await visit.Page.Mouse.MoveAsync(5, 5);
        await bars.Nth(89).FocusAsync();
        Assert.Equal(Wording.Day(days[89]), await Shown());
        await visit.Page.Keyboard.PressAsync("ArrowLeft");
        await visit.Page.Keyboard.PressAsync("ArrowLeft");
        Assert.Equal(Wording.Day(days[87]), await Shown());
        await visit.Page.Keyboard.PressAsync("ArrowRight");
        Assert.Equal(Wording.Day(days[88]), await Shown());
        await visit.Page.Keyboard.PressAsync("Home");
        Assert.Equal(Wording.Day(days[0]), await Shown());
        await visit.Page.Keyboard.PressAsync("End");
        Assert.Equal(Wording.Day(days[89]), await Shown());
        Assert.True(await visit.Page.EvaluateAsync<bool>("""
            () => document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowLeft', altKey: true, bubbles: true, cancelable: true }))
            """)); // the way back is the browser's
        Assert.Equal(Wording.Day(days[89]), await Shown());
        Assert.Equal(0, await visit.OverflowAsync());
        Assert.Empty(visit.Complaints);

        Task<string?> Shown() => visit.Page.EvaluateAsync<string?>("""
            () => {
              const text = [...document.querySelectorAll('.bars span')].find(text => getComputedStyle(text).clipPath === 'none');
              if (!text) return null;
              const box = text.getBoundingClientRect(), list = text.closest('ol').getBoundingClientRect();
              return box.left === list.left && box.right === list.right && box.top === list.bottom ? text.textContent : 'misplaced: ' + JSON.stringify(box);
            }
            """);
    }

    [Fact]
    public async Task A_pointer_can_follow_a_day_to_its_text()
    {
        await using var visit = await browser.OpenAsync(Samples.Level(OverallStatus.Operational), new());
        var bar = visit.Page.Locator("#s1 .bars li").Nth(40);
        await bar.HoverAsync();
        var box = (await bar.BoundingBoxAsync())!;
        for (var below = box.Height / 2; below < box.Height + 20; below++)
        {
            await visit.Page.Mouse.MoveAsync(box.X + (box.Width / 2), box.Y + below);
            Assert.True(await bar.EvaluateAsync<bool>("bar => bar.matches(':hover') && getComputedStyle(bar.firstChild).clipPath === 'none'"), $"{below} px below the bar's top the text is gone.");
        }
    }

    [Fact]
    public async Task On_a_phone_the_text_of_a_day_ends_above_the_next_heading()
    {
        await using var visit = await browser.OpenAsync(Samples.Level(OverallStatus.Operational), new(360));
        var places = await visit.Page.EvaluateAsync<double[]>("""
            async () => {
              const heading = document.querySelector('#s2 h3').getBoundingClientRect().top, heights = [], overlaps = [];
              for (const day of document.querySelectorAll('#s1 .bars li')) {
                day.tabIndex = 0;
                day.focus({ preventScroll: true });
                const text = day.firstChild.getBoundingClientRect();
                heights.push(text.height);
                overlaps.push(text.bottom - heading);
              }
              return [Math.max(...heights), Math.max(...overlaps)];
            }
            """);
        Assert.True(places[0] > 35, "No text takes two lines.");
        Assert.True(places[1] <= 0, $"{places[1]} px over it");
    }

    [Fact]
    public async Task A_visitors_larger_text_is_larger_everywhere()
    {
        await using var visit = await browser.OpenAsync(Samples.Level(OverallStatus.Maintenance), new(360));
        const string Sizes = "[...document.querySelectorAll('h1, h2, h3, p, b, small, li, summary, header a')].map(e => parseFloat(getComputedStyle(e).fontSize))";
        var before = await visit.Page.EvaluateAsync<double[]>(Sizes);
        await visit.Page.EvaluateAsync("document.documentElement.style.fontSize = '32px'");

        Assert.Equal(before.Select(size => size * 2), await visit.Page.EvaluateAsync<double[]>(Sizes));
        Assert.Equal(0, await visit.OverflowAsync());
    }

    [Fact]
    public async Task Times_are_told_in_the_visitors_zone_with_UTC_at_hand()
    {
        await using var visit = await browser.OpenAsync(Samples.Level(OverallStatus.Degraded), new(Zone: "America/New_York"));

        Assert.Contains("since 08:53 GMT-5.", await visit.Page.Locator(".banner p").InnerTextAsync());
        Assert.Equal("13:53 UTC", await visit.Page.Locator(".banner time").GetAttributeAsync("title"));
        Assert.StartsWith("21 Nov 2026, 09:02 – 09:32 GMT-5", await visit.Page.Locator("#recent small").First.InnerTextAsync());
        Assert.Equal("Generated 23 Nov 2026, 09:02:30 GMT-5", await visit.Page.Locator("#foot p").First.InnerTextAsync());
        Assert.Empty(visit.Complaints);
    }

    [Fact]
    public async Task A_time_gets_its_date_when_the_visitors_day_turns()
    {
        await using var visit = await browser.OpenAsync(Samples.Level(OverallStatus.Degraded), new(Zone: "America/New_York"));
        await visit.Page.Clock.SetFixedTimeAsync(new DateTime(2026, 11, 24, 5, 0, 1, DateTimeKind.Utc)); // a page that says the same, a second after midnight
        await visit.RefreshAsync();

        await Assertions.Expect(visit.Page.Locator(".banner p")).ToContainTextAsync("since 23 Nov 2026, 08:53 GMT-5.");
        Assert.Empty(visit.Complaints);
    }

    [Theory]
    [InlineData("UTC", "14:02:30 UTC")]
    [InlineData("America/New_York", "09:02:30 GMT-5")]
    public async Task A_loss_that_outlasts_the_day_is_told_with_its_date(string zone, string time)
    {
        await using var visit = await browser.OpenAsync(Samples.Level(OverallStatus.Operational), new(Zone: zone));
        visit.Server.Lose(visit.Path);
        await visit.RefreshAsync();
        await Assertions.Expect(visit.Page.Locator("#lost")).ToContainTextAsync($"since {time}.");

        await visit.Page.Clock.SetFixedTimeAsync(Samples.Now.UtcDateTime.AddHours(16));
        await visit.RefreshAsync();
        await Assertions.Expect(visit.Page.Locator("#lost")).ToContainTextAsync($"since 23 Nov 2026, {time}.");
    }

    [Fact]
    public async Task A_range_within_a_UTC_day_that_turns_the_local_day_names_both_days()
    {
        await using var visit = await browser.OpenAsync(Samples.Level(OverallStatus.Degraded), new(Zone: "Asia/Tokyo"));

        Assert.StartsWith("21 Nov 2026, 23:02 – 23:32 GMT+9", await visit.Page.Locator("#recent small").First.InnerTextAsync());
        var across = Samples.Window(1, "completed", new(2026, 11, 20, 14, 30, 0, TimeSpan.Zero), TimeSpan.FromHours(1), "info", [], "Across", "");
        var model = Samples.Level(OverallStatus.Operational);
        await using var second = await browser.OpenAsync(model with { Windows = model.Windows with { Recent = [across] } }, new(Zone: "Asia/Tokyo"));
        Assert.StartsWith("20 Nov 2026, 23:30 – 21 Nov 2026, 00:30 GMT+9", await second.Page.Locator("#recent small").First.InnerTextAsync());
    }

    [Fact]
    public async Task News_arrives_quietly_and_keeps_scroll_focus_and_opened_details()
    {
        await using var visit = await browser.OpenAsync(Samples.Full(), new(360));
        var page = visit.Page;
        await page.Locator("#recent details").Nth(7).EvaluateAsync("details => details.open = true");
        var open = await page.Locator("#recent details").Nth(7).EvaluateAsync<string>("details => details.closest('[id]').id");
        await page.Locator("#recent details").Nth(8).Locator("summary").FocusAsync();
        var (scroll, held) = (await page.EvaluateAsync<double>("scrollY"), await page.Locator("#recent details").Nth(8).EvaluateAsync<string>("details => details.closest('[id]').id"));

        var news = Samples.Full(8);
        var recent = news.Windows.Recent.Select((window, i) => i == 40 ? window with { Title = "Changed meanwhile" } : window).ToList();
        var snapshot = await browser.Renderer.RenderAsync(news with { Overall = OverallStatus.Degraded, Windows = news.Windows with { Recent = recent } }, TestContext.Current.CancellationToken);
        visit.Server.Show(visit.Path, snapshot.Html.Identity.ToByteArray());
        await visit.RefreshAsync();

        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("Degraded Performance");
        await Assertions.Expect(page.Locator("#recent")).ToContainTextAsync("Changed meanwhile");
        Assert.Equal("Degraded Performance – Xerotier Status", await page.TitleAsync());
        Assert.Equal(10_000, await page.EvaluateAsync<int>("window.refreshesEvery"));
        Assert.Equal(held, await page.EvaluateAsync<string>("document.activeElement.closest('[id]').id"));
        Assert.Equal([open], await page.EvaluateAsync<string[]>("[...document.querySelectorAll('details[open]')].map(details => details.closest('[id]').id)"));
        Assert.Equal(scroll, await page.EvaluateAsync<double>("scrollY"), 100.0);
        Assert.Empty(visit.Complaints);
    }

    [Fact]
    public async Task News_keep_the_focused_day()
    {
        await using var visit = await browser.OpenAsync(Samples.Full(), new());
        await visit.Page.Locator("#s2 .bars li").Nth(89).FocusAsync();
        await visit.Page.Keyboard.PressAsync("ArrowLeft");

        var snapshot = await browser.Renderer.RenderAsync(Samples.Full(8), TestContext.Current.CancellationToken);
        visit.Server.Show(visit.Path, snapshot.Html.Identity.ToByteArray());
        await visit.RefreshAsync();

        await Assertions.Expect(visit.Page.Locator("#s2 .bars li").Nth(88)).ToContainTextAsync(Wording.Day(Samples.Full(8).Components[2].Days[88]));
        Assert.Equal(88, await visit.Page.EvaluateAsync<int>("[...document.querySelectorAll('#s2 .bars li')].indexOf(document.activeElement)"));
    }

    [Theory]
    [InlineData(1280)]
    [InlineData(360)]
    public async Task A_page_that_cannot_be_refreshed_says_since_when_until_it_can(int width)
    {
        var snapshot = await browser.Renderer.RenderAsync(Samples.Level(OverallStatus.Operational), TestContext.Current.CancellationToken);
        await using var visit = await browser.OpenAsync(snapshot.Html.Identity.ToByteArray(), new(width));
        var (lost, main) = (visit.Page.Locator("#lost"), visit.Page.Locator("main"));
        await visit.Page.Clock.SetFixedTimeAsync(new DateTime(2026, 11, 23, 7, 5, 9, DateTimeKind.Utc));
        await visit.RefreshAsync();
        await Assertions.Expect(main).ToHaveClassAsync("");
        await Assertions.Expect(lost).ToBeHiddenAsync();

        visit.Server.Lose(visit.Path);
        await visit.Page.Clock.SetFixedTimeAsync(new DateTime(2026, 11, 23, 7, 6, 30, DateTimeKind.Utc));
        await visit.RefreshAsync();
        await Assertions.Expect(lost).ToHaveTextAsync("This page could not be refreshed since 07:05:09 UTC. What you see may be out of date.");
        await Assertions.Expect(main).ToHaveClassAsync("was");
        Assert.Equal("Last known: All Systems Operational – Xerotier Status", await visit.Page.TitleAsync());
        Assert.Equal(Icons.Favicon(null), await visit.Page.Locator("link[rel=icon]").GetAttributeAsync("href"));
        var places = await lost.EvaluateAsync<double[]>("""
            lost => {
              const time = lost.querySelector('time').getBoundingClientRect(), text = lost.querySelector('p').getBoundingClientRect();
              return [text.width / lost.clientWidth, time.height, text.height];
            }
            """);
        Assert.True(places[0] > 0.8 && places[1] < 30 && places[2] < (width > 400 ? 60 : 120), string.Join(", ", places)); // one sentence, not columns

        visit.Server.Show(visit.Path, snapshot.Html.Identity.ToByteArray());
        await visit.RefreshAsync();
        await Assertions.Expect(lost).ToBeHiddenAsync();
        Assert.Equal("", await main.GetAttributeAsync("class"));
        Assert.Equal("All Systems Operational – Xerotier Status", await visit.Page.TitleAsync());
        Assert.Equal(Icons.Favicon(OverallStatus.Operational), await visit.Page.Locator("link[rel=icon]").GetAttributeAsync("href"));
    }

    [Fact]
    public async Task Selected_text_stays_while_the_rest_is_refreshed_and_for_long_is_said()
    {
        await using var visit = await browser.OpenAsync(Samples.Full(), new());
        var (page, recent, lost) = (visit.Page, visit.Page.Locator("#recent"), visit.Page.Locator("#lost"));
        await page.EvaluateAsync("getSelection().selectAllChildren(document.querySelector('#recent b'))");
        var selected = await page.EvaluateAsync<string>("getSelection().toString()");
        var news = Samples.Full(8);
        var windows = news.Windows.Recent.Select((window, i) => i == 40 ? window with { Title = "Changed meanwhile" } : window).ToList();
        var snapshot = await browser.Renderer.RenderAsync(news with { Overall = OverallStatus.Degraded, Windows = news.Windows with { Recent = windows } }, TestContext.Current.CancellationToken);
        visit.Server.Show(visit.Path, snapshot.Html.Identity.ToByteArray());

        await visit.RefreshAsync();
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("Degraded Performance");
        Assert.Equal(selected, await page.EvaluateAsync<string>("getSelection().toString()"));
        Assert.DoesNotContain("Changed meanwhile", await recent.TextContentAsync());
        await Assertions.Expect(lost).ToBeHiddenAsync();

        await page.Clock.SetFixedTimeAsync(Samples.Now.UtcDateTime.AddSeconds(62));
        await visit.RefreshAsync();
        await Assertions.Expect(lost).ToBeVisibleAsync();

        await page.EvaluateAsync("getSelection().removeAllRanges()");
        await visit.RefreshAsync();
        await Assertions.Expect(recent).ToContainTextAsync("Changed meanwhile");
        await Assertions.Expect(lost).ToBeHiddenAsync();
        Assert.Equal("", await page.Locator("main").GetAttributeAsync("class"));
    }

    [Fact]
    public async Task A_stale_page_arrives_in_an_open_tab_and_leaves_it_again()
    {
        var snapshot = await browser.Renderer.RenderAsync(Samples.Level(OverallStatus.Operational), TestContext.Current.CancellationToken);
        await using var visit = await browser.OpenAsync(snapshot.Html.Identity.ToByteArray(), new());

        visit.Server.Show(visit.Path, Samples.Lost(snapshot));
        await visit.RefreshAsync();
        await Assertions.Expect(visit.Page.Locator("#stale")).ToContainTextAsync("This is the last known state.");
        Assert.Equal("was", await visit.Page.Locator("main").GetAttributeAsync("class"));

        visit.Server.Show(visit.Path, snapshot.Html.Identity.ToByteArray());
        await visit.RefreshAsync();
        await Assertions.Expect(visit.Page.Locator("#stale")).ToBeEmptyAsync();
        Assert.Equal("", await visit.Page.Locator("main").GetAttributeAsync("class"));
    }
}
