using System.Buffers;

namespace Xerotier.Gateway.ConsolePages;

/// <summary>Where somebody goes on who had to sign in first.</summary>
internal static class ReturnPath
{
    /// <summary>The first page of the console.</summary>
    public const string Default = "/console/";

    private const int MaxLength = 1024;
    private static readonly RoutePattern Below = new("/console/{path}", []);

    // What a query may hold after RFC 3986.
    private static readonly SearchValues<char> QueryCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%!$&'()*+,;=:@/?");

    /// <summary>Whether <paramref name="path"/>, with its query, is below the console and nowhere else, however a browser reads it.</summary>
    public static bool IsSafe(string path)
    {
        var query = path.IndexOf('?', StringComparison.Ordinal);
        return path.Length <= MaxLength
            && Below.Matches(query < 0 ? path : path[..query], out _, out _)
            && (query < 0 || !path.AsSpan(query + 1).ContainsAnyExcept(QueryCharacters));
    }

    /// <summary>The page to sign in on, which leads on to <paramref name="path"/>.</summary>
    public static string SignIn(string? path, string? error = null)
    {
        var isSafe = path is not null && IsSafe(path);
        var query = string.Join('&', new[] { error is null ? null : $"error={error}", isSafe ? $"return={Uri.EscapeDataString(path!)}" : null }.OfType<string>());
        return query.Length == 0 ? "/console/sign-in" : $"/console/sign-in?{query}";
    }
}
