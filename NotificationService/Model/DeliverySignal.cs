using Xerotier.ServiceDefaults;

namespace Xerotier.NotificationService.Model;

/// <summary>Says that a message may be due. Those of other replicas are found by looking twice a second.</summary>
internal sealed class DeliverySignal
{
    private readonly WakeSignal signal = new();

    /// <summary>A message may be due.</summary>
    public void Wake() => signal.Set();

    /// <summary>Waits until a message may be due, at most for <paramref name="timeout"/>.</summary>
    public Task WaitAsync(TimeSpan timeout, TimeProvider time, CancellationToken cancellation) => signal.WaitAsync(timeout, time, cancellation);
}
