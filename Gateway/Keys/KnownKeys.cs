using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway.Keys;

/// <summary>A key value that this Gateway has looked up, with what is made of it once and used for many requests.</summary>
internal sealed class KnownKey(ApiKey key)
{
    private volatile ApiKey current = key;
    private volatile Bearer? bearer;
    private long lastUsed;
    private int streams;
    private volatile bool forgotten;

    /// <summary>The key as it was last read.</summary>
    public ApiKey Key => current;

    /// <summary>Whether calls of this key are open, which need to hear of its end.</summary>
    public bool HasStreams => Volatile.Read(ref streams) > 0;

    /// <summary>Whether the table no longer holds it, so that changes of the key do not reach it.</summary>
    public bool IsForgotten => forgotten;

    public void Forget() => forgotten = true;

    /// <summary>Why calls that were opened with it must end at <paramref name="now"/>; null while they may go on. Of a forgotten key nothing is known: its sender opens another call.</summary>
    public ApiError? Fault(DateTimeOffset now) => current.Fault(now) ?? (forgotten ? ApiErrors.ServiceUnavailable : null);

    /// <summary>When it was last used, in ticks of UTC; 0: not since that was last taken.</summary>
    public long TakeLastUsed() => Interlocked.Exchange(ref lastUsed, 0);

    public void Used(DateTimeOffset now) => Volatile.Write(ref lastUsed, now.UtcTicks);

    /// <summary>Gives back what <see cref="TakeLastUsed"/> took, unless it has been used since.</summary>
    public void PutBackLastUsed(long ticks) => Interlocked.CompareExchange(ref lastUsed, ticks, 0);

    public void StreamOpened() => Interlocked.Increment(ref streams);

    public void StreamClosed() => Interlocked.Decrement(ref streams);

    /// <summary>Takes a newer reading of the key. A revocation counts whatever its number: it is final, and may have been written by hand.</summary>
    public void Update(ApiKey read)
    {
        if (read.ChangedBy >= current.ChangedBy || read.RevokedAt is not null)
        {
            current = read;
            bearer = null;
        }
    }

    /// <summary>The value of <c>Authorization</c> towards the services; made anew after half of the token's life.</summary>
    public string Authorization(InternalTokens tokens, DateTimeOffset now)
    {
        var cached = bearer;
        if (cached is null || cached.RenewAt <= now)
        {
            var key = current;
            var token = tokens.ForCaller(new Caller(key.Id, key.Name, key.ProjectId, key.PlatformProject, key.Scopes));
            bearer = cached = new($"Bearer {token}", now + (InternalTokens.Lifetime / 2));
        }

        return cached.Value;
    }

    private sealed record Bearer(string Value, DateTimeOffset RenewAt);
}

/// <summary>
/// The keys that this Gateway has checked, in memory and bounded. <see cref="KeyFeed"/> keeps them true; while it cannot reach the
/// database they go on working for <see cref="KeyOptions.GraceMinutes"/>.
/// </summary>
internal sealed class KnownKeys(KeyStore store, IOptions<KeyOptions> options, TimeProvider time) : IDisposable
{
    private readonly ConcurrentDictionary<HashPrefix, KnownKey> known = new();
    private readonly ConcurrentDictionary<HashPrefix, DateTimeOffset> unknown = new();
    private readonly SemaphoreSlim lookups = new(8);
    private long version;
    private long trueAt = long.MinValue;

    /// <summary>Whether the feed has read the database within the last 2 s.</summary>
    public bool IsLive => time.GetUtcNow().UtcTicks - Volatile.Read(ref trueAt) is >= 0 and <= 2 * TimeSpan.TicksPerSecond;

    /// <summary>The known keys.</summary>
    public IEnumerable<KnownKey> All => known.Select(pair => pair.Value);

    /// <summary>How many keys are known.</summary>
    public int Count => known.Count;

