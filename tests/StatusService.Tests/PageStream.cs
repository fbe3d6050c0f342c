using System.Collections.Concurrent;
using System.Text.Json;
using Grpc.Core;
using Grpc.Net.Client;
using Xerotier.Page.V1;
using Xerotier.ServiceDefaults;
using Xerotier.StatusService.Publishing;
using Xerotier.TestKit;

namespace Xerotier.StatusService.Tests;

/// <summary>What a Gateway sees of a StatusService: the stream of pages.</summary>
public sealed class PageStream : IAsyncDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(20);
    private readonly GrpcChannel channel;
    private readonly AsyncServerStreamingCall<WatchPageResponse> call;
    private readonly Task reading;
    private volatile PageSnapshot? newest;

    public PageStream(InProcessService<StatusLoop> service)
        : this(service.GrpcAddress)
    {
    }

    public PageStream(Uri address)
    {
        channel = GrpcChannel.ForAddress(address, new() { MaxReceiveMessageSize = ServiceClients.LongestMessage });
        call = new StatusPages.StatusPagesClient(channel).WatchPage(new(), new Metadata { { "authorization", $"Bearer {TestTokens.ForService()}" } });
        reading = ReadAsync();
    }

    /// <summary>Every page that came.</summary>
    public ConcurrentQueue<PageSnapshot> Received { get; } = new();

    /// <summary>The other documents by path, as the stream has brought them.</summary>
    public ConcurrentDictionary<string, PublicDocument> Documents { get; } = new();

    /// <summary>The messages that brought other documents.</summary>
    public ConcurrentQueue<WatchPageResponse> Changes { get; } = new();

    /// <summary>Called again and again while the test waits for a page, for example to let time pass.</summary>
    public Action? Waiting { get; init; }

    public static string Overall(PageSnapshot page) => Json(page).GetProperty("overall").GetProperty("key").GetString()!;

    public static JsonElement Json(PageSnapshot page) => JsonDocument.Parse(page.Json.Identity.Memory).RootElement;

    /// <summary>Waits for a page that is as wanted.</summary>
    public async Task<PageSnapshot> UntilAsync(Func<PageSnapshot, bool> wanted)
    {
        for (var deadline = DateTime.UtcNow + Timeout; ; await Task.Delay(20))
        {
            if (newest is { } page && wanted(page))
            {
                return page;
            }

            Waiting?.Invoke();
            Assert.True(DateTime.UtcNow < deadline, $"The page did not become as wanted; it is: {(newest is { } last ? Json(last).ToString()[..300] : "none")}");
        }
    }

    public Task<PageSnapshot> UntilAsync(string overall) => UntilAsync(page => Overall(page) == overall);

    public async ValueTask DisposeAsync()
    {
        call.Dispose();
        await reading;
        channel.Dispose();
    }

    private async Task ReadAsync()
    {
        try
        {
            await foreach (var message in call.ResponseStream.ReadAllAsync())
            {
                foreach (var document in message.Documents)
                {
                    Documents[document.Path] = document;
                }

                foreach (var path in message.Removed)
                {
                    Documents.TryRemove(path, out _);
                }

                if (message.Documents.Count + message.Removed.Count > 0)
                {
                    Changes.Enqueue(message);
                }

                if (message.Page is { } page)
                {
                    newest = page;
                    Received.Enqueue(page);
                }
            }
        }
        catch (Exception end) when (end is RpcException or ObjectDisposedException)
        {
            // disposed while it waited, or between two messages
        }
    }
}
