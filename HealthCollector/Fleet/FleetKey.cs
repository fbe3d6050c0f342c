using Xerotier.ServiceDefaults;

namespace Xerotier.HealthCollector.Fleet;

/// <summary>A fleet: one kind of sender of one owner. Ids are unique within it.</summary>
/// <param name="Kind">What it consists of.</param>
/// <param name="Owner">Id of the project, or <see cref="Caller.Platform"/>.</param>
internal readonly record struct FleetKey(SenderKind Kind, string Owner)
{
    /// <summary>The platform's routers.</summary>
    public static FleetKey Routers { get; } = new(SenderKind.Router, Caller.Platform);

    /// <summary>The platform's shared agents.</summary>
    public static FleetKey SharedAgents { get; } = new(SenderKind.Shared, Caller.Platform);

    /// <summary>The private agents of a project.</summary>
    public static FleetKey PrivateAgents(string projectId) => new(SenderKind.Private, projectId);
}
