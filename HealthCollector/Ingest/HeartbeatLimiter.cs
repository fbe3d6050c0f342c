using System.Collections.Concurrent;
using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Xerotier.HealthCollector;

/// <summary>How many heartbeats a key may send (product.md section 2, Rate limits). Section <c>RateLimits</c>.</summary>
public sealed class HeartbeatLimitOptions
{
    /// <summary>Heartbeats per minute and key, and how many may come at once. 0 (no limit) to 1,000,000,000, default 60,000.</summary>
    [Range(0, 1_000_000_000)]
    public int HeartbeatsPerMinute { get; set; } = 60_000;
}

/// <summary>A token bucket for each key, counted in heartbeats. A full bucket says nothing that an absent one does not, so full ones are dropped.</summary>
internal sealed class HeartbeatLimiter(IOptions<HeartbeatLimitOptions> options, TimeProvider time)
{
    private const int MaxBuckets = 10_000;

    private readonly int capacity = options.Value.HeartbeatsPerMinute;
    private readonly ConcurrentDictionary<string, Bucket> buckets = new(StringComparer.Ordinal);

    /// <summary>Takes up to <paramref name="wanted"/> heartbeats from the key's bucket.</summary>
    /// <returns>How many it had.</returns>
    public int Take(string keyId, int wanted)
    {
        if (capacity == 0)
        {
            return wanted;
        }

        if (buckets.Count >= MaxBuckets)
        {
            foreach (var (key, bucket) in buckets)
            {
                if (bucket.IsFull())
                {
                    buckets.TryRemove(key, out _);
                }
            }
        }

        return buckets.GetOrAdd(keyId, _ => new(capacity, time)).Take(wanted);
    }

    /// <summary>The key's bucket has nothing left.</summary>
    public bool IsEmpty(string keyId) => capacity > 0 && buckets.TryGetValue(keyId, out var bucket) && bucket.IsEmpty();

    /// <summary>Whole seconds until a key whose bucket is empty may send again.</summary>
    public int RetryAfterSeconds => Math.Max(1, (int)Math.Ceiling(60d / Math.Max(1, capacity)));

    private sealed class Bucket(int capacity, TimeProvider time)
    {
        private readonly Lock gate = new();
        private double tokens = capacity;
        private long filledAt = time.GetTimestamp();

        public int Take(int wanted)
        {
            lock (gate)
            {
                Fill();
                var granted = (int)Math.Min(wanted, tokens);
                tokens -= granted;
                return granted;
            }
        }

        public bool IsEmpty()
        {
            lock (gate)
            {
                Fill();
                return tokens < 1;
            }
        }

        public bool IsFull()
        {
            lock (gate)
            {
                Fill();
                return tokens >= capacity;
            }
        }

        private void Fill()
        {
            var now = time.GetTimestamp();
            tokens = Math.Min(capacity, tokens + (time.GetElapsedTime(filledAt, now).TotalMinutes * capacity));
            filledAt = now;
        }
    }
}
