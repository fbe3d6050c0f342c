using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Microsoft.Extensions.DependencyInjection;
using Xerotier.TestKit;

namespace Xerotier.EndToEnd.Tests;

/// <summary>What Aspire and this application owe each other.</summary>
[Collection<SharedCluster>]
public sealed partial class AspireTests(SharedCluster shared)
{
    /// <summary>Reads as documentation: the whole system in a test of your own, without anything of ours but AppHost.</summary>
    [Fact]
    public async Task The_page_survives_the_StatusService_and_recovers_when_it_is_started_again()
    {
        var stop = TestContext.Current.CancellationToken;
        var data = Solution.NewDataFolder();
        var ports = Cluster.FreePorts();

        // Start AppHost with settings as arguments, and wait until the last resource is healthy.
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<global::Projects.AppHost>(
            [$"--XEROTIER_DATA={data}", $"--XEROTIER_PORT={ports.Http}", $"--XEROTIER_GRPC_PORT={ports.Grpc}"], stop);
        await using (var app = await builder.BuildAsync(stop))
        {
            await app.StartAsync(stop);
            await app.ResourceNotifications.WaitForResourceHealthyAsync("fleetsimulator", stop).WaitAsync(TimeSpan.FromSeconds(180), stop);

            // Ask the public page.
            using var http = app.CreateHttpClient("gateway", "http");
            await ShowsAsync("All Systems Operational");

            // Stop the StatusService. The page stays, and says that it is the last known state.
            var commands = app.Services.GetRequiredService<ResourceCommandService>();
            Assert.True((await commands.ExecuteCommandAsync("statusservice", KnownResourceCommands.StopCommand, stop)).Success);
            await ShowsAsync("Live data has been unavailable since");

            // Start it again. The page is live again.
            await app.ResourceNotifications.WaitForResourceAsync("statusservice", KnownResourceStates.TerminalStates, stop);
            Assert.True((await commands.ExecuteCommandAsync("statusservice", KnownResourceCommands.StartCommand, stop)).Success);
            await Observer.UntilAsync(
                async () => !(await http.GetStringAsync("/status", stop)).Contains("Live data has been unavailable since", StringComparison.Ordinal), TimeSpan.FromSeconds(30), "the page is live again");

            Task ShowsAsync(string words) => Observer.UntilAsync(
                async () => (await http.GetStringAsync("/status", stop)).Contains(words, StringComparison.Ordinal), TimeSpan.FromSeconds(30), $"the page says “{words}”");
        }

        Directory.Delete(data, recursive: true);
    }

    [Fact]
    public void Each_project_is_its_own_process_without_a_dotnet_above_it_and_its_endpoints_have_no_proxy()
    {
        var cluster = shared.Cluster;
        foreach (var (instance, project) in new[] { ("console", "Console"), ("gateway", "Gateway"), ("healthcollector", "HealthCollector"), ("maintenanceservice", "MaintenanceService"), ("notificationservice", "NotificationService"), ("statusservice", "StatusService"), ("fleetsimulator", "FleetSimulator") })
        {
            Assert.Equal(Solution.Executable(project), cluster.Executable(instance));
            var process = cluster.ProcessId(instance);
            Assert.Equal(cluster.Executable(instance), new FileInfo($"/proc/{process}/exe").ResolveLinkTarget(returnFinalTarget: true)!.FullName);
            Assert.Contains(cluster.Endpoint(instance, "http").Port, ListeningPorts(process));
        }
    }

    [Fact]
    public async Task The_manifest_holds_projects_databases_and_parameters_but_no_secret_no_path_of_this_machine_and_starts_nothing()
    {
        var folder = Solution.NewDataFolder();
        var data = Path.Combine(folder, "data");
        var file = Path.Combine(folder, "manifest.json");
        var start = new ProcessStartInfo(Solution.Executable("AppHost"), ["--operation", "publish", "--publisher", "manifest", "--output-path", file]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["XEROTIER_DATA"] = data;
        start.Environment["ConnectionStrings__redis"] = "redis.example:6379,password=not-for-a-manifest";
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, $"{await output}\n{error}");

        var text = await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken);
        using var manifest = JsonDocument.Parse(text);
        var resources = manifest.RootElement.GetProperty("resources");
        string Type(string name) => resources.GetProperty(name).GetProperty("type").GetString()!;
        Assert.All(["console", "gateway", "healthcollector", "maintenanceservice", "notificationservice", "statusservice"], (string name) => Assert.Equal("project.v0", Type(name)));
        Assert.All(["postgres", "redis"], (string name) => Assert.Equal("container.v0", Type(name)));
        Assert.All(["internal-key", "platform-key", "postgres-password"], (string name) => Assert.Equal("parameter.v0", Type(name)));
        Assert.All(["gatewaydb", "maintenancedb", "notificationsdb", "statusdb"], (string name) => Assert.Equal("value.v0", Type(name)));
        Assert.False(resources.TryGetProperty("fleetsimulator", out _));
        foreach (var parameter in resources.EnumerateObject().Where(resource => resource.Value.GetProperty("type").GetString() == "parameter.v0"))
        {
            var input = Assert.Single(parameter.Value.GetProperty("inputs").EnumerateObject()).Value;
            Assert.True(input.GetProperty("secret").GetBoolean(), parameter.Name);
            Assert.Equal($"{{{parameter.Name}.inputs.value}}", parameter.Value.GetProperty("value").GetString());
        }

        // Nobody believes a forwarded address of whoever sends one, and a container's ports are those that others are told.
        Assert.DoesNotContain("FORWARDEDHEADERS", text);
        var gateway = resources.GetProperty("gateway");
        Assert.Equal(8080, gateway.GetProperty("bindings").GetProperty("http").GetProperty("targetPort").GetInt32());
        Assert.True(gateway.GetProperty("bindings").GetProperty("http").GetProperty("external").GetBoolean());
        Assert.Equal("{statusservice.bindings.grpc.url}", gateway.GetProperty("env").GetProperty("services__statusservice__grpc__0").GetString());

        // Projects are named relative to the manifest; every other value is an expression or a plain constant.
        Assert.All(ProjectPath().Matches(text), path => Assert.StartsWith("\"path\": \"../", path.Value));
        var withoutProjects = ProjectPath().Replace(text, "");
        Assert.DoesNotContain(Solution.Folder, withoutProjects);
        Assert.DoesNotContain(folder, withoutProjects);
        Assert.DoesNotContain("/var/", withoutProjects);
        Assert.DoesNotContain("/tmp/", withoutProjects);
        Assert.DoesNotContain("127.0.0.1:", withoutProjects);
        Assert.DoesNotContain("not-for-a-manifest", text);
        Assert.DoesNotContain("xero_platform_", text);
        Assert.False(Directory.Exists(data));
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>TCP ports at which a process listens itself.</summary>
    private static HashSet<int> ListeningPorts(int process)
    {
        var sockets = Directory.GetFiles($"/proc/{process}/fd")
            .Select(file => new FileInfo(file).LinkTarget).Where(link => link?.StartsWith("socket:[", StringComparison.Ordinal) == true).Select(link => link![8..^1]).ToHashSet();
        return [.. File.ReadLines($"/proc/{process}/net/tcp").Skip(1)
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(fields => fields[3] == "0A" && sockets.Contains(fields[9]))
            .Select(fields => Convert.ToInt32(fields[1].Split(':')[1], 16))];
    }

    [GeneratedRegex("\"path\": \"[^\"]*\\.csproj\"")]
    private static partial Regex ProjectPath();
}