    /// <summary>The key whose value has <paramref name="hash"/>, if it is known and may still be trusted. Touches no other process.</summary>
    public KnownKey? Find(ReadOnlySpan<byte> hash)
    {
        if (!known.TryGetValue(HashPrefix.Of(hash), out var key) || !CryptographicOperations.FixedTimeEquals(key.Key.Hash, hash))
        {
            return null;
        }

        var silentTicks = time.GetUtcNow().UtcTicks - Volatile.Read(ref trueAt);
        return silentTicks <= options.Value.GraceMinutes * TimeSpan.TicksPerMinute ? key : null;
    }

    /// <summary>Looks <paramref name="hash"/> up in the database; null: there is no such key.</summary>
    /// <exception cref="ApiException">503: the database does not answer, or too many look-ups wait.</exception>
    public async Task<KnownKey?> LookUpAsync(byte[] hash, CancellationToken cancellation)
    {
        var prefix = HashPrefix.Of(hash);
        if (unknown.TryGetValue(prefix, out var until) && until > time.GetUtcNow())
        {
            return null;
        }

        if (!IsLive || !await lookups.WaitAsync(TimeSpan.FromSeconds(2), cancellation))
        {
            throw new ApiException(ApiErrors.ServiceUnavailable);
        }

        try
        {
            while (true)
            {
                KnownKey? key = null;
                var seen = Volatile.Read(ref version);
                var read = await store.FindAsync(hash);
                if (read is null)
                {
                    Bound(unknown, options.Value.CacheSize, _ => true);
                    unknown[prefix] = time.GetUtcNow().AddSeconds(options.Value.UnknownSeconds);
                }
                else
                {
                    // A key with open calls stays, since it must hear of its end.
                    Bound(known, options.Value.CacheSize, cached => !cached.HasStreams).ForEach(cached => cached.Forget());
                    key = known.GetOrAdd(prefix, _ => new KnownKey(read));
                    key.Update(read);
                }

                // A change that the feed brought while we read may be newer than what we read: look again.
                if (seen == Volatile.Read(ref version))
                {
                    return key;
                }
            }
        }
        catch (Exception failure) when (Postgres.ToApiError(failure) is not null)
        {
            throw new ApiException(ApiErrors.ServiceUnavailable);
        }
        finally
        {
            lookups.Release();
        }
    }

    /// <summary>Takes what changed in the database up to now.</summary>
    public void Apply(IReadOnlyList<ApiKey> changed)
    {
        if (changed.Count > 0)
        {
            Interlocked.Increment(ref version);
            foreach (var key in changed)
            {
                var prefix = HashPrefix.Of(key.Hash);
                unknown.TryRemove(prefix, out _);
                if (known.TryGetValue(prefix, out var cached))
                {
                    cached.Update(key);
                }
            }
        }

        Volatile.Write(ref trueAt, time.GetUtcNow().UtcTicks);
    }

    /// <summary>Forgets everything: the database is not the one that the keys were read from. Open calls end.</summary>
    public void Clear()
    {
        Interlocked.Increment(ref version);
        Drop(known, known).ForEach(cached => cached.Forget());
        unknown.Clear();
    }

    /// <inheritdoc/>
    public void Dispose() => lookups.Dispose();

    /// <summary>Makes room: drops a tenth, whichever come first.</summary>
    /// <returns>What was dropped.</returns>
    private static List<T> Bound<T>(ConcurrentDictionary<HashPrefix, T> cache, int size, Func<T, bool> mayGo) =>
        cache.Count < size ? [] : Drop(cache, cache.Where(pair => mayGo(pair.Value)).Take(Math.Max(1, size / 10)));

    private static List<T> Drop<T>(ConcurrentDictionary<HashPrefix, T> cache, IEnumerable<KeyValuePair<HashPrefix, T>> entries)
    {
        var dropped = new List<T>();
        foreach (var (prefix, _) in entries)
        {
            if (cache.TryRemove(prefix, out var value))
            {
                dropped.Add(value);
            }
        }

        return dropped;
    }

    /// <summary>The first half of a hash: finds an entry; the whole hash is then compared in constant time.</summary>
    private readonly record struct HashPrefix(UInt128 Value)
    {
        public static HashPrefix Of(ReadOnlySpan<byte> hash) => new(MemoryMarshal.Read<UInt128>(hash));
    }
}
