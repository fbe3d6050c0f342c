using System.Diagnostics;
using System.Text;
using Xerotier.TestKit;

[assembly: AssemblyFixture(typeof(Xerotier.Xeroctl.Tests.PublishedTool))]

namespace Xerotier.Xeroctl.Tests;

/// <summary>Publishes before the first test, whose times relative to now would be old otherwise.</summary>
public sealed class PublishedTool : IAsyncLifetime
{
    public async ValueTask InitializeAsync() => await Tool.PathAsync();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

/// <summary>What a run of xeroctl left.</summary>
/// <param name="ExitCode">Its exit code.</param>
/// <param name="Out">Standard output.</param>
/// <param name="Error">Standard error.</param>
public sealed record ToolResult(int ExitCode, string Out, string Error);

/// <summary>The published executable, in a home of its own.</summary>
public sealed class Tool : IDisposable
{
    private static readonly Lazy<Task<string>> Published = new(PublishAsync);
    private readonly string home = Directory.CreateTempSubdirectory("xeroctl-test-").FullName;

    /// <summary>Variables that every run gets; nothing else of xeroctl's is inherited.</summary>
    public Dictionary<string, string> Environment { get; } = [];

    /// <summary>The configuration file of this home.</summary>
    public string ConfigPath => Path.Combine(home, "xeroctl", "config.toml");

    /// <summary>A tool that talks to that server with a key of the right form.</summary>
    public static Tool For(Uri server) => new()
    {
        Environment =
        {
            ["XEROTIER_BASE_URL"] = $"{server.GetLeftPart(UriPartial.Authority)}/{Samples.Project}/v1",
            ["XEROTIER_API_KEY"] = Samples.Key,
        },
    };

    /// <summary>The native executable: the one that <c>./test</c> has published (<c>XEROCTL</c>), else published here, once. A laptop without clang gets the ordinary build, CI does not.</summary>
    public static Task<string> PathAsync() => Published.Value;

    /// <summary>Runs it with nothing to read and its output in pipes.</summary>
    public Task<ToolResult> RunAsync(params string[] arguments) => RunAsync(null, arguments);

    /// <summary>Runs it in a shell, as a person would type it.</summary>
    public async Task<ToolResult> ShellAsync(string commandLine)
    {
        var folder = Path.GetDirectoryName(await PathAsync());
        return await StartAsync("bash", ["-c", $"PATH={folder}:$PATH\n{commandLine}"], _ => Task.CompletedTask);
    }

    /// <summary>Runs it in a terminal of that size; what it writes to either stream is in <see cref="ToolResult.Out"/>.</summary>
    /// <param name="type">What the person does, in turn: wait for a text on the screen, then type.</param>
    /// <param name="columns">Columns of the terminal.</param>
    /// <param name="arguments">The arguments.</param>
    public async Task<ToolResult> TerminalAsync((string WaitFor, string Type)[] type, int columns, params string[] arguments)
    {
        var command = string.Join(' ', arguments.Prepend(await PathAsync()).Select(argument => $"'{argument.Replace("'", "'\\''", StringComparison.Ordinal)}'"));
        return await TypingAsync(type, columns, $"exec {command}");
    }

    /// <summary>Runs a command line in a terminal, as <see cref="TerminalAsync"/> runs the tool; every text is waited for behind the one before.</summary>
    public async Task<ToolResult> TypingAsync((string WaitFor, string Type)[] type, int columns, string commandLine) =>
        await StartAsync("script", ["-qfec", $"PATH={Path.GetDirectoryName(await PathAsync())}:$PATH; stty cols {columns} rows 30; {commandLine}", "/dev/null"], async process =>
        {
            var seen = 0;
            foreach (var (waitFor, text) in type)
            {
                seen = await process.WaitForAsync(waitFor, seen);
                await process.TypeAsync(text);
            }
        });

    /// <summary>Writes the configuration file.</summary>
    public void WriteConfig(string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(ConfigPath)!);
        File.WriteAllText(ConfigPath, text);
    }

    public void Dispose() => Directory.Delete(home, recursive: true);

