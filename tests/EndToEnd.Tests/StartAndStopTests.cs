namespace Xerotier.EndToEnd.Tests;

/// <summary>What AppHost prints when it starts, and what it leaves when it ends.</summary>
public sealed class StartAndStopTests : AppHostTests
{
    [Fact]
    public async Task A_start_prints_each_resource_with_its_time_and_what_to_open_and_SIGTERM_stops_everything_in_time()
    {
        var host = Start(new() { ["ASPNETCORE_URLS"] = "http://0.0.0.0:1" }); // as containers set it
        var printed = await host.ReadyAsync(StartTimeout, "Aspire dashboard");
        var ready = printed.Where(line => line.Length > 0).TakeWhile(line => !line.Contains("is up.", StringComparison.Ordinal)).ToList();
        Assert.All(ready, line => Assert.Matches("""^  ✓ [a-z-]+ +\d+\.\d s$""", line));
        Assert.Equal(
            ["console", "fleetsimulator", "gateway", "healthcollector", "maintenanceservice", "notificationservice", "postgres-server", "redis-server", "statusservice"],
            ready.Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]).Order(StringComparer.Ordinal));

        // Everything else is in the log. It has no errors of services that wait for each other.
        var log = await File.ReadAllTextAsync(Path.Combine(Data, "logs", "cluster.log"), TestContext.Current.CancellationToken);
        Assert.Contains("[gateway] ", log);
        Assert.Contains("[postgres-server] ", log);
        Assert.DoesNotContain("The schema is not there yet", log);
        Assert.DoesNotContain("Connection refused", log);

        // Nor warnings, but for what Aspire says of its dashboard and of the address that it was given here, and what Kestrel says of a machine that has no time for it.
        Assert.All(log.Split('\n').Where(line => !line.StartsWith("[aspire-dashboard] ", StringComparison.Ordinal) && !line.StartsWith("[DashboardWebApplication] ", StringComparison.Ordinal) && !line.StartsWith("[Kestrel] ", StringComparison.Ordinal) && !line.Contains("the heartbeat has been running for", StringComparison.Ordinal)), line => Assert.DoesNotMatch("""^\[\S+\] (\S+ (Warning|Error|Critical) |.*"LogLevel":"(Warning|Error|Critical)"|.*(WARNING|ERROR|FATAL|PANIC):)""", line));

        // The dashboard shows its page to whoever sits at this machine.
        var dashboard = new Uri(printed[^1].Split(' ', StringSplitOptions.RemoveEmptyEntries)[^1]);
        using (var http = new HttpClient())
        {
            Assert.Equal("localhost", dashboard.Host);
            Assert.Contains("Aspire", await http.GetStringAsync(dashboard, TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }

        // The data folder is in use.
        await FailsAsync([], $"Another cluster is running on the data folder {Data}");

        await StopAsync(host, "TERM");
        Assert.Empty(await host.Errors);
    }
}
