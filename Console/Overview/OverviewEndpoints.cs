using Xerotier.OperatorConsole.Api;
using Xerotier.OperatorConsole.Visits;

namespace Xerotier.OperatorConsole.Overview;

/// <summary>The project's live health, and what is on the public page now.</summary>
internal static class OverviewEndpoints
{
    public static void MapOverview(this IEndpointRouteBuilder pages)
    {
        pages.MapGet("", OverviewAsync);
        pages.MapGet("fleet", FleetAsync);
    }

    private static async Task<IResult> OverviewAsync(Visit visit)
    {
        if (visit.Held?.Project is null && visit.Held?.Platform is not null)
        {
            return Visit.See("/console/platform/projects");
        }

        var health = visit.Api.GetAsync(visit.OfProject("health/dashboard?limit=1"), ContractsJson.Wire.HealthDashboardResponse);
        var page = visit.PublicAsync();
        visit.Health = await GatewayApi.OrNullAsync(health);
        return visit.Page<OverviewPage>(new() { [nameof(OverviewPage.Health)] = visit.Health, [nameof(OverviewPage.Public)] = await page });
    }

    private static async Task<IResult> FleetAsync(Visit visit)
    {
        visit.Health = await visit.Api.GetAsync(visit.OfProject($"health/dashboard?{visit.ListQuery(100, "q")}"), ContractsJson.Wire.HealthDashboardResponse);
        return visit.Page<FleetPage>(new() { [nameof(FleetPage.Health)] = visit.Health, [nameof(FleetPage.Search)] = visit.Http.Request.Query["q"].ToString().Trim() });
    }
}
