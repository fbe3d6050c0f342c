using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using System.Xml;
using Xerotier.ServiceDefaults.Site;
using Xerotier.Contracts;
using Xerotier.StatusService.Documents.Content;

namespace Xerotier.StatusService.Documents.Feeds;

/// <summary>
/// What feed readers read (surfaces.md section 15): a history, in which an entry is an incident or a window with all that was said of it, and
/// the updates, in which an entry is one thing that was said. Nothing in them depends on the clock, so what has not changed is the same bytes.
/// </summary>
internal static class PublicFeeds
{
    private const string AtomType = "application/atom+xml; charset=utf-8";

    /// <summary>More than the bytes of an entry's elements, its ids and times.</summary>
    private const int Frame = 600;

    private static readonly HtmlEncoder Html = HtmlEncoder.Create(UnicodeRanges.All);

    /// <summary>All feeds.</summary>
    public static IEnumerable<MadeDocument> Make(Publication publication)
    {
        var (incidents, windows) = (publication.Announced.Incidents, publication.Page.Windows.All);
        List<(PageIncident Incident, Entry Entry)> ofIncidents = [.. incidents.Select(i => (i, EntryOf(i, publication)))];
        List<(PageWindow Window, Entry Entry)> ofWindows = [.. windows.Select(w => (w, EntryOf(w, publication)))];
        var history = new Feed(publication, "History", [.. ofIncidents.Select(each => each.Entry), .. ofWindows.Select(each => each.Entry)]);
        yield return Make(history, "/status/history.atom", AtomType, Atom, TextInXml.Size);
        yield return Make(history, "/status/history.rss", "application/rss+xml; charset=utf-8", Rss, TextInXml.Size);

        foreach (var component in publication.Announced.Current)
        {
            var own = new Feed(
                publication,
                component.Name,
                [
                    .. ofIncidents.Where(each => each.Incident.Components.Any(named => named.Id == component.Id)).Select(each => each.Entry),
                    .. ofWindows.Where(each => component.IsAffectedBy(each.Window.AffectedServices)).Select(each => each.Entry),
                ]);
            yield return Make(own, $"/status/history.atom?component={component.Id}", AtomType, Atom, TextInXml.Size, Bounds.OfComponent);
        }

        var updates = new Feed(
            publication,
            "Updates",
            [.. incidents.SelectMany(i => i.Updates.Select(update => EntryOf(i, update, publication))), .. windows.SelectMany(w => WindowSteps.Of(w).Select(step => EntryOf(w, step, publication)))]);
        yield return Make(updates, "/status/updates.atom", AtomType, Atom, TextInXml.Size);
        yield return Make(updates, "/status/updates.json", "application/feed+json; charset=utf-8", Json, JsonSize);
    }

    private static Entry EntryOf(PageIncident incident, Publication publication) => new(
        incident.Id, incident.Title, publication.Site.LinkTo(incident), incident.CreatedAt, incident.UpdatedAt,
        "", [.. incident.Updates.Reverse().Select(Said)]);

    private static Entry EntryOf(PageWindow window, Publication publication) => new(
        window.Id, $"Maintenance: {window.Title}", publication.Site.LinkTo(window), window.CreatedAt, window.UpdatedAt,
        Planned(window), [.. WindowSteps.Of(window).Reverse().Select(step => Said(WordOf(step.Status), step.At, Paragraph(step.Text)))]);

    private static Entry EntryOf(PageIncident incident, PageIncidentUpdate update, Publication publication) => new(
        update.Id, $"{WordOf(update.Status)}: {incident.Title}", publication.Site.LinkTo(incident), update.PostedAt, update.EditedAt ?? update.PostedAt, "", [Said(update)]);

    private static Entry EntryOf(PageWindow window, WindowStep step, Publication publication) => new(
        $"{window.Id}-{step.Status.ToString().ToLowerInvariant()}", $"Maintenance {WordOf(step.Status).ToLowerInvariant()}: {window.Title}", publication.Site.LinkTo(window), step.At, step.At,
        Planned(window), [Paragraph(step.Text)]);

    private static string WordOf(IncidentStatus status) => status.ToString();

