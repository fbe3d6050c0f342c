using System.IO.Compression;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Google.Protobuf;
using Xerotier.Page.V1;
using Xerotier.ServiceDefaults.Site;
using Xerotier.StatusService.Documents.Content;
using Xerotier.StatusService.Documents.Page;
using Xerotier.StatusService.Model;

namespace Xerotier.Browser.Tests;

public sealed partial class PageRenderingTests(BrowserFixture shared)
{
    [Fact]
    public async Task The_fullest_ordinary_page_is_under_100_KB_and_under_20_KB_with_gzip()
    {
        var page = await RenderAsync(Samples.Full());

        TestContext.Current.TestOutputHelper!.WriteLine($"HTML {page.Html.Identity.Length} B, gzip {page.Html.Gzip.Length} B, brotli {page.Html.Brotli.Length} B; JSON {page.Json.Identity.Length} B, brotli {page.Json.Brotli.Length} B");
        Assert.InRange(page.Html.Identity.Length, 50_000, 100_000);
        Assert.InRange(page.Html.Gzip.Length, 5_000, 20_000);
        Assert.True(page.Html.Brotli.Length < page.Html.Gzip.Length);
    }

    [Fact]
    public async Task Equal_models_give_equal_bytes_and_tags_and_other_models_others()
    {
        var (first, second, other) = (await RenderAsync(Samples.Full(7)), await RenderAsync(Samples.Full(7)), await RenderAsync(Samples.Full(8)));

        Assert.Equal(first, second);
        Assert.Equal(first.Html.Etag, second.Html.Etag);
        Assert.NotEqual(first.Html.Etag, other.Html.Etag);
        Assert.Matches("^\"[0-9a-f]{32}\"$", first.Html.Etag);
    }

    [Fact]
    public async Task Compressed_forms_unpack_to_the_identity()
    {
        var page = await RenderAsync(Samples.Full());

        foreach (var document in new[] { page.Html, page.Json })
        {
            Assert.Equal(document.Identity, Unpack(new GZipStream(new MemoryStream(document.Gzip.ToByteArray()), CompressionMode.Decompress)));
            Assert.Equal(document.Identity, Unpack(new BrotliStream(new MemoryStream(document.Brotli.ToByteArray()), CompressionMode.Decompress)));
        }
    }

    [Fact]
    public async Task Each_level_has_its_own_icon_as_the_first_svg_of_the_body_and_its_own_words()
    {
        var seen = new Dictionary<string, OverallStatus>();
        foreach (var level in Enum.GetValues<OverallStatus>())
        {
            var html = (await RenderAsync(Samples.Level(level))).Html.Identity.ToStringUtf8();
            var icon = FirstSvg().Match(html[html.IndexOf("<body", StringComparison.Ordinal)..]).Value;

            Assert.True(seen.TryAdd(icon, level), $"{level} looks like {seen.GetValueOrDefault(icon)}");
            Assert.Contains($"<h1>{Wording.Label(level)}</h1>", html);
            Assert.Contains(Icons.Of(level).Value, html[html.IndexOf("class=\"hero", StringComparison.Ordinal)..]);
        }

        var stale = (await RenderAsync(Samples.Level(OverallStatus.Operational))).StaleHtml.ToStringUtf8();
        Assert.DoesNotContain(FirstSvg().Match(stale[stale.IndexOf("<body", StringComparison.Ordinal)..]).Value, seen.Keys);
    }

    [Theory]
    [InlineData(OverallStatus.Operational, "No outage recorded in the last 18 days. Next maintenance: Wed 25 Nov, 14:00 UTC.")]
    [InlineData(OverallStatus.Degraded, "Inference Routing is degraded: 1 of 3 routers is offline, since 13:53 UTC (9 min).")]
    [InlineData(OverallStatus.Unknown, "Inference Routing no data: we are not receiving health reports · since 13:53 UTC (9 min)", "Shared Agents no data: we are not receiving health reports · since 13:53 UTC (9 min)")]
    [InlineData(OverallStatus.PartialOutage, "Shared Agents down: 7 of 8 agents are not responding · since 13:53 UTC (9 min)", "Inference Routing degraded: 1 of 3 routers is offline · since 13:53 UTC (9 min)")]
    [InlineData(OverallStatus.Maintenance, "Database upgrade to PostgreSQL 17 is in progress, planned until 14:50 UTC.")]
    public async Task The_hero_says_what_is_affected_why_and_since_when_in_a_sentence_or_a_list(OverallStatus level, params string[] sentences)
    {
        var html = (await RenderAsync(Samples.Level(level))).Html.Identity.ToStringUtf8();

        Assert.Equal(sentences, Sentences().Matches(Hero().Match(html).Value).Select(match => Text(match.Groups[2].Value).Trim()));
    }

