using Xerotier.Contracts;

namespace Xerotier.Gateway.Description;

/// <summary>The operations of the public surface.</summary>
internal static partial class Operations
{
    private const string Unmodified = "The document that the client has is still current.";
    private const string PagedById = "Send last_id as after to get the next page.";
    private const string Batch = "Up to 1,000 heartbeats and 4 MiB. The rate limit counts heartbeats, not requests. A wrong heartbeat has its own entry in errors and does not affect the others.";

    // Computed, for nobody knows in which order the fields of several files are set.
    private static string[] FileHeaders => ["ETag", "Cache-Control"];

    private static string[] EdgeHeaders => ["ETag", "Cache-Control", "Vary", "Content-Security-Policy"];

    private static DescribedResponse CancelledWindow =>
        new(200, "The cancelled window.", Body.Json<MaintenanceWindow>("""{"status": "cancelled", "updated_at": "2026-05-21T09:00:00Z", "cancelled_at": "2026-05-21T09:00:00Z"}"""), "ETag");

    public static readonly Operation Root = new("root", Tags.Status, "Redirect to the status page", "The base address leads people to the status page.")
    {
        Responses = [new(302, "To /status.", null, "Location")],
    };

    public static readonly Operation StatusPage = new(
        "statusPage", Tags.Status, "Get the status page", "Needs no key and ignores any. The response comes from the Gateway's memory, and says so when live data is unavailable.")
    {
        Parameters = [Parameters.IfNoneMatch],
        Responses = [new(200, "The page, always HTML.", Body.Html, EdgeHeaders), new(304, Unmodified)],
    };

    public static readonly Operation StatusPageWithSlash = new("statusPageWithSlash", Tags.Status, "Redirect to the status page", "The same address with a slash at its end.")
    {
        Responses = [new(308, "To /status.", null, "Location")],
    };

    public static readonly Operation Preview = new("statusPreview", Tags.Status, "Get the preview image of a level", "What other sites show beside a link to the status page, 1200 × 630.")
    {
        Parameters = [Parameters.Preview, Parameters.IfNoneMatch],
        Responses = [new(200, "The image.", Body.Png, FileHeaders), new(304, Unmodified)],
        Errors = [404],
    };

    public static readonly Operation LogoLight = new("logoLight", Tags.Status, "Get the logo for light ground", "The operator's own, if there is one.")
    {
        Parameters = [Parameters.IfNoneMatch],
        Responses = [new(200, "The image, SVG or PNG.", Body.Image, FileHeaders), new(304, Unmodified)],
        Errors = [404],
    };

    public static readonly Operation LogoDark = new("logoDark", Tags.Status, "Get the logo for dark ground", "The operator's own, if there is one.")
    {
        Parameters = [Parameters.IfNoneMatch],
        Responses = [new(200, "The image, SVG or PNG.", Body.Image, FileHeaders), new(304, Unmodified)],
        Errors = [404],
    };

    public static readonly Operation Favicon = new("favicon", Tags.Status, "Get the icon for a browser's tab", "For browsers that ask for it by this address; pages have an icon of their own.")
    {
        Parameters = [Parameters.IfNoneMatch],
        Responses = [new(200, "The image.", Body.Png, FileHeaders), new(304, Unmodified)],
    };

    public static readonly Operation TouchIcon = new("touchIcon", Tags.Status, "Get the icon for a home screen", "180 × 180.")
    {
        Parameters = [Parameters.IfNoneMatch],
        Responses = [new(200, "The image.", Body.Png, FileHeaders), new(304, Unmodified)],
    };

    public static readonly Operation Robots = new("robots", Tags.Status, "Get what search engines may visit", "All of the status pages, unless the operator wants none of them listed.")
    {
        Parameters = [Parameters.IfNoneMatch],
        Responses = [new(200, "The rules.", Body.Text, FileHeaders), new(304, Unmodified)],
    };

    public static readonly Operation StatusData = new(
        "statusData", Tags.Status, "Get the data of the status page", "Everything that the page shows. Like the page, it is always available; stale_since says since when it has been out of date.")
    {
        Parameters = [Parameters.IfNoneMatch],
        Responses = [new(200, "The data.", Body.Json<StatusDocument>(), EdgeHeaders), new(304, Unmodified)],
    };

    public static readonly Operation StatusIncident = new("statusIncident", Tags.Status, "Get an incident's page", "A published incident with everything that it says, for people. The address stays.")
    {
        Parameters = [Parameters.IncidentId],
        Responses = [new(200, "The page.", Body.Html), new(304, Unmodified)],
        Errors = [404, 503, 504],
    };

    public static readonly Operation StatusHistory = new("statusHistory", Tags.Status, "Get a month of history", "The days of one month in detail, for people.")
    {
        Parameters = [Parameters.Month],
        Responses = [new(200, "The page.", Body.Html), new(304, Unmodified)],
        Errors = [400, 404, 503, 504],
    };

