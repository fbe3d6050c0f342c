using Xerotier.Page.V1;
using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway.Page;

/// <summary>Receives the documents of the StatusService's stream into <see cref="PublicDocuments"/>.</summary>
internal sealed class PageReceiver(StatusPages.StatusPagesClient status, PublicDocuments documents, PageFile file, TimeProvider time, ILogger<PageReceiver> logger) : BackgroundService
{
    // Two missed keepalives: time is left to find another replica before the page must be marked.
    private static readonly TimeSpan Silence = TimeSpan.FromMilliseconds(1200);

    private static readonly TimeSpan AfterRefusal = TimeSpan.FromSeconds(5);

    private readonly FailureLog failures = new(
        logger, "The StatusService sent documents that cannot be served; the last known ones stay and are marked as such", "The StatusService's documents can be served again", LogLevel.Error);

    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => ServiceClients.WatchAsync(
        cancellation => status.WatchPage(new WatchPageRequest(), cancellationToken: cancellation),
        response => ReceiveAsync(response, stoppingToken),
        Silence, time, logger, stoppingToken);

    private async ValueTask ReceiveAsync(WatchPageResponse response, CancellationToken stopping)
    {
        if (response is { Page: null, Documents.Count: 0, Removed.Count: 0, Complete: false })
        {
            documents.KeepAlive();
            return;
        }

        try
        {
            documents.Take(response);
            file.SaveSoon();
            failures.Succeeded();
        }
        catch (Exception failure)
        {
            // The last ones stay, and silence marks them. What the stream sends next would build on what was refused: a new one begins anew.
            failures.Failed(failure);
            await Task.Delay(AfterRefusal, time, stopping);
            throw new IOException("What it sent was refused.", failure);
        }
    }
}
