using Grpc.Core;
using Xerotier.Fleet.V1;
using Xerotier.ServiceDefaults;
using Xerotier.StatusService.Documents.Dashboard;

namespace Xerotier.StatusService.Publishing;

/// <summary>A dashboard as it is sent.</summary>
public sealed record DashboardDocument(byte[] Body, string ETag);

/// <summary>
/// Dashboards at most a second old. A new one asks the collector and the MaintenanceService at the same time. Without the collector, or
/// while it has no Redis, there is no dashboard but 503: counts of zero would lie. Without the MaintenanceService there is one, and it
/// says so. One at a time is made of a project, whose agents decide how large it is.
/// </summary>
public sealed class Dashboards(Fleet.V1.Fleet.FleetClient fleet, WindowQueries windows, TimeProvider time) : IDisposable
{
    private const int MostWaiting = 50;

    private readonly SingleFlight<DashboardQuery, DashboardDocument> cache = NewCache(time);
    private readonly ProjectTurns turns = new(MostWaiting);

    /// <summary>The dashboard of <paramref name="query"/>, and whether an earlier request had it made.</summary>
    /// <exception cref="ApiException">503: the collector knows nothing.</exception>
    /// <exception cref="RpcException">The collector does not respond.</exception>
    public ValueTask<(DashboardDocument Dashboard, bool Cached)> GetAsync(DashboardQuery query, CancellationToken cancellation) =>
        cache.GetAsync(query, MakeAsync, cancellation);

    /// <summary>The cache, bounded in number and bytes. A dashboard that is asked for late in its life is renewed ahead, so that nobody waits for a large project's.</summary>
    internal static SingleFlight<DashboardQuery, DashboardDocument> NewCache(TimeProvider time) => new(TimeSpan.FromSeconds(1), time)
    {
        Capacity = 1_000,
        RenewAfter = TimeSpan.FromMilliseconds(700),
        Weigh = dashboard => dashboard.Body.Length,
        MaxWeight = 64 * 1024 * 1024,
    };

    /// <inheritdoc/>
    public void Dispose() => turns.Dispose();

    private async Task<DashboardDocument> MakeAsync(DashboardQuery query)
    {
        // The requests that wait may go: the dashboard is kept for the next.
        using var turn = await turns.TakeAsync(query.ProjectId, CancellationToken.None);
        var asked = AskAsync(query);
        var asking = windows.OfProjectAsync(query.ProjectId);
        var known = await asked;
        if (known.Store is not (StoreState.Ready or StoreState.Young) || (query.Search.Length > 0 && !known.HasWorkersMatched)) // one of a release before does not search
        {
            throw new ApiException(ApiErrors.ServiceUnavailable);
        }

        var (body, etag) = DashboardJson.Write(query.ProjectId, known, await asking, query.Search);
        return new(body, etag);
    }

    /// <summary>What a collector knows, or a second one if the first has no store. Each call carries the default deadline.</summary>
    private async Task<GetProjectFleetResponse> AskAsync(DashboardQuery query)
    {
        var request = new GetProjectFleetRequest { ProjectId = query.ProjectId, Limit = query.Limit, After = query.After, Search = query.Search };
        return await fleet.GetProjectFleetAsync(request) is { Store: not StoreState.Unavailable } known ? known : await fleet.GetProjectFleetAsync(request);
    }
}
