using Ical.Net.CalendarComponents;
using Ical.Net.DataTypes;
using NodaTime;
using Xerotier.MaintenanceService.Series;

namespace Xerotier.MaintenanceService.Tests;

public sealed class RecurrenceTests
{
    private static readonly DateOnly From = new(2025, 1, 1);
    private static readonly DateOnly Through = new(2027, 12, 31);

    [Theory]
    [InlineData("FREQ=DAILY")]
    [InlineData("FREQ=DAILY;INTERVAL=3")]
    [InlineData("FREQ=DAILY;BYDAY=SA,SU;COUNT=77")]
    [InlineData("FREQ=DAILY;INTERVAL=2;UNTIL=20260401")]
    [InlineData("FREQ=WEEKLY")]
    [InlineData("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE,SU")]
    [InlineData("FREQ=WEEKLY;INTERVAL=52;BYDAY=TU;COUNT=3")]
    [InlineData("FREQ=MONTHLY;BYMONTHDAY=1,15,-1")]
    [InlineData("FREQ=MONTHLY;BYDAY=-1SU")]
    [InlineData("FREQ=MONTHLY;INTERVAL=2;BYDAY=2TU,4TH;COUNT=10")]
    [InlineData("FREQ=MONTHLY;BYDAY=FR")]
    [InlineData("FREQ=MONTHLY")]
    public void Dates_are_those_of_an_independent_implementation(string text)
    {
        var rule = Parse(text);
        var start = rule.Dates(From, From, Through).First(); // where RFC 5545 wants it: a date of the rule
        var expected = new CalendarEvent { Start = new CalDateTime(start), RecurrenceRule = new RecurrenceRule(text) }
            .GetOccurrences().TakeWhile(o => o.Period.StartTime.Date <= Through).Select(o => o.Period.StartTime.Date).ToList();
        Assert.Equal(expected, rule.Dates(start, start, Through));
        var middle = new DateOnly(2026, 2, 10);
        Assert.Equal(expected.Where(date => date >= middle), rule.Dates(start, middle, Through));
    }

    [Fact]
    public void In_every_zone_over_three_years_occurrences_keep_local_time_but_for_the_declared_gaps_and_overlaps()
    {
        var rule = Parse("FREQ=DAILY");
        var (gaps, overlaps) = (0, 0);
        foreach (var id in DateTimeZoneProviders.Tzdb.Ids)
        {
            var zone = LocalTimes.Zone(id)!;
            foreach (var time in new[] { new TimeOnly(2, 30), new TimeOnly(0, 15), new TimeOnly(23, 45) })
            {
                foreach (var date in rule.Dates(From, From, Through))
                {
                    var (at, adjusted) = LocalTimes.Resolve(zone, date, time);
                    var local = LocalTimes.In(zone, at).DateTime;
                    var wanted = date.ToDateTime(time);
                    gaps += adjusted == OccurrenceAdjustment.Gap ? 1 : 0;
                    overlaps += adjusted == OccurrenceAdjustment.Overlap ? 1 : 0;
                    Assert.Equal(adjusted == OccurrenceAdjustment.Gap, local > wanted);
                    Assert.True(adjusted == OccurrenceAdjustment.Gap || local == wanted, $"{id} {wanted}: {local}");
                    if (adjusted == OccurrenceAdjustment.Overlap)
                    {
                        Assert.True(Enumerable.Range(1, 4).Any(hours => LocalTimes.In(zone, at.AddHours(hours * 0.5)).DateTime == wanted), $"{id} {wanted} exists once");
                    }
                }
            }
        }

        Assert.True(gaps > 100 && overlaps > 100, $"{gaps} gaps, {overlaps} overlaps");
    }

    /// <summary>Where a local time does not exist, RFC 5545 would drop it, and ours moves it: there the two may differ, and only there and where it exists twice.</summary>
    [Fact]
    public void Instants_are_those_of_an_independent_implementation_in_every_zone()
    {
        foreach (var id in DateTimeZoneProviders.Tzdb.Ids)
        {
            var start = new DateOnly(2025, 1, 5);
            var calendarEvent = new CalendarEvent
            {
                Start = new CalDateTime(start, new TimeOnly(2, 30), id),
                RecurrenceRule = new RecurrenceRule("FREQ=WEEKLY;BYDAY=SU"),
            };
            var expected = calendarEvent.GetOccurrences().TakeWhile(o => o.Period.StartTime.Date <= Through).ToDictionary(o => o.Period.StartTime.Date, o => o.Period.StartTime.AsUtc);
            foreach (var date in Parse("FREQ=WEEKLY;BYDAY=SU").Dates(start, start, Through))
            {
                var (at, adjusted) = LocalTimes.Resolve(LocalTimes.Zone(id)!, date, new TimeOnly(2, 30));
                if (expected.TryGetValue(date, out var utc) && adjusted is null)
                {
                    Assert.True(at.UtcDateTime == utc, $"{id} {date}: {at.UtcDateTime:O}, expected {utc:O}");
                }
                else
                {
                    Assert.True(adjusted is not null, $"{id} {date} is missing");
                }
            }
        }
    }