    private async Task<ToolResult> RunAsync(Func<RunningTool, Task>? interact, string[] arguments) =>
        await StartAsync(await PathAsync(), arguments, interact ?? (_ => Task.CompletedTask));

    private async Task<ToolResult> StartAsync(string fileName, string[] arguments, Func<RunningTool, Task> interact)
    {
        var start = new ProcessStartInfo(fileName, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
        };
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("XEROTIER_", StringComparison.Ordinal) || name is "NO_COLOR").ToList())
        {
            start.Environment.Remove(name);
        }

        start.Environment["XDG_CONFIG_HOME"] = home;
        start.Environment["TERM"] = "xterm-256color";
        start.Environment["LC_ALL"] = "C.UTF-8";
        foreach (var (name, value) in Environment)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        using var running = new RunningTool(process);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        try
        {
            await interact(running);
            await process.WaitForExitAsync(deadline.Token);
        }
        catch (Exception failure) when (failure is OperationCanceledException or TimeoutException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"xeroctl {string.Join(' ', arguments)} did not end; it printed: {running.Out}", failure);
        }

        await running.Ended;
        return new(process.ExitCode, running.Out.Replace("\r\n", "\n", StringComparison.Ordinal), running.Error);
    }

    private static async Task<string> PublishAsync()
    {
        if (System.Environment.GetEnvironmentVariable("XEROCTL") is { Length: > 0 } published)
        {
            return published;
        }

        var start = new ProcessStartInfo("dotnet", ["publish", "xeroctl", "-c", "Release", "-v", "quiet", "-nologo"])
        {
            WorkingDirectory = Solution.Folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode == 0)
        {
            return Path.Combine(Solution.Folder, "xeroctl", "bin", "publish", "xeroctl");
        }

        return System.Environment.GetEnvironmentVariable("CI") is { Length: > 0 }
            ? throw new InvalidOperationException($"xeroctl cannot be published: {output}{await error}")
            : Path.Combine(AppContext.BaseDirectory, "xeroctl");
    }
}

/// <summary>A run that goes on.</summary>
public sealed class RunningTool : IDisposable
{
    private readonly Process process;
    private readonly StringBuilder output = new();
    private readonly StringBuilder error = new();

    /// <summary>Takes the streams of a process.</summary>
    public RunningTool(Process process)
    {
        this.process = process;
        Ended = Task.WhenAll(PumpAsync(process.StandardOutput, output), PumpAsync(process.StandardError, error));
    }

    /// <summary>Completes when all output is there.</summary>
    public Task Ended { get; }

    /// <summary>What it has written to standard output so far.</summary>
    public string Out => Read(output);

    /// <summary>What it has written to standard error so far.</summary>
    public string Error => Read(error);

    /// <summary>Waits until the output holds <paramref name="text"/> at <paramref name="start"/> or later.</summary>
    /// <returns>Where it ends.</returns>
    public async Task<int> WaitForAsync(string text, int start = 0)
    {
        for (var watch = Stopwatch.StartNew(); ;)
        {
            if (Out.IndexOf(text, start, StringComparison.Ordinal) is >= 0 and var found)
            {
                return found + text.Length;
            }

            if (watch.Elapsed > TimeSpan.FromSeconds(45) || process.HasExited)
            {
                throw new TimeoutException($"'{text}' did not show up");
            }

            await Task.Delay(20);
        }
    }

    /// <summary>Types <paramref name="text"/>.</summary>
    public async Task TypeAsync(string text)
    {
        await process.StandardInput.WriteAsync(text);
        await process.StandardInput.FlushAsync();
    }

    public void Dispose() => process.Dispose();

    private static async Task PumpAsync(StreamReader reader, StringBuilder into)
    {
        var buffer = new char[4096];
        for (int read; (read = await reader.ReadAsync(buffer)) > 0;)
        {
            lock (into)
            {
                into.Append(buffer, 0, read);
            }
        }
    }

    private static string Read(StringBuilder text)
    {
        lock (text)
        {
            return text.ToString();
        }
    }
}
