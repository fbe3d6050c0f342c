using System.CommandLine;
using System.CommandLine.Invocation;

namespace Xerotier.Xeroctl.CommandLine;

/// <summary>The version, as <c>xeroctl --version</c> alone prints it too.</summary>
internal sealed class VersionText : SynchronousCommandLineAction
{
    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        if (parseResult.Errors is [var wrong, ..])
        {
            throw new CliException(ExitCodes.Usage, wrong.Message);
        }

        parseResult.InvocationConfiguration.Output.Write($"xeroctl {Program.Version}\n");
        return ExitCodes.Ok;
    }
}
