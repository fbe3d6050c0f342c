using StackExchange.Redis;
using Xerotier.TestKit;

namespace Xerotier.HealthCollector.Tests;

/// <summary>One Redis for all tests that do not break it; each test empties it first.</summary>
public sealed class RedisFixture : IAsyncLifetime
{
    public TestRedis Redis { get; private set; } = null!;

    public string ConnectionString => Redis.ConnectionString;

    public async ValueTask InitializeAsync() => Redis = await TestRedis.StartAsync();

    public async ValueTask DisposeAsync() => await Redis.DisposeAsync();

    /// <summary>Removes everything.</summary>
    public Task EmptyAsync() => EmptyAsync(Redis);

    /// <inheritdoc cref="EmptyAsync()"/>
    public static async Task EmptyAsync(TestRedis redis)
    {
        await using var connection = await ConnectionMultiplexer.ConnectAsync(redis.ConnectionString + ",allowAdmin=true");
        await connection.GetServers()[0].FlushAllDatabasesAsync();
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

/// <summary>Tests that break a Redis of their own and measure this process's memory: nothing else runs beside them.</summary>
[CollectionDefinition("outages", DisableParallelization = true)]
public sealed class OutageCollection;
