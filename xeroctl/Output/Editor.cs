using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Xerotier.Xeroctl.Output;

/// <summary>A text that a person writes in the editor of their choice. The file that it is written in is gone afterwards, unless it is kept.</summary>
internal sealed class Editor : IDisposable
{
    /// <summary>The line from which on nothing belongs to the text, as in git.</summary>
    public const string Scissors = "# ------------------------ >8 ------------------------";

    private const string Instruction = "# Do not change the line above. Everything below it is dropped, and an empty text sends nothing.";

    private readonly string folder = Directory.CreateTempSubdirectory("xeroctl-").FullName; // for its owner alone
    private bool kept;

    private string FilePath => Path.Combine(folder, "update.md");

    /// <summary>Opens the editor.</summary>
    /// <param name="text">The text to begin with.</param>
    /// <param name="notes">What the person should know while writing; not a part of the text.</param>
    /// <returns>The text, without empty lines around it.</returns>
    /// <exception cref="CliException">There is no editor, it failed, or the text cannot be told from the notes.</exception>
    public async Task<string> EditAsync(string text, IEnumerable<string> notes)
    {
        string[] lines = [text, "", Scissors, Instruction, .. notes.Select(note => $"# {TerminalText.Line(note)}".TrimEnd())];
        await File.WriteAllTextAsync(FilePath, string.Join('\n', lines) + "\n");
        await RunAsync();
        var written = (await File.ReadAllTextAsync(FilePath)).ReplaceLineEndings("\n").Split('\n');
        var end = Array.FindIndex(written, line => line.TrimEnd() == Scissors);
        if (end < 0 && written.Contains(Instruction))
        {
            throw new CliException(ExitCodes.Failure, $"the line '{Scissors}' is gone, so the notes below it would be sent too") { Details = [Keep()] };
        }

        return string.Join('\n', end < 0 ? written : written[..end]).TrimStart('\n').TrimEnd();
    }

    /// <summary>Keeps the file.</summary>
    /// <returns>A sentence that says where it is.</returns>
    public string Keep()
    {
        kept = true;
        return $"  Your text is kept in {FilePath}";
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!kept)
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private async Task RunAsync()
    {
        var editor = Settings.Variable("VISUAL") ?? Settings.Variable("EDITOR") ?? (OperatingSystem.IsWindows() ? "notepad" : "vi");

        // An editor is a command line, such as "code --wait". It gets the terminal even if our output goes elsewhere. The shell has a
        // trap, because Ctrl-C would end it before the editor.
        var start = OperatingSystem.IsWindows()
            ? new ProcessStartInfo("cmd", $"/c {editor} \"{FilePath}\"")
            : new ProcessStartInfo("/bin/sh", ["-c", $"trap : INT QUIT; {editor} \"$@\"{(Console.IsOutputRedirected ? " >/dev/tty" : "")}", editor, FilePath]);

        // Ctrl-C is the editor's while it runs.
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => context.Cancel = true);
        using var quit = PosixSignalRegistration.Create(PosixSignal.SIGQUIT, context => context.Cancel = true);
        try
        {
            using var process = Process.Start(start)!;
            await process.WaitForExitAsync();
            if (process.ExitCode != 0)
            {
                throw new CliException(ExitCodes.Failure, $"the editor '{TerminalText.Line(editor)}' ended with {process.ExitCode}; nothing was sent. Set VISUAL or EDITOR to choose another, or use --body");
            }
        }
        catch (Win32Exception failure)
        {
            throw new CliException(ExitCodes.Failure, $"the editor '{TerminalText.Line(editor)}' cannot be started: {failure.Message}");
        }
    }
}
