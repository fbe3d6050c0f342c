using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Npgsql;
using StackExchange.Redis;
using Xerotier.TestKit;

namespace Xerotier.Faults.Tests;

/// <summary>A cluster with two of each service, 1,000 agents, and stores of its own behind proxies that can be slowed and cut.</summary>
public class FaultyCluster : IAsyncLifetime
{
    /// <summary>Ten seconds, as promised, with three times that as slack.</summary>
    internal static readonly TimeSpan Recovery = TimeSpan.FromSeconds(30);

    public static readonly IReadOnlyList<string> Services = ["console", "gateway", "healthcollector", "maintenanceservice", "notificationservice", "statusservice"];

    /// <summary>What the simulated fleet is told of where it speaks to.</summary>
    private const string FleetsGateway = "XEROTIER_GRPC_URL";

    private readonly Stack<IAsyncDisposable> started = new();
    private readonly ConcurrentDictionary<(string From, string Variable), Link> links = new();
    private readonly Dictionary<string, ClockOffset> clocks = [];
    private ChaosProxy? fleetsWay;

    public Cluster Cluster { get; private set; } = null!;

    /// <summary>Where PostgreSQL and the services keep their files; null where this user may not mount one.</summary>
    public SmallDisk? Disk { get; private set; }

    public TestPostgres Postgres { get; private set; } = null!;

    public TestRedis Redis { get; private set; } = null!;

    public ChaosProxy PostgresProxy { get; private set; } = null!;

    public ChaosProxy RedisProxy { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        try
        {
            await StartAsync();
        }
        catch
        {
            await DisposeAsync(); // nobody else would
            throw;
        }
    }

    /// <summary>Whether each way from a service to the second instance of another one leads through a proxy, and each first instance's clock can be set.</summary>
    protected virtual bool IsBreakable => false;

    /// <summary>The ways between services that can be cut.</summary>
    public IReadOnlyCollection<Link> Links => [.. links.Values];

    /// <summary>The clocks that can be set, by instance; none where there is no C compiler.</summary>
    public IReadOnlyDictionary<string, ClockOffset> Clocks => clocks;

    private async Task StartAsync()
    {
        Disk = Keep(await SmallDisk.TryMountAsync());
        Postgres = Keep(await TestPostgres.StartAsync(Disk?.Folder, "max_connections=300", "max_wal_size=64MB", "min_wal_size=32MB"));
        Redis = Keep(await TestRedis.StartAsync());
        PostgresProxy = Keep(new ChaosProxy(() => new NpgsqlConnectionStringBuilder(Postgres.AdminConnectionString).Port));
        var redisOptions = ConfigurationOptions.Parse(Redis.ConnectionString);
        RedisProxy = Keep(new ChaosProxy(() => ((System.Net.IPEndPoint)redisOptions.EndPoints[0]).Port));
        var settings = new Dictionary<string, string?>
        {
            ["ConnectionStrings__redis"] = $"127.0.0.1:{RedisProxy.Port},password={redisOptions.Password}",
            ["RateLimits__KeyPerMinute"] = "0",
            ["RateLimits__ProjectPerMinute"] = "0",
            ["RateLimits__PublicPerMinute"] = "0",
            ["RateLimits__PublicQueriesPerMinute"] = "0",
            ["RateLimits__HeartbeatsPerMinute"] = "0",
            ["RateLimits__ProjectHeartbeatsPerMinute"] = "0",
            ["Simulator__PrivateAgents"] = "1000",
        };
        foreach (var name in new[] { "gatewaydb", "maintenancedb", "notificationsdb", "statusdb" })
        {
            var database = new NpgsqlConnectionStringBuilder(await Postgres.CreateDatabaseAsync()) { Port = PostgresProxy.Port };
            settings[$"ConnectionStrings__{name}"] = database.ConnectionString;
        }

        Cluster = Keep(await Cluster.StartAsync(new() { Replicas = 2, Settings = settings, DataFolder = Disk is null ? null : Path.Combine(Disk.Folder, "data"), Configure = Configure }));
        await WellAsync(Cluster, "the start");
    }

    /// <summary>Starts a synchronous standby of PostgreSQL.</summary>
    public async Task<TestPostgres> StartStandbyAsync() => Keep(await Postgres.StartSynchronousStandbyAsync());

    /// <summary>Kills PostgreSQL, and leads everybody to the standby that is promoted in its place.</summary>
    public async Task FailOverAsync(TestPostgres standby)
    {
        await Postgres.KillAsync();
        await standby.PromoteAsync();
        Postgres = standby;
    }

