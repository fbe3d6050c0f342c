using System.ComponentModel;
using System.Diagnostics;

namespace Xerotier.Xeroctl.Output;

/// <summary>The person's web browser.</summary>
internal static class Browser
{
    private static readonly TimeSpan StartTime = TimeSpan.FromSeconds(3);

    /// <summary>Opens a page.</summary>
    /// <returns>Whether a browser took it.</returns>
    public static async Task<bool> OpenAsync(Uri page)
    {
        // Without a desktop, xdg-open would run a text browser, which has no terminal here.
        if (OperatingSystem.IsLinux() && (Settings.Variable("DISPLAY") ?? Settings.Variable("WAYLAND_DISPLAY") ?? Settings.Variable("BROWSER")) is null)
        {
            return false;
        }

        var start = OperatingSystem.IsWindows()
            ? new ProcessStartInfo(page.AbsoluteUri) { UseShellExecute = true }
            : new ProcessStartInfo(OperatingSystem.IsMacOS() ? "open" : "xdg-open", [page.AbsoluteUri]) { RedirectStandardOutput = true, RedirectStandardError = true };
        try
        {
            using var process = Process.Start(start);
            using var running = new CancellationTokenSource(StartTime);
            await (process?.WaitForExitAsync(running.Token) ?? Task.CompletedTask);
            return process?.ExitCode is null or 0;
        }
        catch (OperationCanceledException)
        {
            return true; // it became the browser itself
        }
        catch (Win32Exception)
        {
            return false;
        }
    }
}
