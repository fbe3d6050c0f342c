using StackExchange.Redis;
using Xerotier.TestKit;

namespace Xerotier.HealthCollector.Tests;

/// <summary>One Redis for all tests that do not break it; each test empties it first.</summary>
public class RedisFixture : IAsyncLifetime
{
    private TestRedis? redis;

    public virtual string ConnectionString => redis!.ConnectionString;

    public virtual async ValueTask InitializeAsync() => redis = await TestRedis.StartAsync();

    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await (redis?.DisposeAsync() ?? ValueTask.CompletedTask);
    }

    /// <summary>Removes everything.</summary>
    public Task EmptyAsync() => EmptyAsync(ConnectionString);

    /// <inheritdoc cref="EmptyAsync()"/>
    public static async Task EmptyAsync(string redis)
    {
        await using var connection = await ConnectionMultiplexer.ConnectAsync(redis + ",allowAdmin=true");
        foreach (var server in connection.GetServers())
        {
            await server.FlushAllDatabasesAsync();
        }
    }

    /// <summary>The names of all keys like this one.</summary>
    public async Task<IReadOnlyList<string>> KeysAsync(string pattern = "*")
    {
        await using var connection = await ConnectionMultiplexer.ConnectAsync(ConnectionString);
        return [.. connection.GetServers().SelectMany(server => server.Keys(pattern: pattern)).Select(key => key.ToString())];
    }
}

/// <summary>The same with a Redis Cluster.</summary>
public sealed class RedisClusterFixture : RedisFixture
{
    public TestRedisCluster Cluster { get; private set; } = null!;

    public override string ConnectionString => Cluster.ConnectionString;

    public override async ValueTask InitializeAsync() => Cluster = await TestRedisCluster.StartAsync();

    public override async ValueTask DisposeAsync()
    {
        await Cluster.DisposeAsync();
        await base.DisposeAsync();
    }
}

/// <summary>A test on the shared Redis, which it finds empty.</summary>
[Collection("redis")]
public abstract class RedisTests(RedisFixture redis) : IAsyncLifetime
{
    protected RedisFixture Redis => redis;

    public virtual async ValueTask InitializeAsync() => await redis.EmptyAsync();

    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }
}

[CollectionDefinition("redis")]
public sealed class RedisCollection : ICollectionFixture<RedisFixture>;

/// <summary>Not beside tests on one Redis: some of those make every call to Redis fail that this process makes.</summary>
[CollectionDefinition("redis cluster", DisableParallelization = true)]
public sealed class RedisClusterCollection : ICollectionFixture<RedisClusterFixture>;

[Collection("redis cluster")]
public sealed class FleetStoreModelClusterTests(RedisClusterFixture redis) : FleetStoreModelTests(redis);

[Collection("redis cluster")]
public sealed class PlatformMonitorClusterTests(RedisClusterFixture redis) : PlatformMonitorTests(redis);

[Collection("redis cluster")]
public sealed class ProjectFleetsClusterTests(RedisClusterFixture redis) : ProjectFleetsTests(redis);

[Collection("redis cluster")]
public sealed class PreviousLayoutClusterTests(RedisClusterFixture redis) : PreviousLayoutTests(redis);

/// <summary>Tests that break a Redis of their own and measure this process's memory: nothing else runs beside them.</summary>
[CollectionDefinition("outages", DisableParallelization = true)]
public sealed class OutageCollection;
