using Xerotier.Gateway.Metrics;

namespace Xerotier.Gateway.Edge;

/// <summary>One path of the public surface, with the routes of its methods.</summary>
/// <param name="template">The path; <c>{…}</c> is one segment, <c>{token}</c> one that may be a token, and <c>{path}</c> at the end everything that is left, which may be nothing.</param>
/// <param name="routes">A route for each method.</param>
internal sealed class RoutePattern(string template, Route[] routes)
{
    private const string Rest = "{path}";
    private const int TokenLength = 43; // base64url characters of 256 bits
    private readonly string[] segments = template[1..].Split('/');

    /// <summary>A route for each method.</summary>
    public Route[] Routes { get; } = routes;

    /// <summary>The metric tags of its requests.</summary>
    public RequestTags Tags { get; } = new(template, timedOneIn: routes.Any(route => route.IsInMemory) ? 16 : 1);

    /// <summary>Whether pages of other origins may read what it responds; then it responds to OPTIONS too.</summary>
    public bool AllowsAnyOrigin { get; } = routes.Any(route => route.AllowsAnyOrigin);

    /// <summary>Value of <c>Allow</c>.</summary>
    public string Allow { get; } = string.Join(", ", routes.SelectMany(route => route.Method == "GET" ? route.AllowsAnyOrigin ? ["GET", "HEAD", "OPTIONS"] : ["GET", "HEAD"] : new[] { route.Method }));

    /// <summary>Whether <paramref name="path"/> has this form, byte by byte.</summary>
    /// <param name="path">The path as sent.</param>
    /// <param name="projectId">Its project id, if the pattern has one.</param>
    /// <param name="id">Its first other id, if the pattern has one.</param>
    public bool Matches(string path, out string? projectId, out string? id)
    {
        projectId = id = null;
        if (path.Length == 0 || path[0] != '/')
        {
            return false;
        }

        var at = 1;
        for (var i = 0; i < segments.Length; i++)
        {
            if (segments[i] == Rest)
            {
                return IsPlainPath(path.AsSpan(at));
            }

            var end = path.IndexOf('/', at);
            if ((end < 0) != (i == segments.Length - 1))
            {
                return false;
            }

            var segment = path.AsSpan(at, (end < 0 ? path.Length : end) - at);
            if (segments[i] is ['{', ..] name)
            {
                if (!IsPlain(segment))
                {
                    return false;
                }

                if (name == "{project_id}")
                {
                    projectId = segment.ToString();
                }
                else if (name == "{token}")
                {
                    if (!IsToken(segment))
                    {
                        return false;
                    }
                }
                else
                {
                    id ??= segment.ToString(); // a further id is of something within the object
                }
            }
            else if (!segment.SequenceEqual(segments[i]))
            {
                return false;
            }

            at = end + 1;
        }

        return true;
    }

    private static bool IsToken(ReadOnlySpan<char> segment) => segment.Length == TokenLength && !segment.ContainsAny('.', '~');

    /// <summary>Whether every reader of the rest of a path sees the same segments: none begins with a dot, and none but the last is empty.</summary>
    private static bool IsPlainPath(ReadOnlySpan<char> rest)
    {
        if (rest.Length > 512)
        {
            return false;
        }

        var before = '/';
        foreach (var c in rest)
        {
            if ((!char.IsAsciiLetterOrDigit(c) && c is not ('/' or '_' or '.' or ':' or '-')) || (before == '/' && c is '/' or '.') || (before == '.' && c == '.'))
            {
                return false;
            }

            before = c;
        }

        return true;
    }

    /// <summary>Whether every reader of the segment sees the same text: it is not empty and has no escapes and no relative dots.</summary>
    private static bool IsPlain(ReadOnlySpan<char> segment)
    {
        if (segment.Length is 0 or > 128 || segment is "." or "..")
        {
            return false;
        }

        foreach (var c in segment)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('_' or '-' or '.' or '~'))
            {
                return false;
            }
        }

        return true;
    }
}
