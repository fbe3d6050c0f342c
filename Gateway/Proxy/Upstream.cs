namespace Xerotier.Gateway.Proxy;

/// <summary>One service behind the Gateway: a cluster of destinations, in YARP's words.</summary>
/// <param name="name">The service's name.</param>
/// <param name="destinations">Its replicas.</param>
/// <param name="time">The clock.</param>
internal sealed class Upstream(string name, IReadOnlyList<Destination> destinations, TimeProvider time)
{
    private uint turn;

    /// <summary>The service's name in the topology.</summary>
    public string Name { get; } = name;

    /// <summary>Its replicas.</summary>
    public IReadOnlyList<Destination> Destinations { get; } = destinations;

    /// <summary>Whether the last probe of any destination succeeded.</summary>
    public bool IsActiveHealthy => Destinations.Any(destination => destination.IsActiveHealthy);

    /// <summary>The destination of the next attempt: healthy ones in turn, others only when no healthy one is left; never one of <paramref name="tried"/>.</summary>
    /// <returns>Null: all were tried.</returns>
    public Destination? Next(IReadOnlyCollection<Destination> tried)
    {
        var first = Destinations.Count == 1 ? 0 : (int)(Interlocked.Increment(ref turn) % (uint)Destinations.Count);
        Destination? last = null;
        for (var i = 0; i < Destinations.Count; i++)
        {
            var destination = Destinations[(first + i) % Destinations.Count];
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
