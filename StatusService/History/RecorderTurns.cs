using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Demo;
using Xerotier.StatusService.Board;
using Xerotier.StatusService.Model;

namespace Xerotier.StatusService.History;

/// <summary>Section <c>History</c>.</summary>
public sealed class HistoryOptions
{
    /// <summary>Days for which the history is kept, 90 to 3660.</summary>
    [Range(90, 3660)]
    public int RetentionDays { get; set; } = 400;
}

/// <summary>Runs the recorder's turns, each with a timeout, and deletes what is past the retention once a day. Used by one task at a time.</summary>
public sealed partial class RecorderTurns(
    Recorder recorder,
    HistoryStore store,
    Migrations migrations,
    IOptions<HistoryOptions> options,
    TimeProvider time,
    ILogger<RecorderTurns> logger)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);

    private readonly FailureLog failures = new(logger, "The history cannot be written; what is observed waits in memory", "The history can be written again");
    private DateOnly purged;

    /// <summary>What the last turn found.</summary>
    public RecorderTurn Last { get; private set; } = recorder.Last;

    /// <summary>One turn.</summary>
    /// <param name="now">The time, by a clock that is right.</param>
    /// <param name="stamp">The stamp to write, reconciled with that of the previous turn; null: not yet.</param>
    /// <param name="notices">The notices to keep for a later process; null while they are not live.</param>
    /// <param name="announced">The components and incidents as they are known now.</param>
    /// <param name="stopping">Ends the turn.</param>
    /// <returns>What it found; after a failure, which is logged, what the turn before found.</returns>
    /// <exception cref="OperationCanceledException"><paramref name="stopping"/> ended the turn.</exception>
    public async Task<RecorderTurn> RunAsync(DateTimeOffset now, ChangeStamp? stamp, HeardNotices? notices, Announcements announced, CancellationToken stopping)
    {
        await migrations.Done.WaitAsync(stopping); // the first turn begins when there are tables
        var (before, today) = (Last, DateOnly.FromDateTime(now.UtcDateTime));
        using var late = new CancellationTokenSource(Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, stopping);
        try
        {
            Last = await recorder.TurnAsync(today, stamp, notices, announced, either.Token);
            if (Last.Recording && purged != today)
            {
                var rows = await store.PurgeAsync(options.Value.RetentionDays, stopping);
                purged = today;
                LogPurged(logger, rows);
            }

            failures.Succeeded();
        }
        catch (Exception failure) when (!stopping.IsCancellationRequested)
        {
            Last = Last with { Recording = recorder.Recording };
            failures.Failed(failure);
        }

        if (Last.Recording != before.Recording)
        {
            LogRole(logger, Last.Recording);
        }

        return Last;
    }

    /// <summary>Hands the lease over when the service stops.</summary>
    public async Task ReleaseAsync(CancellationToken cancellation)
    {
        try
        {
            await recorder.ReleaseAsync(cancellation);
        }
        catch (Exception failure) when (failure is Npgsql.NpgsqlException or OperationCanceledException or TimeoutException)
        {
            LogNotReleased(logger, failure);
        }
    }

    [LoggerMessage(1, LogLevel.Information, "Recording the history: {Recording}")]
    private static partial void LogRole(ILogger logger, bool recording);

    [LoggerMessage(2, LogLevel.Debug, "{Rows} rows of the history were past the retention")]
    private static partial void LogPurged(ILogger logger, int rows);

    [LoggerMessage(3, LogLevel.Warning, "The recorder's lease was not released; it expires by itself")]
    private static partial void LogNotReleased(ILogger logger, Exception failure);
}

/// <summary>Registration of the history.</summary>
public static class HistoryExtensions
{
    /// <summary>Adds the track, the recorder and their store.</summary>
    public static void AddHistory(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<HistoryOptions>().Bind(configuration.GetSection("History")).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton(DemoOptions.From(configuration.GetSection("Demo")));
        services.AddSingleton<StatusTrack>();
        services.AddSingleton<HistoryStore>();
        services.AddSingleton<StatusChangeLog>();
        services.AddSingleton<Recorder>();
        services.AddSingleton<RecorderTurns>();
    }
}
