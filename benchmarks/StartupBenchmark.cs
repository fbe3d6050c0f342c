using System.Diagnostics;
using System.Globalization;
using Xerotier.TestKit;

namespace Xerotier.Bench;

/// <summary>How long a built cluster takes to its first green page and to its end, and what all of it takes of memory.</summary>
internal static class StartupBenchmark
{
    private const int Rounds = 5;

    public static async Task<Report> RunAsync()
    {
        var folders = new List<string>();
        try
        {
            List<Run> fresh = [], existing = [], bare = [];
            for (var round = 0; round < Rounds; round++)
            {
                folders.Add(Solution.NewDataFolder());
                fresh.Add(await RunAsync(folders[^1], settle: false));
                existing.Add(await RunAsync(folders[^1], settle: round == Rounds - 1));
                bare.Add(await RunAsync(folders[^1], settle: round == Rounds - 1, "--no-dashboard"));
            }

            return new("startup", "A cluster that was built before, from the start of AppHost; memory (PSS) 10 s later, of services, stores, orchestrator, AppHost and dashboard.",
            [
                new("first green page, fresh data", Seconds(fresh, run => run.Green), Goal: "≤ 6 s"),
                new("first green page, existing data", Seconds(existing, run => run.Green), Goal: "≤ 4 s"),
                new("first green page, existing data, no dashboard", Seconds(bare, run => run.Green)),
                new("SIGTERM to the end of AppHost", Seconds(existing, run => run.HostGone), Goal: "≤ 3 s"),
                new("SIGTERM to the end of everything", Seconds(existing, run => run.AllGone)),
                new("memory of everything", Megabytes(existing[^1]), Goal: "≤ 850 MB"),
                new("memory of everything, no dashboard", Megabytes(bare[^1])),
            ]);
        }
        finally
        {
            folders.ForEach(folder => Directory.Delete(folder, recursive: true));
        }
    }

    private static async Task<Run> RunAsync(string data, bool settle, params string[] arguments)
    {
        var watch = Stopwatch.StartNew();
        using var host = new AppHostProcess(data, arguments: arguments);
        var ready = host.ReadyAsync(TimeSpan.FromSeconds(60));
        var green = await GreenPageAsync(host.Port, watch);
        await ready;
        Dictionary<string, double> memory = [];
        if (settle)
        {
            await Task.Delay(TimeSpan.FromSeconds(10));
            memory = host.Processes().GroupBy(Kind).ToDictionary(kind => kind.Key, kind => kind.Sum(Processes.PssMegabytes));
        }

        watch.Restart();
        host.Signal("TERM");
        await host.Process.WaitForExitAsync();
        var hostGone = watch.Elapsed.TotalSeconds;
        while (host.Processes().Count > 0)
        {
            await Task.Delay(20);
        }

        return new(green, hostGone, watch.Elapsed.TotalSeconds, memory);
    }

    /// <summary>What a process is a part of.</summary>
    private static string Kind(int process)
    {
        var program = Path.GetFileName(File.ReadAllText($"/proc/{process}/cmdline").Split('\0')[0].Split(' ')[0]);
        return program switch
        {
            "Xerotier.AppHost" => "AppHost",
            "dcp" => "orchestrator",
            _ when program.StartsWith("Aspire", StringComparison.Ordinal) => "dashboard",
            _ when program.StartsWith("Xerotier", StringComparison.Ordinal) => "services",
            _ => "stores",
        };
    }

    private static async Task<double> GreenPageAsync(int port, Stopwatch watch)
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

    private static string Seconds(List<Run> runs, Func<Run, double> figure)
    {
        var sorted = runs.Select(figure).Order().ToList();
        return string.Create(CultureInfo.InvariantCulture, $"{sorted[sorted.Count / 2]:0.0} s (of {sorted[0]:0.0} to {sorted[^1]:0.0})");
    }

    private static string Megabytes(Run run) => string.Create(
        CultureInfo.InvariantCulture, $"{run.Memory.Values.Sum():0} MiB ({string.Join(", ", run.Memory.OrderByDescending(part => part.Value).Select(part => $"{part.Key} {part.Value:0}"))})");

    /// <summary>One start and stop.</summary>
    private sealed record Run(double Green, double HostGone, double AllGone, Dictionary<string, double> Memory);
}
