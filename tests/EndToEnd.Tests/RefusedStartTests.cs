using System.Net;
using System.Net.Sockets;
using Npgsql;
using Xerotier.TestKit;

namespace Xerotier.EndToEnd.Tests;

/// <summary>What AppHost and the services print when they cannot start.</summary>
public sealed class RefusedStartTests : AppHostTests
{
    [Fact]
    public async Task A_service_that_cannot_start_ends_the_cluster_with_its_own_words_and_exit_code_1()
    {
        var host = Start(new() { ["Fleet__StaleAfterSeconds"] = "-1" });
        _ = host.Process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = await host.Errors.WaitAsync(StartTimeout);
        await host.Process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Timeout);
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
    public async Task Data_of_another_PostgreSQL_is_one_sentence_and_exit_code_1()
    {
        var folder = Path.Combine(Data, "postgres", "data");
        Directory.CreateDirectory(folder);
        await File.WriteAllTextAsync(Path.Combine(folder, "PG_VERSION"), "9\n", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(Data, "postgres", "passwords"), "postgres=x\n", TestContext.Current.CancellationToken);
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
        var secrets = Path.Combine(Data, "secrets");
        await File.WriteAllTextAsync(secrets, "", TestContext.Current.CancellationToken);
        await FailsAsync([], $"{secrets} does not hold this cluster's secrets: bring them back, or remove the file");
    }

    [Theory]
    [InlineData("Gateway", "gatewaydb", "api_keys")]
    [InlineData("MaintenanceService", "maintenancedb", "windows")]
    [InlineData("NotificationService", "notificationsdb", "deliveries")]
    [InlineData("StatusService", "statusdb", "intervals")]
    public async Task A_service_that_is_only_to_migrate_does_and_ends_or_says_why_not(string service, string name, string table)
    {
        await using var postgres = await TestPostgres.StartAsync();
        var connection = await postgres.CreateDatabaseAsync();
        var host = Start(new() { [$"ConnectionStrings__{name}"] = connection }, service, "--migrate-only");
        _ = host.Process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = await host.Errors.WaitAsync(TimeSpan.FromSeconds(30));
        await host.Process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal((0, ""), (host.Process.ExitCode, error));
        await using var database = NpgsqlDataSource.Create(connection);
        await using var exists = database.CreateCommand($"select count(*) from {table}");
        Assert.Equal(0L, await exists.ExecuteScalarAsync(TestContext.Current.CancellationToken));

        await using var spoil = database.CreateCommand("truncate schemaversions");
        await spoil.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        await FailsAsync(new() { [$"ConnectionStrings__{name}"] = connection }, "The schema could not be brought up to date: ", service, "--migrate-only");
    }

    [Theory]
    [InlineData("HealthCollector", "Fleet__StaleAfterSeconds=abc", "Failed to convert configuration value 'abc' at 'Fleet:StaleAfterSeconds' to type 'System.Double'.")]
    [InlineData("HealthCollector", "Fleet__StaleAfterSeconds=-1", "DataAnnotation validation failed for 'FleetOptions' members: 'StaleAfterSeconds'")]
    [InlineData("StatusService", "No_address=given", "No address of '")]
    [InlineData("MaintenanceService", "InternalAuth__Keys__0=short", "InternalAuth:Keys must be 1 to 8 keys, each base64 of at least 32 bytes.")]
    [InlineData("Gateway", "RateLimits__PublicPerMinute=abc", "Failed to convert configuration value 'abc' at 'RateLimits:PublicPerMinute'")]
    [InlineData("Gateway", "ConnectionStrings__gatewaydb=", "Set ConnectionStrings__gatewaydb.")]
    [InlineData("FleetSimulator", "Simulator__SilentRouters=4", "No more can be silent than there are.")]
    public async Task A_wrong_setting_of_a_service_is_one_sentence_and_exit_code_1(string service, string setting, string sentence)
    {
        var settings = new Dictionary<string, string>
        {
            ["InternalAuth__Keys__0"] = Convert.ToBase64String(new byte[32]),
            ["ConnectionStrings__redis"] = "127.0.0.1:1",
            ["XEROTIER_GRPC_URL"] = "http://127.0.0.1:1",
            ["XEROTIER_PLATFORM_KEY"] = "x",
            ["XEROTIER_API_KEY"] = "x",
            ["XEROTIER_BASE_URL"] = "http://127.0.0.1:1/proj_test01/v1",
        };
        foreach (var database in (string[])["gatewaydb", "maintenancedb", "notificationsdb", "statusdb"])
        {
            settings[$"ConnectionStrings__{database}"] = $"Host=127.0.0.1;Port=1;Database={database}";
        }

        settings[setting.Split('=')[0]] = setting.Split('=')[1];
        await FailsAsync(settings, sentence, service);
    }
}
