namespace Xerotier.Gateway.Tests;

/// <summary>Fairness between connections on one thread.</summary>
public sealed class TurnsTests
{
    [Fact]
    public void A_connection_that_keeps_asking_gives_way_after_two_requests_and_another_one_in_between_starts_its_count_anew()
    {
        var (busy, other) = (new string('a', 2), new string('b', 2));
        Assert.Equal([false, false, true, false, false, true], Enumerable.Range(0, 6).Select(_ => Turns.IsOver(busy)));
        Assert.False(Turns.IsOver(busy));
        Assert.False(Turns.IsOver(other));
        Assert.Equal([false, false, true], Enumerable.Range(0, 3).Select(_ => Turns.IsOver(busy)));
    }
}
