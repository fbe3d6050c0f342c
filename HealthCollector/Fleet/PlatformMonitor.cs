using System.Threading.Channels;
using Microsoft.Extensions.Options;
using Xerotier.Fleet.V1;

namespace Xerotier.HealthCollector;

/// <summary>The platform's health as last observed.</summary>
/// <param name="ObservedAt">When, by this collector's clock.</param>
/// <param name="Store">What the store can say; the counts are 0 unless it is ready.</param>
/// <param name="RoutersTotal">Registered routers.</param>
/// <param name="RoutersOnline">Those that are online.</param>
/// <param name="SharedAgentsTotal">Registered shared agents.</param>
/// <param name="SharedAgentsStale">Those that are stale.</param>
/// <param name="RoutersUnheard">Of those that are not online, the ones that could not be heard for a while and may yet be.</param>
/// <param name="SharedAgentsUnheard">The same of the stale ones.</param>
internal sealed record PlatformHealth(
    DateTimeOffset ObservedAt,
    StoreState Store,
    int RoutersTotal = 0,
    int RoutersOnline = 0,
    int SharedAgentsTotal = 0,
    int SharedAgentsStale = 0,
    int RoutersUnheard = 0,
    int SharedAgentsUnheard = 0);

/// <summary>
/// Observes the platform by counting: four times a second, and as soon as a heartbeat written here changes the counts. One
/// observation serves all watchers, who get each change at once and a sign of life twice a second.
/// </summary>
internal sealed partial class PlatformMonitor(
    FleetStore store, CollectorMetrics metrics, IOptions<FleetOptions> options, TimeProvider time, ILogger<PlatformMonitor> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan SignOfLife = TimeSpan.FromMilliseconds(500);

    // A fleet that registers all at once changes the counts with every write: this is often enough for anybody.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private readonly Channel<bool> wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private volatile Publication latest = new(null);

    /// <summary>Observes again soon.</summary>
    public void Look() => wake.Writer.TryWrite(true);

    /// <summary>The newest observation at once, then each publication; a slow reader skips to the newest.</summary>
    public async IAsyncEnumerable<PlatformHealth> WatchAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        for (var publication = latest; ; publication = latest)
        {
            if (publication.Health is { } health)
            {
                yield return health;
            }

            await publication.Replaced.Task.WaitAsync(cancellation);
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await using var timer = time.CreateTimer(_ => Look(), null, TimeSpan.Zero, Interval);
        try
        {
            while (await wake.Reader.ReadAsync(stoppingToken))
            {
                Publish(await ObserveAsync());
                await Task.Delay(Pause, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // the service stops
        }
    }

    /// <summary>What is there now.</summary>
    public async Task<PlatformHealth> ObserveAsync()
    {
        var now = time.GetUtcNow();
        try
        {
            var counts = await store.ReadPlatformAsync(now);
            var state = FleetRules.StateOf(counts.Routers.Stored, counts.WatchedFor, options.Value.YoungStore);
            return state == StoreState.Ready
                ? new(
                    now,
                    state,
                    (int)counts.Routers.Registered,
                    (int)counts.RoutersOnline,
                    (int)counts.SharedAgents.Registered,
                    (int)(counts.SharedAgents.Registered - counts.SharedAgents.Fresh),
                    (int)counts.RoutersUnheard,
                    (int)counts.SharedAgentsUnheard)
                : new(now, state);
        }
        catch (StoreUnavailableException failure)
        {
            if (latest.Health is not { Store: StoreState.Unavailable })
            {
                LogUnavailable(logger, failure.InnerException?.Message);
            }

            return new(time.GetUtcNow(), StoreState.Unavailable);
        }
    }

    private void Publish(PlatformHealth health)
    {
        var last = latest;
        if (last.Health is { } known && known with { ObservedAt = health.ObservedAt } == health && health.ObservedAt - known.ObservedAt < SignOfLife)
        {
            return;
        }

        if (last.Health is { Store: StoreState.Unavailable } && health.Store != StoreState.Unavailable)
        {
            LogAvailable(logger);
        }

        metrics.Observed(health);
        latest = new(health);
        last.Replaced.SetResult();
    }

    [LoggerMessage(1, LogLevel.Warning, "Redis is unavailable: {Reason}")]
    private static partial void LogUnavailable(ILogger logger, string? reason);

    [LoggerMessage(2, LogLevel.Information, "Redis is available again")]
    private static partial void LogAvailable(ILogger logger);

    private sealed record Publication(PlatformHealth? Health)
    {
        public TaskCompletionSource Replaced { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
