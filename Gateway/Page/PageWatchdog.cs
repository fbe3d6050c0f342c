using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway.Page;

/// <summary>Marks the page soon after its source falls silent.</summary>
internal sealed class PageWatchdog(StatusPage page, TimeProvider time, ILogger<PageWatchdog> logger) : BackgroundService
{
    private static readonly TimeSpan CheckEvery = TimeSpan.FromMilliseconds(50);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(CheckEvery, time);
        var failures = new FailureLog(logger, "The page could not be marked as the last known state", "The page can be marked again", LogLevel.Error);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                page.MarkIfSilent();
                failures.Succeeded();
            }
            catch (Exception failure)
            {
                failures.Failed(failure);
            }
        }
    }
}