    [Theory]
    [InlineData("2026-03-29", "02:30", "2026-03-29T01:30:00Z", OccurrenceAdjustment.Gap)] // 03:30 in summer time
    [InlineData("2026-10-25", "02:30", "2026-10-25T00:30:00Z", OccurrenceAdjustment.Overlap)]
    [InlineData("2026-10-24", "02:30", "2026-10-24T00:30:00Z", null)]
    public void Berlin(string date, string time, string at, OccurrenceAdjustment? adjusted) => Assert.Equal(
        (DateTimeOffset.Parse(at), adjusted), LocalTimes.Resolve(LocalTimes.Zone("Europe/Berlin")!, DateOnly.Parse(date), TimeOnly.Parse(time)));

    [Theory]
    [InlineData("", "FREQ=WEEKLY separated")]
    [InlineData("INTERVAL=2", "FREQ")]
    [InlineData("FREQ=HOURLY", "FREQ")]
    [InlineData("FREQ=1", "FREQ")]
    [InlineData("FREQ=+1", "FREQ")]
    [InlineData("FREQ=-0", "FREQ")]
    [InlineData("FREQ=DAILY,WEEKLY", "FREQ")]
    [InlineData("FREQ=DAILY;FREQ=DAILY", "FREQ twice")]
    [InlineData("FREQ=DAILY;INTERVAL=0", "INTERVAL")]
    [InlineData("FREQ=DAILY;INTERVAL=53", "INTERVAL")]
    [InlineData("FREQ=DAILY;INTERVAL=+1", "INTERVAL")]
    [InlineData("FREQ=WEEKLY;BYDAY=1MO", "BYDAY")]
    [InlineData("BYDAY=1MO;FREQ=DAILY", "BYDAY")]
    [InlineData("FREQ=MONTHLY;BYDAY=5MO", "BYDAY")]
    [InlineData("FREQ=MONTHLY;BYDAY=-2MO", "BYDAY")]
    [InlineData("FREQ=MONTHLY;BYDAY=XX", "BYDAY")]
    [InlineData("FREQ=MONTHLY;BYDAY=MO,", "BYDAY")]
    [InlineData("FREQ=WEEKLY;BYMONTHDAY=1", "BYMONTHDAY")]
    [InlineData("FREQ=MONTHLY;BYMONTHDAY=29", "BYMONTHDAY")]
    [InlineData("FREQ=MONTHLY;BYMONTHDAY=-2", "BYMONTHDAY")]
    [InlineData("FREQ=DAILY;COUNT=501", "COUNT")]
    [InlineData("FREQ=DAILY;COUNT=0", "COUNT")]
    [InlineData("FREQ=DAILY;UNTIL=20260230", "UNTIL")]
    [InlineData("FREQ=DAILY;UNTIL=20260101T000000Z", "UNTIL")]
    [InlineData("FREQ=DAILY;COUNT=2;UNTIL=20260101", "COUNT and UNTIL")]
    [InlineData("FREQ=WEEKLY;WKST=SU", "WKST")]
    [InlineData("FREQ=DAILY;BYHOUR=1", "BYHOUR")]
    [InlineData("RRULE:FREQ=DAILY", "lacks the part FREQ")]
    public void What_is_not_supported_is_refused_by_name(string text, string named)
    {
        var (rule, error) = Recurrence.Parse(text);
        Assert.Null(rule);
        Assert.Contains(named, error, StringComparison.Ordinal);
    }

    [Fact]
    public void Whatever_text_comes_a_rule_or_a_short_error_comes_out() => FsCheck.Check.QuickThrowOnFailure(FsCheck.Fluent.Prop.ForAll(
        FsCheck.Fluent.Arb.From(FsCheck.Fluent.Gen.ArrayOf(FsCheck.Fluent.Gen.Elements(
            "FREQ=DAILY", "FREQ=MONTHLY", "INTERVAL=2", "BYDAY=", "-1SU", "1MO", ",", ";", "=", "COUNT=", "UNTIL=20260101", "BYMONTHDAY=-1", "99999999999", "\ud83d", "é", " "))),
        pieces =>
        {
            var (rule, error) = Recurrence.Parse(string.Concat(pieces));
            Assert.Equal(rule is null, error is not null);
            Assert.True(error is null or { Length: < 200 });
            Assert.True(rule is null || rule.Dates(From, From, Through).SequenceEqual(rule.Dates(From, From, Through).Distinct().Order()));
        }));

    private static Recurrence Parse(string text) => Recurrence.Parse(text) switch
    {
        ({ } rule, _) => rule,
        (_, var error) => throw new ArgumentException(error, nameof(text)),
    };
}
