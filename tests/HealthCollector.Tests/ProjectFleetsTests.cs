using Grpc.Core;
using Xerotier.Health.V1;
using Xerotier.HealthCollector.Queries;
using static Xerotier.HealthCollector.Tests.TestHeartbeats;

namespace Xerotier.HealthCollector.Tests;

public class ProjectFleetsTests(RedisFixture redis) : RedisTests(redis)
{
    private const string Other = "proj_DEF456";

    private static readonly (string, string)[] NoCache = [("Fleet:ProjectCacheMilliseconds", "0"), ("RateLimits:HeartbeatsPerMinute", "0"), ("RateLimits:ProjectHeartbeatsPerMinute", "0")];

    [Fact]
    public async Task A_project_sees_its_private_agents_and_the_shared_ones_that_serve_it_and_nobody_elses()
    {
        using var collector = new Collector(Redis.ConnectionString, null, NoCache);
        await collector.ReportPlatformAsync(
            Router("r2"), Router("r1", RouterState.Offline),
            Shared("s1", "proj_ABC123/chat", "proj_DEF456/secret"), Shared("s2", "proj_DEF456/chat"), Shared("s3"));
        await collector.ReportProjectAsync(Private("w1", "chat", "chat", "embed"), Private("w2"));
        await collector.ReportAsync(collector.ProjectToken(Other), Private("w1", "theirs"));

        var fleet = await collector.GetFleetAsync();
        Assert.Equal([("r1", "offline", false), ("r2", "online", true)], fleet.Routers.Select(router => (router.Id, router.State, router.Online)));
        Assert.Equal([("s1", "shared", "chat"), ("w1", "private", "chat embed"), ("w2", "private", "")],
            fleet.Workers.Select(worker => (worker.Id, worker.Kind, string.Join(' ', worker.Endpoints))));
        Assert.Equal((3, 3, false), (fleet.WorkersTotal, fleet.WorkersHealthy, fleet.HasMore));
        Assert.Equal([("chat", 2, 2), ("embed", 1, 1)], fleet.Endpoints.Select(endpoint => (endpoint.Slug, endpoint.WorkersTotal, endpoint.WorkersHealthy)));

        var theirs = await collector.GetFleetAsync(Other);
        Assert.Equal(["s1", "s2", "w1"], theirs.Workers.Select(worker => worker.Id));
        Assert.Equal(["chat", "secret", "theirs"], theirs.Endpoints.Select(endpoint => endpoint.Slug));

        Assert.Equal(0, (await collector.GetFleetAsync("proj_nobody1")).WorkersTotal);
    }

    [Fact]
    public async Task The_response_is_bounded_however_many_models_and_endpoints_there_are()
    {
        using var collector = new Collector(Redis.ConnectionString, null, NoCache);
        var endpoints = Enumerable.Range(0, 256).Select(i => $"e{i:000}").ToArray();
        var agents = Enumerable.Range(0, 40).Select(n =>
        {
            var agent = Private($"w{n:00}", endpoints);
            agent.Agent.Models.Clear();
            agent.Agent.Models.AddRange(Enumerable.Range(0, 256).Select(i => $"m{n}-{i}"));
            return agent;
        });
        Assert.Equal(40, (await collector.ReportProjectAsync([.. agents])).Accepted);
        var fleet = await collector.GetFleetAsync(limit: 1);
        Assert.Equal((256, 40), (fleet.Endpoints.Count, fleet.Endpoints[255].WorkersHealthy));
        Assert.All(fleet.Endpoints, endpoint => Assert.InRange(endpoint.Models.Count, 0, InferenceEndpoints.MaxModels));
        Assert.Equal(InferenceEndpoints.MaxModelsInAll, fleet.Endpoints.Sum(endpoint => endpoint.Models.Count));

        for (var n = 0; n < 40; n++)
        {
            await collector.ReportProjectAsync(Private($"x{n:00}", [.. Enumerable.Range(0, 256).Select(i => $"d{((39 - n) * 256) + 255 - i:00000}")]));
        }

        fleet = await collector.GetFleetAsync(limit: 1);
        Assert.Equal(InferenceEndpoints.MaxEndpoints, fleet.Endpoints.Count);
        Assert.Equal(fleet.Endpoints.Select(endpoint => endpoint.Slug).Order(StringComparer.Ordinal), fleet.Endpoints.Select(endpoint => endpoint.Slug));
        Assert.Equal(("d00000", "d09999", 80), (fleet.Endpoints[0].Slug, fleet.Endpoints[^1].Slug, fleet.WorkersTotal));
    }

