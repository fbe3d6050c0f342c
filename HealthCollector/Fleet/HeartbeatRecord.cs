using System.Text;
using Google.Protobuf;
using Xerotier.Health.V1;

namespace Xerotier.HealthCollector.Fleet;

/// <summary>
/// The stored form of a heartbeat: its protobuf bytes. A shared agent's record begins with the ids of the projects that it serves,
/// sorted and separated by commas, and a line feed; the write script updates the index of serving agents from them.
/// </summary>
internal static class HeartbeatRecord
{
    /// <summary>The record of a router's heartbeat.</summary>
    public static byte[] Of(RouterHeartbeat router) => router.ToByteArray();

    /// <summary>The record of an agent's heartbeat.</summary>
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

    /// <summary>Reads a router's record.</summary>
    public static RouterHeartbeat ToRouter(byte[] record) => RouterHeartbeat.Parser.ParseFrom(record);

    /// <summary>Reads the record of an agent of <paramref name="kind"/>.</summary>
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
