using System.Threading.Channels;

namespace Xerotier.StatusService.Board;

/// <summary>Messages for the board, each with the instant at which it came: however late the board looks, none is lost and none moved.</summary>
public sealed class BoardInbox(TimeProvider time)
{
    private const int Capacity = 10_000; // hours of ordinary life; no loop is stuck that long

    private readonly Channel<Message> messages =
        Channel.CreateBounded<Message>(new BoundedChannelOptions(Capacity) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

    /// <summary>A message has come.</summary>
    public void Enqueue(Func<BoardInputs, DateTimeOffset, BoardInputs> change) => messages.Writer.TryWrite(new(time.GetUtcNow(), change));

    /// <summary>The next message, if there is one.</summary>
    public bool TryDequeue(out Message message) => messages.Reader.TryRead(out message);

    /// <summary>Completes when there is a message.</summary>
    public async Task WaitAsync(CancellationToken cancellation) => await messages.Reader.WaitToReadAsync(cancellation);
}

/// <summary>What came, and when.</summary>
public readonly record struct Message(DateTimeOffset At, Func<BoardInputs, DateTimeOffset, BoardInputs> Change);
