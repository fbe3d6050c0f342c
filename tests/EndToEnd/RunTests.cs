using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Xerotier.TestKit;

namespace Xerotier.EndToEnd.Tests;

/// <summary>AppHost as <c>./run</c> starts it: how it ends, and what it says when it cannot start.</summary>
public sealed class RunTests : IAsyncDisposable
{
    private readonly string data = Solution.NewDataFolder();

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    public async Task A_signal_stops_everything_within_5_s(string signal)
    {
        using var host = await StartReadyAsync();
        var children = Processes();
        Assert.True(children.Count >= 7, $"Only {children.Count} processes run.");

        var watch = Stopwatch.StartNew();
        using var kill = Process.Start("kill", [$"-{signal}", $"{host.Id}"]);
        await host.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(15));
        Assert.Equal(0, host.ExitCode);
        await NothingIsLeftAsync(); // the orchestrator itself outlives AppHost by a moment
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(15), $"Took {watch.Elapsed}.");
    }

    [Fact]
    public async Task SIGKILL_of_AppHost_leaves_no_process_behind()
    {
        using var host = await StartReadyAsync();
        host.Kill();
        await NothingIsLeftAsync();
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
        using var host = await StartReadyAsync();
        await FailsAsync([], $"Another cluster is running on the data folder {data}");
        using var kill = Process.Start("kill", ["-TERM", $"{host.Id}"]);
        await host.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(15));
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
        await NothingIsLeftAsync(); // a test that leaves a cluster behind slows all that follow
        Directory.Delete(data, recursive: true);
    }

    private Task NothingIsLeftAsync() => Observer.UntilAsync(() => Task.FromResult(Processes().Count == 0), TimeSpan.FromSeconds(20), "all processes are gone");

    private async Task FailsAsync(Dictionary<string, string> settings, string sentence, string project = "AppHost")
    {
        using var host = Start(settings, project);
        _ = host.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken); // keeps the pipe from filling
        var error = await host.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(30));
        await host.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(1, host.ExitCode);
        Assert.StartsWith(sentence, error);
        Assert.Single(error.Trim().Split('\n'));
    }

    private Process Start(Dictionary<string, string>? settings = null, string project = "AppHost")
    {
        var port = Random.Shared.Next(10_000, 30_000);
        var start = new ProcessStartInfo(Solution.Executable(project)) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["XEROTIER_PORT"] = $"{port}";
        start.Environment["XEROTIER_DATA"] = data;
        start.Environment["XEROTIER_TEST_MARK"] = data; // finds its processes again
        foreach (var (name, value) in settings ?? [])
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }

    private async Task<Process> StartReadyAsync()
    {
        var host = Start();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (await host.StandardOutput.ReadLineAsync(patience.Token) is { } line)
        {
            if (line.Contains("Xerotier Status is up.", StringComparison.Ordinal))
            {
                _ = host.StandardOutput.ReadToEndAsync(CancellationToken.None); // keeps the pipe from filling
                _ = host.StandardError.ReadToEndAsync(CancellationToken.None);
                return host;
            }
        }

        throw new InvalidOperationException(await host.StandardError.ReadToEndAsync(patience.Token));
    }

    /// <summary>Processes that inherited this test's mark.</summary>
    private List<string> Processes()
    {
        var found = new List<string>();
        foreach (var folder in Directory.GetDirectories("/proc").Where(folder => int.TryParse(Path.GetFileName(folder), out _)))
        {
            try
            {
                if (File.ReadAllText(Path.Combine(folder, "environ")).Split('\0').Contains($"XEROTIER_TEST_MARK={data}"))
                {
                    found.Add(File.ReadAllText(Path.Combine(folder, "cmdline")).Replace('\0', ' '));
                }
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                // gone in the meantime, or not ours
            }
        }

        return found;
    }
}
