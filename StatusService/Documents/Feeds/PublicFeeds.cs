using System.Text.Encodings.Web;
using System.Text.Json;
using System.Xml;
using Xerotier.Contracts;
using Xerotier.StatusService.Documents.Content;

namespace Xerotier.StatusService.Documents.Feeds;

/// <summary>
/// What feed readers read (surfaces.md section 15): a history, in which an entry is an incident or a window with all that was said of it, and
/// the updates, in which an entry is one thing that was said. Nothing in them depends on the clock, so what has not changed is the same bytes.
/// </summary>
internal static class PublicFeeds
{
    /// <summary>The most entries of a feed.</summary>
    private const int Most = 50;

    /// <summary>The most characters of one entry; what is older is left to the incident's own page.</summary>
    private const int LongestEntry = 64 * 1024;

    /// <summary>The most bytes of a feed; of a longer one the oldest entries are left out.</summary>
    private const int Largest = 1024 * 1024;

    /// <summary>All feeds.</summary>
    public static IEnumerable<MadeDocument> Make(Publication publication)
    {
        var (incidents, windows) = (publication.Announced.Incidents, Windows(publication.Page.Windows));
        var history = new Feed(publication, "History", [.. incidents.Select(i => EntryOf(i, publication)), .. windows.Select(w => EntryOf(w, publication))]);
        yield return Bounded(history, "/status/history.atom", "application/atom+xml; charset=utf-8", Atom);
        yield return Bounded(history, "/status/history.rss", "application/rss+xml; charset=utf-8", Rss);

        foreach (var component in publication.Announced.Current)
        {
            var own = new Feed(
                publication,
                component.Name,
                [
                    .. incidents.Where(i => i.Components.Any(named => named.Id == component.Id)).Select(i => EntryOf(i, publication)),
                    .. windows.Where(w => component.IsAffectedBy(w.AffectedServices)).Select(w => EntryOf(w, publication)),
                ]);
            yield return Bounded(own, $"/status/history.atom?component={component.Id}", "application/atom+xml; charset=utf-8", Atom);
        }

        var updates = new Feed(
            publication,
            "Updates",
            [.. incidents.SelectMany(i => i.Updates.Select(update => EntryOf(i, update, publication))), .. windows.SelectMany(w => Transitions.Of(w).Select(step => EntryOf(w, step, publication)))]);
        yield return Bounded(updates, "/status/updates.atom", "application/atom+xml; charset=utf-8", Atom);
        yield return Bounded(updates, "/status/updates.json", "application/feed+json; charset=utf-8", Json);
    }

    private static IReadOnlyList<PageWindow> Windows(WindowsModel windows) => [.. windows.Recent.Concat(windows.Active).Concat(windows.Scheduled).DistinctBy(window => window.Id)];

    private static Entry EntryOf(PageIncident incident, Publication publication) => new(
        incident.Id, incident.Title, publication.Site.LinkTo(incident), incident.CreatedAt, incident.UpdatedAt,
        Joined(incident.Updates.Reverse().Select(update => Said(WordOf(update.Status), update.At, Markdown.ToHtml(update.Body))), publication.Site.LinkTo(incident)));

    private static Entry EntryOf(PageWindow window, Publication publication) => new(
        window.Id, $"Maintenance: {window.Title}", publication.Site.LinkTo(window), window.CreatedAt, window.UpdatedAt,
        Planned(window) + Joined(Transitions.Of(window).Reverse().Select(step => Said(WordOf(step.Status), step.At, Paragraph(step.Text))), publication.Site.LinkTo(window)));

    private static Entry EntryOf(PageIncident incident, PageIncidentUpdate update, Publication publication) => new(
        update.Id, $"{WordOf(update.Status)}: {incident.Title}", publication.Site.LinkTo(incident), update.PostedAt, update.EditedAt ?? update.PostedAt,
        Said(WordOf(update.Status), update.At, Markdown.ToHtml(update.Body)));

    private static Entry EntryOf(PageWindow window, Transition step, Publication publication) => new(
        $"{window.Id}-{step.Status.ToString().ToLowerInvariant()}", $"Maintenance {WordOf(step.Status).ToLowerInvariant()}: {window.Title}", publication.Site.LinkTo(window), step.At, step.At,
        Planned(window) + Paragraph(step.Text));

    private static string WordOf(IncidentStatus status) => status.ToString();

    private static string WordOf(WindowStatus status) => status is WindowStatus.Active ? "In progress" : status.ToString();

    /// <summary>“Planned from … to …, for Inference Routing.”</summary>
    private static string Planned(PageWindow window) => Paragraph(
        $"Planned from {Moment(window.StartsAt)} to {Moment(window.EndsAt)}{(window.AffectedServices.Count > 0 ? ", for " + string.Join(", ", window.AffectedServices) : "")}.");

    private static string Said(string status, DateTimeOffset at, string html) => $"<p><small>{Moment(at)}</small><br><strong>{status}</strong></p>{html}";

    private static string Moment(DateTimeOffset at) => at.UtcDateTime.ToString("d MMM yyyy, HH:mm 'UTC'", System.Globalization.CultureInfo.InvariantCulture);

