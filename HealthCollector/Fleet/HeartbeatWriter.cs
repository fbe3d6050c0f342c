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
    // Writes of one fleet are cut into scripts of this size, so that no other client of Redis waits long behind one.
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

    /// <inheritdoc/>
    public override void Dispose()
    {
        room.Dispose();
        base.Dispose();
    }

    /// <summary>Completes when Redis has the heartbeats, or newer ones of the same senders.</summary>
    /// <returns>Ids that the quota of the fleet refused.</returns>
    /// <exception cref="StoreUnavailableException">Redis does not have them.</exception>
    public async Task<IReadOnlyCollection<string>> WriteAsync(FleetKey fleet, IReadOnlyList<Beat> beats, CancellationToken cancellation)
    {
        var weight = Math.Min(options.Value.MaxQueuedBytes, beats.Sum(beat => beat.Weight));
        using var lease = await room.AcquireAsync(weight, cancellation);
        if (!lease.IsAcquired || !store.IsAvailable)
        {
            throw new StoreUnavailableException(new TimeoutException("Redis failed a moment ago."));
        }

        Task<IReadOnlyCollection<string>> written;
        lock (gate)
        {
            if (stopped)
            {
                throw new StoreUnavailableException(new OperationCanceledException("The collector stops."));
            }

            if (!gathering.TryGetValue(fleet, out var gathered))
            {
                gathering[fleet] = gathered = new(new(beats.Count), new(TaskCreationOptions.RunContinuationsAsynchronously));
            }

            foreach (var beat in beats)
            {
                ref var newest = ref CollectionsMarshal.GetValueRefOrAddDefault(gathered.Beats, beat.Id, out var known);
                if (!known || newest.HeardAt <= beat.HeardAt)
                {
                    newest = beat;
                }
            }

            written = gathered.Written.Task;
        }

        wake.Writer.TryWrite(true);
        return await written;
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
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
                gathered.Written.SetException(new StoreUnavailableException(new OperationCanceledException("The collector stops.")));
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
            var results = gathered.Beats.Count <= MaxScriptBeats
                ? [await store.WriteAsync(fleet, gathered.Beats.Values)]
                : await Task.WhenAll(gathered.Beats.Values.Chunk(MaxScriptBeats).Select(chunk => store.WriteAsync(fleet, chunk)));
            metrics.Written(gathered.Beats.Count);
            gathered.Written.SetResult(results.SelectMany(result => result.Refused).ToHashSet(StringComparer.Ordinal));
            if (fleet.Kind != SenderKind.Private && results.Any(result => result.Changes > 0))
            {
                monitor.Look();
            }
        }
        catch (StoreUnavailableException failure)
        {
            LogUnavailable(logger, gathered.Beats.Count, failure.InnerException?.Message);
            gathered.Written.SetException(failure);
            monitor.Look();
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "{Count} heartbeats were not written: {Reason}")]
    private static partial void LogUnavailable(ILogger logger, int count, string? reason);

    private sealed record Gathering(Dictionary<string, Beat> Beats, TaskCompletionSource<IReadOnlyCollection<string>> Written);
}
