using System.ComponentModel;
using System.Diagnostics;
using Microsoft.Extensions.Hosting;

namespace Xerotier.AppHost;

/// <summary>What the keys of a terminal do while the cluster runs: <c>o</c> opens the page, <c>l</c> shows or hides the log, <c>q</c> quits.</summary>
internal sealed class TerminalKeys(LocalCluster.ShownLog log, IHostApplicationLifetime lifetime)
{
    /// <summary>Programs that open an address in a browser.</summary>
    private static readonly string[] Openers = ["xdg-open", "open"];

    /// <summary>Whether somebody is there to press them.</summary>
    public static bool AreThere => !Console.IsInputRedirected && !Console.IsOutputRedirected;

    /// <summary>Obeys them until the process ends.</summary>
    /// <param name="page">What <c>o</c> opens.</param>
    public void Obey(string page)
    {
        // A thread of its own, which waits for keys; only so they come without Enter, and unseen.
        new Thread(() =>
        {
            try
            {
                while (!lifetime.ApplicationStopping.IsCancellationRequested)
                {
                    Press(Console.ReadKey(intercept: true).KeyChar, page);
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

    private void Press(char key, string page)
    {
        switch (char.ToLowerInvariant(key))
        {
            case 'o':
                Open(page);
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

    private static void Open(string page)
    {
        foreach (var opener in Openers)
        {
            try
            {
                using var process = Process.Start(new ProcessStartInfo(opener, [page]) { RedirectStandardOutput = true, RedirectStandardError = true });
                return;
            }
            catch (Win32Exception)
            {
                // not installed
            }
        }

        Console.Out.WriteLine($"Nothing here opens a browser: {page}");
    }
}
