using Xerotier.Gateway.ConsolePages;
using Xerotier.Gateway.Description;
using Xerotier.Gateway.Docs;
using Xerotier.Gateway.Limits;
using Xerotier.Gateway.Management;
using Xerotier.Gateway.Metrics;
using Xerotier.Gateway.Page;
using Xerotier.Gateway.Proxy;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Site;

namespace Xerotier.Gateway;

/// <summary>
/// The public surface: every path that the Gateway responds to, with its policy. What is not here does not exist. Paths are matched as
/// sent, byte by byte, and passed on as matched. Nothing is decoded and no case, slashes or dots are folded, so no service can read a
/// path differently.
/// </summary>
internal sealed class Routes
{
    private const string Project = "/{project_id}/v1/";
    private const string Windows = Project + "management/maintenance";
    private const string Series = Project + "management/maintenance-series";
    private const string Incidents = Project + "management/incidents";
    private const string Events = Project + "management/events";
    private const string ProjectComponents = Project + "management/components";
    private const string Subscriptions = Project + "management/subscriptions";
    private const string Components = "/v1/platform/components";
    private const string Subscribers = "/v1/platform/subscribers";
    private const string Keys = Project + "management/keys";
    private readonly RoutePattern[] patterns;
    private readonly RequestTags unmatched = new("unmatched");

