using System.CommandLine;
using System.CommandLine.Invocation;
using System.Text;

namespace Xerotier.Xeroctl;

internal static class Program
{
    private const int BrokenPipe = 32; // EPIPE

    /// <summary>The version of this build.</summary>
    public static string Version => typeof(Program).Assembly.GetName().Version!.ToString(3);

    private static async Task<int> Main(string[] args)
    {
        using var output = new StreamWriter(Terminal.Output(), new UTF8Encoding(false), 16 * 1024);
        try
        {
            var exitCode = await RunAsync(args, output);
            output.Flush();
            return exitCode;
        }
        catch (IOException failure)
        {
            // When the reader of a pipe is gone, nobody reads a message either.
            return failure.HResult == BrokenPipe ? ExitCodes.Failure : WriteError(failure.Message, [], ExitCodes.Failure);
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            return WriteError($"unexpected error: {failure.GetType().Name}: {failure.Message}", [], ExitCodes.Failure);
        }
    }

    private static async Task<int> RunAsync(string[] args, TextWriter output)
    {
        try
        {
            switch (args)
            {
                // Scripts and shells call these two most often, and neither needs the command tree.
                case ["--version"] or ["version"]:
                    output.Write($"xeroctl {Version}\n");
                    return ExitCodes.Ok;
                case ["__complete", .. var words]:
                    return Candidates.Write(words, output);
                case ["help", var topic] when HelpTopics.Write(topic, output):
                    return ExitCodes.Ok;
                case ["help", .. var command]:
                    return await InvokeAsync([.. command, "--help"], output);
                default:
                    return await InvokeAsync(args, output);
            }
        }
        catch (CliException failure)
        {
            output.Flush();
            return WriteError(failure.Message, failure.Details, failure.ExitCode);
        }
    }

    private static async Task<int> InvokeAsync(string[] args, TextWriter output)
    {
        var parse = CommandTree.Parse(args);
        if (parse.Action is ParseErrorAction)
        {
            WriteParseErrors(parse);
            return ExitCodes.Usage;
        }

        // Ctrl-C ends the process as its default action does; a command that has something to restore handles it itself.
        var invocation = new InvocationConfiguration { Output = output, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
        return await parse.InvokeAsync(invocation);
    }

    private static void WriteParseErrors(ParseResult parse)
    {
        var command = parse.CommandResult.Command;
        if (parse.UnmatchedTokens.Count == 0 && command is Group)
        {
            HelpText.Write(command, Terminal.Error);
            return;
        }

        // An unknown word is the reason why no command was found: one message is enough.
        var messages = parse.Errors.Select(error => error.Message).Distinct()
            .Where(message => parse.UnmatchedTokens.Count == 0 || !message.StartsWith("Required command", StringComparison.Ordinal));
        foreach (var message in messages)
        {
            Terminal.Error.WriteLine($"xeroctl: {TerminalText.Line(message)}");
        }

        if (parse.UnmatchedTokens is [var unknown, ..] && Suggestion.For(command, unknown) is { } meant)
        {
            Terminal.Error.WriteLine($"Did you mean '{meant}'?");
        }

        Terminal.Error.WriteLine($"Run '{CommandTree.Path(command)} --help' for usage.");
    }

    private static int WriteError(string message, IReadOnlyList<string> details, int exitCode)
    {
        foreach (var line in details.Prepend($"xeroctl: {message}"))
        {
            Terminal.Error.WriteLine(TerminalText.Line(line));
        }

        return exitCode;
    }
}
