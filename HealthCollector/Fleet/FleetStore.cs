using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace Xerotier.HealthCollector;

/// <summary>The store does not answer, or not in time.</summary>
internal sealed class StoreUnavailableException(Exception cause) : Exception("Redis is unavailable.", cause);

/// <summary>
/// The fleet in Redis, shared by any number of collectors. Nothing else reads or writes these keys:
/// <code>
/// fleet:{platform}:watch           hash    since, until: the uninterrupted watch that collectors keep over the fleet; before: the end of the watch before it; in µs since 1970
/// fleet:{platform}:routers         hash    router id → record (FleetRecord)
/// fleet:{platform}:routers:seen    zset    router id, scored by when it was last heard, in µs since 1970
/// fleet:{platform}:routers:up      zset    the same for those alone that said online or draining
/// fleet:{platform}:shared          hash    shared agent's id → record
/// fleet:{platform}:shared:seen     zset    shared agent's id, scored likewise
/// fleet:{platform}:shared:gone     zset    shared agent's id, scored by its sign-off; lives for 10 s
/// fleet:{platform}:serving:PROJECT set     ids of the shared agents whose record names an endpoint of the project
/// fleet:{PROJECT}:private          hash    private agent's id → record; expires with the retention
/// fleet:{PROJECT}:private:seen     zset    private agent's id, scored likewise; expires with the retention
/// fleet:{PROJECT}:private:gone     zset    as shared:gone
/// fleet:{PROJECT}:private:bytes    string  length of all its records together; expires with them
/// </code>
/// Every script touches one hash tag, so Redis Cluster can spread the projects (the serving sets are not among a script's KEYS, but
/// live in the slot of those that are). A heartbeat is written by one script that looks at
/// the time of receipt first: an older one, from whichever collector, changes nothing, and neither does one that was received
/// before the agent's sign-off; but nobody was heard more than a minute from now: a collector whose clock is wrong must not silence
/// those that come after it. Whoever writes also retires what the retention has passed, while anybody of the fleet is fresh.
/// </summary>
internal sealed class FleetStore(IConnectionMultiplexer redis, CollectorMetrics metrics, IOptions<FleetOptions> options, TimeProvider time)
{
    // How long Redis may take: far longer than it ever should, shorter than those wait who wait for it.
    private static readonly TimeSpan ReadPatience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan WritePatience = TimeSpan.FromSeconds(2);

    // In µs: how far collectors' clocks may be apart, and for how long none of them may look before a watch has ended.
    private const long ClocksApart = 60_000_000;
    private const long LongestPause = 5_000_000;

