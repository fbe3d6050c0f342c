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
        var port = Number("XEROTIER_PORT", 8080, 1, 65535);
        var grpcPort = Number("XEROTIER_GRPC_PORT", port + 1, 1, 65535);
        var replicas = Number("replicas", 1, 1, 4);
        for (var i = 0; i < replicas; i++)
        {
            RequireFree(port + (10 * i), "XEROTIER_PORT");
            RequireFree(grpcPort + (10 * i), "XEROTIER_GRPC_PORT");
        }

        var data = configuration["XEROTIER_DATA"] is { Length: > 0 } given ? given : Path.Combine(appHostDirectory, "..", ".local");
        var folder = PrivateServers.WritableFolder(Path.GetFullPath(data));
        return new ClusterSettings(folder, Lock(folder), Secrets(Path.Combine(folder, "secrets"))) { Port = port, GrpcPort = grpcPort, Replicas = replicas };

        int Number(string name, int fallback, int least, int most) =>
            configuration[name] is not { Length: > 0 } text ? fallback
            : int.TryParse(text, out var number) && number >= least && number <= most ? number
            : throw new SetupException($"{name} must be a number from {least} to {most}, not '{text}'.");
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

        return File.ReadAllLines(path).Select(line => line.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);
    }
}
