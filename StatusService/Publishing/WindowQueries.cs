using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Xerotier.Maintenance.V1;

namespace Xerotier.StatusService.Publishing;

/// <summary>Asks the MaintenanceService for windows. While it does not respond the result is null, and the documents say that their windows are unavailable.</summary>
public sealed partial class WindowQueries(MaintenanceFeed.MaintenanceFeedClient maintenance, ILogger<WindowQueries> logger)
{
    private int failing; // 1 while it does not respond

    /// <summary>The active and scheduled windows of a project.</summary>
    public Task<ListProjectWindowsResponse?> OfProjectAsync(string projectId) =>
        AskAsync(maintenance.ListProjectWindowsAsync(new() { ProjectId = projectId }));

    /// <summary>The windows of all projects that touched the month.</summary>
    public Task<ListWindowsBetweenResponse?> OfMonthAsync(DateOnly month) =>
        AskAsync(maintenance.ListWindowsBetweenAsync(new() { From = Midnight(month), To = Midnight(month.AddMonths(1)) }));

    private async Task<T?> AskAsync<T>(AsyncUnaryCall<T> call)
        where T : class
    {
        try
        {
            var response = await call;
            if (Interlocked.Exchange(ref failing, 0) == 1)
            {
                LogRecovered(logger);
            }

            return response;
        }
        catch (RpcException failure)
        {
            if (Interlocked.Exchange(ref failing, 1) == 0)
            {
                LogFailing(logger, failure);
            }

            return null;
        }
    }

    private static Timestamp Midnight(DateOnly day) => Timestamp.FromDateTime(day.ToDateTime(TimeOnly.MinValue, DateTimeKind.Utc));

    [LoggerMessage(1, LogLevel.Warning, "The MaintenanceService does not respond; dashboards and months say that their windows are unavailable")]
    private static partial void LogFailing(ILogger logger, Exception failure);

    [LoggerMessage(2, LogLevel.Information, "The MaintenanceService responds again")]
    private static partial void LogRecovered(ILogger logger);
}
