using Microsoft.Extensions.Options;
using StackExchange.Redis;
using Xerotier.ServiceDefaults;

namespace Xerotier.HealthCollector.Fleet;

/// <summary>
/// The fleet in Redis, shared by any number of collectors. Nothing else reads or writes these keys, of which each bucket has its own:
/// <code>
/// fleet:{b07}:watch                 hash    since, until: the watch that the collectors keep over the bucket without a gap; before: the end of the watch before it; in µs since 1970
/// fleet:{b07}:routers               hash    router id → record (HeartbeatRecord)
/// fleet:{b07}:routers:seen          zset    router id, scored by when its last heartbeat was received, in µs since 1970
/// fleet:{b07}:routers:up            zset    the same for those only that said online or draining
/// fleet:{b07}:shared                hash    shared agent's id → record
/// fleet:{b07}:shared:seen           zset    shared agent's id, scored likewise
/// fleet:{b07}:shared:gone           zset    shared agent's id, scored by its sign-off; lives for 10 s
/// fleet:{b07}:serving:PROJECT       set     ids of the bucket's shared agents whose record names an endpoint of the project
/// fleet:{b07}:private:PROJECT       hash    private agent's id → record; expires with the retention
/// fleet:{b07}:private:PROJECT:seen  zset    private agent's id, scored likewise; expires with the retention
/// fleet:{b07}:private:PROJECT:gone  zset    as shared:gone
/// fleet:{b07}:private:PROJECT:bytes string  length of all its records together; expires with them
/// </code>
/// Every script works within one bucket (<see cref="Buckets"/>), so Redis Cluster can spread them (the serving sets are not among a
/// script's KEYS, but their slot is that of its KEYS). One script writes heartbeats of many fleets. It compares times of receipt first:
/// an older heartbeat, from whichever collector, changes nothing, nor does one that was received before the agent's sign-off. A stored
/// time more than a minute ahead does not count: a collector whose clock is wrong must not suppress the heartbeats after it. Each write
/// also retires the senders beyond the retention: private ones always, the platform's while anybody of all buckets is fresh.
/// </summary>
internal sealed class FleetStore(IConnectionMultiplexer redis, PreviousLayout previous, CollectorMetrics metrics, IOptions<FleetOptions> options, RedisClock clock, TimeProvider time)
{
    // Far longer than Redis should ever take, shorter than the timeouts of the callers.
    private static readonly TimeSpan ReadTimeout = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan WriteTimeout = TimeSpan.FromSeconds(2);

    // In µs: how far the collectors' clocks may differ, and how long no collector may observe before a watch has ended.
    private const long MaxClockSkew = 60_000_000;
    private const long MaxGap = 5_000_000;

    // A fleet may be large: it is read and retired in pieces, so that no other client of Redis waits long.
    private const int PieceLength = 1000;
    private const int MaxRetired = 200;

    private static readonly TimeSpan SignOffRetention = TimeSpan.FromSeconds(10);
    private static readonly RedisKey[][] CountKeys = [.. Buckets.Prefixes.Select(bucket => (RedisKey[])[bucket + "watch", bucket + "routers:seen", bucket + "routers:up", bucket + "shared:seen"])];
    private readonly FleetOptions options = options.Value;
    private readonly bool[] unavailable = new bool[Buckets.Count];
    private readonly string?[] troubles = [.. Buckets.All.Select(_ => "Nothing was written to Redis yet.")];
    private readonly long[] fresh = new long[3]; // by kind: when anybody of the platform's was last found fresh, in µs

    /// <summary>Why Redis did not take the last write to some bucket, of heartbeats or of the watch over it; null when it did.</summary>
    public string? Trouble => Array.Find(troubles, trouble => trouble is not null);

    /// <summary>Whether the bucket was last observed with success. While it is false, writes are refused at once: they would only pile up.</summary>
    public bool IsAvailable(int bucket) => !Volatile.Read(ref unavailable[bucket]);

