using Xerotier.HealthCollector.Fleet;

namespace Xerotier.HealthCollector.Ingest;

/// <summary>
/// The heartbeats that wait for one bucket of Redis, by fleet. Fleets take turns: one with many heartbeats delays the others by no more
/// than its share of a script. Not thread-safe.
/// </summary>
internal sealed class BucketQueue
{
    // A script of this weight takes Redis about a millisecond, also when each heartbeat is of another project; no other client waits longer.
    private const int MaxScriptWeight = 100;
    private const int MaxScriptBytes = 256 << 10;

    // What a fleet may have of a script while others wait.
    private const int Share = MaxScriptWeight / 4;

    private readonly Dictionary<FleetKey, PendingFleet> open = [];
    private readonly Queue<PendingFleet> turns = new();
    private int waiting;

    /// <summary>True when nothing waits.</summary>
    public bool IsEmpty => turns.Count == 0;

    /// <summary>True when as much waits as a script may write.</summary>
    public bool IsFull => waiting >= MaxScriptWeight;

    /// <summary>Queues heartbeats of one fleet; the newest of a sender replaces one that waits.</summary>
    /// <returns>See <see cref="BatchPart.Written"/>.</returns>
    public Task<IReadOnlyCollection<string>> Add(FleetKey fleet, IReadOnlyList<ReceivedHeartbeat> heartbeats)
    {
        if (!open.TryGetValue(fleet, out var pending))
        {
            open[fleet] = pending = new(fleet, heartbeats.Count);
            turns.Enqueue(pending);
        }

        waiting += pending.Add(heartbeats);
        return pending.Written;
    }

    /// <summary>Takes what the next script writes.</summary>
    public List<(PendingFleet Fleet, ArraySegment<ReceivedHeartbeat> Heartbeats)> Take()
    {
        var script = new List<(PendingFleet, ArraySegment<ReceivedHeartbeat>)>();
        var (weight, bytes) = (MaxScriptWeight, MaxScriptBytes);
        while (weight > 1 && bytes > 0 && turns.TryDequeue(out var pending))
        {
            if (pending.Close())
            {
                open.Remove(pending.Key);
            }

            waiting -= pending.Count;
            if (pending.Written.IsFaulted)
            {
                continue; // what was taken of it before could not be written
            }

            var heartbeats = pending.Take(Math.Min(weight - 1, Share), ref bytes);
            weight -= 1 + heartbeats.Count;
            script.Add((pending, heartbeats));
            if (pending.Count > 0)
            {
                waiting += pending.Count;
                turns.Enqueue(pending);
            }
        }

        return script;
    }

    /// <summary>Fails everything that waits.</summary>
    public void Fail(Exception failure)
    {
        while (turns.TryDequeue(out var pending))
        {
            pending.Fail(failure);
        }

        open.Clear();
    }
}
