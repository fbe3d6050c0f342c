using System.Threading.RateLimiting;
using Microsoft.Extensions.Options;
using Xerotier.HealthCollector.Fleet;
using Xerotier.ServiceDefaults;

namespace Xerotier.HealthCollector.Ingest;

/// <summary>
/// Collects the heartbeats of all streams and writes them to Redis in a few scripts, one at a time for each bucket. While it is in
/// progress the next one gathers, and the newest heartbeat of a sender wins. A bucket that fails fails no other. The queue is bounded in
/// bytes; beyond that, callers wait.
/// </summary>
internal sealed class HeartbeatWriter(
    FleetStore store, PlatformMonitor monitor, CollectorMetrics metrics, IOptions<FleetOptions> options, TimeProvider time, ILogger<HeartbeatWriter> logger) : BackgroundService
{
    // A script for one heartbeat costs several times what one more heartbeat in a script does, so let a few gather.
    private static readonly TimeSpan MinInterval = TimeSpan.FromMilliseconds(10);

    // Whatever else is asked of Redis waits behind them.
    private const int ParallelWrites = 16;

    private readonly ConcurrencyLimiter room = new(new()
    {
        PermitLimit = options.Value.MaxQueuedBytes,
        QueueLimit = int.MaxValue, // in bytes; each stream or request waits with one batch at most
        QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
    });

    private readonly FailureLog failures = new(logger, "Heartbeats cannot be written to Redis", "Heartbeats are written to Redis again", LogLevel.Error);
    private readonly SemaphoreSlim slots = new(ParallelWrites);
    private readonly WakeSignal wake = new();
    private readonly Lock gate = new();
    private readonly BucketQueue[] queues = [.. Buckets.All.Select(_ => new BucketQueue())];
    private readonly bool[] writing = new bool[Buckets.Count];
    private bool stopped;

    /// <summary>Bytes that wait for Redis.</summary>
    public long QueuedBytes => options.Value.MaxQueuedBytes - (room.GetStatistics()?.CurrentAvailablePermits ?? 0);

    /// <inheritdoc/>
    public override void Dispose()
    {
        room.Dispose();
        slots.Dispose();
        base.Dispose();
    }

    /// <summary>Waits until there is room for the parts of a batch, queues them, and sets <see cref="BatchPart.Written"/>.</summary>
    public async Task EnqueueAsync(IReadOnlyCollection<BatchPart> parts, CancellationToken cancellation)
    {
        var weight = Math.Min(options.Value.MaxQueuedBytes, parts.Sum(part => part.Heartbeats.Sum(heartbeat => heartbeat.Weight)));
        var lease = await room.AcquireAsync(weight, cancellation);
        lock (gate)
        {
            foreach (var part in parts)
            {
                part.Written = stopped || !lease.IsAcquired || !store.IsAvailable(part.Fleet.Bucket)
                    ? Task.FromException<IReadOnlyCollection<string>>(new StoreUnavailableException(new TimeoutException("Redis failed a moment ago, or the collector is stopping.")))
                    : queues[part.Fleet.Bucket].Add(part.Fleet, part.Heartbeats);
            }
        }

        wake.Set();
        _ = ReleaseAsync();

        async Task ReleaseAsync()
        {
            await ((Task)Task.WhenAll(parts.Select(part => part.Written))).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            lease.Dispose();
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        metrics.AddQueue(() => QueuedBytes);
        var writes = new Task[Buckets.Count];
        Array.Fill(writes, Task.CompletedTask);
        try
        {
            while (await wake.WaitAsync(Timeout.InfiniteTimeSpan, time, stoppingToken))
            {
                await Task.Yield(); // the streams that are ready to run go first, so that this write takes their heartbeats too
                foreach (var bucket in Buckets.All)
                {
                    if (TryBegin(bucket))
                    {
                        writes[bucket] = WriteAsync(bucket);
                    }
                }

                await Task.Delay(MinInterval, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // the service stops
        }

        lock (gate)
        {
            stopped = true;
            Array.ForEach(queues, queue => queue.Fail(new StoreUnavailableException(new OperationCanceledException("The collector is stopping."))));
        }

        await Task.WhenAll(writes); // none of them fails
    }

    private bool TryBegin(int bucket)
    {
        lock (gate)
        {
            return !writing[bucket] && (writing[bucket] = !queues[bucket].IsEmpty);
        }
    }

    private async Task WriteAsync(int bucket)
    {
        for (var more = true; more;)
        {
            await slots.WaitAsync();
            List<(PendingFleet Fleet, ArraySegment<ReceivedHeartbeat> Heartbeats)> script;
            lock (gate)
            {
                script = queues[bucket].Take();
            }

            if (script.Count > 0)
            {
                await WriteScriptAsync(bucket, script);
            }

            slots.Release();
            lock (gate)
            {
                more = writing[bucket] = queues[bucket].IsFull; // then at once; else a few may gather
                if (!queues[bucket].IsEmpty)
                {
                    wake.Set();
                }
            }
        }
    }

    private async Task WriteScriptAsync(int bucket, List<(PendingFleet Fleet, ArraySegment<ReceivedHeartbeat> Heartbeats)> script)
    {
        try
        {
            var result = await store.WriteAsync(bucket, [.. script.Select(part => new FleetWrite(part.Fleet.Key, part.Heartbeats))]);
            foreach (var (fleet, id) in result.Refused)
            {
                script[fleet].Fleet.Refuse(id);
            }

            foreach (var (fleet, failure) in result.Failed)
            {
                failures.Failed(failure);
                script[fleet].Fleet.Fail(failure);
            }

            if (store.Trouble is null)
            {
                failures.Succeeded();
            }

            metrics.Written(script.Where(part => !part.Fleet.Written.IsFaulted).Sum(part => part.Heartbeats.Count));
            script.ForEach(part => part.Fleet.Succeed());
            if (result.Changes > 0)
            {
                monitor.Wake();
            }
        }
        catch (Exception failure)
        {
            failures.Failed(failure);
            script.ForEach(part => part.Fleet.Fail(failure));
            monitor.Wake();
        }
    }
}
