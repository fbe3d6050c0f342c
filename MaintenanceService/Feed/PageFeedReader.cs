using Xerotier.ServiceDefaults;

namespace Xerotier.MaintenanceService;

/// <summary>
/// Reads the page feed whenever windows have changed, and every <see cref="Poll"/> as a net. Each reading reaches the streams, as a
/// change or as a sign of life: while the database hangs there is none, and when it fails the streams end.
/// </summary>
internal sealed partial class PageFeedReader(PlatformStore store, PageFeedBoard board, Migrations migrations, TimeProvider time, ILogger<PageFeedReader> logger)
    : BackgroundService
{
    /// <summary>The longest time between two readings.</summary>
    public static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);

    /// <summary>The shortest: a burst of changes is read as one, and costs the whole way to the page ten times a second at most.</summary>
    private static readonly TimeSpan Gap = TimeSpan.FromMilliseconds(100);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await migrations.Done.WaitAsync(stoppingToken);
        while (true)
        {
            try
            {
                board.Publish(await store.ReadPageFeedAsync(stoppingToken));
            }
            catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
            {
                LogFailed(logger, failure.Message);
                board.Publish(null);
            }

            await Task.Delay(Gap, time, stoppingToken);
            await board.WokenAsync(Poll - Gap, time, stoppingToken);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "The page feed could not be read: {Reason}")]
    private static partial void LogFailed(ILogger logger, string reason);
}
