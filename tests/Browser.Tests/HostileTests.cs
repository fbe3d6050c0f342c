using Xerotier.StatusService.Model;

namespace Xerotier.Browser.Tests;

public sealed class HostileTests(BrowserFixture browser)
{
    public static TheoryData<string, string> Texts => new()
    {
        { "<script>document.title='owned'</script>", "<img src=x onerror=alert(1)></p></details></main><script>alert(1)</script>" },
        { "\" onmouseover=\"alert(1)\" '><svg onload=alert(1)>", "<style>*{display:none}</style><link rel=stylesheet href=//evil.example/x.css>" },
        { "&lt;b&gt; &amp;amp; &#x3C;script&#x3E; &copy", "&lt;script&gt;alert(1)&lt;/script&gt;\n&nbsp;&nbsp;two" },
        { "\u202e\u2067gnp.exe \u202d\u2066 nothing closed \u202e", "\u202eright to left\n\u2067and more\u202b" },
        { new string('W', 200), new string('m', 2000) },
        { string.Concat(Enumerable.Repeat("😀", 200)), string.Concat(Enumerable.Repeat("👩‍🚀", 666)) },
        { "صيانة مجدولة لقاعدة البيانات (PostgreSQL 17)", "عمل\nسطر ثان\n\nסוף" },
        { "@@stale_since@@ {{7*7}} ${7*7} @(1)", "<!-- comment --> <![CDATA[ x ]]> ]]> -->" },
        { "Z̷̢̛͎̯̿ a̐̈l̶̡g̷o " + new string('\u0301', 80), "line\n\ttab\n" + string.Concat(Enumerable.Repeat("a\u0300\u0301\u0302", 300)) },
    };

    [Theory]
    [MemberData(nameof(Texts))]
    public async Task Titles_and_descriptions_are_text_and_nothing_else(string title, string text)
    {
        await using var visit = await browser.OpenAsync(Samples.Titled(title, text, count: 2), new(360));
        var page = visit.Page;

        Assert.Equal("Under Maintenance – Xerotier Status", await page.TitleAsync());
        Assert.Equal(title, await page.Locator("#now h3").First.TextContentAsync());
        Assert.Equal(text, await page.Locator("#planned .text").First.TextContentAsync());
        Assert.Equal(4, await page.Locator("[id^=mw_]").CountAsync());
        Assert.Equal(0, await page.Locator("main script, main style, main img, main link").CountAsync());
        Assert.Equal(0, await page.EvaluateAsync<int>("[...document.querySelectorAll('*')].flatMap(e => [...e.attributes]).filter(a => a.name.startsWith('on') || a.name === 'style').length"));
        await LevelTests.AssertQuietAsync(visit);
    }

    [Fact]
    public async Task A_window_of_fifty_services_names_five_and_folds_the_others()
    {
        string[] names = [.. Enumerable.Range(1, 50).Select(i => $"{i:00} " + new string('W', 97))];
        var many = Samples.Window(1, "active", Samples.Now.AddHours(-1), TimeSpan.FromHours(2), "info", names, "Work", "");
        var model = Samples.Level(OverallStatus.Maintenance);
        await using var visit = await browser.OpenAsync(model with { Windows = model.Windows with { Active = [many], Recent = [many with { Id = "mw_other", Status = WindowStatus.Completed }] } }, new(360));

        foreach (var section in new[] { "#now", "#recent" })
        {
            var line = visit.Page.Locator($"{section} p.small:has(bdi)");
            Assert.EndsWith($"{names[4]} and 45 more · No impact expected", (await line.InnerTextAsync()).Trim());
            var all = visit.Page.Locator($"{section} details .text");
            Assert.False(await all.IsVisibleAsync());
            await visit.Page.Locator($"{section} summary").ClickAsync();
            Assert.Equal("Affects " + string.Join(", ", names), (await all.InnerTextAsync()).Trim());
        }

        await LevelTests.AssertQuietAsync(visit);
    }

    [Fact]
    public async Task Bidirectional_overrides_end_where_their_title_ends()
    {
        await using var visit = await browser.OpenAsync(Samples.Titled("\u202e\u2067 open", "", count: 1), new());

        var places = await visit.Page.Locator("#planned article").First.EvaluateAsync<double[]>("row => [...row.querySelectorAll('time')].map(time => time.getBoundingClientRect().left)");
        Assert.Equal(places.Order(), places);
        var sentence = await visit.Page.Locator(".hero p:has(q)").EvaluateAsync<double[]>("""
            p => ['bdi', 'time'].map(name => p.querySelector(name).getBoundingClientRect().left)
            """);
        Assert.True(sentence[0] < sentence[1]);
        var services = await visit.Page.Locator("#now .small bdi").EvaluateAllAsync<double[]>("names => names.map(name => name.getBoundingClientRect().left)");
        Assert.Equal(2, services.Length);
        Assert.True(services[0] < services[1]);
    }
}
