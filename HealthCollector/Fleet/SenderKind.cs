namespace Xerotier.HealthCollector.Fleet;

/// <summary>What sends heartbeats.</summary>
internal enum SenderKind
{
    /// <summary>A router of the platform.</summary>
    Router,

    /// <summary>An agent of the platform.</summary>
    Shared,

    /// <summary>An agent of one project.</summary>
    Private,
}
