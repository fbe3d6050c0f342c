namespace Xerotier.Xeroctl.Tests;

/// <summary>What gives way when a terminal is narrow, and what does not.</summary>
public sealed class NarrowTerminalTests
{
    [Theory]
    [InlineData(80, "TITLE                         STATUS     SEVERITY  STARTS   ENDS     ID\n", "Database upgrade  ", "Columns hidden at this width: SERVICES.\n")]
    [InlineData(60, "TITLE               STATUS     STARTS   ENDS     ID\n", "Database upgrade  ", "Columns hidden at this width: SEVERITY, SERVICES.\n")]
    public async Task A_narrow_terminal_leaves_out_what_matters_least_and_says_so(int columns, params string[] texts)
    {
        var id = $"mw_{new string('a', 26)}";
        var items = new[] { Samples.Window(id), Samples.Window(id, "cancelled", new string('t', 50), starts: TimeSpan.FromDays(-13), ends: TimeSpan.FromDays(-12)) };
        await using var api = await TestApi.StartAsync(200, Samples.List(false, items));
        using var tool = Tool.For(api.Url);
        tool.Environment["NO_COLOR"] = "1";
        var shown = (await tool.TerminalAsync([], columns, "maintenance", "list")).Out;
        Assert.All(texts, text => Assert.Contains(text, shown));
        Assert.All(shown.Split('\n'), line => Assert.True(line.Length <= columns, line));
    }

    [Fact]
    public async Task Keys_keep_their_scopes_on_a_narrow_terminal()
    {
        var key = $$"""{"id":"key_{{new string('a', 26)}}","name":"ci","scopes":["management"],"created_at":"{{Samples.At(TimeSpan.FromDays(-2))}}","last_used_at":null,"expires_at":null,"revoked_at":null}""";
        await using var api = await TestApi.StartAsync(200, Samples.List(false, key));
        using var tool = Tool.For(api.Url);
        tool.Environment["NO_COLOR"] = "1";
        var shown = (await tool.TerminalAsync([], 80, "keys", "list")).Out.Split('\n');
        Assert.Equal("ID                              NAME  STATE  SCOPES      LAST USED  EXPIRES", shown[0].TrimEnd());
        Assert.Contains("  management  ", shown[1]);
        Assert.Equal("Columns hidden at this width: CREATED, NETWORKS, CREATED BY.", shown[2]);
    }

    [Fact]
    public async Task Sentences_are_folded_and_commands_stay_whole()
    {
        var id = $"proj_{new string('A', 26)}";
        await using var api = await TestApi.StartAsync(new Dictionary<string, string>
        {
            ["POST /v1/platform/projects"] = $$"""{"id":"{{id}}","object":"project","slug":"a","name":"A"}""",
            ["GET /status.json"] = """{"object":"status","stale_since":"2026-05-22T14:02:11Z","overall":{"key":"operational","label":"All Systems Operational"},"indicators":[]}""",
        });
        using var tool = Tool.For(api.Url);
        Assert.Contains($"xeroctl keys create --project {id} --name first --scope management", (await tool.TerminalAsync([], 80, "projects", "create", "--name", "A", "--slug", "a")).Out);
        var stale = (await tool.TerminalAsync([], 60, "status")).Out;
        Assert.StartsWith("\e[33m● \e[0m", stale);
        Assert.Contains("\e[31mLive data has been unavailable since 2026-05-22 14:02:11\e[0m\n\e[31mUTC. This is the last known state.\e[0m\n", stale);
    }
}