    public Routes(PublicDocuments documents, PublicFiles files, Health health, OpenApi openApi, ApiReference docs, KeyHandlers keys, ProjectHandlers projects, Forwarder forward, ConsoleHandlers console, Brand brand, GatewayMetrics metrics)
    {
        const long heartbeats = 4 * 1024 * 1024; // the HealthCollector accepts as much; a batch of 1,000 may need it
        const long form = 8 * 1024;
        const long consoleForm = 256 * 1024;
        var maintenance = forward.To("maintenanceservice");
        var notification = forward.To("notificationservice");
        All =
        [
            new("GET", "/", Access.Public, call => RedirectAsync(call, StatusCodes.Status302Found), Operations.Root),
            new("GET", "/status", Access.Public, documents.ServeHtmlAsync, Operations.StatusPage) { IsInMemory = true },
            new("GET", "/status/", Access.Public, call => RedirectAsync(call, StatusCodes.Status308PermanentRedirect), Operations.StatusPageWithSlash),
            new("GET", "/status.json", Access.Public, documents.ServeJsonAsync, Operations.StatusData) { IsInMemory = true, AllowsAnyOrigin = true },
            new("GET", "/status/history", Access.Public, forward.To("statusservice"), Operations.StatusHistory),
            new("GET", "/status/incidents/{id}", Access.Public, Known(call => $"/status/incidents/{call.Id}", forward.To("statusservice")), Operations.StatusIncident),
            new("GET", "/status/subscribe", Access.Public, notification, Operations.SubscribePage),
            new("POST", "/status/subscribe", Access.Public, FromOurPage(notification), Operations.Subscribe) { IsForm = true, MaxBody = form },
            new("GET", "/status/subscriptions/{token}", Access.Public, notification, Operations.ManagePage),
            new("POST", "/status/subscriptions/{token}", Access.Public, notification, Operations.Manage) { IsForm = true, TakesMultipart = true, MaxBody = form }, // a mail program's one click comes from wherever it is
            new("GET", "/console", Access.Public, console.RedirectAsync, Operations.ConsoleRoot),
            new("GET", "/console/sign-in", Access.Public, console.SignInPageAsync, Operations.SignInPage), // these before {path}, which would match too
            new("POST", "/console/sign-in", Access.Public, console.SignInAsync, Operations.SignIn) { IsForm = true, MaxBody = form },
            new("POST", "/console/sign-out", Access.Public, console.SignOutAsync, Operations.SignOut) { IsForm = true, MaxBody = form },
            new("GET", "/console/link/{token}", Access.Public, console.LinkAsync, Operations.SignInLink),
            new("GET", "/console/assets/{name}", Access.Public, console.AssetAsync, Operations.ConsoleAsset),
            new("GET", "/console/{path}", Access.Public, console.PageAsync, Operations.ConsolePage),
            new("POST", "/console/{path}", Access.Public, console.PostAsync, Operations.ConsoleForm) { IsForm = true, KeepsForm = true, MaxBody = consoleForm },
            Data("/api/v2/summary.json", Operations.StatuspageSummary),
            Data("/api/v2/status.json", Operations.StatuspageStatus),
            Data("/api/v2/components.json", Operations.StatuspageComponents),
            Data("/api/v2/incidents.json", Operations.StatuspageIncidents),
            Data("/api/v2/incidents/unresolved.json", Operations.StatuspageUnresolved),
            Data("/api/v2/scheduled-maintenances.json", Operations.StatuspageMaintenances),
            Data("/api/v2/scheduled-maintenances/upcoming.json", Operations.StatuspageUpcoming),
            Data("/api/v2/scheduled-maintenances/active.json", Operations.StatuspageActive),
            Data("/status/history.atom", Operations.HistoryAtom, ofComponents: true),
            Data("/status/history.rss", Operations.HistoryRss),
            Data("/status/updates.atom", Operations.UpdatesAtom),
            Data("/status/updates.json", Operations.UpdatesJson),
            Data("/status/maintenance.ics", Operations.Calendar, ofComponents: true),
            new("GET", "/status/maintenance/{id}", Access.Public, Known(call => $"/status/maintenance/{call.Id}", forward.To("statusservice")), Operations.WindowCalendar) { AllowsAnyOrigin = true },
            Data("/status/badge.svg", Operations.Badge),
            Data("/status/badge.json", Operations.BadgeData),
            new("GET", "/status/badge/{id}", Access.Public, Known(BadgeOf, Missing), Operations.ComponentBadge) { IsInMemory = true, AllowsAnyOrigin = true },
            Data("/status/embed", Operations.Embed),
            new("GET", "/status/embed.js", Access.Public, files.ServeEmbedScriptAsync, Operations.EmbedScript) { AllowsAnyOrigin = true },
            Data("/status.md", Operations.StatusMarkdown),
            Data("/status.txt", Operations.StatusText),
            Data("/llms.txt", Operations.ForAgents),
            new("GET", "/status/og/{id}", Access.Public, files.ServePreviewAsync, Operations.Preview),
            new("GET", "/status/logo-light", Access.Public, files.ServeLogoLightAsync, Operations.LogoLight),
            new("GET", "/status/logo-dark", Access.Public, files.ServeLogoDarkAsync, Operations.LogoDark),
            new("GET", "/favicon.ico", Access.Public, files.ServeIconAsync, Operations.Favicon),
            new("GET", "/apple-touch-icon.png", Access.Public, files.ServeIconAsync, Operations.TouchIcon),
            new("GET", "/robots.txt", Access.Public, files.ServeRobotsAsync, Operations.Robots),
            new("GET", "/healthz", Access.Public, health.LiveAsync, Operations.Live) { Limit = Limit.None },
            new("GET", "/readyz", Access.Public, health.ReadyAsync, Operations.Ready) { Limit = Limit.None },
            new("GET", "/openapi/v1.json", Access.Public, openApi.ServeAsync, Operations.OpenApi),
            new("GET", "/docs", Access.Public, docs.ServeAsync, Operations.Docs),

            new("GET", Project + "health/dashboard", Access.Project, forward.To("statusservice"), Operations.HealthDashboard),

            new("GET", Windows, Access.Management, maintenance, Operations.ListWindows),
            new("POST", Windows, Access.Management, maintenance, Operations.ScheduleWindow),
            new("GET", Windows + "/{id}", Access.Management, maintenance, Operations.GetWindow),
            new("PATCH", Windows + "/{id}", Access.Management, maintenance, Operations.UpdateWindow),
            new("DELETE", Windows + "/{id}", Access.Management, maintenance, Operations.CancelWindow),
            new("POST", Windows + "/{id}/complete", Access.Management, maintenance, Operations.CompleteWindow),
            new("POST", Windows + "/{id}/purge", Access.Management, maintenance, Operations.PurgeWindow),
            new("GET", Windows + "/{id}/events", Access.Management, maintenance, Operations.WindowEvents),

            new("GET", Series, Access.Management, maintenance, Operations.ListSeries),
            new("POST", Series, Access.Management, maintenance, Operations.CreateSeries),
            new("POST", Series + "/preview", Access.Management, maintenance, Operations.PreviewSeries), // before {id}, which would match too
            new("GET", Series + "/{id}", Access.Management, maintenance, Operations.GetSeries),
            new("PATCH", Series + "/{id}", Access.Management, maintenance, Operations.UpdateSeries),
            new("DELETE", Series + "/{id}", Access.Management, maintenance, Operations.CancelSeries),
            new("GET", Series + "/{id}/events", Access.Management, maintenance, Operations.SeriesEvents),

            new("GET", Incidents, Access.Management, maintenance, Operations.ListIncidents),
            new("POST", Incidents, Access.Management, maintenance, Operations.CreateIncident),
            new("GET", Incidents + "/{id}", Access.Management, maintenance, Operations.GetIncident),
            new("PATCH", Incidents + "/{id}", Access.Management, maintenance, Operations.UpdateIncident),
            new("DELETE", Incidents + "/{id}", Access.Management, maintenance, Operations.DeleteIncident),
            new("POST", Incidents + "/{id}/updates", Access.Management, maintenance, Operations.PostIncidentUpdate),
            new("PATCH", Incidents + "/{id}/updates/{uid}", Access.Management, maintenance, Operations.EditIncidentUpdate),
            new("POST", Incidents + "/{id}/publish", Access.Management, maintenance, Operations.PublishIncident),
            new("GET", Incidents + "/{id}/events", Access.Management, maintenance, Operations.IncidentEvents),

            new("GET", ProjectComponents, Access.Management, maintenance, Operations.ListProjectComponents),
            new("GET", Events, Access.Management, maintenance, Operations.ListEvents),

            new("GET", Subscriptions, Access.Management, notification, Operations.ListSubscriptions),
            new("POST", Subscriptions, Access.Management, notification, Operations.CreateSubscription),
            new("POST", Subscriptions + "/audience", Access.Management, notification, Operations.CountAudience), // before {id}, which would match too
            new("GET", Subscriptions + "/{id}", Access.Management, notification, Operations.GetSubscription),
            new("PATCH", Subscriptions + "/{id}", Access.Management, notification, Operations.UpdateSubscription),
            new("DELETE", Subscriptions + "/{id}", Access.Management, notification, Operations.DeleteSubscription),
            new("POST", Subscriptions + "/{id}/rotate", Access.Management, notification, Operations.RotateSubscription),
            new("POST", Subscriptions + "/{id}/test", Access.Management, notification, Operations.TestSubscription),
            new("GET", Subscriptions + "/{id}/deliveries", Access.Management, notification, Operations.ListDeliveries),
            new("POST", Subscriptions + "/{id}/deliveries/{delivery_id}/retry", Access.Management, notification, Operations.RetryDelivery),

            new("GET", Keys, Access.Management, keys.ListAsync, Operations.ListKeys),
            new("POST", Keys, Access.Management, keys.CreateAsync, Operations.CreateKey),
            new("GET", Keys + "/events", Access.Management, keys.ListEventsAsync, Operations.KeyEvents), // before {id}, which would match too
            new("POST", Keys + "/{id}/rotate", Access.Management, keys.RotateAsync, Operations.RotateKey),
            new("DELETE", Keys + "/{id}", Access.Management, keys.RevokeAsync, Operations.RevokeKey),

            new("GET", "/v1/platform/projects", Access.Platform, projects.ListAsync, Operations.ListProjects),
            new("POST", "/v1/platform/projects", Access.Platform, projects.CreateAsync, Operations.CreateProject),
            new("POST", "/v1/platform/projects/{id}/suspend", Access.Platform, projects.SuspendAsync, Operations.SuspendProject),
            new("POST", "/v1/platform/projects/{id}/resume", Access.Platform, projects.ResumeAsync, Operations.ResumeProject),
            new("GET", "/v1/platform/projects/{id}/keys", Access.Platform, keys.ListOfProjectAsync, Operations.ListProjectKeys),
            new("POST", "/v1/platform/projects/{id}/keys", Access.Platform, keys.CreateOfProjectAsync, Operations.CreateFirstKey),
            new("DELETE", "/v1/platform/projects/{project_id}/keys/{id}", Access.Platform, keys.RevokeAsync, Operations.RevokeProjectKey),
            new("POST", "/v1/platform/maintenance/{id}/cancel", Access.Platform, maintenance, Operations.CancelAnyWindow),
            new("GET", Components, Access.Platform, maintenance, Operations.ListComponents),
            new("POST", Components, Access.Platform, maintenance, Operations.CreateComponent),
            new("GET", Components + "/{id}", Access.Platform, maintenance, Operations.GetComponent),
            new("PATCH", Components + "/{id}", Access.Platform, maintenance, Operations.UpdateComponent),
            new("DELETE", Components + "/{id}", Access.Platform, maintenance, Operations.ArchiveComponent),
            new("GET", Components + "/{id}/events", Access.Platform, maintenance, Operations.ComponentEvents),
            new("GET", Subscribers, Access.Platform, notification, Operations.ListSubscribers),
            new("DELETE", Subscribers + "/{id}", Access.Platform, notification, Operations.DeleteSubscriber),
            new("GET", "/v1/platform/keys", Access.Platform, keys.ListPlatformAsync, Operations.ListPlatformKeys),
            new("POST", "/v1/platform/keys", Access.Platform, keys.CreatePlatformAsync, Operations.CreatePlatformKey),
            new("GET", "/v1/platform/keys/events", Access.Platform, keys.ListPlatformEventsAsync, Operations.PlatformKeyEvents), // before {id}, too
            new("POST", "/v1/platform/keys/{id}/rotate", Access.Platform, keys.RotatePlatformAsync, Operations.RotatePlatformKey),
            new("DELETE", "/v1/platform/keys/{id}", Access.Platform, keys.RevokePlatformAsync, Operations.RevokePlatformKey),

            new("POST", Project + "heartbeats", Access.Heartbeat, forward.To("healthcollector"), Operations.ReportHeartbeats) { Limit = Limit.Heartbeats, MaxBody = heartbeats },
            new("POST", "/v1/platform/heartbeats", Access.Platform, forward.To("healthcollector"), Operations.ReportPlatformHeartbeats) { Limit = Limit.Heartbeats, MaxBody = heartbeats },
            new("POST", "/xerotier.health.v1.Heartbeats/Report", Access.AnyHeartbeat, forward.StreamTo("healthcollector"), Operations.ReportStream) { Limit = Limit.Heartbeats, MaxBody = null, IsGrpc = true },
        ];
        patterns = [.. All.GroupBy(route => route.Pattern).Select(group => new RoutePattern(group.Key, [.. group]))];
        metrics.Observe([.. patterns.Select(pattern => pattern.Tags), unmatched]);

        // A document in memory that other origins may read; with ?component=, that of a component where there are such.
        Route Data(string path, Operation operation, bool ofComponents = false) => new(
            "GET", path, Access.Public, ofComponents ? Known(call => PathOf(call, path), NoSuchComponent) : Known(_ => path, Missing), operation)
        { IsInMemory = true, AllowsAnyOrigin = true };

        // What is in memory, and otherwise what responds.
        Handler Known(Func<Call, string> path, Handler otherwise) => call => documents.Find(path(call)) is { } document ? document.ServeAsync(call.Http) : otherwise(call);

        Handler FromOurPage(Handler handle) => call => CrossOrigin.IsFromOurPage(call.Http.Request, brand, hidesOrigin: true) ? handle(call) : throw new ApiException(ApiErrors.CsrfFailed);

        static string PathOf(Call call, string path) => call.Http.Request.Query.TryGetValue("component", out var component) ? $"{path}?component={component}" : path;

        static string BadgeOf(Call call) => $"/status/badge/{call.Id}" + call.Http.Request.Query["metric"] switch
        {
            [] or ["status"] => "",
            ["uptime"] => "?metric=uptime",
            _ => throw new ApiException(ApiErrors.Invalid("'metric' must be status or uptime.", "metric")),
        };

        static Task Missing(Call call) => throw new ApiException(ApiErrors.NotFound());

        static Task NoSuchComponent(Call call) => throw new ApiException(ApiErrors.NotFound("There is no component of this ID."));
    }