    [Fact]
    public async Task A_page_of_large_records_is_shorter_than_asked_for_and_the_next_goes_on_from_there()
    {
        using var collector = new Collector(Redis.ConnectionString, null, NoCache);
        for (var n = 0; n < 45; n++)
        {
            var agent = Private($"w{n:00}", "chat");
            agent.Agent.Models.AddRange(Enumerable.Range(0, 255).Select(i => $"{i}".PadRight(256, 'm')));
            Assert.Equal(1, (await collector.ReportProjectAsync(agent)).Accepted);
        }

        var first = await collector.GetFleetAsync(limit: 1000);
        Assert.InRange(first.Workers.Sum(worker => worker.CalculateSize()), ProjectFleet.LongestPage / 2, 2 * ProjectFleet.LongestPage);
        Assert.Equal((true, 45), (first.HasMore, first.WorkersTotal));
        var second = await collector.GetFleetAsync(limit: 1000, after: first.Workers[^1].Id);
        Assert.False(second.HasMore);
        Assert.Equal(Enumerable.Range(0, 45).Select(n => $"w{n:00}"), first.Workers.Concat(second.Workers).Select(worker => worker.Id));
    }

    [Fact]
    public async Task An_endpoint_exists_while_a_registered_agent_names_it()
    {
        var time = Collector.Clock();
        using var collector = new Collector(Redis.ConnectionString, time, NoCache);
        await collector.ReportPlatformAsync(Shared("s1", "proj_ABC123/chat"), Shared("s2", "proj_ABC123/embed"));
        await collector.ReportProjectAsync(Private("w1", "mine"));
        Assert.Equal(["chat", "embed", "mine"], (await collector.GetFleetAsync()).Endpoints.Select(endpoint => endpoint.Slug));

        await collector.ReportPlatformAsync(Shared("s1", "proj_DEF456/chat"), Offline(Shared("s2", "proj_ABC123/embed")));
        await collector.ReportProjectAsync(Private("w1", "renamed"));
        var fleet = await collector.GetFleetAsync();
        Assert.Equal(["renamed"], fleet.Endpoints.Select(endpoint => endpoint.Slug));
        Assert.Equal(["w1"], fleet.Workers.Select(worker => worker.Id));
        Assert.Equal(["s1"], (await collector.GetFleetAsync(Other)).Workers.Select(worker => worker.Id));

        // A silent private agent is stale, its endpoint still there, until the retention.
        time.Advance(TimeSpan.FromHours(24));
        fleet = await collector.GetFleetAsync();
        Assert.Equal((1, 0, 1, 0), (fleet.WorkersTotal, fleet.WorkersHealthy, fleet.Endpoints[0].WorkersTotal, fleet.Endpoints[0].WorkersHealthy));
        time.Advance(TimeSpan.FromMicroseconds(1));
        Assert.Equal(0, (await collector.GetFleetAsync()).WorkersTotal);
    }

    [Fact]
    public async Task Health_turns_right_after_30_s_and_ages_are_by_the_collectors_clock()
    {
        var time = Collector.Clock();
        using var collector = new Collector(Redis.ConnectionString, time, NoCache);
        var heard = time.GetUtcNow();
        await collector.ReportProjectAsync(Private("w1", "chat"));
        time.Advance(TimeSpan.FromSeconds(30));
        var fleet = await collector.GetFleetAsync();
        Assert.Equal((true, 1), (fleet.Workers[0].Healthy, fleet.Endpoints[0].WorkersHealthy));
        Assert.InRange(heard - fleet.Workers[0].LastHeartbeatAt.ToDateTimeOffset(), TimeSpan.Zero, TimeSpan.FromMicroseconds(1));
        Assert.Equal(heard + TimeSpan.FromSeconds(30), fleet.ObservedAt.ToDateTimeOffset());

        time.Advance(TimeSpan.FromMicroseconds(1));
        fleet = await collector.GetFleetAsync();
        Assert.Equal((false, 0, 0), (fleet.Workers[0].Healthy, fleet.WorkersHealthy, fleet.Endpoints[0].WorkersHealthy));
    }

    [Fact]
    public async Task An_endpoints_models_are_those_of_all_its_workers_sorted_and_distinct()
    {
        using var collector = new Collector(Redis.ConnectionString, null, NoCache);
        var (first, second) = (Private("w1", "chat"), Private("w2", "chat"));
        first.Agent.Models.Add(["zeta", "alpha", "zeta"]);
        second.Agent.Models.Add("mid");
        await collector.ReportProjectAsync(first, second);
        Assert.Equal(["alpha", "llama", "mid", "zeta"], (await collector.GetFleetAsync()).Endpoints[0].Models);
    }

