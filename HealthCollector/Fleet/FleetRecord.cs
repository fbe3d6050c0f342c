using System.Text;
using Google.Protobuf;
using Xerotier.Health.V1;
using Xerotier.ServiceDefaults;

namespace Xerotier.HealthCollector;

/// <summary>What sends heartbeats.</summary>
internal enum SenderKind
{
    /// <summary>A router of the platform.</summary>
    Router,

    /// <summary>An agent of the platform.</summary>
    Shared,

    /// <summary>An agent of one project.</summary>
    Private,
}

/// <summary>A fleet: one kind of sender of one owner. Ids are unique within it.</summary>
/// <param name="Kind">What it consists of.</param>
/// <param name="Owner">Id of the project, or <see cref="Caller.Platform"/>.</param>
internal readonly record struct FleetKey(SenderKind Kind, string Owner)
{
    /// <summary>The platform's routers.</summary>
    public static FleetKey Routers { get; } = new(SenderKind.Router, Caller.Platform);

    /// <summary>The platform's shared agents.</summary>
    public static FleetKey SharedAgents { get; } = new(SenderKind.Shared, Caller.Platform);

    /// <summary>The private agents of a project.</summary>
    public static FleetKey PrivateAgents(string projectId) => new(SenderKind.Private, projectId);
}

/// <summary>One valid heartbeat on its way to Redis.</summary>
/// <param name="Id">The sender's id within its fleet.</param>
/// <param name="HeardAt">When the collector received it, in microseconds since 1970.</param>
/// <param name="Alive">False: the sender said <c>offline</c>.</param>
/// <param name="Record">What is stored, see <see cref="FleetRecord"/>.</param>
internal readonly record struct Beat(string Id, long HeardAt, bool Alive, byte[] Record)
{
    /// <summary>Roughly the bytes that it occupies while it waits.</summary>
    public int Weight => Record.Length + (2 * Id.Length) + 128;
}

/// <summary>
/// The stored form of a heartbeat: its protobuf bytes. A shared agent's are preceded by the ids of the projects that it serves,
/// sorted, with commas between them and a line feed behind them, so that the index of servers can follow it within Redis.
/// </summary>
internal static class FleetRecord
{
    public static byte[] Of(RouterHeartbeat router) => router.ToByteArray();

    public static byte[] Of(AgentHeartbeat agent)
    {
        if (agent.Kind != AgentKind.Shared)
        {
            return agent.ToByteArray();
        }

        var projects = Projects(agent);
        var record = new byte[projects.Length + 1 + agent.CalculateSize()];
        Encoding.ASCII.GetBytes(projects, record);
        record[projects.Length] = (byte)'\n';
        agent.WriteTo(record.AsSpan(projects.Length + 1));
        return record;
    }

    public static RouterHeartbeat ToRouter(byte[] record) => RouterHeartbeat.Parser.ParseFrom(record);

    public static AgentHeartbeat ToAgent(byte[] record, SenderKind kind)
    {
        var start = kind == SenderKind.Shared ? Array.IndexOf(record, (byte)'\n') + 1 : 0;
        return AgentHeartbeat.Parser.ParseFrom(record, start, record.Length - start);
    }

    private static string Projects(AgentHeartbeat agent)
    {
        switch (agent.Endpoints)
        {
            case []:
                return "";
            case [var one]:
                return Project(one);
            default:
                return string.Join(',', new SortedSet<string>(agent.Endpoints.Select(Project), StringComparer.Ordinal));
        }

        static string Project(string endpoint) => endpoint[..endpoint.IndexOf('/', StringComparison.Ordinal)];
    }
}
