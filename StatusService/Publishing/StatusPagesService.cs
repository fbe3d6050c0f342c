using Grpc.Core;
using Microsoft.AspNetCore.Authorization;
using Xerotier.Page.V1;
using Xerotier.ServiceDefaults;

namespace Xerotier.StatusService.Publishing;

/// <summary>Pushes the page to every Gateway. Keepalives are sent only while the loop is alive: while it is stuck there are none.</summary>
[Authorize(Policies.Service)]
public sealed class StatusPagesService(Published published, TimeProvider time, IHostApplicationLifetime lifetime) : StatusPages.StatusPagesBase
{
    private static readonly TimeSpan Keepalive = TimeSpan.FromMilliseconds(500);

    /// <inheritdoc/>
    public override async Task WatchPage(WatchPageRequest request, IServerStreamWriter<WatchPageResponse> responseStream, ServerCallContext context)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);
        PageSnapshot? sent = null;
        while (!ended.IsCancellationRequested)
        {
            var (page, next) = published.Page.Current;
            if (published.IsLoopAlive && (page is not null || sent is not null))
            {
                await responseStream.WriteAsync(new() { Page = page == sent ? null : page }, ended.Token);
                sent = page;
            }

            await Task.WhenAny(next, Task.Delay(Keepalive, time, ended.Token));
        }
    }
}
