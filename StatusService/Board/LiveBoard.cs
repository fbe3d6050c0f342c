using Xerotier.StatusService.Model;

namespace Xerotier.StatusService.Board;

/// <summary>
/// The board as time goes on: takes the feeds' messages at the instants at which they came, and reports what it held.
/// Changes that the clock alone makes happen at their exact instants, however late somebody observes it. Used by one thread at a time.
/// </summary>
/// <param name="observed">Takes what the board holds from an instant on, by component key. The instants go back only when the clock was set back.</param>
/// <param name="maintenanceFrom">Whose active windows put the platform under maintenance.</param>
public sealed class LiveBoard(Action<DateTimeOffset, IReadOnlyDictionary<string, RecordedState>> observed, MaintenanceFrom maintenanceFrom = default)
{
    /// <summary>Two observations further apart than this did not observe what lay between them.</summary>
    public static readonly TimeSpan MaxGap = TimeSpan.FromSeconds(2);

    private DateTimeOffset? last;

    /// <summary>The newest inputs.</summary>
    public BoardInputs Inputs { get; private set; } = BoardInputs.Nothing with { MaintenanceFrom = maintenanceFrom };

    /// <summary>The board at <paramref name="now"/>.</summary>
    public BoardState Observe(DateTimeOffset now)
    {
        now = Until(now);
        return Watch(now);
    }

    /// <summary>A message came at <paramref name="at"/>.</summary>
    public void Apply(DateTimeOffset at, Func<BoardInputs, DateTimeOffset, BoardInputs> message)
    {
        at = Until(at);
        Inputs = message(Inputs, at);
        Watch(at);
    }

    private DateTimeOffset Until(DateTimeOffset now)
    {
        if (last is not { } seen)
        {
            Inputs = Inputs with { WindowsAwaitedUntil = now + BoardInputs.StartupGrace };
        }
        else if (now < seen - MaxGap)
        {
            Inputs = Inputs.Moved(now - seen); // the clock was set back: what was heard is as old as it was
        }
        else if (now < seen)
        {
            now = seen; // a message that crossed a look
        }
        else if (now - seen <= MaxGap)
        {
            while (BoardState.NextChange(Inputs, seen) is { } change && change < now)
            {
                Watch(change);
                seen = change;
            }
        }

        last = now;
        return now;
    }

    /// <summary>The board at <paramref name="at"/>, reported.</summary>
    private BoardState Watch(DateTimeOffset at)
    {
        var state = BoardState.At(Inputs, at);
        observed(at, state.Recorded);
        return state;
    }
}
