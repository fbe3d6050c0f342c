using Microsoft.Extensions.Time.Testing;

namespace Xerotier.ServiceDefaults.Tests;

public sealed class SignalsTests
{
    private readonly FakeTimeProvider time = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void A_reader_of_the_latest_value_hears_of_each_newer_one()
    {
        var latest = new Latest<int>(1);
        var (first, changed) = latest.Current;
        Assert.Equal(1, first);
        Assert.False(changed.IsCompleted);

        latest.Set(2);
        latest.Set(3); // who reads late gets the newest

        Assert.True(changed.IsCompleted);
        Assert.Equal(3, latest.Value);
        Assert.False(latest.Current.Changed.IsCompleted);
    }

    [Fact]
    public async Task Signals_that_come_before_a_wait_wake_it_once()
    {
        var signal = new WakeSignal();
        signal.Set();
        signal.Set();

        Assert.True(await signal.WaitAsync(TimeSpan.FromSeconds(1), time, Cancellation));
        var second = signal.WaitAsync(TimeSpan.FromSeconds(1), time, Cancellation);
        Assert.False(second.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(await second);

        signal.Set();
        Assert.True(await signal.WaitAsync(Timeout.InfiniteTimeSpan, time, Cancellation));
    }

    [Fact]
    public async Task A_wait_that_is_cancelled_says_so_and_keeps_the_signal()
    {
        var signal = new WakeSignal();
        using var cancelled = new CancellationTokenSource();
        var waiting = signal.WaitAsync(TimeSpan.FromSeconds(1), time, cancelled.Token);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);

        signal.Set();
        Assert.True(await signal.WaitAsync(TimeSpan.FromSeconds(1), time, Cancellation));
    }

    [Fact]
    public async Task No_signal_is_lost_between_two_waits()
    {
        var signal = new WakeSignal();
        var (seen, said) = (0, 0);
        var reader = Task.Run(async () =>
        {
            while (Volatile.Read(ref seen) < 10_000)
            {
                await signal.WaitAsync(Timeout.InfiniteTimeSpan, TimeProvider.System, Cancellation);
                Volatile.Write(ref seen, Volatile.Read(ref said));
            }
        }, Cancellation);
        for (var i = 0; i < 10_000; i++)
        {
            Interlocked.Increment(ref said);
            signal.Set();
        }

        await reader.WaitAsync(TimeSpan.FromSeconds(30), Cancellation); // a lost last signal would leave it waiting
    }
}
