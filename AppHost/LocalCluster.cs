using System.Globalization;
using System.Reflection;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Serilog;
using Serilog.Core;
using Serilog.Events;
using Serilog.Formatting;

#pragma warning disable ASPIRECERTIFICATES001 // see DcpCertificate

namespace Xerotier.AppHost;

/// <summary>
/// What Aspire needs to run on a machine without a launch profile, a certificate or a container engine, several clusters side by
/// side; and where the output goes.
/// </summary>
internal static class LocalCluster
{
    private const string HealthChecks = "Microsoft.Extensions.Diagnostics.HealthChecks";

    // Switches: the configuration knows no option without a value.
    private static readonly string[] Switches = ["--logs", "--no-dashboard", "--no-demo"];

    /// <summary>Whether AppHost is a process of its own; a test runs it inside its own process, and wants exceptions and no output.</summary>
    public static bool IsThisProcess => Assembly.GetEntryAssembly() == typeof(LocalCluster).Assembly;

    /// <summary>Whether a resource is a process or container of ours; Aspire adds its own, such as the dashboard and one for each project that builds it again.</summary>
    public static bool IsOwn(IResource resource) =>
        resource is ProjectResource or ContainerResource || (resource.GetType() == typeof(ExecutableResource) && resource.Name != Terminal.Dashboard);

    /// <summary>Aspire's builder with a default for everything that a launch profile would bring; the environment and <paramref name="args"/> override them.</summary>
    public static IDistributedApplicationBuilder CreateBuilder(string[] args)
    {
        string[] arguments = [.. args.Select(arg => Switches.Contains(arg) ? $"{arg}=true" : arg)];
        var given = new ConfigurationBuilder().AddEnvironmentVariables().AddCommandLine(arguments).Build();
        (string Key, string Value)[] defaults =
        [
            ("ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL", LocalUrl("XEROTIER_OTLP_PORT")),
            ("ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL", "http://localhost:0"),
            ("ASPIRE_ALLOW_UNSECURED_TRANSPORT", "true"),
            ("ASPIRE_DASHBOARD_UNSECURED_ALLOW_ANONYMOUS", "true"), // see below
            ("ASPIRE_DASHBOARD_TELEMETRY_OPTOUT", "true"),
            ("ASPIRE_VERSION_CHECK_DISABLED", "true"),
            ("hostBuilder:reloadConfigOnChange", "false"), // it would watch every file below the working directory
            ("DcpPublisher:WaitForResourceCleanup", "true"), // else the old services still serve when AppHost is gone
            ("DcpPublisher:ProxylessEndpointPortRangeStart", "10000"),
            ("DcpPublisher:ProxylessEndpointPortRangeEnd", "15999"), // PrivateServers.FreePort begins above
        ];
        var builder = DistributedApplication.CreateBuilder(new DistributedApplicationOptions
        {
            // The dashboard's page last: it asks nobody who they are, so it listens on loopback, whatever the environment has others listen on.
            Args = [.. defaults.Where(setting => given[setting.Key] is null).Select(setting => $"--{setting.Key}={setting.Value}"), .. arguments, $"--ASPNETCORE_URLS={LocalUrl("XEROTIER_DASHBOARD_PORT")}"],
            DisableDashboard = given.GetValue<bool>("no-dashboard"),
            EnableResourceLogging = true,
        });
        builder.Services.AddLogging(logging => logging
            .AddFilter("Microsoft", LogLevel.Warning)
            .AddFilter(HealthChecks, IsThisProcess ? LogLevel.Error : LogLevel.None));
        return builder.WithdrawServiceSettings();

        string LocalUrl(string port) => $"http://localhost:{(given[port] is { Length: > 0 } number ? number : "0")}";
    }

    /// <summary>Gives the orchestrator a certificate that is kept: it would make a key at each start, which takes seconds.</summary>
    public static void UseKeptCertificate(this IDistributedApplicationBuilder builder, ClusterSettings cluster)
    {
        if (builder.ExecutionContext.IsRunMode)
        {
            builder.Services.AddSingleton(cluster);
            builder.Services.AddSingleton<IDeveloperCertificateService, DcpCertificate>();
        }
    }

    /// <summary>Everything that the cluster says goes to a file, with <c>--logs</c> also to the terminal; by itself the terminal tells what is ready and what to open.</summary>
    public static void UseTerminal(this IDistributedApplicationBuilder builder, ClusterSettings cluster)
    {
        if (builder.ExecutionContext.IsPublishMode || !IsThisProcess)
        {
            return;
        }

        var shown = new ShownLog(builder.Configuration.GetValue<bool>("logs"));
        var log = new LoggerConfiguration()
            .MinimumLevel.Override(HealthChecks, shown.OfHealthChecks)
            .WriteTo.File(new LogFormat(), cluster.LogFile, fileSizeLimitBytes: 32 * 1024 * 1024, rollOnFileSizeLimit: true, retainedFileCountLimit: 5)
            .WriteTo.Console(new LogFormat(), levelSwitch: shown.Level);
        builder.Services.AddSingleton(shown).AddSingleton<TerminalKeys>();
        builder.Services.AddLogging(logging => logging.ClearProviders().AddSerilog(log.CreateLogger(), dispose: true));
        builder.Services.Insert(0, ServiceDescriptor.Singleton<IHostedService, Terminal>()); // it watches from the first moment
    }

    /// <summary>Runs the application until it is stopped, which may be while it starts.</summary>
    /// <returns>The exit code.</returns>
    public static int RunToEnd(this DistributedApplication app)
    {
        var stopping = app.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        try
        {
            app.Run();
        }
        catch (Exception failure) when (stopping.IsCancellationRequested && failure is OperationCanceledException or AggregateException { InnerException: OperationCanceledException })
        {
            // stopped while it started
        }

        return Environment.ExitCode;
    }

    /// <summary>Whether the terminal shows the log, too.</summary>
    public sealed class ShownLog
    {
        /// <summary>Shows it or not.</summary>
        public ShownLog(bool isShown) => Show(isShown);

        /// <summary>What the terminal shows.</summary>
        public LoggingLevelSwitch Level { get; } = new();

        /// <summary>From what level on the log has what checks find: nothing while services start or stop, as Terminal tells when they are ready.</summary>
        public LoggingLevelSwitch OfHealthChecks { get; } = new(LevelAlias.Off);

        /// <summary>Whether it is shown.</summary>
        public bool IsShown { get; private set; }

        /// <summary>Shows it from now on, or hides it.</summary>
        public void Show(bool shown) => (IsShown, Level.MinimumLevel) = (shown, shown ? LevelAlias.Minimum : LevelAlias.Off);
    }

    /// <summary>One line: who says it, when, what. A resource's line brings its time along.</summary>
    private sealed class LogFormat : ITextFormatter
    {
        public void Format(LogEvent logEvent, TextWriter output)
        {
            var source = Text(Constants.SourceContextPropertyName) ?? "";
            output.Write($"[{source[(source.LastIndexOf('.') + 1)..]}] ");
            output.WriteLine(Text("LineContent") ?? $"{logEvent.Timestamp.UtcDateTime:O} {logEvent.Level} {logEvent.RenderMessage(CultureInfo.InvariantCulture)}");
            if (logEvent.Exception is { } exception)
            {
                output.WriteLine(exception);
            }

            string? Text(string property) => logEvent.Properties.TryGetValue(property, out var value) && value is ScalarValue { Value: string text } ? text : null;
        }
    }
}