    /// <summary>Every route.</summary>
    public IReadOnlyList<Route> All { get; }

    /// <summary>Finds the route of a request.</summary>
    /// <param name="method">The method.</param>
    /// <param name="path">The path as sent.</param>
    public RouteMatch Find(string method, string path)
    {
        foreach (var pattern in patterns)
        {
            if (pattern.Matches(path, out var projectId, out var id))
            {
                var wanted = method == "HEAD" ? "GET" : method;
                foreach (var route in pattern.Routes)
                {
                    if (route.Method == wanted)
                    {
                        return new(route, route.Access, pattern.Tags, projectId, id, null, pattern.AllowsAnyOrigin);
                    }
                }

                var access = pattern.Routes[0].Access;
                return new(null, access is Access.Management or Access.Heartbeat ? Access.Project : access, pattern.Tags, projectId, id, pattern.Allow, pattern.AllowsAnyOrigin);
            }
        }

        // Only a key of the project learns what its project does not have.
        return path.StartsWith("/v1/platform/", StringComparison.Ordinal) || path == "/v1/platform" ? new(null, Access.Platform, unmatched, null, null, null)
            : path.IndexOf('/', 1) is > 1 and var slash && path.AsSpan(slash) is var rest && (rest.StartsWith("/v1/", StringComparison.Ordinal) || rest is "/v1")
                ? new(null, Access.Project, unmatched, path[1..slash], null, null)
            : new(null, Access.Public, unmatched, null, null, null);
    }

    private static Task RedirectAsync(Call call, int status)
    {
        call.Http.Response.StatusCode = status;
        call.Http.Response.Headers.Location = "/status";
        return Task.CompletedTask;
    }
}
