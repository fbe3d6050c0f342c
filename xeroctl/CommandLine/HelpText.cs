using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Xerotier.Xeroctl.CommandLine;

/// <summary>The help of a command: usage, arguments, options and examples.</summary>
internal sealed class HelpText : SynchronousCommandLineAction
{
    /// <summary>What <c>--help</c> does.</summary>
    public const string OptionDescription = "Show help and examples";

    /// <inheritdoc/>
    public override bool ClearsParseErrors => true;

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        Write(parseResult.CommandResult.Command, parseResult.InvocationConfiguration.Output);
        return ExitCodes.Ok;
    }

    /// <summary>Writes the help of <paramref name="command"/>.</summary>
    public static void Write(Command command, TextWriter output)
    {
        var page = new HelpPage(output);
        page.Paragraph(command.Description!);
        if (command is Leaf { Remarks: { } remarks })
        {
            page.Line();
            page.Paragraph(remarks);
        }

        page.Heading("Usage");
        page.Paragraph(Usage(command), indent: 2);
        if (command is RootCommand)
        {
            page.Rows("Get started", [("xeroctl config init", "Set up the address and the API key"), ("xeroctl status", "Show the platform's status"), ("xeroctl maintenance list", "List the project's maintenance windows")]);
        }

        page.Rows("Arguments", command.Arguments.Select(argument => ($"<{argument.Name}>", argument.Description!)));
        page.Rows("Commands", command.Subcommands.Where(sub => !sub.Hidden).Select(sub => (sub.Name, Summary(sub))));
        page.Rows("Options", OwnOptions(command).Select(option => (Label(option), Describe(option))));
        if (command is RootCommand)
        {
            page.Rows("Help topics", HelpTopics.All.Select(topic => ($"help {topic.Name}", topic.Description)));
        }

        if (command is Leaf leaf)
        {
            page.Heading(leaf.Examples.Count == 1 ? "Example" : "Examples");
            foreach (var example in leaf.Examples)
            {
                page.Verbatim(example);
            }

            page.Line();
        }
        else
        {
            page.Line();
            page.Paragraph($"Run '{CommandTree.Path(command)} <command> --help' for a command's options and examples.");
        }

        if (command is not RootCommand)
        {
            page.Paragraph($"Run 'xeroctl help {HelpTopics.Options}' for the options that every command takes.");
        }
    }

    /// <summary>The first sentence of a command's description, for lists.</summary>
    public static string Summary(Command command) => command.Description!.Split(". ")[0].TrimEnd('.');

    /// <summary>The options that are the command's own.</summary>
    public static IEnumerable<Option> OwnOptions(Command command) =>
        command.Options.Where(option => !option.Hidden && option is not HelpOption && !GlobalOptions.All.Contains(option));

    /// <summary>An option as a person types it: <c>-o, --output &lt;table|json&gt;</c>.</summary>
    public static string Label(Option option)
    {
        var names = string.Join(", ", option.Aliases.OrderBy(alias => alias.Length).Append(option.Name).Distinct());
        return option.ValueType == typeof(bool) || option is VersionOption ? names : $"{names} <{option.HelpName ?? "value"}>";
    }

    /// <summary>An option's description, and whether it is required, repeatable or has a default.</summary>
    public static string Describe(Option option) =>
        option.Description
        + (option.Required ? " (required)" : "")
        + (option.Arity.MaximumNumberOfValues > 1 ? " (repeatable)" : "")
        + (option.HasDefaultValue && option.ValueType != typeof(bool) && option.GetDefaultValue() is { } value ? $" [default: {value}]" : "");

    /// <summary>The synopsis.</summary>
    public static string Usage(Command command)
    {
        var parts = new List<string> { CommandTree.Path(command) };
        if (command.Subcommands.Count > 0)
        {
            parts.Add("<command>");
        }

        parts.AddRange(command.Arguments.Select(argument => argument.Arity.MinimumNumberOfValues == 0 ? $"[<{argument.Name}>]" : $"<{argument.Name}>"));
        parts.AddRange(OwnOptions(command).Where(option => option.Required).Select(Label));
        parts.Add("[options]");
        return string.Join(' ', parts);
    }
}
