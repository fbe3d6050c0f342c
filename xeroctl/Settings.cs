using System.CommandLine;
using System.Globalization;

namespace Xerotier.Xeroctl;

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
        Description = "Use this context of the configuration file; its values then come before the environment",
        HelpName = "name",
        Recursive = true,
        CompletionSources = { _ => Completion.Contexts() },
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
        Description = $"API key; the environment is the safer place, other users can see command lines [env: {ApiKeyVariable}]",
        HelpName = "key",
        Recursive = true,
        Validators =
        {
            // An unset variable in a script must not end in another key than was meant.
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
    public static readonly Option<string?> Output = Choices.Of(
        new Option<string?>("--output", "-o")
        {
            Description = "table: a table on a terminal, tab-separated columns in a pipe; json: byte for byte what the API sent, or what the file holds without its keys",
            HelpName = "table|json",
            Recursive = true,
        },
        "table",
        "json");

    /// <summary><c>--dry-run</c>.</summary>
    public static readonly Option<bool> DryRun = new("--dry-run") { Description = "Print the request (or the file) and do nothing", Recursive = true };

    /// <summary><c>--yes</c>.</summary>
    public static readonly Option<bool> Yes = new("--yes", "-y") { Description = "Ask nothing", Recursive = true };

    /// <summary><c>--verbose</c>.</summary>
    public static readonly Option<bool> Verbose = new("--verbose", "-v") { Description = "Show the exchange with the server on stderr, without the API key", Recursive = true };

    /// <summary><c>--timeout</c>.</summary>
    public static readonly Option<int?> Timeout = Numbers.Of(
        new Option<int?>("--timeout") { Description = "Seconds to wait for an answer, 1 to 600", HelpName = "seconds", Recursive = true, DefaultValueFactory = _ => 15 },
        1,
        600);

    /// <summary>All of them, in the order of the help.</summary>
    public static readonly Option[] All = [Context, BaseUrl, ApiKey, Output, DryRun, Yes, Verbose, Timeout];
}

/// <summary>Options with a fixed set of values.</summary>
internal static class Choices
{
    /// <summary>Restricts <paramref name="option"/> to <paramref name="values"/>, which are completed too.</summary>
    public static Option<T> Of<T>(Option<T> option, params string[] values)
    {
        option.CompletionSources.Add(values);
        option.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(token => !values.Contains(token.Value)))
            {
                result.AddError($"{option.Name} takes {string.Join(", ", values[..^1])} or {values[^1]}, not '{token.Value}'");
            }
        });
        return option;
    }
}

/// <summary>Options that take a whole number.</summary>
internal static class Numbers
{
    /// <summary>Restricts <paramref name="option"/> to <paramref name="least"/> to <paramref name="most"/>.</summary>
    public static Option<int?> Of(Option<int?> option, int least, int most)
    {
        option.CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most)
            {
                return number;
            }

            result.AddError($"{option.Name} takes a whole number from {least} to {most}, not '{text}'");
            return null;
        };
        return option;
    }
}

/// <summary>Where to send requests, with which key, and what to print: flag over environment over file.</summary>
internal sealed class Settings
{
    private readonly Func<bool, string?> key;

    private Settings(BaseAddress address, Func<bool, string?> key, bool json) => (Address, this.key, Json) = (address, key, json);

    /// <summary>The base URL.</summary>
    public BaseAddress Address { get; }

    /// <summary>Whether <c>-o json</c> is in force.</summary>
    public bool Json { get; }

    /// <summary>The API key; for the platform's own routes <c>XEROTIER_PLATFORM_KEY</c> where it is set and no flag has a platform key.</summary>
    /// <exception cref="CliException">There is none.</exception>
    public string Key(bool platform) => key(platform)
        ?? throw new CliException(ExitCodes.Permission, $"there is no API key; set {(platform ? GlobalOptions.PlatformKeyVariable : GlobalOptions.ApiKeyVariable)}, give --api-key or add one with 'xeroctl config init'");

