using System.Globalization;
using System.Text;
using Xerotier.StatusService.Documents.Content;

namespace Xerotier.StatusService.Documents.Calendar;

/// <summary>The maintenance windows as iCalendar (RFC 5545; surfaces.md section 16): each an event of its own, in UTC.</summary>
internal static class CalendarFile
{
    private const int LongestLine = 75; // octets, RFC 5545 section 3.1
    private const string ContentType = "text/calendar; charset=utf-8";

    /// <summary>How many of the newest windows have a calendar of their own in advance.</summary>
    private const int Single = 50;

    /// <summary>All calendars.</summary>
    public static IEnumerable<MadeDocument> Make(Publication publication)
    {
        var site = publication.Site;
        yield return new("/status/maintenance.ics", ContentType, Of(publication.Calendar, $"{site.Name}: Maintenance", site));
        foreach (var component in publication.Announced.Current)
        {
            yield return new(
                $"/status/maintenance.ics?component={component.Id}",
                ContentType,
                Of(publication.Calendar.Where(each => component.IsAffectedBy(each.Window.AffectedServices)), $"{site.Name}: {component.Name}", site));
        }

        foreach (var each in publication.Calendar.OrderByDescending(each => each.Window.StartsAt).Take(Single))
        {
            yield return new($"/status/maintenance/{each.Window.Id}.ics", ContentType, Of([each], each.Window.Title, site));
        }
    }

    /// <summary>The bytes of a calendar.</summary>
    public static byte[] Of(IEnumerable<CalendarWindow> windows, string name, Site site)
    {
        var text = new StringBuilder();
        Line("BEGIN", "VCALENDAR");
        Line("VERSION", "2.0");
        Line("PRODID", "-//Xerotier//Status//EN");
        Line("METHOD", "PUBLISH");
        Line("NAME", Escape(name));
        Line("X-WR-CALNAME", Escape(name));
        Line("REFRESH-INTERVAL;VALUE=DURATION", "PT15M");
        foreach (var (window, version) in windows)
        {
            Line("BEGIN", "VEVENT");
            Line("UID", $"{window.Id}@{site.Id}.invalid");
            Line("DTSTAMP", Instant(window.UpdatedAt));
            Line("LAST-MODIFIED", Instant(window.UpdatedAt));
            Line("SEQUENCE", version.ToString(CultureInfo.InvariantCulture));
            Line("DTSTART", Instant(window.StartsAt));
            Line("DTEND", Instant(window.EndsAt));
            Line("SUMMARY", Escape(window.Title));
            if (window.Description.Length > 0)
            {
                Line("DESCRIPTION", Escape(window.Description));
            }

            if (window.AffectedServices.Count > 0)
            {
                Line("CATEGORIES", string.Join(',', window.AffectedServices.Select(Escape)));
            }

            Line("STATUS", window.Status is WindowStatus.Cancelled ? "CANCELLED" : "CONFIRMED");
            Line("TRANSP", "TRANSPARENT");
            Line("URL", site.LinkTo(window));
            Line("END", "VEVENT");
        }

        Line("END", "VCALENDAR");
        return Encoding.UTF8.GetBytes(text.ToString());

        void Line(string property, string value) => Fold(text, $"{property}:{value}");
    }

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