    [Fact]
    public async Task Ten_thousand_workers_are_counted_whole_and_paged_by_id()
    {
        using var collector = new Collector(Redis.ConnectionString, null, ("RateLimits:HeartbeatsPerMinute", "0"), ("RateLimits:ProjectHeartbeatsPerMinute", "0"));
        using (var call = collector.Open(collector.ProjectToken()))
        {
            for (var batch = 0; batch < 10; batch++)
            {
                Assert.Equal(1000, (await call.SendAsync([.. Enumerable.Range(batch * 1000, 1000).Select(i => Private($"w{i}", "chat"))])).Accepted);
            }
        }

        var ids = new List<string>();
        for (var after = ""; ;)
        {
            var page = await collector.GetFleetAsync(limit: 1000, after: after);
            Assert.Equal((10_000, 10_000, 10_000), (page.WorkersTotal, page.WorkersHealthy, page.Endpoints[0].WorkersTotal));
            ids.AddRange(page.Workers.Select(worker => worker.Id));
            if (!page.HasMore)
            {
                break;
            }

            after = page.Workers[^1].Id;
        }

        Assert.Equal(Enumerable.Range(0, 10_000).Select(i => $"w{i}").Order(StringComparer.Ordinal), ids);
    }

    [Fact]
    public async Task A_search_finds_ids_and_names_in_any_case_pages_what_it_finds_and_leaves_counts_whole()
    {
        using var collector = new Collector(Redis.ConnectionString, null, NoCache);
        await collector.ReportPlatformAsync(Router("r1"), Named(Shared("GPU-1", "proj_ABC123/chat"), "big"), Named(Shared("s2", "proj_DEF456/chat"), "gpu of others"));
        await collector.ReportProjectAsync(Named(Private("a1", "chat"), "First GPU"), Named(Private("a2"), "cpu"), Named(Private("gpu-a"), ""), Named(Private("z9"), "Grün-gPu"));

        var all = await collector.GetFleetAsync();
        Assert.Equal((5, false), (all.WorkersTotal, all.HasWorkersMatched));
        foreach (var (search, expected) in ((string, string)[])
        [
            ("gpu", "GPU-1 a1 gpu-a z9"), ("GPU", "GPU-1 a1 gpu-a z9"), ("GRÜN", "z9"), ("a", "a1 a2 gpu-a"), ("first gpu", "a1"), (" ", "a1"), ("gpu-", "GPU-1 gpu-a"), ("others", ""), ("g%u", ""), ("llama", ""),
        ])
        {
            var found = await collector.GetFleetAsync(search: search);
            Assert.Equal((search, expected), (search, string.Join(' ', found.Workers.Select(worker => worker.Id))));
            Assert.Equal((expected.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length, 5, 5, false), (found.WorkersMatched, found.WorkersTotal, found.WorkersHealthy, found.HasMore));
            Assert.Equal((all.Routers, all.Endpoints), (found.Routers, found.Endpoints));
        }

        var ids = new List<string>();
        for (var after = ""; ;)
        {
            var page = await collector.GetFleetAsync(limit: 1, after: after, search: "gpu");
            ids.AddRange(page.Workers.Select(worker => worker.Id));
            Assert.Equal(4, page.WorkersMatched);
            if (!page.HasMore)
            {
                break;
            }

            after = page.Workers[^1].Id;
        }

        Assert.Equal(["GPU-1", "a1", "gpu-a", "z9"], ids);
        Assert.Equal(["gpu-a", "z9"], (await collector.GetFleetAsync(after: "a2", search: "gpu")).Workers.Select(worker => worker.Id)); // after one that is not found

        static Heartbeat Named(Heartbeat agent, string name)
        {
            agent.Agent.Name = name;
            return agent;
        }
    }

    [Fact]
    public async Task A_page_never_separates_a_private_and_a_shared_agent_of_one_id()
    {
        using var collector = new Collector(Redis.ConnectionString, null, NoCache);
        await collector.ReportPlatformAsync(Shared("b", "proj_ABC123/chat"));
        await collector.ReportProjectAsync(Private("a"), Private("b"), Private("c"));
        var page = await collector.GetFleetAsync(limit: 2);
        Assert.Equal([("a", "private"), ("b", "private"), ("b", "shared")], page.Workers.Select(worker => (worker.Id, worker.Kind)));
        Assert.True(page.HasMore);
        Assert.Equal(["c"], (await collector.GetFleetAsync(limit: 2, after: "b")).Workers.Select(worker => worker.Id));
        Assert.Empty((await collector.GetFleetAsync(limit: 2, after: "c")).Workers);
    }

    [Theory]
    [InlineData(Collector.ProjectId, 0)]
    [InlineData(Collector.ProjectId, 1001)]
    [InlineData("platform", 1)]
    [InlineData("proj_ABC123}:x{", 1)]
    [InlineData("", 1)]
    public async Task An_invalid_request_is_refused(string projectId, int limit)
    {
        using var collector = new Collector(Redis.ConnectionString);
        Assert.Equal(StatusCode.InvalidArgument, (await Assert.ThrowsAsync<RpcException>(() => collector.GetFleetAsync(projectId, limit))).StatusCode);
    }
}
