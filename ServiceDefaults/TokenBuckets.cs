using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace Xerotier.ServiceDefaults;

/// <summary>What a bucket answered.</summary>
/// <param name="Granted">Tokens taken, 0 to what was wanted.</param>
/// <param name="Limit">The bucket's capacity.</param>
/// <param name="Remaining">Tokens that are left.</param>
/// <param name="ResetSeconds">Seconds until the bucket is full again, rounded up.</param>
/// <param name="RetryAfterSeconds">Seconds until one token is there again, rounded up; 0 while there is one.</param>
public readonly record struct TokenGrant(int Granted, int Limit, int Remaining, int ResetSeconds, int RetryAfterSeconds);

/// <summary>The headers in which an answer says how much of a limit is left (product.md section 2, Rate limits).</summary>
public static class RateLimitHeaders
{
    /// <summary>The bucket's capacity.</summary>
    public const string Limit = "X-RateLimit-Limit";

    /// <summary>Tokens that are left.</summary>
    public const string Remaining = "X-RateLimit-Remaining";

    /// <summary>Seconds until the bucket is full again.</summary>
    public const string Reset = "X-RateLimit-Reset";

    /// <summary>Adds the headers of <paramref name="grant"/>; nothing where there is no limit.</summary>
    /// <param name="headers">An answer's headers.</param>
    /// <param name="grant">What the bucket answered.</param>
    /// <param name="limit">Its capacity as text, where that is at hand.</param>
    public static void AddRateLimit(this IHeaderDictionary headers, TokenGrant grant, string? limit = null)
    {
        if (grant.Limit > 0)
        {
            headers[Limit] = limit ?? grant.Limit.ToString(CultureInfo.InvariantCulture);
            headers[Remaining] = grant.Remaining.ToString(CultureInfo.InvariantCulture);
            headers[Reset] = grant.ResetSeconds.ToString(CultureInfo.InvariantCulture);
        }
    }
}

/// <summary>
/// Token buckets in a bounded table (product.md section 2, Rate limits): each key's bucket holds up to the per-minute figure and
/// refills evenly. A bucket is one number, the instant at which it will be full again, so taking is one compare-and-swap.
/// </summary>
/// <typeparam name="TKey">What is limited: a key's id, a client's network.</typeparam>
public sealed class TokenBuckets<TKey>
    where TKey : notnull
{
    private readonly ConcurrentDictionary<TKey, Bucket> buckets = new();
    private readonly Lock trimming = new();
    private readonly TimeProvider time;
    private readonly int maxKeys;
    private readonly long perToken;
    private int count;

    /// <summary>Makes the table.</summary>
    /// <param name="perMinute">Capacity of a bucket and what flows into it each minute; 0: no limit.</param>
    /// <param name="time">The clock.</param>
    /// <param name="maxKeys">How many buckets are kept. Above it full ones go first: they say nothing that a new one would not.</param>
    public TokenBuckets(int perMinute, TimeProvider time, int maxKeys = 100_000)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(perMinute);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxKeys);
        (PerMinute, this.time, this.maxKeys) = (perMinute, time, maxKeys);
        perToken = perMinute == 0 ? 0 : Math.Max(1, time.TimestampFrequency * 60 / perMinute);
    }

    /// <summary>Capacity of a bucket; 0: no limit.</summary>
    public int PerMinute { get; }

    /// <summary>How many buckets there are.</summary>
    public int Count => Volatile.Read(ref count);

    /// <summary>Takes up to <paramref name="wanted"/> tokens of <paramref name="key"/>'s bucket.</summary>
    public TokenGrant Take(TKey key, int wanted = 1)
    {
        if (PerMinute == 0)
        {
            return new(wanted, 0, 0, 0, 0);
        }

        if (!buckets.TryGetValue(key, out var bucket))
        {
            bucket = Add(key);
        }

        while (true)
        {
            var now = time.GetTimestamp();
            var seen = Volatile.Read(ref bucket.FullAt);
            var missing = Math.Max(0, seen - now);
            var available = (int)Math.Max(0, PerMinute - ((missing + perToken - 1) / perToken));
            var granted = Math.Min(wanted, available);
            var missingAfter = missing + (granted * perToken);
            if (granted == 0 || Interlocked.CompareExchange(ref bucket.FullAt, now + missingAfter, seen) == seen)
            {
                var retry = granted > 0 || wanted == 0 ? 0 : Math.Max(1, Seconds(missing - ((PerMinute - 1) * perToken)));
                return new(granted, PerMinute, available - granted, Seconds(missingAfter), retry);
            }
        }
    }

    /// <summary>Gives a token back that was taken from <paramref name="key"/>'s bucket.</summary>
    public void Return(TKey key)
    {
        if (PerMinute > 0 && buckets.TryGetValue(key, out var bucket))
        {
            Interlocked.Add(ref bucket.FullAt, -perToken);
        }
    }

    private int Seconds(long span) => (int)((Math.Max(0, span) + time.TimestampFrequency - 1) / time.TimestampFrequency);

    private Bucket Add(TKey key)
    {
        if (Count >= maxKeys)
        {
            Trim();
        }

        var fresh = new Bucket();
        if (buckets.TryAdd(key, fresh))
        {
            Interlocked.Increment(ref count);
            return fresh;
        }

        return buckets.GetValueOrDefault(key, fresh);
    }

    private void Trim()
    {
        lock (trimming)
        {
            var goal = maxKeys - Math.Max(1, maxKeys / 10);
            var now = time.GetTimestamp();
            for (var fullOnly = true; Count > goal; fullOnly = false)
            {
                foreach (var (key, bucket) in buckets)
                {
                    if (Count <= goal)
                    {
                        return;
                    }

                    if ((!fullOnly || Volatile.Read(ref bucket.FullAt) <= now) && buckets.TryRemove(key, out _))
                    {
                        Interlocked.Decrement(ref count);
                    }
                }
            }
        }
    }

    private sealed class Bucket
    {
        public long FullAt;
    }
}
