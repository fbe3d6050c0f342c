using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway.Page;

/// <summary>Marks the documents soon after its source falls silent.</summary>
internal sealed class PageWatchdog(PublicDocuments documents, TimeProvider time, ILogger<PageWatchdog> logger) : BackgroundService
{
    private static readonly TimeSpan CheckEvery = TimeSpan.FromMilliseconds(50);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(CheckEvery, time);
        var failures = new FailureLog(logger, "The documents could not be marked as the last known state", "The documents can be marked again", LogLevel.Error);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                documents.MarkIfSilent();
                failures.Succeeded();
            }
            catch (Exception failure)
            {
                failures.Failed(failure);
            }
        }
    }
}
