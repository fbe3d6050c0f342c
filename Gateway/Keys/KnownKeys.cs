using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using Xerotier.Gateway.Storage;
using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway.Keys;

/// <summary>
/// The keys that this Gateway has checked, in memory and bounded. <see cref="KeyFeed"/> keeps them current. While it cannot reach the
/// database they stay valid for <see cref="KeyOptions.GraceMinutes"/>.
/// </summary>
/// <param name="find">Reads the key whose value has a hash from the database.</param>
/// <param name="options">The settings.</param>
/// <param name="time">The clock.</param>
internal sealed class KnownKeys(Func<byte[], Task<ApiKey?>> find, IOptions<KeyOptions> options, TimeProvider time) : IDisposable
{
    private const long Never = long.MinValue;

    // A key with open calls stays: a change of the key must end them.
    private readonly BoundedTable<HashPrefix, KnownKey> known = new(options.Value.CacheSize, key => !key.HasStreams, key => key.Forget());
    private readonly ConcurrentDictionary<HashPrefix, long> unknown = new(); // and since when, as a timestamp
    private readonly ConcurrentDictionary<HashPrefix, Task<KnownKey?>> pending = new();
    private readonly SemaphoreSlim lookups = new(8);
    private long version;
    private long lastRead = Never;

    /// <summary>How far the changes have been applied; null before the first time.</summary>
    public ChangeMark? Mark { get; private set; }

    /// <summary>Whether the feed has read the database within the last 2 s.</summary>
    public bool IsLive => Silence <= TimeSpan.FromSeconds(2);

    /// <summary>Whether open calls may go on: for the grace period, and without one for as long as the feed reads.</summary>
    public bool MayGoOn => IsInGrace || IsLive;

    private bool IsInGrace => Silence <= TimeSpan.FromMinutes(options.Value.GraceMinutes);

    /// <summary>How long ago the feed has read the database, by the clock that nobody sets.</summary>
    private TimeSpan Silence => Volatile.Read(ref lastRead) is var at && at == Never ? TimeSpan.MaxValue : time.GetElapsedTime(at);

    /// <summary>The known keys.</summary>
    public IEnumerable<KnownKey> All => known.Values;

    /// <summary>How many keys are known.</summary>
    public int Count => known.Count;

    /// <summary>The key whose value has <paramref name="hash"/>, if it is known and still valid. Makes no call to another process.</summary>
    public KnownKey? Find(ReadOnlySpan<byte> hash)
    {
        if (!known.TryGet(HashPrefix.Of(hash), out var key) || !CryptographicOperations.FixedTimeEquals(key.Key.Hash, hash))
        {
            return null;
        }

        return IsInGrace ? key : null;
    }

    /// <summary>Looks <paramref name="hash"/> up in the database; null: there is no such key. Requests that ask for the same one at once share one look-up.</summary>
    /// <exception cref="ApiException">503: the database does not respond, or too many look-ups wait.</exception>
    public Task<KnownKey?> LookUpAsync(byte[] hash, CancellationToken cancellation)
    {
        if (IsUnknown(hash))
        {
            return Task.FromResult<KnownKey?>(null);
        }

        var prefix = HashPrefix.Of(hash);
        var started = new TaskCompletionSource<KnownKey?>(TaskCreationOptions.RunContinuationsAsynchronously);
        var lookUp = pending.GetOrAdd(prefix, started.Task);
        if (lookUp == started.Task)
        {
            _ = LookUpAsync(prefix, hash, started);
        }

        return lookUp.WaitAsync(cancellation);
    }

    /// <summary>Whether there was no such key as <paramref name="hash"/> when it was last looked up, within <see cref="KeyOptions.UnknownSeconds"/>. Makes no call to another process.</summary>
    public bool IsUnknown(ReadOnlySpan<byte> hash) =>
        unknown.TryGetValue(HashPrefix.Of(hash), out var since) && time.GetElapsedTime(since) < TimeSpan.FromSeconds(options.Value.UnknownSeconds);

