using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway.Keys;

/// <summary>
/// The keys that this Gateway has checked, in memory and bounded. <see cref="KeyFeed"/> keeps them current. While it cannot reach the
/// database they stay valid for <see cref="KeyOptions.GraceMinutes"/>.
/// </summary>
internal sealed class KnownKeys(KeyStore store, IOptions<KeyOptions> options, TimeProvider time) : IDisposable
{
    private readonly ConcurrentDictionary<HashPrefix, KnownKey> known = new();
    private readonly ConcurrentDictionary<HashPrefix, DateTimeOffset> unknown = new();
    private readonly SemaphoreSlim lookups = new(8);
    private long version;
    private long currentAt = long.MinValue;

    /// <summary>Whether the feed has read the database within the last 2 s.</summary>
    public bool IsLive => time.GetUtcNow().UtcTicks - Volatile.Read(ref currentAt) is >= 0 and <= 2 * TimeSpan.TicksPerSecond;

    /// <summary>The known keys.</summary>
    public IEnumerable<KnownKey> All => known.Select(pair => pair.Value);

    /// <summary>How many keys are known.</summary>
    public int Count => known.Count;

    /// <summary>The key whose value has <paramref name="hash"/>, if it is known and still valid. Makes no call to another process.</summary>
    public KnownKey? Find(ReadOnlySpan<byte> hash)
    {
        if (!known.TryGetValue(HashPrefix.Of(hash), out var key) || !CryptographicOperations.FixedTimeEquals(key.Key.Hash, hash))
        {
            return null;
        }

        var silentTicks = time.GetUtcNow().UtcTicks - Volatile.Read(ref currentAt);
        return silentTicks <= options.Value.GraceMinutes * TimeSpan.TicksPerMinute ? key : null;
    }

    /// <summary>Looks <paramref name="hash"/> up in the database; null: there is no such key.</summary>
    /// <exception cref="ApiException">503: the database does not respond, or too many look-ups wait.</exception>
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
                    Trim(unknown, options.Value.CacheSize, _ => true);
                    unknown[prefix] = time.GetUtcNow().AddSeconds(options.Value.UnknownSeconds);
                }
                else
                {
                    // A key with open calls stays: a change of the key must end them.
                    Trim(known, options.Value.CacheSize, cached => !cached.HasStreams).ForEach(cached => cached.Forget());
                    key = known.GetOrAdd(prefix, _ => new KnownKey(read));
                    key.Update(read);
                }

                // The feed may have brought a newer change during the read: look again.
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

    /// <summary>Applies what changed in the database up to now.</summary>
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

        Volatile.Write(ref currentAt, time.GetUtcNow().UtcTicks);
    }

    /// <summary>Removes everything: the keys were read from another database. Open calls end.</summary>
    public void Clear()
    {
        Interlocked.Increment(ref version);
        Remove(known, known).ForEach(cached => cached.Forget());
        unknown.Clear();
    }

    /// <inheritdoc/>
    public void Dispose() => lookups.Dispose();

    /// <summary>Makes room when the cache is full: removes a tenth of it, in no particular order.</summary>
    /// <returns>What was removed.</returns>
    private static List<T> Trim<T>(ConcurrentDictionary<HashPrefix, T> cache, int size, Func<T, bool> mayGo) =>
        cache.Count < size ? [] : Remove(cache, cache.Where(pair => mayGo(pair.Value)).Take(Math.Max(1, size / 10)));

    private static List<T> Remove<T>(ConcurrentDictionary<HashPrefix, T> cache, IEnumerable<KeyValuePair<HashPrefix, T>> entries)
    {
        var removed = new List<T>();
        foreach (var (prefix, _) in entries)
        {
            if (cache.TryRemove(prefix, out var value))
            {
                removed.Add(value);
            }
        }

        return removed;
    }

    /// <summary>The first half of a hash. It finds an entry; the whole hash is then compared in constant time.</summary>
    private readonly record struct HashPrefix(UInt128 Value)
    {
        public static HashPrefix Of(ReadOnlySpan<byte> hash) => new(MemoryMarshal.Read<UInt128>(hash));
    }
}
