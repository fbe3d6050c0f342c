using Xerotier.ServiceDefaults;

namespace Xerotier.MaintenanceService;

/// <summary>Removes the answers of idempotency keys that are older than they are kept.</summary>
internal sealed partial class AnswerCleaner(PlatformStore store, Migrations migrations, TimeProvider time, ILogger<AnswerCleaner> logger) : BackgroundService
{
    /// <summary>How often it looks.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await migrations.Done.WaitAsync(stoppingToken);
        while (true)
        {
            try
            {
                while (await store.ForgetAnswersAsync(time.GetUtcNow(), stoppingToken) > 0)
                {
                }
            }
            catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
            {
                LogFailed(logger, failure.Message);
            }

            await Task.Delay(Interval, time, stoppingToken);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "Old answers could not be removed: {Reason}")]
    private static partial void LogFailed(ILogger logger, string reason);
}
