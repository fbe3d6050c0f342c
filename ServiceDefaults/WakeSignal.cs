namespace Xerotier.ServiceDefaults;

/// <summary>Wakes one loop. Signals that come while the loop works, however many, wake it once more.</summary>
public sealed class WakeSignal
{
    private volatile TaskCompletionSource signal = NewSource();

    /// <summary>Wakes the loop, now or when it waits next.</summary>
    public void Set() => signal.TrySetResult();

    /// <summary>Waits for a signal, at most for <paramref name="timeout"/> (<see cref="Timeout.InfiniteTimeSpan"/>: without end), and takes it. Called by one loop only.</summary>
    /// <returns>True when there was a signal, false when the time ran out.</returns>
    /// <exception cref="OperationCanceledException"><paramref name="cancellation"/> ended the wait.</exception>
    public async Task<bool> WaitAsync(TimeSpan timeout, TimeProvider time, CancellationToken cancellation)
    {
        var waiting = signal;
        try
        {
            await waiting.Task.WaitAsync(timeout, time, cancellation);
        }
        catch (TimeoutException)
        {
            return false;
        }

        signal = NewSource(); // before the loop looks: what comes from now on wakes it again
        return true;
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