    /// <summary>Writes heartbeats of fleets of one bucket.</summary>
    /// <returns>What the write did.</returns>
    /// <exception cref="StoreUnavailableException">Redis did not acknowledge them.</exception>
    public async Task<WriteResult> WriteAsync(int bucket, IReadOnlyList<FleetWrite> fleets)
    {
        var now = clock.TimeToTrust;
        var keys = new RedisKey[4 * fleets.Count];
        var arguments = new RedisValue[9 + fleets.Sum(write => 3 + (4 * write.Heartbeats.Count))];
        arguments[0] = FleetRules.FreshSince(now, options.StaleAfter);
        arguments[1] = FleetRules.ToMicroseconds(now - SignOffRetention);
        arguments[2] = (long)SignOffRetention.TotalMilliseconds;
        arguments[3] = (long)(options.Retention + options.StaleAfter).TotalMilliseconds;
        arguments[4] = MaxClockSkew;
        arguments[5] = options.MaxAgentsPerProject;
        arguments[6] = options.MaxBytesPerProject;
        arguments[7] = Buckets.Prefixes[bucket] + "serving:";
        arguments[8] = MaxRetired;
        var (k, i) = (0, 9);
        foreach (var (fleet, heartbeats) in fleets)
        {
            var root = fleet.Root;
            keys[k++] = root;
            keys[k++] = root + ":seen";
            keys[k++] = root + (fleet.Kind == SenderKind.Router ? ":up" : ":gone");
            keys[k++] = root + ":bytes";
            arguments[i++] = KindName(fleet.Kind);
            arguments[i++] = RetireBefore(fleet.Kind, now);
            arguments[i++] = heartbeats.Count;
            foreach (var heartbeat in heartbeats)
            {
                arguments[i++] = heartbeat.ReceivedAt;
                arguments[i++] = heartbeat.IsUp ? 1 : 0;
                arguments[i++] = heartbeat.Id;
                arguments[i++] = heartbeat.Record;
            }
        }

        var reply = await WriteAsync(bucket, "write", FleetScripts.Write, keys, arguments, WriteTimeout);
        var (refused, failed) = ((RedisValue[])reply[1]!, (RedisValue[])reply[2]!);
        if (failed.Length > 0)
        {
            troubles[bucket] = failed[1];
        }

        return new(
            (int)reply[0],
            refused.Length == 0 ? [] : [.. refused.Chunk(2).Select(pair => ((int)pair[0] - 1, (string)pair[1]!))],
            failed.Length == 0 ? [] : [.. failed.Chunk(2).Select(pair => ((int)pair[0] - 1, new StoreUnavailableException(new RedisException((string)pair[1]!))))]);
    }

    /// <summary>Counts the platform's routers and shared agents, at a cost that hardly depends on how many there are.</summary>
    /// <exception cref="StoreUnavailableException">Redis does not respond, be it for a part of them: the sum is never too small.</exception>
    public async Task<PlatformCounts> ObservePlatformAsync(DateTimeOffset now)
    {
        var micros = FleetRules.ToMicroseconds(now);
        var buckets = await ObserveAsync(Buckets.All, now);
        var unused = previous.IsGone ? TimeSpan.MaxValue : await CallAsync("previous", database => previous.UnusedForAsync(database, micros), ReadTimeout);
        var counts = PlatformCounts.Sum(buckets, micros, MaxGap);
        counts = counts with { WholeFor = unused < counts.WholeFor ? unused : counts.WholeFor };
        foreach (var (kind, sum) in new[] { (SenderKind.Router, counts.Routers), (SenderKind.Shared, counts.SharedAgents) })
        {
            if (sum.Fresh > 0)
            {
                Volatile.Write(ref fresh[(int)kind], micros);
            }
        }

        // Whoever is beyond the retention in a bucket that nobody writes to.
        await Task.WhenAll(Buckets.All.Select(bucket => RetireAsync(bucket, FleetKey.Routers[bucket], counts.Routers, buckets[bucket].Routers)));
        await Task.WhenAll(Buckets.All.Select(bucket => RetireAsync(bucket, FleetKey.SharedAgents[bucket], counts.SharedAgents, buckets[bucket].SharedAgents)));
        return counts;

        Task RetireAsync(int bucket, FleetKey fleet, SenderCounts sum, SenderCounts part) =>
            sum.Fresh > 0 && part.Stored > part.WithinRetention ? WriteAsync(bucket, [new(fleet, ArraySegment<ReceivedHeartbeat>.Empty)]) : Task.CompletedTask;
    }

    /// <summary>Keeps the watch over some buckets and counts what they hold, in their order.</summary>
    /// <exception cref="StoreUnavailableException">Redis does not respond for one of them.</exception>
    public Task<BucketCounts[]> ObserveAsync(IReadOnlyList<int> buckets, DateTimeOffset now)
    {
        RedisValue[] arguments =
        [
            FleetRules.ToMicroseconds(now), FleetRules.FreshSince(now, options.StaleAfter), FleetRules.RegisteredSince(now, options.Retention, anyFresh: true),
            (long)options.StaleAfter.TotalMicroseconds, (long)options.YoungStore.TotalMicroseconds, MaxClockSkew, MaxGap,
        ];
        return Task.WhenAll(buckets.Select(ObserveAsync));

        async Task<BucketCounts> ObserveAsync(int bucket)
        {
            try
            {
                var n = (long[])(await WriteAsync(bucket, "count", FleetScripts.Count, CountKeys[bucket], arguments, ReadTimeout))!;
                Volatile.Write(ref unavailable[bucket], false);
                return new(
                    WatchedSince: n[0],
                    WatchedBefore: n[1],
                    UnheardSince: n[2],
                    UnheardUntil: n[3],
                    new(Stored: n[4], WithinRetention: n[5], Fresh: n[6]),
                    new(Stored: n[7], WithinRetention: n[8], Fresh: n[9]),
                    RoutersOnline: n[10],
                    RoutersUnheard: n[11],
                    SharedAgentsUnheard: n[12]);
            }
            catch (StoreUnavailableException)
            {
                Volatile.Write(ref unavailable[bucket], true);
                throw;
            }
        }
    }

