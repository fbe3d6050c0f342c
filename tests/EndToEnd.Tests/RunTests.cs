using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Xerotier.TestKit;

namespace Xerotier.EndToEnd.Tests;

/// <summary>AppHost as <c>./run</c> starts it: how it ends, and what it says when it cannot start.</summary>
public sealed class RunTests : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private readonly string data = Solution.NewDataFolder();
    private readonly List<AppHostProcess> hosts = [];

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    public async Task A_signal_stops_everything_within_5_s(string signal)
    {
        var host = await StartReadyAsync();
        Assert.True(host.Processes().Count >= 7, $"Only {host.Processes().Count} processes run.");

        var watch = Stopwatch.StartNew();
        host.Signal(signal);
        await host.Process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Patience);
        Assert.Equal(0, host.Process.ExitCode);
        await NothingIsLeftAsync(); // the orchestrator itself outlives AppHost by a moment
        Assert.True(watch.Elapsed < Patience, $"Took {watch.Elapsed}.");
    }

    [Fact]
    public async Task SIGKILL_of_AppHost_leaves_no_process_behind()
    {
        var host = await StartReadyAsync();
        host.Process.Kill();
        await NothingIsLeftAsync();
    }

    [Fact]
    public async Task A_start_tells_each_resource_with_its_time_then_what_to_open_and_nothing_else()
    {
        var host = Start();
        var errors = host.Process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var printed = await host.ReadyAsync(TimeSpan.FromSeconds(60));
        var ready = printed.Where(line => line.Length > 0).SkipLast(1).ToList();
        Assert.All(ready, line => Assert.Matches("""^  ✓ [a-z-]+ +\d+\.\d s$""", line));
        Assert.Equal(
            ["fleetsimulator", "gateway", "healthcollector", "maintenanceservice", "postgres-server", "redis-server", "statusservice"],
            ready.Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]).Order(StringComparer.Ordinal));

        // Everything else is in the log, without the faults that a start used to show.
        var log = await File.ReadAllTextAsync(Path.Combine(data, "logs", "cluster.log"), TestContext.Current.CancellationToken);
        Assert.Contains("[gateway] ", log);
        Assert.Contains("[postgres-server] ", log);
        Assert.DoesNotContain("The schema is not there yet", log);
        Assert.DoesNotContain("Connection refused", log);
        host.Signal("TERM");
        await host.Process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Patience);
        Assert.Empty(await errors);
    }

    [Fact]
    public async Task A_service_that_cannot_start_ends_the_cluster_with_its_own_words_and_exit_code_1()
    {
        var host = Start(new() { ["Fleet__StaleAfterSeconds"] = "-1" });
        _ = host.Process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = await host.Process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(60));
        await host.Process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Patience);
        Assert.Equal(1, host.Process.ExitCode);
        Assert.Contains("DataAnnotation validation failed for 'FleetOptions' members: 'StaleAfterSeconds'", error);
        Assert.Contains("healthcollector ended with code 1 while it started", error);
    }

    [Fact]
    public async Task A_port_in_use_is_one_sentence_and_exit_code_1()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        await FailsAsync(new() { ["XEROTIER_PORT"] = $"{port}" }, $"Port {port} is in use: stop what listens there, or set XEROTIER_PORT to another port.");
    }

    [Fact]
    public async Task A_data_folder_that_cannot_be_written_is_one_sentence_and_exit_code_1() =>
        await FailsAsync(new() { ["XEROTIER_DATA"] = "/proc/nowhere" }, "The data folder /proc/nowhere cannot be written");

    [Fact]
    public async Task A_data_folder_in_use_is_one_sentence_and_exit_code_1()
    {
        var host = await StartReadyAsync();
        await FailsAsync([], $"Another cluster is running on the data folder {data}");
        host.Signal("TERM");
        await host.Process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Patience);
    }

    [Fact]
    public async Task Data_of_another_PostgreSQL_is_one_sentence_and_exit_code_1()
    {
        var folder = Path.Combine(data, "postgres", "data");
        Directory.CreateDirectory(folder);
        await File.WriteAllTextAsync(Path.Combine(folder, "PG_VERSION"), "9\n", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(data, "postgres", "passwords"), "postgres=x\n", TestContext.Current.CancellationToken);
        await FailsAsync([], $"{folder} was written by PostgreSQL 9, but PostgreSQL ");
    }

    [Theory]
    [InlineData("XEROTIER_PORT=eighty", "XEROTIER_PORT must be a number from 1 to 65535, not 'eighty'.")]
    [InlineData("XEROTIER_PORT=65535", "There is no port 65536: set XEROTIER_GRPC_PORT to a lower one.")]
    [InlineData("XEROTIER_PORT=65530 XEROTIER_GRPC_PORT=9000 replicas=2", "There is no port 65540: set")]
    [InlineData("XEROTIER_PORT=9010 XEROTIER_GRPC_PORT=9000 replicas=2", "XEROTIER_PORT and XEROTIER_GRPC_PORT both lead to port 9010: set one of them to another.")]
    [InlineData("XEROTIER_DASHBOARD_PORT=9000 XEROTIER_OTLP_PORT=9000", "XEROTIER_DASHBOARD_PORT and XEROTIER_OTLP_PORT both lead to port 9000")]
    [InlineData("XEROTIER_DASHBOARD_PORT=99999", "XEROTIER_DASHBOARD_PORT must be a number from 1 to 65535, not '99999'.")]
    public async Task Settings_that_lead_to_no_port_are_one_sentence_and_exit_code_1(string settings, string sentence) =>
        await FailsAsync(settings.Split(' ').Select(setting => setting.Split('=')).ToDictionary(pair => pair[0], pair => pair[1]), sentence);

    [Fact]
    public async Task A_file_of_secrets_that_holds_none_is_one_sentence_and_exit_code_1()
    {
        var secrets = Path.Combine(data, "secrets");
        await File.WriteAllTextAsync(secrets, "", TestContext.Current.CancellationToken);
        await FailsAsync([], $"{secrets} does not hold this cluster's secrets: bring them back, or remove the file");
    }

    [Theory]
    [InlineData("HealthCollector", "Fleet__StaleAfterSeconds=abc", "Failed to convert configuration value 'abc' at 'Fleet:StaleAfterSeconds' to type 'System.Double'.")]
    [InlineData("HealthCollector", "Fleet__StaleAfterSeconds=-1", "DataAnnotation validation failed for 'FleetOptions' members: 'StaleAfterSeconds'")]
    [InlineData("StatusService", "No_address=given", "No address of '")]
    [InlineData("MaintenanceService", "InternalAuth__Key=short", "InternalAuth:Key must be base64 of at least 32 bytes.")]
    [InlineData("Gateway", "RateLimits__PublicPerMinute=abc", "Failed to convert configuration value 'abc' at 'RateLimits:PublicPerMinute'")]
    [InlineData("Gateway", "ConnectionStrings__gatewaydb=", "Set ConnectionStrings__gatewaydb.")]
    [InlineData("FleetSimulator", "Simulator__SilentRouters=4", "No more can be silent than there are.")]
    public async Task A_wrong_setting_of_a_service_is_one_sentence_and_exit_code_1(string service, string setting, string sentence)
    {
        var settings = new Dictionary<string, string>
        {
            ["InternalAuth__Key"] = Convert.ToBase64String(new byte[32]),
            ["ConnectionStrings__redis"] = "127.0.0.1:1",
            ["XEROTIER_GRPC_URL"] = "http://127.0.0.1:1",
            ["XEROTIER_PLATFORM_KEY"] = "x",
            ["XEROTIER_API_KEY"] = "x",
            ["XEROTIER_BASE_URL"] = "http://127.0.0.1:1/proj_test01/v1",
        };
        foreach (var database in (string[])["gatewaydb", "maintenancedb", "statusdb"])
        {
            settings[$"ConnectionStrings__{database}"] = $"Host=127.0.0.1;Port=1;Database={database}";
        }

        settings[setting.Split('=')[0]] = setting.Split('=')[1];
        await FailsAsync(settings, sentence, service);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var failed in hosts.Where(host => !host.Process.HasExited))
        {
            failed.Signal("TERM"); // its test has failed
        }

        await NothingIsLeftAsync(); // a test that leaves a cluster behind slows all that follow
        hosts.ForEach(host => host.Dispose());
        Directory.Delete(data, recursive: true);
    }

    private Task NothingIsLeftAsync() =>
        Observer.UntilAsync(() => Task.FromResult(hosts.All(host => host.Processes().Count == 0)), TimeSpan.FromSeconds(20), "all processes are gone");

    private async Task FailsAsync(Dictionary<string, string> settings, string sentence, string project = "AppHost")
    {
        var host = Start(settings, project);
        _ = host.Process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken); // keeps the pipe from filling
        var error = await host.Process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(30));
        await host.Process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(1, host.Process.ExitCode);
        Assert.StartsWith(sentence, error);
        Assert.Single(error.Trim().Split('\n'));
    }

    private AppHostProcess Start(Dictionary<string, string>? settings = null, string project = "AppHost")
    {
        var host = new AppHostProcess(data, settings, project);
        hosts.Add(host);
        return host;
    }

    private async Task<AppHostProcess> StartReadyAsync()
    {
        var host = Start();
        await host.ReadyAsync(TimeSpan.FromSeconds(60));
        _ = host.Process.StandardError.ReadToEndAsync(CancellationToken.None);
        return host;
    }
}
