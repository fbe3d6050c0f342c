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
    DateTimeOffset ObservedAt, StoreState Store, IReadOnlyList<Router> Routers, IReadOnlyList<ProjectWorker> Workers, IReadOnlyList<Endpoint> Endpoints)
{
    private readonly int healthy = Workers.Count(worker => worker.Healthy);

    /// <summary>The page of workers after an id. A private and a shared agent of the same id stay together on a page.</summary>
    public GetProjectFleetResponse Page(string projectId, int limit, string after)
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
            response.Workers.Add(Workers[i].Told(projectId, ObservedAt));
        }

        response.Endpoints.AddRange(Endpoints);
        return response;
    }
}

/// <summary>An agent of a project's view. Only its record is kept: a project's agents may have millions of models and endpoints together.</summary>
internal readonly record struct ProjectWorker(StoredBeat Beat, SenderKind Kind, bool Healthy)
{
    /// <summary>The agent's id.</summary>
    public string Id => Beat.Id;

    /// <summary>Its last heartbeat.</summary>
    public AgentHeartbeat Agent => FleetRecord.ToAgent(Beat.Record, Kind);

    /// <summary>The project's endpoints that <paramref name="agent"/> names.</summary>
    public IEnumerable<string> Slugs(AgentHeartbeat agent, string projectId)
    {
        var prefix = Kind == SenderKind.Shared ? projectId + "/" : "";
        return agent.Endpoints.Where(endpoint => endpoint.StartsWith(prefix, StringComparison.Ordinal)).Select(endpoint => endpoint[prefix.Length..]).Distinct(StringComparer.Ordinal);
    }

    /// <summary>It as the dashboard shows it.</summary>
    public Worker Told(string projectId, DateTimeOffset now)
    {
        var agent = Agent;
        var worker = new Worker
        {
            Id = Id,
            Name = agent.Name,
            Kind = Kind == SenderKind.Shared ? "shared" : "private",
            Region = agent.Region,
            Version = agent.Version,
            State = agent.State == AgentState.Draining ? "draining" : "ready",
            Healthy = Healthy,
            ActiveRequests = agent.ActiveRequests,
            MaxConcurrentRequests = agent.MaxConcurrentRequests,
            LastHeartbeatAt = Beat.NotAfter(now),
        };
        worker.Models.AddRange(agent.Models.Distinct(StringComparer.Ordinal));
        worker.Endpoints.AddRange(Slugs(agent, projectId));
        return worker;
    }
}

/// <summary>Reads what a project sees, once for all who ask within a moment.</summary>
internal sealed class ProjectFleets(FleetStore store, IOptions<FleetOptions> options, TimeProvider time)
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
        var reading = (Routers: store.ReadFleetAsync(FleetKey.Routers, now), Own: store.ReadFleetAsync(FleetKey.PrivateAgents(projectId), now), Shared: store.ReadServingAsync(projectId, now));
        await Task.WhenAll(reading.Routers, reading.Own, reading.Shared);

        var fresh = FleetRules.FreshSince(now, options.Value.StaleAfter);
        var routers = await reading.Routers;
        var workers = new List<ProjectWorker>();
        workers.AddRange((await reading.Own).Select(beat => new ProjectWorker(beat, SenderKind.Private, beat.HeardAt >= fresh)));
        workers.AddRange((await reading.Shared).Select(beat => new ProjectWorker(beat, SenderKind.Shared, beat.HeardAt >= fresh)));
        workers.Sort((a, b) => string.CompareOrdinal(a.Id, b.Id) is var order and not 0 ? order : b.Kind.CompareTo(a.Kind)); // private, shared

        // Whether silence means anything is asked where there is any.
        var state = StoreState.Ready;
        if (routers.Count == 0 || routers.Any(router => router.HeardAt < fresh) || !workers.TrueForAll(worker => worker.Healthy))
        {
            var platform = await store.ReadPlatformAsync(now);
            state = FleetRules.StateOf(platform.Routers.Stored, platform.WatchedFor, options.Value.YoungStore);
            if (platform.WatchedFor < options.Value.YoungStore && (routers.Any(IsUnheard) || workers.Exists(worker => IsUnheard(worker.Beat))))
            {
                state = StoreState.Young;
            }

            bool IsUnheard(StoredBeat beat) => beat.HeardAt >= platform.UnheardSince && beat.HeardAt < platform.UnheardUntil;
        }

        return new(now, state, [.. routers.Select(beat => ToRouter(beat, now, fresh))], workers, ProjectEndpoints.Of(workers, projectId));
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
            LastHeartbeatAt = beat.NotAfter(now),
        };
    }

    private sealed record Entry(DateTimeOffset At, Lazy<Task<ProjectFleet>> Fleet)
    {
        // A failure is never served again, and who comes while it is being read waits for the same.
        public bool IsOver(DateTimeOffset now, TimeSpan keep) => Fleet.IsValueCreated && Fleet.Value.IsCompleted && (Fleet.Value.IsFaulted || now - At >= keep || now < At);
    }
}
