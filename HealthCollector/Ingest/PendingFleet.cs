using System.Runtime.InteropServices;
using Xerotier.HealthCollector.Fleet;

namespace Xerotier.HealthCollector.Ingest;

/// <summary>Heartbeats that wait for one fleet. Takes more until the first of them is written.</summary>
internal sealed class PendingFleet(FleetKey key, int capacity)
{
    private readonly TaskCompletionSource<IReadOnlyCollection<string>> written = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Dictionary<string, ReceivedHeartbeat> newest = new(capacity, StringComparer.Ordinal);
    private HashSet<string>? refused;
    private ReceivedHeartbeat[]? all;
    private int taken;

    /// <summary>The fleet.</summary>
    public FleetKey Key => key;

    /// <summary>See <see cref="BatchPart.Written"/>.</summary>
    public Task<IReadOnlyCollection<string>> Written => written.Task;

    /// <summary>How many are not taken.</summary>
    public int Count => newest.Count - taken;

    /// <summary>Adds heartbeats; the newest of a sender replaces one that waits.</summary>
    /// <returns>How many more wait.</returns>
    public int Add(IReadOnlyList<ReceivedHeartbeat> heartbeats)
    {
        var before = newest.Count;
        foreach (var heartbeat in heartbeats)
        {
            ref var stored = ref CollectionsMarshal.GetValueRefOrAddDefault(newest, heartbeat.Id, out var known);
            if (!known || stored.ReceivedAt <= heartbeat.ReceivedAt)
            {
                stored = heartbeat;
            }
        }

        return newest.Count - before;
    }

    /// <summary>Takes no more.</summary>
    /// <returns>False when that was so already.</returns>
    public bool Close()
    {
        if (all is not null)
        {
            return false;
        }

        all = [.. newest.Values];
        return true;
    }

    /// <summary>Takes the next heartbeats: one at least, and no more than <paramref name="bytes"/> have room for.</summary>
    public ArraySegment<ReceivedHeartbeat> Take(int most, ref int bytes)
    {
        var first = taken;
        for (; taken < all!.Length && taken - first < most && bytes > 0; taken++)
        {
            bytes -= all[taken].Weight;
        }

        return new(all, first, taken - first);
    }

    /// <summary>A quota refused this one.</summary>
    public void Refuse(string id) => (refused ??= new(StringComparer.Ordinal)).Add(id);

    /// <summary>What was taken is written.</summary>
    public void Succeed()
    {
        if (Count == 0)
        {
            written.TrySetResult((IReadOnlyCollection<string>?)refused ?? []);
        }
    }

    /// <summary>What was taken is not written; the rest will not be.</summary>
    public void Fail(Exception failure) => written.TrySetException(failure);
}
