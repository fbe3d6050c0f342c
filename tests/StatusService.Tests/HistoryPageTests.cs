using System.Net;
using System.Text.Json;
using Xerotier.ServiceDefaults;
using Xerotier.StatusService.History;
using Xerotier.StatusService.Indicators;
using Xerotier.StatusService.Page;
using Xerotier.TestKit;

namespace Xerotier.StatusService.Tests;

/// <summary>The month in detail: its pure part, and the endpoint over HTTP.</summary>
public sealed class HistoryPageTests(PostgresFixture postgres)
{
    private static readonly DateOnly Day = new(2026, 11, 3);
    private static readonly long Midnight = new DateTimeOffset(Day.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero).ToUnixTimeSeconds();

    [Fact]
    public void Lists_all_but_plain_operation_joined_and_cut_at_the_days_ends()
    {
        var intervals = Intervals(
            until: 86_400,
            new(-100, 50, Recorded.Outage), new(50, 100, Recorded.Operational), new(200, 300, Recorded.Degraded), new(300, 400, Recorded.Degraded), new(400, 86_500, Recorded.Maintenance));
        Assert.Equal(
            [(0, 50, IndicatorStatus.Outage), (100, 200, IndicatorStatus.Unknown), (200, 400, IndicatorStatus.Degraded), (400, 86_400, null)],
            intervals);
    }

    [Fact]
    public void Lists_nothing_before_the_installation_and_nothing_that_has_not_come()
    {
        Assert.Equal([(20, 30, IndicatorStatus.Outage), (30, 500, IndicatorStatus.Unknown)], IntervalsSince(20, until: 500, new Run(20, 30, Recorded.Outage)));
    }

    [Fact]
    public void A_day_that_flaps_is_cut_down_to_its_longest_intervals()
    {
        var runs = Enumerable.Range(0, 1_000).Select(i => new Run(i * 80, (i * 80) + (i % 2 == 0 ? 10 : 20), Recorded.Outage)).ToArray();
        var day = DayOf(-100, 86_400, runs);
        Assert.Equal((MonthHistory.MaximumIntervals, 2_000 - MonthHistory.MaximumIntervals), (day.Intervals.Count, day.Omitted)); // outages, and no data between them
    }

    [Fact]
    public async Task Is_served_to_the_gateway_with_its_policy_and_validated_months()
    {
        await using var neighbours = await Neighbours.StartAsync();
        await using var service = neighbours.StatusService(await postgres.Server.CreateDatabaseAsync());
        await using var pages = new PageStream(service);
        await pages.UntilAsync("operational");
        using var client = service.Http(TestTokens.ForService());
        var month = TimeProvider.System.GetUtcNow().ToString("yyyy-MM");

        for (var i = 0; i < 100 && (await client.GetAsync("/status/history")).StatusCode == HttpStatusCode.ServiceUnavailable; i++)
        {
            await Task.Delay(100); // the first page does not wait for the database, this one does
        }

        using var current = await client.GetAsync($"/status/history?month={month}");
        var html = await current.Content.ReadAsStringAsync();
        Assert.Equal(HttpStatusCode.OK, current.StatusCode);
        Assert.Equal("text/html; charset=utf-8", current.Content.Headers.ContentType!.ToString());
        Assert.Contains("<h1>History</h1>", html, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe-inline", current.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        using var plain = await client.GetAsync("/status/history");
        Assert.Equal(html, await plain.Content.ReadAsStringAsync());

        using var again = new HttpRequestMessage(HttpMethod.Get, "/status/history");
        again.Headers.IfNoneMatch.Add(current.Headers.ETag!);
        using var unchanged = await client.SendAsync(again);
        Assert.Equal(HttpStatusCode.NotModified, unchanged.StatusCode);

        foreach (var wrong in new[] { "2026", "2026-13", "2026-00", "2026-1", "26-01", "2026-011", "x", "", "2026-01-01", "%00", "2026-01&month=2026-02" })
        {
            Assert.Equal((HttpStatusCode.BadRequest, "invalid_request"), await AskAsync(client, wrong));
        }

        Assert.Equal((HttpStatusCode.NotFound, "not_found"), await AskAsync(client, "2020-01"));
        Assert.Equal((HttpStatusCode.NotFound, "not_found"), await AskAsync(client, "2999-12"));
        neighbours.WindowsBetween = _ => null;
        using var nobody = service.Http();
        Assert.Equal(HttpStatusCode.Unauthorized, (await AskAsync(nobody, month)).Status);
        using var project = service.Http(TestTokens.ForCaller("proj_ABC123", true, Scopes.Management));
        Assert.Equal(HttpStatusCode.Forbidden, (await AskAsync(project, month)).Status);
    }

    private static async Task<(HttpStatusCode Status, string? Code)> AskAsync(HttpClient client, string month)
    {
        using var response = await client.GetAsync($"/status/history?month={month}");
        using var body = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        return (response.StatusCode, body.RootElement.GetProperty("error").GetProperty("code").GetString());
    }

    private static List<(int From, int To, IndicatorStatus? State)> Intervals(long until, params Run[] runs) => IntervalsSince(-100, until, runs);

    private static List<(int From, int To, IndicatorStatus? State)> IntervalsSince(long first, long until, params Run[] runs) =>
        [.. DayOf(first, until, runs).Intervals.Select(i => ((int)(i.From.ToUnixTimeSeconds() - Midnight), (int)(i.To.ToUnixTimeSeconds() - Midnight), i.State))];

    private static HistoryDayModel DayOf(long first, long until, Run[] runs)
    {
        var day = Uptime.Day(Day, 86_400, new(1, 0, 0, 0), InstallationDay.On);
        var month = MonthHistory.Of(Indicator.Dashboard, [day], [.. runs.Select(r => r with { From = r.From + Midnight, To = r.To + Midnight })], first + Midnight, until + Midnight)!;
        return month.Days.Single();
    }
}
