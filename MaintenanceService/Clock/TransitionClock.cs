using Xerotier.MaintenanceService.Changes;
using Xerotier.ServiceDefaults;

namespace Xerotier.MaintenanceService.Clock;

/// <summary>
/// Moves windows with <c>auto_transition</c> on when their time comes. It looks every <see cref="Interval"/> instead of sleeping
/// until the next one is due: a clock that is set, a start that was missed and another replica's windows then need no code of their own.
/// </summary>
internal sealed partial class TransitionClock(ClockStore store, ChangeNotifier changes, Migrations migrations, DatabaseClock clock, TimeProvider time, ILogger<TransitionClock> logger)
    : BackgroundService
{
    /// <summary>How late a transition can be, apart from the time that it takes.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var log = new FailureLog(logger, "Due windows cannot be moved; they stay due", "Due windows are moved again");
        await migrations.Done.WaitAsync(stoppingToken);
        await log.RepeatAsync(TurnAsync, Interval, time, stoppingToken);
    }

    private async Task TurnAsync(CancellationToken cancellation)
    {
        int activated, completed;
        do
        {
            (activated, completed) = await store.MoveDueAsync(clock.Now, cancellation);
            if (activated + completed > 0)
            {
                changes.Signal();
                LogMoved(logger, activated, completed);
            }
        }
        while (activated == ClockStore.DueBatch || completed == ClockStore.DueBatch);
    }

    [LoggerMessage(1, LogLevel.Information, "{Activated} windows became active and {Completed} completed by their times")]
    private static partial void LogMoved(ILogger logger, int activated, int completed);
}
