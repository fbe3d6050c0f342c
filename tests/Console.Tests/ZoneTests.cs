using Xerotier.OperatorConsole.Visits;

namespace Xerotier.OperatorConsole.Tests;

public sealed class ZoneTests
{
    private static Zone Berlin => Zone.Find("Europe/Berlin")!;

    [Theory]
    [InlineData("2026-11-24T14:53", "2026-11-24T13:53:00Z")]
    [InlineData("2026-07-01 09:00", "2026-07-01T07:00:00Z")]
    [InlineData(" 2026-07-01T09:00:30 ", "2026-07-01T07:00:30Z")]
    [InlineData("2026-10-25T01:59", "2026-10-24T23:59:00Z")]
    [InlineData("2026-10-25T02:30", "2026-10-25T00:30:00Z")] // there are two: the first
    [InlineData("2026-10-25T03:00", "2026-10-25T02:00:00Z")]
    [InlineData("2026-03-29T03:00", "2026-03-29T01:00:00Z")]
    public void A_local_time_is_read_in_its_zone(string field, string instant)
    {
        var (time, wrong) = Berlin.Read(field);

        Assert.Null(wrong);
        Assert.Equal(DateTimeOffset.Parse(instant, System.Globalization.CultureInfo.InvariantCulture), time);
    }

    [Fact]
    public void A_time_that_the_clocks_skip_is_refused_with_the_reason()
    {
        var (time, wrong) = Berlin.Read("2026-03-29T02:30");

        Assert.Null(time);
        Assert.Equal("There is no such time in Europe/Berlin: the clocks are put forward then.", wrong);
    }

    [Theory]
    [InlineData("")]
    [InlineData("tomorrow")]
    [InlineData("2026-02-30T10:00")]
    [InlineData("2026-11-24T25:00")]
    [InlineData("2026-11-24")]
    [InlineData("0001-01-01T00:00")] // before the calendar, in UTC
    public void What_is_no_time_is_refused(string field)
    {
        var (time, wrong) = Berlin.Read(field);

        Assert.Null(time);
        Assert.Equal("Enter a date and a time, such as 2026-11-24 14:53.", wrong);
    }

    [Fact]
    public void Every_offered_zone_is_found_and_reads_what_it_writes()
    {
        Assert.InRange(Zone.Names.Count, 300, 1000);
        Assert.Equal(Zone.Names.Count, Zone.Names.Distinct().Count());
        Assert.All(Zone.Names, name =>
        {
            var zone = Zone.Find(name);
            Assert.NotNull(zone);
            foreach (var month in Enumerable.Range(1, 12))
            {
                var time = new DateTimeOffset(2026, month, 15, 12, 34, 56, TimeSpan.Zero);
                Assert.Equal(time, zone.Read(zone.ToField(time)).Time);
            }
        });
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("Europe/Nowhere")]
    [InlineData("../../etc/passwd")]
    [InlineData("<script>")]
    public void There_is_no_other_zone(string? name) => Assert.Null(Zone.Find(name));

    [Fact]
    public void Times_are_written_in_the_zone_with_UTC_beside()
    {
        var late = new DateTimeOffset(2026, 11, 24, 23, 30, 0, TimeSpan.Zero);

        Assert.Equal("25 Nov 2026, 00:30", Berlin.Write(late));
        Assert.Equal("24 Nov 2026, 23:30 UTC", Berlin.WriteUtc(late));
        Assert.Equal("22:30 UTC", Berlin.WriteUtc(late.AddHours(-1)));
        Assert.Equal("2026-11-25T00:30", Berlin.ToField(late));
        Assert.Equal("2026-11-25T00:30:07", Berlin.ToField(late.AddSeconds(7)));
        Assert.Equal("2026-11-25T00:30", Berlin.ToField(late.AddMilliseconds(250))); // as a browser sends it back
        Assert.True(Zone.Utc.IsUtc);
        Assert.Equal("UTC", Zone.Utc.Name);
        Assert.False(Berlin.IsUtc);
    }
}
