using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Xerotier.ServiceDefaults;

/// <summary>The service's own clock beside Redis', by which all replicas go whose own is off.</summary>
public sealed class RedisClock(IConnectionMultiplexer redis, TimeProvider time, IMeterFactory meters, ILogger<RedisClock> logger)
    : StoreClock("Redis'", time, meters, logger)
{
    /// <inheritdoc/>
    protected override async Task<(DateTimeOffset Answer, long Begun, TimeSpan Trip)> AskAsync(TimeProvider time, CancellationToken cancellation)
    {
        // Of a Cluster the same node each time, for their clocks may differ.
        var server = redis.GetServers().Where(server => server.IsConnected && !server.IsReplica).MinBy(server => $"{server.EndPoint}")
            ?? throw new InvalidOperationException("No primary is connected.");
        var begun = time.GetTimestamp();
        var answer = await server.TimeAsync();
        return (answer, begun, time.GetElapsedTime(begun));
    }
}
