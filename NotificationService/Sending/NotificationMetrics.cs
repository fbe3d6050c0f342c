using System.Diagnostics.Metrics;

namespace Xerotier.NotificationService.Sending;

/// <summary>What operators see of this service at <c>/metrics</c>.</summary>
internal sealed class NotificationMetrics : IDisposable
{
    private readonly Meter meter;
    private readonly Counter<long> attempts;
    private readonly Histogram<double> duration;

    /// <summary>Creates the instruments.</summary>
    public NotificationMetrics(IMeterFactory factory)
    {
        meter = factory.Create("Xerotier.NotificationService");
        attempts = meter.CreateCounter<long>("xerotier.notifications.attempts", description: "Attempts to deliver a message, by channel and by what came of them: delivered, retried or failed.");
        duration = meter.CreateHistogram<double>("xerotier.notifications.attempt.duration", "s", "How long an attempt took.");
        meter.CreateObservableGauge("xerotier.notifications.pending", () => Backlog.Pending, description: "Messages that are to be tried, for the first time or again, of all replicas.");
        meter.CreateObservableGauge("xerotier.notifications.oldest_pending", () => Backlog.OldestSeconds, "s", "Age of the oldest message that is to be tried.");
    }

    /// <summary>How many messages are to be tried, and how old the oldest of them is.</summary>
    public (long Pending, double OldestSeconds) Backlog { get; set; }

    /// <summary>An attempt ended.</summary>
    public void Tried(Attempt attempt, TimeSpan took)
    {
        attempts.Add(
            1,
            new("channel", attempt.Delivery.Channel.ToString().ToLowerInvariant()),
            new("outcome", attempt.Delivered ? "delivered" : attempt.RetryAfter is null ? "failed" : "retried"));
        duration.Record(took.TotalSeconds);
    }

    /// <inheritdoc/>
    public void Dispose() => meter.Dispose();
}
