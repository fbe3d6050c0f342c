using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using StackExchange.Redis;
using Xerotier.Health.V1;
using Xerotier.HealthCollector.Fleet;

namespace Xerotier.HealthCollector.Tests;

/// <summary>Random heartbeats and sign-offs, written by two collectors in any order, compared with a model of the rules.</summary>
public sealed class FleetStoreModelTests(RedisFixture redis) : RedisTests(redis)
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
        FleetStore[] collectors = [.. Enumerable.Range(0, 2).Select(_ => new FleetStore(connection, metrics, Options.Create(new FleetOptions()), time))];
        var newest = new Dictionary<(FleetKey Fleet, string Id), ReceivedHeartbeat>();

        for (var step = 0; step < 150; step++)
        {
            time.Advance(TimeSpan.FromMilliseconds(random.Next(2_000)));
            var fleet = random.Next(3) switch
            {
                0 => FleetKey.Routers,
                1 => FleetKey.SharedAgents,
                _ => FleetKey.PrivateAgents("proj_ABC123"),
            };
            var heartbeats = Enumerable.Range(0, 12).Where(_ => random.Next(3) == 0).Select(id => Heartbeat(random, fleet.Kind, $"id{id}", time)).ToList();
            await collectors[random.Next(2)].WriteAsync(fleet, heartbeats);
            foreach (var heartbeat in heartbeats)
            {
                if (!newest.TryGetValue((fleet, heartbeat.Id), out var known) || known.ReceivedAt <= heartbeat.ReceivedAt)
                {
                    newest[(fleet, heartbeat.Id)] = heartbeat;
                }
            }

            await AssertAgreesAsync(collectors[random.Next(2)], newest, time.GetUtcNow());
        }
    }

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

    private static async Task AssertAgreesAsync(FleetStore store, Dictionary<(FleetKey Fleet, string Id), ReceivedHeartbeat> newest, DateTimeOffset now)
    {
        var fresh = FleetRules.FreshSince(now, TimeSpan.FromSeconds(30));
        ReceivedHeartbeat[] Of(FleetKey fleet) => [.. newest
            .Where(pair => pair.Key.Fleet == fleet && (fleet.Kind == SenderKind.Router || pair.Value.IsUp))
            .Select(pair => pair.Value).OrderBy(heartbeat => heartbeat.Id, StringComparer.Ordinal)];

        var counts = await store.ObservePlatformAsync(now);
        var (routers, shared) = (Of(FleetKey.Routers), Of(FleetKey.SharedAgents));
        Assert.Equal(
            (routers.Length, routers.Count(heartbeat => heartbeat.IsUp && heartbeat.ReceivedAt >= fresh), shared.Length, shared.Count(heartbeat => heartbeat.ReceivedAt >= fresh)),
            ((int)counts.Routers.Registered, (int)counts.RoutersOnline, (int)counts.SharedAgents.Registered, (int)counts.SharedAgents.Fresh));

        foreach (var fleet in new[] { FleetKey.Routers, FleetKey.SharedAgents, FleetKey.PrivateAgents("proj_ABC123") })
        {
            AssertSame(Of(fleet), await store.ReadFleetAsync(fleet, now));
        }

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
