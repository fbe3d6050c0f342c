using System.Runtime.InteropServices;

namespace Xerotier.Xeroctl;

/// <summary>
/// A picture that is redrawn in place, on the terminal's second screen, and leaves the first one as it was: at its end, and while
/// the process is stopped with Ctrl-Z.
/// </summary>
internal sealed class LivePicture : IDisposable
{
    private const string Begin = "\e[?1049h\e[?25l\e[2J";
    private const string End = "\e[?25h\e[?1049l";

    private readonly Lock gate = new();
    private readonly StreamWriter terminal = new(Terminal.Output());
    private readonly PosixSignalRegistration? stop;
    private readonly PosixSignalRegistration? resume;
    private bool away;
    private Action<Screen> picture = _ => { };

    /// <summary>Turns to the second screen.</summary>
    public LivePicture()
    {
        Put(Begin);
        if (!OperatingSystem.IsWindows())
        {
            stop = PosixSignalRegistration.Create(PosixSignal.SIGTSTP, Stop);
            resume = PosixSignalRegistration.Create(PosixSignal.SIGCONT, Resume);
        }
    }

    /// <summary>Draws the picture, in place of the one before.</summary>
    public void Draw(Action<Screen> draw)
    {
        lock (gate)
        {
            picture = draw;
            if (!away)
            {
                Redraw();
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        stop?.Dispose();
        resume?.Dispose();
        Put(End);
        terminal.Dispose();
    }

    private void Stop(PosixSignalContext context)
    {
        context.Cancel = true;
        lock (gate)
        {
            away = true;
            Put(End);
            Terminal.Stop();
        }
    }

    private void Resume(PosixSignalContext context)
    {
        lock (gate)
        {
            away = false;
            Put(Begin);
            Redraw();
        }
    }

    private void Redraw()
    {
        using var text = new StringWriter();
        picture(new Screen(text, isTerminal: true, Terminal.HasColour, Terminal.Width, TimeProvider.System.GetUtcNow()));
        var lines = text.ToString().TrimEnd('\n').Split('\n');
        var rows = Terminal.Height - 1;
        var shown = lines.Length <= rows ? lines : [.. lines.Take(rows - 1), $"… {lines.Length - rows + 1} more lines"];
        Put($"\e[H{string.Concat(shown.Select(line => $"{line}\e[K\n"))}\e[J");
    }

    private void Put(string text)
    {
        terminal.Write(text);
        terminal.Flush();
    }
}
