using System.Net.Sockets;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Xerotier.AppHost;

/// <summary>The stores of the cluster, each as a connection string that a service references and waits for.</summary>
internal sealed record StoreResources(
    IResourceBuilder<IResourceWithConnectionString> Redis,
    IResourceBuilder<IResourceWithConnectionString> GatewayDb,
    IResourceBuilder<IResourceWithConnectionString> MaintenanceDb,
    IResourceBuilder<IResourceWithConnectionString> StatusDb);

/// <summary>
/// Where the stores come from: a given <c>ConnectionStrings:…</c>, else containers where Aspire and an engine run, else a private
/// server of the machine's own binaries with its data in the data folder.
/// </summary>
internal static class Stores
{
    private static readonly string[] Databases = ["gatewaydb", "maintenancedb", "statusdb"];

    /// <summary>Adds them all.</summary>
    /// <exception cref="SetupException">A private server cannot be set up.</exception>
    public static StoreResources AddStores(this IDistributedApplicationBuilder builder, ClusterSettings settings)
    {
        var redis = builder.Given("redis") ?? Containers.AddRedis(builder) ?? builder.AddPrivateRedis(settings);
        var databases = Databases.ToDictionary(name => name, builder.Given);
        var missing = Databases.Where(name => databases[name] is null).ToList();
        if (missing.Count > 0)
        {
            var server = Containers.AddPostgres(builder, settings, missing) ?? builder.AddPrivatePostgres(settings, missing);
            foreach (var name in missing)
            {
                databases[name] = server[name];
            }
        }

        return new(redis, databases["gatewaydb"]!, databases["maintenancedb"]!, databases["statusdb"]!);
    }

    private static IResourceBuilder<IResourceWithConnectionString>? Given(this IDistributedApplicationBuilder builder, string name) =>
        builder.Configuration.GetConnectionString(name) is { Length: > 0 } ? builder.AddConnectionString(name) : null;

    private static IResourceBuilder<IResourceWithConnectionString> AddPrivateRedis(this IDistributedApplicationBuilder builder, ClusterSettings settings)
    {
        var redis = PrivateServers.Redis(Path.Combine(settings.DataFolder, "redis"), PrivateServers.FreePort());
        var server = builder.AddServer("redis-server", redis.Command, redis.Port);
        return builder.AddConnectionString("redis", ReferenceExpression.Create($"{redis.ConnectionString}")).WaitFor(server);
    }

    private static Dictionary<string, IResourceBuilder<IResourceWithConnectionString>> AddPrivatePostgres(
        this IDistributedApplicationBuilder builder, ClusterSettings settings, IEnumerable<string> names)
    {
        var postgres = PrivateServers.Postgres(Path.Combine(settings.DataFolder, "postgres"), PrivateServers.FreePort(), Databases);
        var server = builder.AddServer("postgres-server", postgres.Command, postgres.Port);
        return names.ToDictionary(
            name => name,
            name => (IResourceBuilder<IResourceWithConnectionString>)builder
                .AddConnectionString(name, ReferenceExpression.Create($"{postgres.ConnectionString(name)}")).WaitFor(server));
    }

    private static IResourceBuilder<ExecutableResource> AddServer(this IDistributedApplicationBuilder builder, string name, ServerCommand command, int port)
    {
        builder.Services.AddHealthChecks().AddAsyncCheck(name, async cancellation =>
        {
            using var client = new TcpClient();
            await client.ConnectAsync("127.0.0.1", port, cancellation);
            return HealthCheckResult.Healthy();
        });
        return builder.AddExecutable(name, command.FileName, command.Folder, [.. command.Arguments]).WithHealthCheck(name);
    }
}
