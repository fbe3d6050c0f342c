using Xerotier.TestKit;

namespace Xerotier.EndToEnd.Tests;

/// <summary>The keys of the terminal in which <c>./run</c> was started (page.md, “First run”).</summary>
public sealed class TerminalKeyTests : AppHostTests
{
    /// <summary>What the browser was asked to open.</summary>
    private string Opened => Path.Combine(Data, "opened");

    /// <summary>While there is such a file, the browser fails.</summary>
    private string Broken => Path.Combine(Data, "broken");

    [Fact]
    public async Task In_a_terminal_o_opens_the_page_when_it_is_up_l_hides_the_log_and_shows_it_and_q_stops_everything()
    {
        var host = await StartAsync("--logs");
        await UntilAsync(host, "  ✓ ", StartTimeout);
        await PressAsync(host, 'o');
        await UntilAsync(host, "The page opens as soon as it is up.", Timeout);
        await UntilAsync(host, "[gateway] ", StartTimeout); // with --logs it is shown from the start
        var printed = await UntilAsync(host, "Keys: o opens the page, l shows or hides the log, q quits, as Ctrl-C does.", StartTimeout);
        Assert.Contains($"  Console            http://localhost:{host.Port}/console/  (sign in with a key from demo.env)", printed); // not a demo: there is no link
        await Observer.UntilAsync(() => Task.FromResult(File.Exists(Opened) && File.ReadAllText(Opened) == $"http://localhost:{host.Port}/status\n"), Timeout, "the page is opened");

        await PressAsync(host, 'l');
        await UntilAsync(host, "The log is hidden; l shows it.", Timeout);
        await PressAsync(host, 'L');
        await UntilAsync(host, "The log is shown; l hides it.", Timeout);
        await SignInAsync(host);
        await UntilAsync(host, " signed in to the console ", Timeout); // as the Gateway logs it

        await File.WriteAllTextAsync(Broken, "", TestContext.Current.CancellationToken);
        await PressAsync(host, 'o');
        await UntilAsync(host, $"No browser could be opened; the page is http://localhost:{host.Port}/status", Timeout);

        await PressAsync(host, 'x'); // means nothing
        await PressAsync(host, 'q');
        await UntilAsync(host, "Stopping …", Timeout);
        await EndsAsync(host);
    }

    [Fact]
    public async Task While_it_starts_no_key_shows_and_q_quits()
    {
        var host = await StartAsync();
        await UntilAsync(host, "  ✓ ", StartTimeout);
        await PressAsync(host, 'x');
        await PressAsync(host, 'q');
        var printed = await UntilAsync(host, "Stopping …", Timeout);
        Assert.All(printed.SkipLast(1), line => Assert.Contains("  ✓ ", line)); // it is not up
        Assert.DoesNotContain("x", string.Concat(printed), StringComparison.Ordinal);
        await EndsAsync(host);
    }

    /// <summary>With a desktop whose browser notes what it was asked to open.</summary>
    private async Task<AppHostProcess> StartAsync(params string[] arguments)
    {
        var programs = Path.Combine(Data, "bin");
        Directory.CreateDirectory(programs);
        var browser = Path.Combine(programs, "xdg-open");
        await File.WriteAllTextAsync(browser, $"#!/bin/sh\n[ ! -e '{Broken}' ] && echo \"$1\" >> '{Opened}'\n", TestContext.Current.CancellationToken);
        File.SetUnixFileMode(browser, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        return StartInTerminal(new() { ["PATH"] = $"{programs}:{Environment.GetEnvironmentVariable("PATH")}", ["TERM"] = "xterm", ["DISPLAY"] = ":0" }, arguments);
    }

    private async Task EndsAsync(AppHostProcess host)
    {
        _ = host.Process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        await host.Process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Timeout);
        Assert.Equal(0, host.Process.ExitCode);
        await NothingIsLeftAsync();
    }

    /// <summary>Signs in to the console with the key of the data folder.</summary>
    private async Task SignInAsync(AppHostProcess host)
    {
        var key = (await File.ReadAllLinesAsync(Path.Combine(Data, "demo.env"), TestContext.Current.CancellationToken)).Single(line => line.StartsWith("XEROTIER_API_KEY=", StringComparison.Ordinal)).Split('=')[1];
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false });
        using var form = new FormUrlEncodedContent([new("key", key)]);
        using var response = await http.PostAsync(new Uri($"http://localhost:{host.Port}/console/sign-in"), form, TestContext.Current.CancellationToken);
        Assert.Equal("/console/", response.Headers.Location?.OriginalString);
    }

    private static async Task PressAsync(AppHostProcess host, char key)
    {
        await host.Process.StandardInput.WriteAsync(key);
        await host.Process.StandardInput.FlushAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>What it prints up to a line that has <paramref name="sought"/>.</summary>
    private static async Task<IReadOnlyList<string>> UntilAsync(AppHostProcess host, string sought, TimeSpan within)
    {
        using var timeout = new CancellationTokenSource(within);
        var printed = new List<string>();
        while (await host.Process.StandardOutput.ReadLineAsync(timeout.Token) is { } line)
        {
            printed.Add(line);
            if (line.Contains(sought, StringComparison.Ordinal))
            {
                return printed;
            }
        }

        throw new InvalidOperationException($"It ended without '{sought}': {string.Join('\n', printed)}");
    }
}
