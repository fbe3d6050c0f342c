using Grpc.Core;
using Microsoft.Net.Http.Headers;
using Xerotier.Fleet.V1;
using Xerotier.Maintenance.V1;
using Xerotier.ServiceDefaults;
using Xerotier.StatusService.Documents.Dashboard;

namespace Xerotier.StatusService.Publishing;

/// <summary><c>GET /{projectId}/v1/health/dashboard</c> (product.md section 6).</summary>
public static partial class DashboardEndpoints
{
    /// <summary>Adds what the endpoint needs.</summary>
    public static void AddDashboard(this IServiceCollection services) => services.AddSingleton<DashboardCache>().AddSingleton<DashboardSource>();

    /// <summary>Maps the endpoint, for the route's own project only.</summary>
    public static void MapDashboard(this IEndpointRouteBuilder routes) =>
        routes.MapGroup("/{projectId}/v1/health").RequireAuthorization(Policies.Project)
            .MapMethods("/dashboard", [HttpMethods.Get, HttpMethods.Head], GetAsync);

    private static async Task GetAsync(string projectId, HttpContext context, DashboardCache cache, DashboardSource source, StatusMetrics metrics)
    {
        var query = DashboardQuery.From(projectId, context.Request.Query);
        var (dashboard, cached) = await cache.GetAsync(query, source.MakeAsync, context.RequestAborted);
        metrics.Dashboard(cached);

        var response = context.Response;
        response.Headers.ETag = dashboard.ETag;
        response.Headers.CacheControl = "private, no-cache";
        if (Matches(context.Request.Headers.IfNoneMatch, dashboard.ETag))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        response.ContentType = "application/json; charset=utf-8";
        response.ContentLength = dashboard.Body.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await response.Body.WriteAsync(dashboard.Body, context.RequestAborted);
        }
    }

    /// <summary>The weak comparison of RFC 9110.</summary>
    private static bool Matches(Microsoft.Extensions.Primitives.StringValues ifNoneMatch, string etag)
    {
        if (ifNoneMatch.Count == 0)
        {
            return false;
        }

        var own = EntityTagHeaderValue.Parse(etag);
        return EntityTagHeaderValue.TryParseList(ifNoneMatch.OfType<string>().ToArray(), out var tags)
            && tags.Any(tag => tag.Equals(EntityTagHeaderValue.Any) || tag.Compare(own, useStrongComparison: false));
    }
}

/// <summary>
/// Asks the collector and the MaintenanceService at the same time. Without the collector, or while it has no Redis, there is no
/// dashboard but 503: counts of zero would lie. Without the MaintenanceService there is one, and it says so.
/// </summary>
public sealed partial class DashboardSource(
    Fleet.V1.Fleet.FleetClient fleet, MaintenanceFeed.MaintenanceFeedClient maintenance, ILogger<DashboardSource> logger)
{
    /// <summary>A fresh dashboard.</summary>
    /// <exception cref="ApiException">503 or 504: the collector knows nothing, or does not answer.</exception>
    public async Task<Dashboard> MakeAsync(DashboardQuery query)
    {
        // Both carry the default deadline; the requests that wait for them may go, the answer is cached for the next.
        var asked = fleet.GetProjectFleetAsync(new() { ProjectId = query.ProjectId, Limit = query.Limit, After = query.After }).ResponseAsync;
        var windows = WindowsAsync(query.ProjectId);
        GetProjectFleetResponse known;
        try
        {
            known = await asked;
        }
        catch (RpcException failure)
        {
            LogAway(logger, "healthcollector", failure.Status.Detail);
            throw new ApiException(failure.StatusCode == StatusCode.DeadlineExceeded ? ApiErrors.UpstreamTimeout : ApiErrors.ServiceUnavailable);
        }

        if (known.Store is not (StoreState.Ready or StoreState.Young))
        {
            throw new ApiException(ApiErrors.ServiceUnavailable);
        }

        var (body, etag) = DashboardJson.Write(query.ProjectId, known, await windows);
        return new(body, etag);
    }

    private async Task<ListProjectWindowsResponse?> WindowsAsync(string projectId)
    {
        try
        {
            return await maintenance.ListProjectWindowsAsync(new() { ProjectId = projectId });
        }
        catch (RpcException failure)
        {
            LogAway(logger, "maintenanceservice", failure.Status.Detail);
            return null;
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "A dashboard was made without {Service}: {Reason}")]
    private static partial void LogAway(ILogger logger, string service, string reason);
}
