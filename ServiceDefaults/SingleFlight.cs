using System.Collections.Concurrent;

namespace Xerotier.ServiceDefaults;

/// <summary>
/// A cache in which each value is made once, however many ask for it at the same time, and kept for a short time. Bounded in number and,
/// with <see cref="Weigh"/>, in the weight of what is kept. A failure is told to those who wait for it, and is not kept.
/// </summary>
/// <param name="lifetime">How old a value may be, counted from when its making began.</param>
/// <param name="time">The clock.</param>
/// <remarks>Whoever asks while a value is being made waits for it. So the making must end by itself: give it a timeout.</remarks>
public sealed class SingleFlight<TKey, TValue>(TimeSpan lifetime, TimeProvider time)
    where TKey : notnull
{
    private readonly ConcurrentDictionary<TKey, Entry> entries = new();
    private long sweptAt;
    private long addedWeight; // since then

    /// <summary>How many values are kept. Beyond it values are made and not kept.</summary>
    public int Capacity { get; init; } = 1_000;

    /// <summary>The age after which a value that is asked for is made again ahead of time, so that nobody waits for it; null: never.</summary>
    public TimeSpan? RenewAfter { get; init; }

    /// <summary>The weight of a value, such as its bytes; null: values have none.</summary>
    public Func<TValue, long>? Weigh { get; init; }

    /// <summary>The weight that all values together may have, give or take a quarter.</summary>
    public long MaxWeight { get; init; } = long.MaxValue;

    /// <summary>The value of <paramref name="key"/>: a kept one, the one that is being made, or a new one by <paramref name="make"/>.</summary>
    /// <param name="key">The value's key.</param>
    /// <param name="make">Makes the value, for all who ask for it: it must not depend on this caller's request.</param>
    /// <param name="cancellation">Ends this caller's wait; the making goes on.</param>
    /// <returns>The value, and whether an earlier caller had it made.</returns>
    public async ValueTask<(TValue Value, bool Shared)> GetAsync(TKey key, Func<TKey, Task<TValue>> make, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(make);
        var now = time.GetTimestamp();
        if (entries.TryGetValue(key, out var known) && IsGood(known, now))
        {
            if (known.Made is { IsCompletedSuccessfully: true } made)
            {
                if (RenewAfter is { } age && time.GetElapsedTime(known.StartedAt, now) >= age && known.BeginRenewal())
                {
                    _ = RenewAsync(key, known, new(now, new(() => make(key))));
                }

                return (made.Result, true);
            }

            return (await known.Value.Value.WaitAsync(cancellation), true);
        }

        Sweep(now);
        var mine = new Entry(now, new(() => make(key)));
        var entry = entries.Count < Capacity || entries.ContainsKey(key)
            ? entries.AddOrUpdate(key, mine, (_, other) => IsGood(other, now) ? other : mine)
            : mine;
        try
        {
            var value = await entry.Value.Value.WaitAsync(cancellation);
            if (entry == mine)
            {
                Added(value);
            }

            return (value, entry != mine);
        }
        catch when (entry.HasFailed)
        {
            entries.TryRemove(new(key, entry));
            throw;
        }
    }

    private async Task RenewAsync(TKey key, Entry old, Entry next)
    {
        await Task.Yield(); // the caller has its value and does not wait for the making to begin
        await ((Task)next.Value.Value).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!next.HasFailed && entries.TryUpdate(key, next, old)) // after a failure the next caller asks again, and hears of it
        {
            Added(next.Made!.Result);
        }
    }

    private bool IsGood(Entry entry, long now) => entry.Made is not { } made || (made.IsCompletedSuccessfully && time.GetElapsedTime(entry.StartedAt, now) < lifetime);

    private void Added(TValue value)
    {
        if (Weigh is not null && Interlocked.Add(ref addedWeight, Weigh(value)) > MaxWeight / 4)
        {
            Sweep(time.GetTimestamp(), isHeavy: true);
        }
    }

    /// <summary>Once per lifetime, or when it has become full or heavy: drops what is too old, and what is beyond the weight.</summary>
    private void Sweep(long now, bool isHeavy = false)
    {
        var last = Volatile.Read(ref sweptAt);
        if (!isHeavy && ((time.GetElapsedTime(last, now) < lifetime && entries.Count < Capacity) || Interlocked.CompareExchange(ref sweptAt, now, last) != last))
        {
            return;
        }

        Interlocked.Exchange(ref addedWeight, 0);
        long weight = 0;
        foreach (var pair in entries)
        {
            weight += Weigh is not null && pair.Value.Made is { IsCompletedSuccessfully: true } made ? Weigh(made.Result) : 0;
            if (!IsGood(pair.Value, now) || weight > MaxWeight)
            {
                entries.TryRemove(pair);
            }
        }
    }

    private sealed class Entry(long startedAt, Lazy<Task<TValue>> value)
    {
        private int renewing;

        public long StartedAt => startedAt;

        public Lazy<Task<TValue>> Value => value;

        /// <summary>The making, when it has ended.</summary>
        public Task<TValue>? Made => value.IsValueCreated && value.Value.IsCompleted ? value.Value : null;

        public bool HasFailed => Made is { IsCompletedSuccessfully: false };

        /// <summary>True for the first caller only.</summary>
        public bool BeginRenewal() => Interlocked.Exchange(ref renewing, 1) == 0;
    }
}
