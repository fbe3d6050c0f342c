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
            var exitCode = await AnswerAsync(args, output);
            output.Flush();
            return exitCode;
        }
        catch (IOException failure)
        {
            // When the reader of a pipe has gone there is nobody to tell.
            return failure.HResult == BrokenPipe ? ExitCodes.Failure : Tell(failure.Message, [], ExitCodes.Failure);
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            return Tell($"this should not have happened: {failure.GetType().Name}: {failure.Message}", [], ExitCodes.Failure);
        }
    }

    private static async Task<int> AnswerAsync(string[] args, TextWriter output)
    {
        try
        {
            // The two questions that are asked most often, by scripts and by shells, need no command tree.
            if (args is ["--version"] or ["version"])
            {
                output.Write($"xeroctl {Version}\n");
                return ExitCodes.Ok;
            }

            return args is ["__complete", .. var words] ? Completion.Run(words, output)
                : await RunAsync(args is ["help", .. var command] ? [.. command, "--help"] : args, output);
        }
        catch (CliException failure)
        {
            output.Flush();
            return Tell(failure.Message, failure.Details, failure.ExitCode);
        }
    }

    private static int Tell(string message, IReadOnlyList<string> details, int exitCode)
    {
        foreach (var line in details.Prepend($"xeroctl: {message}"))
        {
            Terminal.Error.WriteLine(Printable.Line(line));
        }

        return exitCode;
    }

    private static async Task<int> RunAsync(string[] args, TextWriter output)
    {
        var parse = Cli.Parse(args);
        if (parse.Action is ParseErrorAction)
        {
            if (parse.UnmatchedTokens.Count == 0 && parse.CommandResult.Command is Group group)
            {
                HelpText.Write(group, Terminal.Error);
                return ExitCodes.Usage;
            }

            foreach (var message in parse.Errors.Select(error => error.Message).Distinct().Where(message => parse.UnmatchedTokens.Count == 0 || !message.StartsWith("Required command", StringComparison.Ordinal)))
            {
                Terminal.Error.WriteLine($"xeroctl: {Printable.Line(message)}");
            }

            if (parse.UnmatchedTokens is [var unknown, ..] && Cli.Nearest(parse.CommandResult.Command, unknown) is { } meant)
            {
                Terminal.Error.WriteLine($"Did you mean '{meant}'?");
            }

            Terminal.Error.WriteLine($"See '{Cli.Path(parse.CommandResult.Command)} --help'.");
            return ExitCodes.Usage;
        }

        // Ctrl-C ends the process as its default action does; a command that has something to restore handles it itself.
        var invocation = new InvocationConfiguration { Output = output, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
        return await parse.InvokeAsync(invocation);
    }
}
