using Microsoft.Extensions.Logging;

namespace Xerotier.ServiceDefaults;

/// <summary>Logs once that work which is done again and again fails, with the exception, and once that it succeeds again. Any thread may report.</summary>
/// <param name="logger">The logger of whoever does the work.</param>
/// <param name="fails">What to say of the first failure, and of what it means.</param>
/// <param name="succeeds">What to say of the first success after it.</param>
/// <param name="level">How serious a failure is.</param>
public sealed partial class FailureLog(ILogger logger, string fails, string succeeds, LogLevel level = LogLevel.Warning)
{
    private int failing; // 1 from a failure until the next success

    /// <summary>Whether the work failed last.</summary>
    public bool IsFailing => Volatile.Read(ref failing) == 1;

    /// <summary>The work failed.</summary>
    public void Failed(Exception failure)
    {
        if (Interlocked.Exchange(ref failing, 1) == 0)
        {
            LogFailed(logger, level, failure, fails);
        }
    }

    /// <summary>The work succeeded.</summary>
    public void Succeeded()
    {
        if (IsFailing && Interlocked.Exchange(ref failing, 0) == 1)
        {
            LogSucceeded(logger, succeeds);
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

    [LoggerMessage(EventId = 1, Message = "{Message}")]
    private static partial void LogFailed(ILogger logger, LogLevel level, Exception failure, string message);

    [LoggerMessage(2, LogLevel.Information, "{Message}")]
    private static partial void LogSucceeded(ILogger logger, string message);
}
