using System.Reflection;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;
using OpenTelemetry.Metrics;
using Xerotier.Gateway.Configuration;
using Xerotier.Gateway.Keys;
using Xerotier.Gateway.Limits;
using Xerotier.Gateway.Page;
using Xerotier.Gateway.Projects;
using Xerotier.Gateway.Proxy;
using Xerotier.Gateway.Sessions;
using Xerotier.Gateway.Storage;
using Xerotier.ServiceDefaults;

namespace Xerotier.Gateway;

/// <summary>Registrations for Program.cs: the server's limits, the options, services that also run in the background.</summary>
internal static class Hosting
{
    private const string InlineCompletions = "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS";

    /// <summary>
    /// Lets the runtime continue after a socket's completion on the thread that polled it, without a thread switch: a third more pages
    /// per second. No code there may block; a test checks that. The runtime reads the variable once, before the first socket.
    /// </summary>
    public static void CompleteSocketsInline()
    {
        // In another process, such as a test's, other code would run on those threads as well.
        if (Assembly.GetEntryAssembly() == typeof(Hosting).Assembly && Environment.GetEnvironmentVariable(InlineCompletions) is null)
        {
            Environment.SetEnvironmentVariable(InlineCompletions, "1");
        }
    }

    /// <summary>Lets the server refuse a line of a request's head that ends with LF alone: what is in front of us may see a line's end elsewhere. The server reads the switch when its options are made.</summary>
    public static void RefuseBareLineFeeds() => AppContext.SetSwitch("Microsoft.AspNetCore.Server.Kestrel.DisableHttp1LineFeedTerminators", true);

    /// <summary>Bounds the cost of a connection: header sizes and times, slow bodies, the number of connections. The route bounds the body's size.</summary>
    public static void AddEdgeLimits(this WebApplicationBuilder builder)
    {
        builder.Services.AddOptions<KestrelServerOptions>().Configure<IOptions<GatewayOptions>>((kestrel, options) =>
        {
            var limits = kestrel.Limits;
            limits.MaxConcurrentConnections = options.Value.MaxConnections;
            limits.MaxRequestHeaderCount = 64;
            limits.MaxRequestHeadersTotalSize = 16 * 1024;
            limits.MaxRequestLineSize = 8 * 1024;
            limits.MaxRequestBodySize = 1024 * 1024;
            limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
            limits.KeepAliveTimeout = TimeSpan.FromSeconds(75);
            limits.MinRequestBodyDataRate = new MinDataRate(bytesPerSecond: 240, gracePeriod: TimeSpan.FromSeconds(5));
            limits.Http2.MaxStreamsPerConnection = 1000;
            limits.Http2.InitialConnectionWindowSize = 4 * 1024 * 1024;
            limits.Http2.InitialStreamWindowSize = 1024 * 1024;
            limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(20);
            limits.Http2.KeepAlivePingTimeout = TimeSpan.FromSeconds(20);
        });
        // No handler blocks, so a request may run on the thread that received it, without a thread switch.
        // A buffer for each connection (4 KiB, and connections are bounded) saves each request a system call that only waits.
        builder.WebHost.UseSockets(sockets => (sockets.UnsafePreferInlineScheduling, sockets.WaitForDataBeforeAllocatingBuffer) = (true, false));
        builder.Services.ConfigureOpenTelemetryMeterProvider(metrics => metrics.AddView(instrument =>
            instrument.Meter.Name is "Microsoft.AspNetCore.Hosting" or "System.Net.Http" ? MetricStreamConfiguration.Drop : null)); // see GatewayMetrics
        builder.Services.AddOptions<HostOptions>().Configure<IOptions<GatewayOptions>>((host, options) =>
            host.ShutdownTimeout = TimeSpan.FromMilliseconds(options.Value.DrainMilliseconds) + TimeSpan.FromSeconds(10)); // for what is in flight when the ports close
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        // A stack for each body that is malformed where nobody reads it. The metric kestrel.connection.duration counts them, by error.type.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Server.Kestrel", LogLevel.Critical);
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None); // creates an Activity for every request
        builder.Logging.AddFilter("Npgsql", LogLevel.Warning);
        builder.Logging.AddFilter("Yarp", LogLevel.Error); // Forwarder logs each failure once, without the stack
    }

    /// <summary>Binds and validates the options.</summary>
    public static void AddGatewayOptions(this WebApplicationBuilder builder)
    {
        builder.Services.AddOptions<GatewayOptions>().BindConfiguration("Gateway").ValidateDataAnnotations()
            .Validate(options => GatewayOptions.AreNetworks(options.TrustedProxies), "Gateway:TrustedProxies must list networks such as 10.0.0.0/8.")
            .Validate(options => GatewayOptions.AreNetworks(options.TrustedRelays), "Gateway:TrustedRelays must list networks such as 10.0.0.0/8.").ValidateOnStart();
        builder.Services.AddOptions<RateLimitOptions>().BindConfiguration("RateLimits").ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddOptions<KeyOptions>().BindConfiguration("Keys").ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddOptions<ConsoleOptions>().BindConfiguration("Console").ValidateDataAnnotations()
            .Validate(options => ConsoleOptions.IsToken(options.SignInToken), "Console:SignInToken must be 43 base64url characters.").ValidateOnStart();
        builder.Services.AddOptions<PageOptions>().BindConfiguration("Page");
        builder.Services.AddOptions<PlatformOptions>().BindConfiguration("Platform")
            .Validate(options => PlatformOptions.IsKey(options.Key), "Platform:Key must be xero_platform_ and 43 base64url characters.").ValidateOnStart();
    }

    /// <summary>Registers the keys in memory and what keeps them current.</summary>
    public static void AddKeysInMemory(this IServiceCollection services)
    {
        services.AddSingleton<KeyReader>();
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<KnownKeys>(provider, (Func<byte[], Task<ApiKey?>>)provider.GetRequiredService<KeyReader>().FindAsync));
        services.AddHostedSingleton<OpenCalls>();
        services.AddSingleton<OpenKeyLink>(provider => cancellation => KeyLink.OpenAsync(
            provider.GetRequiredService<GatewayDatabase>(), provider.GetRequiredService<Migrations>(), provider.GetRequiredService<PlatformKey>(), cancellation));
        services.AddHostedService<KeyFeed>();
    }

    /// <summary>Serves other services on <c>INTERNAL_PORT</c> or Kestrel's own endpoint <c>Internal</c>, which may have TLS, and nobody else there. Of the public surface only the API is there, for the Console alone and with a session; what is here is nowhere else.</summary>
    public static void UseInternalPort(this WebApplication app)
    {
        var tls = app.Configuration[$"Kestrel:Endpoints:{ServiceHost.InternalEndpoint}:Url"] is { } url ? BindingAddress.Parse(url).Port : (int?)null;
        foreach (var port in new[] { app.Configuration.GetValue<int?>(ServiceHost.InternalPort), tls }.OfType<int>())
        {
            // By the connection's own port: the Host header is the caller's to choose.
            app.MapWhen(context => context.Connection.LocalPort == port, internals =>
            {
                internals.UseServiceTokens();
                internals.MapWhen(
                    request => ServiceTokens.IsFrom(request, Upstreams.Console) && request.Request.Headers.ContainsKey(ConsoleSession.SecretHeader),
                    console => console.Run(app.Services.GetRequiredService<Pipeline>().HandleInSessionAsync));
                internals.UseRouting();
                internals.UseEndpoints(endpoints => endpoints.MapGrpcService<ProjectFeedService>());
            });
        }
    }
}
