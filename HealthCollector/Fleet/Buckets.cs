namespace Xerotier.HealthCollector.Fleet;

/// <summary>
/// The hash tags of Redis keys. A project's agents are in the bucket of the project's id, a router and a shared agent in that of its own.
/// What is in one bucket is written by one script, and Redis Cluster spreads the buckets over its nodes.
/// </summary>
internal static class Buckets
{
    /// <summary>
    /// How many there are. Not a setting, since it is part of the layout: collectors that differ in it would not see each other's
    /// fleets. Enough for a dozen nodes, and few enough that counting all of them takes Redis less than a millisecond.
    /// </summary>
    public const int Count = 64;

    /// <summary>Their numbers.</summary>
    public static IReadOnlyList<int> All { get; } = [.. Enumerable.Range(0, Count)];

    /// <summary>What the keys of a bucket begin with.</summary>
    public static IReadOnlyList<string> Prefixes { get; } = [.. All.Select(bucket => $"fleet:{{b{bucket:00}}}:")];

    /// <summary>The bucket of an id: FNV-1a, its bits mixed. Every release must find the same.</summary>
    public static int Of(string id)
    {
        var hash = 2_166_136_261u;
        foreach (var character in id)
        {
            hash = (hash ^ character) * 16_777_619;
        }

        hash = (hash ^ (hash >> 16)) * 0x85EB_CA6B;
        return (int)(hash >> 26);
    }
}
