using Xerotier.ServiceDefaults;

namespace Xerotier.MaintenanceService.Clock;

/// <summary>Removes idempotency keys that have expired, with their responses.</summary>
internal sealed class IdempotencyCleaner(ClockStore store, Migrations migrations, DatabaseClock clock, TimeProvider time, ILogger<IdempotencyCleaner> logger) : BackgroundService
{
    /// <summary>How often it looks.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var log = new FailureLog(logger, "Expired idempotency keys cannot be removed; it is tried again", "Expired idempotency keys are removed again");
        await migrations.Done.WaitAsync(stoppingToken);
        await log.RepeatAsync(TurnAsync, Interval, time, stoppingToken);
    }

    private async Task TurnAsync(CancellationToken cancellation)
    {
        while (await store.RemoveExpiredKeysAsync(clock.Now, cancellation) > 0)
        {
        }
    }
}
