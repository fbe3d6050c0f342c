extern alias statusservice;

using Grpc.Core;
using Grpc.Net.Client;
using statusservice::Xerotier.StatusService.Notices;
using Xerotier.Maintenance.V1;
using Xerotier.TestKit;

namespace Xerotier.MaintenanceService.Tests;

/// <summary>An open stream of changes, and the notices that the StatusService makes of it.</summary>
internal sealed class FeedStream : IAsyncDisposable
{
    private readonly GrpcChannel channel;
    private readonly CancellationTokenSource deadline;
    private readonly AsyncServerStreamingCall<WatchChangesResponse> call;
    private readonly NoticesView view;

    private FeedStream(GrpcChannel channel, CancellationTokenSource deadline, NoticesView view, AsyncServerStreamingCall<WatchChangesResponse> call) =>
        (this.channel, this.deadline, this.view, this.call) = (channel, deadline, view, call);

    public static Metadata Token => new() { { "authorization", $"Bearer {TestTokens.ForService()}" } };

    /// <summary>The newest notices.</summary>
    public NoticeLists Feed => view.Current;

    public static async Task<FeedStream> OpenAsync(InProcessService<Program> service)
    {
        var channel = GrpcChannel.ForAddress(service.GrpcAddress, new GrpcChannelOptions { MaxReceiveMessageSize = null });
        var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var client = new MaintenanceFeed.MaintenanceFeedClient(channel);
        var view = new NoticesView(await client.GetNoticesAsync(new() { Limit = NoticesView.Held }, Token, cancellationToken: deadline.Token));
        var stream = new FeedStream(channel, deadline, view, client.WatchChanges(new() { Mark = view.Mark }, Token, cancellationToken: deadline.Token));
        await stream.NextAsync();
        return stream;
    }

    /// <summary>The next message.</summary>
    public async Task<WatchChangesResponse> NextAsync()
    {
        Assert.True(await call.ResponseStream.MoveNext(deadline.Token));
        var message = call.ResponseStream.Current;
        Assert.Equal(message.Changes.Count > 0, view.Apply(message));
        return message;
    }

    public async Task UntilAsync(Func<NoticeLists, bool> condition)
    {
        while (!condition(Feed))
        {
            await NextAsync();
        }
    }

    /// <summary>The stream ends because its mark is not valid any more.</summary>
    public async Task IsOutOfRangeAsync()
    {
        var end = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            while (true)
            {
                await NextAsync();
            }
        });
        Assert.Equal(StatusCode.OutOfRange, end.StatusCode);
    }

    public ValueTask DisposeAsync()
    {
        call.Dispose();
        channel.Dispose();
        deadline.Dispose();
        return ValueTask.CompletedTask;
    }
}
