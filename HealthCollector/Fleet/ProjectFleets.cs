using System.Collections.Concurrent;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Options;
using Xerotier.Fleet.V1;
using Xerotier.Health.V1;
using Endpoint = Xerotier.Fleet.V1.Endpoint;

namespace Xerotier.HealthCollector;

/// <summary>What one project sees of the fleet, as of one instant: read together, counted together, paged from the same list.</summary>
/// <param name="ObservedAt">When it was read.</param>
/// <param name="Store">Ready or young.</param>
/// <param name="Routers">The platform's routers, by id.</param>
/// <param name="Workers">The project's private agents, and the shared agents that serve one of its endpoints, by id.</param>
/// <param name="Endpoints">By slug.</param>
internal sealed record ProjectFleet(
    DateTimeOffset ObservedAt, StoreState Store, IReadOnlyList<Router> Routers, IReadOnlyList<Worker> Workers, IReadOnlyList<Endpoint> Endpoints)
{
    private readonly int healthy = Workers.Count(worker => worker.Healthy);

    /// <summary>The page of workers after an id. A private and a shared agent of the same id stay together on a page.</summary>
    public GetProjectFleetResponse Page(int limit, string after)
    {
        var start = 0;
        for (var end = Workers.Count; start < end;)
        {
            var middle = (start + end) / 2;
            (start, end) = string.CompareOrdinal(Workers[middle].Id, after) <= 0 ? (middle + 1, end) : (start, middle);
        }

        if (after.Length == 0)
        {
            start = 0;
        }

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
            response.Workers.Add(Workers[i]);
        }

        response.Endpoints.AddRange(Endpoints);
        return response;
    }
}

/// <summary>Reads what a project sees, once for all who ask within a moment.</summary>
internal sealed class ProjectFleets(FleetStore store, PlatformMonitor monitor, IOptions<FleetOptions> options, TimeProvider time)
{
    private readonly ConcurrentDictionary<string, Entry> recent = new(StringComparer.Ordinal);

    /// <summary>What a project sees, at most <see cref="FleetOptions.ProjectCacheMilliseconds"/> old.</summary>
    /// <exception cref="StoreUnavailableException">Redis does not answer.</exception>
    public Task<ProjectFleet> GetAsync(string projectId)
    {
        var now = time.GetUtcNow();
        var keep = TimeSpan.FromMilliseconds(options.Value.ProjectCacheMilliseconds);
        foreach (var (id, entry) in recent)
        {
            if (entry.IsOver(now, keep))
            {
                recent.TryRemove(KeyValuePair.Create(id, entry));
            }
        }

        return recent.GetOrAdd(projectId, id => new(now, new(() => ReadAsync(id)))).Fleet.Value;
    }

    private async Task<ProjectFleet> ReadAsync(string projectId)
    {
        var now = time.GetUtcNow();
        var routers = store.ReadFleetAsync(FleetKey.Routers, now);
        var own = store.ReadFleetAsync(FleetKey.PrivateAgents(projectId), now);
        var shared = store.ReadServingAsync(projectId, now);
        await Task.WhenAll(routers, own, shared);

        var fresh = FleetRules.FreshSince(now, options.Value.StaleAfter);
        var workers = new List<Worker>();
        workers.AddRange((await own).Select(beat => ToWorker(beat, SenderKind.Private, "", now, fresh)));
        workers.AddRange((await shared).Select(beat => ToWorker(beat, SenderKind.Shared, projectId + "/", now, fresh)));
        workers.Sort((a, b) => string.CompareOrdinal(a.Id, b.Id) is var order and not 0 ? order : string.CompareOrdinal(a.Kind, b.Kind));
        var state = (await routers).Count == 0 && monitor.Latest?.Store == StoreState.Young ? StoreState.Young : StoreState.Ready;
        return new(now, state, [.. (await routers).Select(beat => ToRouter(beat, now, fresh))], workers, EndpointsOf(workers));
    }

    private static Router ToRouter(StoredBeat beat, DateTimeOffset now, long fresh)
    {
        var router = FleetRecord.ToRouter(beat.Record);
        return new()
        {
            Id = beat.Id,
            Region = router.Region,
            Version = router.Version,
            State = router.State switch
            {
                RouterState.Online => "online",
                RouterState.Draining => "draining",
                _ => "offline",
            },
            Online = FleetRules.IsOnline(router.State, beat.HeardAt, fresh),
            LastHeartbeatAt = HeardAt(beat, now),
        };
    }

    private static Worker ToWorker(StoredBeat beat, SenderKind kind, string prefix, DateTimeOffset now, long fresh)
    {
        var agent = FleetRecord.ToAgent(beat.Record, kind);
        var worker = new Worker
        {
            Id = beat.Id,
            Name = agent.Name,
            Kind = kind == SenderKind.Shared ? "shared" : "private",
            Region = agent.Region,
            Version = agent.Version,
            State = agent.State == AgentState.Draining ? "draining" : "ready",
            Healthy = beat.HeardAt >= fresh,
            ActiveRequests = agent.ActiveRequests,
            MaxConcurrentRequests = agent.MaxConcurrentRequests,
            LastHeartbeatAt = HeardAt(beat, now),
        };
        worker.Models.AddRange(agent.Models.Distinct(StringComparer.Ordinal));
        worker.Endpoints.AddRange(agent.Endpoints
            .Where(endpoint => endpoint.StartsWith(prefix, StringComparison.Ordinal))
            .Select(endpoint => endpoint[prefix.Length..])
            .Distinct(StringComparer.Ordinal));
        return worker;
    }

    // Another collector's clock may be ahead by a little: nobody was heard in the future.
    private static Timestamp HeardAt(StoredBeat beat, DateTimeOffset now) =>
        (FleetRules.Instant(beat.HeardAt) is var heard && heard < now ? heard : now).ToTimestamp();

    private static List<Endpoint> EndpointsOf(List<Worker> workers)
    {
        var endpoints = new SortedDictionary<string, (Endpoint Endpoint, SortedSet<string> Models)>(StringComparer.Ordinal);
        foreach (var worker in workers)
        {
            foreach (var slug in worker.Endpoints)
            {
                if (!endpoints.TryGetValue(slug, out var found))
                {
                    endpoints[slug] = found = (new Endpoint { Slug = slug }, new SortedSet<string>(StringComparer.Ordinal));
                }

                found.Endpoint.WorkersTotal++;
                found.Endpoint.WorkersHealthy += worker.Healthy ? 1 : 0;
                found.Models.UnionWith(worker.Models);
            }
        }

        return [.. endpoints.Values.Select(found =>
        {
            found.Endpoint.Models.AddRange(found.Models);
            return found.Endpoint;
        })];
    }

    private sealed record Entry(DateTimeOffset At, Lazy<Task<ProjectFleet>> Fleet)
    {
        // A failure is never served again.
        public bool IsOver(DateTimeOffset now, TimeSpan keep) => now - At >= keep || now < At || (Fleet.IsValueCreated && Fleet.Value.IsFaulted);
    }
}
