using StackExchange.Redis;

namespace Xerotier.HealthCollector.Fleet;

/// <summary>
/// The layout before buckets, under <c>fleet:{platform}:…</c> and <c>fleet:{PROJECT}:…</c>. Nothing is read from it but whether collectors
/// of an earlier release still run: neither they nor those of this one hear what the others receive, so until they are gone the fleet is
/// incomplete here, and their watch is set back, so that they take silence for a pause too. The platform's keys are removed when
/// nobody has written to them for some minutes; those of projects expire by themselves.
/// </summary>
internal sealed partial class PreviousLayout(IConnectionMultiplexer redis, ILogger<PreviousLayout> logger)
{
    // KEYS: watch of the layout; ARGV: now, in µs. Returns when the earlier collectors last watched.
    private const string Observe = """
        local last = redis.call('HGET', KEYS[1], 'until')
        if last and tonumber(ARGV[1]) - tonumber(last) < 5000000 then
          redis.call('HSETNX', KEYS[1], 'upgrade', ARGV[1])
          redis.call('HSET', KEYS[1], 'since', ARGV[1], 'before', redis.call('HGET', KEYS[1], 'upgrade'))
        end
        return last
        """;

    private static readonly TimeSpan KeptFor = TimeSpan.FromMinutes(5);
    private volatile bool isGone;

    /// <summary>True when nobody has used it for long: there is nothing to ask any more.</summary>
    public bool IsGone => isGone;

    /// <summary>For how long no collector of an earlier release has watched the fleet.</summary>
    /// <param name="database">Where.</param>
    /// <param name="now">Now, in microseconds since 1970.</param>
    public async Task<TimeSpan> UnusedForAsync(IDatabase database, long now)
    {
        var last = (long?)await database.ScriptEvaluateAsync(Observe, ["fleet:{platform}:watch"], [now]);
        var unused = last is null ? TimeSpan.MaxValue : TimeSpan.FromMicroseconds(now - last.Value);
        if (unused > KeptFor)
        {
            isGone = true;
            if (last is not null)
            {
                _ = RemoveAsync(database);
            }
        }

        return unused;
    }

    private async Task RemoveAsync(IDatabase database)
    {
        try
        {
            foreach (var server in redis.GetServers().Where(server => server.IsConnected && !server.IsReplica))
            {
                await foreach (var key in server.KeysAsync(pattern: "fleet:{platform}:*", pageSize: 1000))
                {
                    await database.KeyDeleteAsync(key); // by UNLINK
                }
            }

            LogRemoved(logger);
        }
        catch (Exception failure) when (failure is RedisException or TimeoutException)
        {
            isGone = false; // the next observation tries again
            LogNotRemoved(logger, failure);
        }
    }

    [LoggerMessage(1, LogLevel.Information, "The keys of the layout before buckets are removed from Redis")]
    private static partial void LogRemoved(ILogger logger);

    [LoggerMessage(2, LogLevel.Information, "The keys of the layout before buckets cannot be removed from Redis yet")]
    private static partial void LogNotRemoved(ILogger logger, Exception failure);
}
