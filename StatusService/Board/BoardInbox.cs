using System.Threading.Channels;

namespace Xerotier.StatusService.Board;

/// <summary>Messages for the board, each with the instant at which it arrived, so that a late look changes nothing about them. In between the clock may have been off, so the instants are counted back from the look.</summary>
public sealed class BoardInbox(TimeProvider time)
{
    private const int Capacity = 10_000; // hours of ordinary traffic; no loop is stuck for so long

    private readonly Channel<(long Timestamp, Func<BoardInputs, DateTimeOffset, BoardInputs> Change)> messages =
        Channel.CreateBounded<(long, Func<BoardInputs, DateTimeOffset, BoardInputs>)>(new BoundedChannelOptions(Capacity) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

    /// <summary>Adds a message that arrived now.</summary>
    public void Enqueue(Func<BoardInputs, DateTimeOffset, BoardInputs> change) => messages.Writer.TryWrite((time.GetTimestamp(), change));

    /// <summary>The next message for a look at <paramref name="now"/>, if there is one.</summary>
    public bool TryDequeue(DateTimeOffset now, out Message message)
    {
        var found = messages.Reader.TryRead(out var next);
        message = found ? new(now - time.GetElapsedTime(next.Timestamp), next.Change) : default;
        return found;
    }

    /// <summary>Completes when there is a message.</summary>
    public async Task WaitAsync(CancellationToken cancellation) => await messages.Reader.WaitToReadAsync(cancellation);
}

/// <summary>A message, and when it arrived.</summary>
public readonly record struct Message(DateTimeOffset At, Func<BoardInputs, DateTimeOffset, BoardInputs> Change);
