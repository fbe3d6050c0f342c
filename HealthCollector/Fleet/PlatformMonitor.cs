using System.Runtime.CompilerServices;
using Microsoft.Extensions.Options;
using Xerotier.Fleet.V1;
using Xerotier.ServiceDefaults;

namespace Xerotier.HealthCollector.Fleet;

/// <summary>
/// Observes the platform by counting: four times a second, and as soon as a heartbeat written here changes the counts. One
/// observation serves all watchers. They get each change at once, and a keepalive twice a second.
/// </summary>
internal sealed partial class PlatformMonitor(
    FleetStore store, CollectorMetrics metrics, IOptions<FleetOptions> options, RedisClock clock, TimeProvider time, ILogger<PlatformMonitor> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Keepalive = TimeSpan.FromMilliseconds(500);

    // While a whole fleet registers, every write changes the counts. Observing more often than this serves nobody.
    private static readonly TimeSpan MinInterval = TimeSpan.FromMilliseconds(50);

    private readonly WakeSignal wake = new();
    private readonly Latest<PlatformHealth?> latest = new(null);

    /// <summary>What was observed last.</summary>
    public PlatformHealth? Latest => latest.Value;

    /// <summary>Makes the monitor observe again soon.</summary>
    public void Wake() => wake.Set();

    /// <summary>The newest observation at once, then each one that is published; a slow reader skips to the newest.</summary>
    public async IAsyncEnumerable<PlatformHealth> WatchAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        while (true)
        {
            var (health, changed) = latest.Current;
            if (health is not null)
            {
                yield return health;
            }

            await changed.WaitAsync(cancellation);
        }
    }

    /// <summary>The platform's health now.</summary>
    public async Task<PlatformHealth> ObserveAsync()
    {
        var now = clock.TimeToTrust;
        try
        {
            var counts = await store.ObservePlatformAsync(now);
            var state = FleetRules.StateOf(counts, options.Value.YoungStore);
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
            if (latest.Value is not { Store: StoreState.Unavailable })
            {
                LogUnavailable(logger, failure);
            }

            return new(clock.TimeToTrust, StoreState.Unavailable);
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // A timer, not a timeout of each wait: a tick that falls into an observation is kept for the next.
        await using var timer = time.CreateTimer(_ => Wake(), null, TimeSpan.Zero, Interval);
        try
        {
            while (await wake.WaitAsync(Timeout.InfiniteTimeSpan, time, stoppingToken))
            {
                Publish(await ObserveAsync());
                await Task.Delay(MinInterval, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // the service stops
        }
    }

    private void Publish(PlatformHealth health)
    {
        var last = latest.Value;
        if (last is not null && last with { ObservedAt = health.ObservedAt } == health && (health.ObservedAt - last.ObservedAt).Duration() < Keepalive) // the time may have been put right
        {
            return;
        }

        if (last is { Store: StoreState.Unavailable } && health.Store != StoreState.Unavailable)
        {
            LogAvailable(logger);
        }

        metrics.Observed(health);
        latest.Set(health);
    }

    [LoggerMessage(1, LogLevel.Warning, "Redis is unavailable")]
    private static partial void LogUnavailable(ILogger logger, Exception failure);

    [LoggerMessage(2, LogLevel.Information, "Redis is available again")]
    private static partial void LogAvailable(ILogger logger);
}
