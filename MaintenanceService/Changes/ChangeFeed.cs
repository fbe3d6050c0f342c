using Xerotier.ServiceDefaults;

namespace Xerotier.MaintenanceService.Changes;

/// <summary>One read of the change log.</summary>
/// <param name="Before">The mark that it started from.</param>
/// <param name="Page">What has changed since then; null before the first read, and when the read failed.</param>
/// <param name="Failure">Why it failed; null: it did not.</param>
internal sealed record ChangeRead(ChangeMark? Before, ChangePage? Page, Exception? Failure = null);

/// <summary>
/// Reads the change log for all streams of this process: when something has changed, and every <see cref="Poll"/> in case a notification
/// was lost. Each read reaches the streams, as changes or as a keepalive. While the database hangs there is none, and when it fails the
/// streams end.
/// </summary>
internal sealed class ChangeFeed(ChangeLog log, Migrations migrations, TimeProvider time, ILogger<ChangeFeed> logger) : BackgroundService
{
    /// <summary>The longest time between two reads.</summary>
    public static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);

    /// <summary>The shortest time between two reads: a burst of changes costs one read, and one update of the page.</summary>
    private static readonly TimeSpan Gap = TimeSpan.FromMilliseconds(100);

    private readonly Latest<ChangeRead> latest = new(new(null, null));
    private readonly WakeSignal wake = new();

    /// <summary>The newest read, and a task that completes at the next one.</summary>
    public (ChangeRead Read, Task Changed) Current => latest.Current;

    /// <summary>Asks for a read now.</summary>
    public void Wake() => wake.Set();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var failures = new FailureLog(logger, "The change log cannot be read; it is tried again", "The change log is read again");
        await migrations.Done.WaitAsync(stoppingToken);
        ChangeMark? mark = null;
        while (true)
        {
            try
            {
                var page = mark is null ? await BeginAsync(stoppingToken) : await log.ReadAsync(mark, target: null, stoppingToken);
                latest.Set(new(mark, page));
                mark = page.Mark;
                failures.Succeeded();
                if (mark.Page is not null)
                {
                    continue; // more pages
                }
            }
            catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
            {
                latest.Set(new(mark, null, failure));
                if (failure is InvalidMarkException)
                {
                    mark = null; // a project was suspended or resumed, or the database was restored from a backup
                    continue;
                }

                failures.Failed(failure);
            }

            await Task.Delay(Gap, time, stoppingToken);
            await wake.WaitAsync(Poll - Gap, time, stoppingToken);
        }
    }

    private async Task<ChangePage> BeginAsync(CancellationToken cancellation)
    {
        await log.AdoptRestoredRowsAsync(cancellation);
        return new([], [], await log.CurrentAsync(cancellation));
    }
}
