using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Xerotier.LocalHosting;

/// <summary>The part of Aspire's builder that AppHost.cs uses.</summary>
internal interface IDistributedApplicationBuilder
{
    ConfigurationManager Configuration { get; }

    IServiceCollection Services { get; }

    string AppHostDirectory { get; }

    IList<IResource> Resources { get; }

    DistributedApplication Build();
}

internal sealed class DistributedApplicationBuilder : IDistributedApplicationBuilder
{
    public DistributedApplicationBuilder(string[] args)
    {
        Configuration.AddEnvironmentVariables().AddCommandLine(args);
        Services.AddLogging().AddHealthChecks();
    }

    public ConfigurationManager Configuration { get; } = new();

    public IServiceCollection Services { get; } = new ServiceCollection();

    // bin/<configuration>/<framework>/ lies three levels below the project.
    public string AppHostDirectory { get; } = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", ".."));

    public IList<IResource> Resources { get; } = [];

    public DistributedApplication Build()
    {
        Dashboard.AddTo(this);
        return new(Configuration, Services.BuildServiceProvider(), [.. Resources.OfType<Resource>()]);
    }
}

internal sealed record ResourceBuilder<T>(T Resource) : IResourceBuilder<T>
    where T : IResource;

/// <summary>The extension methods of Aspire that AppHost.cs uses, with the same meaning.</summary>
internal static class BuilderExtensions
{
    public static IResourceBuilder<ParameterResource> AddParameter(this IDistributedApplicationBuilder builder, string name, bool secret = false) =>
        builder.Add(new ParameterResource(name, builder.Configuration[$"Parameters:{name}"]
            ?? throw new AppHost.SetupException($"Set Parameters__{name}{(secret ? " (a secret)" : "")}.")));

    public static IResourceBuilder<ConnectionStringResource> AddConnectionString(this IDistributedApplicationBuilder builder, string name) =>
        builder.Add(new ConnectionStringResource(name, builder.Configuration.GetConnectionString(name)!));

    public static IResourceBuilder<ConnectionStringResource> AddConnectionString(this IDistributedApplicationBuilder builder, string name, ReferenceExpression expression) =>
        builder.Add(new ConnectionStringResource(name, expression.Value));

    public static IResourceBuilder<ExecutableResource> AddExecutable(
        this IDistributedApplicationBuilder builder, string name, string command, string workingDirectory, params string[] args) =>
        builder.Add(new ExecutableResource(name, command, workingDirectory, args));

    /// <summary>Starts the project's executable of the configuration that AppHost was built with.</summary>
    public static IResourceBuilder<ProjectResource> AddProject(this IDistributedApplicationBuilder builder, string name, string projectPath)
    {
        var project = Path.GetFullPath(Path.Combine(builder.AppHostDirectory, projectPath));
        var output = Path.GetRelativePath(builder.AppHostDirectory, AppContext.BaseDirectory); // bin/Release/net10.0
        var folder = Path.Combine(Path.GetDirectoryName(project)!, output);
        return builder.Add(new ProjectResource(name, Path.Combine(folder, $"Xerotier.{Path.GetFileNameWithoutExtension(project)}"), folder));
    }

    public static IResourceBuilder<T> WithHttpEndpoint<T>(this IResourceBuilder<T> builder, int? port = null, string name = "http", string? env = null)
        where T : ExecutableResource
    {
        builder.Resource.Endpoints.Add(new Endpoint(name, env ?? $"{name.ToUpperInvariant()}_PORT", port));
        return builder;
    }

    public static EndpointReference GetEndpoint(this IResourceBuilder<ExecutableResource> builder, string name) =>
        new(builder.Resource.Endpoints.Single(endpoint => endpoint.Name == name));

    public static IResourceBuilder<T> WithEnvironment<T>(this IResourceBuilder<T> builder, string name, string value)
        where T : ExecutableResource => builder.With(r => r.Environment[name] = () => value);

    public static IResourceBuilder<T> WithEnvironment<T>(this IResourceBuilder<T> builder, string name, IResourceBuilder<ParameterResource> parameter)
        where T : ExecutableResource => builder.With(r => r.Environment[name] = () => parameter.Resource.Value);

    public static IResourceBuilder<T> WithEnvironment<T>(this IResourceBuilder<T> builder, string name, EndpointReference endpoint)
        where T : ExecutableResource => builder.With(r => r.Environment[name] = () => endpoint.Endpoint.Url(0));

    public static IResourceBuilder<T> WithReference<T>(this IResourceBuilder<T> builder, IResourceBuilder<IResourceWithConnectionString> source)
        where T : ExecutableResource => builder.With(r => r.Environment[$"ConnectionStrings__{source.Resource.Name}"] = () => source.Resource.ConnectionString);

    public static IResourceBuilder<T> WithReference<T>(this IResourceBuilder<T> builder, IResourceBuilder<ProjectResource> source)
        where T : ExecutableResource => builder.With(r =>
        {
            foreach (var endpoint in source.Resource.Endpoints)
            {
                for (var i = 0; i < source.Resource.Replicas; i++)
                {
                    var replica = i;
                    r.Environment[$"services__{source.Resource.Name}__{endpoint.Name}__{i}"] = () => endpoint.Url(replica);
                }
            }
        });

    public static IResourceBuilder<T> WithReplicas<T>(this IResourceBuilder<T> builder, int replicas)
        where T : ExecutableResource => builder.With(r => r.Replicas = replicas);

    public static IResourceBuilder<T> WithHttpHealthCheck<T>(this IResourceBuilder<T> builder, string path, string endpointName)
        where T : ExecutableResource => builder.With(r => r.HttpHealth = (path, endpointName));

    public static IResourceBuilder<T> WithHealthCheck<T>(this IResourceBuilder<T> builder, string key)
        where T : ExecutableResource => builder.With(r => r.HealthCheck = key);

    public static IResourceBuilder<T> WaitFor<T>(this IResourceBuilder<T> builder, IResourceBuilder<IResource> dependency)
        where T : Resource => builder.With(r => r.WaitsFor.Add((Resource)dependency.Resource));

    private static IResourceBuilder<T> With<T>(this IResourceBuilder<T> builder, Action<T> change)
        where T : IResource
    {
        change(builder.Resource);
        return builder;
    }

    private static ResourceBuilder<T> Add<T>(this IDistributedApplicationBuilder builder, T resource)
        where T : IResource
    {
        builder.Resources.Add(resource);
        return new(resource);
    }
}

/// <summary>Stands in for containers, which need Aspire.</summary>
internal static class Containers
{
    public static IResourceBuilder<IResourceWithConnectionString>? AddRedis(IDistributedApplicationBuilder builder) => null;

    public static Dictionary<string, IResourceBuilder<IResourceWithConnectionString>>? AddPostgres(
        IDistributedApplicationBuilder builder, AppHost.ClusterSettings settings, IReadOnlyList<string> names) => null;
}