    /// <summary>Settles every value for one invocation.</summary>
    /// <exception cref="CliException">A value is wrong or missing, or the file is.</exception>
    public static Settings Resolve(ParseResult parse)
    {
        var flagUrl = parse.GetValue(GlobalOptions.BaseUrl);
        var flagKey = parse.GetValue(GlobalOptions.ApiKey);
        var flagContext = parse.GetValue(GlobalOptions.Context);
        var environmentUrl = Variable(GlobalOptions.BaseUrlVariable);
        var environmentKey = Variable(GlobalOptions.ApiKeyVariable);

        // A context that was named on the command line is a flag: its values come before the environment's.
        var chosen = flagContext is null ? null : ConfigFile.Load().Find(flagContext, "--context");
        var complete = (flagUrl ?? environmentUrl) is not null && (flagKey ?? environmentKey) is not null;
        var output = parse.GetValue(GlobalOptions.Output);
        var fallback = chosen ?? (complete && output is not null ? null : Current()); // of what is complete, the context still says how to print

        var (url, urlSource) =
            flagUrl is not null ? (flagUrl, "--base-url")
            : chosen?.BaseUrl is { } named ? (named.Text, named.Source)
            : environmentUrl is not null ? (environmentUrl, GlobalOptions.BaseUrlVariable)
            : fallback?.BaseUrl is { } current ? (current.Text, current.Source)
            : throw new CliException(ExitCodes.Usage, fallback is null
                ? $"there is no base URL; set {GlobalOptions.BaseUrlVariable}, give --base-url or start with 'xeroctl config init'"
                : $"{fallback.Source}: the context '{fallback.Name}' has no base_url");

        return new(
            BaseAddress.Parse(url, urlSource),
            platform => Usable(flagKey, "--api-key")
                ?? (platform && !HasPlatformKey(chosen) ? Usable(Variable(GlobalOptions.PlatformKeyVariable), GlobalOptions.PlatformKeyVariable) : null)
                ?? KeyOf(chosen)
                ?? Usable(environmentKey, GlobalOptions.ApiKeyVariable)
                ?? KeyOf(fallback),
            IsJson(output, fallback));
    }

    /// <summary>Whether to print JSON: the flag says so, else the context that is named or current.</summary>
    public static bool IsJson(string? flag, Deployment? context) => (flag ?? context?.Output?.Text) == "json";

    /// <summary>The key of a context, from the file or from the variable that it names.</summary>
    /// <exception cref="CliException">The variable is not set, or the key cannot be one.</exception>
    public static string? KeyOf(Deployment? deployment) => deployment switch
    {
        { ApiKey: { } key } => Usable(key.Text, key.Source),
        { ApiKeyEnvironment: { } name } => Usable(Variable(name.Text), name.Text)
            ?? throw new CliException(ExitCodes.Permission, $"{name.Source}: the variable '{Printable.Line(name.Text)}' that should hold the API key is not set"),
        _ => null,
    };

    /// <summary>Whether it is the key of the platform's operators, which no project's route takes, and their routes no other.</summary>
    public static bool IsPlatformKey(string? key) => key?.Trim().StartsWith("xero_platform_", StringComparison.Ordinal) == true;

    /// <summary>An environment variable; an empty one counts as not set.</summary>
    public static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    /// <summary>A key without the blanks around it.</summary>
    /// <exception cref="CliException">It has characters that no key has and no header may carry.</exception>
    public static string? Usable(string? key, string source) =>
        key?.Trim() is not { Length: > 0 } trimmed ? null
        : trimmed.AsSpan().IndexOfAnyExceptInRange('!', '~') < 0 ? trimmed
        : throw new CliException(ExitCodes.Usage, $"{source}: the API key has characters that no API key has");

    private static bool HasPlatformKey(Deployment? deployment) =>
        IsPlatformKey(deployment?.ApiKeyEnvironment is { } name ? Variable(name.Text) : deployment?.ApiKey?.Text);

    private static Deployment? Current()
    {
        var file = ConfigFile.Load();
        return file.Current is { } current ? file.Find(current.Text, current.Source) : null;
    }
}
