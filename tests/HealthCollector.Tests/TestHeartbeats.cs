using Grpc.Core;
using Xerotier.Health.V1;

namespace Xerotier.HealthCollector.Tests;

/// <summary>Heartbeats as senders make them.</summary>
internal static class TestHeartbeats
{
    public static Heartbeat Router(string id, RouterState state = RouterState.Online) =>
        new() { Router = new() { RouterId = id, Region = "us-east", Version = "1.4.2", State = state } };

    public static Heartbeat Shared(string id, params string[] endpoints) => Agent(id, AgentKind.Shared, endpoints);

    public static Heartbeat Private(string id, params string[] endpoints) => Agent(id, AgentKind.Private, endpoints);

    /// <summary>As a relay sends it.</summary>
    public static Heartbeat Of(string projectId, Heartbeat agent)
    {
        agent.Agent.ProjectId = projectId;
        return agent;
    }

    public static Heartbeat Offline(Heartbeat agent)
    {
        var copy = agent.Clone();
        copy.Agent.State = AgentState.Offline;
        return copy;
    }

    public static async Task<ReportResponse> SendAsync(this AsyncDuplexStreamingCall<ReportRequest, ReportResponse> call, params Heartbeat[] heartbeats)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(15));
        await call.RequestStream.WriteAsync(new() { Heartbeats = { heartbeats } }, deadline.Token);
        Assert.True(await call.ResponseStream.MoveNext(deadline.Token));
        return call.ResponseStream.Current;
    }

    private static Heartbeat Agent(string id, AgentKind kind, string[] endpoints) => new()
    {
        Agent = new()
        {
            WorkerId = id,
            Name = $"name of {id}",
            Region = "eu-west",
            Kind = kind,
            Version = "2.1.0",
            State = AgentState.Ready,
            MaxConcurrentRequests = 16,
            ActiveRequests = 3,
            Models = { "llama" },
            Endpoints = { endpoints },
        },
    };
}
