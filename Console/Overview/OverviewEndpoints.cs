using Xerotier.OperatorConsole.Api;
using Xerotier.OperatorConsole.Incidents;
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

        var isPlatform = visit.Project().IsPlatformProject;
        var health = GatewayApi.OrNullAsync(visit.Api.GetAsync(visit.OfProject("health/dashboard?limit=1"), ContractsJson.Wire.HealthDashboardResponse));
        var page = visit.PublicAsync();
        var drafts = isPlatform ? GatewayApi.OrNullAsync(IncidentEndpoints.DraftsAsync(visit, GatewayApi.Briefly)) : Task.FromResult<ListPage<Incident>?>(null);
        var own = isPlatform ? GatewayApi.OrNullAsync(visit.Api.GetAsync(visit.OfProject("management/incidents?draft=false&limit=50"), ContractsJson.Wire.ListPageIncident, GatewayApi.Briefly)) : Task.FromResult<ListPage<Incident>?>(null);
        (visit.Health, visit.Drafts) = (await health, await drafts);
        return visit.Page<OverviewPage>(new()
        {
            [nameof(OverviewPage.Health)] = visit.Health,
            [nameof(OverviewPage.Public)] = await page,
            [nameof(OverviewPage.Drafts)] = visit.Drafts,
            [nameof(OverviewPage.Own)] = (await own)?.Data.Select(incident => incident.Id).ToHashSet(StringComparer.Ordinal) ?? [],
        });
    }

    private static async Task<IResult> FleetAsync(Visit visit)
    {
        visit.Health = await visit.Api.GetAsync(visit.OfProject($"health/dashboard?{visit.ListQuery(100, "q")}"), ContractsJson.Wire.HealthDashboardResponse);
        return visit.Page<FleetPage>(new() { [nameof(FleetPage.Health)] = visit.Health, [nameof(FleetPage.Search)] = visit.Http.Request.Query["q"].ToString().Trim() });
    }
}
