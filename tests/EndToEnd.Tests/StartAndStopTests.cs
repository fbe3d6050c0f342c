namespace Xerotier.EndToEnd.Tests;

/// <summary>What AppHost prints when it starts, and what it leaves when it ends.</summary>
public sealed class StartAndStopTests : AppHostTests
{
    [Fact]
    public async Task A_start_prints_each_resource_with_its_time_and_what_to_open_and_SIGTERM_stops_everything_within_5_s()
    {
        var host = Start();
        var printed = await host.ReadyAsync(StartTimeout);
        var ready = printed.Where(line => line.Length > 0).SkipLast(1).ToList();
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

        // The data folder is in use.
        await FailsAsync([], $"Another cluster is running on the data folder {Data}");

        await StopAsync(host, "TERM");
        Assert.Empty(await host.Errors);
    }
}
