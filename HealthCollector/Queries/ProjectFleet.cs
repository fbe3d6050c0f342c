using Google.Protobuf.WellKnownTypes;
using Xerotier.Fleet.V1;
using Endpoint = Xerotier.Fleet.V1.Endpoint;

namespace Xerotier.HealthCollector.Queries;

/// <summary>What one project sees of the fleet at one instant: read together, counted together, and paged from the same list.</summary>
/// <param name="ObservedAt">When it was read.</param>
/// <param name="Store">Ready or young.</param>
/// <param name="Routers">The platform's routers, by id.</param>
/// <param name="Workers">The project's private agents, and the shared agents that serve one of its endpoints, by id.</param>
/// <param name="Endpoints">By slug.</param>
internal sealed record ProjectFleet(
    DateTimeOffset ObservedAt, StoreState Store, IReadOnlyList<Router> Routers, IReadOnlyList<ProjectWorker> Workers, IReadOnlyList<Endpoint> Endpoints)
{
    private readonly int healthy = Workers.Count(worker => worker.Healthy);

    /// <summary>The page of workers after an id. A private and a shared agent of the same id stay together on a page.</summary>
    public GetProjectFleetResponse Page(string projectId, int limit, string after)
    {
        var start = after.Length == 0 ? 0 : IndexAfter(after);
        var stop = Math.Min(Workers.Count, start + limit);
        while (stop < Workers.Count && Workers[stop].Id == Workers[stop - 1].Id)
        {
            stop++;
        }

        var response = new GetProjectFleetResponse
        {
            ObservedAt = ObservedAt.ToTimestamp(),
            Store = Store,
            WorkersTotal = Workers.Count,
            WorkersHealthy = healthy,
            HasMore = stop < Workers.Count,
        };
        response.Routers.AddRange(Routers);
        for (var i = start; i < stop; i++)
        {
            response.Workers.Add(Workers[i].ToProto(projectId, ObservedAt));
        }

        response.Endpoints.AddRange(Endpoints);
        return response;
    }

    private int IndexAfter(string id)
    {
        var start = 0;
        for (var end = Workers.Count; start < end;)
        {
            var middle = (start + end) / 2;
            (start, end) = string.CompareOrdinal(Workers[middle].Id, id) <= 0 ? (middle + 1, end) : (start, middle);
        }

        return start;
    }
}
