namespace Xerotier.Xeroctl.Tests;

/// <summary>Ids of windows: tables show a unique prefix, commands accept one.</summary>
public sealed class WindowIdTests
{
    private const string First = "mw_aaaabbbbccccddddeeeeffff22";
    private const string Second = "mw_aaaabbbb2222ddddeeeeffff22";
    private const string Third = "mw_zzzzbbbbccccddddeeeeffff22";
    private const string Path = "/proj_ABC123/v1/management/maintenance";

    [Fact]
    public async Task A_table_shows_the_shortest_unique_prefix_and_a_pipe_the_complete_id()
    {
        await using var api = await TestApi.StartAsync(200, Samples.List(false, Samples.Window(First), Samples.Window(Second), Samples.Window(Third)));
        using var tool = Tool.For(api.Url);
        tool.Environment["NO_COLOR"] = "1";
        var shown = (await tool.TerminalAsync([], 80, "maintenance", "list")).Out.Split('\n');
        Assert.Equal(["ID", "mw_aaaabbbbc", "mw_aaaabbbb2", "mw_zzzzbbbb"], shown[..4].Select(line => line.TrimEnd().Split(' ')[^1]));
        Assert.Equal(["ID", First, Second, Third], (await tool.RunAsync("maintenance", "list")).Out.Split('\n')[..4].Select(line => line.Split('\t')[0]));
    }

    [Fact]
    public async Task A_unique_prefix_stands_for_the_id()
    {
        await using var api = await StartAsync();
        using var tool = Tool.For(api.Url);
        Assert.StartsWith($"id\t{Third}\n", (await tool.RunAsync("maintenance", "show", "mw_zzzz")).Out);
        Assert.Equal(["mw_zzzz", "?limit=100", $"?limit=100&after={Second}", Third], api.Seen.Select(request => request.Target[Path.Length..].TrimStart('/')));
        Assert.Equal(0, (await tool.RunAsync("maintenance", "update", "mw_zzzz", "--severity", "info")).ExitCode);
        Assert.Equal($"PATCH {Path}/{Third}", $"{api.Seen.Last().Method} {api.Seen.Last().Target}");
        Assert.Equal(0, (await tool.TerminalAsync([($"({Third}, scheduled)", "y\n")], 80, "maintenance", "cancel", "mw_zzzz")).ExitCode);
        Assert.Equal($"DELETE {Path}/{Third}", $"{api.Seen.Last().Method} {api.Seen.Last().Target}");
    }

    [Theory]
    [InlineData("mw_aaaabbbb", 2, "xeroctl: 'mw_aaaabbbb' matches more than one window, such as mw_aaaabbbbccccddddeeeeffff22 and mw_aaaabbbb2222ddddeeeeffff22; use more characters of the ID\n")]
    [InlineData("mw_yyyy", 4, "xeroctl: Not here. (404 not_found, request ")]
    [InlineData("mw_zzz", 4, "xeroctl: Not here. (404 not_found, request ")]
    [InlineData("mw_aaaabbbbccccddddeeeeffff23", 4, "xeroctl: Not here. (404 not_found, request ")]
    public async Task A_prefix_of_several_or_no_windows_changes_nothing(string id, int exitCode, string error)
    {
        await using var api = await StartAsync();
        using var tool = Tool.For(api.Url);
        var result = await tool.RunAsync("maintenance", "complete", id);
        Assert.Equal(exitCode, result.ExitCode);
        Assert.StartsWith(error, result.Error);
        Assert.Single(api.Seen, request => request.Method != "GET");
    }

    private static Task<TestApi> StartAsync() => TestApi.StartAsync((context, _) =>
    {
        var path = context.Request.Path.ToString();
        return path == Path ? TestApi.WriteAsync(context, 200, context.Request.Query.ContainsKey("after") ? Samples.List(false, Samples.Window(Third)) : Samples.List(true, Samples.Window(First), Samples.Window(Second)))
            : path.Contains(Third, StringComparison.Ordinal) ? TestApi.WriteAsync(context, 200, Samples.Window(Third))
            : TestApi.WriteAsync(context, 404, Samples.Error("not_found", "Not here."));
    });
}
