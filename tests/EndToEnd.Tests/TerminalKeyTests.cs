namespace Xerotier.EndToEnd.Tests;

/// <summary>The keys of the terminal in which <c>./run</c> was started (page.md, “First run”).</summary>
public sealed class TerminalKeyTests : AppHostTests
{
    [Fact]
    public async Task In_a_terminal_o_opens_the_page_l_hides_the_log_and_shows_it_and_q_stops_everything()
    {
        // A browser that notes what it was asked to open.
        var (programs, opened) = (Path.Combine(Data, "bin"), Path.Combine(Data, "opened"));
        Directory.CreateDirectory(programs);
        var browser = Path.Combine(programs, "xdg-open");
        await File.WriteAllTextAsync(browser, $"#!/bin/sh\necho \"$1\" >> '{opened}'\n", TestContext.Current.CancellationToken);
        File.SetUnixFileMode(browser, UnixFileMode.UserRead | UnixFileMode.UserExecute);

        var host = StartInTerminal(new() { ["PATH"] = $"{programs}:{Environment.GetEnvironmentVariable("PATH")}", ["TERM"] = "xterm" }, "--logs");
        await UntilAsync("[gateway] ", StartTimeout); // with --logs it is shown from the start
        await UntilAsync("Keys: o opens the page, l shows or hides the log, q quits, as Ctrl-C does.", StartTimeout);

        await PressAsync('o');
        await Observer.UntilAsync(() => Task.FromResult(File.Exists(opened) && File.ReadAllText(opened) == $"http://localhost:{host.Port}/status\n"), Timeout, "the page is opened");

        await PressAsync('l');
        await UntilAsync("The log is hidden; l shows it.", Timeout);
        await PressAsync('L');
        await UntilAsync("The log is shown; l hides it.", Timeout);
        await UntilAsync("] ", TimeSpan.FromSeconds(150)); // a line of the log names its source; a quiet cluster writes one a minute

        await PressAsync('x'); // means nothing
        await PressAsync('q');
        await UntilAsync("Stopping …", Timeout);
        _ = host.Process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        await host.Process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Timeout);
        Assert.Equal(0, host.Process.ExitCode);
        await NothingIsLeftAsync();

        async Task PressAsync(char key)
        {
            await host.Process.StandardInput.WriteAsync(key);
            await host.Process.StandardInput.FlushAsync(TestContext.Current.CancellationToken);
        }

        async Task UntilAsync(string sought, TimeSpan within)
        {
            using var patience = new CancellationTokenSource(within);
            var before = new List<string>();
            while (await host.Process.StandardOutput.ReadLineAsync(patience.Token) is { } line)
            {
                if (line.Contains(sought, StringComparison.Ordinal))
                {
                    return;
                }

                before.Add(line);
            }

            throw new InvalidOperationException($"It ended without '{sought}': {string.Join('\n', before)}");
        }
    }
}