    // ARGV: kind, quota, fresh since, registered since, forget sign-offs before, lifetime in ms, quota of bytes,
    // then for each heartbeat: when it was heard, 1 or 0 (offline), id, record.
    private static readonly string WriteScript = $$$"""
        local records, seen, third = KEYS[1], KEYS[2], KEYS[3]
        local kind, quota, fresh, lifetime = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[6]
        local router, shared, private = kind == 'router', kind == 'shared', kind == 'private'
        local bytes, room = private and tonumber(redis.call('GET', KEYS[4]) or '0'), tonumber(ARGV[7])
        local changes, refused = 0, {}

        local function newer(known, heard)
          known = known and tonumber(known)
          return known and known > heard and known <= heard + {{{ClocksApart}}}
        end
        local function projects(record)
          return record and string.sub(record, 1, string.find(record, '\n', 1, true) - 1) or ''
        end
        local function index(id, before, after)
          if before == after then return end
          for project in string.gmatch(before, '[^,]+') do redis.call('SREM', 'fleet:{platform}:serving:' .. project, id) end
          for project in string.gmatch(after, '[^,]+') do redis.call('SADD', 'fleet:{platform}:serving:' .. project, id) end
        end
        local function remove(id)
          if shared then index(id, projects(redis.call('HGET', records, id)), '') end
          if private then bytes = bytes - redis.call('HSTRLEN', records, id) end
          redis.call('HDEL', records, id)
          redis.call('ZREM', seen, id)
          if router then redis.call('ZREM', third, id) end
          changes = changes + 1
        end

        local newest = redis.call('ZREVRANGE', seen, 0, 0, 'WITHSCORES')[2]
        if newest and (private or tonumber(newest) >= fresh) then
          for _, id in ipairs(redis.call('ZRANGE', seen, '-inf', '(' .. ARGV[4], 'BYSCORE', 'LIMIT', 0, 1000)) do remove(id) end
        end
        local count, gone = redis.call('ZCARD', seen), false
        if not router and redis.call('EXISTS', third) == 1 then
          redis.call('ZREMRANGEBYSCORE', third, '-inf', ARGV[5])
          gone = true
        end

        for i = 8, #ARGV, 4 do
          local heard, id, record = tonumber(ARGV[i]), ARGV[i + 2], ARGV[i + 3]
          local last = redis.call('ZSCORE', seen, id)
          last = last and tonumber(last)
          local left = gone and redis.call('ZSCORE', third, id)
          local grown = private and bytes + #record - redis.call('HSTRLEN', records, id)
          if newer(last, heard) or newer(left, heard) then
            -- a newer one is known
          elseif ARGV[i + 1] == '0' and not router then
            if last then remove(id); count = count - 1 end
            redis.call('ZADD', third, heard, id)
            redis.call('PEXPIRE', third, 10000)
            gone = true
          elseif (not last and count >= quota) or (private and grown > room) then
            refused[#refused + 1] = id
          else
            local known = shared and redis.call('HGET', records, id)
            if private then bytes = grown end
            if not last then count = count + 1 end
            if not last or last < fresh then changes = changes + 1 end
            if router then
              if ARGV[i + 1] == '1' then changes = changes + redis.call('ZADD', third, heard, id)
              else changes = changes + redis.call('ZREM', third, id) end
            elseif shared then
              if known ~= record then index(id, projects(known), projects(record)) end
            end
            if left then redis.call('ZREM', third, id) end
            redis.call('ZADD', seen, ARGV[i], id)
            if known ~= record then redis.call('HSET', records, id, record) end
          end
        end
        if private then
          if bytes > 0 then redis.call('SET', KEYS[4], bytes, 'PX', lifetime) else redis.call('DEL', KEYS[4]) end
          redis.call('PEXPIRE', records, lifetime)
          redis.call('PEXPIRE', seen, lifetime)
        end
        return { changes, refused }
        """;

    // ARGV: now, fresh since, registered since, stale after, the time that a fleet has to be heard again; all in µs.
    private static readonly string PlatformScript = $$$"""
        local now, chance = tonumber(ARGV[1]), tonumber(ARGV[5])
        local watch = redis.call('HMGET', KEYS[1], 'since', 'until', 'before')
        local since, last, before = tonumber(watch[1]), tonumber(watch[2]), tonumber(watch[3])
        if not last or last > now + {{{ClocksApart}}} then
          since, last, before = now, now, now
        elseif now > last + {{{LongestPause}}} then
          if last - since >= chance then before = last end
          since = now
        end
        local function text(micros) return string.format('%.0f', micros) end
        redis.call('HSET', KEYS[1], 'since', text(since), 'until', text(math.max(now, last)), 'before', text(before))

        local counts = { now - since }
        for i, key in ipairs({ KEYS[2], KEYS[4] }) do
          counts[#counts + 1] = redis.call('ZCARD', key)
          counts[#counts + 1] = redis.call('ZCOUNT', key, ARGV[3], '+inf')
          counts[#counts + 1] = redis.call('ZCOUNT', key, ARGV[2], '+inf')
        end
        counts[#counts + 1] = redis.call('ZCOUNT', KEYS[3], ARGV[2], '+inf')
        local unheard_since, unheard_until = before - tonumber(ARGV[4]), math.min(since, tonumber(ARGV[2]))
        counts[#counts + 1] = unheard_since
        counts[#counts + 1] = unheard_until
        for i, key in ipairs({ KEYS[3], KEYS[4] }) do
          counts[#counts + 1] = now - since < chance and redis.call('ZCOUNT', key, text(unheard_since), '(' .. text(unheard_until)) or 0
        end
        return counts
        """;

    // ARGV: ids.
    private const string SomeScript = """
        local found = {}
        for i, id in ipairs(ARGV) do
          local score, record = redis.call('ZSCORE', KEYS[2], id), redis.call('HGET', KEYS[1], id)
          if score and record then
            found[#found + 1] = id
            found[#found + 1] = score
            found[#found + 1] = record
          end
        end
        return found
        """;

    // A fleet may be large: it is read in pieces, so that no other client of Redis waits long.
    private const int PieceLength = 1000;

