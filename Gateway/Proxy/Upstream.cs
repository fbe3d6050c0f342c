namespace Xerotier.Gateway.Proxy;

/// <summary>One service behind the Gateway: a cluster of destinations, in YARP's words.</summary>
/// <param name="name">The service's name.</param>
/// <param name="time">The clock.</param>
internal sealed class Upstream(string name, TimeProvider time)
{
    private volatile IReadOnlyList<Destination> destinations = [];
    private uint turn;

    /// <summary>The service's name in the topology.</summary>
    public string Name { get; } = name;

    /// <summary>Its replicas; others at another time.</summary>
    public IReadOnlyList<Destination> Destinations
    {
        get => destinations;
        set => destinations = value;
    }

    /// <summary>Whether the last probe of any destination succeeded.</summary>
    public bool IsActiveHealthy => Destinations.Any(destination => destination.IsActiveHealthy);

    /// <summary>The destination of the next attempt: healthy ones in turn, others only when no healthy one is left; never one of <paramref name="tried"/>.</summary>
    /// <returns>Null: all were tried, or none is known.</returns>
    public Destination? Next(IReadOnlyCollection<Destination> tried)
    {
        var all = destinations;
        var first = all.Count <= 1 ? 0 : (int)(Interlocked.Increment(ref turn) % (uint)all.Count);
        Destination? last = null;
        for (var i = 0; i < all.Count; i++)
        {
            var destination = all[(first + i) % all.Count];
            if (tried.Contains(destination))
            {
                continue;
            }

            if (destination.IsHealthy(time))
            {
                return destination;
            }

            last ??= destination;
        }

        return last;
    }

    /// <summary>Whether a destination other than <paramref name="destination"/> is healthy.</summary>
    public bool HasOther(Destination destination)
    {
        foreach (var other in Destinations)
        {
            if (other != destination && other.IsHealthy(time))
            {
                return true;
            }
        }

        return false;
    }
}