    public static readonly Operation Live = new(
        "live", Tags.Operation, "Check liveness", "200 while the process lives, whatever its dependencies do. A balancer that must keep the status page up asks this.")
    {
        Responses = [new(200, "The process lives.", Body.Json<Liveness>())],
    };

    public static readonly Operation Ready = new(
        "ready", Tags.Operation, "Check readiness", "Each service and store with its state. The stores behind the services are listed and do not decide.")
    {
        Responses =
        [
            new(200, "The Gateway's own database, the source of the status page and every service respond.", Body.Json<Readiness>()),
            new(503, "A dependency does not respond, or the process is about to stop.", Body.Json<Readiness>("""{"status": "draining"}""")),
        ],
    };

    public static readonly Operation OpenApi = new("openapi", Tags.Operation, "Get this description", "The whole public surface as OpenAPI 3.1.")
    {
        Responses = [new(200, "OpenAPI 3.1.", Body.Json<object>("""{"openapi": "3.1.1"}"""), EdgeHeaders), new(304, Unmodified)],
        Parameters = [Parameters.IfNoneMatch],
    };

    public static readonly Operation Docs = new("docs", Tags.Operation, "Get the API reference", "The same description as a page for people, with examples.")
    {
        Parameters = [Parameters.IfNoneMatch],
        Responses = [new(200, "The page.", Body.Html, EdgeHeaders), new(304, Unmodified)],
    };

    public static readonly Operation HealthDashboard = new(
        "healthDashboard", Tags.Health, "Get the project's health", "Routing, workers, endpoints and maintenance at one instant. Counts are always of everything; workers.items is one page. Needs a key of the project with any scope.")
    {
        Parameters = [Parameters.WorkerSearch, Parameters.WorkerLimit, Parameters.WorkerAfter, Parameters.IfNoneMatch],
        Responses = [new(200, "The dashboard.", Body.Json<HealthDashboardResponse>(), "ETag"), new(304, "Nothing but ages has changed.")],
        Errors = [400],
    };

    public static readonly Operation ListWindows = new("listWindows", Tags.Maintenance, "List maintenance windows", $"The project's windows, latest start first. {PagedById}")
    {
        Parameters = [Parameters.WindowStatus, Parameters.SeriesOfWindows, Parameters.Limit, Parameters.After],
        Responses = [new(200, "One page of windows.", Body.Json<ListPage<MaintenanceWindow>>())],
        Errors = [400],
    };

    public static readonly Operation ScheduleWindow = new(
        "scheduleWindow", Tags.Maintenance, "Schedule a maintenance window", "The window appears on the status page at once. It changes its state only when a request says so, unless auto_transition is true.")
    {
        Parameters = [Parameters.IdempotencyKey],
        Request = Body.Json<MaintenanceWindowCreate>(),
        Responses = [new(201, "The new window.", Body.Json<MaintenanceWindow>("""{"auto_transition": true}"""), "ETag", "Location")],
        Errors = [400, 409],
    };

    public static readonly Operation GetWindow = new("getWindow", Tags.Maintenance, "Get a maintenance window", "Send its ETag as If-Match to change the window only if it is still the same.")
    {
        Parameters = [Parameters.WindowId, Parameters.IfNoneMatch],
        Responses = [new(200, "The window.", Body.Json<MaintenanceWindow>(), "ETag"), new(304, Unmodified)],
    };

    public static readonly Operation UpdateWindow = new(
        "updateWindow", Tags.Maintenance, "Update a maintenance window", "Fields that are absent keep their value. A completed or cancelled window cannot be changed.")
    {
        Parameters = [Parameters.WindowId, Parameters.IfMatch],
        Request = Body.Json<MaintenanceWindowUpdate>("""{"title": null, "description": null, "severity": null, "affected_services": null, "starts_at": null, "auto_transition": null, "reminders": null, "notify": null}"""),
        Responses = [new(200, "The window.", Body.Json<MaintenanceWindow>("""{"status": "active", "ends_at": "2026-05-22T03:30:00Z", "updated_at": "2026-05-22T02:00:00Z", "activated_at": "2026-05-22T02:00:00Z"}"""), "ETag")],
        Errors = [400, 409, 412],
    };

    public static readonly Operation CancelWindow = new(
        "cancelWindow", Tags.Maintenance, "Cancel a maintenance window", "A scheduled or active window is cancelled for good and stays listed. Cancelling it again changes nothing.")
    {
        Parameters = [Parameters.WindowId, Parameters.IfMatch],
        Responses = [CancelledWindow],
        Errors = [400, 409, 412],
    };

    public static readonly Operation CompleteWindow = new(
        "completeWindow", Tags.Maintenance, "Complete a maintenance window", "A scheduled or active window is completed for good. Completing it again changes nothing.")
    {
        Parameters = [Parameters.WindowId, Parameters.IfMatch, Parameters.IdempotencyKey],
        Responses =
        [
            new(200, "The completed window.", Body.Json<MaintenanceWindow>("""{"status": "completed", "updated_at": "2026-05-22T02:40:00Z", "activated_at": "2026-05-22T02:00:00Z", "completed_at": "2026-05-22T02:40:00Z"}"""), "ETag"),
        ],
        Errors = [400, 409, 412],
    };

