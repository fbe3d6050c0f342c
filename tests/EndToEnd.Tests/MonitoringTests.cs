using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Xerotier.TestKit;

namespace Xerotier.EndToEnd.Tests;

/// <summary>deploy/monitoring: what it names exists in a cluster that Prometheus watches.</summary>
[Collection<SharedCluster>]
public sealed partial class MonitoringTests(SharedCluster shared)
{
    private static readonly string Folder = Path.Combine(Solution.Folder, "deploy", "monitoring");
    private static readonly string[] Keywords = ["and", "or", "unless", "bool", "by", "without", "on", "ignoring", "group_left", "group_right", "offset"];

    [Fact]
    public async Task A_whole_cluster_exports_every_metric_and_label_that_rules_and_dashboard_use_and_fires_nothing()
    {
        Assert.SkipUnless(
            Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(folder => File.Exists(Path.Combine(folder, "prometheus"))) || Environment.GetEnvironmentVariable("CI") == "true", "prometheus is not installed.");
        var cluster = shared.Cluster;
        await cluster.SilenceAsync();
        await cluster.SetStatusAsync(await cluster.ScheduleAsync("Watched by Prometheus", "active"), "completed"); // a write, and a page that changes
        using (var http = cluster.Http(cluster.ApiKey))
        {
            using var page = await http.GetAsync("/status", TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        }

        await using var prometheus = await Prometheus.StartAsync(cluster);
        var used = await prometheus.RulesAsync();
        Assert.All(used, rule => Assert.True(rule.Health == "ok", $"{rule.Name}: {rule.Error}"));
        var recorded = used.Where(rule => rule.Type == "recording").Select(rule => rule.Name).ToHashSet();
        var expressions = used.Select(rule => rule.Expression).Concat(PanelExpressions()).ToList();
        Assert.InRange(expressions.Count, 60, 200);
        Assert.Equal(["xerotier_backup_taken_seconds"], await prometheus.MissingAsync(expressions, recorded)); // eng/backup writes it, for a node_exporter
        Assert.Empty(await prometheus.InvalidAsync(PanelExpressions()));
        // A budget for days that is judged after a minute says how slow this machine is.
        Assert.Equal(["XerotierWatchdog"], used.Where(rule => rule.State == "firing" && !rule.Name.EndsWith("BudgetBurn", StringComparison.Ordinal)).Select(rule => rule.Name));

        // What is misspelt is found.
        Assert.Equal(
            ["xerotier_gateway_page_alive", "xerotier_gateway_page_live{pod!=\"\"}", "xerotier_health_check{check=\"redys\"}", "slo:xerotier_burns:rate1h"],
            await prometheus.MissingAsync(["sum(xerotier_gateway_page_alive) == 0", "max by (pod) (xerotier_gateway_page_live{pod=~\"a\"})", "xerotier_health_check{check=\"redys\"}", "slo:xerotier_burns:rate1h > 1"], recorded));
        Assert.Single(await prometheus.InvalidAsync(["sum(up"]));
    }

    /// <summary>What the dashboard asks.</summary>
    private static List<string> PanelExpressions()
    {
        using var dashboard = JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, "dashboard.json")));
        var panels = dashboard.RootElement.GetProperty("panels").EnumerateArray().Where(panel => panel.GetProperty("type").GetString() != "row").ToList();
        Assert.NotEmpty(panels);
        Assert.All(panels, panel =>
        {
            Assert.Equal("${datasource}", panel.GetProperty("datasource").GetProperty("uid").GetString());
            Assert.NotEmpty(panel.GetProperty("fieldConfig").GetProperty("defaults").GetProperty("unit").GetString()!);
        });
        return [.. panels.SelectMany(panel => panel.GetProperty("targets").EnumerateArray()).Select(target => target.GetProperty("expr").GetString()!.Replace("$__rate_interval", "1m", StringComparison.Ordinal))];
    }

    /// <summary>The selectors of an expression: names with their labels. What statuses there have been is chance, so of them only the label counts.</summary>
    private static IEnumerable<string> Selectors(string expression)
    {
        var plain = Grouping().Replace(Range().Replace(expression, ""), " ");
        foreach (Match match in Selector().Matches(plain))
        {
            var name = match.Groups["name"].Value;
            if (!Keywords.Contains(name) && !match.Groups["call"].Success)
            {
                var labels = Matcher().Matches(match.Groups["labels"].Value)
                    .Select(label => label.Groups["operator"].Value == "=" && label.Groups["label"].Value != "http_response_status_code" ? label.Value : $"{label.Groups["label"].Value}!=\"\"").ToList();
                yield return labels.Count == 0 ? name : $"{name}{{{string.Join(',', labels)}}}";
            }
        }
    }

    [GeneratedRegex(@"\[[^\]]*\]|\boffset \w+|#.*")]
    private static partial Regex Range();

    [GeneratedRegex(@"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)")]
    private static partial Regex Grouping();

    [GeneratedRegex("""(?<![\w"])(?<name>[a-zA-Z_:][\w:]*)(?:\{(?<labels>(?:[^{}"]|"[^"]*")*)\}|(?<call>\s*\())?""")]
    private static partial Regex Selector();

    [GeneratedRegex("""(?<label>\w+)(?<operator>=~|!~|!=|=)"[^"]*"\s*""")]
    private static partial Regex Matcher();

    /// <summary>A rule as Prometheus has it.</summary>
    private sealed record Rule(string Name, string Type, string Expression, string Health, string Error, string State);

    /// <summary>A Prometheus that scrapes a cluster every second, with the rules of deploy/monitoring.</summary>
    private sealed class Prometheus(Process process, string folder, HttpClient http) : IAsyncDisposable
    {
        private static readonly string[] Services = ["gateway", "statusservice", "healthcollector", "maintenanceservice", "notificationservice", "console"];

        public static async Task<Prometheus> StartAsync(Cluster cluster)
        {
            var folder = Directory.CreateTempSubdirectory("xerotier-prometheus-").FullName;
            var rules = (await File.ReadAllTextAsync(Path.Combine(Folder, "rules.yaml"))).Replace("    rules:\n", "    interval: 1s\n    rules:\n", StringComparison.Ordinal);
            await File.WriteAllTextAsync(Path.Combine(folder, "rules.yaml"), rules);
            var targets = string.Concat(Services.Select(service => $"      - {{labels: {{job: xerotier/{service}}}, targets: ['{cluster.Endpoint(service, "metrics").Authority}']}}\n"));
            var configuration = Path.Combine(folder, "prometheus.yml");
            var scrapes = $"global: {{scrape_interval: 1s, evaluation_interval: 1s}}\nscrape_configs:\n  - job_name: xerotier\n    static_configs:\n{targets}";
            await File.WriteAllTextAsync(configuration, scrapes);
            var address = $"127.0.0.1:{TestPorts.Free()}";
            var process = Process.Start(new ProcessStartInfo("prometheus", [$"--config.file={configuration}", $"--storage.tsdb.path={folder}/data", $"--web.listen-address={address}", "--web.enable-lifecycle", "--log.level=error"]))!;
            var prometheus = new Prometheus(process, folder, new() { BaseAddress = new($"http://{address}") });
            try
            {
                await Eventually.TrueAsync(prometheus.IsReadyAsync, "Prometheus is ready", seconds: 90);

                // Rules that are evaluated before the first scrape of a service take it for one that is away.
                await Eventually.TrueAsync(
                    async () => await prometheus.QueryAsync("xerotier_gateway_page_live == 1 and on() (max(xerotier_store_ready) == 1)") is { Ok: true, Count: 1 }, "Prometheus has scraped all", seconds: 90);
                await File.WriteAllTextAsync(configuration, $"rule_files: [rules.yaml]\n{scrapes}");
                await prometheus.ReloadAsync();
                await Eventually.TrueAsync(prometheus.HasEvaluatedAsync, "Prometheus has scraped all and evaluated the rules", seconds: 90);
                return prometheus;
            }
            catch
            {
                await prometheus.DisposeAsync();
                throw;
            }
        }

        public async ValueTask DisposeAsync()
        {
            process.Kill();
            await process.WaitForExitAsync();
            process.Dispose();
            http.Dispose();
            Directory.Delete(folder, recursive: true);
        }

        /// <summary>All rules, with how they went last.</summary>
        public async Task<IReadOnlyList<Rule>> RulesAsync()
        {
            var answer = await http.GetFromJsonAsync<JsonElement>("/api/v1/rules");
            return [.. answer.GetProperty("data").GetProperty("groups").EnumerateArray().SelectMany(group => group.GetProperty("rules").EnumerateArray()).Select(rule => new Rule(
                Text(rule, "name"), Text(rule, "type"), Text(rule, "query"), Text(rule, "health"), Text(rule, "lastError"), Text(rule, "state")))];

            static string Text(JsonElement rule, string name) => rule.TryGetProperty(name, out var value) ? value.GetString()! : "";
        }

        /// <summary>The selectors of <paramref name="expressions"/> that nothing exports and no rule records.</summary>
        public async Task<IReadOnlyList<string>> MissingAsync(IEnumerable<string> expressions, IReadOnlySet<string> recorded)
        {
            var missing = new List<string>();
            foreach (var selector in expressions.SelectMany(Selectors).Distinct())
            {
                if (!recorded.Contains(selector.Split('{')[0]) && await QueryAsync($"count({selector})") is not { Ok: true, Count: > 0 })
                {
                    missing.Add(selector);
                }
            }

            return missing;
        }

        /// <summary>The <paramref name="expressions"/> that cannot be evaluated.</summary>
        public async Task<IReadOnlyList<string>> InvalidAsync(IEnumerable<string> expressions)
        {
            var invalid = new List<string>();
            foreach (var expression in expressions)
            {
                if (!(await QueryAsync(expression)).Ok)
                {
                    invalid.Add(expression);
                }
            }

            return invalid;
        }

        private async Task ReloadAsync()
        {
            using var response = await http.PostAsync(new Uri("/-/reload", UriKind.Relative), null);
            response.EnsureSuccessStatusCode();
        }

        // Three scrapes give rates; what services look at every few seconds is there by then.
        private async Task<bool> HasEvaluatedAsync() =>
            await QueryAsync($"count(count_over_time(up[1m]) > 8) == {Services.Length}") is { Ok: true, Count: 1 }
            && await RulesAsync() is { Count: > 0 } rules && rules.All(rule => rule.Health != "unknown");

        private async Task<bool> IsReadyAsync()
        {
            try
            {
                using var response = await http.GetAsync(new Uri("/-/ready", UriKind.Relative));
                return response.IsSuccessStatusCode;
            }
            catch (HttpRequestException)
            {
                return false; // it is starting
            }
        }

        private async Task<(bool Ok, int Count)> QueryAsync(string expression)
        {
            using var response = await http.GetAsync(new Uri($"/api/v1/query?query={Uri.EscapeDataString(expression)}", UriKind.Relative));
            return response.IsSuccessStatusCode
                ? (true, (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("data").GetProperty("result").GetArrayLength())
                : (false, 0);
        }
    }
}
