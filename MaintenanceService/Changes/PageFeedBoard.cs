using System.Threading.Channels;
using Xerotier.Maintenance.V1;

namespace Xerotier.MaintenanceService.Changes;

/// <summary>One reading of the page feed.</summary>
/// <param name="Tick">Counts readings, from 1.</param>
/// <param name="Revision">Counts readings that differed from the one before.</param>
/// <param name="Feed">What was read; null when the database did not answer.</param>
internal sealed record FeedReading(long Tick, long Revision, PageFeed? Feed);

/// <summary>Holds the newest reading of the page feed and hands each new one to the streams.</summary>
internal sealed class PageFeedBoard
{
    private readonly Channel<bool> wakes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Lock gate = new();
    private FeedReading current = new(0, 0, null);
    private TaskCompletionSource<FeedReading> next = NewSource();

    /// <summary>Asks for a reading now.</summary>
    public void Wake() => wakes.Writer.TryWrite(true);

    /// <summary>Waits until a reading is asked for, at most for <paramref name="timeout"/>.</summary>
    public async Task WokenAsync(TimeSpan timeout, TimeProvider time, CancellationToken cancellation)
    {
        using var late = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellation);
        try
        {
            await wakes.Reader.ReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // nothing has changed that this replica knows of
        }
    }

    /// <summary>The newest reading if it is newer than <paramref name="tick"/>, else the next one.</summary>
    public Task<FeedReading> AfterAsync(long tick, CancellationToken cancellation)
    {
        lock (gate)
        {
            return current.Tick > tick ? Task.FromResult(current) : next.Task.WaitAsync(cancellation);
        }
    }

    /// <summary>Puts up a reading; null says that the database did not answer.</summary>
    public void Publish(PageFeed? feed)
    {
        TaskCompletionSource<FeedReading> waiting;
        lock (gate)
        {
            var revision = feed is not null && feed.Equals(current.Feed) ? current.Revision : current.Revision + 1;
            current = new FeedReading(current.Tick + 1, revision, feed);
            (waiting, next) = (next, NewSource());
        }

        waiting.SetResult(current);
    }

    private static TaskCompletionSource<FeedReading> NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
