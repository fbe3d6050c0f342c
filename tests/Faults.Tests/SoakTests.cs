using System.Diagnostics;
using System.Globalization;
using System.Text;
using Xerotier.TestKit;

namespace Xerotier.Faults.Tests;

/// <summary>A long quiet day: the steady load without faults, and what memory, handles and latency do. SOAK_MINUTES (15) long; draws <c>soak.svg</c>.</summary>
[Collection<FaultyClusterTests>]
public sealed class SoakTests(FaultyCluster system) : IClassFixture<FaultyCluster>
{
    private static readonly TimeSpan Sample = TimeSpan.FromSeconds(5);

    [Fact(Explicit = true)]
    public async Task Memory_and_handles_stay_level()
    {
        var minutes = double.Parse(Environment.GetEnvironmentVariable("SOAK_MINUTES") ?? "15", CultureInfo.InvariantCulture);
        var cluster = system.Cluster;
        await using var load = await MixedLoad.StartAsync(cluster);
        var instances = FaultyCluster.Services.SelectMany(service => new[] { $"{service}-0", $"{service}-1" }).ToList();
        var memory = instances.ToDictionary(instance => instance, _ => new List<double>());
        var handles = instances.ToDictionary(instance => instance, _ => new List<double>());
        var connections = new Dictionary<string, List<double>> { ["open TCP connections"] = [] };
        var latency = new Dictionary<string, List<double>> { ["page, p99 so far"] = [] };

        for (var watch = Stopwatch.StartNew(); watch.Elapsed < TimeSpan.FromMinutes(minutes);)
        {
            await Task.Delay(Sample);
            foreach (var instance in instances)
            {
                var process = cluster.ProcessId(instance);
                memory[instance].Add(Processes.PssMegabytes(process));
                handles[instance].Add(Processes.OpenFiles(process));
            }

            connections["open TCP connections"].Add(File.ReadLines("/proc/net/tcp").Count(line => line.Contains(" 01 ", StringComparison.Ordinal)));
            var pages = load.PageMilliseconds.Order().ToList();
            latency["page, p99 so far"].Add(pages.Count == 0 ? 0 : pages[(int)(pages.Count * 0.99)]);
        }

        await load.StopAsync();
        await load.VerifyAsync();
        var plot = Path.Combine(Solution.Folder, "TestResults", "soak.svg");
        Directory.CreateDirectory(Path.GetDirectoryName(plot)!);
        await File.WriteAllTextAsync(plot, Plot(minutes, [("memory (PSS, MiB)", memory), ("open files", handles), ("connections", connections), ("latency (ms)", latency)]), TestContext.Current.CancellationToken);
        var slowest = latency.Values.Single()[^1];
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{load.Acknowledged} windows acknowledged, page p99 {slowest:0.0} ms; {plot}"));
        foreach (var instance in instances)
        {
            Console.WriteLine($"{instance}: {memory[instance][^1]:0} MiB (after warm-up {Early(memory[instance]):0}), {handles[instance][^1]:0} files");
        }

        Assert.True(load.Findings.Count == 0, string.Join('\n', load.Findings.Take(20)));
        Assert.True(slowest < 3 * 250, $"99 % of the pages took up to {slowest:0} ms."); // three times the promise
        foreach (var instance in instances)
        {
            Assert.True(Late(memory[instance]) < (Early(memory[instance]) * 1.25) + 30, $"{instance} grew from {Early(memory[instance]):0} to {Late(memory[instance]):0} MiB.");
            Assert.True(Late(handles[instance]) < Early(handles[instance]) + 50, $"{instance} had {Early(handles[instance]):0} open files, then {Late(handles[instance]):0}.");
        }

        // After a third the caches are warm; medians, so that one collection more or less does not matter.
        static double Early(List<double> values) => values.Skip(values.Count / 3).Take(Math.Max(1, values.Count / 6)).Order().ElementAt(Math.Max(1, values.Count / 6) / 2);
        static double Late(List<double> values) => values.TakeLast(Math.Max(1, values.Count / 6)).Order().ElementAt(Math.Max(1, values.Count / 6) / 2);
    }

    private static string Plot(double minutes, IReadOnlyList<(string Title, Dictionary<string, List<double>> Lines)> charts)
    {
        const int Width = 900, Height = 220, Left = 60;
        string[] colours = ["#2563eb", "#0891b2", "#16a34a", "#65a30d", "#ca8a04", "#ea580c", "#dc2626", "#9333ea"];
        var svg = new StringBuilder($"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{Width}\" height=\"{charts.Count * (Height + 40)}\" font-family=\"sans-serif\" font-size=\"12\"><rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n");
        for (var i = 0; i < charts.Count; i++)
        {
            var (title, lines) = charts[i];
            var (top, most) = (i * (Height + 40), Math.Max(1, lines.Values.SelectMany(values => values).DefaultIfEmpty().Max()) * 1.1);
            svg.Append(CultureInfo.InvariantCulture, $"<g transform=\"translate(0,{top + 20})\"><text x=\"{Left}\" y=\"0\">{title}, over {minutes:0} min</text>");
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{Left - 8}\" y=\"20\" text-anchor=\"end\">{most:0}</text><text x=\"{Left - 8}\" y=\"{Height}\" text-anchor=\"end\">0</text>");
            svg.Append(CultureInfo.InvariantCulture, $"<path d=\"M{Left} 10V{Height}H{Width - 180}\" stroke=\"#888\" fill=\"none\"/>");
            var line = 0;
            foreach (var (name, values) in lines)
            {
                var points = string.Join(' ', values.Select((value, x) => string.Create(
                    CultureInfo.InvariantCulture, $"{Left + (x * (Width - 180.0 - Left) / Math.Max(1, values.Count - 1)):0.#},{Height - (value / most * (Height - 10)):0.#}")));
                var colour = colours[line % colours.Length];
                svg.Append(CultureInfo.InvariantCulture, $"<polyline points=\"{points}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\"/><text x=\"{Width - 172}\" y=\"{24 + (16 * line++)}\" fill=\"{colour}\">{name}</text>");
            }

            svg.Append("</g>\n");
        }

        return svg.Append("</svg>\n").ToString();
    }
}
