using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using k8s.Models;
using Npgsql;
using Xerotier.TestKit;

namespace Xerotier.Deploy.Tests;

/// <summary>
/// The pods of the example overlay as processes of this machine, each with exactly the variables that the manifests give it and an address
/// of its own (127.a.b.c). What is another here: <c>LISTEN_ADDRESS</c> is that address, for all are on one machine; names are resolved by
/// <c>names.c</c> as a headless Service's would be; connection strings lead to the stores of the test; the volume is a folder.
/// There is no folder for temporary files and no home, as in an image whose root cannot be written.
/// </summary>
internal sealed class Pods : IAsyncDisposable
{
    private const string VolumePath = "/var/lib/xerotier-status";

    private readonly string folder = Directory.CreateTempSubdirectory("xerotier-pods-").FullName;
    private readonly string network = $"127.{Random.Shared.Next(1, 255)}.{Random.Shared.Next(1, 255)}";
    private readonly Manifests manifests = Manifests.Example();
    private readonly Dictionary<string, string> connections;
    private readonly ConcurrentDictionary<string, Pod> running = new();

    private Pods(Dictionary<string, string> connections) => this.connections = connections;

    /// <summary>What all have printed.</summary>
    public ConcurrentQueue<string> Output { get; } = new();

    /// <summary>The pods that run, by their names, such as <c>gateway-0</c>.</summary>
    public IReadOnlyDictionary<string, Pod> Running => running;

    /// <summary>The platform key of the secrets.</summary>
    public string PlatformKey => Secret("gateway", "Platform__Key");

    /// <summary>Prepares them upon stores; none runs yet. Null where there is no C compiler for the names.</summary>
    public static async Task<Pods?> TryCreateAsync(TestPostgres postgres, TestRedis redis)
    {
        var compiler = ((string[])["clang", "cc"]).FirstOrDefault(name => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(path => File.Exists(Path.Combine(path, name))));
        if (compiler is null)
        {
            return null;
        }

        var pods = new Pods(new() { ["redis"] = redis.ConnectionString });
        using var compile = Process.Start(compiler, ["-shared", "-fPIC", "-O1", "-o", pods.Library, Path.Combine(Solution.Folder, "tests", "Deploy.Tests", "names.c"), "-ldl"]);
        await compile.WaitForExitAsync();
        Assert.Equal(0, compile.ExitCode);
        await pods.MakeDatabasesAsync(postgres);
        pods.WriteNames();
        return pods;
    }

    /// <summary>Runs a container of the migration Job, and returns its exit code.</summary>
    public async Task<int> RunAsync(V1Container container)
    {
        using var process = Start(container, container.Name, address: null, container.Args, EnvironmentOf(container));
        return await process.Exited;
    }

    /// <summary>The migration Job.</summary>
    public V1Job Job => manifests.Of<V1Job>().Single();

    /// <summary>Starts every replica that the manifests want, all at once.</summary>
    public void StartAll()
    {
        foreach (var set in manifests.Sets)
        {
            for (var i = 0; i < set.Spec.Replicas; i++)
            {
                Start(set.Metadata.Name, i);
            }
        }
    }

    /// <summary>Starts one replica. Others find it once it is ready.</summary>
    public Pod Start(string service, int number)
    {
        var container = manifests.Sets.Single(set => set.Metadata.Name == service).Spec.Template.Spec.Containers.Single();
        var name = $"{service}-{number}";
        var address = $"{network}.{(10 * (1 + Variables.Projects.Keys.ToList().IndexOf(service))) + number}";
        var environment = EnvironmentOf(container);
        environment["LISTEN_ADDRESS"] = address;
        foreach (var (variable, value) in environment.Where(variable => variable.Value.StartsWith($"{VolumePath}/", StringComparison.Ordinal)).ToList())
        {
            environment[variable] = Path.Combine(folder, name) + value[VolumePath.Length..];
        }

        return running[name] = new(service, IPAddress.Parse(address), container, environment, Start(container, service, address, [], environment));
    }

    /// <summary>Waits until every pod has passed its startup probe, and lets the others find it then.</summary>
    public async Task StartedAsync()
    {
        foreach (var (name, pod) in running)
        {
            await Eventually.TrueAsync(() => pod.ProbeAsync(pod.Container.StartupProbe), $"{name} passes its startup probe", seconds: 240);
            pod.IsReady = true;
            WriteNames();
        }
    }

    /// <summary>Asks a pod's health as the health check of compose.yaml does, by a process with its environment; returns the exit code.</summary>
    public async Task<int> AskHealthAsync(Pod pod)
    {
        using var process = Start(pod.Container, pod.Service, null, ["--healthz"], pod.Environment);
        return await process.Exited;
    }

    /// <summary>Ends a pod: it leaves DNS, and has its grace; returns its exit code.</summary>
    public async Task<int> StopAsync(string name)
    {
        running.TryRemove(name, out var pod);
        WriteNames();
        var exit = await pod!.Process.StopAsync(TimeSpan.FromSeconds(60));
        pod.Process.Dispose();
        return exit;
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(running.Keys.Select(StopAsync));
        Directory.Delete(folder, recursive: true);
    }