    /// <summary>All routers that are registered, by id.</summary>
    /// <exception cref="StoreUnavailableException">Redis does not respond.</exception>
    public async Task<IReadOnlyList<StoredHeartbeat>> ReadRoutersAsync(DateTimeOffset now) => await RegisteredAsync(await ReadAllAsync(FleetKey.Routers), SenderKind.Router, now);

    /// <summary>All shared agents that are registered, by id.</summary>
    /// <exception cref="StoreUnavailableException">Redis does not respond.</exception>
    public async Task<IReadOnlyList<StoredHeartbeat>> ReadSharedAgentsAsync(DateTimeOffset now) => await RegisteredAsync(await ReadAllAsync(FleetKey.SharedAgents), SenderKind.Shared, now);

    /// <summary>The private agents of a project that are registered, by id.</summary>
    /// <exception cref="StoreUnavailableException">Redis does not respond.</exception>
    public async Task<IReadOnlyList<StoredHeartbeat>> ReadPrivateAgentsAsync(string projectId, DateTimeOffset now) =>
        await RegisteredAsync(await ReadAllAsync([FleetKey.PrivateAgents(projectId)]), SenderKind.Private, now);

    /// <summary>The registered shared agents that name an endpoint of a project, by id.</summary>
    /// <exception cref="StoreUnavailableException">Redis does not respond.</exception>
    public async Task<IReadOnlyList<StoredHeartbeat>> ReadServingAsync(string projectId, DateTimeOffset now)
    {
        var ids = await CallAsync("ids", database => Task.WhenAll(Buckets.Prefixes.Select(bucket => database.SetMembersAsync($"{bucket}serving:{projectId}"))), ReadTimeout);
        return await RegisteredAsync(await ReadAsync(FleetKey.SharedAgents, ids), SenderKind.Shared, now);
    }

    private static string KindName(SenderKind kind) => kind switch
    {
        SenderKind.Router => "router",
        SenderKind.Shared => "shared",
        _ => "private",
    };

    // Only the platform's indicators must not vanish: private agents are retired even if none is fresh.
    private long RetireBefore(SenderKind kind, DateTimeOffset now) =>
        FleetRules.RegisteredSince(now, options.Retention, kind == SenderKind.Private || Volatile.Read(ref fresh[(int)kind]) > FleetRules.ToMicroseconds(now) - MaxGap);

    private async Task<List<StoredHeartbeat>> ReadAllAsync(IReadOnlyList<FleetKey> fleets) =>
        await ReadAsync(fleets, await CallAsync("ids", database => Task.WhenAll(fleets.Select(fleet => database.SortedSetRangeByRankAsync(fleet.Root + ":seen"))), ReadTimeout));

    private async Task<List<StoredHeartbeat>> ReadAsync(IReadOnlyList<FleetKey> fleets, RedisValue[][] ids)
    {
        var heartbeats = new List<StoredHeartbeat>(ids.Sum(some => some.Length));
        foreach (var found in await Task.WhenAll(fleets.Zip(ids, ReadAsync)))
        {
            heartbeats.AddRange(found);
        }

        return heartbeats;

        async Task<List<StoredHeartbeat>> ReadAsync(FleetKey fleet, RedisValue[] ids)
        {
            var found = new List<StoredHeartbeat>(ids.Length);
            foreach (var piece in ids.Chunk(PieceLength))
            {
                found.AddRange(Parse(await RunAsync("read", FleetScripts.Read, [fleet.Root, fleet.Root + ":seen"], piece, ReadTimeout)));
            }

            return found;
        }
    }

    private static IEnumerable<StoredHeartbeat> Parse(RedisResult reply)
    {
        var found = (RedisValue[])reply!;
        for (var i = 0; i < found.Length; i += 3)
        {
            yield return new(found[i]!, (long)found[i + 1], (byte[])found[i + 2]!);
        }
    }

    private async Task<IReadOnlyList<StoredHeartbeat>> RegisteredAsync(List<StoredHeartbeat> heartbeats, SenderKind kind, DateTimeOffset now)
    {
        var since = FleetRules.RegisteredSince(now, options.Retention, anyFresh: true);
        if (heartbeats.Exists(heartbeat => heartbeat.ReceivedAt < since) && (kind == SenderKind.Private || await AnyFreshAsync()))
        {
            heartbeats.RemoveAll(heartbeat => heartbeat.ReceivedAt < since);
        }

        heartbeats.Sort((a, b) => string.CompareOrdinal(a.Id, b.Id));
        return heartbeats;

        // Whether anybody is fresh depends on all of the kind, not only on those that were read.
        async Task<bool> AnyFreshAsync()
        {
            var counts = await ObservePlatformAsync(now);
            return (kind == SenderKind.Router ? counts.Routers : counts.SharedAgents).Fresh > 0;
        }
    }

    private async Task<RedisResult> WriteAsync(int bucket, string operation, string script, RedisKey[] keys, RedisValue[] arguments, TimeSpan timeout)
    {
        try
        {
            var reply = await RunAsync(operation, script, keys, arguments, timeout);
            troubles[bucket] = null;
            return reply;
        }
        catch (StoreUnavailableException failure)
        {
            troubles[bucket] = failure.InnerException!.Message;
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
