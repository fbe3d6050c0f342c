using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;
using Xerotier.ServiceDefaults;
using Xerotier.StatusService.Board;

namespace Xerotier.StatusService.History;

/// <summary>Section <c>History</c>.</summary>
public sealed class HistoryOptions
{
    /// <summary>Days for which the history is kept, 90 to 3660.</summary>
    [Range(90, 3660)]
    public int RetentionDays { get; set; } = 400;
}

/// <summary>Turns the recorder twice a second, and deletes what is past the retention once a day.</summary>
public sealed partial class RecorderService(
    Recorder recorder,
    HistoryStore store,
    ChangeStamps stamps,
    Migrations migrations,
    IOptions<HistoryOptions> options,
    TimeProvider time,
    ILogger<RecorderService> logger) : BackgroundService
{
    private static readonly TimeSpan Turn = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private DateOnly purged;
    private bool failing;

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        try
        {
            await recorder.ReleaseAsync(cancellationToken);
        }
        catch (Exception failure) when (failure is Npgsql.NpgsqlException or OperationCanceledException or TimeoutException)
        {
            LogFailing(logger, failure); // the lease runs out by itself
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await migrations.Done.WaitAsync(stoppingToken);
        using var timer = new PeriodicTimer(Turn, time);
        do
        {
            await StepAsync(stoppingToken);
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task StepAsync(CancellationToken stopping)
    {
        using var late = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, stopping);
        var today = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);
        var was = recorder.Recording;
        try
        {
            await recorder.StepAsync(today, stamps.Reconcile, stamps.Windows, either.Token);
            if (recorder.Recording && purged != today)
            {
                var rows = await store.PurgeAsync(today.AddDays(-options.Value.RetentionDays), stopping);
                purged = today;
                LogPurged(logger, rows);
            }

            if (failing)
            {
                failing = false;
                LogRecovered(logger);
            }
        }
        catch (Exception failure) when (!stopping.IsCancellationRequested)
        {
            if (!failing)
            {
                failing = true; // once per failure, not twice a second
                LogFailing(logger, failure);
            }
        }

        if (recorder.Recording != was)
        {
            LogRole(logger, recorder.Recording);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "The history cannot be written; what is seen waits in memory")]
    private static partial void LogFailing(ILogger logger, Exception failure);

    [LoggerMessage(2, LogLevel.Information, "The history can be written again")]
    private static partial void LogRecovered(ILogger logger);

    [LoggerMessage(3, LogLevel.Information, "Recording the history: {Recording}")]
    private static partial void LogRole(ILogger logger, bool recording);

    [LoggerMessage(4, LogLevel.Debug, "{Rows} rows of the history were past the retention")]
    private static partial void LogPurged(ILogger logger, int rows);
}

/// <summary>Registration of the history.</summary>
public static class HistoryExtensions
{
    /// <summary>Adds the track, the recorder and their store.</summary>
    public static void AddHistory(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<HistoryOptions>().Bind(configuration.GetSection("History")).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<StatusTrack>();
        services.AddSingleton<HistoryStore>();
        services.AddSingleton<Recorder>();
        services.AddHostedService<RecorderService>();
    }
}
