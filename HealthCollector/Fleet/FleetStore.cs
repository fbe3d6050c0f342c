using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace Xerotier.HealthCollector.Fleet;

/// <summary>
/// The fleet in Redis, shared by any number of collectors. Nothing else reads or writes these keys:
/// <code>
/// fleet:{platform}:watch           hash    since, until: the watch that the collectors keep over the fleet without a gap; before: the end of the watch before it; in µs since 1970
/// fleet:{platform}:routers         hash    router id → record (HeartbeatRecord)
/// fleet:{platform}:routers:seen    zset    router id, scored by when its last heartbeat was received, in µs since 1970
/// fleet:{platform}:routers:up      zset    the same for those only that said online or draining
/// fleet:{platform}:shared          hash    shared agent's id → record
/// fleet:{platform}:shared:seen     zset    shared agent's id, scored likewise
/// fleet:{platform}:shared:gone     zset    shared agent's id, scored by its sign-off; lives for 10 s
/// fleet:{platform}:serving:PROJECT set     ids of the shared agents whose record names an endpoint of the project
/// fleet:{PROJECT}:private          hash    private agent's id → record; expires with the retention
/// fleet:{PROJECT}:private:seen     zset    private agent's id, scored likewise; expires with the retention
/// fleet:{PROJECT}:private:gone     zset    as shared:gone
/// fleet:{PROJECT}:private:bytes    string  length of all its records together; expires with them
/// </code>
/// Every script uses one hash tag, so Redis Cluster can spread the projects (the serving sets are not among a script's KEYS, but
/// their slot is that of its KEYS). One script writes heartbeats. It compares times of receipt first: an older heartbeat, from
/// whichever collector, changes nothing, nor does one that was received before the agent's sign-off. A stored time more than a
/// minute ahead does not count: a collector whose clock is wrong must not suppress the heartbeats after it. Each write also retires
/// the senders beyond the retention, while anybody of the fleet is fresh.
/// </summary>
internal sealed class FleetStore(IConnectionMultiplexer redis, CollectorMetrics metrics, IOptions<FleetOptions> options, TimeProvider time)
{
    // Far longer than Redis should ever take, shorter than the timeouts of the callers.
    private static readonly TimeSpan ReadTimeout = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan WriteTimeout = TimeSpan.FromSeconds(2);

    // In µs: how far the collectors' clocks may differ, and how long no collector may observe before a watch has ended.
    private const long MaxClockSkew = 60_000_000;
    private const long MaxGap = 5_000_000;

    // A fleet may be large: it is read in pieces, so that no other client of Redis waits long.
    private const int PieceLength = 1000;

    private static readonly TimeSpan SignOffRetention = TimeSpan.FromSeconds(10);
    private static readonly RedisKey[] PlatformKeys = ["fleet:{platform}:watch", "fleet:{platform}:routers:seen", "fleet:{platform}:routers:up", "fleet:{platform}:shared:seen"];
    private readonly FleetOptions options = options.Value;
    private volatile bool available = true;
    private volatile string? trouble = "Nothing was written to Redis yet.";

    /// <summary>Whether the last <see cref="ObservePlatformAsync"/> succeeded. While it is false, writes are refused at once: they would only pile up.</summary>
    public bool IsAvailable => available;

    /// <summary>Why Redis did not take the last write, of heartbeats or of the watch over the fleet; null when it did.</summary>
    public string? Trouble => trouble;

    /// <summary>Writes heartbeats of one fleet, each sender at most once.</summary>
    /// <returns>What the write did.</returns>
    /// <exception cref="StoreUnavailableException">Redis did not acknowledge them.</exception>
    public async Task<WriteResult> WriteAsync(FleetKey fleet, IReadOnlyCollection<ReceivedHeartbeat> heartbeats)
    {
        var now = time.GetUtcNow();
        var arguments = new RedisValue[9 + (4 * heartbeats.Count)];
        arguments[0] = KindName(fleet.Kind);
        arguments[1] = fleet.Kind == SenderKind.Private ? options.MaxAgentsPerProject : long.MaxValue;
        arguments[2] = FleetRules.FreshSince(now, options.StaleAfter);
        arguments[3] = FleetRules.RegisteredSince(now, options.Retention, anyFresh: true);
        arguments[4] = FleetRules.ToMicroseconds(now - SignOffRetention);
        arguments[5] = (long)(options.Retention + options.StaleAfter).TotalMilliseconds;
        arguments[6] = options.MaxBytesPerProject;
        arguments[7] = MaxClockSkew;
        arguments[8] = (long)SignOffRetention.TotalMilliseconds;
        var i = 9;
        foreach (var heartbeat in heartbeats)
        {
            arguments[i++] = heartbeat.ReceivedAt;
            arguments[i++] = heartbeat.IsUp ? 1 : 0;
            arguments[i++] = heartbeat.Id;
            arguments[i++] = heartbeat.Record;
        }

        var root = Root(fleet);
        var reply = await WriteAsync("write", FleetScripts.Write, [root, root + ":seen", root + (fleet.Kind == SenderKind.Router ? ":up" : ":gone"), root + ":bytes"], arguments, WriteTimeout);
        return new((int)reply[0], (string[])reply[1]!);
    }

