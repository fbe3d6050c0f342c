using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Xerotier.Maintenance.V1;
using Xerotier.Page.V1;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Site;
using Xerotier.StatusService.Board;
using Xerotier.StatusService.Documents.Content;
using Xerotier.StatusService.Documents.Page;
using Xerotier.StatusService.History;
using Xerotier.StatusService.Model;
using Xerotier.TestKit;

namespace Xerotier.StatusService.Tests;

/// <summary>One project's windows, as large as the API takes them, must not take the page away from everybody.</summary>
public sealed class LargestPageTests
{
    [Theory]
    [InlineData(0x20000, 0x2A6DF)] // rare Han: four bytes, and little to compress
    [InlineData(0x1F300, 0x1F64F)] // emoji
    [InlineData('@', '@')] // what both encoders escape
    [InlineData('"', '"')]
    [InlineData(0xE000, 0xF8FF)] // private use, which the framework's encoders escape
    public async Task The_largest_windows_make_a_page_that_the_Gateways_take(int first, int last)
    {
        var random = new Random(first);
        var feed = new NoticeLists { ActiveTotal = 5_000, ScheduledTotal = 5_000 };
        feed.Active.AddRange(Enumerable.Range(0, 50).Select(i => Largest(i, WindowStatus.Active)));
        feed.Scheduled.AddRange(Enumerable.Range(50, 50).Select(i => Largest(i, WindowStatus.Scheduled)));
        feed.Recent.AddRange(Enumerable.Range(100, 50).Select(i => Largest(i, WindowStatus.Completed)));
        Assert.True(new GetNoticesResponse { Lists = feed }.CalculateSize() < ServiceClients.LongestMessage / 4);

        var page = await RenderAsync(feed);

        TestContext.Current.TestOutputHelper!.WriteLine($"{page.CalculateSize()} B, HTML {page.Html.Identity.Length} B, JSON {page.Json.Identity.Length} B");
        Assert.True(new WatchPageResponse { Page = page }.CalculateSize() < ServiceClients.LongestMessage / 2, $"{page.CalculateSize()} B");
        var root = PageStream.Json(page).GetProperty("windows");
        Assert.Equal(feed.Recent[49].Value.Description, root.GetProperty("recent")[49].GetProperty("description").GetString());

        Window Largest(int i, WindowStatus status) => new()
        {
            Value = SampleWindow.Of($"mw_{i:d26}", status, BoardTests.Start, BoardTests.Start.AddHours(1)) with
            {
                Title = Text(200),
                Description = Text(2000),
                AffectedServices = [.. Enumerable.Range(0, 50).Select(_ => Text(100))],
                Severity = WindowSeverity.Critical,
            },
        };

        string Text(int length)
        {
            var text = new StringBuilder();
            for (var i = 0; i < length; i++)
            {
                text.Append(new Rune(random.Next(first, last + 1)));
            }

            return text.ToString();
        }
    }

    [Fact]
    public async Task Ten_active_and_ten_scheduled_windows_are_shown_and_the_others_counted()
    {
        var feed = new NoticeLists { ActiveTotal = 62, ScheduledTotal = 12 };
        feed.Active.AddRange(Enumerable.Range(0, 50).Select(i => BoardTests.PlatformWindow(-60, 60 + i).With(w => w with { Id = $"mw_a{i}", Title = $"Active {i}" })));
        feed.Scheduled.AddRange(Enumerable.Range(0, 12).Select(i => BoardTests.PlatformWindow(60 + i, 600).With(w => w with { Id = $"mw_s{i}", Title = $"Scheduled {i}", Status = WindowStatus.Scheduled })));

        var page = await RenderAsync(feed);

        var (html, windows) = (page.Html.Identity.ToStringUtf8(), PageStream.Json(page).GetProperty("windows"));
        Assert.Equal(20, html.Split("<article").Length - 1);
        Assert.Contains("<p class=\"more\">and 52 more</p>", html, StringComparison.Ordinal);
        Assert.Contains("<p class=\"more\">and 2 more</p>", html, StringComparison.Ordinal);
        Assert.Equal((10, 62, 10, 12), (windows.GetProperty("active").GetArrayLength(), windows.GetProperty("active_total").GetInt32(), windows.GetProperty("scheduled").GetArrayLength(), windows.GetProperty("scheduled_total").GetInt32()));
    }

    private static async Task<PageSnapshot> RenderAsync(NoticeLists feed)
    {
        var state = BoardState.At(BoardTests.Known().WithWindows(feed, BoardTests.Start), BoardTests.Start);
        var stamp = new ChangeStamp("", BoardTests.Start.ToUnixTimeSeconds(), new Dictionary<string, StateSince>(), null);
        using var renderer = new PageRenderer(NullLoggerFactory.Instance, Brand.Default);
        return await renderer.RenderAsync(PageBuilder.Build(state, stamp, HistorySnapshot.Empty, new StatusTrack(), BoardTests.Start), TestContext.Current.CancellationToken);
    }
}
