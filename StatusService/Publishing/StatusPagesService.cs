using Grpc.Core;
using Microsoft.AspNetCore.Authorization;
using Xerotier.Page.V1;
using Xerotier.ServiceDefaults;

namespace Xerotier.StatusService.Publishing;

/// <summary>Pushes the page to every Gateway. The sign of life is the board loop's, not this stream's: a stuck board ends it.</summary>
[Authorize(Policies.Service)]
public sealed class StatusPagesService(PublishedPage published, TimeProvider time, IHostApplicationLifetime lifetime) : StatusPages.StatusPagesBase
{
    private static readonly TimeSpan SignOfLife = TimeSpan.FromMilliseconds(500);

    /// <inheritdoc/>
    public override async Task WatchPage(WatchPageRequest request, IServerStreamWriter<WatchPageResponse> responseStream, ServerCallContext context)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);
        PageSnapshot? sent = null;
        while (!ended.IsCancellationRequested)
        {
            var (page, next) = published.Current;
            if (published.Alive && (page is not null || sent is not null))
            {
                await responseStream.WriteAsync(new() { Page = page == sent ? null : page }, ended.Token);
                sent = page;
            }

            await Task.WhenAny(next, Task.Delay(SignOfLife, time, ended.Token));
        }
    }
}
