namespace Xerotier.Gateway.Limits;

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
