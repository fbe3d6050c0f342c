using System.Globalization;
using System.Text;
using Xerotier.StatusService.Documents.Content;

namespace Xerotier.StatusService.Documents.Calendar;

/// <summary>The maintenance windows as iCalendar (RFC 5545; surfaces.md section 16): each an event of its own, in UTC.</summary>
internal static class CalendarFile
{
    /// <summary>How often a calendar asks to be read again.</summary>
    public static readonly TimeSpan ReadEvery = TimeSpan.FromMinutes(15);

    /// <summary>The media type.</summary>
    public const string ContentType = "text/calendar; charset=utf-8";

    private const int LongestLine = 75; // octets, RFC 5545 section 3.1

    /// <summary>How many of the newest windows have a calendar of their own in advance.</summary>
    private const int Single = 50;

    /// <summary>The most events of a calendar.</summary>
    private const int Most = 500;

    private const int Frame = 4_000; // more than the bytes of a calendar without events

    /// <summary>All calendars.</summary>
    public static IEnumerable<MadeDocument> Make(Publication publication)
    {
        var site = publication.Site;
        List<(PageWindow Window, string Event)> events =
        [
            .. publication.Calendar.OrderByDescending(each => each.Window.StartsAt).ThenByDescending(each => each.Window.Id, StringComparer.Ordinal).Select(each => (each.Window, EventOf(each, site))),
        ];
        yield return new("/status/maintenance.ics", ContentType, Of(events.Select(each => each.Event), $"{site.Name}: Maintenance"));
        foreach (var component in publication.Announced.Current)
        {
            yield return new(
                $"/status/maintenance.ics?component={component.Id}",
                ContentType,
                Of(events.Where(each => component.IsAffectedBy(each.Window.AffectedServices)).Select(each => each.Event), $"{site.Name}: {component.Name}", Bounds.OfComponent));
        }

        foreach (var (window, own) in events.Take(Single))
        {
            yield return new(PathOf(window.Id), ContentType, Of([own], window.Title));
        }
    }

    /// <summary>The path of a window's own calendar.</summary>
    public static string PathOf(string id) => $"/status/maintenance/{id}.ics";

    /// <summary>The bytes of a window's own calendar.</summary>
    public static byte[] Of(CalendarWindow each, Site site) => Of([EventOf(each, site)], each.Window.Title);

    /// <summary>The bytes of a calendar: of <paramref name="latestFirst"/> the first events, as many as it may hold, by start.</summary>
    private static byte[] Of(IEnumerable<string> latestFirst, string name, int largest = Bounds.Document)
    {
        var room = largest - Frame;
        var events = new Stack<string>();
        foreach (var next in latestFirst.Take(Most))
        {
            room -= Encoding.UTF8.GetByteCount(next);
            if (room < 0)
            {
                break;
            }

            events.Push(next);
        }

        var text = new StringBuilder();
        Line(text, "BEGIN", "VCALENDAR");
        Line(text, "VERSION", "2.0");
        Line(text, "PRODID", "-//Xerotier//Status//EN");
        Line(text, "METHOD", "PUBLISH");
        Line(text, "NAME", Escape(name));
        Line(text, "X-WR-CALNAME", Escape(name));
        Line(text, "REFRESH-INTERVAL;VALUE=DURATION", string.Create(CultureInfo.InvariantCulture, $"PT{ReadEvery.TotalMinutes}M"));
        text.AppendJoin("", events);
        Line(text, "END", "VCALENDAR");
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static string EventOf(CalendarWindow each, Site site)
    {
        var (window, version) = each;
        var text = new StringBuilder();
        Line(text, "BEGIN", "VEVENT");
        Line(text, "UID", $"{window.Id}@{site.Id}.invalid");
        Line(text, "DTSTAMP", Instant(window.UpdatedAt));
        Line(text, "LAST-MODIFIED", Instant(window.UpdatedAt));
        Line(text, "SEQUENCE", version.ToString(CultureInfo.InvariantCulture));
        Line(text, "DTSTART", Instant(window.StartsAt));
        Line(text, "DTEND", Instant(window.EndsAt));
        if (window.Title.Length > 0) // it was purged
        {
            Line(text, "SUMMARY", Escape(window.Title));
        }

        if (window.Description.Length > 0)
        {
            Line(text, "DESCRIPTION", Escape(window.Description));
        }

        if (window.AffectedServices.Count > 0)
        {
            Line(text, "CATEGORIES", string.Join(',', window.AffectedServices.Select(Escape)));
        }

        Line(text, "STATUS", window.Status is WindowStatus.Cancelled ? "CANCELLED" : "CONFIRMED");
        Line(text, "TRANSP", "TRANSPARENT");
        Line(text, "URL", site.LinkTo(window));
        Line(text, "END", "VEVENT");
        return text.ToString();
    }

    private static void Line(StringBuilder text, string property, string value) => Fold(text, $"{property}:{value}");

    /// <summary>Appends a line, folded so that none is longer than 75 octets and none ends inside a character.</summary>
    private static void Fold(StringBuilder text, string line)
    {
        var octets = 0;
        foreach (var rune in line.EnumerateRunes())
        {
            if (octets + rune.Utf8SequenceLength > LongestLine)
            {
                text.Append("\r\n ");
                octets = 1;
            }

            text.Append(rune);
            octets += rune.Utf8SequenceLength;
        }

        text.Append("\r\n");
    }

    /// <summary>Text as a value (RFC 5545 section 3.3.11). Other control characters have no place in it.</summary>
    private static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (var c in text.ReplaceLineEndings("\n"))
        {
            _ = c switch
            {
                '\\' or ';' or ',' => escaped.Append('\\').Append(c),
                '\n' => escaped.Append("\\n"),
                _ when char.IsControl(c) && c != '\t' => escaped,
                _ => escaped.Append(c),
            };
        }

        return escaped.ToString();
    }

    private static string Instant(DateTimeOffset at) => at.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
}
