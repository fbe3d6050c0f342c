namespace Xerotier.Gateway.Page;

/// <summary>Marks the page soon after its source falls silent.</summary>
internal sealed partial class PageMarker(EdgePage page, TimeProvider time, ILogger<PageMarker> logger) : BackgroundService
{
    private static readonly TimeSpan CheckEvery = TimeSpan.FromMilliseconds(50);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(CheckEvery, time);
        var isFailing = false;
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                page.MarkIfSilent();
                isFailing = false;
            }
            catch (Exception failure)
            {
                if (!isFailing)
                {
                    isFailing = true;
                    LogNotMarked(logger, failure);
                }
            }
        }
    }

    [LoggerMessage(1, LogLevel.Error, "The page could not be marked as the last known state")]
    private static partial void LogNotMarked(ILogger logger, Exception failure);
}
