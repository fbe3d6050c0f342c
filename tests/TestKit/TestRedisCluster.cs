using System.Globalization;

namespace Xerotier.TestKit;

/// <summary>A private Redis Cluster of three nodes without replicas. One that is away takes its slots with it and no others.</summary>
public sealed class TestRedisCluster : IAsyncDisposable
{
    private const int Slots = 16_384;

    private TestRedisCluster(IReadOnlyList<TestRedis> nodes) => Nodes = nodes;

    /// <summary>The nodes, in order of their slots.</summary>
    public IReadOnlyList<TestRedis> Nodes { get; }

    /// <summary>Names all nodes.</summary>
    public string ConnectionString => string.Join(',', Nodes.Select(node => $"127.0.0.1:{node.Port}").Append($"password={Nodes[0].Password}"));

    /// <summary>Starts one and waits until it is whole.</summary>
    public static async Task<TestRedisCluster> StartAsync()
    {
        var password = $"{Guid.NewGuid():N}";
        var nodes = new List<TestRedis>();
        var buses = new List<int>();
        for (var i = 0; i < 3; i++)
        {
            // By default the bus is 10,000 ports higher, among those that the system gives away.
            buses.Add(TestPorts.Free());
            nodes.Add(await TestRedis.StartNodeAsync(
                password, "--cluster-enabled", "yes", "--cluster-port", $"{buses[i]}", "--cluster-node-timeout", "1000", "--cluster-require-full-coverage", "no"));
        }

        var cluster = new TestRedisCluster(nodes);
        for (var i = 0; i < nodes.Count; i++)
        {
            await nodes[i].ExecuteAsync("CLUSTER", "ADDSLOTSRANGE", Slots * i / nodes.Count, (Slots * (i + 1) / nodes.Count) - 1);
        }

        for (var i = 1; i < nodes.Count; i++)
        {
            await nodes[0].ExecuteAsync("CLUSTER", "MEET", "127.0.0.1", nodes[i].Port, buses[i]);
        }

        await cluster.WholeAsync();
        return cluster;
    }

    /// <summary>The node that has a key.</summary>
    public async Task<TestRedis> NodeOfAsync(string key)
    {
        var slot = int.Parse(await Nodes[0].ExecuteAsync("CLUSTER", "KEYSLOT", key), CultureInfo.InvariantCulture);
        return Nodes[Enumerable.Range(0, Nodes.Count).Last(i => Slots * i / Nodes.Count <= slot)];
    }

    /// <summary>Waits until every node knows that all slots are served.</summary>
    public async Task WholeAsync()
    {
        foreach (var node in Nodes)
        {
            await Eventually.TrueAsync(async () => await node.ExecuteAsync("CLUSTER", "INFO") is var info
                && info.Contains("cluster_state:ok", StringComparison.Ordinal) && info.Contains($"cluster_slots_ok:{Slots}", StringComparison.Ordinal), "the cluster is whole");
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in Nodes)
        {
            await node.DisposeAsync();
        }
    }
}
