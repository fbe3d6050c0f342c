using Xerotier.NotificationService.Sending;

namespace Xerotier.NotificationService.Tests.Sending;

public sealed class RetryScheduleTests
{
    private static readonly Random Random = new(1);

    [Fact]
    public void Ten_attempts_are_made_each_after_its_time_give_or_take_a_tenth()
    {
        double[] seconds = [0, 5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400];
        Assert.Equal(10, RetrySchedule.MostAttempts);
        for (var attempts = 0; attempts < seconds.Length; attempts++)
        {
            var delays = Enumerable.Range(0, 1000).Select(_ => RetrySchedule.DelayAfter(attempts, null, Random)!.Value.TotalSeconds).ToList();
            Assert.All(delays, delay => Assert.InRange(delay, 0.9 * seconds[attempts], 1.1 * seconds[attempts]));
            Assert.True(attempts == 0 || delays.Max() - delays.Min() > 0.15 * seconds[attempts]);
        }

        Assert.Null(RetrySchedule.DelayAfter(10, null, Random));
        Assert.Null(RetrySchedule.DelayAfter(10, TimeSpan.FromSeconds(1), Random));
    }

    [Fact]
    public void A_receiver_is_left_alone_as_long_as_it_asks()
    {
        Assert.Equal(TimeSpan.FromMinutes(1), RetrySchedule.DelayAfter(1, TimeSpan.FromMinutes(1), Random));
        Assert.InRange(RetrySchedule.DelayAfter(2, TimeSpan.FromMinutes(1), Random)!.Value, TimeSpan.FromMinutes(4.5), TimeSpan.FromMinutes(5.5));
    }
}
