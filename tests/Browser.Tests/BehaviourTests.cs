using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Playwright;
using Xerotier.ServiceDefaults.Site;
using Xerotier.StatusService.Documents.Content;
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
        for (var i = 0; i < 60; i++)
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
            if (stop is null || (stops.Count > 3 && stop == stops[0])) break;
            stops.Add(stop);
        }

        var log = Samples.Level(OverallStatus.Maintenance).Windows.Recent.Where(window => window.Status is not (WindowStatus.Active or WindowStatus.Scheduled) && window.Description.Length > 0).Select(window => $"SUMMARY {window.Id}");
        string[] incidents = ["A inc_0sample", "A inc_0sample", "A inc_1sample", "A inc_1sample"]; // each with its title and all of its updates
        string[] footer = [.. Enumerable.Repeat("A foot", 5)];
        Assert.Equal(["A ", "A ", "A ", "SUMMARY ", "LI s0", "A s0", "LI s1", "A s1", "LI s2", "A s2", "LI s3", "A s3", "A s3", "A mw_385sample", .. incidents, .. log, .. footer], stops);
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
        var component = Samples.Level(OverallStatus.Operational).Components[1];
        var days = component.Days;
        var bars = visit.Page.Locator("#s1 .bars > li");

        await bars.Nth(70).HoverAsync();
        Assert.Equal(Lines(days[70]), await Shown());
        await visit.Page.Keyboard.PressAsync("Escape");
        Assert.Null(await Shown());

        await visit.Page.Mouse.MoveAsync(5, 5);
        await bars.Nth(89).FocusAsync();
        Assert.Equal(Lines(days[89]), await Shown());
        await visit.Page.Keyboard.PressAsync("ArrowLeft");
        await visit.Page.Keyboard.PressAsync("ArrowLeft");
        Assert.Equal(Lines(days[87]), await Shown());
        await visit.Page.Keyboard.PressAsync("ArrowRight");
        Assert.Equal(Lines(days[88]), await Shown());
        await visit.Page.Keyboard.PressAsync("Home");
        Assert.Equal(Lines(days[0]), await Shown());
        await visit.Page.Keyboard.PressAsync("End");
        Assert.Equal(Lines(days[89]), await Shown());
        Assert.True(await visit.Page.EvaluateAsync<bool>("""
            () => document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowLeft', altKey: true, bubbles: true, cancelable: true }))
            """)); // the way back is the browser's
        Assert.Equal(Lines(days[89]), await Shown());
        Assert.Equal(0, await visit.OverflowAsync());
        Assert.Empty(visit.Complaints);

        string Lines(Day day) => Wording.AppendLines(new(), day) + string.Concat(component.Incidents.GetValueOrDefault(day.Date, []).Select(incident => $"\n{incident.Title}"));

        Task<string?> Shown() => visit.Page.EvaluateAsync<string?>("""
            () => {
              const text = [...document.querySelectorAll('.bars p')].find(text => getComputedStyle(text).clipPath === 'none');
              if (!text) return null;
              const box = text.getBoundingClientRect(), list = text.closest('ol').getBoundingClientRect(), bar = text.closest('li').getBoundingClientRect();
              return box.left >= list.left - 1 && box.right <= list.right + 1 && box.left <= bar.left + 1 && box.right >= bar.right - 1 && Math.abs(box.bottom - list.top + 8) < 1 && Math.abs(box.width - 280) < 1
                ? text.firstChild.data : 'misplaced: ' + JSON.stringify([box, list, bar]);
            }
            """);
    }

    [Fact]
    public async Task A_day_names_the_incidents_that_touched_it_and_leads_to_their_pages()
    {
        await using var visit = await browser.OpenAsync(Samples.Level(OverallStatus.PartialOutage), new());
        var bar = visit.Page.Locator("#s1 .bars > li").Nth(89);
        Assert.EndsWith("\nElevated errors in us-east", await bar.Locator("p").EvaluateAsync<string>("text => text.firstChild.data")); // without script, too
        await bar.HoverAsync();
        var link = bar.GetByRole(AriaRole.Link, new() { Name = "Elevated errors in us-east" });
        Assert.EndsWith("/incidents/inc_0sample", await link.GetAttributeAsync("href"));
        await visit.Page.Mouse.MoveAsync(5, 5);
        await bar.FocusAsync();
        await visit.Page.Keyboard.PressAsync("Tab");
        Assert.Equal("inc_0sample", (await visit.Page.EvaluateAsync<string>("document.activeElement.href")).Split('/')[^1]);
        Assert.Empty(visit.Complaints);
    }

    [Fact]
    public async Task What_there_is_to_subscribe_to_opens_without_script_and_covers_nothing_that_it_hides()
    {
        await using var visit = await browser.OpenAsync(Samples.Level(OverallStatus.Operational), new(360, Script: false));
        var menu = visit.Page.Locator(".menu");
        Assert.False(await menu.Locator("ul").IsVisibleAsync());
        await menu.Locator("summary").ClickAsync();
        Assert.Equal(
            ["History (Atom)", "History (RSS)", "Updates (Atom)", "Updates (JSON Feed)", "Maintenance calendar", "Slack: /feed subscribe http://localhost:8080/status/updates.atom", "Webhook: with a project key"],
            await menu.Locator("li").AllInnerTextsAsync());
        Assert.Equal(0, await visit.OverflowAsync());
        var box = (await menu.Locator("ul").BoundingBoxAsync())!;
        Assert.True(box.X >= 0 && box.X + box.Width <= 360, $"{box.X} {box.Width}");
        Assert.Equal(["/status/history.atom", "/status/history.rss", "/status/updates.atom", "/status/updates.json"], await visit.Page.Locator("link[rel=alternate]").EvaluateAllAsync<string[]>("all => all.map(each => each.getAttribute('href'))"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Where_mail_is_set_up_it_is_the_first_way_to_subscribe(bool script)
    {
        using var renderer = new PageRenderer(NullLoggerFactory.Instance, new Brand(new() { OffersEmail = true }));
        var page = await renderer.RenderAsync(Samples.Level(OverallStatus.Operational), TestContext.Current.CancellationToken);
        await using var visit = await browser.OpenAsync(page.Html.Identity.ToByteArray(), new(360, Script: script));
        var menu = visit.Page.Locator(".menu");
        await menu.Locator("summary").ClickAsync();
        var first = menu.Locator("li").First;
        Assert.True(await first.IsVisibleAsync());
        Assert.Equal("E-mail", await first.InnerTextAsync());
        Assert.Equal("/status/subscribe", await first.Locator("a").GetAttributeAsync("href"));
        Assert.Equal("/docs", await menu.Locator("li").Last.Locator("a").GetAttributeAsync("href"));
        Assert.Equal(0, await visit.OverflowAsync());
        Assert.Empty(visit.Complaints);
    }

    [Fact]
    public async Task A_pointer_can_follow_a_day_to_its_links()
    {
        await using var visit = await browser.OpenAsync(Samples.Level(OverallStatus.Operational), new());
        foreach (var at in new[] { 0, 40, 89 })
        {
            var bar = visit.Page.Locator("#s1 .bars > li").Nth(at);
            await visit.Page.Mouse.MoveAsync(5, 5);
            var box = (await bar.BoundingBoxAsync())!;
            for (var above = -box.Height / 2; above < 70; above += 3)
            {
                await visit.Page.Mouse.MoveAsync(box.X + (box.Width / 2), box.Y - above);
                Assert.True(await bar.EvaluateAsync<bool>("bar => bar.matches(':hover') && getComputedStyle(bar.firstChild).clipPath === 'none'"), $"{above} px above the bar {at}'s top the text is gone.");
            }
        }

        await visit.Page.Locator("#s1 .bars > li").Nth(87).HoverAsync();
        Assert.Equal(["Database upgrade to PostgreSQL 17", "Open day"], await visit.Page.Locator("#s1 .bars > li:nth-child(88) a").AllInnerTextsAsync());
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

        Assert.Contains("since 08:53 GMT-5 (9 min).", await visit.Page.Locator(".hero p:not(.live)").InnerTextAsync());
        Assert.Equal("13:53 UTC", await visit.Page.Locator(".hero time").GetAttributeAsync("title"));
        Assert.StartsWith("21 Nov 2026, 09:02 – 09:32 GMT-5", await visit.Page.Locator("#recent .small").First.InnerTextAsync());
        Assert.Equal("Updated 23 Nov 2026, 09:02:30 GMT-5", await visit.Page.Locator("#foot > :last-child").InnerTextAsync());
        Assert.Empty(visit.Complaints);
    }

    [Fact]
    public async Task A_time_gets_its_date_when_the_visitors_day_turns()
    {
        await using var visit = await browser.OpenAsync(Samples.Level(OverallStatus.Degraded), new(Zone: "America/New_York"));
        await visit.Page.Clock.SetFixedTimeAsync(new DateTime(2026, 11, 24, 5, 0, 1, DateTimeKind.Utc)); // a page that says the same, a second after midnight
        await visit.RefreshAsync();

        await Assertions.Expect(visit.Page.Locator(".hero p:not(.live)")).ToContainTextAsync("since 23 Nov 2026, 08:53 GMT-5 (9 min).");
        Assert.Empty(visit.Complaints);
    }

    [Theory]
    [InlineData("UTC", "14:02:30 UTC")]
    [InlineData("America/New_York", "09:02:30 GMT-5")]
    public async Task A_loss_that_outlasts_the_day_is_told_with_its_date(string zone, string time)
    {
        await using var visit = await browser.OpenAsync(Samples.Level(OverallStatus.Operational), new(Zone: zone));
        visit.Server.Lose(visit.Path);
        await FailAsync(visit, 3);
        await Assertions.Expect(visit.Page.Locator("#lost")).ToContainTextAsync($"since {time}.");

        await visit.Page.Clock.SetFixedTimeAsync(Samples.Now.UtcDateTime.AddHours(16));
        await visit.RefreshAsync();
        await Assertions.Expect(visit.Page.Locator("#lost")).ToContainTextAsync($"since 23 Nov 2026, {time}.");
    }

    [Fact]
    public async Task A_range_within_a_UTC_day_that_turns_the_local_day_names_both_days()
    {
        await using var visit = await browser.OpenAsync(Samples.Level(OverallStatus.Degraded), new(Zone: "Asia/Tokyo"));

        Assert.StartsWith("21 Nov 2026, 23:02 – 23:32 GMT+9", await visit.Page.Locator("#recent .small").First.InnerTextAsync());
        var across = Samples.Window(1, "completed", new(2026, 11, 20, 14, 30, 0, TimeSpan.Zero), TimeSpan.FromHours(1), "info", [], "Across", "");
        var model = Samples.Level(OverallStatus.Operational);
        await using var second = await browser.OpenAsync(model with { Windows = model.Windows with { Recent = [across] } }, new(Zone: "Asia/Tokyo"));
        Assert.StartsWith("20 Nov 2026, 23:30 – 21 Nov 2026, 00:30 GMT+9", await second.Page.Locator("#recent .small").First.InnerTextAsync());
    }

    [Fact]
    public async Task News_arrives_quietly_and_keeps_scroll_focus_and_opened_details()
    {
        await using var visit = await browser.OpenAsync(Samples.Full(), new(360));
        var page = visit.Page;
        await page.Locator("#older > details").EvaluateAsync("details => details.open = true");
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
        Assert.Equal(["older", open], (await page.EvaluateAsync<string[]>("[...document.querySelectorAll('details[open]')].map(details => details.closest('[id]').id)")).Order().Reverse());
        Assert.Equal(scroll, await page.EvaluateAsync<double>("scrollY"), 100.0);
        Assert.Empty(visit.Complaints);
    }

    [Fact]
    public async Task News_keep_the_focused_day()
    {
        await using var visit = await browser.OpenAsync(Samples.Full(), new());
        await visit.Page.Locator("#s2 .bars > li").Nth(89).FocusAsync();
        await visit.Page.Keyboard.PressAsync("ArrowLeft");

        var snapshot = await browser.Renderer.RenderAsync(Samples.Full(8), TestContext.Current.CancellationToken);
        visit.Server.Show(visit.Path, snapshot.Html.Identity.ToByteArray());
        await visit.RefreshAsync();

        await Assertions.Expect(visit.Page.Locator("#s2 .bars > li").Nth(88)).ToContainTextAsync(Wording.Facts(Samples.Full(8).Components[2].Days[88]).Split(", ")[^1]);
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
        await visit.RefreshAsync(); // over 30 s without news
        await Assertions.Expect(lost).ToHaveTextAsync("You appear to be offline. This page has not been updated since 07:05:09 UTC. What you see may be out of date.");
        Assert.False(await lost.Locator("b").IsVisibleAsync());
        await Assertions.Expect(main).ToHaveClassAsync("was");
        Assert.Equal("Last known: All Systems Operational – Xerotier Status", await visit.Page.TitleAsync());
        Assert.Equal("Last known: All Systems Operational", await visit.Page.Locator("h1").InnerTextAsync());
        Assert.Contains(Icons.Stale.Value[(Icons.Stale.Value.IndexOf('>', StringComparison.Ordinal) + 1)..^6], (await visit.Page.Locator(".hero svg").EvaluateAsync<string>("svg => svg.outerHTML")).Replace("></path>", "/>", StringComparison.Ordinal));
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
        Assert.Equal("All Systems Operational", await visit.Page.Locator("h1").InnerTextAsync());
        Assert.Equal(Icons.Favicon(OverallStatus.Operational), await visit.Page.Locator("link[rel=icon]").GetAttributeAsync("href"));
    }

    [Fact]
    public async Task Selected_text_stays_while_the_rest_is_refreshed_and_for_long_is_said()
    {
        await using var visit = await browser.OpenAsync(Samples.Full(), new());
        var (page, recent, lost) = (visit.Page, visit.Page.Locator("#recent"), visit.Page.Locator("#lost"));
        await page.EvaluateAsync("getSelection().selectAllChildren(document.querySelector('#recent h3'))");
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

    [Fact]
    public async Task One_or_two_polls_that_fail_change_nothing_and_the_third_makes_the_page_past()
    {
        await using var visit = await browser.OpenAsync(Samples.Level(OverallStatus.PartialOutage), new());
        visit.Server.Lose(visit.Path);
        await FailAsync(visit, 2);
        Assert.Null(await visit.Page.Locator("main").GetAttributeAsync("class"));
        Assert.False(await visit.Page.Locator("#lost").IsVisibleAsync());

        await FailAsync(visit, 1);
        await Assertions.Expect(visit.Page.Locator("#lost")).ToBeVisibleAsync();
        await Assertions.Expect(visit.Page.Locator("h1")).ToHaveTextAsync("Last known: Partial Outage");
        var hero = await visit.Page.Locator(".hero").InnerTextAsync();
        Assert.Contains("7 of 8 agents were not responding", hero);
        Assert.Contains("1 of 3 routers was offline", hero);
        Assert.DoesNotMatch(@"\b(is|are|has|have)\b|Live", hero);
    }

    [Fact]
    public async Task A_429_that_says_when_to_come_again_is_no_loss_and_is_heeded()
    {
        await using var visit = await browser.OpenAsync(Samples.Level(OverallStatus.Operational), new());
        visit.Server.Limit(visit.Path, seconds: 20);
        var asked = visit.Requested.Count;
        for (var i = 0; i < 5; i++)
        {
            await visit.RefreshAsync();
            await visit.Page.WaitForTimeoutAsync(50);
        }

        Assert.Equal(asked + 1, visit.Requested.Count);
        await visit.Page.Clock.SetFixedTimeAsync(Samples.Now.UtcDateTime.AddSeconds(45));
        await visit.RefreshAsync();
        await visit.Page.WaitForTimeoutAsync(50);
        Assert.Equal(asked + 2, visit.Requested.Count);
        Assert.False(await visit.Page.Locator("#lost").IsVisibleAsync());
        Assert.Equal("Updated 45 s ago", await visit.Page.Locator(".live").InnerTextAsync());
    }

    [Fact]
    public async Task A_browser_without_network_says_so()
    {
        await using var visit = await browser.OpenAsync(Samples.Level(OverallStatus.Operational), new());
        Assert.Equal("Live · updated just now", await visit.Page.Locator(".live").InnerTextAsync());
        await visit.Page.Context.SetOfflineAsync(true);
        await FailAsync(visit, 3);

        Assert.StartsWith("You appear to be offline. This page has not been updated since 14:02:30 UTC.", await visit.Page.Locator("#lost").InnerTextAsync());
        await visit.Page.Context.SetOfflineAsync(false); // asks at once
        await Assertions.Expect(visit.Page.Locator("#lost")).ToBeHiddenAsync();
    }

    [Fact]
    public async Task The_zone_is_switched_in_the_footer_and_remembered()
    {
        await using var visit = await browser.OpenAsync(Samples.Level(OverallStatus.Operational), new(Zone: "Asia/Tokyo"));
        var (zone, card) = (visit.Page.Locator("#zone"), visit.Page.Locator("#planned .when"));
        Assert.Equal("Times in GMT+9 · Show UTC", await zone.InnerTextAsync());
        Assert.Equal("Wed 25 Nov 2026, 23:00 – Thu 26 Nov 2026, 01:30 GMT+9 (14:00 – 16:30 UTC) · 2 h 30 min", await card.InnerTextAsync());
        Assert.Equal("Nov25", await visit.Page.Locator(".tile").TextContentAsync()); // days are UTC's

        await zone.Locator("button").ClickAsync();
        Assert.Equal("Times in UTC · Show GMT+9", await zone.InnerTextAsync());
        Assert.Equal("Wed 25 Nov 2026, 14:00 – 16:30 UTC · 2 h 30 min", await card.InnerTextAsync());
        await visit.Page.ReloadAsync();
        Assert.Equal("Wed 25 Nov 2026, 14:00 – 16:30 UTC · 2 h 30 min", await card.InnerTextAsync());
        await zone.Locator("button").ClickAsync();
        Assert.StartsWith("Wed 25 Nov 2026, 23:00", await card.InnerTextAsync());
        Assert.Empty(visit.Complaints);
    }

    [Fact]
    public async Task A_tap_opens_a_day_until_another_place_is_tapped()
    {
        await using var visit = await browser.OpenAsync(Samples.Level(OverallStatus.Operational), new(360, Touch: true));
        var box = (await visit.Page.Locator("#s1 .bars > li").Nth(70).BoundingBoxAsync())!;
        await visit.Page.Touchscreen.TapAsync(box.X + 1, box.Y + 15);
        var day = visit.Page.Locator("#s1 .bars > li").Nth(70).Locator("p");
        Assert.True((await day.BoundingBoxAsync())!.Width > 200);
        Assert.StartsWith("Wed 4 Nov 2026\t99.162%\nOutage\t12 min 4 s", await day.TextContentAsync()!);
        Assert.Equal(visit.Server.Address + visit.Path + "/history?month=2026-11#d04", await day.Locator("a").Last.EvaluateAsync<string>("a => a.href"));

        await visit.Page.Locator("#services .axis").First.TapAsync();
        Assert.True((await day.BoundingBoxAsync())!.Width < 2);
        Assert.Equal(0, await visit.Page.Locator(".go").CountAsync());
    }

    [Theory]
    [InlineData(320)]
    [InlineData(360)]
    [InlineData(768)]
    [InlineData(1280)]
    public async Task Without_a_script_too_a_day_is_in_view_whichever_it_is(int width)
    {
        await using var visit = await browser.OpenAsync(Samples.Full(), new(width, Script: false));
        foreach (var at in new[] { 0, 9, 10, 45, 79, 80, 89 })
        {
            await visit.Page.Locator("#s0 .bars > li").Nth(at).HoverAsync();
            var box = (await visit.Page.Locator("#s0 .bars > li").Nth(at).Locator("p").BoundingBoxAsync())!;
            Assert.True(box.X >= 15 && box.X + box.Width <= width - 15 && box.Y > 0 && box.Width is > 270 and < 290, $"{at}: {box.X} {box.Y} {box.Width}");
        }

        Assert.Equal(0, await visit.OverflowAsync());
    }

    [Fact]
    public async Task A_day_opens_below_its_bar_where_there_is_no_room_above()
    {
        await using var visit = await browser.OpenAsync(Samples.Full(), new(Height: 500));
        await visit.Page.EvaluateAsync("document.querySelector('#s1 .bars').scrollIntoView({ block: 'start' })");
        await visit.Page.Locator("#s1 .bars > li").Nth(40).HoverAsync();
        var box = (await visit.Page.Locator("#s1 .bars > li").Nth(40).Locator("p").BoundingBoxAsync())!;
        Assert.True(box.Y >= 0, $"{box.Y}");
    }

    [Theory]
    [InlineData(360, 1)]
    [InlineData(768, 1)]
    [InlineData(1280, 1)]
    [InlineData(1280, 2)]
    [InlineData(640, 2)]
    public async Task Nothing_scrolls_sideways(int width, int zoom)
    {
        // Zooming leaves a page fewer pixels of its own.
        await using var visit = await browser.OpenAsync(Samples.Full(), new(width / zoom, Scale: zoom));
        await visit.Page.Locator("#older summary").First.ClickAsync();
        Assert.Equal(0, await visit.OverflowAsync());
        await using var month = await browser.OpenAsync(await browser.Renderer.RenderHistoryAsync(Samples.History(), TestContext.Current.CancellationToken), new(width / zoom, Scale: zoom));
        Assert.Equal(0, await month.OverflowAsync());
    }

    [Fact]
    public async Task A_group_has_a_heading_and_one_axis_and_a_large_one_is_folded_to_its_worst_state()
    {
        var model = Samples.Level(OverallStatus.PartialOutage);
        var (good, bad) = (model.Components[0], model.Components[2]);
        await using var visit = await browser.OpenAsync(
            model with { Components = [good with { Component = good.Component with { Name = "Alone" } }, .. Of("Small", 8), .. Of("Large", 9)] }, new());

        Assert.Equal(["Alone"], await visit.Page.Locator("#services > .services").First.Locator("h3").AllInnerTextsAsync());
        Assert.Equal(3, await visit.Page.Locator("#services > .axis:has(time[datetime='2026-08-26'])").CountAsync());
        Assert.Equal(["Services", "Small"], await visit.Page.Locator("#services h2").AllTextContentsAsync());
        var large = visit.Page.Locator(".group");
        Assert.Equal("Large 9 services Outage", (await large.Locator("summary").InnerTextAsync()).ReplaceLineEndings(" "));
        Assert.False(await large.Locator(".row").First.IsVisibleAsync());
        await large.Locator("summary").ClickAsync();
        Assert.True(await large.Locator(".row").Last.IsVisibleAsync());
        await LevelTests.AssertSoundAsync(visit);

        IEnumerable<ComponentModel> Of(string group, int count) => Enumerable.Range(0, count).Select(i => (i == 3 ? bad : good) with { Component = good.Component with { Name = $"{group} {i}", Group = group } });
    }

    /// <summary>Lets so many polls fail, one after the other.</summary>
    private static async Task FailAsync(Visit visit, int polls)
    {
        for (var i = 0; i < polls; i++)
        {
            var ended = new TaskCompletionSource();
            void End(object? sender, IRequest request)
            {
                if (request.Url.EndsWith(visit.Path, StringComparison.Ordinal))
                {
                    ended.TrySetResult();
                }
            }

            visit.Page.RequestFinished += End;
            visit.Page.RequestFailed += End;
            await visit.RefreshAsync();
            await ended.Task.WaitAsync(TimeSpan.FromSeconds(30));
            visit.Page.RequestFinished -= End;
            visit.Page.RequestFailed -= End;
            await visit.Page.WaitForTimeoutAsync(100); // the page's own answer to it
        }
    }
}
