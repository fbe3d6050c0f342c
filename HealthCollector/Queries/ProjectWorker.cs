using Xerotier.Fleet.V1;
using Xerotier.Health.V1;
using Xerotier.HealthCollector.Fleet;

namespace Xerotier.HealthCollector.Queries;

/// <summary>An agent that a project sees. Only its record is kept: a project's agents may have millions of models and endpoints together.</summary>
internal readonly record struct ProjectWorker(StoredHeartbeat Heartbeat, SenderKind Kind, bool Healthy)
{
    /// <summary>The agent's id.</summary>
    public string Id => Heartbeat.Id;

    /// <summary>Its last heartbeat, parsed.</summary>
    public AgentHeartbeat Agent => HeartbeatRecord.ToAgent(Heartbeat.Record, Kind);

    /// <summary>The project's endpoints that <paramref name="agent"/> names.</summary>
    public IEnumerable<string> Slugs(AgentHeartbeat agent, string projectId)
    {
        var prefix = Kind == SenderKind.Shared ? projectId + "/" : "";
        return agent.Endpoints.Where(endpoint => endpoint.StartsWith(prefix, StringComparison.Ordinal)).Select(endpoint => endpoint[prefix.Length..]).Distinct(StringComparer.Ordinal);
    }

    /// <summary>The agent as an item of the response.</summary>
    public Worker ToProto(string projectId, DateTimeOffset now)
    {
        var agent = Agent;
        var worker = new Worker
        {
            Id = Id,
            Name = agent.Name,
            Kind = Kind == SenderKind.Shared ? "shared" : "private",
            Region = agent.Region,
            Version = agent.Version,
            State = agent.State == AgentState.Draining ? "draining" : "ready",
            Healthy = Healthy,
            ActiveRequests = agent.ActiveRequests,
            MaxConcurrentRequests = agent.MaxConcurrentRequests,
            LastHeartbeatAt = Heartbeat.NotAfter(now),
        };
        worker.Models.AddRange(agent.Models.Distinct(StringComparer.Ordinal));
        worker.Endpoints.AddRange(Slugs(agent, projectId));
        return worker;
    }
}
