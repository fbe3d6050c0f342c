using Microsoft.Extensions.Options;
using Xerotier.Fleet.V1;
using Xerotier.Health.V1;
using Xerotier.HealthCollector.Fleet;
using Xerotier.ServiceDefaults;

namespace Xerotier.HealthCollector.Queries;

/// <summary>Reads what a project sees, once for all who ask within a moment.</summary>
internal sealed class ProjectFleets(FleetStore store, IOptions<FleetOptions> options, TimeProvider time)
{
    private readonly SingleFlight<string, ProjectFleet> recent = new(options.Value.ProjectCache, time);

    /// <summary>What a project sees, at most <see cref="FleetOptions.ProjectCacheMilliseconds"/> old.</summary>
    /// <exception cref="StoreUnavailableException">Redis does not respond.</exception>
    public async Task<ProjectFleet> GetAsync(string projectId, CancellationToken cancellation) => (await recent.GetAsync(projectId, ReadAsync, cancellation)).Value;

    private async Task<ProjectFleet> ReadAsync(string projectId)
    {
        var now = time.GetUtcNow();
        var reading = (Routers: store.ReadFleetAsync(FleetKey.Routers, now), Private: store.ReadFleetAsync(FleetKey.PrivateAgents(projectId), now), Shared: store.ReadServingAsync(projectId, now));
        await Task.WhenAll(reading.Routers, reading.Private, reading.Shared);

        var fresh = FleetRules.FreshSince(now, options.Value.StaleAfter);
        var routers = await reading.Routers;
        var workers = new List<ProjectWorker>();
        workers.AddRange((await reading.Private).Select(heartbeat => new ProjectWorker(heartbeat, SenderKind.Private, heartbeat.ReceivedAt >= fresh)));
        workers.AddRange((await reading.Shared).Select(heartbeat => new ProjectWorker(heartbeat, SenderKind.Shared, heartbeat.ReceivedAt >= fresh)));
        workers.Sort((a, b) => string.CompareOrdinal(a.Id, b.Id) is var order and not 0 ? order : b.Kind.CompareTo(a.Kind)); // private, shared

        var state = await StateAsync(routers, workers, now, fresh);
        return new(now, state, [.. routers.Select(heartbeat => ToRouter(heartbeat, now, fresh))], workers, InferenceEndpoints.Of(workers, projectId));
    }

    // Only where a sender is silent does it matter whether its silence means anything.
    private async Task<StoreState> StateAsync(IReadOnlyList<StoredHeartbeat> routers, List<ProjectWorker> workers, DateTimeOffset now, long fresh)
    {
        if (routers.Count > 0 && routers.All(router => router.ReceivedAt >= fresh) && workers.TrueForAll(worker => worker.Healthy))
        {
            return StoreState.Ready;
        }

        var platform = await store.ObservePlatformAsync(now);
        if (platform.WatchedFor < options.Value.YoungStore && (routers.Any(IsUnheard) || workers.Exists(worker => IsUnheard(worker.Heartbeat))))
        {
            return StoreState.Young;
        }

        return FleetRules.StateOf(platform.Routers.Stored, platform.WatchedFor, options.Value.YoungStore);

        bool IsUnheard(StoredHeartbeat heartbeat) => heartbeat.ReceivedAt >= platform.UnheardSince && heartbeat.ReceivedAt < platform.UnheardUntil;
    }

    private static Router ToRouter(StoredHeartbeat heartbeat, DateTimeOffset now, long fresh)
    {
        var router = HeartbeatRecord.ToRouter(heartbeat.Record);
        return new()
        {
            Id = heartbeat.Id,
            Region = router.Region,
            Version = router.Version,
            State = router.State switch
            {
                RouterState.Online => "online",
                RouterState.Draining => "draining",
                _ => "offline",
            },
            Online = FleetRules.IsOnline(router.State, heartbeat.ReceivedAt, fresh),
            LastHeartbeatAt = heartbeat.NotAfter(now),
        };
    }
}
