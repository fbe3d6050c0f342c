using Xerotier.MaintenanceService.Notices;
using Xerotier.MaintenanceService.Storage;
using Xerotier.ServiceDefaults;

namespace Xerotier.MaintenanceService.Changes;

/// <summary>
/// Reads the page feed whenever windows have changed, and every <see cref="Poll"/> as a net. Each reading reaches the streams, as a
/// change or as a sign of life: while the database hangs there is none, and when it fails the streams end.
/// </summary>
internal sealed class PageFeedReader(NoticeStore store, PageFeedBoard board, Migrations migrations, TimeProvider time, ILogger<PageFeedReader> logger)
    : BackgroundService
{
    /// <summary>The longest time between two readings.</summary>
    public static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);

    /// <summary>The shortest: a burst of changes is read as one, and costs the whole way to the page ten times a second at most.</summary>
    private static readonly TimeSpan Gap = TimeSpan.FromMilliseconds(100);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var log = new FailureLog(logger, "Reading the page feed");
        await migrations.Done.WaitAsync(stoppingToken);
        while (true)
        {
            try
            {
                board.Publish(await store.ReadPageFeedAsync(stoppingToken));
                log.Succeeded();
            }
            catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
            {
                log.Failed(failure);
                board.Publish(null);
            }

            await Task.Delay(Gap, time, stoppingToken);
            await board.WokenAsync(Poll - Gap, time, stoppingToken);
        }
    }
}
