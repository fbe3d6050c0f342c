using Xerotier.ServiceDefaults;

namespace Xerotier.NotificationService.Model;

/// <summary>Wakes the sender of this replica when something may have become due.</summary>
internal sealed class DeliverySignal
{
    private readonly WakeSignal signal = new();

    /// <summary>Something may be due.</summary>
    public void Wake() => signal.Set();

    /// <summary>Waits for <see cref="Wake"/>, at most for <paramref name="timeout"/>. Called by one loop only.</summary>
    /// <returns>Whether it was woken.</returns>
    public Task<bool> WaitAsync(TimeSpan timeout, TimeProvider time, CancellationToken cancellation) => signal.WaitAsync(timeout, time, cancellation);
}
