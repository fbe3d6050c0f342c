using System.Text;
using System.Text.Json.Nodes;
using System.Xml;
using System.Xml.Linq;
using Xerotier.Contracts;
using Xerotier.StatusService.Documents.Content;
using Xerotier.StatusService.Documents.Feeds;
using static Xerotier.StatusService.Tests.SamplePublication;

namespace Xerotier.StatusService.Tests;

/// <summary>The feeds (surfaces.md section 15).</summary>
public sealed class FeedTests
{
    private const string History = "/status/history.atom";
    private const string Tag = "tag:0197a3c2d1e47f0b9a6c5d4e3f2a1b0c.invalid,2026:";
    private static readonly XNamespace Atom = "http://www.w3.org/2005/Atom";

    [Fact]
    public void Two_makes_without_a_change_are_the_same_bytes_whatever_the_clock_says()
    {
        Publication At(int minutes) => Of([Incident("inc_one", IncidentStatus.Investigating, "One.")], [Window("mw_one", WindowStatus.Active, -0.5)], at: Now.AddMinutes(minutes));
        foreach (var (one, other) in PublicFeeds.Make(At(0)).Zip(PublicFeeds.Make(At(61))))
        {
            Assert.Equal(one.Text(), other.Text());
            Assert.Null(one.Stale);
        }
    }

    [Fact]
    public void An_entry_keeps_its_id_and_its_updated_moves()
    {
        var before = Entries(Of([Incident("inc_one", IncidentStatus.Investigating, "One.")])).Single();
        var after = Entries(Of([Incident("inc_one", IncidentStatus.Monitoring, "One.", "Two.")], site: Here with { Url = "https://elsewhere.example" })).Single();
        Assert.Equal(Tag + "inc_one", Value(before, "id"));
        Assert.Equal(Tag + "inc_one", Value(after, "id"));
        Assert.Equal(Value(before, "published"), Value(after, "published"));
        Assert.True(DateTimeOffset.Parse(Value(before, "updated")) < DateTimeOffset.Parse(Value(after, "updated")));
        Assert.Equal("https://elsewhere.example/status/incidents/inc_one", after.Element(Atom + "link")!.Attribute("href")!.Value);
    }

    [Fact]
    public void An_entry_of_the_history_has_all_updates_newest_first()
    {
        var html = Value(Entries(Of([Incident("inc_one", IncidentStatus.Resolved, "First **words**.", "Second words.", "Third words.")])).Single(), "content");
        Assert.True(html.IndexOf("Third words.", StringComparison.Ordinal) < html.IndexOf("Second words.", StringComparison.Ordinal));
        Assert.True(html.IndexOf("Second words.", StringComparison.Ordinal) < html.IndexOf("First <strong>words</strong>.", StringComparison.Ordinal));
        Assert.Contains("<strong>Resolved</strong>", html, StringComparison.Ordinal);

        var window = Value(Entries(Of(windows: [Window("mw_one", WindowStatus.Cancelled, -30)])).Single(), "content");
        Assert.Contains("Planned from", window, StringComparison.Ordinal);
        Assert.True(window.IndexOf("Cancelled", StringComparison.Ordinal) < window.IndexOf("Scheduled", StringComparison.Ordinal));
        Assert.Contains("Writes pause briefly.", window, StringComparison.Ordinal);
    }

