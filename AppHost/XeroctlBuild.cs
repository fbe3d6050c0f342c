using System.ComponentModel;
using System.Diagnostics;

namespace Xerotier.AppHost;

/// <summary>Builds xeroctl when everything else is up, where <c>./run</c> names its folder in <c>XEROTIER_XEROCTL_PROJECT</c>: nobody waits for it.</summary>
internal static class XeroctlBuild
{
    /// <summary>Builds it.</summary>
    /// <param name="folder">The project's folder.</param>
    /// <param name="cancellation">Ends the build.</param>
    /// <returns>The program's path; null when it could not be built.</returns>
    public static async Task<string?> RunAsync(string folder, CancellationToken cancellation)
    {
        string[] arguments = ["build", folder, "-c", "Release", "--nologo", "-v", "quiet", "-nodeReuse:false", "-p:UseSharedCompilation=false"]; // nothing of it stays
        try
        {
            using var build = Process.Start(new ProcessStartInfo("dotnet", arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
            using var ended = cancellation.Register(() => build.Kill(entireProcessTree: true));
            await Task.WhenAll(build.StandardOutput.ReadToEndAsync(CancellationToken.None), build.StandardError.ReadToEndAsync(CancellationToken.None), build.WaitForExitAsync(CancellationToken.None));
            var program = Path.Combine(folder, "bin/Release/net10.0/xeroctl");
            return build.ExitCode == 0 && File.Exists(program) ? program : null;
        }
        catch (Exception failure) when (failure is Win32Exception or InvalidOperationException)
        {
            return null; // no SDK, or it has ended
        }
    }
}
