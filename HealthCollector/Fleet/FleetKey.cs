using Xerotier.ServiceDefaults;

namespace Xerotier.HealthCollector.Fleet;

/// <summary>The private agents of a project, or the part of the platform's routers or shared agents that is in one bucket. Ids are unique within it.</summary>
/// <param name="Kind">What it consists of.</param>
/// <param name="Owner">Id of the project, or <see cref="Caller.Platform"/>.</param>
/// <param name="Bucket">See <see cref="Buckets"/>.</param>
internal readonly record struct FleetKey(SenderKind Kind, string Owner, int Bucket)
{
    /// <summary>All of the platform's routers.</summary>
    public static IReadOnlyList<FleetKey> Routers { get; } = [.. Buckets.All.Select(bucket => new FleetKey(SenderKind.Router, Caller.Platform, bucket))];

    /// <summary>All of the platform's shared agents.</summary>
    public static IReadOnlyList<FleetKey> SharedAgents { get; } = [.. Buckets.All.Select(bucket => new FleetKey(SenderKind.Shared, Caller.Platform, bucket))];

    /// <summary>The key of its records, from which the others are derived.</summary>
    public string Root => Kind switch
    {
        SenderKind.Router => Buckets.Prefixes[Bucket] + "routers",
        SenderKind.Shared => Buckets.Prefixes[Bucket] + "shared",
        _ => $"{Buckets.Prefixes[Bucket]}private:{Owner}",
    };

    /// <summary>Where a router is.</summary>
    public static FleetKey OfRouter(string id) => Routers[Buckets.Of(id)];

    /// <summary>Where a shared agent is.</summary>
    public static FleetKey OfSharedAgent(string id) => SharedAgents[Buckets.Of(id)];

    /// <summary>The private agents of a project.</summary>
    public static FleetKey PrivateAgents(string projectId) => new(SenderKind.Private, projectId, Buckets.Of(projectId));
}
