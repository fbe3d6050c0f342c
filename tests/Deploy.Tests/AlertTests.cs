using System.Diagnostics;
using System.Text.RegularExpressions;
using Xerotier.TestKit;

namespace Xerotier.Deploy.Tests;

/// <summary>The alerts of deploy/monitoring, and docs/runbooks.md.</summary>
public sealed partial class AlertTests
{
    private static readonly string Folder = Path.Combine(Solution.Folder, "deploy", "monitoring");
    private static readonly string[] RuleTests = [Path.Combine(Folder, "rules.test.yaml"), Path.Combine(Folder, "rules.days.test.yaml")];
    private static readonly string Runbooks = Path.Combine(Solution.Folder, "docs", "runbooks.md");

    [Fact]
    public async Task Every_alert_has_a_runbook_and_a_test_and_every_runbook_an_alert()
    {
        var rules = await File.ReadAllTextAsync(Path.Combine(Folder, "rules.yaml"), TestContext.Current.CancellationToken);
        var tests = string.Concat(RuleTests.Select(File.ReadAllText));
        var alerts = Alert().Matches(rules).Select(match => match.Groups[1].Value).Distinct().Order().ToList();
        Assert.NotEmpty(alerts);
        Assert.Equal(alerts, Heading().Matches(await File.ReadAllTextAsync(Runbooks, TestContext.Current.CancellationToken)).Select(match => match.Groups[1].Value).Order());
        Assert.Equal(alerts.Select(alert => $"docs/runbooks.md#{alert.ToLowerInvariant()}").Order(), Link().Matches(rules).Select(match => match.Groups[1].Value).Distinct().Order());
        Assert.All(alerts, alert => Assert.Contains($"alertname=\"{alert}\"", tests, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Prometheus_takes_the_rules_and_configurations_and_each_alert_fires_when_it_should()
    {
        Assert.SkipUnless(
            Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(folder => File.Exists(Path.Combine(folder, "promtool"))) || Environment.GetEnvironmentVariable("CI") == "true", "promtool is not installed.");
        await PromtoolAsync("check", "config", Path.Combine(Folder, "prometheus.yml"));
        await PromtoolAsync("check", "config", Path.Combine(Folder, "prometheus.static.yml"));
        await PromtoolAsync("check", "rules", Path.Combine(Folder, "rules.yaml"));
        await PromtoolAsync(["test", "rules", .. RuleTests]);
    }

    private static async Task PromtoolAsync(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("promtool", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, $"{await output}\n{error}");
    }

    [GeneratedRegex(@"- alert: (\w+)")]
    private static partial Regex Alert();

    [GeneratedRegex(@"^## (Xerotier\w+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"runbook_url: (\S+)")]
    private static partial Regex Link();
}