    private static string WordOf(WindowStatus status) => status is WindowStatus.Active ? "In progress" : status.ToString();

    /// <summary>“Planned from … to …, for Inference Routing.”</summary>
    private static string Planned(PageWindow window) => Paragraph(
        $"Planned from {Wording.Moment(window.StartsAt)} to {Wording.Moment(window.EndsAt)}{(window.AffectedServices.Count > 0 ? ", for " + string.Join(", ", window.AffectedServices) : "")}.");

    /// <summary>What an update says; null where the board does not hold its text.</summary>
    private static string? Said(PageIncidentUpdate update) => update.Body.Length == 0 ? null : Said(WordOf(update.Status), update.At, TextInXml.Clean(Markdown.ToHtml(update.Body)));

    private static string Said(string status, DateTimeOffset at, string html) => $"<p><small>{Wording.Moment(at)}</small><br><strong>{status}</strong></p>{html}";

    private static string Paragraph(string text) => $"<p>{string.Join("<br>", TextInXml.Clean(text.ReplaceLineEndings("\n")).Split('\n').Select(Html.Encode))}</p>";

    private static int JsonSize(string text) => JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).EncodedUtf8Bytes.Length;

    /// <summary>The newest entries, as many as the document may hold, the last of them with as much as there is room for.</summary>
    private static MadeDocument Make(Feed feed, string path, string type, Func<Feed, string, byte[]> write, Func<string, int> size, int largest = Bounds.Document)
    {
        var entries = new List<Entry>();
        var room = largest - (4 * Frame) - (2 * size(feed.Title)) - (4 * size(feed.Url));
        foreach (var entry in feed.Entries)
        {
            var frame = Frame + size(entry.Title) + size(entry.Link);
            if (Cut(entry, Math.Min(Bounds.Entry, room) - frame, size) is not { } html)
            {
                break;
            }

            entries.Add(entry with { Html = html });
            room -= frame + size(html);
        }

        return new(path, type, write(feed with { Entries = entries }, path));
    }

    /// <summary>The newest parts of an entry that fit into <paramref name="most"/> bytes, and a link to the rest; null: not even that fits.</summary>
    private static string? Cut(Entry entry, int most, Func<string, int> size)
    {
        var rest = $"<p><a href=\"{Html.Encode(entry.Link)}\">Read the rest</a></p>";
        var room = most - size(rest);
        var text = new StringBuilder();
        foreach (var part in entry.Parts.Prepend(entry.Lead))
        {
            if (part is null || size(part) > room)
            {
                return room < 0 ? null : text.Append(rest).ToString();
            }

            text.Append(part);
            room -= size(part);
        }

        return text.ToString();
    }

    private static byte[] Atom(Feed feed, string path) => Xml(xml =>
    {
        const string ns = "http://www.w3.org/2005/Atom";
        xml.WriteStartElement("feed", ns);
        xml.WriteElementString("title", ns, feed.Title);
        xml.WriteElementString("id", ns, feed.IdOf(path));
        Link(feed.Url + path, "self", "application/atom+xml");
        Link(feed.Url + "/status", "alternate", "text/html");
        xml.WriteElementString("updated", ns, Wording.Instant(feed.Updated));
        xml.WriteStartElement("author", ns);
        xml.WriteElementString("name", ns, feed.Site);
        xml.WriteEndElement();
        foreach (var entry in feed.Entries)
        {
            xml.WriteStartElement("entry", ns);
            xml.WriteElementString("title", ns, entry.Title);
            xml.WriteElementString("id", ns, feed.IdOf(entry.Id));
            Link(entry.Link, "alternate", "text/html");
            xml.WriteElementString("published", ns, Wording.Instant(entry.Published));
            xml.WriteElementString("updated", ns, Wording.Instant(entry.Updated));
            xml.WriteStartElement("content", ns);
            xml.WriteAttributeString("type", "html");
            xml.WriteString(entry.Html);
            xml.WriteEndElement();
            xml.WriteEndElement();
        }

        void Link(string href, string rel, string type)
        {
            xml.WriteStartElement("link", ns);
            xml.WriteAttributeString("rel", rel);
            xml.WriteAttributeString("type", type);
            xml.WriteAttributeString("href", href);
            xml.WriteEndElement();
        }
    });

    private static byte[] Rss(Feed feed, string path) => Xml(xml =>
    {
        const string atom = "http://www.w3.org/2005/Atom";
        xml.WriteStartElement("rss");
        xml.WriteAttributeString("version", "2.0");
        xml.WriteAttributeString("xmlns", "atom", null, atom);
        xml.WriteStartElement("channel");
        xml.WriteElementString("title", feed.Title);
        xml.WriteElementString("link", feed.Url + "/status");
        xml.WriteElementString("description", $"Incidents and maintenance of {feed.Site}");
        xml.WriteStartElement("link", atom);
        xml.WriteAttributeString("rel", "self");
        xml.WriteAttributeString("type", "application/rss+xml");
        xml.WriteAttributeString("href", feed.Url + path);
        xml.WriteEndElement();
        xml.WriteElementString("lastBuildDate", feed.Updated.ToString("R"));
        foreach (var entry in feed.Entries)
        {
            xml.WriteStartElement("item");
            xml.WriteElementString("title", entry.Title);
            xml.WriteElementString("link", entry.Link);
            xml.WriteStartElement("guid");
            xml.WriteAttributeString("isPermaLink", "false");
            xml.WriteString(feed.IdOf(entry.Id));
            xml.WriteEndElement();
            xml.WriteElementString("pubDate", entry.Published.ToString("R"));
            xml.WriteElementString("updated", atom, Wording.Instant(entry.Updated));
            xml.WriteElementString("description", entry.Html);
            xml.WriteEndElement();
        }
    });

    private static byte[] Json(Feed feed, string path) => JsonSerializer.SerializeToUtf8Bytes(
        new JsonFeed
        {
            Title = feed.Title,
            HomePageUrl = feed.Url + "/status",
            FeedUrl = feed.Url + path,
            Items = [.. feed.Entries.Select(entry => new JsonFeedItem
            {
                Id = feed.IdOf(entry.Id),
                Url = entry.Link,
                Title = entry.Title,
                ContentHtml = entry.Html,
                DatePublished = entry.Published,
                DateModified = entry.Updated,
            })],
        },
        ContractsJson.Wire.JsonFeed);

    private static byte[] Xml(Action<XmlWriter> write)
    {
        using var bytes = new MemoryStream();
        using (var xml = XmlWriter.Create(bytes, new() { Encoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false) }))
        {
            write(xml);
        }

        return bytes.ToArray();
    }

    /// <summary>One feed: the entries that changed last, however long ago they began, and of them the newest first.</summary>
    private sealed record Feed
    {
        public Feed(Publication publication, string what, IEnumerable<Entry> entries)
        {
            Publication = publication;
            Title = TextInXml.Clean($"{publication.Site.Name}: {what}");
            Entries = [
                .. entries.OrderByDescending(entry => entry.Updated).ThenBy(entry => entry.Id, StringComparer.Ordinal).Take(Bounds.Entries)
                    .OrderByDescending(entry => entry.Published).ThenBy(entry => entry.Id, StringComparer.Ordinal)];
        }

        public Publication Publication { get; }

        public string Site => TextInXml.Clean(Publication.Site.Name);

        public string Title { get; }

        public IReadOnlyList<Entry> Entries { get; init; }

        public string Url => Publication.Site.Url;

        /// <summary>That of its newest entry: two reads without a change are the same bytes.</summary>
        public DateTimeOffset Updated => Entries.Select(entry => entry.Updated).DefaultIfEmpty(Publication.Began).Max();

        public string IdOf(string id) => $"tag:{Publication.Site.Id}.invalid,2026:{id}";
    }

    // Lead: what it begins with. Parts: what was said, newest first; null where only the incident's own page has it.
    private sealed record Entry(string Id, string Title, string Link, DateTimeOffset Published, DateTimeOffset Updated, string Lead, IReadOnlyList<string?> Parts)
    {
        public string Title { get; } = TextInXml.Clean(Title);

        /// <summary>What the document shows of it.</summary>
        public string Html { get; init; } = "";
    }
}
