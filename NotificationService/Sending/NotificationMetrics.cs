using System.Diagnostics.Metrics;

namespace Xerotier.NotificationService.Sending;

/// <summary>What operators see of this service at <c>/metrics</c>.</summary>
internal sealed class NotificationMetrics : IDisposable
{
    private const string Delivered = "delivered";
    private const string Retried = "retried";
    private const string Failed = "failed";
    private static readonly string[] Outcomes = [Delivered, Retried, Failed];

    private readonly Meter meter;
    private readonly TimeProvider time;
    private readonly Counter<long> attempts;
    private readonly Histogram<double> duration;
    private long measured; // when the backlog was

    /// <summary>Creates the instruments.</summary>
    public NotificationMetrics(IMeterFactory factory, TimeProvider time)
    {
        this.time = time;
        meter = factory.Create("Xerotier.NotificationService");
        attempts = meter.CreateCounter<long>("xerotier.notifications.attempts", description: "Attempts to deliver a message, by channel and by what came of them: delivered, retried or failed.");
        duration = meter.CreateHistogram(
            "xerotier.notifications.attempt.duration", "s", "How long an attempt took.", tags: null,
            new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30] });
        meter.CreateObservableGauge("xerotier.notifications.pending", () => Backlog.Pending, description: "Messages that are to be tried, for the first time or again, of all replicas.");
        meter.CreateObservableGauge("xerotier.notifications.oldest_pending", () => Backlog.OldestSeconds, "s", "Age of the oldest message that is to be tried.");
        meter.CreateObservableGauge("xerotier.notifications.oldest_due", () => Backlog.OldestDueSeconds, "s", "How long the message that was to be tried first has waited for a sender; 0: none waits.");
        meter.CreateObservableGauge(
            "xerotier.notifications.log.behind", () => Backlog.BehindSeconds.Select(log => new Measurement<double>(log.Value + time.GetElapsedTime(measured).TotalSeconds, new KeyValuePair<string, object?>("log", log.Key))), "s",
            "How long ago everything that a log had (changes of windows and incidents, or statuses of components) was known here, by whichever replica.");
        foreach (var channel in Enum.GetValues<SubscriptionChannel>())
        {
            foreach (var outcome in Outcomes)
            {
                attempts.Add(0, Channel(channel), new("outcome", outcome)); // what has not happened yet is 0, not absent
            }
        }
    }

    /// <summary>What waits.</summary>
    public Backlog Backlog
    {
        get;
        set => (field, measured) = (value, time.GetTimestamp());
    } = Backlog.None;

    /// <summary>An attempt ended.</summary>
    public void Tried(Attempt attempt, TimeSpan took)
    {
        attempts.Add(
            1,
            Channel(attempt.Delivery.Channel),
            new("outcome", attempt.Delivered ? Delivered : attempt.RetryAfter is null ? Failed : Retried));
        duration.Record(took.TotalSeconds);
    }

    /// <inheritdoc/>
    public void Dispose() => meter.Dispose();

    private static KeyValuePair<string, object?> Channel(SubscriptionChannel channel) => new("channel", channel.ToString().ToLowerInvariant());
}
