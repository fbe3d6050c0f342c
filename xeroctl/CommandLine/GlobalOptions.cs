using System.CommandLine;

namespace Xerotier.Xeroctl.CommandLine;

/// <summary>The options that every command takes.</summary>
internal static class GlobalOptions
{
    /// <summary>Environment variable of the base URL.</summary>
    public const string BaseUrlVariable = "XEROTIER_BASE_URL";

    /// <summary>Environment variable of the API key.</summary>
    public const string ApiKeyVariable = "XEROTIER_API_KEY";

    /// <summary>Environment variable of the platform key, preferred where the platform's own routes are called.</summary>
    public const string PlatformKeyVariable = "XEROTIER_PLATFORM_KEY";

    /// <summary><c>--context</c>.</summary>
    public static readonly Option<string?> Context = new("--context", "-c")
    {
        Description = "Use this context of the configuration file; its values override the environment",
        HelpName = "name",
        Recursive = true,
        CompletionSources = { _ => Candidates.Contexts() },
    };

    /// <summary><c>--base-url</c>.</summary>
    public static readonly Option<string?> BaseUrl = new("--base-url")
    {
        Description = $"Base URL of the project: https://host/<project id>/v1 [env: {BaseUrlVariable}]",
        HelpName = "url",
        Recursive = true,
    };

    /// <summary><c>--api-key</c>.</summary>
    public static readonly Option<string?> ApiKey = new("--api-key")
    {
        Description = $"API key; prefer the environment, because other users can see command lines [env: {ApiKeyVariable}]",
        HelpName = "key",
        Recursive = true,
        Validators =
        {
            // An unset variable in a script must not select another key.
            result =>
            {
                if (result.Tokens.Any(token => string.IsNullOrWhiteSpace(token.Value)))
                {
                    result.AddError("--api-key is empty");
                }
            },
        },
    };

    /// <summary><c>--output</c>.</summary>
    public static readonly Option<string?> Output = OptionRules.OneOf(
        new Option<string?>("--output", "-o")
        {
            Description = "table: a table on a terminal, tab-separated columns in a pipe; json: the API's bytes unchanged, or the configuration without its keys",
            HelpName = "table|json",
            Recursive = true,
        },
        "table",
        "json");

    /// <summary><c>--dry-run</c>.</summary>
    public static readonly Option<bool> DryRun = new("--dry-run") { Description = "Print the request or the file, and send or write nothing", Recursive = true };

    /// <summary><c>--yes</c>.</summary>
    public static readonly Option<bool> Yes = new("--yes", "-y") { Description = "Skip confirmation prompts", Recursive = true };

    /// <summary><c>--verbose</c>.</summary>
    public static readonly Option<bool> Verbose = new("--verbose", "-v") { Description = "Show requests and responses on stderr, without the API key", Recursive = true };

    /// <summary><c>--timeout</c>.</summary>
    public static readonly Option<int?> Timeout = OptionRules.Integer(
        new Option<int?>("--timeout") { Description = "Seconds to wait for a response, 1 to 600", HelpName = "seconds", Recursive = true, DefaultValueFactory = _ => 15 },
        1,
        600);

    /// <summary>All of them, in the order of the help topic.</summary>
    public static readonly Option[] All = [Context, BaseUrl, ApiKey, Output, DryRun, Yes, Verbose, Timeout];
}
