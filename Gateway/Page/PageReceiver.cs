using Xerotier.Page.V1;
using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway.Page;

/// <summary>Receives the pages of the StatusService's stream into <see cref="EdgePage"/>.</summary>
internal sealed partial class PageReceiver(StatusPages.StatusPagesClient status, EdgePage page, PageFile file, TimeProvider time, ILogger<PageReceiver> logger) : BackgroundService
{
    // Two missed keepalives: time is left to find another replica before the page must be marked.
    private static readonly TimeSpan Silence = TimeSpan.FromMilliseconds(1200);
    private bool isRefused;

    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => ServiceClients.WatchAsync(
        cancellation => status.WatchPage(new WatchPageRequest(), cancellationToken: cancellation),
        ReceiveAsync,
        Silence, time, logger, stoppingToken);

    private ValueTask ReceiveAsync(WatchPageResponse response)
    {
        if (response.Page is { } received)
        {
            Receive(received);
        }
        else if (!isRefused) // a keepalive confirms the newest page of the stream, and this Gateway does not have it
        {
            page.KeepAlive();
        }

        return ValueTask.CompletedTask;
    }

    /// <summary>Takes a page. One that cannot be served is refused: the last one stays and is marked as such, and the stream continues.</summary>
    private void Receive(PageSnapshot received)
    {
        try
        {
            page.Set(received);
            file.Enqueue(received);
            if (isRefused)
            {
                isRefused = false;
                LogAccepted(logger);
            }
        }
        catch (Exception failure)
        {
            if (!isRefused)
            {
                isRefused = true;
                LogRefused(logger, failure);
            }
        }
    }

    [LoggerMessage(1, LogLevel.Error, "The StatusService sent a page that cannot be served; the last known one stays and is marked as such")]
    private static partial void LogRefused(ILogger logger, Exception failure);

    [LoggerMessage(2, LogLevel.Information, "The StatusService's pages can be served again")]
    private static partial void LogAccepted(ILogger logger);
}
