using System.CommandLine;
using System.CommandLine.Help;

namespace Xerotier.Xeroctl.CommandLine;

/// <summary>All commands of xeroctl.</summary>
internal static class CommandTree
{
    /// <summary>All commands, with their options.</summary>
    public static RootCommand Root()
    {
        var root = new RootCommand("Manage Xerotier Status from the command line: maintenance windows, incidents, components, subscriptions, health, API keys and projects.")
        {
            MaintenanceCommands.Group(),
            IncidentCommands.Group(),
            ComponentCommands.Group(),
            SubscriptionCommands.Group(),
            EventsCommand.Leaf(),
            HealthCommands.Group(),
            StatusCommand.Leaf(),
            KeyCommands.Group(),
            ProjectCommands.Group(),
            PlatformCommands.Group(),
            ConfigCommands.Group(),
            CompletionCommand.Leaf(),
            Reference.Leaf(),
        };
        root.Directives.Clear();
        foreach (var option in GlobalOptions.All)
        {
            root.Add(option);
        }

        foreach (var option in root.Options)
        {
            if (option is HelpOption help)
            {
                help.Aliases.Remove("-?");
                help.Aliases.Remove("/h");
                help.Aliases.Remove("/?");
                help.Description = HelpText.OptionDescription;
                help.Action = new HelpText();
            }
            else if (option is VersionOption version)
            {
                version.Description = "Show the version";
                version.Action = new VersionText();
            }
        }

        root.SetAction(parse => HelpText.Write(root, parse.InvocationConfiguration.Output));
        return root;
    }

    /// <summary>Parses a command line. Values are taken as they are: no response files, no directives.</summary>
    public static ParseResult Parse(IReadOnlyList<string> args) => Root().Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });

    /// <summary>A command's full name: <c>xeroctl maintenance list</c>.</summary>
    public static string Path(Command command) => command switch
    {
        RootCommand => "xeroctl",
        _ => $"{Path(command.Parents.OfType<Command>().First())} {command.Name}",
    };
}
