using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;

namespace Xerotier.ServiceDefaults;

/// <summary>Logs once that work which is done again and again fails, with the exception, and once that it succeeds again; a metric shows it meanwhile. Any thread may report.</summary>
/// <param name="logger">The logger of whoever does the work.</param>
/// <param name="fails">What to say of the first failure, and of what it means.</param>
/// <param name="succeeds">What to say of the first success after it.</param>
/// <param name="level">How serious a failure is.</param>
public sealed partial class FailureLog(ILogger logger, string fails, string succeeds, LogLevel level = LogLevel.Warning)
{
    private static readonly UpDownCounter<int> Failing = new Meter("Xerotier.ServiceDefaults").CreateUpDownCounter<int>(
        "xerotier.background.failing", description: "1 while work that is done again and again fails, by what the log says of it.");

    private readonly KeyValuePair<string, object?> work = Shown(fails);
    private int failing; // 1 from a failure until the next success

    /// <summary>Whether the work failed last.</summary>
    public bool IsFailing => Volatile.Read(ref failing) == 1;

    /// <summary>The work failed.</summary>
    public void Failed(Exception failure)
    {
        if (Interlocked.Exchange(ref failing, 1) == 0)
        {
            LogFailed(logger, level, failure, fails);
            Failing.Add(1, work);
        }
    }

    /// <summary>The work succeeded.</summary>
    public void Succeeded()
    {
        if (IsFailing && Interlocked.Exchange(ref failing, 0) == 1)
        {
            LogSucceeded(logger, succeeds);
            Failing.Add(-1, work);
        }
    }

    /// <summary>The work is no longer done here, so it neither fails nor succeeds: the metric is 0 again, and nothing is said.</summary>
    public void Forget()
    {
        if (IsFailing && Interlocked.Exchange(ref failing, 0) == 1)
        {
            Failing.Add(-1, work);
        }
    }

    /// <summary>Does <paramref name="work"/> again and again, with a pause of <paramref name="interval"/> after each time, and goes on when it fails.</summary>
    /// <exception cref="OperationCanceledException"><paramref name="stopping"/> ended it.</exception>
    public async Task RepeatAsync(Func<CancellationToken, Task> work, TimeSpan interval, TimeProvider time, CancellationToken stopping)
    {
        while (true)
        {
            try
            {
                await work(stopping);
                Succeeded();
            }
            catch (Exception failure) when (!stopping.IsCancellationRequested)
            {
                Failed(failure);
            }

            await Task.Delay(interval, time, stopping);
        }
    }

    private static KeyValuePair<string, object?> Shown(string fails)
    {
        var work = new KeyValuePair<string, object?>("work", fails);
        Failing.Add(0, work); // 0 from the start, not absent
        return work;
    }

    [LoggerMessage(EventId = 1, Message = "{Message}")]
    private static partial void LogFailed(ILogger logger, LogLevel level, Exception failure, string message);

    [LoggerMessage(2, LogLevel.Information, "{Message}")]
    private static partial void LogSucceeded(ILogger logger, string message);
}
