using Microsoft.Extensions.Time.Testing;

namespace Xerotier.ServiceDefaults.Tests;

public sealed class SingleFlightTests
{
    private readonly FakeTimeProvider time = new();
    private int made;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task All_who_ask_while_a_value_is_made_get_that_one()
    {
        var flight = new SingleFlight<string, int>(TimeSpan.FromSeconds(1), time);
        var source = new TaskCompletionSource<int>();
        var first = flight.GetAsync("a", _ => source.Task, Cancellation).AsTask();
        time.Advance(TimeSpan.FromSeconds(5)); // however long it takes
        var second = flight.GetAsync("a", _ => Task.FromResult(2), Cancellation).AsTask();
        source.SetResult(1);

        Assert.Equal((1, false), await first);
        Assert.Equal((1, true), await second);
        Assert.Equal((9, false), await flight.GetAsync("b", _ => Task.FromResult(9), Cancellation));
    }

    [Fact]
    public async Task A_value_is_kept_for_its_lifetime_and_then_made_anew()
    {
        var flight = new SingleFlight<string, int>(TimeSpan.FromSeconds(1), time);
        Assert.Equal((1, false), await flight.GetAsync("a", MakeAsync, Cancellation));
        time.Advance(TimeSpan.FromMilliseconds(999));
        Assert.Equal((1, true), await flight.GetAsync("a", MakeAsync, Cancellation));
        time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal((2, false), await flight.GetAsync("a", MakeAsync, Cancellation));
    }

    [Fact]
    public async Task A_failure_reaches_all_who_wait_and_is_not_kept()
    {
        var flight = new SingleFlight<string, int>(TimeSpan.FromSeconds(1), time);
        var source = new TaskCompletionSource<int>();
        var waiting = Enumerable.Range(0, 3).Select(_ => flight.GetAsync("a", _ => source.Task, Cancellation).AsTask()).ToList();
        source.SetException(new InvalidOperationException("no"));
        foreach (var task in waiting)
        {
            await Assert.ThrowsAsync<InvalidOperationException>(() => task);
        }

        Assert.Equal((1, false), await flight.GetAsync("a", MakeAsync, Cancellation));
    }

    [Fact]
    public async Task Who_gives_up_leaves_the_making_to_the_others()
    {
        var flight = new SingleFlight<string, int>(TimeSpan.FromSeconds(1), time);
        var source = new TaskCompletionSource<int>();
        using var gone = new CancellationTokenSource();
        var first = flight.GetAsync("a", _ => source.Task, gone.Token).AsTask();
        var second = flight.GetAsync("a", _ => source.Task, Cancellation).AsTask();
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        source.SetResult(7);
        Assert.Equal((7, true), await second);
    }

    [Fact]
    public async Task A_value_that_is_asked_for_late_is_renewed_before_it_ends()
    {
        var flight = new SingleFlight<string, int>(TimeSpan.FromSeconds(1), time) { RenewAfter = TimeSpan.FromMilliseconds(700) };
        await flight.GetAsync("a", MakeAsync, Cancellation);
        time.Advance(TimeSpan.FromMilliseconds(700));
        Assert.Equal((1, true), await flight.GetAsync("a", MakeAsync, Cancellation)); // the old one, at once
        await TestKit.Eventually.TrueAsync(async () => (await flight.GetAsync("a", MakeAsync, Cancellation)).Value == 2, "renewed");
        time.Advance(TimeSpan.FromMilliseconds(500)); // counted from the renewal
        Assert.Equal((2, true), await flight.GetAsync("a", MakeAsync, Cancellation));
        Assert.Equal(2, made);
    }

    [Fact]
    public async Task Values_beyond_the_bounds_are_not_kept()
    {
        var flight = new SingleFlight<int, int>(TimeSpan.FromSeconds(1), time) { Capacity = 2 };
        for (var key = 0; key < 4; key++)
        {
            Assert.False((await flight.GetAsync(key, Task.FromResult, Cancellation)).Shared);
        }

        Assert.True((await flight.GetAsync(0, Task.FromResult, Cancellation)).Shared);
        Assert.False((await flight.GetAsync(3, Task.FromResult, Cancellation)).Shared);

        var heavy = new SingleFlight<int, int>(TimeSpan.FromSeconds(10), time) { Weigh = _ => 10, MaxWeight = 100 };
        for (var key = 0; key < 50; key++)
        {
            await heavy.GetAsync(key, Task.FromResult, Cancellation); // long before it is full or a lifetime has passed
        }

        var kept = 0;
        for (var key = 0; key < 50; key++)
        {
            try
            {
                kept += (await heavy.GetAsync(key, _ => throw new InvalidOperationException(), Cancellation)).Shared ? 1 : 0;
            }
            catch (InvalidOperationException)
            {
                // It is not kept.
            }
        }

        Assert.InRange(kept, 8, 12);
    }

    private Task<int> MakeAsync(string key) => Task.FromResult(Interlocked.Increment(ref made));
}
