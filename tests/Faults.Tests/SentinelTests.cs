using StackExchange.Redis;
using Xerotier.TestKit;

namespace Xerotier.Faults.Tests;

/// <summary>Redis under Sentinel, by connection string alone.</summary>
[Collection<FaultyClusterTests>]
public sealed class SentinelTests
{
    [Fact]
    public async Task The_services_follow_a_failover_and_the_fleet_is_there_again()
    {
        await using var primary = await TestRedis.StartAsync();
        await using var replica = await primary.StartReplicaAsync();
        var (sentinels, connectionString) = await primary.StartSentinelsAsync();
        try
        {
            await using var connection = await ConnectionMultiplexer.ConnectAsync(replica.ConnectionString + ",allowAdmin=true");
            var server = connection.GetServers().Single();
            await Eventually.TrueAsync(async () => (await server.InfoAsync("replication")).Single().Any(entry => entry is { Key: "master_link_status", Value: "up" }), "the replica follows");
            await using var cluster = await Cluster.StartAsync(new() { Replicas = 2, Settings = new Dictionary<string, string?> { ["ConnectionStrings__redis"] = connectionString } });
            await FaultyCluster.WellAsync(cluster, "the start");

            await primary.KillAsync();
            await Eventually.TrueAsync(() => IsPrimaryAsync(server), "the replica is promoted");
            await server.FlushAllDatabasesAsync(); // what is there from now on was written to it
            await Eventually.TrueAsync(async () => await server.DatabaseSizeAsync() > 0, "heartbeats arrive");
            await FaultyCluster.WellAsync(cluster, "the failover");
        }
        finally
        {
            foreach (var sentinel in sentinels)
            {
                await sentinel.DisposeAsync();
            }
        }
    }

    private static async Task<bool> IsPrimaryAsync(IServer server)
    {
        try
        {
            return await server.RoleAsync() is Role.Master;
        }
        catch (RedisException)
        {
            return false; // its promotion ends connections
        }
    }
}
