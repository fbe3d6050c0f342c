using System.Runtime.InteropServices;
using System.Threading.RateLimiting;
using Microsoft.Extensions.Options;
using Xerotier.HealthCollector.Fleet;
using Xerotier.ServiceDefaults;

namespace Xerotier.HealthCollector.Ingest;

/// <summary>
/// Collects the heartbeats of all streams and writes them to Redis in a few scripts, one for each fleet. While a write is in
/// progress the next one gathers, and the newest heartbeat of a sender wins. The queue is bounded in bytes; beyond that, callers wait.
/// </summary>
internal sealed class HeartbeatWriter(
    FleetStore store, PlatformMonitor monitor, CollectorMetrics metrics, IOptions<FleetOptions> options, TimeProvider time, ILogger<HeartbeatWriter> logger) : BackgroundService
{
    // Writes of one fleet are cut into scripts of this size, one after the other, so that no other client of Redis waits long.
    private const int MaxHeartbeatsPerScript = 500;

    // Redis executes one while the next one is on its way.
    private const int ParallelWrites = 2;

    private readonly ConcurrencyLimiter room = new(new()
    {
        PermitLimit = options.Value.MaxQueuedBytes,
        QueueLimit = int.MaxValue, // in bytes; each stream or request waits with one batch at most
        QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
    });

    private readonly FailureLog failures = new(logger, "Heartbeats cannot be written to Redis", "Heartbeats are written to Redis again", LogLevel.Error);
    private readonly WakeSignal wake = new();
    private readonly Lock gate = new();
    private Dictionary<FleetKey, PendingWrite> pending = [];
    private bool stopped;

    /// <summary>Bytes that wait for Redis.</summary>
    public long QueuedBytes => options.Value.MaxQueuedBytes - (room.GetStatistics()?.CurrentAvailablePermits ?? 0);

    /// <inheritdoc/>
    public override void Dispose()
    {
        room.Dispose();
        base.Dispose();
    }

    /// <summary>Waits until there is room for the heartbeats, then queues them.</summary>
    /// <returns>
    /// Completes when Redis has them, or newer ones of the same senders, with the ids that the quota of the fleet refused; fails with
    /// <see cref="StoreUnavailableException"/> when Redis does not have them.
    /// </returns>
    public async Task<Task<IReadOnlyCollection<string>>> EnqueueAsync(FleetKey fleet, IReadOnlyList<ReceivedHeartbeat> heartbeats, CancellationToken cancellation)
    {
        var weight = Math.Min(options.Value.MaxQueuedBytes, heartbeats.Sum(heartbeat => heartbeat.Weight));
        var lease = await room.AcquireAsync(weight, cancellation);
        lock (gate)
        {
            if (stopped || !lease.IsAcquired || !store.IsAvailable)
            {
                lease.Dispose();
                return Task.FromException<IReadOnlyCollection<string>>(new StoreUnavailableException(new TimeoutException("Redis failed a moment ago, or the collector is stopping.")));
            }

            if (!pending.TryGetValue(fleet, out var write))
            {
                pending[fleet] = write = new(heartbeats.Count);
            }

            write.Add(lease, heartbeats);
            wake.Set();
            return write.Written.Task;
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        metrics.AddQueue(() => QueuedBytes);
        using var slots = new SemaphoreSlim(ParallelWrites);
        try
        {
            while (await wake.WaitAsync(Timeout.InfiniteTimeSpan, time, stoppingToken))
            {
                await slots.WaitAsync(stoppingToken);
                await Task.Yield(); // the streams that are ready to run go first, so that this write takes their heartbeats too
                Dictionary<FleetKey, PendingWrite> writes;
                lock (gate)
                {
                    (writes, pending) = (pending, []);
                }

                _ = WriteAllAsync(writes);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // the service stops
        }

        lock (gate)
        {
            stopped = true;
            foreach (var write in pending.Values)
            {
                write.Fail(new StoreUnavailableException(new OperationCanceledException("The collector is stopping.")));
            }
        }

        for (var i = 0; i < ParallelWrites; i++)
        {
            await slots.WaitAsync(CancellationToken.None);
        }

        async Task WriteAllAsync(Dictionary<FleetKey, PendingWrite> writes)
        {
            await Task.WhenAll(writes.Select(pair => WriteFleetAsync(pair.Key, pair.Value))); // none of them fails
            slots.Release();
        }
    }

    private async Task WriteFleetAsync(FleetKey fleet, PendingWrite write)
    {
        try
        {
            var refused = new HashSet<string>(StringComparer.Ordinal);
            var changes = 0;
            foreach (var chunk in write.Heartbeats.Values.Chunk(MaxHeartbeatsPerScript))
            {
                var result = await store.WriteAsync(fleet, chunk);
                refused.UnionWith(result.Refused);
                changes += result.Changes;
            }

            failures.Succeeded();
            metrics.Written(write.Heartbeats.Count);
            write.Succeed(refused);
            if (fleet.Kind != SenderKind.Private && changes > 0)
            {
                monitor.Wake();
            }
        }
        catch (Exception failure)
        {
            failures.Failed(failure);
            write.Fail(failure);
            monitor.Wake();
        }
    }

    /// <summary>What is to be written to one fleet, and the room that it occupies until then.</summary>
    private sealed class PendingWrite(int capacity)
    {
        private readonly List<RateLimitLease> leases = [];

        public Dictionary<string, ReceivedHeartbeat> Heartbeats { get; } = new(capacity, StringComparer.Ordinal);

        public TaskCompletionSource<IReadOnlyCollection<string>> Written { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Add(RateLimitLease lease, IReadOnlyList<ReceivedHeartbeat> heartbeats)
        {
            leases.Add(lease);
            foreach (var heartbeat in heartbeats)
            {
                ref var newest = ref CollectionsMarshal.GetValueRefOrAddDefault(Heartbeats, heartbeat.Id, out var known);
                if (!known || newest.ReceivedAt <= heartbeat.ReceivedAt)
                {
                    newest = heartbeat;
                }
            }
        }

        public void Succeed(IReadOnlyCollection<string> refused)
        {
            leases.ForEach(lease => lease.Dispose());
            Written.SetResult(refused);
        }

        public void Fail(Exception failure)
        {
            leases.ForEach(lease => lease.Dispose());
            Written.SetException(failure);
        }
    }
}
