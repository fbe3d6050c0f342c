using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Xerotier.Xeroctl.Tests;

/// <summary>What nobody means to type, to send or to connect, and what happens all the same: never a crash, always a sentence.</summary>
public sealed class OddCasesTests
{
    [Theory]
    [InlineData("--timeout takes a whole number from 1 to 600, not '5s'", "maintenance", "list", "--timeout", "5s")]
    [InlineData("--timeout takes a whole number from 1 to 600, not ''", "maintenance", "list", "--timeout", "")]
    [InlineData("--timeout takes a whole number from 1 to 600, not '1.5'", "status", "--timeout=1.5")]
    [InlineData("--timeout takes a whole number from 1 to 600, not '601'", "status", "--timeout=601")]
    [InlineData("--interval takes a whole number from 1 to 3600, not '5s'", "health", "dashboard", "--interval", "5s")]
    [InlineData("--limit takes a whole number from 1 to 1000, not '0'", "health", "dashboard", "--limit", "0")]
    [InlineData("--limit takes a whole number from 1 to 100, not 'abc'", "keys", "list", "--limit", "abc")]
    [InlineData("--severity takes info, warning or critical, not 'huge'", "maintenance", "update", "mw_1", "--severity", "huge")]
    [InlineData("--channel takes webhook, slack or email, not 'sms'", "subscriptions", "create", "--channel", "sms", "--target", "x")]
    [InlineData("--state takes active or disabled, not 'unconfirmed'", "subscriptions", "update", "sub_1", "--state", "unconfirmed")]
    [InlineData("--api-key is empty", "keys", "list", "--api-key", "")]
    [InlineData("--base-url: the base URL '…@host.test/proj_ABC123/v1' must not have a user name, a query or a fragment", "keys", "list", "--base-url", "https://me:secret@host.test/proj_ABC123/v1")]
    [InlineData("--output takes table or json, not 'xml'", "keys", "list", "-o", "xml")]
    public async Task A_wrong_value_is_told_with_its_option(string sentence, params string[] arguments)
    {
        using var tool = Tool.For(new Uri("http://127.0.0.1:1"));
        var result = await tool.RunAsync(arguments);
        Assert.Equal((2, ""), (result.ExitCode, result.Out));
        Assert.Equal(sentence, result.Error.Split('\n')[0]["xeroctl: ".Length..]);
    }

