using System.Text;
using Google.Protobuf.WellKnownTypes;
using Ical.Net.CalendarComponents;
using Xerotier.StatusService.Documents.Calendar;
using Xerotier.StatusService.Documents.Content;
using static Xerotier.StatusService.Tests.SamplePublication;

namespace Xerotier.StatusService.Tests;

/// <summary>The calendars (surfaces.md section 16).</summary>
public sealed class CalendarTests
{
    private const string All = "/status/maintenance.ics";

    [Fact]
    public void An_event_says_all_of_a_window()
    {
        var window = Window("mw_one", WindowStatus.Scheduled, 5) with { Title = "Upgrade, part 1; of 2\\3", Description = "First line.\nSecond line.", AffectedServices = ["Model Storage", "A, B"] };
        var publication = Of(windows: [window], calendar: [new(window, 7)]);
        var made = CalendarFile.Make(publication).At(All);
        Assert.Equal("text/calendar; charset=utf-8", made.ContentType);
        Assert.Null(made.Stale);
        var lines = Unfolded(made);
        Assert.Equal("BEGIN:VCALENDAR", lines[0]);
        Assert.Equal("END:VCALENDAR", lines[^1]);
        foreach (var line in new[]
        {
            "VERSION:2.0", "NAME:Xerotier Status: Maintenance", "X-WR-CALNAME:Xerotier Status: Maintenance", "REFRESH-INTERVAL;VALUE=DURATION:PT15M",
            "UID:mw_one@0197a3c2d1e47f0b9a6c5d4e3f2a1b0c.invalid", $"DTSTAMP:{window.UpdatedAt:yyyyMMddTHHmmssZ}", $"LAST-MODIFIED:{window.UpdatedAt:yyyyMMddTHHmmssZ}", "SEQUENCE:7",
            "DTSTART:20261103T190211Z", "DTEND:20261103T200211Z", @"SUMMARY:Upgrade\, part 1\; of 2\\3", @"DESCRIPTION:First line.\nSecond line.", @"CATEGORIES:Model Storage,A\, B",
            "STATUS:CONFIRMED", "TRANSP:TRANSPARENT", "URL:https://status.example.com/status#mw_one",
        })
        {
            Assert.Contains(line, lines);
        }

        Assert.DoesNotContain(lines, line => line.StartsWith("RRULE", StringComparison.Ordinal) || line.StartsWith("BEGIN:VTIMEZONE", StringComparison.Ordinal));
        var read = Read(made).Single();
        Assert.Equal((window.Title, window.Description, 7), (read.Summary, read.Description, read.Sequence));
        Assert.Equal(window.StartsAt.UtcDateTime, read.DtStart!.AsUtc);
        Assert.Equal(window.EndsAt.UtcDateTime, read.DtEnd!.AsUtc);
        Assert.Equal(["Model Storage", "A, B"], read.Categories);
    }

    [Fact]
    public void Lines_fold_at_75_octets_and_never_inside_a_character()
    {
        var title = string.Concat(Enumerable.Repeat("\U0001F469\u200D\U0001F680é字", 40));
        var made = CalendarFile.Make(Of(windows: [Window("mw_one", WindowStatus.Scheduled, 5) with { Title = title }])).At(All);
        var strict = new UTF8Encoding(false, throwOnInvalidBytes: true);
        var (start, count) = (0, 0);
        for (var i = 0; i + 1 < made.Live.Length; i++)
        {
            if (made.Live[i] == '\r' && made.Live[i + 1] == '\n')
            {
                Assert.InRange(i - start, 1, 75);
                strict.GetString(made.Live, start, i - start);
                (start, count) = (i + 2, count + 1);
            }
        }

        Assert.Equal(made.Live.Length, start); // every line ends with CRLF
        Assert.Equal(count, made.Live.Count(b => b == '\n'));
        Assert.Equal(title, Read(made).Single().Summary);
    }

    [Fact]
    public void A_cancelled_window_stays_as_cancelled()
    {
        var read = Read(CalendarFile.Make(Of(windows: [Window("mw_one", WindowStatus.Cancelled, 5)])).At(All)).Single();
        Assert.Equal("CANCELLED", read.Status);
    }

