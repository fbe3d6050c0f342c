using Microsoft.Extensions.Options;
using Xerotier.Fleet.V1;
using Xerotier.Health.V1;
using Xerotier.HealthCollector.Fleet;
using Xerotier.ServiceDefaults;

namespace Xerotier.HealthCollector.Queries;

/// <summary>Reads what a project sees, once for all who ask within a moment.</summary>
internal sealed class ProjectFleets(FleetStore store, PlatformMonitor monitor, IOptions<FleetOptions> options, RedisClock clock, TimeProvider time)
{
    private readonly SingleFlight<string, ProjectFleet> recent = new(options.Value.ProjectCache, time) { Weigh = fleet => fleet.Bytes, MaxWeight = 2L * options.Value.MaxBytesPerProject };
    private readonly SingleFlight<SenderKind, IReadOnlyList<StoredHeartbeat>> routers = new(options.Value.ProjectCache, time); // the same for all projects

    /// <summary>What a project sees, at most <see cref="FleetOptions.ProjectCacheMilliseconds"/> old; of routers twice that.</summary>
    /// <exception cref="StoreUnavailableException">Redis does not respond.</exception>
    public async Task<ProjectFleet> GetAsync(string projectId, CancellationToken cancellation) => (await recent.GetAsync(projectId, ReadAsync, cancellation)).Value;

    private async Task<ProjectFleet> ReadAsync(string projectId)
    {
        var now = clock.TimeToTrust;
        var reading = (Routers: RoutersAsync(now), Private: store.ReadPrivateAgentsAsync(projectId, now), Shared: store.ReadServingAsync(projectId, now));
        await Task.WhenAll(reading.Routers, reading.Private, reading.Shared);

        var fresh = FleetRules.FreshSince(now, options.Value.StaleAfter);
        var heard = await reading.Routers;
        var workers = new List<ProjectWorker>();
        workers.AddRange((await reading.Private).Select(heartbeat => new ProjectWorker(heartbeat, SenderKind.Private, heartbeat.ReceivedAt >= fresh)));
        workers.AddRange((await reading.Shared).Select(heartbeat => new ProjectWorker(heartbeat, SenderKind.Shared, heartbeat.ReceivedAt >= fresh)));
        workers.Sort((a, b) => string.CompareOrdinal(a.Id, b.Id) is var order and not 0 ? order : b.Kind.CompareTo(a.Kind)); // private, shared

        var state = await StateAsync(projectId, heard, workers, now, fresh);
        return new(now, state, [.. heard.Select(heartbeat => ToRouter(heartbeat, now, fresh))], workers, InferenceEndpoints.Of(workers, projectId));
    }

    private async Task<IReadOnlyList<StoredHeartbeat>> RoutersAsync(DateTimeOffset now) =>
        (await routers.GetAsync(SenderKind.Router, _ => store.ReadRoutersAsync(now), CancellationToken.None)).Value;

    private async Task<StoreState> StateAsync(string projectId, IReadOnlyList<StoredHeartbeat> routers, List<ProjectWorker> workers, DateTimeOffset now, long fresh)
    {
        // Only where a sender is silent does it matter whether its silence means anything.
        var silent = routers.Where(router => router.ReceivedAt < fresh).Select(router => (Buckets.Of(router.Id), router.ReceivedAt))
            .Concat(workers.Where(worker => !worker.Healthy).Select(worker => (Buckets.Of(worker.Kind == SenderKind.Shared ? worker.Id : projectId), worker.Heartbeat.ReceivedAt)))
            .ToLookup(sender => sender.Item1, sender => sender.ReceivedAt);
        int[] buckets = [.. silent.Select(group => group.Key)];
        var watches = buckets.Zip(await store.ObserveAsync(buckets, now));
        if (watches.Any(pair => IsYoung(pair.Second) && silent[pair.First].Any(heard => heard >= pair.Second.UnheardSince && heard < pair.Second.UnheardUntil)))
        {
            return StoreState.Young;
        }

        return routers.Count > 0 && monitor.Latest is { Store: StoreState.Ready } ? StoreState.Ready : FleetRules.StateOf(await store.ObservePlatformAsync(now), options.Value.YoungStore);

        bool IsYoung(BucketCounts bucket) => FleetRules.FromMicroseconds(bucket.WatchedSince) > now - options.Value.YoungStore;
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
