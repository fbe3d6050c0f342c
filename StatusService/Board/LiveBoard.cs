using Xerotier.StatusService.History;

namespace Xerotier.StatusService.Board;

/// <summary>
/// The board as time goes on: takes the feeds' messages at the instants at which they came, and writes what it held into the track.
/// Changes that the clock alone makes happen at their exact instants, however late somebody looks. Used by one thread at a time.
/// </summary>
/// <param name="track">What is seen goes here.</param>
public sealed class LiveBoard(StatusTrack track)
{
    private DateTimeOffset? last;

    /// <summary>The newest inputs.</summary>
    public BoardInputs Inputs { get; private set; } = BoardInputs.Nothing;

    /// <summary>The board at <paramref name="now"/>; a clock that went back is taken to stand still.</summary>
    public BoardState Look(DateTimeOffset now)
    {
        now = Until(now);
        var state = BoardState.At(Inputs, now);
        track.Look(now, state.Recorded);
        return state;
    }

    /// <summary>A message came at <paramref name="at"/>.</summary>
    public void Apply(DateTimeOffset at, Func<BoardInputs, DateTimeOffset, BoardInputs> message)
    {
        at = Until(at);
        Inputs = message(Inputs, at);
        track.Look(at, BoardState.At(Inputs, at).Recorded);
    }

    private DateTimeOffset Until(DateTimeOffset now)
    {
        if (last is { } seen)
        {
            now = seen > now ? seen : now;
            if (now - seen <= StatusTrack.LongestBlink)
            {
                while (BoardState.NextChange(Inputs, seen) is { } change && change < now)
                {
                    track.Look(change, BoardState.At(Inputs, change).Recorded);
                    seen = change;
                }
            }
        }
        else
        {
            Inputs = Inputs with { WindowsAwaitedUntil = now + BoardInputs.FirstWords };
        }

        last = now;
        return now;
    }
}
