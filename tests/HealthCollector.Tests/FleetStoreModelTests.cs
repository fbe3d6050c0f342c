using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using StackExchange.Redis;
using Xerotier.Health.V1;

namespace Xerotier.HealthCollector.Tests;

/// <summary>Random heartbeats and sign-offs, written by two collectors in any order, against what the rules say of them.</summary>
[Collection("redis")]
public sealed class FleetStoreModelTests(RedisFixture fixture)
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task The_store_agrees_with_the_newest_word_of_each_sender(int seed)
    {
        await Collector.EmptyAsync(fixture.Redis);
        await using var redis = await ConnectionMultiplexer.ConnectAsync(fixture.Redis.ConnectionString);
        var random = new Random(seed);
        var time = new FakeTimeProvider(new(2026, 11, 3, 14, 0, 0, TimeSpan.Zero));
        using var metrics = new CollectorMetrics();
        FleetStore[] collectors = [.. Enumerable.Range(0, 2).Select(_ => new FleetStore(redis, metrics, Options.Create(new FleetOptions()), time))];
        var newest = new Dictionary<(FleetKey Fleet, string Id), Beat>();

        for (var step = 0; step < 150; step++)
        {
            time.Advance(TimeSpan.FromMilliseconds(random.Next(2_000)));
            var fleet = random.Next(3) switch
            {
                0 => FleetKey.Routers,
                1 => FleetKey.SharedAgents,
                _ => FleetKey.PrivateAgents("proj_ABC123"),
            };
            var beats = Enumerable.Range(0, 12).Where(_ => random.Next(3) == 0).Select(id => Beat(random, fleet.Kind, $"id{id}", time)).ToList();
            await collectors[random.Next(2)].WriteAsync(fleet, beats);
            foreach (var beat in beats)
            {
                if (!newest.TryGetValue((fleet, beat.Id), out var known) || known.HeardAt <= beat.HeardAt)
                {
                    newest[(fleet, beat.Id)] = beat;
                }
            }

            await AgreeAsync(collectors[random.Next(2)], newest, time.GetUtcNow());
        }
    }

    private static Beat Beat(Random random, SenderKind kind, string id, FakeTimeProvider time)
    {
        // Received up to 5 s ago by a collector that was slow to write it.
        var heardAt = FleetRules.Micros(time.GetUtcNow() - TimeSpan.FromMilliseconds(random.Next(5_000)));
        var alive = random.Next(4) > 0;
        if (kind == SenderKind.Router)
        {
            return new(id, heardAt, alive, FleetRecord.Of(new RouterHeartbeat { RouterId = id, State = alive ? RouterState.Online : RouterState.Offline }));
        }

        var agent = new AgentHeartbeat { WorkerId = id, Kind = kind == SenderKind.Shared ? AgentKind.Shared : AgentKind.Private, ActiveRequests = random.Next(100) };
        if (kind == SenderKind.Shared)
        {
            agent.Endpoints.Add(new[] { "proj_ABC123/chat", "proj_DEF456/chat", "proj_GHI789/chat" }.Where(_ => random.Next(2) == 0));
        }

        return new(id, heardAt, alive, FleetRecord.Of(agent));
    }

    private static async Task AgreeAsync(FleetStore store, Dictionary<(FleetKey Fleet, string Id), Beat> newest, DateTimeOffset now)
    {
        var fresh = FleetRules.FreshSince(now, TimeSpan.FromSeconds(30));
        Beat[] Of(FleetKey fleet) => [.. newest
            .Where(pair => pair.Key.Fleet == fleet && (fleet.Kind == SenderKind.Router || pair.Value.Alive))
            .Select(pair => pair.Value).OrderBy(beat => beat.Id, StringComparer.Ordinal)];

        var counts = await store.ReadPlatformAsync(now);
        var (routers, shared) = (Of(FleetKey.Routers), Of(FleetKey.SharedAgents));
        Assert.Equal(
            (routers.Length, routers.Count(beat => beat.Alive && beat.HeardAt >= fresh), shared.Length, shared.Count(beat => beat.HeardAt >= fresh)),
            ((int)counts.Routers.Registered, (int)counts.RoutersOnline, (int)counts.SharedAgents.Registered, (int)counts.SharedAgents.Fresh));

        foreach (var fleet in new[] { FleetKey.Routers, FleetKey.SharedAgents, FleetKey.PrivateAgents("proj_ABC123") })
        {
            Same(Of(fleet), await store.ReadFleetAsync(fleet, now));
        }

        foreach (var project in new[] { "proj_ABC123", "proj_DEF456", "proj_GHI789" })
        {
            Same(
                [.. shared.Where(beat => FleetRecord.ToAgent(beat.Record, SenderKind.Shared).Endpoints.Contains(project + "/chat"))],
                await store.ReadServingAsync(project, now));
        }
    }

    private static void Same(Beat[] expected, IReadOnlyList<StoredBeat> stored) => Assert.Equal(
        expected.Select(beat => (beat.Id, beat.HeardAt, Convert.ToHexString(beat.Record))),
        stored.Select(beat => (beat.Id, beat.HeardAt, Convert.ToHexString(beat.Record))));
}
