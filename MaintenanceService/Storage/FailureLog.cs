namespace Xerotier.MaintenanceService.Storage;

/// <summary>Logs that a background loop's work fails: once, with the exception, and once when it succeeds again.</summary>
/// <param name="logger">The loop's logger.</param>
/// <param name="work">What fails, such as <c>Moving due windows</c>.</param>
internal sealed partial class FailureLog(ILogger logger, string work)
{
    private bool failing;

    /// <summary>The work failed.</summary>
    public void Failed(Exception failure)
    {
        if (!failing)
        {
            failing = true;
            LogFailed(logger, failure, work);
        }
    }

    /// <summary>The work succeeded.</summary>
    public void Succeeded()
    {
        if (failing)
        {
            failing = false;
            LogRecovered(logger, work);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "{Work} failed; it will be retried, and further failures are not logged")]
    private static partial void LogFailed(ILogger logger, Exception failure, string work);

    [LoggerMessage(2, LogLevel.Information, "{Work} succeeds again")]
    private static partial void LogRecovered(ILogger logger, string work);
}
