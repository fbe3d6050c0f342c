using System.Diagnostics;
using Npgsql;
using StackExchange.Redis;
using Xerotier.TestKit;

namespace Xerotier.Faults.Tests;

/// <summary>A cluster with two of each service, 1,000 agents, and stores of its own behind proxies that can be slowed and cut.</summary>
internal sealed class FaultyCluster : IAsyncDisposable
{
    /// <summary>Ten seconds, as promised, with three times that as slack.</summary>
    private static readonly TimeSpan Recovery = TimeSpan.FromSeconds(30);

    private FaultyCluster(Cluster cluster, SmallDisk? disk, TestPostgres postgres, TestRedis redis, ChaosProxy postgresProxy, ChaosProxy redisProxy) =>
        (Cluster, Disk, Postgres, Redis, PostgresProxy, RedisProxy) = (cluster, disk, postgres, redis, postgresProxy, redisProxy);

    public static readonly string[] Services = ["gateway", "healthcollector", "maintenanceservice", "statusservice"];

    public Cluster Cluster { get; }

    /// <summary>Where PostgreSQL and the services keep their files; null where this user may not mount one.</summary>
    public SmallDisk? Disk { get; }

    public TestPostgres Postgres { get; }

    public TestRedis Redis { get; }

    public ChaosProxy PostgresProxy { get; }

    public ChaosProxy RedisProxy { get; }

    public static async Task<FaultyCluster> StartAsync()
    {
        var disk = await SmallDisk.TryMountAsync();
        var postgres = await TestPostgres.StartAsync(disk?.Folder, "max_connections=300", "max_wal_size=64MB", "min_wal_size=32MB");
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

        var cluster = await Cluster.StartAsync(new() { Replicas = 2, Settings = settings, DataFolder = disk is null ? null : Path.Combine(disk.Folder, "data") });
        await WellAsync(cluster, "the start");
        return new(cluster, disk, postgres, redis, postgresProxy, redisProxy);
    }

    /// <summary>Waits until everything answers as on a good day.</summary>
    public static async Task<TimeSpan> WellAsync(Cluster cluster, string after)
    {
        var watch = Stopwatch.StartNew();
        var trouble = "";
        while (watch.Elapsed < Recovery)
        {
            trouble = await TroubleAsync(cluster);
            if (trouble.Length == 0)
            {
                return watch.Elapsed;
            }

            await Task.Delay(100);
        }

        Assert.Fail($"Not well {Recovery.TotalSeconds} s after {after}: {trouble}");
        return default;
    }

    private static async Task<string> TroubleAsync(Cluster cluster)
    {
        try
        {
            for (var replica = 0; replica < 2; replica++)
            {
                using var http = cluster.Http(cluster.ApiKey, replica);
                http.Timeout = TimeSpan.FromSeconds(2);
                var page = await http.GetStringAsync("/status.json");
                if (!page.Contains("\"key\":\"operational\"", StringComparison.Ordinal) || !page.Contains("\"stale_since\":null", StringComparison.Ordinal))
                {
                    return $"gateway-{replica} shows {page[..Math.Min(200, page.Length)]}";
                }

                foreach (var path in new[] { "management/maintenance?limit=1", "health/dashboard?limit=1" })
                {
                    using var response = await http.GetAsync($"/{cluster.ProjectId}/v1/{path}");
                    if (!response.IsSuccessStatusCode)
                    {
                        return $"{path} answers {(int)response.StatusCode}";
                    }
                }
            }

            return "";
        }
        catch (Exception failure) when (failure is HttpRequestException or TaskCanceledException)
        {
            return failure.Message;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Cluster.DisposeAsync();
        await PostgresProxy.DisposeAsync();
        await RedisProxy.DisposeAsync();
        await Redis.DisposeAsync();
        await Postgres.DisposeAsync();
        if (Disk is not null)
        {
            await Disk.DisposeAsync();
        }
    }
}