    [Fact]
    public void A_purged_window_leaves_a_cancelled_event_without_text()
    {
        var (start, at) = (Now.AddHours(5), Now.AddHours(-1));
        var purged = CalendarWindow.Of(new() { Id = "mw_gone", Version = 4, PurgedAt = at.ToTimestamp(), StartsAt = start.ToTimestamp(), EndsAt = start.AddHours(1).ToTimestamp() });
        var lines = Unfolded(CalendarFile.Make(Of(calendar: [purged])).At(All));
        Assert.Contains("STATUS:CANCELLED", lines);
        Assert.Contains("SEQUENCE:4", lines);
        Assert.Contains($"LAST-MODIFIED:{at:yyyyMMddTHHmmssZ}", lines);
        Assert.DoesNotContain(lines, line => line.StartsWith("SUMMARY", StringComparison.Ordinal) || line.StartsWith("DESCRIPTION", StringComparison.Ordinal));
    }

    [Fact]
    public void A_component_has_its_windows_and_a_window_its_own_calendar()
    {
        List<PageWindow> windows = [Window("mw_storage", WindowStatus.Scheduled, 5), Window("mw_all", WindowStatus.Completed, -9) with { AffectedServices = [] }, Window("mw_other", WindowStatus.Active, 0) with { AffectedServices = ["Dashboard"] }];
        var made = CalendarFile.Make(Of(windows: windows)).ToList();
        Assert.Equal(["mw_all", "mw_other", "mw_storage"], Ids(All));
        Assert.Equal(["mw_all", "mw_storage"], Ids(All + "?component=cmp_model_storage"));
        Assert.Equal(["mw_other"], Ids("/status/maintenance/mw_other.ics"));

        string[] Ids(string path) => [.. Read(made.At(path)).Select(each => each.Uid!.Split('@')[0])];
    }

    [Fact]
    public void Many_large_windows_stay_within_bounds_the_last_to_start_kept()
    {
        List<PageWindow> windows = [.. Enumerable.Range(0, 600).Select(i => Window($"mw_{i:d3}", WindowStatus.Scheduled, i) with { Description = new('字', 2000), AffectedServices = [] })];
        var made = CalendarFile.Make(Of(windows: windows)).ToList();
        Assert.InRange(made.At(All).Live.Length, Bounds.Document / 2, Bounds.Document);
        Assert.InRange(made.At(All + "?component=cmp_dashboard").Live.Length, Bounds.OfComponent / 2, Bounds.OfComponent);
        Assert.Equal("mw_599", Read(made.At(All)).Last().Uid!.Split('@')[0]);
        Assert.Equal(500, Read(CalendarFile.Make(Of(windows: [.. windows.Select(window => window with { Description = "" })])).At(All)).Count);
        Assert.Equal(50, made.Count(each => each.Path.StartsWith("/status/maintenance/", StringComparison.Ordinal)));
    }

    [Fact]
    public void Hostile_text_ends_no_line()
    {
        var made = CalendarFile.Make(Of(windows: [Window("mw_one", WindowStatus.Scheduled, 5) with { Title = Hostile + "\r\nEND:VEVENT\r\nX:", Description = Hostile, AffectedServices = [Hostile] }], site: Here with { Name = Hostile })).At(All);
        Assert.Single(Unfolded(made), line => line == "END:VEVENT");
        Assert.DoesNotContain(made.Text(), c => char.IsControl(c) && c is not ('\r' or '\n'));
        Assert.Contains("<script>", Read(made).Single().Summary, StringComparison.Ordinal);
    }

    [Fact]
    public void An_empty_calendar_is_one() => Assert.Empty(Read(CalendarFile.Make(Of()).At(All)));

    private static List<string> Unfolded(MadeDocument made) => [.. made.Text().Replace("\r\n ", "", StringComparison.Ordinal).TrimEnd().Split("\r\n")];

    private static List<CalendarEvent> Read(MadeDocument made) => [.. Ical.Net.Calendar.Load(made.Text())!.Events];
}
