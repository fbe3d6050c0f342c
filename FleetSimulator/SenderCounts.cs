namespace Xerotier.FleetSimulator;

/// <summary>A number of senders of each kind.</summary>
/// <param name="Routers">Routers.</param>
/// <param name="SharedAgents">Shared agents.</param>
/// <param name="PrivateAgents">Private agents.</param>
internal sealed record SenderCounts(int Routers, int SharedAgents, int PrivateAgents)
{
    /// <summary>Whether every number is between 0 and the one in <paramref name="whole"/>.</summary>
    public bool FitIn(SenderCounts whole) =>
        Routers >= 0 && Routers <= whole.Routers
        && SharedAgents >= 0 && SharedAgents <= whole.SharedAgents
        && PrivateAgents >= 0 && PrivateAgents <= whole.PrivateAgents;
}
