using Xerotier.Page.V1;
using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway.Page;

/// <summary>Receives the documents of the StatusService's stream into <see cref="PublicDocuments"/>.</summary>
internal sealed class PageReceiver(StatusPages.StatusPagesClient status, PublicDocuments documents, PageFile file, TimeProvider time, ILogger<PageReceiver> logger) : BackgroundService
{
    // Two missed keepalives: time is left to find another replica before the page must be marked.
    private static readonly TimeSpan Silence = TimeSpan.FromMilliseconds(1200);

    private readonly FailureLog failures = new(
        logger, "The StatusService sent documents that cannot be served; the last known ones stay and are marked as such", "The StatusService's documents can be served again", LogLevel.Error);

    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => ServiceClients.WatchAsync(
        cancellation => status.WatchPage(new WatchPageRequest(), cancellationToken: cancellation),
        ReceiveAsync,
        Silence, time, logger, stoppingToken);

    private ValueTask ReceiveAsync(WatchPageResponse response)
    {
        if (response is not { Page: null, Documents.Count: 0, Removed.Count: 0, Complete: false })
        {
            Receive(response);
        }
        else if (!failures.IsFailing) // a keepalive confirms the newest documents of the stream, and this Gateway does not have them
        {
            documents.KeepAlive();
        }

        return ValueTask.CompletedTask;
    }

    /// <summary>Takes documents. What cannot be served is refused: the last ones stay and are marked as such, and the stream continues.</summary>
    private void Receive(WatchPageResponse received)
    {
        try
        {
            documents.Take(received);
            file.SaveSoon();
            failures.Succeeded();
        }
        catch (Exception failure)
        {
            failures.Failed(failure);
        }
    }
}
