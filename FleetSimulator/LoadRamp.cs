using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Xerotier.FleetSimulator;

/// <summary>
/// Sends more and more until the server no longer keeps up, and says at how much, and what was busy then: first every heartbeat once, then
/// rates that rise by half, at last as much as it acknowledges. A line of JSON for each, then one with the limit.
/// </summary>
internal static class LoadRamp
{
    private const double KeepsUp = 0.95; // of the rate, acknowledged
    private const double LongestMilliseconds = 1000; // p99 of the acknowledgements
    private static readonly TimeSpan LongestRegistration = TimeSpan.FromMinutes(3);

    public static async Task<int> RunAsync(LoadOptions options, LoadStreams streams)
    {
        var usage = new ProcessUsage(options.Processes);
        await StepAsync("register", 0, () => streams.RegisterAsync(LongestRegistration), usage);
        var (limit, p99) = (0d, 0d);
        var rate = options.Ramp;
        for (var step = 0; step < options.Steps; step++, rate += rate / 2)
        {
            var now = rate;
            var result = await StepAsync("step", rate, () => streams.RunAsync(now, TimeSpan.Zero, TimeSpan.FromSeconds(options.Seconds)), usage);
            if (result.Errors.Count > 0 || result.PerSecond < rate * KeepsUp || result.At(0.99) > LongestMilliseconds)
            {
                break;
            }

            (limit, p99) = (result.PerSecond, result.At(0.99));
        }

        var most = await StepAsync("flat out", 0, () => streams.RunAsync(0, TimeSpan.Zero, TimeSpan.FromSeconds(options.Seconds)), usage);
        Console.WriteLine(JsonSerializer.Serialize(new
        {
            phase = "limit",
            accepted_per_second = limit,
            p99_ms = p99,
            flat_out_per_second = most.PerSecond,
            saturated = usage.Saturated,
        }));
        return 0;
    }

    private static async Task<LoadResult> StepAsync(string phase, int rate, Func<Task<LoadResult>> run, ProcessUsage usage)
    {
        usage.Begin();
        var result = await run();
        usage.End();
        Console.WriteLine(JsonSerializer.Serialize(new
        {
            phase,
            rate,
            accepted = result.Accepted,
            accepted_per_second = result.PerSecond,
            latency_ms = result.Latency,
            errors = result.Errors,
            cores = usage.Cores,
            memory_mib = usage.Memory,
        }));
        return result;
    }

    /// <summary>What processes use, this one too.</summary>
    private sealed class ProcessUsage(string processes)
    {
        private readonly (string Name, int Id)[] watched =
        [
            .. processes.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(process => process.Split('='))
                .Select(pair => (pair[0], int.Parse(pair[1], CultureInfo.InvariantCulture))),
            ("sender", Environment.ProcessId),
        ];

        private double[] before = [];
        private long began;

        /// <summary>Cores of each process while the last step ran.</summary>
        public IReadOnlyDictionary<string, double> Cores { get; private set; } = new Dictionary<string, double>();

        /// <summary>Memory of each process now, in MiB.</summary>
        public IReadOnlyDictionary<string, long> Memory => watched.ToDictionary(process => process.Name, process =>
        {
            using var running = Process.GetProcessById(process.Id);
            return running.WorkingSet64 >> 20;
        });

        /// <summary>What had no room left in the last step: the machine, a process of one thread, or none.</summary>
        public string Saturated
        {
            get
            {
                var (most, all) = (Cores.MaxBy(process => process.Value), Cores.Values.Sum());
                return all > 0.9 * Environment.ProcessorCount
                    ? string.Create(CultureInfo.InvariantCulture, $"all {Environment.ProcessorCount} cores, most by {most.Key}")
                    : most.Value > 0.9 ? $"{most.Key}, one core" : $"none of the processes; {most.Key} is the busiest";
            }
        }

        public void Begin() => (before, began) = ([.. watched.Select(Seconds)], Stopwatch.GetTimestamp());

        public void End()
        {
            var elapsed = Stopwatch.GetElapsedTime(began).TotalSeconds;
            Cores = watched.Select((process, i) => (process.Name, Share: Math.Round((Seconds(process) - before[i]) / elapsed, 2))).ToDictionary(process => process.Name, process => process.Share);
        }

        private static double Seconds((string Name, int Id) process)
        {
            using var running = Process.GetProcessById(process.Id);
            return running.TotalProcessorTime.TotalSeconds;
        }
    }
}
