using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Microsoft.Extensions.Configuration;

namespace Xerotier.AppHost;

/// <summary>
/// Where this cluster listens and keeps its data: <c>XEROTIER_PORT</c> (8080), <c>XEROTIER_GRPC_PORT</c> (the HTTP port + 1),
/// <c>XEROTIER_DATA</c> (<c>.local</c> beside the solution), <c>--replicas</c> (1); and its secrets, made on first use.
/// </summary>
internal sealed class ClusterSettings : IDisposable
{
    /// <summary>Default of <c>XEROTIER_DASHBOARD_PORT</c>, the page of <c>--dashboard</c>.</summary>
    public const int DashboardPort = 18888;

    /// <summary>Default of <c>XEROTIER_OTLP_PORT</c>, where that dashboard takes telemetry.</summary>
    public const int OtlpPort = 4317;

    private readonly FileStream folderLock;

    private ClusterSettings(string dataFolder, FileStream folderLock, Dictionary<string, string> secrets)
    {
        this.folderLock = folderLock;
        DataFolder = dataFolder;
        InternalKey = secrets["internal"];
        PlatformApiKey = secrets["platform"];
    }

    /// <summary>Absolute path of the data folder.</summary>
    public string DataFolder { get; }

    /// <summary>Port of the first Gateway's HTTP; each further replica listens 10 higher.</summary>
    public required int Port { get; init; }

    /// <summary>Port of the first Gateway's gRPC.</summary>
    public required int GrpcPort { get; init; }

    /// <summary>Instances of each service.</summary>
    public required int Replicas { get; init; }

    /// <summary>What the services sign their tokens with.</summary>
    public string InternalKey { get; }

    /// <summary>The first platform API key.</summary>
    public string PlatformApiKey { get; }

    /// <summary>The demo project's credentials.</summary>
    public string DemoFile => Path.Combine(DataFolder, "demo.env");

    /// <summary>Reads the settings and takes hold of the data folder.</summary>
    /// <exception cref="SetupException">A setting is wrong, a port is in use, or the folder cannot be written or belongs to a running cluster.</exception>
    public static ClusterSettings Load(IConfiguration configuration, string appHostDirectory)
    {
        var port = Number("XEROTIER_PORT", 8080);
        var grpcPort = Number("XEROTIER_GRPC_PORT", port + 1);
        var replicas = Number("replicas", 1, 4);
        var ports = new List<(int Number, string Setting)>();
        for (var i = 0; i < replicas; i++)
        {
            ports.Add((port + (10 * i), "XEROTIER_PORT"));
            ports.Add((grpcPort + (10 * i), "XEROTIER_GRPC_PORT"));
        }

        if (configuration["dashboard"] is { Length: > 0 })
        {
            ports.Add((Number("XEROTIER_DASHBOARD_PORT", DashboardPort), "XEROTIER_DASHBOARD_PORT"));
            ports.Add((Number("XEROTIER_OTLP_PORT", OtlpPort), "XEROTIER_OTLP_PORT"));
        }

        if (ports.GroupBy(p => p.Number).FirstOrDefault(same => same.Count() > 1) is { } twice)
        {
            throw new SetupException($"{string.Join(" and ", twice.Select(p => p.Setting))} both lead to port {twice.Key}: set one of them to another.");
        }

        ports.ForEach(p => RequireFree(p.Number, p.Setting));

        var data = configuration["XEROTIER_DATA"] is { Length: > 0 } given ? given : Path.Combine(appHostDirectory, "..", ".local");
        var folder = PrivateServers.WritableFolder(Path.GetFullPath(data));
        return new ClusterSettings(folder, Lock(folder), Secrets(Path.Combine(folder, "secrets"))) { Port = port, GrpcPort = grpcPort, Replicas = replicas };

        int Number(string name, int fallback, int most = IPEndPoint.MaxPort) =>
            configuration[name] is not { Length: > 0 } text ? fallback
            : int.TryParse(text, out var number) && number >= 1 && number <= most ? number
            : throw new SetupException($"{name} must be a number from 1 to {most}, not '{text}'.");
    }

    /// <inheritdoc/>
    public void Dispose() => folderLock.Dispose();

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

    private static Dictionary<string, string> Secrets(string path)
    {
        if (!File.Exists(path))
        {
            PrivateServers.WriteSecret(path, $"""
                internal={Convert.ToBase64String(RandomNumberGenerator.GetBytes(32))}
                platform=xero_platform_{Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32))}

                """);
        }

        var secrets = PrivateServers.ReadSecrets(path);
        return secrets.ContainsKey("internal") && secrets.ContainsKey("platform") ? secrets
            : throw new SetupException($"{path} does not hold this cluster's secrets: bring them back, or remove the file to have new ones made.");
    }
}
