namespace Xerotier.Xeroctl.Api;

/// <summary>A base URL: <c>https://host/&lt;project id&gt;/v1</c>, with or without a path before the project.</summary>
internal sealed class BaseAddress
{
    private readonly string source;
    private readonly string? project;

    private BaseAddress(Uri root, string? project, string source) => (Root, this.project, this.source) = (root, project, source);

    /// <summary>The deployment's address, ending in a slash: the root of <c>/status.json</c> and <c>/v1/platform</c>.</summary>
    public Uri Root { get; }

    /// <summary>The project's id.</summary>
    /// <exception cref="CliException">The URL names no project.</exception>
    public string Project => project ?? throw new CliException(ExitCodes.Usage, $"{source}: the base URL '{Root}' names no project; use the form https://host/<project id>/v1");

    /// <summary>Whether the URL names a project. A platform key needs no project.</summary>
    public bool HasProject => project is not null;

    /// <summary>The project's API, ending in <c>/v1/</c>.</summary>
    /// <exception cref="CliException">The URL names no project.</exception>
    public Uri Api => new(Root, $"{Project}/v1/");

    /// <summary>The URL in the form of the configuration file.</summary>
    public override string ToString() => project is null ? Root.ToString() : $"{Root}{project}/v1";

    /// <summary>Reads a base URL.</summary>
    /// <param name="text">The URL.</param>
    /// <param name="source">Where it comes from, for error messages: an option, a variable, or file and line.</param>
    /// <exception cref="CliException">It is not a valid base URL.</exception>
    public static BaseAddress Parse(string text, string source)
    {
        if (!Uri.TryCreate(text.Trim(), UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https") || uri.Host.Length == 0)
        {
            throw Wrong("is not an http or https URL");
        }

        if (uri.UserInfo.Length > 0 || uri.Query.Length > 0 || uri.Fragment.Length > 0)
        {
            throw Wrong("must not have a user name, a query or a fragment");
        }

        var path = uri.AbsolutePath.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (path is [.. var before, var id, "v1"] && IsProjectId(id))
        {
            return new(Root(uri, before), id, source);
        }

        return path.Any(segment => segment.StartsWith("proj_", StringComparison.Ordinal))
            ? throw Wrong("does not end in a project id and /v1; use the form https://host/<project id>/v1")
            : new(Root(uri, path is [.. var rest, "v1"] ? rest : path), null, source);

        // Before an @ there may be a password.
        CliException Wrong(string what) => new(ExitCodes.Usage, $"{source}: the base URL '{TerminalText.Line(text.LastIndexOf('@') is >= 0 and var at ? $"…{text[at..]}" : text)}' {what}");

        static Uri Root(Uri uri, string[] segments) =>
            new(uri.GetLeftPart(UriPartial.Authority) + "/" + string.Concat(segments.Select(segment => segment + "/")));
    }

    private static bool IsProjectId(string text) =>
        text.StartsWith("proj_", StringComparison.Ordinal) && text.Length is >= 11 and <= 37 && text.AsSpan(5).IndexOfAnyExcept(Letters) < 0;

    private static readonly System.Buffers.SearchValues<char> Letters =
        System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");
}
