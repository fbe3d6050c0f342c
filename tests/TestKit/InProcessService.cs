using System.Net.Http.Headers;
using System.Reflection;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Xerotier.ServiceDefaults;

namespace Xerotier.TestKit;

/// <summary>A service in this process, on real ports of 127.0.0.1 with its real pipeline; for tests that need its clock or its insides.</summary>
/// <typeparam name="TEntryPoint">A type of the service's assembly.</typeparam>
public sealed class InProcessService<TEntryPoint> : WebApplicationFactory<TEntryPoint>
    where TEntryPoint : class
{
    /// <summary>The signing key that in-process services of one test run share.</summary>
    public static readonly string InternalKey = TestTokens.Key;

    private readonly Dictionary<string, string?> settings;
    private readonly Action<IServiceCollection>? services;

    /// <summary>Starts the service with <paramref name="settings"/> as configuration (colon-separated keys) and <paramref name="services"/> registered last.</summary>
    public InProcessService(IEnumerable<KeyValuePair<string, string?>> settings, Action<IServiceCollection>? services = null)
    {
        this.settings = new(settings) { ["HTTP_PORT"] = "0", ["GRPC_PORT"] = "0" };
        this.settings.TryAdd("InternalAuth:Keys:0", TestTokens.Key);
        this.services = services;
        UseKestrel();
        StartServer();
        // Endpoints of the settings come after those of the ports.
        var addresses = Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.ToList();
        (HttpAddress, GrpcAddress, TlsAddress) = (new Uri(addresses[0]), new Uri(addresses[1]), addresses.Count > 2 ? new Uri(addresses[^1]) : null);
    }

    /// <summary>Base address of HTTP/1.1.</summary>
    public Uri HttpAddress { get; }

    /// <summary>Base address of gRPC (cleartext HTTP/2).</summary>
    public Uri GrpcAddress { get; }

    /// <summary>Base address of the endpoint that <c>Kestrel:Endpoints</c> adds, if any.</summary>
    public Uri? TlsAddress { get; }

    /// <summary>An HTTP client of the service that sends <paramref name="token"/>, if any.</summary>
    public HttpClient Http(string? token = null) => new()
    {
        BaseAddress = HttpAddress,
        DefaultRequestHeaders = { Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token) },
    };

    protected override IHost CreateHost(IHostBuilder builder)
    {
        IHost host;
        lock (InProcessServices.Building)
        {
            host = builder.Build();
        }

        host.Start();
        return new SelfStopping(host);
    }

    protected override void ConfigureWebHost(IWebHostBuilder builder)
    {
        foreach (var (key, value) in settings)
        {
            builder.UseSetting(key, value);
        }

        builder.ConfigureLogging(logging => logging.SetMinimumLevel(LogLevel.Warning));
        if (services is not null)
        {
            builder.ConfigureServices(services);
        }
    }

    // The service's own Main stops and disposes its host as soon as it is told to: the factory, which would do both at the same time,
    // only tells it and waits.
    private sealed class SelfStopping(IHost host) : IHost
    {
        private readonly IHostApplicationLifetime lifetime = host.Services.GetRequiredService<IHostApplicationLifetime>();

        public IServiceProvider Services => host.Services;

        public Task StartAsync(CancellationToken cancellationToken = default) => host.StartAsync(cancellationToken);

        public async Task StopAsync(CancellationToken cancellationToken = default)
        {
            var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            using var telling = lifetime.ApplicationStopped.Register(stopped.SetResult);
            lifetime.StopApplication();
            await stopped.Task.WaitAsync(cancellationToken);
        }

        public void Dispose()
        {
        }
    }
}

/// <summary>Internal tokens for tests that call a service directly: the one that the test project is of.</summary>
public static class TestTokens
{
    /// <summary>The signing key of this test run.</summary>
    public static readonly string Key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    // Xerotier.HealthCollector.Tests is of healthcollector.
    private static readonly string Service = Assembly.GetEntryAssembly()!.GetName().Name!.Split('.')[1].ToLowerInvariant();

    private static readonly InternalTokens Issuer = new(Options.Create(new InternalAuthOptions { Keys = [Key] }), TimeProvider.System, new("test", "1"));

    /// <summary>A token of a key of <paramref name="projectId"/>.</summary>
    public static string ForCaller(string projectId, bool platformProject, params string[] scopes) =>
        Issuer.ForCaller(new Caller("key_test", "test-key", projectId, platformProject, scopes), Service);

    /// <summary>A service's own token.</summary>
    public static string ForService() => Issuer.ForService(Service);

    /// <summary>The token of a request that has no key.</summary>
    public static string ForPublic() => Issuer.ForPublic(Service);
}

/// <summary>What all services in this process share.</summary>
internal static class InProcessServices
{
    /// <summary>One host is built at a time: whoever runs the service's own Main until it has one finds it by a listener of the whole process.</summary>
    public static Lock Building { get; } = new();
}
