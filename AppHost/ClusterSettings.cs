using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Microsoft.Extensions.Configuration;

namespace Xerotier.AppHost;

/// <summary>
/// Where this cluster listens and keeps its data: <c>XEROTIER_PORT</c> (8080), <c>XEROTIER_GRPC_PORT</c> (the HTTP port + 1),
/// <c>XEROTIER_DATA</c> (<c>.local</c> beside the solution), <c>--replicas</c> (1); and its secrets, made on first use. A manifest
/// is of no machine: there it has neither ports nor a folder, and no secret has a value.
/// </summary>
internal sealed class ClusterSettings : IDisposable
{
    /// <summary>The demo project's credentials, in the data folder.</summary>
    public const string DemoFile = "demo.env";

    private readonly string? dataFolder;
    private readonly FileStream? folderLock;

    private ClusterSettings()
    {
    }

    private ClusterSettings(string dataFolder, bool withoutDemo, int seed)
    {
        this.dataFolder = dataFolder;
        folderLock = Lock(dataFolder);
        Demo = DemoMode.Of(dataFolder, withoutDemo, File.Exists(SecretsFile) ? 0 : seed); // without the file, nothing was ever measured here
        SignInToken = Demo.IsDemo ? Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32)) : null;
        var secrets = Secrets(
            SecretsFile,
            ("internal", Convert.ToBase64String(RandomNumberGenerator.GetBytes(32))),
            ("platform", "xero_platform_" + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32))));
        InternalKey = secrets["internal"];
        PlatformApiKey = secrets["platform"];
    }

    /// <summary>Absolute path of the data folder.</summary>
    public string DataFolder => dataFolder ?? throw new InvalidOperationException("A manifest knows no folder of this machine.");

    /// <summary>Port of the first Gateway's HTTP; each further replica listens 10 higher.</summary>
    public int? Port { get; private init; }

    /// <summary>Port of the first Gateway's gRPC.</summary>
    public int? GrpcPort { get; private init; }

    /// <summary>Instances of each service.</summary>
    public int Replicas { get; private init; } = 1;

    /// <summary>Connections that the databases' server takes: those of all pools of each replica (docs/operations.md, "The stores"), and some to look at it.</summary>
    public int DatabaseConnections => Math.Max(250, (105 * Replicas) + 40);

    /// <summary>Whether it is a demo.</summary>
    public DemoMode Demo { get; } = new(HasFleet: true);

    /// <summary>What a demo's one-time link to the console ends with, new at each start; null: there is no link.</summary>
    public string? SignInToken { get; }

    /// <summary>What the services sign their tokens with.</summary>
    public string? InternalKey { get; }

    /// <summary>The first platform API key.</summary>
    public string? PlatformApiKey { get; }

    /// <summary>The superuser's password of PostgreSQL in a container, which its volume keeps.</summary>
    public string? PostgresPassword => dataFolder is null ? null : Secrets(Path.Combine(dataFolder, "postgres-container"), ("postgres", RandomNumberGenerator.GetHexString(40, lowercase: true)))["postgres"];

    /// <summary>The file of the services' key and of the first platform key.</summary>
    public string SecretsFile => Path.Combine(DataFolder, "secrets");

    /// <summary>Where the log goes.</summary>
    public string LogFile => Path.Combine(DataFolder, "logs", "cluster.log");

    /// <summary>Reads the settings and takes hold of the data folder.</summary>
    /// <exception cref="SetupException">A setting is wrong, a port is in use, or the folder cannot be written or belongs to a running cluster.</exception>
    public static ClusterSettings Load(IDistributedApplicationBuilder builder)
    {
        if (builder.ExecutionContext.IsPublishMode)
        {
            return new();
        }

        var configuration = builder.Configuration;
        var port = Number("XEROTIER_PORT", 8080);
        var grpcPort = Number("XEROTIER_GRPC_PORT", port + 1);
        var replicas = Number("replicas", 1, 4);
        var ports = new List<(int Number, string Setting)>();
        for (var i = 0; i < replicas; i++)
        {
            ports.Add((port + (10 * i), "XEROTIER_PORT"));
            ports.Add((grpcPort + (10 * i), "XEROTIER_GRPC_PORT"));
        }

        foreach (var setting in (string[])(configuration.GetValue<bool>("no-dashboard") ? [] : ["XEROTIER_DASHBOARD_PORT", "XEROTIER_OTLP_PORT"]))
        {
            if (configuration[setting] is { Length: > 0 })
            {
                ports.Add((Number(setting, 0), setting));
            }
        }

        if (ports.GroupBy(p => p.Number).FirstOrDefault(same => same.Count() > 1) is { } twice)
        {
            throw new SetupException($"{string.Join(" and ", twice.Select(p => p.Setting))} both lead to port {twice.Key}: set one of them to another.");
        }

        ports.ForEach(p => RequireFree(p.Number, p.Setting));

        var data = configuration["XEROTIER_DATA"] is { Length: > 0 } given ? given : Path.Combine(builder.AppHostDirectory, "..", ".local");
        var folder = PrivateServers.WritableFolder(Path.GetFullPath(data));
        var seed = Number("Demo:Seed", DemoMode.DefaultSeed, int.MaxValue, least: 0);
        var isOurs = Stores.Databases.All(name => configuration.GetConnectionString(name) is not { Length: > 0 }); // who knows what others hold
        return new(folder, configuration.GetValue<bool>("no-demo"), isOurs ? seed : 0) { Port = port, GrpcPort = grpcPort, Replicas = replicas };

        int Number(string name, int fallback, int most = IPEndPoint.MaxPort, int least = 1) =>
            configuration[name] is not { Length: > 0 } text ? fallback
            : int.TryParse(text, out var number) && number >= least && number <= most ? number
            : throw new SetupException($"{name.Replace(":", "__", StringComparison.Ordinal)} must be a number from {least} to {most}, not '{text}'.");
    }

    /// <inheritdoc/>
    public void Dispose() => folderLock?.Dispose();

    private static FileStream Lock(string folder)
    {
        try
        {
            return new FileStream(Path.Combine(folder, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            throw new SetupException($"Another cluster is running on the data folder {folder}: stop it, or set XEROTIER_DATA to another folder.");
        }
    }

    private static void RequireFree(int port, string setting)
    {
        if (port > IPEndPoint.MaxPort)
        {
            throw new SetupException($"There is no port {port}: set {setting} to a lower one.");
        }

        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
        }
        catch (SocketException failure)
        {
            throw new SetupException(failure.SocketErrorCode == SocketError.AddressAlreadyInUse
                ? $"Port {port} is in use: stop what listens there, or set {setting} to another port."
                : $"Port {port} cannot be used: {failure.Message}. Set {setting} to another port.");
        }
    }

    /// <summary>The secrets of a file, made as <paramref name="made"/> where the file is not there yet.</summary>
    private static Dictionary<string, string> Secrets(string path, params (string Name, string Value)[] made)
    {
        if (!File.Exists(path))
        {
            PrivateServers.WriteSecret(path, string.Concat(made.Select(secret => $"{secret.Name}={secret.Value}\n")));
        }

        var secrets = PrivateServers.ReadSecrets(path);
        return made.All(secret => secrets.ContainsKey(secret.Name)) ? secrets
            : throw new SetupException($"{path} does not hold this cluster's secrets: bring them back, or remove the file to have new ones made.");
    }
}
