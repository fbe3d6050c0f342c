namespace Xerotier.NotificationService.Sending;

/// <summary>When a message is tried again (notifications.md section 21).</summary>
internal static class RetrySchedule
{
    private const double Jitter = 0.1;

    private static readonly TimeSpan[] Delays =
    [
        TimeSpan.Zero, TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(30), TimeSpan.FromHours(2),
        TimeSpan.FromHours(5), TimeSpan.FromHours(10), TimeSpan.FromHours(14), TimeSpan.FromHours(20), TimeSpan.FromHours(24),
    ];

    /// <summary>How often a message is tried.</summary>
    public static int MostAttempts => Delays.Length;

    /// <summary>How long after attempt <paramref name="attempts"/> (0: none yet) the next one is due, a tenth more or less at random; null: that was the last.</summary>
    /// <param name="attempts">How many attempts there were.</param>
    /// <param name="retryAfter">How long the receiver asks to be left alone, which is honoured.</param>
    /// <param name="random">Where the jitter comes from.</param>
    public static TimeSpan? DelayAfter(int attempts, TimeSpan? retryAfter, Random random)
    {
        if (attempts >= Delays.Length)
        {
            return null;
        }

        var delay = Delays[attempts] * (1 - Jitter + (2 * Jitter * random.NextDouble()));
        return retryAfter > delay ? retryAfter : delay;
    }
}
