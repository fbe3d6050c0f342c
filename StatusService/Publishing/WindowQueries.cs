using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Xerotier.Maintenance.V1;
using Xerotier.ServiceDefaults;

namespace Xerotier.StatusService.Publishing;

/// <summary>Asks the MaintenanceService for windows. While it does not respond the result is null, and the documents say that their windows are unavailable.</summary>
public sealed class WindowQueries(MaintenanceFeed.MaintenanceFeedClient maintenance, ILogger<WindowQueries> logger)
{
    private readonly FailureLog failures = new(
        logger, "The MaintenanceService does not respond; dashboards and months say that their windows are unavailable, and calendars stay as they were", "The MaintenanceService responds again");

    /// <summary>The active and scheduled windows of a project.</summary>
    public Task<ListProjectWindowsResponse?> OfProjectAsync(string projectId) =>
        AskAsync(maintenance.ListProjectWindowsAsync(new() { ProjectId = projectId }));

    /// <summary>The windows of all projects that touched the month.</summary>
    public Task<ListWindowsBetweenResponse?> OfMonthAsync(DateOnly month) =>
        AskAsync(maintenance.ListWindowsBetweenAsync(new() { From = Midnight(month), To = Midnight(month.AddMonths(1)) }));

    /// <summary>The windows, and what is left of purged ones, of 90 days back and ahead of <paramref name="day"/>.</summary>
    public Task<ListWindowsBetweenResponse?> AroundAsync(DateOnly day) =>
        AskAsync(maintenance.ListWindowsBetweenAsync(new() { From = Midnight(day.AddDays(-90)), To = Midnight(day.AddDays(91)), ForCalendar = true }));

    /// <summary>The published incidents that touched the month.</summary>
    public Task<ListIncidentsBetweenResponse?> IncidentsOfMonthAsync(DateOnly month) =>
        AskAsync(maintenance.ListIncidentsBetweenAsync(new() { From = Midnight(month), To = Midnight(month.AddMonths(1)) }));

    private async Task<T?> AskAsync<T>(AsyncUnaryCall<T> call)
        where T : class
    {
        try
        {
            var response = await call;
            failures.Succeeded();
            return response;
        }
        catch (RpcException failure)
        {
            failures.Failed(failure);
            return null;
        }
    }

    private static Timestamp Midnight(DateOnly day) => Timestamp.FromDateTime(day.ToDateTime(TimeOnly.MinValue, DateTimeKind.Utc));
}
