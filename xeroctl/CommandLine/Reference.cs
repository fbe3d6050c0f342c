using System.CommandLine;

namespace Xerotier.Xeroctl.CommandLine;

/// <summary>The reference in Markdown, generated from the commands: <c>xeroctl __reference &gt; docs/xeroctl.md</c>.</summary>
internal static class Reference
{
    /// <summary>The hidden command.</summary>
    public static Command Leaf()
    {
        var command = new Command("__reference", "Print the reference in Markdown") { Hidden = true };
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

            This page is generated from the commands (`xeroctl __reference > docs/xeroctl.md`). A test checks that it is current.

            ## Configuration

            xeroctl takes the deployment and project from options, then from the environment, then from the file `~/.config/xeroctl/config.toml` (under `$XDG_CONFIG_HOME` if it is set). It writes the file with mode 600:

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
            | `{GlobalOptions.PlatformKeyVariable}` | API key for commands that need a platform key; overrides `{GlobalOptions.ApiKeyVariable}` there |
            | `NO_COLOR` | if set, no colors |
            | `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY` | the proxy to use, as in curl |

            A context named with `--context` overrides the environment, as every option does.

            ## Output

            On a terminal, xeroctl prints tables that fit its width, with times relative to now. In a pipe, it prints tab-separated columns with exact times, with one heading line for lists. With `-o json`, it prints the API's bytes unchanged (on a terminal, control characters become `\u` escapes). `config list` and `config show` call no API: their JSON says where an API key comes from, and never contains the key. The default format is `output` of the named or current context, even if the base URL and the key come from the environment. Errors go to stderr with the API's code and the request ID, which the server's logs contain too.

            Tables show a unique prefix of the ID of a window, a series, an incident, a component, a subscription or a delivery, and every command accepts one, also of an update. A prefix has at least four characters after `mw_`, `mws_`, `inc_`, `cmp_`, `sub_`, `msg_` or `upd_`. Wherever a command takes a component, it takes its name too, in any case. In a pipe, IDs are complete.

            xeroctl retries connection failures, 429 and 503 up to three times, with growing pauses or as long as `Retry-After` asks, for at most 30 s. It retries a call that changes something only if repeating it is harmless, for example because of its `Idempotency-Key`.

            ## Exit codes

            | code | meaning |
            |---|---|

            """);
        foreach (var (code, meaning) in ExitCodes.All)
        {
            output.Write($"| {code} | {meaning} |\n");
        }

        output.Write("\n## Global options\n\n");
        Options(GlobalOptions.All, output);
        foreach (var group in root.Subcommands.Where(command => !command.Hidden))
        {
            if (group is Leaf leaf)
            {
                Write(leaf, "##", output);
                continue;
            }

            output.Write($"\n## {CommandTree.Path(group)}\n\n{group.Description}\n");
            foreach (var command in group.Subcommands.SelectMany(command => command.Subcommands.Prepend(command)).OfType<Leaf>())
            {
                Write(command, "###", output);
            }
        }
    }

    private static void Write(Leaf leaf, string heading, TextWriter output)
    {
        output.Write($"\n{heading} {CommandTree.Path(leaf)}\n\n{leaf.Description}\n\n");
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
