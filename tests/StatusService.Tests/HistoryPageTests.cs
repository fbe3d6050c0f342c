using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging.Abstractions;
using Xerotier.Maintenance.V1;
using Xerotier.ServiceDefaults;
using Xerotier.StatusService.Documents.Page;
using Xerotier.StatusService.History;
using Xerotier.StatusService.Model;
using Xerotier.TestKit;

namespace Xerotier.StatusService.Tests;

/// <summary>The month in detail: its pure part, and the endpoint over HTTP.</summary>
public sealed partial class HistoryPageTests(PostgresFixture postgres)
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
            [(0, 50, Recorded.Outage), (100, 200, Recorded.NoData), (200, 400, Recorded.Degraded), (400, 86_400, Recorded.Maintenance)],
            intervals);
    }

    [Fact]
    public void Lists_and_draws_nothing_before_the_installation_and_nothing_that_has_not_come()
    {
        var day = DayOf(20, 500, [new(40, 50, Recorded.Outage)]); // of this indicator the record began later than of another
        Assert.Equal(20, Second(day.Began));
        Assert.Equal([(20, 40, Recorded.NoData), (40, 50, Recorded.Outage), (50, 500, Recorded.NoData)], Seconds(MonthHistory.Listed(day)));
        Assert.Equal([(0, 432, Recorded.Outage), (432, 864, Recorded.NoData)], Seconds(MonthHistory.Strip(day)));
    }

    [Fact]
    public async Task The_first_days_strip_is_green_from_the_first_record_on()
    {
        var day = DayOf(30_000, 80_000, [new(30_000, 80_000, Recorded.Operational)]);
        var html = await RenderAsync(new(new(2026, 11, 1), new(2026, 11, 1), new(2026, 11, 1), [new("Dashboard", [day])], [], true));
        Assert.Contains("<rect class=\"o\" x=\"30000\" y=\"3\" width=\"50000\" height=\"4\"></rect></svg>", Compact().Replace(html, ""), StringComparison.Ordinal);
    }

    [Fact]
    public void Of_a_day_that_flaps_the_longest_intervals_are_listed_and_all_are_drawn()
    {
        var runs = Enumerable.Range(0, 1_000).Select(i => new Interval(i * 80, (i * 80) + (i % 2 == 0 ? 10 : 20), Recorded.Outage)).ToArray();
        var day = DayOf(-100, 86_400, runs);
        Assert.Equal((2_000, MonthHistory.MaximumIntervals, 2_000 - MonthHistory.MaximumIntervals), (day.Intervals.Count, MonthHistory.Listed(day).Count, day.Omitted)); // outages, and no data between them
        Assert.Equal([(0, 80_352, Recorded.Outage), (80_352, 86_400, Recorded.NoData)], Seconds(MonthHistory.Strip(day)));
    }

    [Fact]
    public void However_short_every_outage_is_drawn()
    {
        var outages = Enumerable.Range(0, 80).Select(i => new Interval((i * 1_000) + 500, (i * 1_000) + 501, Recorded.Outage));
        var runs = outages.SelectMany(o => new[] { new(o.From - 500, o.From, Recorded.Maintenance), o, new Interval(o.To, o.From + 500, Recorded.Degraded) }).ToArray();
        var strip = Seconds(MonthHistory.Strip(DayOf(-100, 86_400, runs)));
        Assert.All(outages, o => Assert.Contains(strip, s => s.State == Recorded.Outage && s.From <= o.From && o.To <= s.To));
        Assert.True(strip.Count <= 86_400 / MonthHistory.SlotSeconds);
    }

    [Fact]
    public async Task A_day_names_the_windows_that_touched_it_and_its_service()
    {
        PageWindow[] windows =
        [
            Of("across", "completed", -3_600, 3_600),
            Of("before", "completed", -3_600, 0),
            Of("ended before", "completed", -3_600, 3_600) with { CompletedAt = At(-60) },
            Of("recorded afterwards", "completed", 100, 200) with { CompletedAt = At(900_000) },
            Of("never begun", "cancelled", 300, 600) with { CancelledAt = At(0) },
            Of("stopped", "cancelled", 300, 600) with { CancelledAt = At(400) },
            Of("only planned", "scheduled", 300, 600),
            Of("of others", "completed", 300, 600) with { AffectedServices = ["Model Storage"] },
            Of("of this", "active", 500, 90_000) with { AffectedServices = ["DASHBOARD", "Model Storage"] },
            Of("still to come", "active", 80_000, 90_000),
            .. Enumerable.Range(0, 4).Select(i => Of($"more {i}", "completed", 600, 700)),
        ];
        var day = DayOf(-100, 80_000, [], windows);
        Assert.Equal(["across", "recorded afterwards", "stopped", "of this", "more 0", "more 1", "more 2", "more 3"], day.Windows.Select(w => w.Title));

        var html = await RenderAsync(new(new(2026, 11, 1), new(2026, 11, 1), new(2026, 11, 1), [new("Dashboard", [day])], windows, true));
        Assert.All(day.Windows.Take(5), w => Assert.Contains($"<a href=\"#r-{w.Id}\"><bdi>{w.Title}</bdi></a>", html, StringComparison.Ordinal));
        Assert.Contains(" and 3 more", html, StringComparison.Ordinal);
        Assert.All(windows, w => Assert.Single(html.Split($"<li id=\"r-{w.Id}\">").Skip(1)));

        PageWindow Of(string title, string status, int from, int to) =>
            SampleWindow.Of($"mw_{title.Replace(' ', '0')}", Enum.Parse<WindowStatus>(status, ignoreCase: true), At(from), At(to)).ToPublic() with { Title = title, Severity = WindowSeverity.Info };

        DateTimeOffset At(int second) => DateTimeOffset.FromUnixTimeSeconds(Midnight + second);
    }

    [Fact]
    public async Task Is_served_to_the_gateway_with_its_policy_and_validated_months()
    {
        await using var neighbours = await Neighbours.StartAsync();
        await using var service = neighbours.StatusService(await postgres.Server.CreateDatabaseAsync());
        await using var pages = new PageStream(service);
        await pages.UntilAsync("operational");
        foreach (var token in new[] { TestTokens.ForService(), TestTokens.ForCaller("proj_ABC123", false, "management") })
        {
            using var other = service.Http(token);
            using var refused = await other.GetAsync("/status/history");
            Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        }

        using var client = service.Http(TestTokens.ForPublic());
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
        var policy = current.Headers.GetValues("Content-Security-Policy").Single();
        Assert.Contains("; img-src data:;", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe-inline", policy, StringComparison.Ordinal);
        var decoded = WebUtility.HtmlDecode(html);
        Assert.Contains($"<link rel=\"icon\" href=\"{HistoryPage.Bars}\"", decoded, StringComparison.Ordinal);
        Assert.DoesNotContain(Icons.Favicon(null), decoded, StringComparison.Ordinal); // a page that has lost its source
        using var plain = await client.GetAsync("/status/history");
        Assert.Equal(html, await plain.Content.ReadAsStringAsync());

        foreach (var (accepted, encoding) in new[] { ("", null), ("gzip; q=0", null), ("gzip;q=0.5", "gzip"), ("deflate, gzip", "gzip"), ("gzip, deflate, br, zstd", "br") })
        {
            using var packed = await AskForAsync(accepted);
            Assert.Equal(encoding, packed.Content.Headers.ContentEncoding.SingleOrDefault());
            Assert.Equal(html, await ReadAsync(packed));
            using var unchanged = await AskForAsync(accepted, packed.Headers.ETag);
            Assert.Equal(HttpStatusCode.NotModified, unchanged.StatusCode);
            using var other = await AskForAsync(accepted, new("\"other\""));
            Assert.Equal(HttpStatusCode.OK, other.StatusCode);
        }

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

        async Task<HttpResponseMessage> AskForAsync(string encodings, EntityTagHeaderValue? known = null)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/status/history");
            request.Headers.TryAddWithoutValidation("Accept-Encoding", encodings);
            if (known is not null)
            {
                request.Headers.IfNoneMatch.Add(known);
            }

            return await client.SendAsync(request);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Says_where_the_months_windows_are_cut(bool hasMore)
    {
        var now = TimeProvider.System.GetUtcNow();
        await using var neighbours = await Neighbours.StartAsync();
        neighbours.WindowsBetween = _ => new()
        {
            Windows = { new Window { Value = SampleWindow.Of("mw_one", WindowStatus.Completed, now, now.AddHours(1)) with { Title = "The only one told" } } },
            HasMore = hasMore,
        };
        await using var service = neighbours.StatusService(await postgres.Server.CreateDatabaseAsync());
        await using var pages = new PageStream(service);
        await pages.UntilAsync("operational");
        using var client = service.Http(TestTokens.ForPublic());
        HttpResponseMessage response;
        for (var i = 0; (response = await client.GetAsync("/status/history")).StatusCode == HttpStatusCode.ServiceUnavailable && i < 100; i++)
        {
            response.Dispose();
            await Task.Delay(100);
        }

        using var last = response;
        var html = await response.Content.ReadAsStringAsync();
        Assert.Contains("The only one told", html, StringComparison.Ordinal);
        Assert.Equal(hasMore, html.Contains("And more: these are the first 1 by start.", StringComparison.Ordinal));
    }

    private static async Task<string> ReadAsync(HttpResponseMessage response)
    {
        var body = await response.Content.ReadAsStreamAsync();
        using var reader = new StreamReader(response.Content.Headers.ContentEncoding.SingleOrDefault() switch
        {
            "gzip" => new GZipStream(body, CompressionMode.Decompress),
            "br" => new BrotliStream(body, CompressionMode.Decompress),
            _ => body,
        });
        return await reader.ReadToEndAsync();
    }

    private static async Task<(HttpStatusCode Status, string? Code)> AskAsync(HttpClient client, string month)
    {
        using var response = await client.GetAsync($"/status/history?month={month}");
        using var body = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        return (response.StatusCode, body.RootElement.GetProperty("error").GetProperty("code").GetString());
    }

    private static List<(int From, int To, Recorded State)> Intervals(long until, params Interval[] runs) => Seconds(MonthHistory.Listed(DayOf(-100, until, runs)));

    private static List<(int From, int To, Recorded State)> Seconds(IEnumerable<DayInterval> intervals) =>
        [.. intervals.Select(i => (Second(i.From), Second(i.To), i.State))];

    private static int Second(DateTimeOffset time) => (int)(time.ToUnixTimeSeconds() - Midnight);

    private static async Task<string> RenderAsync(HistoryPageModel model)
    {
        using var renderer = new PageRenderer(NullLoggerFactory.Instance);
        return Encoding.UTF8.GetString(await renderer.RenderHistoryAsync(model, TestContext.Current.CancellationToken));
    }

    private static ComponentDay DayOf(long first, long until, Interval[] runs, IReadOnlyList<PageWindow>? windows = null)
    {
        var day = Uptime.Day(Day, (int)until, new(1, 0, 0, 0), first < 0 ? InstallationDay.After : InstallationDay.On);
        var month = MonthHistory.Of(Components.Dashboard, [day], [.. runs.Select(r => r with { From = r.From + Midnight, To = r.To + Midnight })], first + Midnight, windows ?? [], until + Midnight)!;
        return month.Days.Single();
    }

    [GeneratedRegex(@"(?<=>)\s+(?=<)")]
    private static partial Regex Compact();
}
