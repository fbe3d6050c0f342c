namespace Xerotier.Xeroctl.CommandLine;

/// <summary>Ends the command with a sentence on stderr and an exit code.</summary>
/// <param name="exitCode">One of <see cref="ExitCodes"/>.</param>
/// <param name="message">What went wrong, for the person at the terminal.</param>
internal sealed class CliException(int exitCode, string message) : Exception(message)
{
    /// <summary>One of <see cref="ExitCodes"/>.</summary>
    public int ExitCode { get; } = exitCode;

    /// <summary>Further lines below the sentence, such as one per invalid field.</summary>
    public IReadOnlyList<string> Details { get; init; } = [];
}
