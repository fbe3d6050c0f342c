using System.ComponentModel;
using System.Diagnostics;
using System.Net.Sockets;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Xerotier.AppHost;

/// <summary>The stores of the cluster, each as a connection string that a service references and waits for.</summary>
internal sealed record StoreResources(
    IResourceBuilder<IResourceWithConnectionString> Redis,
    IResourceBuilder<IResourceWithConnectionString> GatewayDb,
    IResourceBuilder<IResourceWithConnectionString> MaintenanceDb,
    IResourceBuilder<IResourceWithConnectionString> NotificationsDb,
    IResourceBuilder<IResourceWithConnectionString> StatusDb);

/// <summary>
/// Where the stores come from: a given <c>ConnectionStrings:…</c>, else containers where a container engine runs and in a manifest,
/// else a private server of the machine's own binaries with its data in the data folder.
/// </summary>
internal static class Stores
{
    /// <summary>Where the private server is, in the data folder: for backups.</summary>
    private const string DatabasesFile = "databases.env";

    /// <summary>Names of the databases.</summary>
    public static readonly string[] Databases = ["gatewaydb", "maintenancedb", "notificationsdb", "statusdb"];

    private static readonly Lazy<bool> EngineRuns = new(() => Responds("docker") || Responds("podman"));

    /// <summary>Adds them all.</summary>
    /// <exception cref="SetupException">A private server cannot be set up.</exception>
    public static StoreResources AddStores(this IDistributedApplicationBuilder builder, ClusterSettings cluster)
    {
        var redis = builder.Given("redis") ?? (builder.UsesContainers() ? builder.AddRedis("redis") : builder.AddPrivateRedis(cluster));
        var databases = Databases.ToDictionary(name => name, builder.Given);
        var missing = Databases.Where(name => databases[name] is null).ToList();
        if (missing.Count > 0)
        {
            var server = builder.UsesContainers() ? builder.AddContainerPostgres(cluster, missing) : builder.AddPrivatePostgres(cluster, missing);
            foreach (var name in missing)
            {
                databases[name] = server[name];
            }
        }

        return new(redis, databases["gatewaydb"]!, databases["maintenancedb"]!, databases["notificationsdb"]!, databases["statusdb"]!);
    }

    private static bool UsesContainers(this IDistributedApplicationBuilder builder) => builder.ExecutionContext.IsPublishMode || EngineRuns.Value;

    private static IResourceBuilder<IResourceWithConnectionString>? Given(this IDistributedApplicationBuilder builder, string name) =>
        builder.ExecutionContext.IsRunMode && builder.Configuration.GetConnectionString(name) is { Length: > 0 } ? builder.AddConnectionString(name) : null;

    private static Dictionary<string, IResourceBuilder<IResourceWithConnectionString>> AddContainerPostgres(
        this IDistributedApplicationBuilder builder, ClusterSettings cluster, IEnumerable<string> names)
    {
        var server = builder.AddPostgres("postgres", password: builder.AddSecret("postgres-password", cluster.PostgresPassword));
        if (builder.ExecutionContext.IsRunMode)
        {
            server.WithDataVolume($"xerotier-postgres-{PrivateServers.Hash(cluster.DataFolder)}").WithArgs("-c", $"max_connections={cluster.DatabaseConnections}");
        }

        return names.ToDictionary(name => name, name => (IResourceBuilder<IResourceWithConnectionString>)server.AddDatabase(name));
    }

    private static IResourceBuilder<IResourceWithConnectionString> AddPrivateRedis(this IDistributedApplicationBuilder builder, ClusterSettings cluster)
    {
        var redis = PrivateServers.Redis(Path.Combine(cluster.DataFolder, "redis"), PrivateServers.FreePort());
        var server = builder.AddServer("redis-server", redis.Command, redis.Port);
        return builder.AddConnectionString("redis", ReferenceExpression.Create($"{redis.ConnectionString}")).WaitFor(server);
    }

    private static Dictionary<string, IResourceBuilder<IResourceWithConnectionString>> AddPrivatePostgres(
        this IDistributedApplicationBuilder builder, ClusterSettings cluster, IEnumerable<string> names)
    {
        var postgres = PrivateServers.Postgres(Path.Combine(cluster.DataFolder, "postgres"), PrivateServers.FreePort(), Databases, $"max_connections={cluster.DatabaseConnections}");
        PrivateServers.WriteSecret(
            Path.Combine(cluster.DataFolder, DatabasesFile), string.Concat(names.Select(name => $"ConnectionStrings__{name}={postgres.ConnectionString(name)}\n")));
        var server = builder.AddServer("postgres-server", postgres.Command, postgres.Port);
        return names.ToDictionary(
            name => name,
            name => (IResourceBuilder<IResourceWithConnectionString>)builder
                .AddConnectionString(name, ReferenceExpression.Create($"{postgres.ConnectionString(name)}")).WaitFor(server));
    }

    private static IResourceBuilder<ExecutableResource> AddServer(this IDistributedApplicationBuilder builder, string name, ServerCommand command, int port)
    {
        builder.Services.AddHealthChecks().AddPatientCheck($"{name}-ready", async cancellation =>
        {
            using var client = new TcpClient();
            await client.ConnectAsync("127.0.0.1", port, cancellation);
            return true;
        });
        return builder.AddExecutable(name, command.FileName, command.Folder, [.. command.Arguments]).WithHealthCheck($"{name}-ready");
    }

    private static bool Responds(string engine)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(engine, "info") { RedirectStandardOutput = true, RedirectStandardError = true });
            return process is not null && process.WaitForExit(TimeSpan.FromSeconds(5)) && process.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false; // not installed
        }
    }
}
