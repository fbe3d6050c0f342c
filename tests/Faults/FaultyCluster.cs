using Npgsql;
using StackExchange.Redis;
using Xerotier.TestKit;

namespace Xerotier.Faults.Tests;

/// <summary>A cluster with two of each service, 1,000 agents, and stores of its own behind proxies that can be slowed and cut.</summary>
internal sealed class FaultyCluster : IAsyncDisposable
{
    private FaultyCluster(Cluster cluster, TestPostgres postgres, TestRedis redis, ChaosProxy postgresProxy, ChaosProxy redisProxy) =>
        (Cluster, Postgres, Redis, PostgresProxy, RedisProxy) = (cluster, postgres, redis, postgresProxy, redisProxy);

    public static readonly string[] Services = ["gateway", "healthcollector", "maintenanceservice", "statusservice"];

    public Cluster Cluster { get; }

    public TestPostgres Postgres { get; }

    public TestRedis Redis { get; }

    public ChaosProxy PostgresProxy { get; }

    public ChaosProxy RedisProxy { get; }

    public static async Task<FaultyCluster> StartAsync()
    {
        var postgres = await TestPostgres.StartAsync("max_connections=300");
        var redis = await TestRedis.StartAsync();
        var postgresProxy = new ChaosProxy(new NpgsqlConnectionStringBuilder(postgres.AdminConnectionString).Port);
        var redisOptions = ConfigurationOptions.Parse(redis.ConnectionString);
        var redisProxy = new ChaosProxy(((System.Net.IPEndPoint)redisOptions.EndPoints[0]).Port);
        var settings = new Dictionary<string, string?>
        {
            ["ConnectionStrings__redis"] = $"127.0.0.1:{redisProxy.Port},password={redisOptions.Password}",
            ["RateLimits__KeyPerMinute"] = "0",
            ["RateLimits__PublicPerMinute"] = "0",
            ["RateLimits__HeartbeatsPerMinute"] = "0",
            ["private-agents"] = "1000", // read by the simulator
        };
        foreach (var name in new[] { "gatewaydb", "maintenancedb", "statusdb" })
        {
            var database = new NpgsqlConnectionStringBuilder(await postgres.CreateDatabaseAsync()) { Port = postgresProxy.Port };
            settings[$"ConnectionStrings__{name}"] = database.ConnectionString;
        }

        return new(await Cluster.StartAsync(new() { Replicas = 2, Settings = settings }), postgres, redis, postgresProxy, redisProxy);
    }

    public async ValueTask DisposeAsync()
    {
        await Cluster.DisposeAsync();
        await PostgresProxy.DisposeAsync();
        await RedisProxy.DisposeAsync();
        await Redis.DisposeAsync();
        await Postgres.DisposeAsync();
    }
}
