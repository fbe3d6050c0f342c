using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Xerotier.AppHost;

/// <summary>The replicas of one service: resources of their own, so that clients balance over them. One alone bears the service's name, several <c>{name}-0</c>, <c>{name}-1</c>, ….</summary>
/// <param name="Name">The service's name, by which others find it.</param>
/// <param name="Replicas">Its resources.</param>
internal sealed record Service(string Name, IReadOnlyList<IResourceBuilder<ProjectResource>> Replicas)
{
    /// <summary>An endpoint of the first replica.</summary>
    public EndpointReference GetEndpoint(string name) => Replicas[0].GetEndpoint(name);
}

/// <summary>What all of our services have in common in the topology.</summary>
internal static class Services
{
    /// <summary>The endpoints of a service, the variables that tell it their ports, and those ports in a container of its own.</summary>
    private static readonly (string Name, string Variable, int Published)[] Endpoints = [("http", "HTTP_PORT", 8080), ("grpc", "GRPC_PORT", 8081), ("metrics", "METRICS_PORT", 8082)];

    private const string Internal = "internal";

    private static readonly HttpClient Probe = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(2) };

    /// <summary>Adds a service with its three endpoints, ready when <c>/readyz</c> says so.</summary>
    /// <param name="builder">The application.</param>
    /// <param name="name">The service's name.</param>
    /// <param name="cluster">How many replicas, and the key that they trust each other by.</param>
    /// <param name="configure">What is special of it, applied to each replica.</param>
    /// <param name="httpPort">The first replica's port; each further one listens 10 higher. Null: a free one.</param>
    /// <param name="grpcPort">The same for gRPC.</param>
    public static Service AddService<TProject>(
        this IDistributedApplicationBuilder builder, string name, ClusterSettings cluster, Action<IResourceBuilder<ProjectResource>> configure, int? httpPort = null, int? grpcPort = null)
        where TProject : IProjectMetadata, new()
    {
        var internalKey = builder.AddSecret("internal-key", cluster.InternalKey);
        return new(name, [.. Enumerable.Range(0, cluster.Replicas).Select(i =>
        {
            var replica = builder.AddBuiltProject<TProject>(cluster.Replicas == 1 ? name : $"{name}-{i}")
                .WithEnvironment("InternalAuth__Keys__0", internalKey)
                .WithReadiness("/readyz");
            foreach (var (endpoint, variable, published) in Endpoints)
            {
                var port = endpoint switch { "http" => httpPort + (10 * i), "grpc" => grpcPort + (10 * i), _ => null };
                replica.WithUnproxiedEndpoint(endpoint, variable, builder.ExecutionContext.IsRunMode ? port : published);
            }

            configure(replica);
            return replica;
        })]);
    }

    /// <summary>Adds a project that was built together with AppHost.</summary>
    public static IResourceBuilder<ProjectResource> AddBuiltProject<TProject>(this IDistributedApplicationBuilder builder, string name)
        where TProject : IProjectMetadata, new()
    {
        // Aspire would let published services believe X-Forwarded-For of anybody; the Gateway has Gateway:TrustedProxies for that.
        var project = builder.AddProject<TProject>(name, launchProfileName: null).DisableForwardedHeaders();
        if (!builder.ExecutionContext.IsRunMode)
        {
            return project.WithEnvironment("LISTEN_ADDRESS", "0.0.0.0");
        }

        // The executable itself in place of `dotnet run --no-build`, which stays its parent, with 60 MB and half a second for each. The
        // orchestrator takes this annotation for projects too, which is not documented: a test holds it.
        var file = new FileInfo(new TProject().ProjectPath);
        var output = Path.Combine(AppContext.BaseDirectory.TrimEnd('/').Split('/')[^3..]); // bin/Release/net10.0, as ours
        var executable = Path.Combine(file.DirectoryName!, output, $"Xerotier.{Path.GetFileNameWithoutExtension(file.Name)}");
        if (File.Exists(executable))
        {
            project.WithAnnotation(new ExecutableAnnotation { Command = executable, WorkingDirectory = file.DirectoryName! });
        }

        return project.WithServiceSettings(Path.GetFileNameWithoutExtension(file.Name)).WithEnvironment(context =>
        {
            var environment = context.EnvironmentVariables;
            environment["DOTNET_ROOT"] = Path.GetFullPath("../../..", RuntimeEnvironment.GetRuntimeDirectory()); // wherever ours is
            environment["Logging__Console__FormatterName"] = "simple";
            environment["Logging__Console__FormatterOptions__SingleLine"] = "true";
            environment["Logging__Console__FormatterOptions__ColorBehavior"] = "Disabled"; // it also goes to a file
            environment["DOTNET_hostBuilder__reloadConfigOnChange"] = "false"; // it would watch every file of the project's folder
            environment["DOTNET_gcServer"] = "0";
            environment["ASPNETCORE_URLS"] = ""; // the caller's, if there is one, is not meant for five services
            environment.Remove("OTEL_DOTNET_EXPERIMENTAL_OTLP_RETRY"); // each stop would wait for a dashboard that is gone
            environment["OTEL_EXPORTER_OTLP_TIMEOUT"] = "1000";
            if (builder.Configuration.GetValue<bool>("no-dashboard"))
            {
                environment.Remove("OTEL_EXPORTER_OTLP_ENDPOINT"); // nobody takes it
            }
        });
    }

    /// <summary>
    /// An endpoint at which the process itself listens. The orchestrator's proxy would balance whole connections, which defeats
    /// gRPC's balancing by call, and cost the Gateway half of its throughput.
    /// </summary>
    public static IResourceBuilder<ProjectResource> WithUnproxiedEndpoint(this IResourceBuilder<ProjectResource> project, string name, string variable, int? port = null) =>
        project.WithHttpEndpoint(port, targetPort: port, name, env: variable, isProxied: false)
            .WithEndpoint(name, endpoint => (endpoint.Transport, endpoint.TargetHost) = (name is "grpc" or Internal ? "http2" : "http", "127.0.0.1"));

    /// <summary>The endpoint that is for other services alone.</summary>
    public static IResourceBuilder<ProjectResource> WithInternalEndpoint(this IResourceBuilder<ProjectResource> project) =>
        project.WithUnproxiedEndpoint(Internal, "INTERNAL_PORT", project.ApplicationBuilder.ExecutionContext.IsRunMode ? null : 8083);

    /// <summary>Tells a service where the internal endpoints of <paramref name="other"/> are, which may start later than it.</summary>
    public static void FindsInternally(this Service service, Service other) => service.Finds(other, Internal);

    /// <summary>Tells a service where an endpoint of <paramref name="other"/> is, which may start later than it.</summary>
    public static void Finds(this Service service, Service other, string endpoint)
    {
        foreach (var replica in service.Replicas)
        {
            foreach (var (target, i) in other.Replicas.Select((target, i) => (target, i)))
            {
                replica.WithEnvironment($"services__{other.Name}__{endpoint}__{i}", target.GetEndpoint(endpoint));
            }
        }
    }

    /// <summary>Lets the first start of a service wait until <paramref name="other"/> responds, for up to 30 s. Its later ones wait for nobody.</summary>
    public static void BeginsAfter(this Service service, Service other)
    {
        foreach (var replica in service.Replicas)
        {
            var begun = false;
            replica.ApplicationBuilder.Eventing.Subscribe<BeforeResourceStartedEvent>(replica.Resource, async (_, cancellation) =>
            {
                using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
                patience.CancelAfter(TimeSpan.FromSeconds(30));
                while (!begun && !patience.IsCancellationRequested)
                {
                    begun = await RespondsAsync(other, patience.Token);
                    await Task.Delay(50, patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                }

                begun = true;
            });
        }

        static async Task<bool> RespondsAsync(Service other, CancellationToken cancellation)
        {
            try
            {
                using var response = await Probe.GetAsync(new Uri(other.GetEndpoint("http").Url + "/healthz"), cancellation);
                return response.IsSuccessStatusCode;
            }
            catch (Exception failure) when (failure is HttpRequestException or OperationCanceledException)
            {
                return false; // not there yet
            }
        }
    }

    /// <summary>Healthy when <paramref name="path"/> answers 200. Aspire asks at most once a second while it starts, so one question waits for the answer.</summary>
    public static IResourceBuilder<T> WithReadiness<T>(this IResourceBuilder<T> resource, string path)
        where T : IResourceWithEndpoints
    {
        var key = $"{resource.Resource.Name}-ready";
        resource.ApplicationBuilder.Services.AddHealthChecks().AddPatientCheck(key, async cancellation =>
        {
            using var response = await Probe.GetAsync(new Uri(resource.GetEndpoint("http").Url + path), cancellation);
            return response.StatusCode == HttpStatusCode.OK;
        });
        return resource.WithHealthCheck(key);
    }

    /// <summary>A health check that tries every 50 ms, for up to 15 s, until <paramref name="isHealthy"/> says so.</summary>
    public static void AddPatientCheck(this IHealthChecksBuilder checks, string name, Func<CancellationToken, Task<bool>> isHealthy) =>
        checks.AddAsyncCheck(name, async cancellation =>
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            patience.CancelAfter(TimeSpan.FromSeconds(15));
            while (!patience.IsCancellationRequested)
            {
                try
                {
                    if (await isHealthy(patience.Token))
                    {
                        return HealthCheckResult.Healthy();
                    }
                }
                catch (Exception failure) when (failure is HttpRequestException or SocketException or OperationCanceledException)
                {
                    // not there yet
                }

                await Task.Delay(50, patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            return HealthCheckResult.Unhealthy("It does not answer, or says that it is not ready.");
        });

    /// <summary>Tells a project where the replicas of <paramref name="service"/> are: <c>services__{name}__{endpoint}__{0, 1, …}</c>.</summary>
    public static IResourceBuilder<ProjectResource> WithReference(this IResourceBuilder<ProjectResource> project, Service service)
    {
        foreach (var (replica, i) in service.Replicas.Select((replica, i) => (replica, i)))
        {
            foreach (var (endpoint, _, _) in Endpoints)
            {
                project.WithEnvironment($"services__{service.Name}__{endpoint}__{i}", replica.GetEndpoint(endpoint));
            }
        }

        return project;
    }

    /// <summary>Starts a project only when all replicas of <paramref name="service"/> are ready.</summary>
    public static IResourceBuilder<ProjectResource> WaitFor(this IResourceBuilder<ProjectResource> project, Service service)
    {
        foreach (var replica in service.Replicas)
        {
            project.WaitFor(replica);
        }

        return project;
    }

    /// <summary>Names a file of the data folder; nothing beyond this machine, where there is none.</summary>
    public static IResourceBuilder<ProjectResource> WithDataPath(this IResourceBuilder<ProjectResource> project, string variable, ClusterSettings cluster, string path) =>
        project.ApplicationBuilder.ExecutionContext.IsRunMode ? project.WithEnvironment(variable, Path.Combine(cluster.DataFolder, path)) : project;

    /// <summary>A setting that on this machine has another default than elsewhere.</summary>
    public static IResourceBuilder<ProjectResource> WithLocalDefault(this IResourceBuilder<ProjectResource> project, string setting, string value)
    {
        var builder = project.ApplicationBuilder;
        return builder.ExecutionContext.IsRunMode && builder.Configuration[setting] is null ? project.WithEnvironment(setting.Replace(":", "__", StringComparison.Ordinal), value) : project;
    }

    /// <summary>Lets pages offer e-mail where there is an SMTP server to send it by. How to log in there is for the NotificationService alone.</summary>
    public static IResourceBuilder<ProjectResource> WithOfferOfEmail(this IResourceBuilder<ProjectResource> project) =>
        project.ApplicationBuilder.Configuration["Smtp:Host"] is { Length: > 0 } ? project.WithLocalDefault("Page:OffersEmail", "true") : project;

    /// <summary>Says at which port the public page is, where its own links lead: of feeds, the calendar and what they are offered by.</summary>
    public static IResourceBuilder<ProjectResource> WithPagePort(this IResourceBuilder<ProjectResource> project, ClusterSettings cluster) =>
        project.WithLocalDefault("Page:Port", $"{cluster.Port ?? 8080}");

    /// <summary>A secret parameter, made once; <c>Parameters:{name}</c> in the configuration overrides <paramref name="value"/>, and in a manifest it has none.</summary>
    public static IResourceBuilder<ParameterResource> AddSecret(this IDistributedApplicationBuilder builder, string name, string? value)
    {
        if (builder.Resources.OfType<ParameterResource>().FirstOrDefault(parameter => parameter.Name == name) is { } made)
        {
            return builder.CreateResourceBuilder(made);
        }

        builder.Configuration[$"Parameters:{name}"] ??= value;
        return builder.AddParameter(name, secret: true);
    }
}
