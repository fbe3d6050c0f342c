using Xerotier.ServiceDefaults;
using Xerotier.StatusService.Board;
using Xerotier.StatusService.History;

namespace Xerotier.StatusService.Publishing;

/// <summary>
/// The service's one loop. It looks at the board at least every 250 ms and publishes what it sees. Twice a second it starts the
/// recorder's turn with the values that the turn needs, and takes its result when it is complete: a turn may wait for Postgres, so it
/// runs beside the looks and never delays them. While its clock is known to be off it does neither: nothing is recorded, and without
/// keepalives the Gateways mark what they have as the last known state. What it hears in that time it takes at the first look after it.
/// </summary>
public sealed class StatusLoop(
    BoardInbox inbox,
    LiveBoard board,
    ChangeStamps stamps,
    RecorderTurns recorder,
    PagePublisher pages,
    Published published,
    StatusMetrics metrics,
    DatabaseClock clock,
    TimeProvider time,
    ILogger<StatusLoop> logger) : BackgroundService
{
    private static readonly TimeSpan LookPeriod = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan RecorderPeriod = TimeSpan.FromMilliseconds(500);

    /// <summary>How much longer than <see cref="BoardInputs.StartupGrace"/> a page waits that says nothing: a busy machine needs seconds to connect, and another replica's says more.</summary>
    private static readonly TimeSpan PagePatience = TimeSpan.FromSeconds(6);

    private readonly FailureLog failures = new(logger, "The page cannot be made", "The page can be made again", LogLevel.Error);
    private RecorderTurn recorded = recorder.Last;
    private long? turnStartedAt;
    private Announcements? turnAnnounced;

    /// <summary>The recorder's turn that is under way; null between turns.</summary>
    internal Task<RecorderTurn>? Turn { get; private set; }

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        if (Turn is { } turn)
        {
            await ((Task)turn).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // it ends with the loop, and has logged its failures
        }

        await recorder.ReleaseAsync(cancellationToken);
    }

    /// <summary>One round: takes the recorder's result, looks at the board, starts the recorder's next turn when it is due.</summary>
    /// <returns>How long the loop may wait for a message before the next round.</returns>
    internal async Task<TimeSpan> RoundAsync(CancellationToken stopping)
    {
        if (Turn is { IsCompleted: true } complete)
        {
            recorded = await complete;
            published.History = recorded.History;
            metrics.Recording = recorded.Recording;
            Turn = null;
        }

        var wait = LookPeriod;
        var now = time.GetUtcNow();
        if (clock.IsOffAt(now))
        {
            metrics.Recording = false;
            return wait;
        }

        try
        {
            wait = await LookAsync(now, stopping);
            published.ReportAlive();
            failures.Succeeded();
        }
        catch (Exception failure) when (!stopping.IsCancellationRequested)
        {
            failures.Failed(failure); // not alive, no keepalive: the Gateways then serve what they knew last, marked as such
        }

        return Turn is null ? Shortest(wait, StartTurnIfDue(now, stopping)) : wait;
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        published.History = recorded.History;
        Task? message = null;
        while (!stoppingToken.IsCancellationRequested)
        {
            var wait = Task.Delay(await RoundAsync(stoppingToken), time, stoppingToken);
            message = message is null or { IsCompleted: true } ? inbox.WaitAsync(stoppingToken) : message;
            await Task.WhenAny(message, wait, Turn ?? wait);
        }
    }

    /// <summary>Starts the recorder's turn if it is due. The first one waits until the clock is known to be right.</summary>
    /// <returns>How long until the next one is due.</returns>
    private TimeSpan StartTurnIfDue(DateTimeOffset now, CancellationToken stopping)
    {
        if (clock.Skew is null)
        {
            return LookPeriod;
        }

        if (ReferenceEquals(turnAnnounced, board.Inputs.Announced) && turnStartedAt is { } startedAt && time.GetElapsedTime(startedAt) is var since && since < RecorderPeriod)
        {
            return RecorderPeriod - since;
        }

        (turnStartedAt, turnAnnounced) = (time.GetTimestamp(), board.Inputs.Announced); // an incident may touch days that have to be read first
        var (stamp, notices) = (stamps.Reconcile(recorded.Stamp, now), stamps.Notices);
        var announced = turnAnnounced;
        Turn = Task.Run(() => recorder.RunAsync(now, stamp, notices, announced, stopping), stopping);
        return RecorderPeriod;
    }

    /// <summary>One look at the board, and a page if it has changed.</summary>
    /// <returns>How long until the next look.</returns>
    private async Task<TimeSpan> LookAsync(DateTimeOffset now, CancellationToken stopping)
    {
        while (inbox.TryDequeue(now, out var message))
        {
            board.Apply(message.At, message.Change);
        }

        TakeOver(now);
        var state = board.Observe(now);
        stamps.Observe(state, now, IsSettled(now));
        metrics.Board = state;
        if (!ReferenceEquals(published.Announced.Value, state.Announced))
        {
            published.Announced.Set(state.Announced);
        }

        var stamp = stamps.Reconcile(recorded.Stamp, now);
        published.Look = stamp is null ? null : new(state, stamp, recorded.Recording, now);

        var nextMinute = TimeSpan.FromTicks(TimeSpan.TicksPerMinute - (now.Ticks % TimeSpan.TicksPerMinute));
        var nextChange = BoardState.NextChange(board.Inputs, now) is { } change ? change - now : LookPeriod;
        var wait = Shortest(LookPeriod, Shortest(nextMinute, nextChange));
        if (pages.Pause is var pause && pause > TimeSpan.Zero)
        {
            return Shortest(pause, wait);
        }

        if (stamp is not null)
        {
            await pages.PublishAsync(state, stamp, recorded.History, now, stopping);
        }

        return wait;
    }

    private static TimeSpan Shortest(TimeSpan one, TimeSpan other) => one < other ? one : other;

    /// <summary>Takes over from an earlier process what this one does not know yet.</summary>
    private void TakeOver(DateTimeOffset now)
    {
        if (recorded.Before is { SharedAgentsShown: true } && board.Inputs is { SharedAgentsShown: false, FleetWasKnown: false })
        {
            board.Apply(now, (inputs, _) => inputs with { SharedAgentsShown = true }); // what is unknown stays shown over a restart
        }

        if (recorded.Before?.Notices is { } earlier && board.Inputs.Windows is null && now >= board.Inputs.WindowsAwaitedUntil)
        {
            board.Apply(now, (inputs, at) => inputs.WithEarlierNotices(earlier, at));
        }
    }

    /// <summary>
    /// Whether the board says more than the ignorance of a process that has just started. Until it does there is no page, and a Gateway
    /// takes that of another replica: a restart is no reason to call anything unknown.
    /// </summary>
    private bool IsSettled(DateTimeOffset now) =>
        now >= board.Inputs.WindowsAwaitedUntil + PagePatience
        || (board.Inputs.Windows is not null && (board.Inputs.Fleet is not null || now < board.Inputs.YoungUntil) && recorded.History.Revision >= 0 && AreProbesKnown);

    private bool AreProbesKnown => !board.Inputs.ProbesAwaited && board.Inputs.Announced.Current.All(c => c.Probe is null || board.Inputs.Probes.ContainsKey(c.Key));
}
