using Grpc.Core;
using Xerotier.Maintenance.V1;
using Xerotier.Page.V1;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Site;
using Xerotier.StatusService.Documents.Page;

namespace Xerotier.StatusService.Publishing;

/// <summary>
/// <c>GET /status/incidents/{id}</c>: an incident with everything that it says, under an address that stays (incidents.md section 11). What
/// the board knows in full comes from memory; older ones are asked of the MaintenanceService. A draft is 404, as an unknown one is.
/// </summary>
public sealed class IncidentPages(Published published, MaintenanceFeed.MaintenanceFeedClient maintenance, PageRenderer renderer, TimeProvider time)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(1);

    private readonly SingleFlight<string, Document> cache = new(Lifetime, time) { Capacity = PublicResponse.MostKept, Weigh = PublicResponse.Weigh, MaxWeight = PublicResponse.MostBytesKept };

    /// <summary>Whether it has everything that its page says: of older incidents the board knows less.</summary>
    public static bool IsWhole(PageIncident incident) => incident.Updates.Count == incident.UpdatesCount && incident.Updates.All(update => update.Body.Length > 0);

    /// <summary>The page of the incident with this id.</summary>
    /// <exception cref="ApiException">404: there is no published incident of this id.</exception>
    /// <exception cref="RpcException">It is not known here, and the MaintenanceService does not respond.</exception>
    public async ValueTask<Document> GetAsync(string id, CancellationToken cancellation) => (await cache.GetAsync(id, MakeAsync, cancellation)).Value;

    private async Task<Document> MakeAsync(string id)
    {
        var incident = published.Announced.Value.Incidents.FirstOrDefault(i => i.Id == id && IsWhole(i)) ?? await AskAsync(id);
        return PageRenderer.Pack(await renderer.RenderIncidentAsync(new(incident, published.History.IsDemo), stale: false, CancellationToken.None));
    }

    private async Task<PageIncident> AskAsync(string id)
    {
        try
        {
            return (await maintenance.GetIncidentAsync(new() { Id = id })).Value?.ToPublic() ?? throw NotFound();
        }
        catch (RpcException failure) when (failure.StatusCode is StatusCode.NotFound)
        {
            throw NotFound();
        }
    }

    internal static ApiException NotFound() => new(ApiErrors.NotFound("There is no incident of this ID."));
}

/// <summary>Maps the incidents' own pages.</summary>
public static class IncidentEndpoint
{
    /// <summary>Maps the endpoint.</summary>
    public static void MapIncidents(this IEndpointRouteBuilder routes) =>
        routes.MapMethods("/status/incidents/{id}", [HttpMethods.Get, HttpMethods.Head], GetAsync).RequireAuthorization(Policies.Public).WithMetadata(new ForPeople());

    private static async Task GetAsync(HttpContext context, string id, IncidentPages pages, Brand brand)
    {
        if (!Id.IsWellFormed("inc_", id))
        {
            throw IncidentPages.NotFound();
        }

        await PublicResponse.WriteAsync(context, await pages.GetAsync(id, context.RequestAborted), brand);
    }
}
