using System.Runtime.InteropServices;
using System.Threading.Channels;
using System.Threading.RateLimiting;
using Microsoft.Extensions.Options;

namespace Xerotier.HealthCollector;

/// <summary>
/// Collects the heartbeats of all streams and writes them to Redis in a few scripts, one for each fleet: while a write is under way
/// the next one gathers, and the newest heartbeat of a sender wins. What waits is bounded in bytes: beyond that, callers wait.
/// </summary>
internal sealed partial class HeartbeatWriter(
    FleetStore store, PlatformMonitor monitor, CollectorMetrics metrics, IOptions<FleetOptions> options, ILogger<HeartbeatWriter> logger) : BackgroundService
{
    // Writes of one fleet are cut into scripts of this size, one after the other, so that nobody waits long behind them.
    private const int MaxScriptBeats = 500;

    // The second one travels while the first is executed.
    private const int ParallelWrites = 2;

    private readonly ConcurrencyLimiter room = new(new()
    {
        PermitLimit = options.Value.MaxQueuedBytes,
        QueueLimit = int.MaxValue, // bytes; one batch waits for each stream or request, no more
        QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
    });

    private readonly Channel<bool> wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Lock gate = new();
    private Dictionary<FleetKey, Gathering> gathering = [];
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
    public async Task<Task<IReadOnlyCollection<string>>> EnqueueAsync(FleetKey fleet, IReadOnlyList<Beat> beats, CancellationToken cancellation)
    {
        var weight = Math.Min(options.Value.MaxQueuedBytes, beats.Sum(beat => beat.Weight));
        var lease = await room.AcquireAsync(weight, cancellation);
        lock (gate)
        {
            if (stopped || !lease.IsAcquired || !store.IsAvailable)
            {
                lease.Dispose();
                return Task.FromException<IReadOnlyCollection<string>>(new StoreUnavailableException(new TimeoutException("Redis failed a moment ago, or the collector stops.")));
            }

            if (!gathering.TryGetValue(fleet, out var gathered))
            {
                gathering[fleet] = gathered = new(new(beats.Count, StringComparer.Ordinal));
            }

            gathered.Room.Add(lease);
            foreach (var beat in beats)
            {
                ref var newest = ref CollectionsMarshal.GetValueRefOrAddDefault(gathered.Beats, beat.Id, out var known);
                if (!known || newest.HeardAt <= beat.HeardAt)
                {
                    newest = beat;
                }
            }

            wake.Writer.TryWrite(true);
            return gathered.Written.Task;
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        metrics.Queue(() => QueuedBytes);
        using var slots = new SemaphoreSlim(ParallelWrites);
        try
        {
            while (await wake.Reader.ReadAsync(stoppingToken))
            {
                await slots.WaitAsync(stoppingToken);
                Dictionary<FleetKey, Gathering> batch;
                lock (gate)
                {
                    (batch, gathering) = (gathering, []);
                }

                _ = WriteAllAsync(batch).ContinueWith(_ => slots.Release(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // the service stops
        }

        lock (gate)
        {
            stopped = true;
            foreach (var gathered in gathering.Values)
            {
                gathered.Fail(new StoreUnavailableException(new OperationCanceledException("The collector stops.")));
            }
        }

        for (var i = 0; i < ParallelWrites; i++)
        {
            await slots.WaitAsync(CancellationToken.None);
        }
    }

    private Task WriteAllAsync(Dictionary<FleetKey, Gathering> batch) => Task.WhenAll(batch.Select(pair => WriteFleetAsync(pair.Key, pair.Value)));

    private async Task WriteFleetAsync(FleetKey fleet, Gathering gathered)
    {
        try
        {
            var refused = new HashSet<string>(StringComparer.Ordinal);
            var changes = 0;
            foreach (var chunk in gathered.Beats.Values.Chunk(MaxScriptBeats))
            {
                var result = await store.WriteAsync(fleet, chunk);
                refused.UnionWith(result.Refused);
                changes += result.Changes;
            }

            metrics.Written(gathered.Beats.Count);
            gathered.Succeed(refused);
            if (fleet.Kind != SenderKind.Private && changes > 0)
            {
                monitor.Look();
            }
        }
        catch (StoreUnavailableException failure)
        {
            LogUnavailable(logger, gathered.Beats.Count, failure.InnerException?.Message);
            gathered.Fail(failure);
            monitor.Look();
        }
        catch (Exception failure)
        {
            gathered.Fail(failure); // a fault of ours: nobody must wait for ever, and those who wait report it
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "{Count} heartbeats were not written: {Reason}")]
    private static partial void LogUnavailable(ILogger logger, int count, string? reason);

    /// <summary>What one script will write, and the room that it occupies until then.</summary>
    private sealed class Gathering(Dictionary<string, Beat> beats)
    {
        public Dictionary<string, Beat> Beats => beats;

        public List<RateLimitLease> Room { get; } = [];

        public TaskCompletionSource<IReadOnlyCollection<string>> Written { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Succeed(IReadOnlyCollection<string> refused)
        {
            Room.ForEach(lease => lease.Dispose());
            Written.SetResult(refused);
        }

        public void Fail(Exception failure)
        {
            Room.ForEach(lease => lease.Dispose());
            Written.SetException(failure);
        }
    }
}