    /// <summary>What a service is told of the second instances of others leads through a proxy; the first one of each gets a clock of its own. The fleet finds either Gateway.</summary>
    private void Configure(IResourceBuilder<ProjectResource> project)
    {
        var name = project.Resource.Name;
        if (name == "fleetsimulator")
        {
            project.WithEnvironment(context =>
            {
                var first = (EndpointReference)context.EnvironmentVariables[FleetsGateway];
                var second = project.ApplicationBuilder.Resources.OfType<IResourceWithEndpoints>().Single(resource => resource.Name == "gateway-1").GetEndpoint(first.EndpointName);
                fleetsWay ??= Keep(new ChaosProxy(() => IsListening(first.Port) ? first.Port : second.Port));
                context.EnvironmentVariables[FleetsGateway] = $"http://127.0.0.1:{fleetsWay.Port}";
                context.EnvironmentVariables["Fleet__StaleAfterSeconds"] = "6"; // it speaks every two seconds, so that what a fault delays is not silence
            });
            return;
        }

        if (!IsBreakable || !Services.Any(service => name.StartsWith(service, StringComparison.Ordinal)))
        {
            return;
        }

        if (name.EndsWith("-0", StringComparison.Ordinal) && ClockOffset.TryCreate() is { } clock)
        {
            clocks[name] = clock;
            foreach (var (variable, value) in clock.Environment)
            {
                project.WithEnvironment(variable, value);
            }
        }

        project.WithEnvironment(context =>
        {
            foreach (var (variable, value) in context.EnvironmentVariables.ToList())
            {
                if (variable.StartsWith("services__", StringComparison.Ordinal) && value is EndpointReference endpoint && endpoint.Resource.Name.EndsWith("-1", StringComparison.Ordinal))
                {
                    var link = links.GetOrAdd((name, variable), _ => new(name, endpoint.Resource.Name, new ChaosProxy(() => endpoint.Port)));
                    context.EnvironmentVariables[variable] = $"http://127.0.0.1:{link.Proxy.Port}";
                }
            }
        });
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
        var asked = "";
        try
        {
            for (var replica = 0; replica < 2; replica++)
            {
                using var http = cluster.Http(cluster.ApiKey, replica);
                http.Timeout = TimeSpan.FromSeconds(2);
                asked = $"the page of gateway-{replica}";
                var page = await http.GetStringAsync("/status.json");
                using var status = JsonDocument.Parse(page);
                if (status.RootElement.GetProperty("stale_since").ValueKind is not JsonValueKind.Null
                    || status.RootElement.GetProperty("indicators").EnumerateArray().Any(indicator => indicator.GetProperty("status").GetString() != "operational")) // whatever windows the load has left active
                {
                    return $"gateway-{replica} shows {page[..Math.Min(200, page.Length)]}";
                }

                foreach (var path in new[] { "management/maintenance?limit=1", "health/dashboard?limit=1" })
                {
                    asked = $"{path} of gateway-{replica}";
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
            return $"{asked}: {failure.Message}";
        }
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        while (started.TryPop(out var part))
        {
            await part.DisposeAsync();
        }

        foreach (var link in links.Values)
        {
            await link.Proxy.DisposeAsync();
        }

        foreach (var clock in clocks.Values)
        {
            clock.Dispose();
        }
    }

    private static bool IsListening(int port)
    {
        using var client = new TcpClient();
        try
        {
            client.Connect(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private T Keep<T>(T part)
    {
        if (part is IAsyncDisposable disposable)
        {
            started.Push(disposable);
        }

        return part;
    }
}

/// <summary>One whose ways between services can be cut, and whose clocks can be set.</summary>
public sealed class BreakableCluster : FaultyCluster
{
    protected override bool IsBreakable => true;
}

/// <summary>One for test after test.</summary>
public sealed class SharedCluster : IAsyncDisposable
{
    private BreakableCluster? cluster;

    /// <summary>The one that is there, or a new one.</summary>
    public async Task<BreakableCluster> TakeAsync()
    {
        if (cluster is null)
        {
            var started = new BreakableCluster();
            await started.InitializeAsync();
            cluster = started;
        }

        return cluster;
    }

    /// <summary>Ends it; the next test has a new one.</summary>
    public async ValueTask DisposeAsync()
    {
        if (cluster is { } taken)
        {
            cluster = null;
            await taken.DisposeAsync();
        }
    }
}

/// <summary>A way from one instance to another, through a proxy.</summary>
public sealed record Link(string From, string To, ChaosProxy Proxy);

/// <summary>The tests that start a cluster, one after the other.</summary>
[CollectionDefinition]
public sealed class FaultyClusterTests;
