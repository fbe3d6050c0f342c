using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Serilog.Events;

namespace Xerotier.AppHost;

/// <summary>
/// Tells a person what happens: a line for each store and service as it becomes ready, then what to open, what to try as soon as xeroctl
/// is built, and later what ends and what comes back. A cluster that does not get ready says why, and ends with exit code 1.
/// </summary>
internal sealed class Terminal(
    ClusterSettings cluster,
    DistributedApplicationModel model,
    ResourceNotificationService notifications,
    ResourceLoggerService logs,
    IConfiguration configuration,
    TerminalKeys keys,
    LocalCluster.ShownLog log,
    IHostApplicationLifetime lifetime) : BackgroundService
{
    /// <summary>Name of the resource that Aspire's dashboard is.</summary>
    public const string Dashboard = "aspire-dashboard";

    /// <summary>How long each resource has, from the start of what it waits for.</summary>
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);

    private readonly Stopwatch started = Stopwatch.StartNew(); // not since the process began: ./run was that before, and built
    private readonly bool hasKeys = TerminalKeys.AreThere;
    private readonly Dictionary<string, string> states = []; // by resource: "ready", or how it ended
    private Task building = Task.CompletedTask; // of xeroctl

    private string Address => $"http://localhost:{cluster.Port}";

    private bool HasDashboard => model.Resources.Any(resource => resource.Name == Dashboard);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, context =>
        {
            context.Cancel = true; // the terminal was closed: an orderly end, as by Ctrl-C
            lifetime.StopApplication();
        });
        using var stopping = lifetime.ApplicationStopping.Register(() =>
        {
            log.OfHealthChecks.MinimumLevel = LevelAlias.Off;
            Say("Stopping …");
        });
        if (hasKeys)
        {
            keys.Obey();
        }

        var expected = model.Resources.Where(LocalCluster.IsOwn).Select(resource => resource.Name).ToHashSet();
        var welcomed = false;
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        timeout.CancelAfter(StartTimeout);
        try
        {
            await foreach (var change in notifications.WatchAsync(timeout.Token))
            {
                if (!expected.Contains(change.Resource.Name) || !await ObserveAsync(change, welcomed))
                {
                    continue;
                }

                timeout.CancelAfter(StartTimeout);
                if (!welcomed && expected.All(name => states.GetValueOrDefault(name) == "ready"))
                {
                    welcomed = true;
                    log.OfHealthChecks.MinimumLevel = LogEventLevel.Error;
                    timeout.CancelAfter(Timeout.InfiniteTimeSpan);
                    await WelcomeAsync(stoppingToken);
                }
            }
        }
        catch (OperationCanceledException) when (!stoppingToken.IsCancellationRequested)
        {
            var missing = expected.Where(name => !states.ContainsKey(name));
            Fail($"{string.Join(", ", missing)} did not get ready within {StartTimeout.TotalSeconds} s. The log: {cluster.LogFile}");
        }
        catch (OperationCanceledException)
        {
            // stopping
        }

        await building;
    }

    /// <summary>Says what has changed; returns whether anything has.</summary>
    private async Task<bool> ObserveAsync(ResourceEvent change, bool welcomed)
    {
        var (name, snapshot) = (change.Resource.Name, change.Snapshot);
        var ended = KnownResourceStates.TerminalStates.Contains(snapshot.State?.Text);
        var state = ended ? $"ended with code {snapshot.ExitCode}"
            : snapshot.State?.Text == KnownResourceStates.Running && snapshot.HealthStatus == HealthStatus.Healthy ? "ready" : null;
        if (state is null || states.GetValueOrDefault(name) == state || lifetime.ApplicationStopping.IsCancellationRequested)
        {
            return false;
        }

        states[name] = state;
        if (state == "ready")
        {
            Say(welcomed ? $"  ✓ {name} is back." : string.Create(CultureInfo.InvariantCulture, $"  ✓ {name,-20}{started.Elapsed.TotalSeconds,5:0.0} s"));
        }
        else if (welcomed)
        {
            Say($"  ✗ {name} {state}. Nothing restarts it by itself: {(HasDashboard ? "start it in the dashboard, or start the cluster again" : "start the cluster again")}.");
        }
        else
        {
            var output = new List<string>();
            await foreach (var lines in logs.GetAllAsync(change.ResourceId))
            {
                output.AddRange(lines.Select(line => line.Content));
            }

            Fail(string.Join('\n', [.. output.TakeLast(10).Select(line => $"    {line}"), $"{name} {state} while it started; its output is above, the whole log in {cluster.LogFile}"]));
        }

        return true;
    }

    private async Task WelcomeAsync(CancellationToken cancellation)
    {
        var dashboard = await DashboardAsync(cancellation) ?? "left out (--no-dashboard)";
        var signIn = cluster.SignInToken is { } token ? $"link/{token}  (signs you in once, within 10 minutes)"
            : cluster.Demo.HasFleet ? $"  (sign in with a key from {ClusterSettings.DemoFile})"
            : "  (sign in with the platform key)";
        var keysAre = cluster.Demo.HasFleet ? $"Demo project       its addresses and keys are in {DemoFile}" : $"Platform key       in {cluster.SecretsFile}, after platform=";
        Say($"""

              Xerotier Status is up.

              The page           {Address}/status
              As JSON            {Address}/status.json
              Console            {Address}/console/{signIn}
              The API            {Address}/docs
            """);
        if (MailCatcher.PageOf(model) is { } inbox)
        {
            Say($"  Mails it sends     {inbox}  (they stay on this machine)");
        }

        if (model.Resources.Any(resource => resource.Name == WebhookReceiver.Name))
        {
            Say("  Webhooks it sends  are received by samples/webhook-receiver, which verifies them and prints them to the log");
        }

        Say($"""
              Aspire dashboard   {dashboard}
              {keysAre}
              The log            {cluster.LogFile}

            """);
        building = TryAsync(lifetime.ApplicationStopping);
        if (hasKeys)
        {
            Say("  Keys: o opens the page, l shows or hides the log, q quits, as Ctrl-C does.\n");
            keys.PageIsUp($"{Address}/status");
        }
        else
        {
            Say("  Ctrl-C stops everything.\n");
        }
    }

    /// <summary>Says what to try: with xeroctl as soon as it is built; with curl where it cannot be built, or was not asked for (<c>./run</c> asks).</summary>
    private async Task TryAsync(CancellationToken cancellation)
    {
        string? program = null;
        if (configuration["XEROTIER_XEROCTL_PROJECT"] is { Length: > 0 } project)
        {
            program = await XeroctlBuild.RunAsync(project, cancellation);
            if (cancellation.IsCancellationRequested)
            {
                return;
            }

            if (program is null)
            {
                Say($"  xeroctl could not be built: dotnet build {Quoted(project)} says why.\n");
            }
        }

        Say(program is null ? WithCurl() : WithXeroctl(program));
    }

    /// <summary>Commands of xeroctl, to be pasted into another terminal as they are.</summary>
    private string WithXeroctl(string program)
    {
        var path = $"PATH={Quoted(Path.GetDirectoryName(program)!)}:$PATH";
        var runtime = Path.GetFullPath("../../..", RuntimeEnvironment.GetRuntimeDirectory());
        if (!runtime.StartsWith("/usr/", StringComparison.Ordinal))
        {
            path += $"; export DOTNET_ROOT={Quoted(runtime)}"; // what is built looks for its runtime in the default folders only, unless it is told
        }

        return cluster.Demo.HasFleet
            ? $"""
                  xeroctl is built. In another terminal, this shows the status and plans a maintenance window:

                    source {Quoted(DemoFile)}; {path}
                    xeroctl status
                    xeroctl maintenance schedule --title "My first window" --description "A test." --starts-at +1h --ends-at +2h

                """
            : $"""
                  xeroctl is built. In another terminal, this creates your first project:

                    export XEROTIER_BASE_URL={Address} XEROTIER_PLATFORM_KEY={PlatformKey}; {path}
                    xeroctl projects create --name "My team" --slug my-team

                  Nothing is simulated here: the page shows what your own routers and agents report.

                """;
    }

    private string WithCurl() => cluster.Demo.HasFleet
        ? $$$"""
              Try in another terminal:

                source {{{Quoted(DemoFile)}}}
                # two routers fall silent; once their heartbeats are stale (30 s, unless set) the page says so
                curl -X PUT "$XEROTIER_FLEET_URL" -d '{"silent":{"routers":2,"shared_agents":0,"private_agents":0}}'
                # what monitoring reads, and the project's own view
                curl {{{Address}}}/status.json
                curl -H "Authorization: Bearer $XEROTIER_API_KEY" "$XEROTIER_BASE_URL/health/dashboard"

            """
        : $$"""
              In another terminal, this creates your first project:

                PLATFORM_KEY={{PlatformKey}}
                curl -H "Authorization: Bearer $PLATFORM_KEY" {{Address}}/v1/platform/projects -d '{"name":"My team","slug":"my-team"}' -H 'Content-Type: application/json'

              Nothing is simulated here: the page shows what your own routers and agents report.

            """;

    private string DemoFile => Path.Combine(cluster.DataFolder, ClusterSettings.DemoFile);

    /// <summary>The platform key, as the shell reads it from its file: it is shown nowhere.</summary>
    private string PlatformKey => $"$(sed -n 's/^platform=//p' {Quoted(cluster.SecretsFile)})";

    /// <summary>A path as a word of the shell, whatever is in it.</summary>
    private static string Quoted(string path) => $"'{path.Replace("'", @"'\''", StringComparison.Ordinal)}'";

    /// <summary>The dashboard's address, as soon as it listens; null where there is none.</summary>
    private async Task<string?> DashboardAsync(CancellationToken cancellation)
    {
        if (!HasDashboard)
        {
            return null;
        }

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(TimeSpan.FromSeconds(10));
        try
        {
            var found = await notifications.WaitForResourceAsync(Dashboard, change => change.Snapshot.Urls.Any(IsPage), patience.Token);
            return found.Snapshot.Urls.First(IsPage).Url;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return $"did not start; the log says why: {cluster.LogFile}";
        }

        static bool IsPage(UrlSnapshot url) => url.Name is "http" or "https" && !url.IsInactive;
    }

    private void Fail(string why)
    {
        Console.Error.WriteLine(why);
        Environment.ExitCode = 1;
        lifetime.StopApplication();
    }

    private static void Say(string line) => Console.Out.WriteLine(line);
}
