using System.Collections.Concurrent;

namespace Xerotier.TestKit;

/// <summary>One service as a process of its own, without the rest of a cluster, on free ports of 127.0.0.1; for tests of what only a process has.</summary>
public sealed class ServiceProcess : IAsyncDisposable
{
    private readonly ChildProcess process;
    private readonly ConcurrentQueue<string> output = new();

    /// <summary>Starts the built executable of <paramref name="project"/> with <paramref name="settings"/> in its environment.</summary>
    public ServiceProcess(string project, params IEnumerable<KeyValuePair<string, string>> settings)
    {
        var environment = new Dictionary<string, string?> { ["InternalAuth__Keys__0"] = TestTokens.Key };
        foreach (var (variable, port) in new[] { ("HTTP_PORT", HttpAddress), ("GRPC_PORT", GrpcAddress), ("METRICS_PORT", MetricsAddress) })
        {
            environment[variable] = $"{port.Port}";
        }

        foreach (var (name, value) in settings)
        {
            environment[name] = value;
        }

        process = ChildProcess.Start(Solution.Executable(project), [], environment, Path.Combine(Solution.Folder, project), output.Enqueue);
    }

    /// <summary>Base address of HTTP/1.1.</summary>
    public Uri HttpAddress { get; } = Free();

    /// <summary>Base address of gRPC (cleartext HTTP/2).</summary>
    public Uri GrpcAddress { get; } = Free();

    /// <summary>Base address of <c>/metrics</c>.</summary>
    public Uri MetricsAddress { get; } = Free();

    /// <summary>What it has printed.</summary>
    public IReadOnlyCollection<string> Output => output;

    /// <summary>Kills it with SIGKILL and waits for its end.</summary>
    public Task KillAsync()
    {
        process.Signal(ChildProcess.Kill);
        return process.Exited;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await process.StopAsync(TimeSpan.FromSeconds(10));
        process.Dispose();
    }

    private static Uri Free() => new($"http://127.0.0.1:{TestPorts.Free()}");
}
