using System.Globalization;
using System.Text.Json;
using Xerotier.TestKit;

namespace Xerotier.Bench;

/// <summary>The load run of docs/scale.md: 1,000,000 agents of 100,000 projects through relays, more and more until this machine no longer keeps up.</summary>
internal static class LoadBenchmark
{
    private const int Projects = 100_000;
    private const int Agents = 10 * Projects;
    private static readonly string[] Watched = ["gateway", "healthcollector", "redis-server"];

    public static async Task<Report> RunAsync()
    {
        await using var cluster = await Cluster.StartAsync(new()
        {
            Settings = new Dictionary<string, string?> { ["RateLimits__PlatformHeartbeatsPerMinute"] = "0" },
        });
        var output = await Tools.RunAsync(
            Solution.Executable("FleetSimulator"), null, "load", "--url", cluster.GrpcUrl.ToString(), "--key", cluster.PlatformKey, "--kind", "private", "--projects", $"{Projects}",
            "--agents", $"{Agents}", "--batch", "500", "--streams", "16", "--ramp", "5000", "--seconds", "8", "--processes", string.Join(',', Watched.Select(name => $"{name}={cluster.ProcessId(name)}")));
        Console.WriteLine(output);
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonElement.Parse(line)).ToList();
        var (limit, last) = (lines[^1], lines[^2]);
        return new(
            "load",
            Text($"{Agents:N0} private agents of {Projects:N0} projects, 500 heartbeats in a message, each of another project, over 16 streams with a platform key; rates that rise by half until less than 95 % are acknowledged or the p99 is above 1 s; 8 s for each; sender and services share the machine."),
            [
                new("registration of all, as fast as acknowledged", PerSecond(lines[0])),
                .. lines.Where(line => line.GetProperty("phase").GetString() == "step").Select(step => new Figure(Text($"at {step.GetProperty("rate").GetInt32():N0}/s"), Step(step))),
                new("flat out", Step(last)),
                new("memory at the end", string.Join(", ", last.GetProperty("memory_mib").EnumerateObject().Select(process => $"{process.Name} {process.Value} MiB"))),
                new("limit", Text($"{limit.GetProperty("accepted_per_second").GetDouble():N0}/s")),
                new("saturated first", limit.GetProperty("saturated").GetString()!),
            ]);
    }

    private static string Step(JsonElement step)
    {
        var latency = step.GetProperty("latency_ms");
        var cores = string.Join(", ", step.GetProperty("cores").EnumerateObject().Select(process => $"{process.Name} {process.Value}"));
        return Text($"{PerSecond(step)}, p50 {latency.GetProperty("p50").GetDouble():0} ms, p99 {latency.GetProperty("p99").GetDouble():0} ms; cores: {cores}");
    }

    private static string PerSecond(JsonElement step) => Text($"{step.GetProperty("accepted_per_second").GetDouble():N0}/s");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