    private static string Paragraph(string text) => $"<p>{HtmlEncoder.Default.Encode(text).Replace("&#xA;", "<br>", StringComparison.Ordinal)}</p>";

    /// <summary>As many parts as an entry may hold, and a link to the rest.</summary>
    private static string Joined(IEnumerable<string> parts, string link)
    {
        var text = new System.Text.StringBuilder();
        foreach (var part in parts)
        {
            if (text.Length + part.Length > LongestEntry)
            {
                return text.Append("<p><a href=\"").Append(HtmlEncoder.Default.Encode(link)).Append("\">Earlier updates</a></p>").ToString();
            }

            text.Append(part);
        }

        return text.ToString();
    }

    private static MadeDocument Bounded(Feed feed, string path, string type, Func<Feed, string, byte[]> write)
    {
        for (var entries = feed.Entries; ; entries = [.. entries.Take(entries.Count / 2)])
        {
            var bytes = write(feed with { Entries = entries }, path);
            if (bytes.Length <= Largest || entries.Count == 0)
            {
                return new(path, type, bytes);
            }
        }
    }

    private static byte[] Atom(Feed feed, string path) => Xml(xml =>
    {
        const string ns = "http://www.w3.org/2005/Atom";
        xml.WriteStartElement("feed", ns);
        xml.WriteElementString("title", ns, Clean(feed.Title));
        xml.WriteElementString("id", ns, feed.IdOf(path));
        Link(feed.Url + path, "self", "application/atom+xml");
        Link(feed.Url + "/status", "alternate", "text/html");
        xml.WriteElementString("updated", ns, Instant(feed.Updated));
        xml.WriteStartElement("author", ns);
        xml.WriteElementString("name", ns, Clean(feed.Publication.Site.Name));
        xml.WriteEndElement();
        foreach (var entry in feed.Entries)
        {
            xml.WriteStartElement("entry", ns);
            xml.WriteElementString("title", ns, Clean(entry.Title));
            xml.WriteElementString("id", ns, feed.IdOf(entry.Id));
            Link(entry.Link, "alternate", "text/html");
            xml.WriteElementString("published", ns, Instant(entry.Published));
            xml.WriteElementString("updated", ns, Instant(entry.Updated));
            xml.WriteStartElement("content", ns);
            xml.WriteAttributeString("type", "html");
            xml.WriteString(Clean(entry.Html));
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
        xml.WriteElementString("title", Clean(feed.Title));
        xml.WriteElementString("link", feed.Url + "/status");
        xml.WriteElementString("description", Clean($"Incidents and maintenance of {feed.Publication.Site.Name}"));
        xml.WriteStartElement("link", atom);
        xml.WriteAttributeString("rel", "self");
        xml.WriteAttributeString("type", "application/rss+xml");
        xml.WriteAttributeString("href", feed.Url + path);
        xml.WriteEndElement();
        xml.WriteElementString("lastBuildDate", feed.Updated.ToString("R"));
        foreach (var entry in feed.Entries)
        {
            xml.WriteStartElement("item");
            xml.WriteElementString("title", Clean(entry.Title));
            xml.WriteElementString("link", entry.Link);
            xml.WriteStartElement("guid");
            xml.WriteAttributeString("isPermaLink", "false");
            xml.WriteString(feed.IdOf(entry.Id));
            xml.WriteEndElement();
            xml.WriteElementString("pubDate", entry.Published.ToString("R"));
            xml.WriteElementString("updated", atom, Instant(entry.Updated));
            xml.WriteElementString("description", Clean(entry.Html));
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
        using (var xml = XmlWriter.Create(bytes, new() { Encoding = new System.Text.UTF8Encoding(encoderShouldEmitUTF8Identifier: false) }))
        {
            write(xml);
        }

        return bytes.ToArray();
    }

    /// <summary>The text without the characters that no XML may hold.</summary>
    private static string Clean(string text) => text.All(XmlConvert.IsXmlChar) ? text
        : string.Concat(text.EnumerateRunes().Select(rune => rune.IsBmp && !XmlConvert.IsXmlChar((char)rune.Value) ? "\uFFFD" : rune.ToString()));

    private static string Instant(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>One feed, its newest entries first.</summary>
    private sealed record Feed
    {
        public Feed(Publication publication, string what, IEnumerable<Entry> entries)
        {
            Publication = publication;
            Title = $"{publication.Site.Name}: {what}";
            Entries = [.. entries.OrderByDescending(entry => entry.Published).ThenBy(entry => entry.Id, StringComparer.Ordinal).Take(Most)];
        }

        public Publication Publication { get; }

        public string Title { get; }

        public IReadOnlyList<Entry> Entries { get; init; }

        public string Url => Publication.Site.Url;

        /// <summary>That of its newest entry: two reads without a change are the same bytes.</summary>
        public DateTimeOffset Updated => Entries.Select(entry => entry.Updated).DefaultIfEmpty(Publication.Began).Max();

        public string IdOf(string id) => $"tag:{Publication.Site.Id}.invalid,2026:{id}";
    }

    private sealed record Entry(string Id, string Title, string Link, DateTimeOffset Published, DateTimeOffset Updated, string Html);
}
