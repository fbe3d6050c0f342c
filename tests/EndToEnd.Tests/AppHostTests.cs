using System.Diagnostics;
using Xerotier.TestKit;

namespace Xerotier.EndToEnd.Tests;

/// <summary>Tests of AppHost as <c>./run</c> starts it, on a data folder of their own. Whatever a test started is gone when it ends.</summary>
public abstract class AppHostTests : IAsyncDisposable
{
    /// <summary>Three times as long as a stop may take.</summary>
    protected static readonly TimeSpan Timeout = TimeSpan.FromSeconds(15);

    /// <summary>Three times as long as a start takes on a small machine while another cluster starts.</summary>
    protected static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(180);

    private readonly List<AppHostProcess> hosts = [];

    protected string Data { get; } = Solution.NewDataFolder();

    public async ValueTask DisposeAsync()
    {
        foreach (var failed in hosts.Where(host => !host.Process.HasExited))
        {
            failed.Signal("TERM"); // its test has failed
        }

        await NothingIsLeftAsync(); // a test that leaves a cluster behind slows all that follow
        hosts.ForEach(host => host.Dispose());
        Directory.Delete(Data, recursive: true);
        GC.SuppressFinalize(this);
    }

    protected AppHostProcess Start(Dictionary<string, string>? settings = null, string project = "AppHost", params string[] arguments) => Keep(new(Data, settings, project, arguments));

    protected AppHostProcess StartByScript(Dictionary<string, string> settings) => Keep(AppHostProcess.ByScript(Data, settings));

    protected AppHostProcess StartInTerminal(Dictionary<string, string> settings, params string[] arguments) => Keep(AppHostProcess.InTerminal(Data, settings, arguments));

    protected async Task<AppHostProcess> StartReadyAsync()
    {
        var host = Start();
        await host.ReadyAsync(StartTimeout);
        return host;
    }

    /// <summary>Sends a signal; everything must end in time, and AppHost with exit code 0.</summary>
    protected async Task StopAsync(AppHostProcess host, string signal, int processes = 7)
    {
        Assert.True(host.Processes().Count >= processes, $"Only {host.Processes().Count} processes run.");
        var watch = Stopwatch.StartNew();
        host.Signal(signal);
        await host.Process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Timeout);
        Assert.Equal(0, host.Process.ExitCode);
        await NothingIsLeftAsync(); // the orchestrator itself outlives AppHost by a moment
        Assert.True(watch.Elapsed < Timeout, $"Took {watch.Elapsed}.");
    }

    protected Task NothingIsLeftAsync() =>
        Observer.UntilAsync(() => Task.FromResult(hosts.All(host => host.Processes().Count == 0)), TimeSpan.FromSeconds(20), "all processes are gone");

    /// <summary>Starts a program that must end with exit code 1 and one line that begins with <paramref name="sentence"/>.</summary>
    protected async Task FailsAsync(Dictionary<string, string> settings, string sentence, string project = "AppHost", params string[] arguments)
    {
        var host = Start(settings, project, arguments);
        _ = host.Process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken); // keeps the pipe from filling
        var error = await host.Errors.WaitAsync(TimeSpan.FromSeconds(30));
        await host.Process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(1, host.Process.ExitCode);
        Assert.StartsWith(sentence, error);
        Assert.Single(error.Trim().Split('\n'));
    }

    private AppHostProcess Keep(AppHostProcess host)
    {
        hosts.Add(host);
        return host;
    }
}
