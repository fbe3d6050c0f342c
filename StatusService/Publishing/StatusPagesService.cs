using Grpc.Core;
using Microsoft.AspNetCore.Authorization;
using Xerotier.Page.V1;
using Xerotier.ServiceDefaults;

namespace Xerotier.StatusService.Publishing;

/// <summary>Pushes the public documents to every Gateway. Keepalives are sent only while the loop is alive: while it is stuck there are none.</summary>
[Authorize(Policies.Service)]
public sealed class StatusPagesService(Published published, TimeProvider time, IHostApplicationLifetime lifetime) : StatusPages.StatusPagesBase
{
    private static readonly TimeSpan Keepalive = TimeSpan.FromMilliseconds(500);

    /// <inheritdoc/>
    public override async Task WatchPage(WatchPageRequest request, IServerStreamWriter<WatchPageResponse> responseStream, ServerCallContext context)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);
        PageSnapshot? sentPage = null;
        IReadOnlyDictionary<string, PublicDocument>? sent = null;
        while (!ended.IsCancellationRequested)
        {
            var (page, nextPage) = published.Page.Current;
            var (documents, nextDocuments) = published.Documents.Current;
            if (published.IsLoopAlive && (page is not null || sentPage is not null))
            {
                await responseStream.WriteAsync(Changes(sent, documents, page == sentPage ? null : page), ended.Token);
                (sentPage, sent) = (page, documents);
            }

            await Task.WhenAny(nextPage, nextDocuments, Task.Delay(Keepalive, time, ended.Token));
        }
    }

    /// <summary>What a Gateway that has <paramref name="before"/> is sent. That there are none is sent too: it may have another replica's.</summary>
    internal static WatchPageResponse Changes(IReadOnlyDictionary<string, PublicDocument>? before, IReadOnlyDictionary<string, PublicDocument>? now, PageSnapshot? page)
    {
        var response = new WatchPageResponse { Page = page };
        if (now is not null && now != before)
        {
            response.Complete = before is not { Count: > 0 } || now.Count == 0;
            response.Documents.AddRange(now.Values.Where(document => before?.GetValueOrDefault(document.Path) != document));
            response.Removed.AddRange(before?.Keys.Where(path => !now.ContainsKey(path)) ?? []);
        }

        return response;
    }
}
