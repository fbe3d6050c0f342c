using System.ServiceModel.Syndication;
using System.Xml;
using CodeHollow.FeedReader;
using Xerotier.Contracts;
using Xerotier.StatusService.Documents.Calendar;
using Xerotier.StatusService.Documents.Content;
using Xerotier.StatusService.Documents.Feeds;
using Xerotier.StatusService.Documents.Statuspage;
using Xerotier.TestKit;
using static Xerotier.StatusService.Tests.SamplePublication;

namespace Xerotier.StatusService.Tests;

/// <summary>
/// What readers that we did not write make of the documents. Those of .NET read them here; of the others <c>eng/foreign-readers --fixtures</c>
/// has kept what they were given and what they made of it.
/// </summary>
public sealed class ForeignReaderTests
{
    private static readonly string Folder = Path.Combine(Solution.Folder, "tests", "StatusService.Tests", "Fixtures");

    private static readonly Publication Sample = Of(
        [
            Incident("inc_open", IncidentStatus.Monitoring, "It **began**.", "A [fix](https://example.com/plan) & more is in place: 字 \U0001F525."),
            Incident("inc_over", IncidentStatus.Resolved, "Slow.", "Over.") with { Title = "<b>Slow</b> & \"odd\"", CreatedAt = Now.AddDays(-1) },
        ],
        [Window("mw_next", WindowStatus.Scheduled, 5) with { Title = "Upgrade, part 1; of 2", Description = "First line.\nSecond line." }, Window("mw_now", WindowStatus.Active, -0.5), Window("mw_not", WindowStatus.Cancelled, 9)]);

    private static readonly string[] Ids = ["inc_open", "inc_over", "mw_not", "mw_next", "mw_now"];

    [Theory]
    [InlineData("/status/history.atom")]
    [InlineData("/status/history.rss")]
    public void Syndication_and_FeedReader_read_the_history(string path)
    {
        var made = PublicFeeds.Make(Sample).At(path);
        using var xml = XmlReader.Create(new MemoryStream(made.Live));
        var feed = SyndicationFeed.Load(xml);
        Assert.Equal("Xerotier Status: History", feed.Title.Text);
        Assert.Equal(Ids.Order(), feed.Items.Select(IdOf).Order());
        var over = feed.Items.Single(item => IdOf(item) == "inc_over");
        Assert.Equal("<b>Slow</b> & \"odd\"", over.Title.Text);
        Assert.Equal("https://status.example.com/status/incidents/inc_over", over.Links[0].Uri.ToString());
        Assert.Contains("Over.", ((over.Content as TextSyndicationContent) ?? over.Summary).Text, StringComparison.Ordinal);
        Assert.Equal(Now.AddDays(-1), over.PublishDate);

        var other = FeedReader.ReadFromByteArray(made.Live);
        Assert.Equal(path.EndsWith("rss", StringComparison.Ordinal) ? FeedType.Rss_2_0 : FeedType.Atom, other.Type);
        Assert.Equal(Ids.Order(), other.Items.Select(item => item.Id.Split("2026:")[1]).Order());
        Assert.All(other.Items, item => Assert.NotNull(item.PublishingDate));

        static string IdOf(SyndicationItem item) => item.Id.Split("2026:")[1];
    }

    /// <summary>What the readers outside of .NET were given is still what we make, so that what they made of it still holds.</summary>
    [Theory]
    [InlineData("summary.json")]
    [InlineData("history.atom")]
    [InlineData("history.rss")]
    [InlineData("updates.json")]
    [InlineData("maintenance.ics")]
    public void The_other_readers_were_given_what_we_make(string name) =>
        Assert.True(Given().At(name).Live.AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(Folder, name))), $"Fixtures/{name} is not what we make now: run eng/foreign-readers --fixtures.");

    [Fact]
    public void The_other_readers_read_what_we_meant()
    {
        var read = File.ReadAllText(Path.Combine(Folder, "read.json"));
        using var json = System.Text.Json.JsonDocument.Parse(read);
        Assert.InRange(json.RootElement.GetArrayLength(), 7, 20);
        foreach (var reader in json.RootElement.EnumerateArray())
        {
            var what = reader.GetProperty("reader").GetString()!;
            Assert.True(reader.TryGetProperty("version", out _), what);
            Assert.False(reader.TryGetProperty("error", out var error), $"{what}: {error}");
            var entries = reader.GetProperty("entries").EnumerateArray().Select(entry => (Id: entry.GetProperty("id").GetString()!, Title: entry.GetProperty("title").GetString())).ToList();
            switch (reader.GetProperty("document").GetString())
            {
                case "history.atom" or "history.rss":
                    Assert.Equal(Ids.Order(), entries.Select(entry => entry.Id.Split("2026:")[1]).Order());
                    Assert.Contains("Maintenance: Upgrade, part 1; of 2", entries.Select(entry => entry.Title));
                    break;
                case "maintenance.ics":
                    Assert.Equal(["mw_next", "mw_not", "mw_now"], entries.Select(entry => entry.Id.Split('@')[0]).Order());
                    Assert.Contains("Upgrade, part 1; of 2", entries.Select(entry => entry.Title));
                    break;
                case "updates.json":
                    Assert.Contains(entries, entry => entry.Title == "Monitoring: Routing is slow");
                    break;
                default:
                    Assert.Equal(("inc_open", "Routing is slow"), entries.First(entry => entry.Id.StartsWith("inc_", StringComparison.Ordinal)));
                    break;
            }
        }
    }

    /// <summary>Writes what <c>eng/foreign-readers --fixtures</c> gives them.</summary>
    [Fact(Explicit = true)]
    public void Make_what_the_other_readers_are_given()
    {
        Directory.CreateDirectory(Folder);
        foreach (var made in Given())
        {
            File.WriteAllBytes(Path.Combine(Folder, made.Path), made.Live);
        }
    }

    private static IEnumerable<MadeDocument> Given() => StatuspageApi.Make(Sample).Concat(PublicFeeds.Make(Sample)).Concat(CalendarFile.Make(Sample))
        .Where(made => made.Path is "/api/v2/summary.json" or "/status/history.atom" or "/status/history.rss" or "/status/updates.json" or "/status/maintenance.ics")
        .Select(made => made with { Path = made.Path.Split('/')[^1] });
}
