using Xerotier.Xeroctl.Output;

namespace Xerotier.Xeroctl.Tests;

public sealed class TimesTests
{
    private static readonly DateTimeOffset Now = new(2026, 5, 22, 1, 2, 3, 456, TimeSpan.Zero);

    [Theory]
    [InlineData("2026-05-22T02:00:00Z", "2026-05-22T02:00:00Z")]
    [InlineData("2026-05-22t02:00:00z", "2026-05-22T02:00:00Z")]
    [InlineData("2026-05-22 04:00+02:00", "2026-05-22T02:00:00Z")]
    [InlineData("2026-05-22T04:00:00.1234567+02:00", "2026-05-22T02:00:00.123456Z")]
    [InlineData("2024-02-29T23:59:59-12:00", "2024-03-01T11:59:59Z")]
    [InlineData("2026-05-22T02:00:00.123456789Z", "2026-05-22T02:00:00.123456Z")]
    [InlineData("2026-05-22T04:00:00,123456789+02:00", "2026-05-22T02:00:00.123456Z")]
    [InlineData("2026-05-22T04:00:00.5+02", "2026-05-22T02:00:00.5Z")]
    [InlineData("2026-05-22 04:00+0200", "2026-05-22T02:00:00Z")]
    [InlineData("now", "2026-05-22T01:02:03Z")]
    [InlineData("+2h", "2026-05-22T03:02:03Z")]
    [InlineData("+1h30m", "2026-05-22T02:32:03Z")]
    [InlineData("+1d", "2026-05-23T01:02:03Z")]
    [InlineData("+2w", "2026-06-05T01:02:03Z")]
    [InlineData("-90s", "2026-05-22T01:00:33Z")]
    public void A_time_is_read_and_sent_in_UTC(string text, string wire)
    {
        var (value, error) = Times.Parse(text, Now);
        Assert.Null(error);
        Assert.Equal(wire, Times.Wire(value));
    }

    [Theory]
    [InlineData("2026-05-22T02:00:00", "no time zone")]
    [InlineData("2026-05-22", "no time zone")]
    [InlineData("2026-05-22T02:00:00,123456789", "no time zone")]
    [InlineData("2026-02-30T02:00:00Z", "is not a time")]
    [InlineData("tomorrow", "is not a time")]
    [InlineData("", "is not a time")]
    [InlineData("+", "is not a time")]
    [InlineData("+2", "not a relative time")]
    [InlineData("+2x", "not a relative time")]
    [InlineData("+h", "not a relative time")]
    [InlineData("+999999999h", "not a relative time")]
    [InlineData("+999999w", "too far")]
    [InlineData("+999999w999999w", "too far")]
    [InlineData("-999999w999999w", "too far")]
    public void What_is_no_time_is_said_so(string text, string why) => Assert.Contains(why, Times.Parse(text, Now).Error);

    [Theory]
    [InlineData(0, "now")]
    [InlineData(45, "in 45s")]
    [InlineData(-60, "1m ago")]
    [InlineData(125, "in 2m5s")]
    [InlineData(900, "in 15m")]
    [InlineData(2 * 3600, "in 2h")]
    [InlineData((2 * 3600) + 300, "in 2h5m")]
    [InlineData(-((3 * 86400) + (4 * 3600)), "3d4h ago")]
    [InlineData(40 * 86400, "in 40d")]
    public void Relative_times_are_short(int seconds, string text) => Assert.Equal(text, Times.Relative(Now.AddSeconds(seconds), Now));
}
