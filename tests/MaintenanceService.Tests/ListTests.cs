using System.Collections.Concurrent;
using System.Globalization;
using System.Net;

namespace Xerotier.MaintenanceService.Tests;

/// <summary>The list: order, filter, pages, and walks while others write.</summary>
public sealed class ListTests(ManagementApi api) : ProjectTests(api)
{
    private static readonly DateTimeOffset Start = new(2026, 5, 22, 2, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task An_empty_list_is_a_list() =>
        Assert.Equal("""{"object":"list","data":[],"first_id":null,"last_id":null,"has_more":false}""", (await Project.GetAsync()).Is(HttpStatusCode.OK).Text);

    [Fact]
    public async Task Windows_are_listed_by_newest_start_then_by_id()
    {
        var created = new List<(DateTimeOffset Start, string Id)>();
        foreach (var hour in new[] { 3, 1, 2, 1, 1, 3, 2, 0, 4, 1 })
        {
            created.Add((Start.AddHours(hour), await CreateAsync(Start.AddHours(hour))));
        }

        var expected = created.OrderByDescending(w => w.Start).ThenBy(w => w.Id, StringComparer.Ordinal).Select(w => w.Id).ToList();
        var list = (await Project.GetAsync()).Is(HttpStatusCode.OK);
        Assert.Equal(expected, list.Ids);
        Assert.Equal((expected[0], expected[^1], "false"), (list["first_id"], list["last_id"], list["has_more"]));
        Assert.Equal((await Project.GetAsync($"/{expected[0]}")).Json.ToJsonString(), list.Data[0]!.ToJsonString());
        foreach (var limit in new[] { 1, 2, 3, 9, 10 })
        {
            Assert.Equal(expected, await WalkAsync(limit));
        }
    }

    [Fact]
    public async Task A_page_holds_20_unless_told_and_at_most_100()
    {
        for (var i = 0; i < 101; i++)
        {
            await CreateAsync(Start.AddMinutes(i));
        }

        var list = await Project.GetAsync();
        Assert.Equal((20, "true"), (list.Data.Count, list["has_more"]));
        list = await Project.GetAsync("?limit=100");
        Assert.Equal((100, "true"), (list.Data.Count, list["has_more"]));
        list = await Project.GetAsync($"?limit=100&after={list["last_id"]}");
        Assert.Equal((1, "false"), (list.Data.Count, list["has_more"]));
    }

    [Fact]
    public async Task Status_filters_and_can_be_repeated()
    {
        var states = new[] { "scheduled", "active", "completed", "cancelled" };
        var ids = new Dictionary<string, string>();
        foreach (var (i, state) in states.Index())
        {
            ids[state] = await Project.CreatedAsync(Body.With(b => (b["status"], b["starts_at"]) = (state, $"2026-05-22T01:0{i}:00Z")));
        }

        foreach (var state in states)
        {
            Assert.Equal([ids[state]], (await Project.GetAsync($"?status={state}")).Ids);
        }

        Assert.Equal([ids["cancelled"], ids["active"]], (await Project.GetAsync("?status=active&status=cancelled&status=active")).Ids);
        var page = await Project.GetAsync("?status=active&status=cancelled&limit=1");
        Assert.Equal("true", page["has_more"]);
        Assert.Equal([ids["active"]], (await Project.GetAsync($"?status=active&status=cancelled&limit=1&after={page["last_id"]}")).Ids);
    }

    [Theory]
    [InlineData("limit=0", "limit")]
    [InlineData("limit=101", "limit")]
    [InlineData("limit=-1", "limit")]
    [InlineData("limit=+5", "limit")]
    [InlineData("limit=ten", "limit")]
    [InlineData("limit=", "limit")]
    [InlineData("limit=99999999999999999999", "limit")]
    [InlineData("limit=1&limit=2", "limit")]
    [InlineData("status=done", "status")]
    [InlineData("status=Active", "status")]
    [InlineData("status=", "status")]
    [InlineData("status=active,scheduled", "status")]
    [InlineData("status=active&status=x", "status")]
    [InlineData("after=", "after")]
    [InlineData("after=mw_x", "after")]
    [InlineData("after=%00", "after")]
    [InlineData("after=mw_aaaaaaaaaaaaaaaaaaaaaaaaaa", "after")]
    [InlineData("after=mw_aaaaaaaaaaaaaaaaaaaaaaaaaa&after=mw_aaaaaaaaaaaaaaaaaaaaaaaaab", "after")]
    public async Task Wrong_parameters_are_errors(string query, string param) => (await Project.GetAsync($"?{query}")).Is(400, "invalid_request", param);

    [Fact]
    public async Task Unknown_parameters_are_errors() => (await Project.GetAsync("?state=active")).Is(400, "unknown_field", "state");

    [Fact]
    public async Task All_wrong_parameters_are_reported_at_once()
    {
        var reply = (await Project.GetAsync("?limit=0&status=x&after=")).Is(400, "invalid_request");
        Assert.Equal(["after", "limit", "status"], reply.Error["errors"]!.AsArray().Select(e => e!["param"]!.GetValue<string>()).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_page_continues_after_a_window_that_has_been_purged_since()
    {
        for (var i = 0; i < 6; i++)
        {
            await CreateAsync(Start.AddMinutes(i / 2), "completed");
        }

        var all = (await Project.GetAsync()).Ids.ToList();
        foreach (var cursor in all.Take(5).ToList())
        {
            var rest = (await Project.GetAsync($"?after={cursor}")).Ids.ToList();
            (await Project.PurgeAsync(cursor)).Is(HttpStatusCode.OK);
            Assert.Equal(rest, (await Project.GetAsync($"?after={cursor}")).Ids);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task A_walk_sees_every_window_that_was_there_all_along_exactly_once_while_others_come_and_go(int seed)
    {
        var random = new Random(seed);
        DateTimeOffset AnyStart() => Start.AddMinutes(random.Next(12)); // many share one
        var lasting = new List<string>();
        var passing = new ConcurrentQueue<string>();
        for (var i = 0; i < 60; i++)
        {
            lasting.Add(await CreateAsync(AnyStart(), "completed"));
            passing.Enqueue(await CreateAsync(AnyStart(), "completed"));
        }

        using var stop = new CancellationTokenSource();
        var churn = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                passing.Enqueue(await CreateAsync(AnyStart(), "completed"));
                if (passing.TryDequeue(out var id))
                {
                    (await Project.PurgeAsync(id)).Is(HttpStatusCode.OK);
                }
            }
        });
        try
        {
            for (var walk = 0; walk < 10; walk++)
            {
                var seen = await WalkAsync(1 + random.Next(20));
                Assert.Equal(seen.Distinct(), seen);
                Assert.Equal(lasting.Order(StringComparer.Ordinal), seen.Intersect(lasting).Order(StringComparer.Ordinal));
            }
        }
        finally
        {
            await stop.CancelAsync();
            await churn;
        }
    }

    private Task<string> CreateAsync(DateTimeOffset start, string status = "scheduled") => Project.CreatedAsync(Body.With(b =>
    {
        b["starts_at"] = start.ToString("O", CultureInfo.InvariantCulture);
        b["ends_at"] = start.AddHours(1).ToString("O", CultureInfo.InvariantCulture);
        b["status"] = status;
    }));

    private async Task<List<string>> WalkAsync(int limit)
    {
        var seen = new List<string>();
        for (var after = ""; ;)
        {
            var page = (await Project.GetAsync($"?limit={limit}{after}")).Is(HttpStatusCode.OK);
            seen.AddRange(page.Ids);
            Assert.InRange(page.Data.Count, 0, limit);
            if (page["has_more"] == "false")
            {
                return seen;
            }

            after = $"&after={page["last_id"]}";
        }
    }
}
