namespace Xerotier.Xeroctl.Tests;

/// <summary>A person at a real terminal.</summary>
public sealed class TerminalTests
{
    private static readonly Dictionary<string, string> Window = new()
    {
        ["GET /proj_ABC123/v1/management/maintenance/mw_abc123"] = Samples.Window(status: "completed", title: "Upgrade \\u001b]0;owned\\u0007"),
        ["POST /proj_ABC123/v1/management/maintenance/mw_abc123/purge"] = """{"id":"mw_abc123","object":"maintenance_window.deleted","deleted":true}""",
        ["DELETE /proj_ABC123/v1/management/keys/key_1"] = """{"id":"key_1","object":"api_key","revoked_at":"2026-05-22T02:00:00Z"}""",
    };

    [Fact]
    public async Task Purging_asks_and_no_changes_nothing()
    {
        await using var api = await TestApi.StartAsync(Window);
        using var tool = Tool.For(api.Url);
        var result = await tool.TerminalAsync([("for good? [y/N]", "n\n")], 80, "maintenance", "purge", "mw_abc123");
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("Purge “Upgrade \\u001b]0;owned\\u0007” (mw_abc123, completed) for good? [y/N]", result.Out);
        Assert.Contains("nothing was changed", result.Out);
        Assert.All(api.Seen, request => Assert.Equal("GET", request.Method));
    }

    [Theory]
    [InlineData("y\n")]
    [InlineData("YES\n")]
    public async Task Purging_asks_and_yes_goes_ahead(string answer)
    {
        await using var api = await TestApi.StartAsync(Window);
        using var tool = Tool.For(api.Url);
        var result = await tool.TerminalAsync([("[y/N]", answer)], 80, "maintenance", "purge", "mw_abc123");
        Assert.Equal(0, result.ExitCode);
        Assert.Equal("POST", api.Seen.Last().Method);
    }

    [Fact]
    public async Task Without_a_terminal_or_with_yes_nothing_is_asked()
    {
        await using var api = await TestApi.StartAsync(Window);
        using var tool = Tool.For(api.Url);
        var piped = await tool.RunAsync("maintenance", "purge", "mw_abc123");
        Assert.Equal((0, "id\tmw_abc123\ndeleted\ttrue\n", ""), (piped.ExitCode, piped.Out, piped.Error));
        Assert.Equal(0, (await tool.TerminalAsync([], 80, "maintenance", "purge", "mw_abc123", "--yes")).ExitCode);
        Assert.Equal(0, (await tool.TerminalAsync([("stops working", "y\n")], 80, "keys", "revoke", "key_1")).ExitCode);
        Assert.Equal(["POST", "POST", "DELETE"], api.Seen.Select(request => request.Method));
    }

    [Fact]
    public async Task Ctrl_C_at_a_question_ends_it_with_130()
    {
        await using var api = await TestApi.StartAsync(Window);
        using var tool = Tool.For(api.Url);
        var result = await tool.TerminalAsync([("[y/N]", "\u0003")], 80, "maintenance", "purge", "mw_abc123");
        Assert.Equal(130, result.ExitCode);
        Assert.All(api.Seen, request => Assert.Equal("GET", request.Method));
    }

    [Fact]
    public async Task Colours_are_for_terminals_that_want_them()
    {
        await using var api = await TestApi.StartAsync(200, Samples.List(false, Samples.Window(severity: "critical")));
        using var tool = Tool.For(api.Url);
        Assert.Contains("\e[31mcritical\e[0m", (await tool.TerminalAsync([], 80, "maintenance", "list")).Out);
        Assert.DoesNotContain('\e', (await tool.RunAsync("maintenance", "list")).Out);
        tool.Environment["NO_COLOR"] = "1";
        Assert.DoesNotContain('\e', (await tool.TerminalAsync([], 80, "maintenance", "list")).Out);
        tool.Environment.Remove("NO_COLOR");
        tool.Environment["TERM"] = "dumb";
        Assert.DoesNotContain('\e', (await tool.TerminalAsync([], 80, "maintenance", "list")).Out);
    }

    [Theory]
    [InlineData("maintenance", "list")]
    [InlineData("maintenance", "list", "-o", "json")]
    [InlineData("maintenance", "list", "-v")]
    [InlineData("maintenance", "show", "mw_abc123")]
    [InlineData("health", "dashboard")]
    [InlineData("status")]
    [InlineData("keys", "list")]
    public async Task Nothing_that_a_server_sends_reaches_the_terminal_as_a_command(params string[] arguments)
    {
        const string Evil = "\\u001b[2J\\u009b31m\\u0007\u009b2J\u202e";
        var item = $$"""{"id":"{{Evil}}","title":"{{Evil}}","name":"{{Evil}}","status":"{{Evil}}","severity":"{{Evil}}","description":"{{Evil}}","created_by":"{{Evil}}","affected_services":["{{Evil}}"],"scopes":["{{Evil}}"],"starts_at":"{{Evil}}","region":"{{Evil}}","state":"{{Evil}}"}""";
        var body = $$$"""{"object":"{{{Evil}}}","id":"{{{Evil}}}","title":"{{{Evil}}}","status":"{{{Evil}}}","description":"{{{Evil}}}","project_id":"{{{Evil}}}","data":[{{{item}}}],"overall":{"key":"{{{Evil}}}","label":"{{{Evil}}}"},"indicators":[{{{item}}}],"routing":{"status":"{{{Evil}}}","routers":[{{{item}}}]},"workers":{"items":[{{{item}}}]},"endpoints":{"items":[{"slug":"{{{Evil}}}"}]},"windows":{"active":[{{{item}}}]},"maintenance":{"active":[{{{item}}}]}}""";
        await using var api = await TestApi.StartAsync(200, body, "application/json");
        using var tool = Tool.For(api.Url);
        tool.Environment["NO_COLOR"] = "1";
        var result = await tool.TerminalAsync([], 200, arguments);
        Assert.Contains("\\u001b[2J", result.Out);
        Assert.DoesNotContain(result.Out, character => char.IsControl(character) && character is not ('\n' or '\r'));
        Assert.DoesNotContain('\u202e', result.Out);
    }

