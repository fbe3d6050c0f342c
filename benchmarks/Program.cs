using Xerotier.Bench;

// Each benchmark measures us side by side with what a user would pick instead, in one run, and reports ratios.
var benchmarks = new Dictionary<string, Func<Task<Report>>>
{
    ["heartbeats"] = HeartbeatsBenchmark.RunAsync,
    ["load"] = LoadBenchmark.RunAsync,
    ["cli"] = CliBenchmark.RunAsync,
    ["startup"] = StartupBenchmark.RunAsync,
    ["dashboard"] = DashboardBenchmark.RunAsync,
    ["windows"] = WindowsBenchmark.RunAsync,
    ["incidents"] = IncidentsBenchmark.RunAsync,
    ["notifications"] = NotificationsBenchmark.RunAsync,
    ["console"] = ConsoleBenchmark.RunAsync,
    ["status"] = StatusBenchmark.RunAsync,
    ["surfaces"] = SurfacesBenchmark.RunAsync,
    ["auth"] = AuthBenchmark.RunAsync,
};

if (args is not [var name] || (name != "all" && !benchmarks.ContainsKey(name)))
{
    await Console.Error.WriteLineAsync($"./bench all | {string.Join(" | ", benchmarks.Keys)}");
    return 2;
}

var reports = new List<Report>();
foreach (var (key, run) in benchmarks.Where(benchmark => name == "all" || benchmark.Key == name))
{
    Console.WriteLine($"{key} …");
    var report = await run();
    reports.Add(report);
    Console.WriteLine(report.ToText());
}

if (name == "all")
{
    await File.WriteAllTextAsync(Path.Combine(Xerotier.TestKit.Solution.Folder, "benchmarks", "RESULTS.md"), Report.ToMarkdown(reports));
}

return 0;
