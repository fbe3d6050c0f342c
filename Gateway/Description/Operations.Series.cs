using Xerotier.Contracts;

namespace Xerotier.Gateway.Description;

/// <content>Recurring maintenance windows.</content>
internal static partial class Operations
{
    public static readonly Operation ListSeries = new(
        "listSeries", Tags.Maintenance, "List series", $"The project's recurring windows, newest first, cancelled ones too. Their occurrences are listed with the windows. {PagedById}")
    {
        Parameters = [Parameters.Limit, Parameters.After with { Example = Parameters.SeriesId.Example }],
        Responses = [new(200, "One page of series.", Body.Json<ListPage<MaintenanceSeries>>())],
        Errors = [400],
    };

    public static readonly Operation CreateSeries = new(
        "createSeries",
        Tags.Maintenance,
        "Create a series",
        "A window that recurs at a local time. Its occurrences are ordinary windows, made ahead up to the horizon, and listed with the other windows. A local time that does not exist, because the clocks are put forward, moves forward by the gap; one that exists twice is the earlier. A project has at most 20 series that are not cancelled; a cancelled one counts while a window of it goes on.")
    {
        Parameters = [Parameters.IdempotencyKey],
        Request = Body.Json<MaintenanceSeriesCreate>(),
        Responses = [new(201, "The new series.", Body.Json<MaintenanceSeries>(), "ETag", "Location")],
        Errors = [400, 409],
    };

    public static readonly Operation PreviewSeries = new(
        "previewSeries", Tags.Maintenance, "Preview a series", "The next 10 occurrences that a series would have, in UTC and by the zone's clocks, and what daylight saving does to each. Nothing is stored.")
    {
        Request = Body.Json<MaintenanceSeriesCreate>(),
        Responses = [new(200, "The next occurrences.", Body.Json<MaintenanceSeriesPreview>())],
        Errors = [400],
    };

    public static readonly Operation GetSeries = new("getSeries", Tags.Maintenance, "Get a series", "Send its ETag as If-Match to change the series only if it is still the same.")
    {
        Parameters = [Parameters.SeriesId, Parameters.IfNoneMatch],
        Responses = [new(200, "The series.", Body.Json<MaintenanceSeries>(), "ETag"), new(304, Unmodified)],
    };

    public static readonly Operation UpdateSeries = new(
        "updateSeries",
        Tags.Maintenance,
        "Update a series",
        "Fields that are absent keep their value. Its occurrences that have not begun change with it, but not those that were changed individually. A cancelled series cannot be changed, and a cancelled occurrence does not come back.")
    {
        Parameters = [Parameters.SeriesId, Parameters.IfMatch],
        Request = Body.Json<MaintenanceSeriesUpdate>(
            """{"title": null, "description": null, "severity": null, "affected_services": null, "auto_transition": null, "reminders": null, "notify": null, "timezone": null, "starts_on": null, "duration": null, "rrule": null, "horizon_days": null, "local_time": "03:30"}"""),
        Responses = [new(200, "The series.", Body.Json<MaintenanceSeries>("""{"local_time": "03:30", "updated_at": "2026-03-02T09:00:00Z"}"""), "ETag")],
        Errors = [400, 409, 412],
    };

    public static readonly Operation CancelSeries = new(
        "cancelSeries", Tags.Maintenance, "Cancel a series", "The series ends for good and stays listed. Its occurrences that have not begun are cancelled; one that is active goes on. Cancelling it again changes nothing.")
    {
        Parameters = [Parameters.SeriesId, Parameters.IfMatch],
        Responses = [new(200, "The cancelled series.", Body.Json<MaintenanceSeries>("""{"updated_at": "2026-05-21T09:00:00Z", "cancelled_at": "2026-05-21T09:00:00Z"}"""), "ETag")],
        Errors = [400, 412],
    };

    public static readonly Operation SeriesEvents = new(
        "seriesEvents", Tags.Maintenance, "List a series' events", $"Every change of the series, newest first; its occurrences have events of their own. {PagedById}")
    {
        Parameters = [Parameters.SeriesId, Parameters.Limit, Parameters.After with { Example = "\"mws_7k3q0c1v2b3n4m5x6z7a.1\"" }],
        Responses = [new(200, "One page of events.", Body.Json<ListPage<MaintenanceSeriesEvent>>())],
        Errors = [400],
    };
}
