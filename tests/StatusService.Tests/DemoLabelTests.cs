using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Xerotier.Contracts;
using Xerotier.ServiceDefaults.Site;
using Xerotier.StatusService.Documents.Badges;
using Xerotier.StatusService.Documents.Calendar;
using Xerotier.StatusService.Documents.Content;
using Xerotier.StatusService.Documents.Feeds;
using Xerotier.StatusService.Documents.Page;
using Xerotier.StatusService.Documents.Statuspage;
using Xerotier.StatusService.Documents.Text;
using static Xerotier.StatusService.Tests.SamplePublication;

namespace Xerotier.StatusService.Tests;

/// <summary>Every document of a demo says that it is one, and no other does (page.md, First run).</summary>
public sealed class DemoLabelTests
{
    private const string Strip = "Demo data: a simulated fleet and 90 days of example history";

    private static readonly PageIncident Past = Incident("inc_one", IncidentStatus.Resolved, "One.");

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Pages_say_so_above_everything_else_and_in_their_title(bool demo)
    {
        using var renderer = new PageRenderer(NullLoggerFactory.Instance, Brand.Default);
        var page = PublicationOf(demo).Page;
        var made = await renderer.RenderAsync(page, TestContext.Current.CancellationToken);
        byte[][] all =
        [
            made.Html.Identity.ToByteArray(),
            made.StaleHtml.ToByteArray(),
            await renderer.RenderEmbedAsync(page, stale: false, TestContext.Current.CancellationToken),
            await renderer.RenderIncidentAsync(new(Past, demo), stale: false, TestContext.Current.CancellationToken),
            await renderer.RenderHistoryAsync(
                new(new(2026, 11, 1), new(2026, 11, 1), null, Now, [], [], [], NoticesKnown: true) { IsDemo = demo }, TestContext.Current.CancellationToken),
        ];
        Assert.All(all.Select(Encoding.UTF8.GetString), html =>
        {
            Assert.Equal(demo, html.Contains("<title>Demo: ", StringComparison.Ordinal));
            var body = html[html.IndexOf("<body", StringComparison.Ordinal)..];
            var first = body[(body.IndexOf('>', StringComparison.Ordinal) + 1)..].TrimStart();
            Assert.Equal(demo, first.StartsWith($"<p class=\"demo\">{Strip}", StringComparison.Ordinal));
            Assert.Equal(demo, html.Contains(Strip, StringComparison.Ordinal));
        });

        Assert.All(new[] { made.Json.Identity.ToByteArray(), made.StaleJson.ToByteArray() }, json =>
        {
            using var document = JsonDocument.Parse(json);
            Assert.Equal(demo, document.RootElement.GetProperty("demo").GetBoolean());
        });

        // The answer's icon stays the first drawing of the body.
        var status = made.Html.Identity.ToStringUtf8();
        Assert.Matches("""<div class="hero [a-z_]+">\s*<svg""", status[status.IndexOf("<body", StringComparison.Ordinal)..][..(status.IndexOf("<svg", StringComparison.Ordinal) - status.IndexOf("<body", StringComparison.Ordinal) + 4)]);
    }

    [Fact]
    public void Every_other_document_says_so()
    {
        var publication = PublicationOf(demo: true);
        IEnumerable<MadeDocument> made =
        [
            .. StatuspageApi.Make(publication), .. PublicFeeds.Make(publication), .. CalendarFile.Make(publication).Where(calendar => !calendar.Path.Contains("/mw_", StringComparison.Ordinal)),
            .. Badges.Make(publication), .. PlainTexts.Make(publication),
        ];
        Assert.All(made, document => Assert.Contains("Demo: ", document.Text(), StringComparison.Ordinal));
        Assert.All(made.Where(document => document.Stale is not null), document => Assert.Contains("Demo: ", Encoding.UTF8.GetString(document.Stale!), StringComparison.Ordinal));
        Assert.Contains(">Demo: Model Storage<", made.At("/status/badge/cmp_model_storage.svg").Text(), StringComparison.Ordinal);
        Assert.Contains("<title>Demo: Xerotier Status: History</title>", made.At("/status/history.rss").Text(), StringComparison.Ordinal);
        Assert.StartsWith($"{Strip}.\n", made.At("/status.txt").Text(), StringComparison.Ordinal);
    }

    [Fact]
    public void No_document_of_what_is_real_does()
    {
        var publication = PublicationOf(demo: false);
        Assert.All(
            [.. StatuspageApi.Make(publication), .. PublicFeeds.Make(publication), .. CalendarFile.Make(publication), .. Badges.Make(publication), .. PlainTexts.Make(publication)],
            (MadeDocument document) => Assert.DoesNotContain("Demo", document.Text(), StringComparison.Ordinal));
    }

    private static Publication PublicationOf(bool demo)
    {
        var made = Of([Past], [Window("mw_one", WindowStatus.Completed, -30)]);
        return made with { Page = made.Page with { IsDemo = demo }, Site = Here.OfDemo(demo) };
    }
}
