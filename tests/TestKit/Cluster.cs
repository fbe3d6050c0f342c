using System.Globalization;
using System.Net.Http.Headers;
using System.Runtime.InteropServices;

namespace Xerotier.TestKit;

/// <summary>How a <see cref="Cluster"/> differs from what <c>./run</c> starts.</summary>
public sealed record ClusterOptions
{
    /// <summary>Instances of each service; with more than one their names end in <c>-0</c>, <c>-1</c>.</summary>
    public int Replicas { get; init; } = 1;

    /// <summary>Environment of AppHost, such as <c>Fleet__StaleAfterSeconds=5</c>; a null value removes a variable.</summary>
    public IReadOnlyDictionary<string, string?> Settings { get; init; } = new Dictionary<string, string?>();

    /// <summary>A data folder that is kept; null makes one that ends with the cluster.</summary>
    public string? DataFolder { get; init; }
}

/// <summary>The whole system as <c>./run</c> starts it, on ports and a data folder of its own, with handles to break it.</summary>
public sealed partial class Cluster : IAsyncDisposable
{
    private readonly ClusterHost host;
    private readonly Dictionary<string, string> demo;
    private readonly string? temporaryFolder;

    private Cluster(ClusterHost host, string dataFolder, string? temporaryFolder)
    {
        this.host = host;
        this.temporaryFolder = temporaryFolder;
        DataFolder = dataFolder;
        demo = File.ReadAllLines(Path.Combine(dataFolder, "demo.env"))
            .Where(line => line.Contains('=', StringComparison.Ordinal) && !line.StartsWith('#'))
            .Select(line => line.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);
        var uri = new Uri(BaseUrl);
        Url = new Uri(uri.GetLeftPart(UriPartial.Authority));
        ProjectId = uri.Segments[1].TrimEnd('/');
    }

    /// <summary>Where AppHost keeps this cluster's data.</summary>
    public string DataFolder { get; }

    /// <summary>The first Gateway's address.</summary>
    public Uri Url { get; }

    /// <summary>The demo project's API, <c>http://localhost:PORT/proj_…/v1</c>.</summary>
    public string BaseUrl => demo["XEROTIER_BASE_URL"];

    /// <summary>Id of the demo project.</summary>
    public string ProjectId { get; }

    /// <summary>The demo project's key: management, inference, heartbeat.</summary>
    public string ApiKey => demo["XEROTIER_API_KEY"];

    /// <summary>A platform key.</summary>
    public string PlatformKey => demo["XEROTIER_PLATFORM_KEY"];

    /// <summary>The first Gateway's gRPC address.</summary>
    public Uri GrpcUrl => new(demo["XEROTIER_GRPC_URL"]);

    /// <summary>The simulator's control endpoint.</summary>
    public Uri FleetUrl => new(demo["XEROTIER_FLEET_URL"]);

    /// <summary>Everything that the cluster has printed so far.</summary>
    public IReadOnlyList<string> Output => host.Output;

    /// <summary>Clusters run on Aspire, which has no <see cref="Output"/> and other names for replicas than LocalHosting.</summary>
    public static bool OnAspire => ClusterHost.OnAspire;

    /// <summary>Starts a cluster and waits until all of it is healthy.</summary>
    public static async Task<Cluster> StartAsync(ClusterOptions? options = null)
    {
        options ??= new();
        var temporary = options.DataFolder is null ? Path.Combine(Path.GetTempPath(), $"xerotier-cluster-{Guid.NewGuid():N}") : null;
        var data = options.DataFolder ?? temporary!;
        Directory.CreateDirectory(data);
        var (port, grpcPort) = FreePorts(options.Replicas);
        var host = await ClusterHost.StartAsync(options, data, port, grpcPort);
        return new Cluster(host, data, temporary);
    }

    /// <summary>An HTTP client of the first Gateway, with <paramref name="key"/> if given; every answer is held against the public description.</summary>
    public HttpClient Http(string? key = null, int replica = 0) => new(new OpenApiCheck(new SocketsHttpHandler { AllowAutoRedirect = false }))
    {
        BaseAddress = replica == 0 ? Url : Endpoint($"gateway-{replica}", "http"),
        DefaultRequestHeaders = { Authorization = key is null ? null : new AuthenticationHeaderValue("Bearer", key) },
    };

    /// <summary>Address of an endpoint (<c>http</c>, <c>grpc</c>, <c>metrics</c>) of one instance.</summary>
    public Uri Endpoint(string instance, string endpoint) => host.Endpoint(instance, endpoint);

    /// <summary>Process id of a running instance, such as <c>gateway</c>, <c>gateway-1</c> or <c>redis-server</c>; 0 when it does not run.</summary>
    public int ProcessId(string instance) => host.ProcessId(instance);

    /// <summary>Names of all instances.</summary>
    public IReadOnlyCollection<string> Instances => host.Instances;

    /// <summary>Kills an instance and all that it started with SIGKILL.</summary>
    public async Task KillAsync(string instance)
    {
        Signal(instance, 9);
        while (ProcessId(instance) != 0)
        {
            await Task.Delay(20);
        }
    }

    /// <summary>Stops an instance where it is (SIGSTOP) until <see cref="Resume"/>.</summary>
    public void Pause(string instance) => Signal(instance, 19);

    /// <summary>Lets a paused instance go on (SIGCONT).</summary>
    public void Resume(string instance) => Signal(instance, 18);

    /// <summary>Starts an instance that has ended; returns when its process runs.</summary>
    public Task StartInstanceAsync(string instance) => host.StartAsync(instance);

    /// <summary>Ends an instance with SIGTERM and waits for its end.</summary>
    public Task StopInstanceAsync(string instance) => host.StopAsync(instance);

    public async ValueTask DisposeAsync()
    {
        await host.DisposeAsync();
        if (temporaryFolder is not null)
        {
            Directory.Delete(temporaryFolder, recursive: true);
        }
    }

    private void Signal(string instance, int signal)
    {
        var id = ProcessId(instance);
        if (id != 0 && SendSignal(-id, signal) != 0 && SendSignal(id, signal) != 0)
        {
            throw new InvalidOperationException($"{instance} ({id}) cannot be signalled: error {Marshal.GetLastPInvokeError().ToString(CultureInfo.InvariantCulture)}.");
        }

        // PostgreSQL's backends are in sessions of their own.
        foreach (var child in instance == "postgres-server" && signal != 9 ? Children(id) : [])
        {
            _ = SendSignal(child, signal);
        }

        static IEnumerable<int> Children(int id) =>
            File.ReadAllText($"/proc/{id}/task/{id}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(child => int.Parse(child, CultureInfo.InvariantCulture));
    }

    private static (int Port, int GrpcPort) FreePorts(int replicas)
    {
        for (var attempt = 0; ; attempt++)
        {
            // Below the ranges from which AppHost and the system pick ports for others.
            var port = Random.Shared.Next(10_000, 19_900);
            if (Enumerable.Range(0, replicas).All(i => IsFree(port + (10 * i)) && IsFree(port + 1 + (10 * i))) || attempt == 100)
            {
                return (port, port + 1);
            }
        }

        static bool IsFree(int port)
        {
            try
            {
                using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, port);
                listener.Start();
                return true;
            }
            catch (System.Net.Sockets.SocketException)
            {
                return false;
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SendSignal(int process, int signal);
}
