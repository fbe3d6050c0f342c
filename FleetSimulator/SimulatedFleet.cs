using Microsoft.Extensions.Options;
using Xerotier.Health.V1;

namespace Xerotier.FleetSimulator;

/// <summary>The senders, and their heartbeats. Of each kind, the last few can be silent.</summary>
internal sealed class SimulatedFleet
{
    private static readonly string[] Regions = ["us-east", "eu-west", "ap-south"];
    private static readonly (string Slug, string Model)[] Endpoints = [("chat", "llama-3.3-70b"), ("embed", "e5-large")];

    private readonly string projectId;
    private volatile SenderCounts silent;
    private volatile TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public SimulatedFleet(IOptions<SimulatorOptions> options)
    {
        var o = options.Value;
        Fleet = o.Fleet;
        silent = o.Silent;
        projectId = o.ProjectId;
        StaleAfterSeconds = o.StaleAfterSeconds;
    }

    /// <summary>The number of senders of each kind.</summary>
    public SenderCounts Fleet { get; }

    /// <summary>How long a sender is silent until the platform takes it for stale.</summary>
    public double StaleAfterSeconds { get; }

    /// <summary>The number of silent senders of each kind.</summary>
    public SenderCounts Silent
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

    /// <summary>Completes when <see cref="Silent"/> changes.</summary>
    public Task Changed => changed.Task;

    /// <summary>The heartbeats of routers and shared agents.</summary>
    public IEnumerable<Heartbeat> PlatformHeartbeats()
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

    /// <summary>The heartbeats of the demo project's private agents.</summary>
    public IEnumerable<Heartbeat> ProjectHeartbeats()
    {
        for (var i = 0; i < Fleet.PrivateAgents - silent.PrivateAgents; i++)
        {
            yield return new() { Agent = Agent(i, AgentKind.Private, "wkr", "") };
        }
    }

    private static AgentHeartbeat Agent(int i, AgentKind kind, string prefix, string endpointPrefix)
    {
        var (slug, model) = Endpoints[i % Endpoints.Length];
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