    private static readonly TimeSpan SignOffRemembered = TimeSpan.FromSeconds(10);
    private static readonly RedisKey[] PlatformKeys = ["fleet:{platform}:watch", "fleet:{platform}:routers:seen", "fleet:{platform}:routers:up", "fleet:{platform}:shared:seen"];
    private readonly FleetOptions options = options.Value;
    private volatile bool available = true;

    /// <summary>Whether the last <see cref="ReadPlatformAsync"/> succeeded. While it is false writes are refused at once: they would only pile up.</summary>
    public bool IsAvailable => available;

    /// <summary>Writes heartbeats of one fleet, each id at most once.</summary>
    /// <returns>How many of them changed the platform's counts, and the ids that the quota refused.</returns>
    /// <exception cref="StoreUnavailableException">Redis did not acknowledge them.</exception>
    public async Task<WriteResult> WriteAsync(FleetKey fleet, IReadOnlyCollection<Beat> beats)
    {
        var now = time.GetUtcNow();
        var arguments = new RedisValue[7 + (4 * beats.Count)];
        arguments[0] = KindName(fleet.Kind);
        arguments[1] = fleet.Kind == SenderKind.Private ? options.MaxAgentsPerProject : long.MaxValue;
        arguments[2] = FleetRules.FreshSince(now, options.StaleAfter);
        arguments[3] = FleetRules.RegisteredSince(now, options.Retention, anyFresh: true);
        arguments[4] = FleetRules.Micros(now - SignOffRemembered);
        arguments[5] = (long)(options.Retention + options.StaleAfter).TotalMilliseconds;
        arguments[6] = options.MaxBytesPerProject;
        var i = 7;
        foreach (var beat in beats)
        {
            arguments[i++] = beat.HeardAt;
            arguments[i++] = beat.Alive ? 1 : 0;
            arguments[i++] = beat.Id;
            arguments[i++] = beat.Record;
        }

        var root = Root(fleet);
        var reply = await RunAsync("write", WriteScript, [root, root + ":seen", root + (fleet.Kind == SenderKind.Router ? ":up" : ":gone"), root + ":bytes"], arguments, WritePatience);
        return new((int)reply[0], (string[])reply[1]!);
    }

