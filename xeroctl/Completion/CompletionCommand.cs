using System.CommandLine;

namespace Xerotier.Xeroctl.Completion;

/// <summary><c>xeroctl completion</c>: prints a script for a shell, which runs <c>xeroctl __complete</c> at every Tab.</summary>
internal static class CompletionCommand
{
    private static readonly string[] Shells = ["bash", "zsh", "fish", "pwsh"];

    /// <summary>The command.</summary>
    public static Leaf Leaf()
    {
        var shell = new Argument<string>("shell") { Description = "bash, zsh, fish or pwsh" };
        shell.AcceptOnlyFromAmong(Shells);
        return new Leaf(
            "completion",
            "Print a script that makes a shell complete commands, options, ids and contexts.",
            "source <(xeroctl completion bash)                                  # ~/.bashrc",
            "source <(xeroctl completion zsh)                                   # ~/.zshrc, after compinit",
            "xeroctl completion fish > ~/.config/fish/completions/xeroctl.fish",
            "xeroctl completion pwsh | Out-String | Invoke-Expression           # $PROFILE")
        {
            shell,
        }.Handle((_, parse, _) =>
        {
            using var script = typeof(CompletionCommand).Assembly.GetManifestResourceStream($"xeroctl.{parse.GetRequiredValue(shell)}")!;
            using var reader = new StreamReader(script);
            parse.InvocationConfiguration.Output.Write(reader.ReadToEnd());
            return Task.FromResult(ExitCodes.Ok);
        });
    }
}
