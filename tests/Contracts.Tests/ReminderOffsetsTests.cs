namespace Xerotier.Contracts.Tests;

public sealed class ReminderOffsetsTests
{
    [Theory]
    [InlineData("-1m", 1)]
    [InlineData("-90m", 90)]
    [InlineData("-43200m", 43200)]
    [InlineData("-24h", 24 * 60)]
    [InlineData("-720h", 43200)]
    [InlineData("-30d", 43200)]
    public void An_offset_is_a_time_before_the_start(string text, int minutes) => Assert.Equal(TimeSpan.FromMinutes(minutes), ReminderOffsets.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("24h")]
    [InlineData("+24h")]
    [InlineData("-0h")]
    [InlineData("-01h")]
    [InlineData("-1")]
    [InlineData("-h")]
    [InlineData("-1H")]
    [InlineData("-1s")]
    [InlineData("-1w")]
    [InlineData("-1.5h")]
    [InlineData("-1h30m")]
    [InlineData("- 1h")]
    [InlineData(" -1h")]
    [InlineData("-1h\n")]
    [InlineData("-\u0661h")]
    [InlineData("\u22121h")]
    [InlineData("-43201m")]
    [InlineData("-721h")]
    [InlineData("-31d")]
    [InlineData("-99999999999999999999d")]
    public void Anything_else_is_none(string text) => Assert.Null(ReminderOffsets.Parse(text));
}
