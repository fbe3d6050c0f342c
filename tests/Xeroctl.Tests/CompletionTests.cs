using System.Diagnostics;

namespace Xerotier.Xeroctl.Tests;

/// <summary>What Tab finds.</summary>
public sealed class CompletionTests
{
    private static readonly Dictionary<string, string> Api = new()
    {
        ["GET /proj_ABC123/v1/management/maintenance"] = Samples.List(false, Samples.Window(), Samples.Window("mw_def456", title: "Other: one")),
        ["GET /proj_ABC123/v1/management/maintenance-series"] = Samples.List(false, """{"id":"mws_1","title":"Weekly"}"""),
        ["GET /proj_ABC123/v1/management/keys"] = Samples.List(false, """{"id":"key_1","name":"ci"}"""),
        ["GET /v1/platform/projects"] = Samples.List(false, """{"id":"proj_XYZ789","name":"Acme"}"""),
        ["GET /v1/platform/projects/proj_XYZ789/keys"] = Samples.List(false, """{"id":"key_2","name":"first"}"""),
        ["GET /v1/platform/components"] = Samples.List(false, Samples.Json(Samples.Component())),
        ["GET /status.json"] = """{"object":"status","overall":{},"indicators":[{"name":"Dashboard","status":"operational"},{"name":"Batch API","status":"outage"}]}""",
        ["GET /proj_ABC123/v1/management/incidents"] = Samples.List(false, Samples.Json(Samples.Incident())),
        ["GET /proj_ABC123/v1/management/incidents/inc_1"] = Samples.Json(Samples.Incident()),
        ["GET /proj_ABC123/v1/management/subscriptions"] = Samples.List(false, """{"id":"sub_1","channel":"webhook","target":"https://ops.test/"}"""),
        ["GET /proj_ABC123/v1/management/subscriptions/sub_1/deliveries"] = Samples.List(false, """{"id":"msg_2","state":"failed"}""", """{"id":"msg_1","state":"delivered"}"""),
        ["GET /v1/platform/subscribers"] = Samples.List(false, """{"id":"sub_9","state":"active","address":"ada@a.test"}"""),
        ["GET /v1/platform/keys"] = Samples.List(false, """{"id":"key_3","name":"ops"}"""),
    };

    [Theory]
    [InlineData("", "maintenance incidents components subscriptions events health status keys projects platform config completion")]
    [InlineData("maintenance|s", "show schedule series")]
    [InlineData("maintenance|series|", "list show create update cancel preview")]
    [InlineData("maintenance|series|cancel|", "mws_1")]
    [InlineData("maintenance|series|create|--auto", "--auto-transition")]
    [InlineData("maintenance|cancel|", "mw_abc123 mw_def456")]
    [InlineData("maintenance|cancel|mw_d", "mw_def456")]
    [InlineData("maintenance|cancel|mw_abc123|", "")]
    [InlineData("maintenance|update|mw_abc123|--sev", "--severity")]
    [InlineData("maintenance|update|mw_abc123|--severity|", "info warning critical")]
    [InlineData("maintenance|update|mw_abc123|--severity=c", "--severity=critical")]
    [InlineData("keys|revoke|", "key_1")]
    [InlineData("projects|s", "suspend")]
    [InlineData("projects|keys|", "list create revoke")]
    [InlineData("projects|suspend|", "proj_XYZ789")]
    [InlineData("projects|keys|revoke|", "proj_XYZ789")]
    [InlineData("projects|keys|revoke|proj_XYZ789|", "key_2")]
    [InlineData("platform|keys|rotate|", "key_3")]
    [InlineData("platform|", "keys subscribers cancel")]
    [InlineData("platform|subscribers|delete|", "sub_9")]
    [InlineData("incidents|resolve|", "inc_aaaabbbbccccddddeeee")]
    [InlineData("incidents|edit-update|inc_1|", "upd_aaaabbbbccccddddeeee upd_zzzzbbbbccccddddeeee")]
    [InlineData("incidents|update|inc_1|--component|B", "Batch API=operational Batch API=degraded Batch API=outage")]
    [InlineData("incidents|update|inc_1|--component|Dashboard=o", "Dashboard=operational Dashboard=outage")]
    [InlineData("incidents|update|inc_1|--status|m", "monitoring")]
    [InlineData("components|show|", "Batch API")]
    [InlineData("components|archive|B", "Batch API")]
    [InlineData("subscriptions|", "list show create update delete test rotate deliveries retry")]
    [InlineData("subscriptions|delete|", "sub_1")]
    [InlineData("subscriptions|retry|sub_1|", "msg_2 msg_1")]
    [InlineData("subscriptions|retry|sub_1|msg_1|", "")]
    [InlineData("subscriptions|create|--channel|", "webhook slack email")]
    [InlineData("subscriptions|create|--event|incident.r", "incident.resolved")]
    [InlineData("subscriptions|create|--component|B", "Batch API")]
    [InlineData("events|--object|i", "incident")]
    [InlineData("subscriptions|update|sub_1|--state|", "active disabled")]
    [InlineData("config|use|", "one two")]
    [InlineData("maintenance|list|--context|t", "two")]
    [InlineData("maintenance|list|-o|", "table json")]
    [InlineData("maintenance|list|--h", "--help")]
    [InlineData("completion|", "bash zsh fish pwsh")]
    [InlineData("nonsense|", "")]
    public async Task Commands_options_values_ids_and_contexts_are_completed(string words, string candidates)
    {
        await using var api = await TestApi.StartAsync(Api);
        using var tool = Tool.For(api.Url);
        tool.WriteConfig("[deployment.one]\nbase_url = \"https://a.test/proj_ABC123/v1\"\n[deployment.two]\n");
        var result = await tool.RunAsync(["__complete", .. words.Split('|')]);
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.Equal(candidates, string.Join(' ', result.Out.TrimEnd('\n').Split('\n').Select(line => line.Split('\t')[0])));
    }

