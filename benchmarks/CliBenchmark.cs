using System.Diagnostics;
using System.Globalization;
using Xerotier.TestKit;

namespace Xerotier.Bench;

/// <summary>From start to exit: xeroctl against curl, which is a C program that does the same.</summary>
internal static class CliBenchmark
{
    private const int Rounds = 200;

    public static async Task<Report> RunAsync()
    {
        await Tools.RunAsync("dotnet", null, "publish", Path.Combine(Solution.Folder, "xeroctl"), "-c", "Release", "-v", "quiet", "-nologo");
        var xeroctl = Path.Combine(Solution.Folder, "xeroctl", "bin", "publish", "xeroctl");
        await using var cluster = await Cluster.StartAsync(new() { Settings = new Dictionary<string, string?> { ["RateLimits__KeyPerMinute"] = "0", ["RateLimits__ProjectPerMinute"] = "0" } });
        var url = $"{cluster.BaseUrl}/management/maintenance";
        var environment = new Dictionary<string, string?> { ["XEROTIER_BASE_URL"] = cluster.BaseUrl, ["XEROTIER_API_KEY"] = cluster.ApiKey };
        string[] schedule = ["maintenance", "schedule", "--title", "Database upgrade", "--description", "Brief.", "--starts-at", "+1h", "--ends-at", "+2h"];
        for (var window = 0; window < 20; window++)
        {
            await Tools.RunAsync(xeroctl, environment, schedule);
        }

        var (version, curlVersion) = await CompareAsync(environment, [xeroctl, "--version"], ["curl", "--version"]);
        var (list, curlList) = await CompareAsync(environment, [xeroctl, "maintenance", "list"], ["curl", "-s", "-H", $"Authorization: Bearer {cluster.ApiKey}", url]);
        var (json, curlJson) = await CompareAsync(environment, [xeroctl, "maintenance", "list", "-o", "json"], ["curl", "-s", "-H", $"Authorization: Bearer {cluster.ApiKey}", url]);
        return new("cli", $"Start to exit, one process after the other, in turn; median of {Rounds}.",
        [
            Row("`xeroctl --version` against `curl --version`", version, curlVersion, "≤ 1 ×"),
            Row("`xeroctl maintenance list` (20 windows) against curl of the same URL", list, curlList, "≤ 2 ×"),
            Row("the same with `-o json`", json, curlJson, "≤ 2 ×"),
            new("size of the executable", string.Create(CultureInfo.InvariantCulture, $"{new FileInfo(xeroctl).Length / 1048576.0:0.0} MiB")),
        ]);
    }

    private static Figure Row(string what, List<double> ours, List<double> theirs, string goal) =>
        new(what, Milliseconds(ours.Order().ElementAt(Rounds / 2)), Milliseconds(theirs.Order().ElementAt(Rounds / 2)), Ratio.OfRounds(ours, theirs), goal);

    private static string Milliseconds(double value) => string.Create(CultureInfo.InvariantCulture, $"{value:0.0} ms");

    private static async Task<(List<double> Ours, List<double> Theirs)> CompareAsync(Dictionary<string, string?> environment, string[] ours, string[] theirs)
    {
        List<double> a = [], b = [];
        for (var round = 0; round < Rounds; round++)
        {
            a.Add(await TimeAsync(environment, ours));
            b.Add(await TimeAsync(environment, theirs));
        }

        return (a, b);
    }

    private static async Task<double> TimeAsync(Dictionary<string, string?> environment, string[] command)
    {
        var started = Stopwatch.GetTimestamp();
        await Tools.RunAsync(command[0], environment, command[1..]);
        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }
}
