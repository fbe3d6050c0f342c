using System.Collections.Concurrent;

namespace Xerotier.StatusService.Publishing;

/// <summary>A rendered dashboard.</summary>
public sealed record Dashboard(byte[] Body, string ETag);

/// <summary>
/// Dashboards for at most <see cref="Lifetime"/>, each made once however many ask at the same time; bounded in number and bytes.
/// One that is asked for late in its life is renewed ahead, so that nobody waits for a large project's. A failure is shared by those
/// who wait for it and then forgotten.
/// </summary>
public sealed class DashboardCache(TimeProvider time)
{
    /// <summary>How old a dashboard may be.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan RenewedAfter = TimeSpan.FromMilliseconds(700);

    private const int MaximumEntries = 1_000;
    private const long MaximumBytes = 64 * 1024 * 1024;

    private readonly ConcurrentDictionary<DashboardQuery, Entry> entries = new();
    private long sweptAt;

    /// <summary>The dashboard of <paramref name="query"/>, made by <paramref name="make"/> unless a fresh one is there.</summary>
    /// <returns>The dashboard, and whether somebody else had it made.</returns>
    public async ValueTask<(Dashboard Dashboard, bool Cached)> GetAsync(DashboardQuery query, Func<DashboardQuery, Task<Dashboard>> make, CancellationToken cancellation)
    {
        var now = time.GetTimestamp();
        if (entries.TryGetValue(query, out var known) && IsFresh(known, now))
        {
            if (time.GetElapsedTime(known.MadeAt, now) >= RenewedAfter && known.BeginsRenewal())
            {
                _ = RenewAsync(query, known, new(now, new(() => make(query))));
            }

            var shared = known.Dashboard.Value;
            return (shared.IsCompletedSuccessfully ? shared.Result : await shared.WaitAsync(cancellation), true);
        }

        Sweep(now);
        var mine = new Entry(now, new(() => make(query)));
        var entry = mine;
        if (entries.Count < MaximumEntries)
        {
            entry = entries.AddOrUpdate(query, mine, (_, other) => IsFresh(other, now) ? other : mine);
        }

        try
        {
            return (await entry.Dashboard.Value.WaitAsync(cancellation), entry != mine);
        }
        catch when (entry.Dashboard.Value.IsFaulted || entry.Dashboard.Value.IsCanceled)
        {
            entries.TryRemove(new(query, entry));
            throw;
        }
    }

    private async Task RenewAsync(DashboardQuery query, Entry old, Entry next)
    {
        await Task.Yield();
        await ((Task)next.Dashboard.Value).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!next.Failed)
        {
            entries.TryUpdate(query, next, old); // after a failure whoever comes next asks, and is told
        }
    }

    private bool IsFresh(Entry entry, long now) => time.GetElapsedTime(entry.MadeAt, now) < Lifetime && !entry.Failed;

    /// <summary>Once per lifetime: drops what is too old, and everything when it has grown too big.</summary>
    private void Sweep(long now)
    {
        var last = Volatile.Read(ref sweptAt);
        if (time.GetElapsedTime(last, now) < Lifetime && entries.Count < MaximumEntries)
        {
            return;
        }

        if (Interlocked.CompareExchange(ref sweptAt, now, last) != last)
        {
            return;
        }

        long bytes = 0;
        foreach (var pair in entries)
        {
            bytes += pair.Value.Size;
            if (!IsFresh(pair.Value, now) || bytes > MaximumBytes)
            {
                entries.TryRemove(pair);
            }
        }
    }

    private sealed class Entry(long madeAt, Lazy<Task<Dashboard>> dashboard)
    {
        private int renewing;

        public long MadeAt => madeAt;

        public Lazy<Task<Dashboard>> Dashboard => dashboard;

        public bool Failed => Dashboard is { IsValueCreated: true, Value: { IsCompleted: true, IsCompletedSuccessfully: false } };

        public int Size => Dashboard is { IsValueCreated: true, Value: { IsCompletedSuccessfully: true } made } ? made.Result.Body.Length : 0;

        /// <summary>True for the first caller only.</summary>
        public bool BeginsRenewal() => Dashboard.Value.IsCompletedSuccessfully && Interlocked.Exchange(ref renewing, 1) == 0;
    }
}
