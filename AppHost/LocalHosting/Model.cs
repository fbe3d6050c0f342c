using System.Runtime.CompilerServices;
using System.Text;

namespace Xerotier.LocalHosting;

// The part of Aspire's application model that AppHost.cs uses, by the same names.

/// <summary>Anything with a name in the topology.</summary>
internal interface IResource
{
    string Name { get; }
}

/// <summary>A resource that others reach by a connection string.</summary>
internal interface IResourceWithConnectionString : IResource
{
    string ConnectionString { get; }
}

/// <summary>Configures a resource.</summary>
internal interface IResourceBuilder<out T>
    where T : IResource
{
    T Resource { get; }
}

/// <summary>A resource, and what must be healthy before it starts.</summary>
internal abstract class Resource(string name) : IResource
{
    public string Name { get; } = name;

    public List<Resource> WaitsFor { get; } = [];

    /// <summary>Completes when the resource has started and is healthy.</summary>
    public TaskCompletionSource Healthy { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>A value of the configuration.</summary>
internal sealed class ParameterResource(string name, string value) : Resource(name)
{
    public string Value => value;
}

/// <summary>A connection string.</summary>
internal sealed class ConnectionStringResource(string name, string connectionString) : Resource(name), IResourceWithConnectionString
{
    public string ConnectionString => connectionString;
}

/// <summary>A child process, or several alike.</summary>
internal class ExecutableResource(string name, string command, string workingDirectory, IReadOnlyList<string> arguments) : Resource(name)
{
    public string Command => command;

    public string WorkingDirectory => workingDirectory;

    public IReadOnlyList<string> Arguments => arguments;

    public List<Endpoint> Endpoints { get; } = [];

    /// <summary>Evaluated when the process starts: by then every endpoint has its port.</summary>
    public Dictionary<string, Func<string>> Environment { get; } = [];

    public int Replicas { get; set; } = 1;

    /// <summary>Path and endpoint that answer 200 when the resource is healthy.</summary>
    public (string Path, string Endpoint)? HttpHealth { get; set; }

    /// <summary>Key of the registered health check.</summary>
    public string? HealthCheck { get; set; }
}

/// <summary>One of our projects, started from its build output.</summary>
internal sealed class ProjectResource(string name, string command, string workingDirectory) : ExecutableResource(name, command, workingDirectory, []);

/// <summary>A named port of a resource; each replica has its own.</summary>
internal sealed class Endpoint(string name, string environmentVariable, int? port)
{
    private readonly Dictionary<int, int> ports = [];

    public string Name => name;

    public string EnvironmentVariable => environmentVariable;

    /// <summary>The port of a replica: stays the same when the replica is started again.</summary>
    public int Port(int replica)
    {
        lock (ports)
        {
            return ports.TryGetValue(replica, out var known) ? known
                : ports[replica] = port is { } first ? first + (10 * replica) : AppHost.PrivateServers.FreePort();
        }
    }

    public string Url(int replica) => $"http://127.0.0.1:{Port(replica)}";
}

/// <summary>Another resource's endpoint, as a value of an environment variable.</summary>
internal sealed record EndpointReference(Endpoint Endpoint);

/// <summary>A text put together of values.</summary>
internal sealed class ReferenceExpression(string value)
{
    public string Value => value;

    public static ReferenceExpression Create(Handler handler) => new(handler.ToString());

    [InterpolatedStringHandler]
    internal readonly struct Handler
    {
        private readonly StringBuilder text;

        public Handler(int literalLength, int formattedCount) => text = new(literalLength + (formattedCount * 16));

        public void AppendLiteral(string value) => text.Append(value);

        public void AppendFormatted(string value) => text.Append(value);

        public override string ToString() => text.ToString();
    }
}
