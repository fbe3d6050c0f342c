using System.Runtime.InteropServices;

namespace Xerotier.Xeroctl.Output;

/// <summary>
/// Redraws content in place on the terminal's alternate screen. The main screen comes back at the end, and while the process is
/// stopped with Ctrl-Z.
/// </summary>
internal sealed class AlternateScreen : IDisposable
{
    private const string Begin = "\e[?1049h\e[?25l\e[2J";
    private const string End = "\e[?25h\e[?1049l";

    private readonly Lock gate = new();
    private readonly StreamWriter terminal = new(Terminal.Output());
    private readonly PosixSignalRegistration? stopping;
    private readonly PosixSignalRegistration? resuming;
    private bool stopped;
    private Action<Screen> content = _ => { };

    /// <summary>Switches to the alternate screen.</summary>
    public AlternateScreen()
    {
        Write(Begin);
        if (!OperatingSystem.IsWindows())
        {
            stopping = PosixSignalRegistration.Create(PosixSignal.SIGTSTP, Stop);
            resuming = PosixSignalRegistration.Create(PosixSignal.SIGCONT, Resume);
        }
    }

    /// <summary>Draws content in place of the content before.</summary>
    public void Draw(Action<Screen> draw)
    {
        lock (gate)
        {
            content = draw;
            if (!stopped)
            {
                Redraw();
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        stopping?.Dispose();
        resuming?.Dispose();
        Write(End);
        terminal.Dispose();
    }

    private void Stop(PosixSignalContext context)
    {
        context.Cancel = true;
        lock (gate)
        {
            stopped = true;
            Write(End);
            Terminal.Stop();
        }
    }

    private void Resume(PosixSignalContext context)
    {
        lock (gate)
        {
            stopped = false;
            Write(Begin);
            Redraw();
        }
    }

    private void Redraw()
    {
        using var text = new StringWriter();
        content(new Screen(text, isTerminal: true, Terminal.HasColor, Terminal.Width, TimeProvider.System.GetUtcNow()));
        var lines = text.ToString().TrimEnd('\n').Split('\n');
        var rows = Terminal.Height - 1;
        var shown = lines.Length <= rows ? lines : [.. lines.Take(rows - 1), $"… {lines.Length - rows + 1} more lines"];
        Write($"\e[H{string.Concat(shown.Select(line => $"{line}\e[K\n"))}\e[J");
    }

    private void Write(string text)
    {
        terminal.Write(text);
        terminal.Flush();
    }
}