    [Fact]
    public async Task Work_names_the_problems_beside_it_and_a_stale_page_tells_all_of_it_as_past()
    {
        var model = Samples.Level(OverallStatus.Maintenance);
        var page = await RenderAsync(model with { Components = Samples.Level(OverallStatus.Degraded).Components });

        Assert.Contains("Also: Inference Routing is degraded: 1 of 3 routers is offline, since 13:53 UTC (9 min).", Text(Hero().Match(page.Html.Identity.ToStringUtf8()).Value));
        var stale = Text(Hero().Match(page.StaleHtml.ToStringUtf8()).Value);
        Assert.Contains("Last known: Under Maintenance", stale);
        Assert.Contains("Database upgrade to PostgreSQL 17 was in progress, planned until 14:50 UTC.", stale);
        Assert.Contains("Also: Inference Routing was degraded: 1 of 3 routers was offline, since 13:53 UTC (9 min).", stale);
        Assert.DoesNotMatch(@"\b(is|are|has|have)\b", stale);
    }

    [Fact]
    public async Task Twelve_windows_on_and_twelve_planned_show_ten_each_and_name_the_rest()
    {
        var html = (await RenderAsync(Samples.Titled("Work", "", count: 12))).Html.Identity.ToStringUtf8();

        Assert.Equal(20, html.Split("<article").Length - 1);
        Assert.Equal(2, html.Split("<p class=\"more\">and 2 more</p>").Length - 1);
        Assert.Contains("and 9 more are in progress", html);
    }

    [Fact]
    public async Task An_active_window_past_its_end_is_running_over_and_one_before_it_is_not()
    {
        var html = (await RenderAsync(Samples.Titled("Work", "", count: 2))).Html.Identity.ToStringUtf8();

        Assert.Equal(1, html.Split("Running over").Length - 1);
        Assert.Contains("Running over by 15 min", html);
    }

    [Fact]
    public async Task Lost_maintenance_data_is_said_with_its_time_and_without_when_nothing_was_ever_known()
    {
        var lost = Text((await RenderAsync(Samples.Titled("Work", "", count: 1))).Html.Identity.ToStringUtf8());
        var never = Text((await RenderAsync(Samples.Unborn())).Html.Identity.ToStringUtf8());

        Assert.Contains("Maintenance data has been unavailable since 14:02:11 UTC. The windows shown are the last known ones.", lost);
        Assert.Contains("Maintenance data is unavailable.", never);
        Assert.DoesNotContain("No maintenance so far", never);
    }

    [Fact]
    public async Task A_stale_page_says_so_with_both_marks_and_a_live_one_has_none()
    {
        var page = await RenderAsync(Samples.Titled("@@stale_since@@", "@@stale_since_text@@", count: 1));
        var stale = page.StaleHtml.ToStringUtf8();

        Assert.Equal(1, stale.Split("@@stale_since@@").Length - 1);
        Assert.Equal(1, stale.Split("@@stale_since_text@@").Length - 1);
        Assert.Contains("Live data has been unavailable since @@stale_since_text@@. This is the last known state.", Text(stale));
        Assert.Contains("<title>Last known: Under Maintenance", stale);
        Assert.DoesNotContain("@@", page.Html.Identity.ToStringUtf8());
        Assert.DoesNotContain("@@", page.Json.Identity.ToStringUtf8());
        Assert.Equal(1, page.StaleJson.ToStringUtf8().Split("@@stale_since@@").Length - 1);
    }

