using System.Diagnostics;
using System.Globalization;
using Xerotier.TestKit;

namespace Xerotier.Bench;

/// <summary>How long a built cluster takes to its first page, and what its four services take of memory.</summary>
internal static class StartupBenchmark
{
    private static readonly string[] Services = ["gateway", "healthcollector", "maintenanceservice", "statusservice"];

    public static async Task<Report> RunAsync()
    {
        var data = Solution.NewDataFolder();
        try
        {
            await (await Cluster.StartAsync(new() { DataFolder = data })).DisposeAsync(); // makes the data folder

            var firstPages = new List<double>();
            double memory = 0;
            for (var round = 0; round < 3; round++)
            {
                var (port, watch) = (TestPorts.Free(), Stopwatch.StartNew());
                var page = FirstPageAsync(port, watch);
                await using var cluster = await Cluster.StartAsync(new()
                {
                    DataFolder = data,
                    Settings = new Dictionary<string, string?> { ["XEROTIER_PORT"] = $"{port}", ["XEROTIER_GRPC_PORT"] = $"{TestPorts.Free()}" },
                });
                firstPages.Add(await page);
                if (round == 2)
                {
                    await Task.Delay(TimeSpan.FromSeconds(10));
                    memory = Services.Sum(service => Processes.PssMegabytes(cluster.ProcessId(service)));
                }
            }

            firstPages.Sort();
            return new("startup", "A cluster that was built before, with its data folder made before, from the start of AppHost; memory of the four services 10 s later.",
            [
                new("first page with live data", string.Create(CultureInfo.InvariantCulture, $"{firstPages[1]:0.0} s (of {firstPages[0]:0.0} to {firstPages[2]:0.0})"), Goal: "≤ 6 s"),
                new("memory of the four services (PSS)", string.Create(CultureInfo.InvariantCulture, $"{memory:0} MiB"), Goal: "< 400 MB"),
            ]);
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }

    private static async Task<double> FirstPageAsync(int port, Stopwatch watch)
    {
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}"), Timeout = TimeSpan.FromSeconds(1) };
        while (true)
        {
            try
            {
                if ((await http.GetStringAsync(new Uri("/status", UriKind.Relative))).Contains("All Systems Operational", StringComparison.Ordinal))
                {
                    return watch.Elapsed.TotalSeconds;
                }
            }
            catch (Exception failure) when (failure is HttpRequestException or TaskCanceledException)
            {
                // not there yet
            }

            await Task.Delay(20);
        }
    }
}
