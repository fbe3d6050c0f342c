using Xerotier.Gateway.Keys;
using Xerotier.Gateway.Page;
using Xerotier.Gateway.Proxy;

namespace Xerotier.Gateway;

/// <summary>Who may use a route.</summary>
internal enum Access
{
    /// <summary>Anyone; a key is ignored.</summary>
    Public,

    /// <summary>A key of the path's project, any scope.</summary>
    Project,

    /// <summary>A key of the path's project with scope <c>management</c>.</summary>
    Management,

    /// <summary>A key of the path's project with scope <c>heartbeat</c>.</summary>
    Heartbeat,

    /// <summary>A platform key.</summary>
    Platform,

    /// <summary>A platform key, or a key of any project with scope <c>heartbeat</c>: the key says whose.</summary>
    AnyHeartbeat,
}

/// <summary>Which bucket a request is taken from.</summary>
internal enum Limit
{
    /// <summary>None.</summary>
    None,

    /// <summary>The client IP's.</summary>
    Public,

    /// <summary>The key's.</summary>
    Key,

    /// <summary>The key's for heartbeats.</summary>
    Heartbeats,
}

/// <summary>Answers a request that may be answered.</summary>
internal delegate Task Handler(Call call);

/// <summary>One line of the public surface (product.md section 2).</summary>
/// <param name="Method">Its method; GET answers HEAD too.</param>
/// <param name="Pattern">Its path; <c>{…}</c> is one segment.</param>
/// <param name="Access">Who may use it.</param>
/// <param name="Handle">What answers.</param>
internal sealed record Route(string Method, string Pattern, Access Access, Handler Handle)
{
    /// <summary>Bytes of body that are taken.</summary>
    public long? MaxBody { get; init; } = 64 * 1024;

    /// <summary>Whether it is a gRPC method.</summary>
    public bool IsGrpc { get; init; }

    /// <summary>Which bucket its requests are taken from.</summary>
    public Limit Limit { get; init; } = Access == Access.Public ? Limit.Public : Limit.Key;
}

/// <summary>
/// The public surface: every path that the Gateway answers, with its policy. What is not here does not exist. Paths are matched as
/// sent, byte by byte, and passed on as matched: no decoding, no folding of case, slashes or dots that a service could read otherwise.
/// </summary>
internal sealed class Routes
{
    private const string Project = "/{project_id}/v1/";
    private const string Windows = Project + "management/maintenance";
    private const string Keys = Project + "management/keys";
    private readonly Pattern[] patterns;

    public Routes(EdgePage page, Health health, OpenApi openApi, KeyEndpoints keys, ProjectEndpoints projects, Forwarder forward)
    {
        const long heartbeats = 4 * 1024 * 1024; // what the HealthCollector takes, and a batch of 1,000 may need
        var windows = forward.To("maintenanceservice");
        All =
        [
            new("GET", "/", Access.Public, RedirectAsync),
            new("GET", "/status", Access.Public, page.ServeHtmlAsync),
            new("GET", "/status.json", Access.Public, page.ServeJsonAsync),
            new("GET", "/status/history", Access.Public, forward.To("statusservice")),
            new("GET", "/healthz", Access.Public, health.LiveAsync) { Limit = Limit.None },
            new("GET", "/readyz", Access.Public, health.ReadyAsync) { Limit = Limit.None },
            new("GET", "/openapi/v1.json", Access.Public, openApi.ServeAsync),

            new("GET", Project + "health/dashboard", Access.Project, forward.To("statusservice")),

            new("GET", Windows, Access.Management, windows),
            new("POST", Windows, Access.Management, windows),
            new("GET", Windows + "/{id}", Access.Management, windows),
            new("PATCH", Windows + "/{id}", Access.Management, windows),
            new("DELETE", Windows + "/{id}", Access.Management, windows),
            new("POST", Windows + "/{id}/complete", Access.Management, windows),
            new("POST", Windows + "/{id}/purge", Access.Management, windows),
            new("GET", Windows + "/{id}/events", Access.Management, windows),

            new("GET", Keys, Access.Management, keys.ListAsync),
            new("POST", Keys, Access.Management, keys.CreateAsync),
            new("POST", Keys + "/{id}/rotate", Access.Management, keys.RotateAsync),
            new("DELETE", Keys + "/{id}", Access.Management, keys.RevokeAsync),

            new("GET", "/v1/platform/projects", Access.Platform, projects.ListAsync),
            new("POST", "/v1/platform/projects", Access.Platform, projects.CreateAsync),
            new("POST", "/v1/platform/projects/{id}/keys", Access.Platform, keys.CreateFirstAsync),

            new("POST", Project + "heartbeats", Access.Heartbeat, forward.To("healthcollector")) { Limit = Limit.Heartbeats, MaxBody = heartbeats },
            new("POST", "/v1/platform/heartbeats", Access.Platform, forward.To("healthcollector")) { Limit = Limit.Heartbeats, MaxBody = heartbeats },
            new("POST", "/xerotier.health.v1.Heartbeats/Report", Access.AnyHeartbeat, forward.StreamTo("healthcollector")) { Limit = Limit.Heartbeats, MaxBody = null, IsGrpc = true },
        ];
        patterns = [.. All.GroupBy(route => route.Pattern).Select(group => new Pattern(group.Key, [.. group]))];
    }

