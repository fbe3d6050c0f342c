using System.CommandLine;

namespace Xerotier.Xeroctl.Configuration;

/// <summary>Where to send requests, with which key, and what to print: flag over environment over file.</summary>
internal sealed class Settings
{
    private readonly Func<bool, string?> key;

    private Settings(BaseAddress address, Func<bool, string?> key, bool json) => (Address, this.key, Json) = (address, key, json);

    /// <summary>The base URL.</summary>
    public BaseAddress Address { get; }

    /// <summary>Whether to print JSON.</summary>
    public bool Json { get; }

    /// <summary>The API key; for the platform's own routes <c>XEROTIER_PLATFORM_KEY</c> where it is set and no flag has a platform key.</summary>
    /// <exception cref="CliException">There is none.</exception>
    public string Key(bool platform) => key(platform)
        ?? throw new CliException(ExitCodes.Permission, $"no API key; set {(platform ? GlobalOptions.PlatformKeyVariable : GlobalOptions.ApiKeyVariable)}, pass --api-key or run 'xeroctl config init'");

    /// <summary>Decides every value for one invocation.</summary>
    /// <exception cref="CliException">A value or the file is wrong or missing.</exception>
    public static Settings Resolve(ParseResult parse)
    {
        var flagUrl = parse.GetValue(GlobalOptions.BaseUrl);
        var flagKey = parse.GetValue(GlobalOptions.ApiKey);
        var flagContext = parse.GetValue(GlobalOptions.Context);
        var environmentUrl = Variable(GlobalOptions.BaseUrlVariable);
        var environmentKey = Variable(GlobalOptions.ApiKeyVariable);

        // A context named on the command line is a flag: its values override the environment.
        var chosen = flagContext is null ? null : ConfigFile.Load().Find(flagContext, "--context");
        var complete = (flagUrl ?? environmentUrl) is not null && (flagKey ?? environmentKey) is not null;
        var output = parse.GetValue(GlobalOptions.Output);
        var fallback = chosen ?? (complete && output is not null ? null : Current()); // even if URL and key are complete, the context says how to print

        var (url, urlSource) =
            flagUrl is not null ? (flagUrl, "--base-url")
            : chosen?.BaseUrl is { } named ? (named.Text, named.Source)
            : environmentUrl is not null ? (environmentUrl, GlobalOptions.BaseUrlVariable)
            : fallback?.BaseUrl is { } current ? (current.Text, current.Source)
            : throw new CliException(ExitCodes.Usage, fallback is null
                ? $"no base URL; set {GlobalOptions.BaseUrlVariable}, pass --base-url or run 'xeroctl config init'"
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

    /// <summary>Whether to print JSON: by the flag, else by the named or current context.</summary>
    public static bool IsJson(string? flag, Deployment? context) => (flag ?? context?.Output?.Text) == "json";

    /// <summary>The key of a context, from the file or from the variable that it names.</summary>
    /// <exception cref="CliException">The variable is not set, or the key is malformed.</exception>
    public static string? KeyOf(Deployment? deployment) => deployment switch
    {
        { ApiKey: { } key } => Usable(key.Text, key.Source),
        { ApiKeyEnvironment: { } name } => Usable(Variable(name.Text), name.Text)
            ?? throw new CliException(ExitCodes.Permission, $"{name.Source}: the variable '{TerminalText.Line(name.Text)}' for the API key is not set"),
        _ => null,
    };

    /// <summary>Whether it is a platform key. Project routes reject platform keys, and platform routes reject all others.</summary>
    public static bool IsPlatformKey(string? key) => key?.Trim().StartsWith("xero_platform_", StringComparison.Ordinal) == true;

    /// <summary>An environment variable; an empty one counts as not set.</summary>
    public static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    /// <summary>A key without surrounding whitespace.</summary>
    /// <exception cref="CliException">It has characters that an API key cannot have.</exception>
    public static string? Usable(string? key, string source) =>
        key?.Trim() is not { Length: > 0 } trimmed ? null
        : trimmed.AsSpan().IndexOfAnyExceptInRange('!', '~') < 0 ? trimmed
        : throw new CliException(ExitCodes.Usage, $"{source}: the API key has characters that an API key cannot have");

    private static bool HasPlatformKey(Deployment? deployment) =>
        IsPlatformKey(deployment?.ApiKeyEnvironment is { } name ? Variable(name.Text) : deployment?.ApiKey?.Text);

    private static Deployment? Current()
    {
        var file = ConfigFile.Load();
        return file.Current is { } current ? file.Find(current.Text, current.Source) : null;
    }
}
