namespace Xerotier.Gateway.Edge;

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

    /// <summary>A platform key, or a key of any project with scope <c>heartbeat</c>: the key names the project.</summary>
    AnyHeartbeat,
}