    /// <summary>Whether some request is waiting for the look-up of <paramref name="hash"/>: another one that waits with it costs nothing.</summary>
    public bool IsBeingLookedUp(ReadOnlySpan<byte> hash) => pending.ContainsKey(HashPrefix.Of(hash));

    /// <summary>
    /// Applies what changed in the database since <see cref="Mark"/>. If the mark does not lead there, the keys were read from another
    /// database: all of them are removed and looked up again, and open calls end.
    /// </summary>
    /// <returns>Whether it is another database.</returns>
    public bool Apply(KeyChanges changes)
    {
        var isOther = Mark?.LeadsTo(changes.Mark) == false;
        if (isOther)
        {
            Interlocked.Increment(ref version);
            known.Keys.ToList().ForEach(Forget);
            unknown.Clear();
        }
        else if (changes.Changed.Count > 0)
        {
            Interlocked.Increment(ref version);
            foreach (var key in changes.Changed)
            {
                var prefix = HashPrefix.Of(key.Hash);
                unknown.TryRemove(prefix, out _);
                if (known.TryGet(prefix, out var cached))
                {
                    cached.Update(key);
                }
            }
        }

        Mark = changes.Mark;
        Volatile.Write(ref lastRead, time.GetTimestamp());
        return isOther;
    }

    /// <inheritdoc/>
    public void Dispose() => lookups.Dispose();

    /// <summary>Tells all who wait how their look-up ended; itself it never fails.</summary>
    private async Task LookUpAsync(HashPrefix prefix, byte[] hash, TaskCompletionSource<KnownKey?> waiting)
    {
        try
        {
            var key = await ReadAsync(prefix, hash);
            pending.TryRemove(prefix, out _);
            waiting.SetResult(key);
        }
        catch (Exception failure)
        {
            pending.TryRemove(prefix, out _);
            waiting.SetException(Postgres.ToApiError(failure) is null ? failure : new ApiException(ApiErrors.ServiceUnavailable));
        }
    }

    private async Task<KnownKey?> ReadAsync(HashPrefix prefix, byte[] hash)
    {
        if (!IsLive || !await lookups.WaitAsync(TimeSpan.FromSeconds(2)))
        {
            throw new ApiException(ApiErrors.ServiceUnavailable);
        }

        try
        {
            while (true)
            {
                var seen = Volatile.Read(ref version);
                var key = Keep(prefix, await find(hash));
                if (seen == Volatile.Read(ref version))
                {
                    return key;
                }

                // During the read the feed brought a change, which this reading may lack, or found another database, in which its version
                // means nothing. Look again; until then it is not known.
                Forget(prefix);
            }
        }
        finally
        {
            lookups.Release();
        }
    }

    private KnownKey? Keep(HashPrefix prefix, ApiKey? read)
    {
        if (read is not null)
        {
            unknown.TryRemove(prefix, out _);
            var key = known.GetOrAdd(prefix, new KnownKey(read));
            key.Update(read);
            return key;
        }

        if (unknown.Count >= options.Value.CacheSize)
        {
            foreach (var (oldest, _) in unknown.Take(Math.Max(1, options.Value.CacheSize / 10)))
            {
                unknown.TryRemove(oldest, out _);
            }
        }

        unknown[prefix] = time.GetTimestamp();
        return null;
    }

    private void Forget(HashPrefix prefix)
    {
        unknown.TryRemove(prefix, out _);
        if (known.Remove(prefix, out var key))
        {
            key.Forget();
        }
    }

    /// <summary>The first half of a hash. It finds an entry; the whole hash is then compared in constant time.</summary>
    private readonly record struct HashPrefix(UInt128 Value)
    {
        public static HashPrefix Of(ReadOnlySpan<byte> hash) => new(MemoryMarshal.Read<UInt128>(hash));
    }
}
