using Spectre.Console;

namespace Xerotier.Xeroctl.Commands;

/// <summary>Prompts for what <c>config init</c> needs and the command line does not set.</summary>
internal static class ConfigPrompts
{
    /// <summary>Prompts for the base URL until it is valid.</summary>
    /// <exception cref="CliException">There is no terminal.</exception>
    public static BaseAddress Address()
    {
        if (!Terminal.CanAsk)
        {
            throw new CliException(ExitCodes.Usage, $"no terminal to prompt on; pass --base-url and --api-key, or set {GlobalOptions.BaseUrlVariable} and {GlobalOptions.ApiKeyVariable}");
        }

        BaseAddress? address = null;
        Prompter().Prompt(new TextPrompt<string>("Base URL (https://host/<project id>/v1; with a platform key https://host):").Validate(text =>
        {
            try
            {
                address = BaseAddress.Parse(text, "invalid");
                return ValidationResult.Success();
            }
            catch (CliException wrong)
            {
                return ValidationResult.Error(Markup.Escape(TerminalText.Line(wrong.Message)));
            }
        }));
        return address!;
    }

    /// <summary>Prompts for the API key and does not show it.</summary>
    /// <exception cref="CliException">There is no terminal, or the key is malformed.</exception>
    public static string Key() => Terminal.CanAsk
        ? Settings.Usable(Prompter().Prompt(new TextPrompt<string>("API key (not shown):").Secret(null)), "API key")!
        : throw new CliException(ExitCodes.Usage, $"no terminal to prompt on; pass --api-key or set {GlobalOptions.ApiKeyVariable}");

    private static IAnsiConsole Prompter() => AnsiConsole.Create(new AnsiConsoleSettings
    {
        Out = new AnsiConsoleOutput(Terminal.Prompt),
        Interactive = InteractionSupport.Yes,
    });
}
