using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Runtime.InteropServices;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;

namespace Xerotier.TestKit;

/// <summary>How a <see cref="Cluster"/> differs from what <c>./run</c> starts.</summary>
public sealed record ClusterOptions
{
    /// <summary>Instances of each service; with more than one their names end in <c>-0</c>, <c>-1</c>.</summary>
    public int Replicas { get; init; } = 1;

    /// <summary>Settings, such as <c>Fleet__StaleAfterSeconds=5</c>: of AppHost where they are <c>XEROTIER_…</c>, <c>Demo__…</c> or <c>ConnectionStrings__…</c>, of every service otherwise.</summary>
    public IReadOnlyDictionary<string, string?> Settings { get; init; } = new Dictionary<string, string?>();

    /// <summary>What is special of single instances: called for each.</summary>
    public Action<IResourceBuilder<ProjectResource>> Configure { get; init; } = _ => { };

    /// <summary>A data folder that is kept; null makes one that ends with the cluster.</summary>
    public string? DataFolder { get; init; }
}

/// <summary>The whole system, run by Aspire in this process as <c>./run</c> runs it in its own, on ports and a data folder of its own, with handles to break it.</summary>
public sealed partial class Cluster : IAsyncDisposable
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(180);
    private static readonly TimeSpan CommandTimeout = TimeSpan.FromSeconds(60);

    private readonly DistributedApplication app;
    private readonly CancellationTokenSource ending = new();
    private readonly ConcurrentDictionary<string, CustomResourceSnapshot> snapshots = new();
    private readonly ResourceOutput output;
    private readonly Task watching;
    private readonly string? temporaryFolder;
    private readonly PortSlice ports;
    private Dictionary<string, string> demo = [];

    private Cluster(DistributedApplication app, ResourceOutput output, string dataFolder, string? temporaryFolder, PortSlice ports)
    {
        (this.app, this.output, this.temporaryFolder, this.ports) = (app, output, temporaryFolder, ports);
        DataFolder = dataFolder;
        watching = WatchAsync();
    }

    /// <summary>Where AppHost keeps this cluster's data.</summary>
    public string DataFolder { get; }

    /// <summary>The first Gateway's address.</summary>
    public Uri Url => new(new Uri(BaseUrl).GetLeftPart(UriPartial.Authority));

    /// <summary>The demo project's API, <c>http://localhost:PORT/proj_…/v1</c>.</summary>
    public string BaseUrl => demo["XEROTIER_BASE_URL"];

    /// <summary>Id of the demo project.</summary>
    public string ProjectId => new Uri(BaseUrl).Segments[1].TrimEnd('/');

    /// <summary>The demo project's key: management, inference, heartbeat.</summary>
    public string ApiKey => demo["XEROTIER_API_KEY"];

    /// <summary>A platform key.</summary>
    public string PlatformKey => demo["XEROTIER_PLATFORM_KEY"];

    /// <summary>The first Gateway's gRPC address.</summary>
    public Uri GrpcUrl => new(demo["XEROTIER_GRPC_URL"]);

    /// <summary>The simulator's control endpoint.</summary>
    public Uri FleetUrl => new(demo["XEROTIER_FLEET_URL"]);

    /// <summary>Every line that services and stores have printed so far.</summary>
    public IReadOnlyList<string> Output => output.Lines;

    /// <summary>The application, for what only Aspire knows.</summary>
    public DistributedApplication Application => app;

    /// <summary>Starts a cluster and waits until all of it is healthy.</summary>
    /// <exception cref="InvalidOperationException">It ended, or did not get healthy in time; the message has the last of its output.</exception>
    public static async Task<Cluster> StartAsync(ClusterOptions? options = null)
    {
        options ??= new();
        var temporary = options.DataFolder is null ? Path.Combine(Path.GetTempPath(), $"xerotier-cluster-{Guid.NewGuid():N}") : null;
        var data = options.DataFolder ?? temporary!;
        Directory.CreateDirectory(data);
        var ports = PortSlice.Take();
        var ofAppHost = options.Settings.Where(setting => IsOfAppHost(setting.Key)).ToDictionary(setting => setting.Key, setting => setting.Value);
        foreach (var (name, value) in ports.Settings)
        {
            ofAppHost.TryAdd(name, value);
        }

        ofAppHost.TryAdd("XEROTIER_DATA", data);
        ofAppHost.TryAdd("replicas", $"{options.Replicas}");
        ofAppHost.TryAdd("Demo__Seed", "0"); // an example history is for tests that ask for it

        // As arguments, not by this process's environment: clusters run side by side.
        IDistributedApplicationTestingBuilder builder;
        try
        {
            builder = await DistributedApplicationTestingBuilder.CreateAsync<global::Projects.AppHost>(
                [.. ofAppHost.Select(setting => $"--{setting.Key.Replace("__", ":", StringComparison.Ordinal)}={setting.Value}"), "--no-dashboard"]);
        }
        catch (AppHost.SetupException refused)
        {
            ports.Dispose();
            throw new InvalidOperationException(refused.Message, refused);
        }

        foreach (var project in builder.Resources.OfType<ProjectResource>().ToList())
        {
            // Tests write windows of any time, and many.
            var settings = new Dictionary<string, string?> { ["Windows__OpenPerProject"] = "0", ["Windows__StartsWithinDays"] = "0" };
            foreach (var (name, value) in settings.Concat(options.Settings.Where(setting => !IsOfAppHost(setting.Key))))
            {
                builder.CreateResourceBuilder(project).WithEnvironment(name, value);
            }

            options.Configure(builder.CreateResourceBuilder(project));
        }

        var output = new ResourceOutput();
        builder.Services.AddLogging(logging => logging.ClearProviders().AddProvider(output));
        var cluster = new Cluster(await builder.BuildAsync(), output, data, temporary, ports);
        try
        {
            await cluster.StartAndWaitAsync();
            return cluster;
        }
        catch (Exception failure)
        {
            await cluster.DisposeAsync();
            throw failure is TimeoutException or DistributedApplicationException
                ? new InvalidOperationException($"The cluster did not start: {failure.Message}\n{string.Join('\n', output.Lines.TakeLast(40))}", failure)
                : failure;
        }

        static bool IsOfAppHost(string setting) =>
            setting.StartsWith("XEROTIER_", StringComparison.Ordinal) || setting.StartsWith("Demo__", StringComparison.Ordinal) || setting.StartsWith("ConnectionStrings__", StringComparison.Ordinal);
    }

    /// <summary>An HTTP client of the first Gateway, with <paramref name="key"/> if given; every answer is held against the public description.</summary>
    public HttpClient Http(string? key = null, int replica = 0) => new(new OpenApiCheck(new SocketsHttpHandler { AllowAutoRedirect = false }))
    {
        BaseAddress = replica == 0 ? Url : Endpoint($"gateway-{replica}", "http"),
        DefaultRequestHeaders = { Authorization = key is null ? null : new AuthenticationHeaderValue("Bearer", key) },
    };

    /// <summary>Creates a project, of the platform's own operators or not, with a key of <paramref name="scopes"/>.</summary>
    public async Task<(string Id, string Key)> CreateProjectAsync(string name, bool platform, params string[] scopes)
    {
        using var http = Http(PlatformKey);
        var id = (await http.PostForJsonAsync("/v1/platform/projects", new { name, slug = $"{name}-{Random.Shared.NextInt64():x}", platform }))["id"]!.ToString();
        return (id, (await http.PostForJsonAsync($"/v1/platform/projects/{id}/keys", new { name, scopes }))["key"]!.ToString());
    }

    /// <summary>Address of an endpoint (<c>http</c>, <c>grpc</c>, <c>metrics</c>) of one instance.</summary>
    public Uri Endpoint(string instance, string endpoint) => app.GetEndpoint(instance, endpoint);

    /// <summary>Process id of a running instance, such as <c>gateway</c>, <c>gateway-1</c> or <c>redis-server</c>; 0 when it does not run.</summary>
    public int ProcessId(string instance) =>
        snapshots.TryGetValue(instance, out var snapshot)
        && !KnownResourceStates.TerminalStates.Contains(snapshot.State?.Text)
        && Property(snapshot, "executable.pid") is { } pid && Convert.ToInt32(pid, CultureInfo.InvariantCulture) is var id && Directory.Exists($"/proc/{id}") ? id : 0;

    /// <summary>The program that an instance runs.</summary>
    public string? Executable(string instance) => snapshots.TryGetValue(instance, out var snapshot) ? Property(snapshot, "executable.path") as string : null;

    /// <summary>Names of all instances that are processes.</summary>
    public IReadOnlyCollection<string> Instances =>
        [.. app.Services.GetRequiredService<DistributedApplicationModel>().Resources.Where(AppHost.LocalCluster.IsOwn).Select(resource => resource.Name)];

    /// <summary>Kills an instance with SIGKILL, and waits until Aspire has seen its end.</summary>
    public async Task KillAsync(string instance)
    {
        Signal(instance, 9);
        if (!await IsWithinAsync(TimeSpan.FromSeconds(20), instance, IsTerminal))
        {
            // Aspire's orchestrator has been seen to miss an end, once in thousands. Asked to stop what is gone, it looks.
            await StopInstanceAsync(instance);
        }
    }

    /// <summary>Stops an instance where it is (SIGSTOP) until <see cref="Resume"/>.</summary>
    public void Pause(string instance) => Signal(instance, 19);

    /// <summary>Lets a paused instance go on (SIGCONT).</summary>
    public void Resume(string instance) => Signal(instance, 18);

    /// <summary>Starts an instance that has ended; returns when its process runs.</summary>
    public async Task StartInstanceAsync(string instance)
    {
        var before = snapshots.TryGetValue(instance, out var snapshot) ? Property(snapshot, "executable.pid") : null;
        await CommandAsync(instance, KnownResourceCommands.StartCommand);
        await UntilAsync(instance, now => now.State?.Text == KnownResourceStates.Running && !Equals(Property(now, "executable.pid"), before), "start");
    }

    /// <summary>Waits until an instance of a service says that it is ready: a start takes half a minute where load leaves it little of the machine.</summary>
    public async Task ReadyAsync(string instance)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(2) };
        await Eventually.TrueAsync(IsReadyAsync, $"{instance} is ready", seconds: 90);

        async Task<bool> IsReadyAsync()
        {
            try
            {
                using var response = await http.GetAsync(new Uri(Endpoint(instance, "http"), "/readyz"));
                return response.IsSuccessStatusCode;
            }
            catch (Exception failure) when (failure is HttpRequestException or TaskCanceledException)
            {
                return false; // it is starting
            }
        }
    }

    /// <summary>Ends an instance with SIGTERM and waits for its end.</summary>
    public async Task StopInstanceAsync(string instance)
    {
        await CommandAsync(instance, KnownResourceCommands.StopCommand);
        await UntilAsync(instance, IsTerminal, "stop");
    }

    public async ValueTask DisposeAsync()
    {
        await ending.CancelAsync();
        await watching;
        await app.DisposeAsync();
        ports.Dispose();
        ending.Dispose();
        if (temporaryFolder is not null)
        {
            Directory.Delete(temporaryFolder, recursive: true);
        }
    }

    private static bool IsTerminal(CustomResourceSnapshot snapshot) => KnownResourceStates.TerminalStates.Contains(snapshot.State?.Text);

    private static object? Property(CustomResourceSnapshot snapshot, string name) => snapshot.Properties.FirstOrDefault(property => property.Name == name)?.Value;

    private async Task StartAndWaitAsync()
    {
        using var timeout = new CancellationTokenSource(StartTimeout);
        try
        {
            await app.StartAsync(timeout.Token);

            // The first that cannot start ends the wait for all.
            await Task.WhenAll(Instances.Select(instance => app.ResourceNotifications.WaitForResourceHealthyAsync(instance, WaitBehavior.StopOnResourceUnavailable, timeout.Token)));
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested)
        {
            var missing = snapshots.Where(found => Instances.Contains(found.Key) && found.Value.HealthStatus != HealthStatus.Healthy).Select(found => $"{found.Key} ({found.Value.State?.Text}, {found.Value.HealthStatus})");
            throw new TimeoutException($"Not healthy within {StartTimeout.TotalSeconds} s: {string.Join(", ", missing)}.");
        }

        demo = AppHost.PrivateServers.ReadSecrets(Path.Combine(DataFolder, AppHost.ClusterSettings.DemoFile));
    }

    private async Task WatchAsync()
    {
        try
        {
            await foreach (var change in app.ResourceNotifications.WatchAsync(ending.Token))
            {
                snapshots[change.Resource.Name] = change.Snapshot;
            }
        }
        catch (OperationCanceledException)
        {
            // ending
        }
    }

    private async Task CommandAsync(string instance, string command)
    {
        var result = await app.Services.GetRequiredService<ResourceCommandService>().ExecuteCommandAsync(instance, command);
        if (!result.Success)
        {
            throw new InvalidOperationException($"{command} {instance}: {result.Message}");
        }
    }

    private async Task UntilAsync(string instance, Func<CustomResourceSnapshot, bool> condition, string what)
    {
        if (!await IsWithinAsync(CommandTimeout, instance, condition))
        {
            var seen = snapshots.TryGetValue(instance, out var now) ? $"{now.State?.Text}, process {Property(now, "executable.pid")}, {(ProcessId(instance) == 0 ? "gone" : "there")}" : "nothing";
            throw new TimeoutException($"{instance} did not {what} (Aspire: {seen}):\n{string.Join('\n', output.Lines.TakeLast(20))}");
        }
    }

    private async Task<bool> IsWithinAsync(TimeSpan time, string instance, Func<CustomResourceSnapshot, bool> condition)
    {
        for (var waited = Stopwatch.StartNew(); waited.Elapsed < time;)
        {
            if (snapshots.TryGetValue(instance, out var now) && condition(now))
            {
                return true;
            }

            await Task.Delay(20);
        }

        return false;
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

    /// <summary>Two ports for a Gateway, which no other cluster of a test takes for as long as this process lives.</summary>
    public static (int Http, int Grpc) FreePorts()
    {
        var slice = PortSlice.Take();
        return (slice.Http, slice.Grpc);
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SendSignal(int process, int signal);
}

/// <summary>Keeps what the resources print, which Aspire logs.</summary>
internal sealed class ResourceOutput : ILoggerProvider
{
    private readonly ConcurrentQueue<string> lines = new();

    public IReadOnlyList<string> Lines => [.. lines];

    public ILogger CreateLogger(string categoryName) => new Logger(lines, categoryName[(categoryName.LastIndexOf('.') + 1)..]);

    public void Dispose()
    {
        // holds nothing
    }

    private sealed class Logger(ConcurrentQueue<string> lines, string name) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            lines.Enqueue($"[{name}] {formatter(state, exception)}");
    }
}