    [Fact]
    public async Task Watching_redraws_in_place_until_Ctrl_C_and_leaves_the_terminal_as_it_was()
    {
        await using var api = await TestApi.StartAsync((context, number) => number == 2
            ? TestApi.WriteAsync(context, 500, Samples.Error("internal_error", "Something went wrong, and this sentence is longer than a line."))
            : TestApi.WriteAsync(context, 200, $$"""{"object":"health_dashboard","project_id":"proj_ABC123","status":"operational","generated_at":"2026-05-22T14:02:1{{number}}Z"}"""));
        using var tool = Tool.For(api.Url);
        var result = await tool.TerminalAsync([("Connecting to 127.0.0.1:", ""), ("14:02:11 UTC", ""), ("Something went wrong", ""), ("14:02:13 UTC", "\u0003")], 80, "health", "dashboard", "--watch", "--interval", "1");
        Assert.Equal(0, result.ExitCode);
        Assert.StartsWith("\e[?1049h\e[?25l", result.Out);
        Assert.EndsWith("\e[?25h\e[?1049l", result.Out);
        Assert.Equal(4, result.Out.Split("\e[H").Length - 1);
        Assert.Contains(api.Seen.ElementAt(1).Headers["X-Request-Id"], result.Out);
    }

    [Fact]
    public async Task Watching_gives_the_terminal_back_while_it_is_stopped()
    {
        await using var api = await TestApi.StartAsync(200, """{"object":"health_dashboard","project_id":"proj_ABC123","status":"operational"}""");
        using var tool = Tool.For(api.Url);
        var result = await tool.TypingAsync(
            [("$ ", "xeroctl health dashboard --watch --interval 3600\n"), ("is operational", "\u001a"), ("Stopped", "echo $((6*7)) here; fg\n"), ("42 here", ""), ("is operational", "\u0003"), ("$ ", "exit\n")],
            80,
            "PS1='$ ' exec bash --noprofile --norc -i");
        Assert.Single(api.Seen);
        Assert.Matches("is operational.*\e\\[\\?25h\e\\[\\?1049l.*Stopped.*42 here.*\e\\[\\?1049h.*is operational.*\e\\[\\?25h\e\\[\\?1049l", result.Out.Replace('\n', ' '));
    }

    [Fact]
    public async Task A_terminal_that_cannot_redraw_gets_one_picture_after_the_other()
    {
        await using var api = await TestApi.StartAsync(200, """{"object":"health_dashboard","project_id":"proj_ABC123","status":"operational"}""");
        using var tool = Tool.For(api.Url);
        tool.Environment["TERM"] = "dumb";
        var result = await tool.TerminalAsync([("is operational", "\u0003")], 80, "health", "dashboard", "--watch");
        Assert.Equal(0, result.ExitCode);
        Assert.DoesNotContain('\e', result.Out);
    }

    [Fact]
    public async Task Watching_ends_when_the_key_does()
    {
        await using var api = await TestApi.StartAsync((context, number) => number == 1
            ? TestApi.WriteAsync(context, 200, """{"object":"health_dashboard","project_id":"proj_ABC123","status":"operational"}""")
            : TestApi.WriteAsync(context, 401, Samples.Error("revoked_api_key", "The API key has been revoked.")));
        using var tool = Tool.For(api.Url);
        var result = await tool.TerminalAsync([], 80, "health", "dashboard", "--watch", "--interval", "1");
        Assert.Equal(3, result.ExitCode);
        Assert.Contains("\e[?1049l", result.Out);
        Assert.Contains("revoked_api_key", result.Out);
    }

    [Fact]
    public async Task Watching_in_a_pipe_prints_only_changes()
    {
        await using var api = await TestApi.StartAsync((context, number) =>
        {
            if (context.Request.Headers.IfNoneMatch == "W/\"1\"" && number < 4)
            {
                context.Response.StatusCode = 304;
                return Task.CompletedTask;
            }

            context.Response.Headers.ETag = "W/\"1\"";
            return number < 4
                ? TestApi.WriteAsync(context, 200, """{"object":"health_dashboard","project_id":"proj_ABC123","status":"operational"}""")
                : TestApi.WriteAsync(context, 401, Samples.Error("revoked_api_key", "Revoked."));
        });
        using var tool = Tool.For(api.Url);
        var result = await tool.RunAsync("health", "dashboard", "--watch", "--interval", "1", "-o", "json");
        Assert.Equal(3, result.ExitCode);
        Assert.Equal("{\"object\":\"health_dashboard\",\"project_id\":\"proj_ABC123\",\"status\":\"operational\"}\n", result.Out);
        Assert.Equal(4, api.Seen.Count);
    }
}
