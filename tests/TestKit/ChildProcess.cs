using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Xerotier.TestKit;

/// <summary>
/// A child process in a session of its own, so that a signal reaches it and everything it started, and a Ctrl-C in the terminal
/// reaches it only through its parent. It never outlives its parent, not even when that is killed with SIGKILL.
/// </summary>
internal sealed partial class ChildProcess : IDisposable
{
    /// <summary>SIGINT.</summary>
    public const int Interrupt = 2;

    /// <summary>SIGKILL.</summary>
    public const int Kill = 9;

    /// <summary>SIGTERM.</summary>
    public const int Terminate = 15;

    /// <summary>SIGCONT.</summary>
    public const int Continue = 18;

    /// <summary>SIGSTOP.</summary>
    public const int Stop = 19;

    private readonly Process process;

    private ChildProcess(Process process)
    {
        this.process = process;
        Exited = WaitAsync();
    }

    /// <summary>Process id, and the id of its session.</summary>
    public int Id => process.Id;

    /// <summary>Completes with the exit code (128 + signal after a signal) when it has ended and all of its output was delivered.</summary>
    public Task<int> Exited { get; }

    /// <summary>Starts <paramref name="fileName"/>; variables with a null value are removed from the inherited environment.</summary>
    /// <exception cref="System.ComponentModel.Win32Exception">It cannot be started.</exception>
    public static ChildProcess Start(
        string fileName, IEnumerable<string> arguments, IReadOnlyDictionary<string, string?> environment, string? workingDirectory, Action<string> output)
    {
        var start = new ProcessStartInfo("setsid")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = workingDirectory ?? "",
        };
        start.ArgumentList.Add(fileName);
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        var process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, line) => Deliver(line.Data);
        process.ErrorDataReceived += (_, line) => Deliver(line.Data);
        process.Start();
        Guardian.Watch(process.Id);
        process.StandardInput.Close();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return new ChildProcess(process);

        void Deliver(string? line)
        {
            if (line is not null)
            {
                output(line);
            }
        }
    }

    /// <summary>Sends <paramref name="signal"/> to the process and all that it started; nothing happens when they are gone.</summary>
    public void Signal(int signal)
    {
        if (!Exited.IsCompleted && SendSignal(-Id, signal) != 0)
        {
            _ = SendSignal(Id, signal); // not yet the leader of its session
        }
    }

    /// <summary>Asks it to end with SIGTERM, and ends it with SIGKILL after <paramref name="grace"/>.</summary>
    public async Task<int> StopAsync(TimeSpan grace)
    {
        Signal(Terminate);
        try
        {
            return await Exited.WaitAsync(grace);
        }
        catch (TimeoutException)
        {
            Signal(Kill);
            return await Exited;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Signal(Kill);
        process.Dispose();
    }

    private async Task<int> WaitAsync()
    {
        await process.WaitForExitAsync();
        Guardian.Forget(process.Id);
        return process.ExitCode;
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SendSignal(int process, int signal);

    /// <summary>A small shell that outlives this process by a moment: when its standard input closes, it ends every session still on its list.</summary>
    private static class Guardian
    {
        private const string Script = """
            list=" "
            while read -r sign id; do
              if [ "$sign" = + ]; then list="$list$id "; else list="${list%%" $id "*} ${list#*" $id "}"; fi
            done
            for id in $list; do kill -s KILL -- "-$id" $(pgrep -P "$id"); done
            """;

        private static readonly Lazy<Process> Shell = new(() =>
        {
            var start = new ProcessStartInfo("setsid") { RedirectStandardInput = true };
            start.ArgumentList.Add("sh");
            start.ArgumentList.Add("-c");
            start.ArgumentList.Add(Script);
            return Process.Start(start) ?? throw new InvalidOperationException("sh cannot be started.");
        });

        public static void Watch(int id) => Send('+', id);

        public static void Forget(int id) => Send('-', id);

        private static void Send(char sign, int id)
        {
            lock (Shell)
            {
                var input = Shell.Value.StandardInput;
                input.Write($"{sign} {id}\n");
                input.Flush();
            }
        }
    }
}
