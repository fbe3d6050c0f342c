using Microsoft.Extensions.Options;
using Xerotier.Health.V1;

namespace Xerotier.FleetSimulator;

/// <summary>How many of each are silent, or are there.</summary>
/// <param name="Routers">Routers.</param>
/// <param name="SharedAgents">Shared agents.</param>
/// <param name="PrivateAgents">Private agents.</param>
internal sealed record Numbers(int Routers, int SharedAgents, int PrivateAgents)
{
    /// <summary>None is negative or more than in <paramref name="whole"/>.</summary>
    public bool FitIn(Numbers whole) =>
        Routers >= 0 && Routers <= whole.Routers
        && SharedAgents >= 0 && SharedAgents <= whole.SharedAgents
        && PrivateAgents >= 0 && PrivateAgents <= whole.PrivateAgents;
}

/// <summary>Who there is, and who of them speaks at the moment: all but the last few of each.</summary>
internal sealed class SimulatedFleet
{
    private static readonly string[] Regions = ["us-east", "eu-west", "ap-south"];
    private static readonly (string Slug, string Model)[] Served = [("chat", "llama-3.3-70b"), ("embed", "e5-large")];

    private readonly string projectId;
    private volatile Numbers silent;
    private volatile TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public SimulatedFleet(IOptions<SimulatorOptions> options)
    {
        var o = options.Value;
        Fleet = o.Fleet;
        silent = o.Silent;
        projectId = o.ProjectId;
    }

    /// <summary>How many there are of each.</summary>
    public Numbers Fleet { get; }

    /// <summary>How many of each are silent.</summary>
    public Numbers Silent
    {
        get => silent;
        set
        {
            silent = value;
            var before = changed;
            changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
            before.SetResult();
        }
    }

    /// <summary>Completes when <see cref="Silent"/> is set next.</summary>
    public Task Changed => changed.Task;

    /// <summary>What routers and shared agents say now.</summary>
    public IEnumerable<Heartbeat> OfPlatform()
    {
        var now = silent;
        for (var i = 0; i < Fleet.Routers - now.Routers; i++)
        {
            yield return new()
            {
                Router = new() { RouterId = $"rtr-{i + 1}", Region = Regions[i % Regions.Length], Version = "1.4.2", State = RouterState.Online },
            };
        }

        for (var i = 0; i < Fleet.SharedAgents - now.SharedAgents; i++)
        {
            yield return new() { Agent = Agent(i, AgentKind.Shared, "shr", projectId + "/") };
        }
    }

    /// <summary>What the demo project's private agents say now.</summary>
    public IEnumerable<Heartbeat> OfProject()
    {
        for (var i = 0; i < Fleet.PrivateAgents - silent.PrivateAgents; i++)
        {
            yield return new() { Agent = Agent(i, AgentKind.Private, "wkr", "") };
        }
    }

    private static AgentHeartbeat Agent(int i, AgentKind kind, string prefix, string endpointPrefix)
    {
        var (slug, model) = Served[i % Served.Length];
        return new()
        {
            WorkerId = $"{prefix}-{i + 1}",
            Name = $"gpu-{prefix}-{i + 1}",
            Region = Regions[i % Regions.Length],
            Kind = kind,
            Version = "2.1.0",
            State = AgentState.Ready,
            MaxConcurrentRequests = 16,
            ActiveRequests = Random.Shared.Next(0, 13),
            Models = { model },
            Endpoints = { endpointPrefix + slug },
        };
    }
}