    private string Library => Path.Combine(folder, "names.so");

    private string Names => Path.Combine(folder, "names");

    private string Secret(string secret, string name) => System.Text.Encoding.UTF8.GetString(manifests.Of<V1Secret>().Single(found => found.Metadata.Name == secret).Data[name]);

    /// <summary>Databases and roles as deploy/make-secrets writes them for Postgres' administrator, with the passwords of the connection strings.</summary>
    private async Task MakeDatabasesAsync(TestPostgres postgres)
    {
        await using var admin = NpgsqlDataSource.Create(postgres.AdminConnectionString);
        foreach (var (service, database) in new[] { ("gateway", "gatewaydb"), ("maintenanceservice", "maintenancedb"), ("notificationservice", "notificationsdb"), ("statusservice", "statusdb") })
        {
            var given = new NpgsqlConnectionStringBuilder(Secret(service, $"ConnectionStrings__{database}"));
            Assert.Equal((database, SslMode.VerifyFull), (given.Database, given.SslMode));
            foreach (var statement in new[] { $"CREATE ROLE {given.Username} LOGIN PASSWORD '{given.Password}'", $"CREATE DATABASE {given.Database} OWNER {given.Username}", $"REVOKE CONNECT ON DATABASE {given.Database} FROM PUBLIC" })
            {
#pragma warning disable CA2100 // of a test's own secrets
                await using var command = admin.CreateCommand(statement);
#pragma warning restore CA2100
                await command.ExecuteNonQueryAsync();
            }

            var server = new NpgsqlConnectionStringBuilder(postgres.AdminConnectionString);
            connections[database] = new NpgsqlConnectionStringBuilder { Host = server.Host, Port = server.Port, Database = given.Database, Username = given.Username, Password = given.Password }.ConnectionString;
        }
    }

    private Dictionary<string, string> EnvironmentOf(V1Container container) => manifests.EnvironmentOf(container)
        .ToDictionary(variable => variable.Key, variable => variable.Key.Split("__") is ["ConnectionStrings", var store] ? connections[store] : variable.Value, StringComparer.Ordinal);

    private ChildProcess Start(V1Container container, string service, string? address, IEnumerable<string> arguments, Dictionary<string, string> given)
    {
        string[] kept = ["PATH", "DOTNET_ROOT"];
        var environment = Environment.GetEnvironmentVariables().Keys.Cast<string>().Except(kept).ToDictionary(name => name, _ => (string?)null);
        foreach (var (name, value) in given.Concat([new("ASPNETCORE_HTTP_PORTS", ""), new("DOTNET_EnableDiagnostics", "0"), new("TMPDIR", "/nonexistent"), new("HOME", "/nonexistent"), new("LD_PRELOAD", Library), new("NAMES_FILE", Names)]))
        {
            environment[name] = value;
        }

        Assert.EndsWith($"/{service}:1.0.0", container.Image, StringComparison.Ordinal);
        var program = Solution.Executable(Variables.Projects[service]);
        return ChildProcess.Start(program, arguments, environment, Path.GetDirectoryName(program), line => Output.Enqueue($"{service} {address} {line}"));
    }

    /// <summary>What DNS has of each headless Service: the addresses of the pods that are ready.</summary>
    private void WriteNames()
    {
        var lines = manifests.Of<V1Service>().Where(service => service.Spec.ClusterIP == "None")
            .Select(service => (service.Metadata.Name, Pods: running.Values.Where(pod => pod.IsReady && Manifests.Selects(new V1LabelSelector { MatchLabels = service.Spec.Selector }, pod.Service)).ToList()))
            .Select(name => $"{name.Name} {string.Join(' ', name.Pods.Select(pod => pod.Address))}");
        File.WriteAllLines($"{Names}.next", lines);
        File.Move($"{Names}.next", Names, overwrite: true);
    }
}

/// <summary>A pod that runs.</summary>
internal sealed record Pod(string Service, IPAddress Address, V1Container Container, Dictionary<string, string> Environment, ChildProcess Process)
{
    /// <summary>Whether DNS has it.</summary>
    public bool IsReady { get; set; }

    /// <summary>The address of a port by its name.</summary>
    public Uri At(string port) => new($"http://{Address}:{Container.Ports.Single(listening => listening.Name == port).ContainerPort}");

    /// <summary>Asks what the kubelet asks.</summary>
    public async Task<bool> ProbeAsync(V1Probe probe)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(Math.Max(5, probe.TimeoutSeconds ?? 1)) };
        try
        {
            using var response = await http.GetAsync(new Uri(At(probe.HttpGet.Port.Value), probe.HttpGet.Path));
            return response.IsSuccessStatusCode;
        }
        catch (Exception failure) when (failure is HttpRequestException or TaskCanceledException)
        {
            return false;
        }
    }
}
