using Xerotier.ServiceDefaults;

namespace Xerotier.MaintenanceService;

/// <summary>
/// Moves windows with <c>auto_transition</c> on when their time comes. It looks every <see cref="Interval"/> instead of sleeping
/// until the next one is due: so a clock that is set, a start that was missed and another replica's windows need no case of their own.
/// </summary>
internal sealed partial class TransitionClock(PlatformStore store, ChangeNotifier changes, Migrations migrations, TimeProvider time, ILogger<TransitionClock> logger)
    : BackgroundService
{
    /// <summary>How late a transition can be, apart from the time that it takes.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await migrations.Done.WaitAsync(stoppingToken);
        while (true)
        {
            try
            {
                await TurnAsync(stoppingToken);
            }
            catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
            {
                LogFailed(logger, failure.Message); // what is due stays due
            }

            await Task.Delay(Interval, time, stoppingToken);
        }
    }

    private async Task TurnAsync(CancellationToken cancellation)
    {
        int activated, completed;
        do
        {
            (activated, completed) = await store.MoveDueAsync(time.GetUtcNow(), cancellation);
            if (activated + completed > 0)
            {
                changes.Signal();
                LogMoved(logger, activated, completed);
            }
        }
        while (activated == PlatformStore.DueBatch || completed == PlatformStore.DueBatch);
    }

    [LoggerMessage(1, LogLevel.Warning, "Due windows could not be moved on: {Reason}")]
    private static partial void LogFailed(ILogger logger, string reason);

    [LoggerMessage(2, LogLevel.Information, "{Activated} windows became active and {Completed} completed by their times")]
    private static partial void LogMoved(ILogger logger, int activated, int completed);
}