    /// <summary>Counts the platform's routers and shared agents, at a cost that hardly depends on how many there are.</summary>
    /// <exception cref="StoreUnavailableException">Redis does not answer.</exception>
    public async Task<PlatformCounts> ReadPlatformAsync(DateTimeOffset now)
    {
        RedisValue[] arguments =
        [
            FleetRules.Micros(now), FleetRules.FreshSince(now, options.StaleAfter), FleetRules.RegisteredSince(now, options.Retention, anyFresh: true),
            (long)options.StaleAfter.TotalMicroseconds, (long)options.YoungStore.TotalMicroseconds,
        ];
        long[] n;
        try
        {
            n = (long[])(await RunAsync("count", PlatformScript, PlatformKeys, arguments, ReadPatience))!;
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
    /// <exception cref="StoreUnavailableException">Redis does not answer.</exception>
    public async Task<IReadOnlyList<StoredBeat>> ReadFleetAsync(FleetKey fleet, DateTimeOffset now)
    {
        var beats = await ReadAsync(fleet, await TryAsync("ids", database => database.SortedSetRangeByRankAsync(Root(fleet) + ":seen"), ReadPatience));
        var fresh = FleetRules.FreshSince(now, options.StaleAfter);

        // Only the platform's indicators must not vanish: private agents are retired whoever speaks.
        return Registered(beats, fleet.Kind == SenderKind.Private || beats.Exists(beat => beat.HeardAt >= fresh), now);
    }

    /// <summary>The registered shared agents that name an endpoint of a project, by id.</summary>
    /// <exception cref="StoreUnavailableException">Redis does not answer.</exception>
    public async Task<IReadOnlyList<StoredBeat>> ReadServingAsync(string projectId, DateTimeOffset now)
    {
        var beats = await ReadAsync(FleetKey.SharedAgents, await TryAsync("ids", database => database.SetMembersAsync("fleet:{platform}:serving:" + projectId), ReadPatience));
        if (beats.Count == 0)
        {
            return beats;
        }

        // Whether the fleet is silent as a whole is a matter of all shared agents.
        var newest = await TryAsync("newest", database => database.SortedSetRangeByRankWithScoresAsync(Root(FleetKey.SharedAgents) + ":seen", -1, -1), ReadPatience);
        return Registered(beats, newest.Length > 0 && newest[0].Score >= FleetRules.FreshSince(now, options.StaleAfter), now);
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

    private async Task<List<StoredBeat>> ReadAsync(FleetKey fleet, RedisValue[] ids)
    {
        var root = Root(fleet);
        var beats = new List<StoredBeat>(ids.Length);
        foreach (var piece in ids.Chunk(PieceLength))
        {
            beats.AddRange(Parse(await RunAsync("read", SomeScript, [root, root + ":seen"], piece, ReadPatience)));
        }

        return beats;
    }

    private static IEnumerable<StoredBeat> Parse(RedisResult reply)
    {
        var found = (RedisValue[])reply!;
        for (var i = 0; i < found.Length; i += 3)
        {
            yield return new(found[i]!, (long)found[i + 1], (byte[])found[i + 2]!);
        }
    }

    private List<StoredBeat> Registered(List<StoredBeat> beats, bool anyFresh, DateTimeOffset now)
    {
        var since = FleetRules.RegisteredSince(now, options.Retention, anyFresh);
        beats.RemoveAll(beat => beat.HeardAt < since);
        beats.Sort((a, b) => string.CompareOrdinal(a.Id, b.Id));
        return beats;
    }

    private Task<RedisResult> RunAsync(string operation, string script, RedisKey[] keys, RedisValue[] arguments, TimeSpan patience) =>
        TryAsync(operation, database => database.ScriptEvaluateAsync(script, keys, arguments), patience);

    // StackExchange.Redis has no metrics: every question goes through here, and is measured here.
    private async Task<T> TryAsync<T>(string operation, Func<IDatabase, Task<T>> ask, TimeSpan patience)
    {
        var asked = time.GetTimestamp();
        try
        {
            return await ask(redis.GetDatabase()).WaitAsync(patience);
        }
        catch (Exception failure) when (failure is RedisException or TimeoutException)
        {
            throw new StoreUnavailableException(failure);
        }
        finally
        {
            metrics.Asked(operation, time.GetElapsedTime(asked));
        }
    }
}

/// <summary>What a write did.</summary>
/// <param name="Changes">How many heartbeats changed who is registered, fresh or up.</param>
/// <param name="Refused">Ids that the quota refused.</param>
internal sealed record WriteResult(int Changes, IReadOnlyList<string> Refused);

/// <summary>A stored heartbeat.</summary>
/// <param name="Id">The sender's id.</param>
/// <param name="HeardAt">When it was last heard, in microseconds since 1970.</param>
/// <param name="Record">See <see cref="FleetRecord"/>.</param>
internal readonly record struct StoredBeat(string Id, long HeardAt, byte[] Record)
{
    /// <summary>When it was heard. Another collector's clock may be ahead by a little: nobody was heard in the future.</summary>
    public Timestamp NotAfter(DateTimeOffset now) => (FleetRules.Instant(HeardAt) is var heard && heard < now ? heard : now).ToTimestamp();
}

/// <summary>Counts of a fleet.</summary>
/// <param name="Stored">Records there are.</param>
/// <param name="WithinRetention">Those heard within the retention.</param>
/// <param name="Fresh">Those heard within the threshold.</param>
internal readonly record struct FleetCounts(long Stored, long WithinRetention, long Fresh)
{
    /// <summary>See <see cref="FleetRules.RegisteredSince"/>.</summary>
    public long Registered => Fresh > 0 ? WithinRetention : Stored;
}

/// <summary>Counts of the platform at one instant.</summary>
/// <param name="WatchedFor">For how long somebody has watched without a pause; nobody was heard in a pause.</param>
/// <param name="Routers">Routers in any state.</param>
/// <param name="SharedAgents">Shared agents.</param>
/// <param name="RoutersOnline">Fresh routers that said online or draining.</param>
/// <param name="UnheardSince">Whoever was last heard at this instant or later was fresh when the watch before this one ended …</param>
/// <param name="UnheardUntil">… and before this instant, has not been heard in this one and is stale by now.</param>
/// <param name="RoutersUnheard">Such routers, of those that were online, while they have not had the time to be heard again.</param>
/// <param name="SharedAgentsUnheard">Such shared agents.</param>
internal sealed record PlatformCounts(
    TimeSpan WatchedFor, FleetCounts Routers, FleetCounts SharedAgents, long RoutersOnline, long UnheardSince, long UnheardUntil, long RoutersUnheard, long SharedAgentsUnheard);
