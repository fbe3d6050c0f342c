using System.Threading.Channels;

namespace Xerotier.StatusService.Board;

/// <summary>Messages for the board, each with the instant at which it arrived, so that a late look changes nothing about them.</summary>
public sealed class BoardInbox(TimeProvider time)
{
    private const int Capacity = 10_000; // hours of ordinary traffic; no loop is stuck for so long

    private readonly Channel<Message> messages =
        Channel.CreateBounded<Message>(new BoundedChannelOptions(Capacity) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

    /// <summary>Adds a message that arrived now.</summary>
    public void Enqueue(Func<BoardInputs, DateTimeOffset, BoardInputs> change) => messages.Writer.TryWrite(new(time.GetUtcNow(), change));

    /// <summary>The next message, if there is one.</summary>
    public bool TryDequeue(out Message message) => messages.Reader.TryRead(out message);

    /// <summary>Completes when there is a message.</summary>
    public async Task WaitAsync(CancellationToken cancellation) => await messages.Reader.WaitToReadAsync(cancellation);
}

/// <summary>A message, and when it arrived.</summary>
public readonly record struct Message(DateTimeOffset At, Func<BoardInputs, DateTimeOffset, BoardInputs> Change);
