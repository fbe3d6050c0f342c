using System.Diagnostics;

namespace Xerotier.TestKit;

/// <summary>AppHost (or another program of ours) as a process of its own, as <c>./run</c> starts it, with everything that it starts.</summary>
public sealed class AppHostProcess : IDisposable
{
    private const string Mark = "XEROTIER_TEST_MARK";

    private readonly PortSlice ports = PortSlice.Take();
    private readonly string mark = $"{Guid.NewGuid():N}"; // every process inherits it, and is found again by it
    private readonly string dataFolder;

    /// <summary>Starts it on <paramref name="dataFolder"/>; its output has to be read, or it stops when the pipe is full.</summary>
    /// <param name="dataFolder">Its <c>XEROTIER_DATA</c>.</param>
    /// <param name="settings">More of its environment.</param>
    /// <param name="project">The program.</param>
    /// <param name="arguments">Its command line.</param>
    public AppHostProcess(string dataFolder, IReadOnlyDictionary<string, string>? settings = null, string project = "AppHost", params string[] arguments)
        : this(new(Solution.Executable(project), arguments), dataFolder, settings)
    {
    }

    private AppHostProcess(ProcessStartInfo start, string dataFolder, IReadOnlyDictionary<string, string>? settings)
    {
        this.dataFolder = dataFolder;
        (start.RedirectStandardOutput, start.RedirectStandardError) = (true, true);
        foreach (var (name, value) in ports.Settings)
        {
            start.Environment[name] = value;
        }

        start.Environment["XEROTIER_DATA"] = dataFolder;
        start.Environment[Mark] = mark;
        start.Environment["Demo__Seed"] = "0"; // an example history is for tests that ask for it
        foreach (var (name, value) in settings ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        Process = Process.Start(start)!;
        Errors = Process.StandardError.ReadToEndAsync();
    }

    /// <summary>Runs <c>./run</c> itself, from another folder, as its caller may.</summary>
    /// <param name="dataFolder">Its <c>XEROTIER_DATA</c>.</param>
    /// <param name="settings">More of its environment.</param>
    public static AppHostProcess ByScript(string dataFolder, IReadOnlyDictionary<string, string>? settings = null) =>
        new(new(Path.Combine(Solution.Folder, "run")) { WorkingDirectory = dataFolder }, dataFolder, settings);

    /// <summary>Starts AppHost in a terminal of its own, whose keys are what the process' standard input gets.</summary>
    /// <param name="dataFolder">Its <c>XEROTIER_DATA</c>.</param>
    /// <param name="settings">More of its environment.</param>
    /// <param name="arguments">Its command line.</param>
    public static AppHostProcess InTerminal(string dataFolder, IReadOnlyDictionary<string, string>? settings = null, params string[] arguments) =>
        new(new("script", ["--quiet", "--return", "--flush", "--command", $"exec '{Solution.Executable("AppHost")}' {string.Join(' ', arguments)}", "/dev/null"]) { RedirectStandardInput = true }, dataFolder, settings);

    /// <summary>Its <c>XEROTIER_PORT</c>, where the settings did not give another.</summary>
    public int Port => ports.Http;

    /// <summary>Addresses and keys of the demo project, once it is ready.</summary>
    public IReadOnlyDictionary<string, string> Demo => AppHost.PrivateServers.ReadSecrets(Path.Combine(dataFolder, AppHost.ClusterSettings.DemoFile));

    /// <summary>The process itself.</summary>
    public Process Process { get; }

    /// <summary>What it writes as errors, whole when it has ended.</summary>
    public Task<string> Errors { get; }

    /// <summary>Whether AppHost hands on the environment variable <paramref name="name"/> to <paramref name="project"/>.</summary>
    public static bool HandsOn(string name, string project) => AppHost.ServiceSettings.Reads(project, name);

    /// <summary>Ids of all running processes that it started, itself among them; those that have ended and wait to be reaped are not.</summary>
    public IReadOnlyList<int> Processes()
    {
        var found = new List<int>();
        foreach (var folder in Directory.GetDirectories("/proc"))
        {
            try
            {
                if (int.TryParse(Path.GetFileName(folder), out var id) && File.ReadAllText(Path.Combine(folder, "environ")).Split('\0').Contains($"{Mark}={mark}"))
                {
                    found.Add(id);
                }
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                // gone in the meantime, or not ours
            }
        }

        return found;
    }

    /// <summary>Waits until it says that everything is up; returns what it has printed until then.</summary>
    /// <param name="within">For how long.</param>
    /// <param name="last">What the line has up to which it is read.</param>
    /// <exception cref="InvalidOperationException">It ended before.</exception>
    public async Task<IReadOnlyList<string>> ReadyAsync(TimeSpan within, string last = "Xerotier Status is up.")
    {
        using var patience = new CancellationTokenSource(within);
        var printed = new List<string>();
        while (await Process.StandardOutput.ReadLineAsync(patience.Token) is { } line)
        {
            printed.Add(line);
            if (line.Contains(last, StringComparison.Ordinal))
            {
                _ = Process.StandardOutput.ReadToEndAsync(CancellationToken.None); // keeps the pipe from filling
                return printed;
            }
        }

        throw new InvalidOperationException($"{string.Join('\n', printed)}\n{await Errors.WaitAsync(patience.Token)}");
    }

    /// <summary>Sends it a signal by name, such as <c>TERM</c>.</summary>
    public void Signal(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", $"{Process.Id}"]);
        kill.WaitForExit();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Process.Dispose();
        ports.Dispose();
    }
}
