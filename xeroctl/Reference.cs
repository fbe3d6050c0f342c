using System.CommandLine;

namespace Xerotier.Xeroctl;

/// <summary>The reference in Markdown, made from the commands themselves: <c>xeroctl __reference &gt; docs/xeroctl.md</c>.</summary>
internal static class Reference
{
    /// <summary>The hidden command.</summary>
    public static Command Leaf()
    {
        var command = new Command("__reference", "Prints the reference in Markdown") { Hidden = true };
        command.SetAction(parse =>
        {
            using var text = new StringWriter();
            Write(parse.RootCommandResult.Command, text);
            parse.InvocationConfiguration.Output.Write(text.ToString().ReplaceLineEndings("\n").Replace("\n\n\n", "\n\n", StringComparison.Ordinal));
        });
        return command;
    }

    private static void Write(Command root, TextWriter output)
    {
        output.Write(
            $"""
            # xeroctl

            {root.Description}

            This page is made from the commands themselves (`xeroctl __reference > docs/xeroctl.md`); a test checks that it is current.

            ## Configuration

            Which deployment and project to talk to comes from options, then from the environment, then from the file `~/.config/xeroctl/config.toml` (under `$XDG_CONFIG_HOME` where that is set), which xeroctl writes with mode 600:

            ```toml
            current = "prod"

            [deployment.prod]
            base_url = "https://xerotier.ai/proj_ABC123/v1"
            api_key_env = "PROD_KEY"   # or api_key = "xero_…"
            output = "table"           # or "json"
            ```

            | variable | meaning |
            |---|---|
            | `{GlobalOptions.BaseUrlVariable}` | base URL, as `--base-url` |
            | `{GlobalOptions.ApiKeyVariable}` | API key, as `--api-key` |
            | `{GlobalOptions.PlatformKeyVariable}` | API key of the commands that need a platform key, before `{GlobalOptions.ApiKeyVariable}` |
            | `NO_COLOR` | when set: no colours |
            | `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY` | a proxy between, as usual |

            A context that is named with `--context` comes before the environment, as every option does.

            ## Output

            On a terminal: tables that fit it, with times relative to now. In a pipe: tab-separated columns with exact times, one heading line for lists. With `-o json`: byte for byte what the API sent (on a terminal, control characters are written as `\u` escapes); `config list` and `config show`, which ask no API, print a document of their own that says where an API key comes from, never the key. `output` of the context that is named or current is the default, also where the environment gives base URL and key. Errors go to stderr with the API's code and the request id, which the server's logs know too.

            Connection failures, 429 and 503 are tried again up to three times, with growing pauses or as long as `Retry-After` asks, for 30 s at most; a call that changes something only where repeating it is harmless, which its `Idempotency-Key` sees to.

            ## Exit codes

            | code | meaning |
            |---|---|

            """);
        foreach (var (code, meaning) in ExitCodes.All)
        {
            output.Write($"| {code} | {meaning} |\n");
        }

        output.Write("\n## Options of every command\n\n");
        Options(GlobalOptions.All, output);
        foreach (var group in root.Subcommands.Where(command => !command.Hidden))
        {
            if (group is Leaf leaf)
            {
                Write(leaf, "##", output);
                continue;
            }

            output.Write($"\n## {Cli.Path(group)}\n\n{group.Description}.\n");
            foreach (var command in group.Subcommands.OfType<Leaf>())
            {
                Write(command, "###", output);
            }
        }
    }

    private static void Write(Leaf leaf, string heading, TextWriter output)
    {
        output.Write($"\n{heading} {Cli.Path(leaf)}\n\n{leaf.Description}\n\n");
        if (leaf.Remarks is not null)
        {
            output.Write($"{leaf.Remarks}\n\n");
        }

        output.Write($"```\n{HelpText.Usage(leaf)}\n```\n\n");
        if (leaf.Arguments.Count > 0)
        {
            output.Write("| argument | meaning |\n|---|---|\n");
            foreach (var argument in leaf.Arguments)
            {
                output.Write($"| `<{argument.Name}>` | {Cell(argument.Description!)} |\n");
            }

            output.Write("\n");
        }

        Options(HelpText.OwnOptions(leaf), output);
        output.Write($"```sh\n{string.Join('\n', leaf.Examples)}\n```\n");
    }

    private static void Options(IEnumerable<Option> options, TextWriter output)
    {
        var all = options.ToList();
        if (all.Count == 0)
        {
            return;
        }

        output.Write("| option | meaning |\n|---|---|\n");
        foreach (var option in all)
        {
            output.Write($"| `{Cell(HelpText.Label(option))}` | {Cell(HelpText.Describe(option))} |\n");
        }

        output.Write("\n");
    }

    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);
}
