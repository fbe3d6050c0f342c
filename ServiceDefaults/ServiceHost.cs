using System.Net;
using System.Reflection;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Xerotier.Contracts;

namespace Xerotier.ServiceDefaults;

/// <summary>Which service this process is.</summary>
/// <param name="Name">Its name in the topology, such as <c>gateway</c>.</param>
/// <param name="Version">Its version.</param>
public sealed record ServiceIdentity(string Name, string Version);

/// <summary>What every service does alike: ports, telemetry, health endpoints, the error envelope, internal trust.</summary>
public static class ServiceHost
{
    /// <summary>The variable with the Gateway's port for other services (gRPC), which nobody else should reach.</summary>
    public const string InternalPort = "INTERNAL_PORT";

    /// <summary>The same among Kestrel's own endpoints, where it may have TLS.</summary>
    public const string InternalEndpoint = "Internal";

    /// <summary>What a service asks another to learn whether it lives and takes its tokens: 204, 401 if it does not take them.</summary>
    public const string TrustPath = "/healthz/trust";

    /// <summary>
    /// Registers it all. Ports come from <c>HTTP_PORT</c>, <c>GRPC_PORT</c>, <c>METRICS_PORT</c> and <c>INTERNAL_PORT</c> (0: any free one), the address
    /// from <c>LISTEN_ADDRESS</c> (default 127.0.0.1); the OTLP exporter from <c>OTEL_EXPORTER_OTLP_ENDPOINT</c>.
    /// A wrong setting ends the service with one line on the standard error and exit code 1. With the argument <c>--healthz</c> the process
    /// asks the service that has the same environment for its <c>/healthz</c> in place of being one, and ends with 0 or 1: where a health
    /// check is a command, an image without a shell has no other.
    /// </summary>
    /// <param name="builder">The service.</param>
    /// <param name="name">Its name in the topology.</param>
    /// <param name="acceptsInternalTokens">Whether callers show an internal token. False for the Gateway: it issues them, and none that comes from outside counts.</param>
    /// <param name="configurePublic">Called for <c>HTTP_PORT</c>, <c>GRPC_PORT</c> and Kestrel's own endpoints but <see cref="InternalEndpoint"/>; what it adds comes before everything else of a connection.</param>
    public static void AddServiceDefaults(this WebApplicationBuilder builder, string name, bool acceptsInternalTokens = true, Action<ListenOptions>? configurePublic = null)
    {
        if (Environment.GetCommandLineArgs().Contains("--healthz"))
        {
            Environment.Exit(IsAlive(builder.Configuration) ? 0 : 1);
        }

        AppDomain.CurrentDomain.UnhandledException += (_, unhandled) => WrongSettings.End(unhandled.ExceptionObject);
        var version = Assembly.GetEntryAssembly()?.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0";
        builder.Services.AddSingleton(new ServiceIdentity(name, version));
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.TryAddSingleton<LookUp>(Dns.GetHostAddressesAsync);

        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            var address = ListenAddress(builder.Configuration);
            Listen("HTTP_PORT", HttpProtocols.Http1, configurePublic);
            Listen("GRPC_PORT", HttpProtocols.Http2, configurePublic);
            Listen("METRICS_PORT", HttpProtocols.Http1);
            Listen(InternalPort, HttpProtocols.Http2);
            if (configurePublic is not null && kestrel.ConfigurationLoader is { } configured)
            {
                foreach (var name in builder.Configuration.GetSection("Kestrel:Endpoints").GetChildren().Select(endpoint => endpoint.Key).Where(name => !name.Equals(InternalEndpoint, StringComparison.OrdinalIgnoreCase)))
                {
                    configured.Endpoint(name, endpoint => configurePublic(endpoint.ListenOptions)); // before its TLS
                }
            }

            void Listen(string variable, HttpProtocols protocols, Action<ListenOptions>? configure = null)
            {
                if (builder.Configuration.GetValue<int?>(variable) is { } port)
                {
                    kestrel.Listen(address, port, endpoint =>
                    {
                        endpoint.Protocols = protocols;
                        configure?.Invoke(endpoint);
                    });
                }
            }
        });

        builder.Services.AddInternalTokens(builder.Configuration);
        if (acceptsInternalTokens)
        {
            builder.Services.AddInternalAuth();
        }

        builder.Services.AddSingleton<DeadlineInterceptor>();
        builder.Services.AddGrpc(grpc => grpc.Interceptors.Add<GrpcErrors>());
        builder.Services.AddGrpcHealthChecks().AddCheck("process", () => HealthCheckResult.Healthy());
        builder.Services.AddSingleton<IHealthCheckPublisher, ReadinessMetrics>();
        builder.Services.Configure<HealthCheckPublisherOptions>(options => (options.Delay, options.Period) = (TimeSpan.FromSeconds(1), ReadinessMetrics.Period));
        builder.Services.ConfigureHttpJsonOptions(json => json.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower);
        builder.AddTelemetry(name, version);
    }

    /// <summary>Registers a service that others use and that also runs in the background.</summary>
    public static void AddHostedSingleton<T>(this IServiceCollection services)
        where T : class, IHostedService
    {
        services.AddSingleton<T>();
        services.AddHostedService(provider => provider.GetRequiredService<T>());
    }

    /// <summary>Puts the pipeline together; the service's own endpoints follow. Maps <c>/healthz</c>, <see cref="TrustPath"/>, <c>/readyz</c> and the gRPC health service.</summary>
    public static void UseServiceDefaults(this WebApplication app)
    {
        app.UseMetricsPort();
        app.UseErrorEnvelope();
        app.UseRouting();
        app.UseAuthentication();
        app.UseAuthorization();
        app.MapHealth();
        app.MapGrpcHealthChecksService().AllowAnonymous();
    }

    /// <summary>
    /// Checks all settings; answers <c>/metrics</c> on <c>METRICS_PORT</c>, and <c>/healthz</c>, so that whoever fills the other ports does not
    /// make the service look dead; nothing else there. Part of <see cref="UseServiceDefaults"/>.
    /// </summary>
    public static void UseMetricsPort(this WebApplication app)
    {
        app.Services.GetService<IStartupValidator>()?.Validate(); // before the host does: it logs a wrong one with its whole stack
        if (app.Configuration.GetValue<int?>("METRICS_PORT") is { } metricsPort)
        {
            // By the connection's own port: the Host header is the caller's to choose.
            app.MapWhen(context => context.Connection.LocalPort == metricsPort, metrics =>
            {
                metrics.UseOpenTelemetryPrometheusScrapingEndpoint();
                var live = Live(app);
                metrics.MapWhen(context => context.Request.Path == "/healthz", healthz => healthz.Run(context => live().ExecuteAsync(context)));
            });
        }
    }

    private static IPAddress ListenAddress(IConfiguration configuration) => IPAddress.Parse(configuration["LISTEN_ADDRESS"] ?? "127.0.0.1");

    private static bool IsAlive(IConfiguration configuration)
    {
        var address = ListenAddress(configuration);
        var host = address.Equals(IPAddress.Any) ? IPAddress.Loopback : address.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback : address;
        using var handler = new SocketsHttpHandler { UseProxy = false };
        using var http = new HttpClient(handler) { Timeout = TimeSpan.FromSeconds(2) };
        using var request = new HttpRequestMessage(HttpMethod.Get, new UriBuilder(Uri.UriSchemeHttp, $"{host}", configuration.GetValue<int>("METRICS_PORT"), "/healthz").Uri);
        try
        {
            using var response = http.Send(request);
            return response.IsSuccessStatusCode;
        }
        catch (Exception failure) when (failure is HttpRequestException or OperationCanceledException)
        {
            return false;
        }
    }

    private static Func<IResult> Live(WebApplication app)
    {
        var identity = app.Services.GetRequiredService<ServiceIdentity>();
        var time = app.Services.GetRequiredService<TimeProvider>();
        var started = time.GetTimestamp();
        return () => Results.Json(
            new Liveness { Service = identity.Name, Version = identity.Version, UptimeSeconds = (long)time.GetElapsedTime(started).TotalSeconds },
            ContractsJson.Wire.Liveness);
    }

    private static void MapHealth(this WebApplication app)
    {
        var identity = app.Services.GetRequiredService<ServiceIdentity>();
        var live = Live(app);
        app.MapGet("/healthz", () => live()).AllowAnonymous();
        app.MapGet(TrustPath, () => Results.NoContent()).RequireAuthorization(Policies.Service);

        app.MapGet("/readyz", async (HealthCheckService checks, CancellationToken cancellation) =>
        {
            var report = await checks.CheckHealthAsync(cancellation);
            var ready = report.Status != HealthStatus.Unhealthy;
            return Results.Json(
                new Readiness
                {
                    Status = ready ? ReadinessStatus.Ok : ReadinessStatus.Unavailable,
                    Service = identity.Name,
                    Checks = report.Entries.OrderBy(entry => entry.Key, StringComparer.Ordinal)
                        .ToDictionary(entry => entry.Key, entry => entry.Value.Status == HealthStatus.Unhealthy ? CheckState.Unavailable : CheckState.Ok),
                },
                ContractsJson.Wire.Readiness,
                statusCode: ready ? 200 : 503);
        }).AllowAnonymous();
    }
}
