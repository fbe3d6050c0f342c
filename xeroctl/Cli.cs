using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Xerotier.Xeroctl;

/// <summary>The command tree.</summary>
internal static class Cli
{
    /// <summary>All commands, with their options.</summary>
    public static RootCommand Root()
    {
        var root = new RootCommand("Works with Xerotier Status: maintenance windows, health, API keys and projects.")
        {
            MaintenanceCommands.Group(),
            HealthCommands.Group(),
            StatusCommand.Leaf(),
            KeyCommands.Group(),
            ProjectCommands.Group(),
            ConfigCommands.Group(),
            Completion.Leaf(),
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
                help.Description = "Show help and examples";
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

    /// <summary>The subcommand or option of <paramref name="command"/> that is most like <paramref name="word"/>, if one is like it.</summary>
    public static string? Nearest(Command command, string word) =>
        command.Subcommands.Where(sub => !sub.Hidden).Select(sub => sub.Name)
            .Concat(HelpText.OwnOptions(command).Concat(GlobalOptions.All).Select(option => option.Name))
            .Select(name => (Name: name, Distance: Distance(name, word)))
            .Where(candidate => candidate.Distance <= 1 + (word.Length / 4))
            .OrderBy(candidate => candidate.Distance)
            .Select(candidate => candidate.Name)
            .FirstOrDefault();

    // Letters to insert, remove or replace to get from one word to the other (Levenshtein).
    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)));
            }
        }

        return row[^1];
    }

    /// <summary>A command's full name: <c>xeroctl maintenance list</c>.</summary>
    public static string Path(Command command) => command switch
    {
        RootCommand => "xeroctl",
        _ => $"{Path(command.Parents.OfType<Command>().First())} {command.Name}",
    };
}

/// <summary>A group of commands.</summary>
internal sealed class Group : Command
{
    public Group(string name, string description, params Leaf[] leaves)
        : base(name, description)
    {
        foreach (var leaf in leaves)
        {
            Add(leaf);
        }
    }
}

/// <summary>A command that does something.</summary>
/// <param name="name">Its name.</param>
/// <param name="description">What it does.</param>
/// <param name="examples">Command lines as a person would type them.</param>
internal sealed class Leaf(string name, string description, params string[] examples) : Command(name, description)
{
    /// <summary>Command lines as a person would type them.</summary>
    public IReadOnlyList<string> Examples => examples;

    /// <summary>What it does, apart from the API: paragraphs below the description.</summary>
    public string? Remarks { get; init; }

    /// <summary>Sets what the command does.</summary>
    public Leaf Does(Func<Session, ParseResult, CancellationToken, Task<int>> action)
    {
        SetAction(async (parse, cancel) =>
        {
            using var session = new Session(parse);
            var exitCode = await action(session, parse, cancel);
            await parse.InvocationConfiguration.Output.FlushAsync(cancel);
            return exitCode;
        });
        return this;
    }
}

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

/// <summary>The help of a command: usage, arguments, options and examples.</summary>
internal sealed class HelpText : SynchronousCommandLineAction
{
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
        var screen = new Screen(output, isTerminal: true, Terminal.HasColour, Math.Min(Terminal.Width, 100), default);
        screen.Paragraph(command.Description!);
        if (command is Leaf { Remarks: { } remarks })
        {
            screen.Line();
            screen.Paragraph(remarks);
        }

        Heading("Usage");
        screen.Paragraph(Usage(command), 2);
        Rows("Arguments", command.Arguments.Select(argument => ($"<{argument.Name}>", argument.Description!)));
        Rows("Commands", command.Subcommands.Where(sub => !sub.Hidden).Select(sub => (sub.Name, sub.Description!)));
        Rows("Options", OwnOptions(command).Select(option => (Label(option), Describe(option))));
        Rows("Options of every command", GlobalOptions.All.Select(option => (Label(option), Describe(option))).Append(("-h, --help", "Show help and examples")));
        if (command is RootCommand)
        {
            Rows("Exit codes", ExitCodes.All.Select(code => ($"{code.Code}", code.Meaning)));
        }

        if (command is Leaf leaf)
        {
            Heading(leaf.Examples.Count == 1 ? "Example" : "Examples");
            foreach (var example in leaf.Examples)
            {
                foreach (var line in example.Split('\n'))
                {
                    output.Write($"  {line}\n"); // whole, whatever the width: it is there to be copied
                }
            }
        }

        void Heading(string text)
        {
            screen.Line();
            screen.Line(new Piece($"{text}:", Tone.Strong));
        }

        void Rows(string title, IEnumerable<(string Label, string Text)> rows)
        {
            var all = rows.ToList();
            if (all.Count == 0)
            {
                return;
            }

            Heading(title);
            var indent = Math.Min(all.Max(row => row.Label.Length), 28) + 4;
            foreach (var (label, text) in all)
            {
                var lines = Screen.Fold(text, screen.Width - indent).ToList();
                if (label.Length > indent - 4)
                {
                    screen.Line($"  {label}");
                    lines.Insert(0, "");
                }
                else
                {
                    screen.Line($"  {label.PadRight(indent - 2)}{lines[0]}");
                }

                foreach (var line in lines.Skip(1))
                {
                    screen.Line($"{new string(' ', indent)}{line}");
                }
            }
        }
    }

    /// <summary>The options that are the command's own.</summary>
    public static IEnumerable<Option> OwnOptions(Command command) =>
        command.Options.Where(option => !option.Hidden && option is not HelpOption && !GlobalOptions.All.Contains(option));

    /// <summary>An option as it is typed: <c>-o, --output &lt;table|json&gt;</c>.</summary>
    public static string Label(Option option)
    {
        var names = string.Join(", ", option.Aliases.OrderBy(alias => alias.Length).Append(option.Name).Distinct());
        return option.ValueType == typeof(bool) || option is VersionOption ? names : $"{names} <{option.HelpName ?? "value"}>";
    }

    /// <summary>An option's description, with what must be known about it.</summary>
    public static string Describe(Option option) =>
        option.Description
        + (option.Required ? " (required)" : "")
        + (option.Arity.MaximumNumberOfValues > 1 ? " (repeatable)" : "")
        + (option.HasDefaultValue && option.ValueType != typeof(bool) && option.GetDefaultValue() is { } value ? $" [default: {value}]" : "");

    /// <summary>The synopsis.</summary>
    public static string Usage(Command command)
    {
        var parts = new List<string> { Cli.Path(command) };
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
