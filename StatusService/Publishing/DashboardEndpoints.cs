using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Http;

namespace Xerotier.StatusService.Publishing;

/// <summary><c>GET /{projectId}/v1/health/dashboard</c> (product.md section 6).</summary>
public static class DashboardEndpoints
{
    /// <summary>Maps the endpoint, for the route's own project only.</summary>
    public static void MapDashboard(this IEndpointRouteBuilder routes) =>
        routes.MapGroup("/{projectId}/v1/health").RequireAuthorization(Policies.Project)
            .MapMethods("/dashboard", [HttpMethods.Get, HttpMethods.Head], GetAsync);

    private static async Task GetAsync(string projectId, HttpContext context, Dashboards dashboards, StatusMetrics metrics)
    {
        var (dashboard, cached) = await dashboards.GetAsync(DashboardQuery.From(projectId, context.Request.Query), context.RequestAborted);
        metrics.Dashboard(cached);

        var response = context.Response;
        response.Headers.ETag = dashboard.ETag;
        response.Headers.CacheControl = "private, no-cache";
        if (EntityTags.IfNoneMatch(context.Request, dashboard.ETag))
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
}
