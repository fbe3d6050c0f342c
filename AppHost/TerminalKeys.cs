using System.Diagnostics;
using Microsoft.Extensions.Hosting;

namespace Xerotier.AppHost;

/// <summary>What the keys of a terminal do, from the start on: <c>o</c> opens the page, as soon as it is up, <c>l</c> shows or hides the log, <c>q</c> quits.</summary>
internal sealed class TerminalKeys(LocalCluster.ShownLog log, IHostApplicationLifetime lifetime)
{
    /// <summary>How long it may take to open a browser: what takes longer has become the browser itself.</summary>
    private static readonly TimeSpan OpeningTime = TimeSpan.FromSeconds(3);

    /// <summary>Without any of these variables there is no desktop, and xdg-open would run a text browser, which would want this terminal.</summary>
    private static readonly string[] Desktop = ["DISPLAY", "WAYLAND_DISPLAY", "BROWSER"];

    private readonly TaskCompletionSource<string> page = new(TaskCreationOptions.RunContinuationsAsynchronously); // its address, once it is up
    private Task opening = Task.CompletedTask;

    /// <summary>Whether somebody is there to press them.</summary>
    public static bool AreThere => !Console.IsInputRedirected && !Console.IsOutputRedirected && IsInForeground();

    /// <summary>Obeys them until the process ends.</summary>
    public void Obey()
    {
        // A thread of its own, which waits for keys; only so they come without Enter, and unseen.
        new Thread(() =>
        {
            try
            {
                while (!lifetime.ApplicationStopping.IsCancellationRequested)
                {
                    Press(Console.ReadKey(intercept: true).KeyChar);
                }
            }
            catch (Exception failure) when (failure is InvalidOperationException or IOException)
            {
                // the terminal was closed
            }
        })
        {
            IsBackground = true,
        }.Start();
    }

    /// <summary>Says that the page is up.</summary>
    /// <param name="address">What <c>o</c> opens.</param>
    public void PageIsUp(string address) => page.TrySetResult(address);

    private void Press(char key)
    {
        switch (char.ToLowerInvariant(key))
        {
            case 'o' when opening.IsCompleted:
                opening = OpenAsync();
                break;
            case 'l':
                log.Show(!log.IsShown);
                Console.Out.WriteLine(log.IsShown ? "The log is shown; l hides it." : "The log is hidden; l shows it.");
                break;
            case 'q':
                lifetime.StopApplication();
                break;
        }
    }

    private async Task OpenAsync()
    {
        if (!page.Task.IsCompleted)
        {
            await Console.Out.WriteLineAsync("The page opens as soon as it is up.");
        }

        var address = await page.Task;
        if (!await OpensAsync(address))
        {
            await Console.Out.WriteLineAsync($"No browser could be opened; the page is {address}");
        }
    }

    /// <summary>Whether a browser opens <paramref name="address"/>.</summary>
    private static async Task<bool> OpensAsync(string address)
    {
        if (OperatingSystem.IsLinux() && Desktop.All(name => Environment.GetEnvironmentVariable(name) is not { Length: > 0 }))
        {
            return false;
        }

        // Everything is redirected, or the terminal echoes keys while the opener runs; and by a shell, since nobody reads what a browser writes.
        using var opener = Process.Start(new ProcessStartInfo("sh", ["-c", """exec "$0" "$1" </dev/null >/dev/null 2>&1""", OperatingSystem.IsMacOS() ? "open" : "xdg-open", address])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        using var timeout = new CancellationTokenSource(OpeningTime);
        try
        {
            await opener.WaitForExitAsync(timeout.Token);
            return opener.ExitCode == 0;
        }
        catch (OperationCanceledException)
        {
            return true;
        }
    }

    /// <summary>Whether this process may read keys: in the background, as by <c>./run &amp;</c>, it would be stopped.</summary>
    private static bool IsInForeground()
    {
        try
        {
            var stat = File.ReadAllText("/proc/self/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' '); // after the name: state, parent, group, session, terminal, the terminal's group in the foreground
            return fields[5] == fields[2] || fields[5] == "-1"; // -1: no terminal decides about it
        }
        catch (IOException)
        {
            return true; // not Linux
        }
    }
}