    [Fact]
    public async Task Text_that_is_none_is_shown_as_it_stands()
    {
        byte[] Latin1(string text) => Encoding.Latin1.GetBytes(text);
        var answers = new[] { (403, Latin1("""{"error":{"message":"für","code":"x"}}""")), (200, Latin1("""{"object":"list","data":[{"id":"mw_1","title":"a\ud800b","starts_at":"\ud800","affected_services":["ÿ"]}]}""")) };
        await using var api = await TestApi.StartAsync(async (context, number) =>
        {
            context.Response.StatusCode = answers[number - 1].Item1;
            await context.Response.Body.WriteAsync(answers[number - 1].Item2);
        });
        using var tool = Tool.For(api.Url);
        var refused = await tool.RunAsync("maintenance", "list");
        Assert.Equal(3, refused.ExitCode);
        Assert.StartsWith("xeroctl: f\ufffdr (403 x, ", refused.Error);
        var list = await tool.RunAsync("maintenance", "list");
        Assert.Equal((0, ""), (list.ExitCode, list.Error));
        Assert.Equal("mw_1\t\t\t\\ud800\t\ta\\ud800b\t\ufffd", list.Out.Split('\n')[1]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("{\"key\":\"value\"}")]
    public async Task A_success_without_an_object_is_none(string body)
    {
        await using var api = await TestApi.StartAsync(201, body);
        using var tool = Tool.For(api.Url);
        foreach (var command in new[] { "keys create --name k --scope management", "maintenance show mw_1", "status" })
        {
            var result = await tool.RunAsync(command.Split(' '));
            Assert.Equal((1, ""), (result.ExitCode, result.Out));
            Assert.Contains("not an API response", result.Error);
        }
    }

    [Theory]
    [InlineData("(sleep 0.1; xeroctl --version; echo $? >&2) | true; wait", "1\n")]
    [InlineData("xeroctl --version >/dev/full; echo $? >&2", "xeroctl: No space left on device\n1\n")]
    [InlineData("xeroctl --version >&-; echo $? >&2", "xeroctl: Bad file descriptor\n1\n")]
    [InlineData("xeroctl maintenance show mw_1 2>&-; echo $? >&2", "4\n")]
    [InlineData("xeroctl maintenance show mw_1 -v 2>/dev/full; echo $? >&2", "4\n")]
    [InlineData("xeroctl maintenance lst 2>&-; echo $? >&2", "2\n")]
    public async Task A_closed_or_full_stream_keeps_the_exit_code(string commandLine, string error)
    {
        await using var api = await TestApi.StartAsync(404, Samples.Error("not_found", "No maintenance window with ID mw_1."));
        using var tool = Tool.For(api.Url);
        Assert.Equal(error, (await tool.ShellAsync(commandLine)).Error);
        Assert.True(api.Seen.Count <= 1);
    }

    [Fact]
    public async Task A_configuration_in_the_working_directory_is_never_taken()
    {
        using var tool = new Tool();
        const string Setup = "cd $(mktemp -d); mkdir -p .config/xeroctl; echo 'broken [' > .config/xeroctl/config.toml; unset XDG_CONFIG_HOME; ";
        var missing = await tool.ShellAsync(Setup + "HOME=$PWD/not-there xeroctl config show; rm -r $PWD");
        Assert.Contains("/not-there/.config/xeroctl/config.toml\tdoes not exist\n", missing.Out);
        var relative = await tool.ShellAsync(Setup + "HOME=. xeroctl config show; echo $?; rm -r $PWD");
        Assert.Equal(("2\n", "xeroctl: no place for the configuration; set HOME or XDG_CONFIG_HOME to an absolute path\n"), (relative.Out, relative.Error));
    }

    [Fact]
    public async Task A_proxy_that_is_away_is_named()
    {
        using var tool = Tool.For(new Uri("http://status.test"));
        tool.Environment["http_proxy"] = "http://me:secret@127.0.0.1:1";
        var result = await tool.RunAsync("keys", "create", "--name", "k", "--scope", "management");
        Assert.Equal(7, result.ExitCode);
        Assert.StartsWith("xeroctl: http://status.test, through the proxy 127.0.0.1:1, cannot be reached: Connection refused (request ", result.Error);
    }

    [Fact]
    public async Task Help_and_version_are_words_too()
    {
        using var tool = new Tool();
        Assert.Equal(await tool.RunAsync("keys", "list", "--help"), await tool.RunAsync("help", "keys", "list"));
        Assert.Equal(await tool.RunAsync("--help"), await tool.RunAsync("help"));
        var version = await tool.RunAsync("--version");
        Assert.Equal(version, await tool.RunAsync("version"));
        Assert.Equal(2, (await tool.RunAsync("--version", "extra")).ExitCode);
    }

    [Fact]
    public async Task A_server_that_takes_no_connection_is_told_as_that_and_asked_again()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start(0);
        var waiting = Enumerable.Range(0, 4).Select(_ => new Socket(SocketType.Stream, ProtocolType.Tcp)).ToList();
        waiting.ForEach(socket => _ = socket.ConnectAsync((IPEndPoint)listener.LocalEndpoint)); // they fill its queue, which nobody empties
        await Task.Delay(200);
        using var tool = Tool.For(new Uri($"http://{listener.LocalEndpoint}"));
        var result = await tool.RunAsync("maintenance", "update", "mw_1", "--severity", "info", "--timeout", "3", "--verbose");
        waiting.ForEach(socket => socket.Dispose());
        Assert.Equal(7, result.ExitCode);
        Assert.Contains("cannot be reached: no connection within 2 s (request ", result.Error);
        Assert.Equal(3, result.Error.Split("* trying again").Length - 1);
    }
}
