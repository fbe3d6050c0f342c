using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace Xerotier.AppHost;

/// <summary>
/// Tells a person what happens: a line for each store and service as it becomes ready, then what to open and what to try, and later
/// what ends and what comes back. A cluster that does not get ready says why, and ends with exit code 1.
/// </summary>
internal sealed class Terminal(
    ClusterSettings cluster,
    DistributedApplicationModel model,
    ResourceNotificationService notifications,
    ResourceLoggerService logs,
    IConfiguration configuration,
    TerminalKeys keys,
    IHostApplicationLifetime lifetime) : BackgroundService
{
    /// <summary>Name of the resource that Aspire's dashboard is.</summary>
    public const string Dashboard = "aspire-dashboard";

    /// <summary>How long each resource has, from the start of what it waits for.</summary>
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);

    private readonly Stopwatch started = Stopwatch.StartNew(); // not since the process began: ./run was that before, and built
    private Task building = Task.CompletedTask; // of xeroctl
    private readonly Dictionary<string, string> states = []; // by resource: "ready", or how it ended

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, context =>
        {
            context.Cancel = true; // the terminal was closed: an orderly end, as by Ctrl-C
            lifetime.StopApplication();
        });
        using var stopping = lifetime.ApplicationStopping.Register(() => Say("Stopping …"));

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
            Say($"  ✗ {name} {state}. Nothing restarts it by itself: start it in the dashboard, or start the cluster again.");
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
        var page = $"http://localhost:{cluster.Port}";
        var credentials = Path.Combine(cluster.DataFolder, ClusterSettings.DemoFile);
        var source = $"source {Quoted(credentials)}";
        var dashboard = await DashboardAsync(cancellation) ?? "left out (--no-dashboard)";
        Say($"""

              Xerotier Status is up.

              The page           {page}/status
              As JSON            {page}/status.json
            """);
        Say($"""
              Console            {page}/console/{(cluster.SignInToken is { } token ? $"link/{token}  (signs you in once, within 10 minutes)" : "  (sign in with the platform key)")}
              The API            {page}/docs
            """);
        if (MailCatcher.PageOf(model) is { } inbox)
        {
            Say($"  Mails it sends     {inbox}");
        }

        if (model.Resources.Any(resource => resource.Name == WebhookReceiver.Name))
        {
            Say("  Webhooks it sends  verified and printed by samples/webhook-receiver, in the log");
        }

        Say($"  Aspire dashboard   {dashboard}");
        Say(cluster.Demo.HasFleet
            ? $$$"""
                  Demo project       {{{PrivateServers.ReadSecrets(credentials).GetValueOrDefault("XEROTIER_BASE_URL")}}}
                  Its credentials    {{{source}}}
                  The log            {{{cluster.LogFile}}}

                  Try:  {{{source}}}
                        # two of three routers fall silent; once their heartbeats are stale (30 s, unless set) the page says so
                        curl -X PUT "$XEROTIER_FLEET_URL" -d '{"silent":{"routers":2,"shared_agents":0,"private_agents":0}}'
                        # what monitoring reads, and the project's own view
                        curl {{{page}}}/status.json
                        curl -H "Authorization: Bearer $XEROTIER_API_KEY" "$XEROTIER_BASE_URL/health/dashboard"

                """
            : $$"""
                  Platform key       in {{Path.Combine(cluster.DataFolder, "secrets")}}
                  The log            {{cluster.LogFile}}

                  Nothing is simulated here: the page shows what your own routers and agents report.
                  Try:  PLATFORM_KEY=$(sed -n 's/^platform=//p' {{Quoted(Path.Combine(cluster.DataFolder, "secrets"))}})
                        # your first project
                        curl -H "Authorization: Bearer $PLATFORM_KEY" {{page}}/v1/platform/projects -d '{"name":"My team","slug":"my-team"}' -H 'Content-Type: application/json'

                """);
        if (TerminalKeys.AreThere)
        {
            Say("  Keys: o opens the page, l shows or hides the log, q quits, as Ctrl-C does.\n");
            keys.Obey($"{page}/status");
        }
        else
        {
            Say("  Ctrl-C stops everything.\n");
        }

        if (configuration["XEROTIER_XEROCTL_PROJECT"] is { Length: > 0 } project)
        {
            building = BuildAsync(project, cluster.Demo.HasFleet ? source : null, cancellation);
        }
    }

    /// <summary>A path as a word of the shell, whatever is in it.</summary>
    private static string Quoted(string path) => $"'{path.Replace("'", @"'\''", StringComparison.Ordinal)}'";

    private static async Task BuildAsync(string project, string? source, CancellationToken cancellation)
    {
        if (await XeroctlBuild.RunAsync(project, cancellation) is { } program)
        {
            Say($"  The command line   {program}{(source is null ? "" : $"\n                     {source}; {Quoted(program)} status")}\n");
        }
        else if (!cancellation.IsCancellationRequested)
        {
            Say($"  xeroctl could not be built: dotnet build {project} says why.\n");
        }
    }

    /// <summary>The dashboard's address, as soon as it listens; null where there is none.</summary>
    private async Task<string?> DashboardAsync(CancellationToken cancellation)
    {
        if (!model.Resources.Any(resource => resource.Name == Dashboard))
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