    public static readonly Operation PurgeWindow = new(
        "purgeWindow", Tags.Maintenance, "Purge a maintenance window", "Removes a completed or cancelled window for good. Its events stay.")
    {
        Parameters = [Parameters.WindowId, Parameters.IfMatch, Parameters.IdempotencyKey],
        Responses = [new(200, "The window is gone.", Body.Json<MaintenanceWindowDeleted>())],
        Errors = [400, 409, 412],
    };

    public static readonly Operation WindowEvents = new(
        "windowEvents", Tags.Maintenance, "List a window's events", $"Every change of the window, newest first, also after it was removed. {PagedById}")
    {
        Parameters = [Parameters.WindowId, Parameters.Limit, Parameters.After with { Example = "\"mw_7k3q0c1v2b3n4m5x6z7a.1\"" }],
        Responses = [new(200, "One page of events.", Body.Json<ListPage<MaintenanceEvent>>())],
        Errors = [400],
    };

    public static readonly Operation ListKeys = new("listKeys", Tags.Keys, "List API keys", $"The project's keys without their values, newest first. {PagedById}")
    {
        Parameters = [Parameters.Limit, Parameters.After with { Example = Parameters.KeyId.Example }],
        Responses = [new(200, "One page of keys.", Body.Json<ListPage<ApiKey>>())],
        Errors = [400],
    };

    public static readonly Operation KeyEvents = new(
        "listKeyEvents", Tags.Keys, "List the events of API keys", $"Every creation, rotation and revocation of the project's keys, newest first: who did it, and when, also of those that the platform's operators made. No key's value is in it. {PagedById}")
    {
        Parameters = [Parameters.Limit, Parameters.After with { Example = "\"key_0v8w2x4y6z1a3b5c7d9e.1779264000000000\"" }],
        Responses = [new(200, "One page of events.", Body.Json<ListPage<ApiKeyEvent>>())],
        Errors = [400],
    };

    public static readonly Operation CreateKey = new(
        "createKey", Tags.Keys, "Create an API key", "The response is the only one that shows the key's value. The service stores a hash. A key can only grant scopes that it has itself. A project has at most 100 keys that are neither revoked nor expired.")
    {
        Request = Body.Json<ApiKeyCreate>(),
        Responses = [new(201, "The new key with its value.", Body.Json<ApiKeyCreated>("""{"created_by": "ops-key", "expires_at": "2027-05-20T08:00:00Z"}"""))],
        Errors = [400, 409],
    };

    public static readonly Operation RotateKey = new(
        "rotateKey", Tags.Keys, "Rotate an API key", "Gives the key a new value. The old value stays valid for 24 hours. A key that has expired or was revoked cannot be rotated, nor one with a scope that the calling key lacks.")
    {
        Parameters = [Parameters.KeyId],
        Responses = [new(200, "The key with its new value.", Body.Json<ApiKeyCreated>())],
        Errors = [409],
    };

    public static readonly Operation RevokeKey = new("revokeKey", Tags.Keys, "Revoke an API key", "Takes effect on every Gateway within a second, and ends the key's open streams.")
    {
        Parameters = [Parameters.KeyId],
        Responses = [new(200, "The revoked key.", Body.Json<ApiKey>("""{"revoked_at": "2026-05-21T09:00:00Z"}"""))],
    };

    public static readonly Operation ReportHeartbeats = new("reportHeartbeats", Tags.Heartbeats, "Report private agents", $"Heartbeats of the project's own agents. {Batch}")
    {
        Request = Body.Json<HeartbeatBatch>(),
        Responses = [new(200, "What was stored, and what was not.", Body.Json<HeartbeatsAccepted>())],
        Errors = [400],
    };

    public static readonly Operation ReportPlatformHeartbeats = new(
        "reportPlatformHeartbeats", Tags.Heartbeats, "Report routers and shared agents", $"Heartbeats of the platform's routers and shared agents. {Batch}")
    {
        Request = Body.Json<HeartbeatBatch>("""{"heartbeats": [{"router_id": "rtr-1", "region": "us-east", "version": "1.4.2", "state": "online"}]}"""),
        Responses = [new(200, "What was stored, and what was not.", Body.Json<HeartbeatsAccepted>())],
        Errors = [400],
    };

    public static readonly Operation ReportStream = new(
        "reportStream",
        Tags.Heartbeats,
        "Report heartbeats as a gRPC stream",
        "The gRPC method xerotier.health.v1.Heartbeats/Report on the Gateway's gRPC port (cleartext HTTP/2), with the key as metadata `authorization`: a project key with the scope heartbeat, or a platform key. An error is a gRPC status, with the error's code in the trailer xerotier-error-code.")
    {
        Request = Body.Grpc,
        Responses = [new(200, "The stream of acknowledgements.", Body.Grpc)],
    };
}
