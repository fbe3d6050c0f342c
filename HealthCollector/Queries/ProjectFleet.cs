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
    /// <summary>After how many bytes of records a page of workers ends, whatever its limit: 2 KiB for each of the most that are asked for.</summary>
    public const int LongestPage = 2 << 20;

    private readonly int healthy = Workers.Count(worker => worker.Healthy);
    private string[]? names; // read when somebody searches

    /// <summary>How many bytes its workers' records have.</summary>
    public long Bytes { get; } = Workers.Sum(worker => (long)worker.Heartbeat.Record.Length);

    /// <summary>The page of workers after an id. A private and a shared agent of the same id stay together on a page, which is shorter than asked for where their records are large (<see cref="LongestPage"/>).</summary>
    /// <param name="projectId">The project.</param>
    /// <param name="limit">The most workers.</param>
    /// <param name="after">The id; empty from the start.</param>
    /// <param name="search">What their id or name contains, in any case of letters; empty: anything.</param>
    public GetProjectFleetResponse Page(string projectId, int limit, string after, string search = "")
    {
        var listed = search.Length == 0 ? Workers : Matching(search);
        var start = after.Length == 0 ? 0 : IndexAfter(listed, after);
        var stop = start;
        for (long bytes = 0; stop < listed.Count && ((stop - start < limit && bytes < LongestPage) || listed[stop].Id == listed[stop - 1].Id); stop++)
        {
            bytes += listed[stop].Heartbeat.Record.Length;
        }

        var response = new GetProjectFleetResponse
        {
            ObservedAt = ObservedAt.ToTimestamp(),
            Store = Store,
            WorkersTotal = Workers.Count,
            WorkersHealthy = healthy,
            HasMore = stop < listed.Count,
        };
        if (search.Length > 0)
        {
            response.WorkersMatched = listed.Count;
        }

        response.Routers.AddRange(Routers);
        for (var i = start; i < stop; i++)
        {
            response.Workers.Add(listed[i].ToProto(projectId, ObservedAt));
        }

        response.Endpoints.AddRange(Endpoints);
        return response;
    }

    private List<ProjectWorker> Matching(string search)
    {
        names ??= [.. Workers.Select(worker => worker.Agent.Name)];
        return [.. Workers.Where((worker, i) => worker.Id.Contains(search, StringComparison.OrdinalIgnoreCase) || names[i].Contains(search, StringComparison.OrdinalIgnoreCase))];
    }

    private static int IndexAfter(IReadOnlyList<ProjectWorker> workers, string id)
    {
        var start = 0;
        for (var end = workers.Count; start < end;)
        {
            var middle = (start + end) / 2;
            (start, end) = string.CompareOrdinal(workers[middle].Id, id) <= 0 ? (middle + 1, end) : (start, middle);
        }

        return start;
    }
}
