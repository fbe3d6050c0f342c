using static Xerotier.NotificationService.Tests.Sending.SampleEvents;

namespace Xerotier.NotificationService.Tests.Sending;

/// <summary>What people are told of a series' rule. The series starts on Sunday, 1 March 2026.</summary>
public sealed class RuleWordingTests
{
    [Theory]
    [InlineData("FREQ=DAILY", "Every day")]
    [InlineData("freq=daily;interval=1", "Every day")]
    [InlineData("FREQ=DAILY;INTERVAL=2", "Every 2 days")]
    [InlineData("FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", "Every Monday, Tuesday, Wednesday, Thursday and Friday")]
    [InlineData("FREQ=DAILY;INTERVAL=2;BYDAY=SA,SU", "Every 2 days, if it is Saturday or Sunday")]
    [InlineData("FREQ=DAILY;BYMONTHDAY=1,-1", "Every day, if it is the 1st or the last day")]
    [InlineData("FREQ=DAILY;BYMONTHDAY=13;BYDAY=FR", "Every day, if it is the 13th and Friday")]
    [InlineData("FREQ=WEEKLY", "Every Sunday")]
    [InlineData("FREQ=WEEKLY;BYDAY=MO,FR,MO;COUNT=5", "Every Monday and Friday")]
    [InlineData("FREQ=WEEKLY;INTERVAL=2", "Every 2 weeks on Sunday")]
    [InlineData("FREQ=WEEKLY;INTERVAL=2;BYDAY=WE", "Every 2 weeks on Wednesday")]
    [InlineData("FREQ=MONTHLY", "Every month on the 1st")]
    [InlineData("FREQ=MONTHLY;BYMONTHDAY=2,+3,11,22,23,28", "Every month on the 2nd, the 3rd, the 11th, the 22nd, the 23rd and the 28th")]
    [InlineData("FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=-1", "Every 3 months on the last day")]
    [InlineData("FREQ=MONTHLY;BYDAY=2TU", "Every month on the second Tuesday")]
    [InlineData("FREQ=MONTHLY;BYDAY=+1MO,-1FR,TH", "Every month on the first Monday, the last Friday and every Thursday")]
    [InlineData("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "Every month on the 13th, if it is Friday")]
    [InlineData("FREQ=YEARLY", "By the rule FREQ=YEARLY")]
    [InlineData("FREQ=MONTHLY;BYDAY=5MO", "By the rule FREQ=MONTHLY;BYDAY=5MO")]
    [InlineData("FREQ=DAILY;BYHOUR=4", "By the rule FREQ=DAILY;BYHOUR=4")]
    [InlineData("often", "By the rule often")]
    public void A_rule_is_said_in_words_and_one_of_a_later_release_as_it_is(string rule, string words) => Assert.Equal(words, RuleWording.Of(SeriesOf(rule)));

    [Theory]
    [InlineData("FREQ=DAILY", "Every day at 02:30 in Europe/Berlin")]
    [InlineData("FREQ=DAILY;BYMONTHDAY=13;BYDAY=FR", "Every day, if it is the 13th and Friday, at 02:30 in Europe/Berlin")]
    public void The_time_of_day_follows(string rule, string words) =>
        Assert.Equal(words, RuleWording.WithTime(SeriesOf(rule) with { LocalTime = "02:30", Timezone = "Europe/Berlin" }));

    [Theory]
    [InlineData("FREQ=DAILY", "From 1 Mar 2026")]
    [InlineData("FREQ=DAILY;COUNT=1", "From 1 Mar 2026, once")]
    [InlineData("FREQ=DAILY;COUNT=10", "From 1 Mar 2026, 10 times")]
    [InlineData("FREQ=DAILY;UNTIL=20261231", "From 1 Mar 2026 until 31 Dec 2026")]
    public void It_is_said_how_long_it_goes_on(string rule, string words) => Assert.Equal(words, RuleWording.Span(SeriesOf(rule)));

    [Fact]
    public void Of_the_days_that_are_left_out_the_next_five_are_named()
    {
        var series = SeriesOf("FREQ=DAILY") with { Exdates = [.. Enumerable.Range(1, 7).Select(day => new DateOnly(2026, 6, day))] };
        Assert.Equal("Not on 1 Jun 2026, 2 Jun 2026, 3 Jun 2026, 4 Jun 2026, 5 Jun 2026 and 2 other days", RuleWording.LeftOut(series, Now));
        Assert.Equal("Not on 2 Jun 2026, 3 Jun 2026, 4 Jun 2026, 5 Jun 2026, 6 Jun 2026 and 7 Jun 2026", RuleWording.LeftOut(series, new(2026, 6, 3, 0, 0, 0, TimeSpan.Zero)));
        Assert.Equal("", RuleWording.LeftOut(series, new(2026, 7, 3, 0, 0, 0, TimeSpan.Zero)));
    }
}