    [Fact]
    public void An_entry_of_the_updates_is_one_update_or_one_step()
    {
        var publication = Of([Incident("inc_one", IncidentStatus.Monitoring, "One.", "Two.")], [Window("mw_one", WindowStatus.Completed, -30)]);
        string[] ids = [$"{Tag}upd_inc_one_1", $"{Tag}upd_inc_one_0", $"{Tag}mw_one-completed", $"{Tag}mw_one-active", $"{Tag}mw_one-scheduled"];
        Assert.Equal(ids, Entries(publication, "/status/updates.atom").Select(entry => Value(entry, "id")));

        var json = JsonNode.Parse(PublicFeeds.Make(publication).At("/status/updates.json").Live)!;
        Assert.Equal("https://jsonfeed.org/version/1.1", (string)json["version"]!);
        Assert.Equal("https://status.example.com/status/updates.json", (string)json["feed_url"]!);
        Assert.Equal(ids, json["items"]!.AsArray().Select(item => (string)item!["id"]!));
        Assert.Contains("Two.", (string)json["items"]![0]!["content_html"]!, StringComparison.Ordinal);
        Assert.EndsWith("Z", (string)json["items"]![0]!["date_published"]!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(WindowStatus.Cancelled, null, "cancelled scheduled")] // after its planned start, never active
    [InlineData(WindowStatus.Cancelled, -29.5, "cancelled active scheduled")]
    [InlineData(WindowStatus.Completed, null, "completed scheduled")]
    [InlineData(WindowStatus.Active, -31.0, "active scheduled")] // before its planned start
    public void A_window_is_told_in_progress_from_when_it_was_and_only_if_it_was(WindowStatus status, double? activated, string steps)
    {
        var window = Window("mw_one", status, -30) with
        {
            ActivatedAt = activated is { } hours ? Now.AddHours(hours) : null,
            CancelledAt = status is WindowStatus.Cancelled ? Now.AddHours(-29) : null,
        };
        var entries = Entries(Of(windows: [window]), "/status/updates.atom");
        Assert.Equal(steps.Split(' ').Select(step => $"{Tag}mw_one-{step}"), entries.Select(entry => Value(entry, "id")));
        Assert.Equal(window.ActivatedAt, entries.Where(entry => Value(entry, "id").EndsWith("-active", StringComparison.Ordinal)).Select(entry => (DateTimeOffset?)DateTimeOffset.Parse(Value(entry, "updated"))).SingleOrDefault());
    }

    [Fact]
    public void The_feeds_updated_is_that_of_its_newest_entry_and_of_an_empty_one_the_first_recorded_second()
    {
        Assert.Equal(Began, DateTimeOffset.Parse(Xml(Of(), History).Root!.Element(Atom + "updated")!.Value));
        Assert.Equal(Began, DateTimeOffset.Parse(Xml(Of(), "/status/history.rss").Root!.Element("channel")!.Element("lastBuildDate")!.Value));
        var incident = Incident("inc_one", IncidentStatus.Investigating, "One.");
        Assert.Equal(incident.UpdatedAt, DateTimeOffset.Parse(Xml(Of([incident]), History).Root!.Element(Atom + "updated")!.Value));
    }

    [Fact]
    public void The_newest_fifty_are_listed_and_a_components_feed_has_its_own()
    {
        var publication = Of(
            [.. Enumerable.Range(0, 60).Select(i => Incident($"inc_{i:d2}", IncidentStatus.Resolved, "One.") with { CreatedAt = Now.AddHours(-i) })],
            [Window("mw_storage", WindowStatus.Scheduled, 5), Window("mw_all", WindowStatus.Scheduled, 6) with { AffectedServices = [] }]);
        Assert.Equal(50, Entries(publication).Count);
        Assert.Equal(50, Xml(publication, "/status/history.rss").Root!.Element("channel")!.Elements("item").Count());
        Assert.Equal([Tag + "mw_all", Tag + "mw_storage"], Entries(publication, History + "?component=cmp_model_storage").Select(entry => Value(entry, "id")));
        Assert.Contains(Tag + "inc_00", Entries(publication, History + "?component=cmp_inference_routing").Select(entry => Value(entry, "id")));
        var open = Incident("inc_open", IncidentStatus.Investigating, "Still looked into.") with { CreatedAt = Now.AddDays(-9), UpdatedAt = Now.AddMinutes(1) };
        Assert.Equal(Tag + "inc_open", Value(Entries(Of([.. publication.Announced.Incidents, open]))[^1], "id")); // it changed last, however long ago it began
        Assert.Equal("Xerotier Status: Model Storage", Xml(publication, History + "?component=cmp_model_storage").Root!.Element(Atom + "title")!.Value);
    }

    [Theory]
    [InlineData("\U0001F525")]
    [InlineData("<")]
    [InlineData("\"")]
    [InlineData("&")]
    [InlineData("字")]
    public void What_is_too_large_is_cut_at_a_whole_update_with_a_link(string character)
    {
        var large = string.Concat(Enumerable.Repeat(character, 10_000));
        var publication = Of([.. Enumerable.Range(0, 50).Select(i => Incident($"inc_{i:d2}", IncidentStatus.Resolved, [.. Enumerable.Repeat(large, 9), "Newest of all."]) with { CreatedAt = Now.AddHours(-i) })]);
        foreach (var feed in PublicFeeds.Make(publication))
        {
            Assert.InRange(feed.Live.Length, 1, feed.Path.Contains('?', StringComparison.Ordinal) ? Bounds.OfComponent : Bounds.Document);
        }

        var entries = Entries(publication);
        Assert.All(entries, entry => Assert.True(Encoding.UTF8.GetByteCount(entry.ToString(SaveOptions.DisableFormatting)) <= Bounds.Entry));
        Assert.Contains("Newest of all.", Value(entries[0], "content"), StringComparison.Ordinal);
        Assert.EndsWith("<p><a href=\"https://status.example.com/status/incidents/inc_00\">Read the rest</a></p>", Value(entries[0], "content"), StringComparison.Ordinal);
        Assert.InRange(entries.Count, 10, 50);
        Assert.NotEmpty(Entries(publication, History + "?component=cmp_inference_routing"));
    }

    [Fact]
    public void Texts_that_the_board_does_not_hold_are_linked_to()
    {
        var html = Value(Entries(Of([Incident("inc_one", IncidentStatus.Resolved, "", "Known.")])).Single(), "content");
        Assert.Contains("Known.", html, StringComparison.Ordinal);
        Assert.EndsWith("Read the rest</a></p>", html, StringComparison.Ordinal);
    }

    [Fact]
    public void Hostile_text_in_every_field_is_well_formed()
    {
        var component = Component("cmp_hostile", Hostile);
        var publication = Of(
            [Incident("inc_one", IncidentStatus.Monitoring, Hostile, Hostile) with { Title = Hostile, Components = [new() { Id = "cmp_hostile", Name = Hostile, Status = DeclaredStatus.Outage }] }],
            [Window("mw_one", WindowStatus.Scheduled, 3) with { Title = Hostile, Description = Hostile, AffectedServices = [Hostile] }],
            [Line(component, reason: Hostile)],
            site: Here with { Name = Hostile });
        foreach (var feed in PublicFeeds.Make(publication))
        {
            if (feed.ContentType.Contains("xml", StringComparison.Ordinal))
            {
                using var reader = XmlReader.Create(new MemoryStream(feed.Live), new() { DtdProcessing = DtdProcessing.Prohibit, CheckCharacters = true });
                while (reader.Read())
                {
                }
            }

            // In XML it is escaped, in JSON a title is plain text; HTML is only this.
            var html = feed.ContentType.Contains("xml", StringComparison.Ordinal) ? feed.Text() : string.Concat(JsonNode.Parse(feed.Live)!["items"]!.AsArray().Select(item => (string)item!["content_html"]!));
            Assert.DoesNotContain("<script", html, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("href=\"javascript", html, StringComparison.OrdinalIgnoreCase);
        }

        Assert.Equal(2, Entries(publication).Count);
        Assert.All(Entries(publication), entry => Assert.Contains("]]>b<script>alert(1)</script>&amp;", Value(entry, "title"), StringComparison.Ordinal)); // as text
    }

    private static XDocument Xml(Publication publication, string path) => XDocument.Load(new MemoryStream(PublicFeeds.Make(publication).At(path).Live));

    private static List<XElement> Entries(Publication publication, string path = History) => [.. Xml(publication, path).Root!.Elements(Atom + "entry")];

    private static string Value(XElement entry, string name) => entry.Element(Atom + name)!.Value;
}