    /// <summary>Counts the platform's routers and shared agents, at a cost that hardly depends on how many there are.</summary>
    /// <exception cref="StoreUnavailableException">Redis does not respond.</exception>
    public async Task<PlatformCounts> ObservePlatformAsync(DateTimeOffset now)
    {
        RedisValue[] arguments =
        [
            FleetRules.ToMicroseconds(now), FleetRules.FreshSince(now, options.StaleAfter), FleetRules.RegisteredSince(now, options.Retention, anyFresh: true),
            (long)options.StaleAfter.TotalMicroseconds, (long)options.YoungStore.TotalMicroseconds, MaxClockSkew, MaxGap,
        ];
        long[] n;
        try
        {
            n = (long[])(await WriteAsync("count", FleetScripts.Count, PlatformKeys, arguments, ReadTimeout))!;
            available = true;
        }
        catch (StoreUnavailableException)
        {
            available = false;
            throw;
        }

        return new(
            TimeSpan.FromMicroseconds(n[0]),
            new(Stored: n[1], WithinRetention: n[2], Fresh: n[3]),
            new(Stored: n[4], WithinRetention: n[5], Fresh: n[6]),
            RoutersOnline: n[7],
            UnheardSince: n[8],
            UnheardUntil: n[9],
            RoutersUnheard: n[10],
            SharedAgentsUnheard: n[11]);
    }

    /// <summary>Everything that is registered in a fleet, by id.</summary>
    /// <exception cref="StoreUnavailableException">Redis does not respond.</exception>
    public async Task<IReadOnlyList<StoredHeartbeat>> ReadFleetAsync(FleetKey fleet, DateTimeOffset now)
    {
        var heartbeats = await ReadAsync(fleet, await CallAsync("ids", database => database.SortedSetRangeByRankAsync(Root(fleet) + ":seen"), ReadTimeout));
        var fresh = FleetRules.FreshSince(now, options.StaleAfter);

        // Only the platform's indicators must not vanish: private agents are retired even if none is fresh.
        return Registered(heartbeats, fleet.Kind == SenderKind.Private || heartbeats.Exists(heartbeat => heartbeat.ReceivedAt >= fresh), now);
    }

    /// <summary>The registered shared agents that name an endpoint of a project, by id.</summary>
    /// <exception cref="StoreUnavailableException">Redis does not respond.</exception>
    public async Task<IReadOnlyList<StoredHeartbeat>> ReadServingAsync(string projectId, DateTimeOffset now)
    {
        var heartbeats = await ReadAsync(FleetKey.SharedAgents, await CallAsync("ids", database => database.SetMembersAsync("fleet:{platform}:serving:" + projectId), ReadTimeout));
        if (heartbeats.Count == 0)
        {
            return heartbeats;
        }

        // Whether any shared agent is fresh depends on all of them, not only on those that serve this project.
        var newest = await CallAsync("newest", database => database.SortedSetRangeByRankWithScoresAsync(Root(FleetKey.SharedAgents) + ":seen", -1, -1), ReadTimeout);
        return Registered(heartbeats, newest.Length > 0 && newest[0].Score >= FleetRules.FreshSince(now, options.StaleAfter), now);
    }

    private static string Root(FleetKey fleet) => fleet.Kind switch
    {
        SenderKind.Router => "fleet:{platform}:routers",
        SenderKind.Shared => "fleet:{platform}:shared",
        _ => $"fleet:{{{fleet.Owner}}}:private",
    };

    private static string KindName(SenderKind kind) => kind switch
    {
        SenderKind.Router => "router",
        SenderKind.Shared => "shared",
        _ => "private",
    };

    private async Task<List<StoredHeartbeat>> ReadAsync(FleetKey fleet, RedisValue[] ids)
    {
        var root = Root(fleet);
        var heartbeats = new List<StoredHeartbeat>(ids.Length);
        foreach (var piece in ids.Chunk(PieceLength))
        {
            heartbeats.AddRange(Parse(await RunAsync("read", FleetScripts.Read, [root, root + ":seen"], piece, ReadTimeout)));
        }

        return heartbeats;
    }

    private static IEnumerable<StoredHeartbeat> Parse(RedisResult reply)
    {
        var found = (RedisValue[])reply!;
        for (var i = 0; i < found.Length; i += 3)
        {
            yield return new(found[i]!, (long)found[i + 1], (byte[])found[i + 2]!);
        }
    }

    private List<StoredHeartbeat> Registered(List<StoredHeartbeat> heartbeats, bool anyFresh, DateTimeOffset now)
    {
        var since = FleetRules.RegisteredSince(now, options.Retention, anyFresh);
        heartbeats.RemoveAll(heartbeat => heartbeat.ReceivedAt < since);
        heartbeats.Sort((a, b) => string.CompareOrdinal(a.Id, b.Id));
        return heartbeats;
    }

    private async Task<RedisResult> WriteAsync(string operation, string script, RedisKey[] keys, RedisValue[] arguments, TimeSpan timeout)
    {
        try
        {
            var reply = await RunAsync(operation, script, keys, arguments, timeout);
            trouble = null;
            return reply;
        }
        catch (StoreUnavailableException failure)
        {
            trouble = failure.InnerException!.Message;
            throw;
        }
    }

    private Task<RedisResult> RunAsync(string operation, string script, RedisKey[] keys, RedisValue[] arguments, TimeSpan timeout) =>
        CallAsync(operation, database => database.ScriptEvaluateAsync(script, keys, arguments), timeout);

    // StackExchange.Redis has no metrics: every call goes through here and is measured here.
    private async Task<T> CallAsync<T>(string operation, Func<IDatabase, Task<T>> call, TimeSpan timeout)
    {
        var started = time.GetTimestamp();
        try
        {
            return await call(redis.GetDatabase()).WaitAsync(timeout);
        }
        catch (Exception failure) when (failure is RedisException or TimeoutException)
        {
            throw new StoreUnavailableException(failure);
        }
        finally
        {
            metrics.StoreCalled(operation, time.GetElapsedTime(started));
        }
    }
}
