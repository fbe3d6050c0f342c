using Xerotier.Page.V1;
using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway.Page;

/// <summary>Receives the pages of the StatusService's stream into <see cref="StatusPage"/>.</summary>
internal sealed class PageReceiver(StatusPages.StatusPagesClient status, StatusPage page, PageFile file, TimeProvider time, ILogger<PageReceiver> logger) : BackgroundService
{
    // Two missed keepalives: time is left to find another replica before the page must be marked.
    private static readonly TimeSpan Silence = TimeSpan.FromMilliseconds(1200);

    private readonly FailureLog failures = new(
        logger, "The StatusService sent a page that cannot be served; the last known one stays and is marked as such", "The StatusService's pages can be served again", LogLevel.Error);

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
        else if (!failures.IsFailing) // a keepalive confirms the newest page of the stream, and this Gateway does not have it
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
            failures.Succeeded();
        }
        catch (Exception failure)
        {
            failures.Failed(failure);
        }
    }
}
