namespace Xerotier.Xeroctl.CommandLine;

/// <summary>Help that belongs to no single command: <c>xeroctl help options</c>.</summary>
internal static class HelpTopics
{
    /// <summary>The topic of the options that every command takes.</summary>
    public const string Options = "options";

    private const string Codes = "exit-codes";

    /// <summary>All topics.</summary>
    public static readonly (string Name, string Description)[] All =
    [
        (Options, "Options that every command takes"),
        (Codes, "What the exit codes mean"),
    ];

    /// <summary>Writes a topic.</summary>
    /// <returns>Whether there is a topic of that name.</returns>
    public static bool Write(string name, TextWriter output)
    {
        var page = new HelpPage(output);
        switch (name)
        {
            case Options:
                page.Paragraph("Every command takes these options. A flag overrides the environment, and the environment overrides the configuration file.");
                page.Rows("Global options", GlobalOptions.All.Select(option => (HelpText.Label(option), HelpText.Describe(option))).Append(("-h, --help", HelpText.OptionDescription)));
                return true;
            case Codes:
                page.Paragraph("Scripts can rely on these exit codes.");
                page.Rows("Exit codes", ExitCodes.All.Select(code => ($"{code.Code}", code.Meaning)));
                return true;
            default:
                return false;
        }
    }
}
