using System.Collections;

namespace Xerotier.AppHost;

/// <summary>What all of our services have in common in the topology.</summary>
internal static class Services
{
    /// <summary>A service with its three endpoints (<c>http</c>, <c>grpc</c>, <c>metrics</c>), ready when <c>/readyz</c> says so.</summary>
    public static IResourceBuilder<ProjectResource> AddService(
        this IDistributedApplicationBuilder builder, string name, string project, ClusterSettings settings, int? httpPort = null, int? grpcPort = null) =>
        builder.AddProject(name, $"../{project}/{project}.csproj")
            .WithHttpEndpoint(port: httpPort, name: "http", env: "HTTP_PORT")
            .WithHttpEndpoint(port: grpcPort, name: "grpc", env: "GRPC_PORT")
            .WithHttpEndpoint(name: "metrics", env: "METRICS_PORT")
            .WithForwardedSettings()
            .WithEnvironment("InternalAuth__Key", builder.AddSecret($"{name}-internal-key", settings.InternalKey))
            .WithHttpHealthCheck("/readyz", endpointName: "http")
            .WithReplicas(settings.Replicas);

    /// <summary>Hands on the settings that AppHost itself was started with, such as <c>RateLimits__PublicPerMinute=0</c>.</summary>
    public static IResourceBuilder<ProjectResource> WithForwardedSettings(this IResourceBuilder<ProjectResource> resource)
    {
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
        {
            if (variable is { Key: string key, Value: string value } && key.Contains("__", StringComparison.Ordinal) && !key.StartsWith("ConnectionStrings__", StringComparison.OrdinalIgnoreCase))
            {
                resource.WithEnvironment(key, value);
            }
        }

        return resource;
    }

    /// <summary>A secret parameter; <c>Parameters:{name}</c> in the configuration overrides <paramref name="value"/>.</summary>
    public static IResourceBuilder<ParameterResource> AddSecret(this IDistributedApplicationBuilder builder, string name, string value)
    {
        builder.Configuration[$"Parameters:{name}"] ??= value;
        return builder.AddParameter(name, secret: true);
    }
}
