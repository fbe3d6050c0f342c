using System.Threading.Channels;
using Grpc.Core;
using Microsoft.Extensions.Time.Testing;
using Xerotier.TestKit;

namespace Xerotier.ServiceDefaults.Tests;

/// <summary>Streams among services move to replicas that came after they began (operations.md section 25).</summary>
public sealed class StreamLifetimeTests
{
    [Fact]
    public void A_stream_lives_for_half_an_hour_give_or_take_a_tenth()
    {
        var lifetimes = Enumerable.Range(0, 1000).Select(_ => ServiceClients.NewStreamLifetime().TotalMinutes).ToList();
        Assert.All(lifetimes, minutes => Assert.InRange(minutes, 27, 33));
        Assert.True(lifetimes.Max() - lifetimes.Min() > 4);
    }

    [Fact]
    public async Task An_old_stream_ends_after_a_message_and_another_one_begins_at_once()
    {
        await using var watch = new Watch();
        await watch.SendAsync(1);
        watch.Time.Advance(TimeSpan.FromMinutes(26));
        await watch.SendAsync(2);
        Assert.Single(watch.Streams);
        watch.Time.Advance(TimeSpan.FromMinutes(8));
        await watch.SendAsync(3);
        await Eventually.TrueAsync(() => watch.Streams.Count == 2, "without the pause that a failure brings: this clock stands still");
        Assert.Equal(1, watch.Ended);
        await watch.SendAsync(4);
        Assert.Equal([1, 2, 3, 4], watch.Received);
        Assert.Empty(watch.Said);
    }

    [Fact]
    public async Task A_lost_stream_is_said_once_until_it_is_back()
    {
        await using var watch = new Watch();
        await watch.SendAsync(1);
        for (var lost = 1; lost <= 3; lost++)
        {
            watch.Streams[^1].Writer.Complete(new RpcException(new(StatusCode.Unavailable, "")));
            await Eventually.TrueAsync(() =>
            {
                watch.Time.Advance(TimeSpan.FromSeconds(1)); // what is between two tries
                return watch.Streams.Count == lost + 1;
            });
        }

        Assert.Equal(["Warning: The stream of Int32 was lost"], watch.Said);
        await watch.SendAsync(2);
        Assert.Equal(["Warning: The stream of Int32 was lost", "Information: The stream of Int32 is back"], watch.Said);
    }

    /// <summary>A watch of streams of numbers, by a clock that stands still.</summary>
    private sealed class Watch : IAsyncDisposable
    {
        private readonly LogRecorder log = new();
        private readonly CancellationTokenSource end = new();
        private readonly Task watching;

        public Watch() => watching = ServiceClients.WatchAsync(
            _ =>
            {
                var stream = Channel.CreateUnbounded<int>();
                Streams.Add(stream);
                return new AsyncServerStreamingCall<int>(new Reader(stream), Task.FromResult(new Metadata()), () => Status.DefaultSuccess, () => [], () => Ended++);
            },
            message =>
            {
                Received.Add(message);
                return ValueTask.CompletedTask;
            },
            TimeSpan.FromDays(1),
            Time,
            log.CreateLogger("test"),
            end.Token);

        public FakeTimeProvider Time { get; } = new();

        /// <summary>All that were opened; the last one is open.</summary>
        public List<Channel<int>> Streams { get; } = [];

        public List<int> Received { get; } = [];

        public int Ended { get; private set; }

        public IEnumerable<string> Said => log.Entries.Select(entry => $"{entry.Level}: {entry.Message}");

        public async Task SendAsync(int message)
        {
            Streams[^1].Writer.TryWrite(message);
            await Eventually.TrueAsync(() => Received.Contains(message));
        }

        public async ValueTask DisposeAsync()
        {
            await end.CancelAsync();
            await watching;
            end.Dispose();
            log.Dispose();
        }
    }

    private sealed class Reader(Channel<int> stream) : IAsyncStreamReader<int>
    {
        public int Current { get; private set; }

        public async Task<bool> MoveNext(CancellationToken cancellationToken)
        {
            try
            {
                Current = await stream.Reader.ReadAsync(cancellationToken);
                return true;
            }
            catch (ChannelClosedException closed) when (closed.InnerException is RpcException lost)
            {
                throw lost;
            }
        }
    }
}