    /// <summary>Every route.</summary>
    public IReadOnlyList<Route> All { get; }

    /// <summary>Finds the route of a request, or else who may hear that there is none.</summary>
    /// <param name="method">The method.</param>
    /// <param name="path">The path as sent.</param>
    public Match Find(string method, string path)
    {
        foreach (var pattern in patterns)
        {
            if (pattern.Matches(path, out var projectId, out var id))
            {
                var wanted = method == "HEAD" ? "GET" : method;
                foreach (var route in pattern.Routes)
                {
                    if (route.Method == wanted)
                    {
                        return new(route, route.Access, projectId, id, null);
                    }
                }

                var access = pattern.Routes[0].Access;
                return new(null, access is Access.Management or Access.Heartbeat ? Access.Project : access, projectId, id, pattern.Allow);
            }
        }

        // Only a key of the project learns what its project does not have.
        return path.StartsWith("/v1/platform/", StringComparison.Ordinal) || path == "/v1/platform" ? new(null, Access.Platform, null, null, null)
            : path.IndexOf('/', 1) is > 1 and var slash && path.AsSpan(slash) is var rest && (rest.StartsWith("/v1/", StringComparison.Ordinal) || rest is "/v1")
                ? new(null, Access.Project, path[1..slash], null, null)
            : new(null, Access.Public, null, null, null);
    }

    private static Task RedirectAsync(Call call)
    {
        call.Http.Response.StatusCode = StatusCodes.Status302Found;
        call.Http.Response.Headers.Location = "/status";
        return Task.CompletedTask;
    }

    private sealed class Pattern(string pattern, Route[] routes)
    {
        private readonly string[] segments = pattern[1..].Split('/');

        public Route[] Routes { get; } = routes;

        /// <summary>Value of <c>Allow</c>.</summary>
        public string Allow { get; } = string.Join(", ", routes.SelectMany(route => route.Method == "GET" ? ["GET", "HEAD"] : new[] { route.Method }));

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

                    // The project id is always first, so that it allocates only for paths that may be a project's.
                    if (name == "{project_id}")
                    {
                        projectId = path[1..end];
                    }
                    else
                    {
                        id = segment.ToString();
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

        /// <summary>A segment that reads the same to everyone: no escapes, no dots that move, nothing empty.</summary>
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
}

/// <summary>What <see cref="Routes.Find"/> found.</summary>
/// <param name="Route">The route, if there is one.</param>
/// <param name="Access">Who may use it, or may hear that there is none.</param>
/// <param name="ProjectId">The project in the path.</param>
/// <param name="Id">The id in the path.</param>
/// <param name="Allow">The methods of the path, where only the method was wrong.</param>
internal readonly record struct Match(Route? Route, Access Access, string? ProjectId, string? Id, string? Allow);

/// <summary>A request on its way.</summary>
/// <param name="Http">The request.</param>
/// <param name="Route">Its route.</param>
/// <param name="ProjectId">The project in the path.</param>
/// <param name="Id">The id in the path.</param>
/// <param name="Key">The key that it was let in with; null on public routes.</param>
/// <param name="Client">Where it comes from.</param>
internal sealed record Call(HttpContext Http, Route Route, string? ProjectId, string? Id, KnownKey? Key, ClientAddress Client)
{
    /// <summary>Ends with the client's connection.</summary>
    public CancellationToken Aborted => Http.RequestAborted;
}
