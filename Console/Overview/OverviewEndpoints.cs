using Xerotier.OperatorConsole.Visits;
using Xerotier.ServiceDefaults;

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
        var page = visit.Api.GetStatusAsync();
        return visit.Page<OverviewPage>(new() { [nameof(OverviewPage.Health)] = await OrNullAsync(health), [nameof(OverviewPage.Public)] = await OrNullAsync(page) });
    }

    private static async Task<IResult> FleetAsync(Visit visit)
    {
        var health = await visit.Api.GetAsync(visit.OfProject($"health/dashboard?{visit.ListQuery(100, "q")}"), ContractsJson.Wire.HealthDashboardResponse);
        return visit.Page<FleetPage>(new() { [nameof(FleetPage.Health)] = health, [nameof(FleetPage.Search)] = visit.Http.Request.Query["q"].ToString().Trim() });
    }

    /// <summary>What cannot be had right now is said in its place: the rest of the page stands.</summary>
    private static async Task<T?> OrNullAsync<T>(Task<T> asked)
        where T : class
    {
        try
        {
            return await asked;
        }
        catch (ApiException failure) when (failure.Error.Status >= 500)
        {
            return null;
        }
    }
}
