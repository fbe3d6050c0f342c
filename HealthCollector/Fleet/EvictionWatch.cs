using StackExchange.Redis;
using Xerotier.Fleet.V1;

namespace Xerotier.HealthCollector.Fleet;

/// <summary>
/// Warns of a Redis that throws keys away when its memory is full: then routers and agents vanish and nobody is told. All primaries are
/// asked every minute, at the start and after each loss of Redis; told once for each policy that it finds.
/// </summary>
internal sealed partial class EvictionWatch(IConnectionMultiplexer redis, PlatformMonitor monitor, CollectorMetrics metrics, TimeProvider time, ILogger<EvictionWatch> logger) : BackgroundService
{
    private const string Wanted = "noeviction";
    private const string Field = "maxmemory_policy:";
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private string known = Wanted;
    private long asked;
    private int due = 1;

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        redis.ConnectionRestored += (_, _) => Volatile.Write(ref due, 1); // another server may stand at the same address
        try
        {
            await foreach (var health in monitor.WatchAsync(stoppingToken))
            {
                if (health.Store == StoreState.Unavailable)
                {
                    Volatile.Write(ref due, 1);
                }
                else if (Interlocked.Exchange(ref due, 0) == 1 || time.GetElapsedTime(asked) >= Interval)
                {
                    asked = time.GetTimestamp();
                    await AskAsync();
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // the service stops
        }
    }

    // By INFO: many a hosted Redis forbids CONFIG.
    private async Task AskAsync()
    {
        try
        {
            var policies = await Task.WhenAll(redis.GetServers().Where(server => server.IsConnected && !server.IsReplica).Select(async server =>
                ((string?)await server.ExecuteAsync("INFO", "memory"))?.Split('\n', StringSplitOptions.TrimEntries)
                    .FirstOrDefault(line => line.StartsWith(Field, StringComparison.Ordinal))?[Field.Length..]));
            var policy = policies.FirstOrDefault(policy => policy is not (null or Wanted)) ?? Wanted;
            if (policy != Wanted && policy != known)
            {
                LogEvicts(logger, policy);
            }

            known = policy;
            metrics.Evicts = policy != Wanted;
        }
        catch (Exception failure) when (failure is RedisException or RedisCommandException or TimeoutException)
        {
            LogUnknown(logger, failure);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "Redis evicts by {Policy} when its memory is full: parts of the fleet would vanish unnoticed. Set its maxmemory-policy to noeviction")]
    private static partial void LogEvicts(ILogger logger, string policy);

    [LoggerMessage(2, LogLevel.Information, "Redis does not tell its maxmemory-policy")]
    private static partial void LogUnknown(ILogger logger, Exception failure);
}