    [Fact]
    public async Task Every_page_has_one_style_and_one_script_always_the_same_and_no_inline_ones()
    {
        var page = await RenderAsync(Samples.Titled("<b style=\"x\" onclick='y'>", "<script>alert(1)</script>"));
        byte[][] all = [page.Html.Identity.ToByteArray(), page.StaleHtml.ToByteArray(), await shared.Renderer.RenderHistoryAsync(Samples.History(), TestContext.Current.CancellationToken)];

        foreach (var html in all.Select(Encoding.UTF8.GetString))
        {
            Assert.Equal([PageShell.Style], Styles().Matches(html).Select(match => match.Value));
            Assert.Equal([PageAssets.Script], Scripts().Matches(html).Select(match => match.Value));
            Assert.Empty(Tags().Matches(html.Replace(PageAssets.Script, "")).Where(tag => Inline().IsMatch(tag.Value)).Select(tag => tag.Value));
            Assert.DoesNotContain("src=", html.Replace(PageAssets.Script, ""));
        }
    }

    [Fact]
    public async Task The_JSON_holds_what_the_page_shows()
    {
        var model = Samples.Full();
        var page = await RenderAsync(model);
        using var json = JsonDocument.Parse(page.Json.Identity.Memory);
        var root = json.RootElement;

        Assert.Equal("maintenance", root.GetProperty("overall").GetProperty("key").GetString());
        Assert.Equal("Under Maintenance", root.GetProperty("overall").GetProperty("label").GetString());
        Assert.Equal("2026-11-23T14:02:30Z", root.GetProperty("generated_at").GetString());
        Assert.Equal(JsonValueKind.Null, root.GetProperty("stale_since").ValueKind);
        var routing = root.GetProperty("indicators")[1];
        Assert.Equal("degraded", routing.GetProperty("status").GetString());
        Assert.Equal(model.Components[1].UptimePercent, routing.GetProperty("uptime_percent").GetDecimal());
        Assert.Equal(90, routing.GetProperty("days").GetArrayLength());
        Assert.Equal(model.Components[1].Days[40].Outage, routing.GetProperty("days")[40].GetProperty("outage_seconds").GetInt32());
        Assert.Equal(50, root.GetProperty("windows").GetProperty("recent").GetArrayLength());
        using var stale = JsonDocument.Parse(page.StaleJson.Memory);
        Assert.Equal("@@stale_since@@", stale.RootElement.GetProperty("stale_since").GetString());
    }

    [Fact]
    public async Task JSON_keeps_hostile_text_as_it_was_and_unobserved_uptime_is_null()
    {
        const string Text = "</script> \u202e \"@\" 😀";
        using var json = JsonDocument.Parse((await RenderAsync(Samples.Titled(Text, Text, count: 1))).Json.Identity.Memory);
        using var unborn = JsonDocument.Parse((await RenderAsync(Samples.Unborn())).Json.Identity.Memory);

        Assert.Equal(Text, json.RootElement.GetProperty("windows").GetProperty("active")[0].GetProperty("title").GetString());
        Assert.All(unborn.RootElement.GetProperty("indicators").EnumerateArray(), indicator => Assert.Equal(JsonValueKind.Null, indicator.GetProperty("uptime_percent").ValueKind));
        Assert.Equal("unknown", unborn.RootElement.GetProperty("overall").GetProperty("key").GetString());
    }

    private async Task<PageSnapshot> RenderAsync(StatusPageModel model) => await shared.Renderer.RenderAsync(model, TestContext.Current.CancellationToken);

    private static ByteString Unpack(Stream packed)
    {
        using (packed) return ByteString.FromStream(packed);
    }

    private static string Text(string html) => System.Net.WebUtility.HtmlDecode(AnyTag().Replace(html, ""));

    [GeneratedRegex("<svg.*?</svg>", RegexOptions.Singleline)]
    private static partial Regex FirstSvg();

    [GeneratedRegex("<div class=\"hero.*?</div>", RegexOptions.Singleline)]
    private static partial Regex Hero();

    [GeneratedRegex(@"<(p|li)>(.*?)</\1>", RegexOptions.Singleline)]
    private static partial Regex Sentences();

    [GeneratedRegex("<style.*?</style>", RegexOptions.Singleline)]
    private static partial Regex Styles();

    [GeneratedRegex("<script.*?</script>", RegexOptions.Singleline)]
    private static partial Regex Scripts();

    [GeneratedRegex("<[a-z][^>]*>")]
    private static partial Regex Tags();

    [GeneratedRegex(@"\s(style|on[a-z]+)\s*=")]
    private static partial Regex Inline();

    [GeneratedRegex("<[^>]*>")]
    private static partial Regex AnyTag();
}
