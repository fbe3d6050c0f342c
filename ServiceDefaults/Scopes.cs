namespace Xerotier.ServiceDefaults;

/// <summary>Scopes of API keys (product.md section 2), and the one of services.</summary>
public static class Scopes
{
    /// <summary>Windows and keys of the project.</summary>
    public const string Management = "management";

    /// <summary>Inference; here it only reads the dashboard.</summary>
    public const string Inference = "inference";

    /// <summary>Heartbeats of private agents.</summary>
    public const string Heartbeat = "heartbeat";

    /// <summary>Projects, first keys, and heartbeats of routers and shared agents.</summary>
    public const string Platform = "platform";

    /// <summary>Held by services only, never by a key.</summary>
    public const string Service = "service";

    /// <summary>What anybody may ask for without a key; of the Gateway's tokens only.</summary>
    public const string Public = "public";
}

/// <summary>Names of the authorisation policies that a route group can require. The fallback policy refuses whatever names none.</summary>
public static class Policies
{
    /// <summary>A key of the route's <c>{projectId}</c>, any scope.</summary>
    public const string Project = "project";

    /// <summary>A key of the route's <c>{projectId}</c> with scope <c>management</c>.</summary>
    public const string Management = "management";

    /// <summary>A key with scope <c>heartbeat</c> or <c>platform</c>.</summary>
    public const string Heartbeats = "heartbeats";

    /// <summary>A platform key.</summary>
    public const string Platform = "platform";

    /// <summary>Another service of this cluster.</summary>
    public const string Service = "service";

    /// <summary>Anybody, by way of the Gateway.</summary>
    public const string Public = "public";
}