    [Theory]
    [InlineData("keys|revoke|", "/proj_ABC123/v1/management/keys?limit=100")]
    [InlineData("keys|create|--project|", "/v1/platform/projects?limit=100")]
    [InlineData("maintenance|cancel|", "/proj_ABC123/v1/management/maintenance?limit=100")]
    [InlineData("subscriptions|test|", "/proj_ABC123/v1/management/subscriptions?limit=100")]
    [InlineData("subscriptions|retry|sub_1|", "/proj_ABC123/v1/management/subscriptions/sub_1/deliveries?limit=100")]
    public async Task As_many_ids_are_asked_for_as_there_may_be(string words, string target)
    {
        await using var api = await TestApi.StartAsync(Api);
        using var tool = Tool.For(api.Url);
        await tool.RunAsync(["__complete", .. words.Split('|')]);
        Assert.Equal(target, api.Seen.Single().Target);
    }

    [Fact]
    public async Task It_never_fails_and_never_waits_long()
    {
        await using var stalled = await TestApi.StartAsync((context, _) => Task.Delay(Timeout.Infinite, context.RequestAborted));
        using var tool = Tool.For(stalled.Url);
        var watch = Stopwatch.StartNew();
        var slow = await tool.RunAsync("__complete", "maintenance", "cancel", "");
        Assert.Equal((0, "", ""), (slow.ExitCode, slow.Out, slow.Error));
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(15), watch.Elapsed.ToString());
        tool.Environment.Clear();
        tool.WriteConfig("broken [");
        var broken = await tool.RunAsync("__complete", "maintenance", "cancel", "");
        Assert.Equal((0, "", ""), (broken.ExitCode, broken.Out, broken.Error));
    }

    [Theory]
    [InlineData("xeroctl maintenance cancel mw_", "mw_abc123 mw_def456")]
    [InlineData("xeroctl maintenance update mw_abc123 --severity = w", "warning")]
    [InlineData("xeroctl maintenance update mw_abc123 --severity =", "info warning critical")]
    [InlineData("xeroctl maintenance schedule --affected-service Inf", "Inference\\ Routing")]
    [InlineData("xeroctl maintenance schedule --affected-service '\"Inf'", "Inference Routing")]
    public async Task Bash_completes(string words, string candidates)
    {
        await using var api = await TestApi.StartAsync(Api);
        using var tool = Tool.For(api.Url);
        var result = await tool.ShellAsync($"source <(xeroctl completion bash); COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}}-1)); _xeroctl; echo ${{COMPREPLY[@]}}");
        Assert.Equal((candidates + "\n", ""), (result.Out, result.Error));
    }

    [Fact]
    public async Task Fish_completes()
    {
        Assert.SkipUnless(Has("fish"), "fish is not installed");
        await using var api = await TestApi.StartAsync(Api);
        using var tool = Tool.For(api.Url);
        var result = await tool.ShellAsync("fish --no-config -c 'xeroctl completion fish | source; complete -C \"xeroctl maintenance cancel mw_d\"'");
        Assert.Equal("mw_def456\tscheduled: Other: one\n", result.Out);
        var quoted = await tool.ShellAsync("fish --no-config -c 'xeroctl completion fish | source; complete -C \"xeroctl maintenance schedule --affected-service \\\"Inf\"'");
        Assert.Equal("Inference Routing\n", quoted.Out);
    }

    [Fact]
    public async Task Zsh_accepts_its_script()
    {
        Assert.SkipUnless(Has("zsh"), "zsh is not installed");
        using var tool = new Tool();
        var result = await tool.ShellAsync("zsh -fc 'autoload -Uz compinit; compinit -D -u; source <(xeroctl completion zsh); print $_comps[xeroctl]'");
        Assert.Equal(("_xeroctl\n", ""), (result.Out, result.Error));
        const string Ask = "_describe() { print -rl -- $items }; words=(xeroctl maintenance list";
        var items = await tool.ShellAsync($"zsh -fc 'autoload -Uz compinit; compinit -D -u; source <(xeroctl completion zsh); {Ask} --status s); CURRENT=5; _xeroctl; {Ask} --al); CURRENT=4; _xeroctl'");
        Assert.StartsWith("scheduled\n--all:Fetch every page; ", items.Out);
    }

    private static bool Has(string program) =>
        Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(folder => File.Exists(Path.Combine(folder, program)));
}
