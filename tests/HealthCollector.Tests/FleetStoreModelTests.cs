using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using StackExchange.Redis;
using Xerotier.Health.V1;
using Xerotier.HealthCollector.Fleet;
using Xerotier.ServiceDefaults;

namespace Xerotier.HealthCollector.Tests;

/// <summary>Random heartbeats and sign-offs, written by two collectors in any order, compared with a model of the rules.</summary>
public class FleetStoreModelTests(RedisFixture redis) : RedisTests(redis)
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task The_store_agrees_with_the_newest_heartbeat_of_each_sender(int seed)
    {
        await using var connection = await ConnectionMultiplexer.ConnectAsync(Redis.ConnectionString);
        var random = new Random(seed);
        var time = new FakeTimeProvider(new(2026, 11, 3, 14, 0, 0, TimeSpan.Zero));
        using var metrics = new CollectorMetrics();
        var previous = new PreviousLayout(connection, NullLogger<PreviousLayout>.Instance);
        await using var meters = new ServiceCollection().AddMetrics().BuildServiceProvider();
        using var clock = new RedisClock(connection, time, meters.GetRequiredService<IMeterFactory>(), NullLogger<RedisClock>.Instance); // never measured
        FleetStore[] collectors = [.. Enumerable.Range(0, 2).Select(_ => new FleetStore(connection, previous, metrics, Options.Create(new FleetOptions()), clock, time))];
        var newest = new Dictionary<(SenderKind Kind, string Id), ReceivedHeartbeat>();

        for (var step = 0; step < 150; step++)
        {
            time.Advance(TimeSpan.FromMilliseconds(random.Next(2_000)));
            var kind = (SenderKind)random.Next(3);
            var heartbeats = Enumerable.Range(0, 12).Where(_ => random.Next(3) == 0).Select(id => Heartbeat(random, kind, $"id{id}", time)).ToList();
            foreach (var part in heartbeats.GroupBy(heartbeat => FleetOf(kind, heartbeat.Id)))
            {
                var result = await collectors[random.Next(2)].WriteAsync(part.Key.Bucket, [new(part.Key, part.ToArray())]);
                Assert.Empty(result.Refused);
                Assert.Empty(result.Failed);
            }

            foreach (var heartbeat in heartbeats)
            {
                if (!newest.TryGetValue((kind, heartbeat.Id), out var known) || known.ReceivedAt <= heartbeat.ReceivedAt)
                {
                    newest[(kind, heartbeat.Id)] = heartbeat;
                }
            }

            await AssertAgreesAsync(collectors[random.Next(2)], newest, time.GetUtcNow());
        }
    }

    private static FleetKey FleetOf(SenderKind kind, string id) => kind switch
    {
        SenderKind.Router => FleetKey.OfRouter(id),
        SenderKind.Shared => FleetKey.OfSharedAgent(id),
        _ => FleetKey.PrivateAgents("proj_ABC123"),
    };

    private static ReceivedHeartbeat Heartbeat(Random random, SenderKind kind, string id, FakeTimeProvider time)
    {
        // Received up to 5 s ago by a collector that was slow to write it.
        var receivedAt = FleetRules.ToMicroseconds(time.GetUtcNow() - TimeSpan.FromMilliseconds(random.Next(5_000)));
        var isUp = random.Next(4) > 0;
        if (kind == SenderKind.Router)
        {
            return new(id, receivedAt, isUp, HeartbeatRecord.Of(new RouterHeartbeat { RouterId = id, State = isUp ? RouterState.Online : RouterState.Offline }));
        }

        var agent = new AgentHeartbeat { WorkerId = id, Kind = kind == SenderKind.Shared ? AgentKind.Shared : AgentKind.Private, ActiveRequests = random.Next(100) };
        if (kind == SenderKind.Shared)
        {
            agent.Endpoints.Add(new[] { "proj_ABC123/chat", "proj_DEF456/chat", "proj_GHI789/chat" }.Where(_ => random.Next(2) == 0));
        }

        return new(id, receivedAt, isUp, HeartbeatRecord.Of(agent));
    }

    private static async Task AssertAgreesAsync(FleetStore store, Dictionary<(SenderKind Kind, string Id), ReceivedHeartbeat> newest, DateTimeOffset now)
    {
        var fresh = FleetRules.FreshSince(now, TimeSpan.FromSeconds(30));
        ReceivedHeartbeat[] Of(SenderKind kind) => [.. newest
            .Where(pair => pair.Key.Kind == kind && (kind == SenderKind.Router || pair.Value.IsUp))
            .Select(pair => pair.Value).OrderBy(heartbeat => heartbeat.Id, StringComparer.Ordinal)];

        var counts = await store.ObservePlatformAsync(now);
        var (routers, shared) = (Of(SenderKind.Router), Of(SenderKind.Shared));
        Assert.Equal(
            (routers.Length, routers.Count(heartbeat => heartbeat.IsUp && heartbeat.ReceivedAt >= fresh), shared.Length, shared.Count(heartbeat => heartbeat.ReceivedAt >= fresh)),
            ((int)counts.Routers.Registered, (int)counts.RoutersOnline, (int)counts.SharedAgents.Registered, (int)counts.SharedAgents.Fresh));

        AssertSame(routers, await store.ReadRoutersAsync(now));
        AssertSame(shared, await store.ReadSharedAgentsAsync(now));
        AssertSame(Of(SenderKind.Private), await store.ReadPrivateAgentsAsync("proj_ABC123", now));
        foreach (var project in new[] { "proj_ABC123", "proj_DEF456", "proj_GHI789" })
        {
            AssertSame(
                [.. shared.Where(heartbeat => HeartbeatRecord.ToAgent(heartbeat.Record, SenderKind.Shared).Endpoints.Contains(project + "/chat"))],
                await store.ReadServingAsync(project, now));
        }
    }

    private static void AssertSame(ReceivedHeartbeat[] expected, IReadOnlyList<StoredHeartbeat> stored) => Assert.Equal(
        expected.Select(heartbeat => (heartbeat.Id, heartbeat.ReceivedAt, Convert.ToHexString(heartbeat.Record))),
        stored.Select(heartbeat => (heartbeat.Id, heartbeat.ReceivedAt, Convert.ToHexString(heartbeat.Record))));
}
