using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Xerotier.Contracts;
using Xerotier.Maintenance.V1;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Site;
using Xerotier.StatusService.Documents.Page;
using Xerotier.StatusService.History;
using Xerotier.StatusService.Model;
using Xerotier.TestKit;
using Component = Xerotier.StatusService.Model.Component;

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
            new(-100, 50, RecordedState.Outage), new(50, 100, RecordedState.Operational), new(200, 300, RecordedState.Degraded), new(300, 400, RecordedState.Degraded), new(400, 86_500, RecordedState.Maintenance));
        Assert.Equal(
            [(0, 50, RecordedState.Outage), (100, 200, RecordedState.NoData), (200, 400, RecordedState.Degraded), (400, 86_400, RecordedState.Maintenance)],
            intervals);
    }

    [Fact]
    public void Lists_nothing_before_the_installation_and_nothing_that_has_not_come()
    {
        var day = DayOf(20, 500, [new(40, 50, RecordedState.Outage)]); // of this indicator the record began later than of another
        Assert.Equal([(20, 40, RecordedState.NoData), (40, 50, RecordedState.Outage), (50, 500, RecordedState.NoData)], Seconds(MonthHistory.Listed(day)));
    }

    [Fact]
    public void Lists_what_an_incident_says_of_the_time_before_the_first_record()
    {
        var before = DayOf(90_000, 86_400, [new(100, 200, RecordedState.Outage)]);
        Assert.Equal([(100, 200, RecordedState.Outage)], Seconds(MonthHistory.Listed(before)));
        var same = DayOf(500, 86_400, [new(100, 200, RecordedState.Outage), new(400, 600, RecordedState.Degraded), new(700, 86_400, RecordedState.Operational)]);
        Assert.Equal([(100, 200, RecordedState.Outage), (400, 600, RecordedState.Degraded), (600, 700, RecordedState.NoData)], Seconds(MonthHistory.Listed(same)));
    }

    [Fact]
    public void Of_a_day_that_flaps_the_longest_intervals_are_listed()
    {
        var runs = Enumerable.Range(0, 1_000).Select(i => new Interval(i * 80, (i * 80) + (i % 2 == 0 ? 10 : 20), RecordedState.Outage)).ToArray();
        var day = DayOf(-100, 86_400, runs);
        Assert.Equal((2_000, MonthHistory.MaximumIntervals, 2_000 - MonthHistory.MaximumIntervals), (day.Intervals.Count, MonthHistory.Listed(day).Count, day.Omitted)); // outages, and no data between them
    }

    [Fact]
    public void A_component_has_no_gap_before_its_first_day_nor_after_it_was_archived()
    {
        var component = SamplePublication.Component("cmp_one", "Payments") with { StartDate = Day, ArchivedAt = At(3 * 86_400), Probe = null, Probed = [new(Midnight, Midnight + (3 * 86_400))] };
        Interval[] recorded = [new(Midnight + 100, Midnight + 86_400, RecordedState.Operational), new(Midnight + 86_400 + 60, Midnight + (3 * 86_400), RecordedState.Operational)];
        var history = HistorySnapshot.Empty with
        {
            Revision = 1,
            FirstRecorded = Midnight - (90 * 86_400),
            RecordedUntil = Midnight + (20 * 86_400),
            Days = Enumerable.Range(0, 3).ToDictionary(i => new DayOfComponent(component.Key, Day.AddDays(i)), i => new DaySeconds(86_400 - (i == 0 ? 100 : i == 1 ? 60 : 0), 0, 0, 0)),
        };
        var model = HistoryPageBuilder.Build(
            new(2026, 11, 1), At(20 * 86_400), history, new Dictionary<string, IReadOnlyList<Interval>> { [component.Key] = recorded }, new(), new([component], []), [], noticesKnown: true, moreWindows: false);
        var gaps = model.Components.Single().Days.SelectMany(day => day.Intervals).Select(gap => (Second(gap.From), Second(gap.To), gap.State));
        Assert.Equal([(0, 100, RecordedState.NoData), (86_400, 86_460, RecordedState.NoData)], gaps);
    }

    [Fact]
    public void What_happened_is_told_by_day_newest_first_worst_first_and_once()
    {
        var (routing, agents) = (DayOf(-100, 86_400, [new(0, 100, RecordedState.Outage), new(100, 160, RecordedState.Degraded), new(160, 86_400, RecordedState.Operational)]), DayOf(-100, 86_400, [new(0, 100, RecordedState.Outage), new(100, 86_400, RecordedState.Operational)]));
        PageWindow[] windows = [Of("long before", "completed", -3_000_000, 3_600), Of("this day", "completed", 300, 600), Of("next day", "scheduled", 90_000, 93_600)];
        PageIncident[] incidents = [Incident("inc_later", At(50), null, Components.SharedAgents), Incident("inc_before", At(-90_000), At(-80_000), Components.InferenceRouting)];
        var events = MonthEvents.Of(new(2026, 11, 1), At(90_000), [new(Components.InferenceRouting, [routing]), new(Components.SharedAgents, [agents])], windows, incidents);

        Assert.Equal([new(2026, 11, 4), Day, new(2026, 11, 2), new DateOnly(2026, 11, 1)], events.Select(day => day.Date));
        Assert.Equal(["next day", "this day", "long before"], events.SelectMany(day => day.Windows).Select(window => window.Title));
        Assert.Equal(["inc_later", "inc_later", "inc_before", "inc_before"], events.SelectMany(day => day.Incidents).Select(each => each.Incident.Id)); // each day that it touches
        Assert.Equal([(RecordedState.Outage, "Shared Agents", 100)], events[1].Incidents.Single().Counted.Select(Told));
        Assert.Equal([(RecordedState.Outage, "Inference Routing", 100), (RecordedState.Degraded, "Inference Routing", 60)], events[1].Measured.Select(Told)); // no incident speaks of it
        Assert.Equal(
            [(RecordedState.Outage, "Inference Routing, Shared Agents", 100), (RecordedState.Degraded, "Inference Routing", 60)],
            MonthEvents.Of(new(2026, 11, 1), At(90_000), [new(Components.InferenceRouting, [routing]), new(Components.SharedAgents, [agents])], [], [])[0].Measured.Select(Told));

        static (RecordedState, string, int) Told(MeasuredEvent e) => (e.State, string.Join(", ", e.Components), e.Seconds);
    }

    [Fact]
    public async Task An_incident_stands_in_the_month_with_what_counts_for_it()
    {
        var day = DayOf(-100, 86_400, [new(0, 500, RecordedState.Operational), new(500, 560, RecordedState.Outage), new(560, 86_400, RecordedState.Operational)]);
        var html = await RenderAsync(Month([new(Components.Dashboard, [day])], []) with { Incidents = [Incident("inc_one", At(530), At(600), Components.Dashboard)] });
        Assert.Contains("<a href=\"/status/incidents/inc_one\">Of Dashboard</a>", html, StringComparison.Ordinal);
        Assert.Contains("Dashboard down for 1 min", html, StringComparison.Ordinal);
        Assert.Contains("00:09:20 UTC</time></p>", html, StringComparison.Ordinal);
        Assert.DoesNotContain("· measured", html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_month_is_a_map_of_its_days_and_a_list_of_what_happened()
    {
        var day = DayOf(-100, 86_400, [new(0, 500, RecordedState.Operational), new(500, 501, RecordedState.Outage), new(501, 86_400, RecordedState.Operational)]);
        var quiet = new ComponentDay(Uptime.Day(Day.AddDays(1), 86_400, new(86_400, 0, 0, 0), InstallationDay.After), []);
        var html = await RenderAsync(Month([new(Components.Dashboard, [day with { Day = Uptime.Day(Day, 86_400, new(86_399, 0, 0, 1), InstallationDay.After) }, quiet])], []));

        Assert.Contains("<a class=\"x\" href=\"#d03\"><span class=\"sr\">Tue 3 Nov 2026: 1 s outage, 99.998%</span></a>", html, StringComparison.Ordinal); // however short
        Assert.Contains("<a class=\"o\" href=\"#d04\" tabindex=\"-1\">", html, StringComparison.Ordinal);
        Assert.Equal(1, html.Split("id=\"d03\"").Length - 1);
        Assert.Contains("<li id=\"d03\">", html, StringComparison.Ordinal);
        Assert.Contains("<i id=\"d04\">", html, StringComparison.Ordinal);
        Assert.Contains("Dashboard down for 1 s", html, StringComparison.Ordinal);
        Assert.Contains("00:08:20</time> – <time datetime=\"2026-11-03T00:08:21Z\">00:08:21 UTC</time> · measured", html, StringComparison.Ordinal);
        Assert.Contains("1 other day</span><div class=\"none\">No incidents and no maintenance</div>", html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_month_without_a_record_says_so_in_one_line()
    {
        Assert.Contains("<p class=\"none\">No history for this month.</p>", await RenderAsync(Month([], [])), StringComparison.Ordinal);
        var before = await RenderAsync(Month([], []) with { Month = new(2026, 10, 1), Began = new(2026, 11, 24) });
        Assert.Contains("<p class=\"none\">Not monitored yet: monitoring began on 24 Nov 2026.</p>", before, StringComparison.Ordinal);
        Assert.DoesNotContain("rel=\"prev\"", before, StringComparison.Ordinal);
        Assert.Contains("href=\"/status/history?month=2026-11\">November", before, StringComparison.Ordinal);
    }

    [Fact]
    public void A_window_touched_a_day_while_it_was_on()
    {
        (string Title, PageWindow Window, bool Touched)[] windows =
        [
            ("across", Of("1", "completed", -3_600, 3_600), true),
            ("before", Of("2", "completed", -3_600, 0), false),
            ("ended before", Of("3", "completed", -3_600, 3_600) with { CompletedAt = At(-60) }, false),
            ("recorded afterwards", Of("4", "completed", 100, 200) with { CompletedAt = At(900_000) }, true),
            ("never begun", Of("5", "cancelled", 300, 600) with { CancelledAt = At(0) }, false),
            ("stopped", Of("6", "cancelled", 300, 600) with { CancelledAt = At(400) }, true),
            ("only planned", Of("7", "scheduled", 300, 600), false),
            ("still on", Of("8", "active", 500, 90_000), true),
            ("still to come", Of("9", "active", 80_000, 90_000), false),
        ];
        Assert.All(windows, w => Assert.True(w.Touched == MonthHistory.Touched(w.Window, Midnight, Midnight + 80_000), w.Title));
    }

    [Fact]
    public async Task Is_served_to_the_gateway_with_its_policy_and_validated_months()
    {
        await using var neighbours = await Neighbours.StartAsync();
        await using var service = neighbours.StatusService(await postgres.Server.CreateDatabaseAsync<Program>());
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
        Assert.Contains("What happened", html, StringComparison.Ordinal);
        var policy = current.Headers.GetValues("Content-Security-Policy").Single();
        Assert.Contains("; img-src 'self' data:;", policy, StringComparison.Ordinal);
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

        // Within the retention; monitoring began when the first second was recorded.
        await Eventually.TrueAsync(
            async () => (await client.GetStringAsync($"/status/history?month={TimeProvider.System.GetUtcNow().AddDays(-395):yyyy-MM}")).Contains("Not monitored yet: monitoring began on ", StringComparison.Ordinal),
            "a month from before monitoring says so",
            seconds: 20);

        foreach (var (wrong, status, sentence) in new[] { ("2020-01", HttpStatusCode.NotFound, "No history for this month."), ("x", HttpStatusCode.BadRequest, "month&#39; must be a month as YYYY-MM.") })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/status/history?month={wrong}");
            request.Headers.TryAddWithoutValidation("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");
            using var page = await client.SendAsync(request);
            Assert.Equal((status, "text/html; charset=utf-8"), (page.StatusCode, page.Content.Headers.ContentType!.ToString()));
            Assert.Contains(sentence, await page.Content.ReadAsStringAsync(), StringComparison.Ordinal);
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
        await using var service = neighbours.StatusService(await postgres.Server.CreateDatabaseAsync<Program>());
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
        Assert.Equal(hasMore, html.Contains("Only the first 1 maintenance windows of the month are listed.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Is_refused_while_the_clock_is_off()
    {
        var time = new LeapingTime(TimeProvider.System);
        await using var neighbours = await Neighbours.StartAsync();
        await using var service = neighbours.StatusService(await postgres.Server.CreateDatabaseAsync<Program>(), services => services.AddSingleton<TimeProvider>(time));
        using var client = service.Http(TestTokens.ForPublic());
        await Eventually.TrueAsync(async () => await StatusAsync() == HttpStatusCode.OK, "the history is read");
        time.Ahead = TimeSpan.FromSeconds(5); // the token is still valid
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await StatusAsync());
        time.Ahead = default;
        Assert.Equal(HttpStatusCode.OK, await StatusAsync());

        async Task<HttpStatusCode> StatusAsync()
        {
            using var response = await client.GetAsync("/status/history");
            return response.StatusCode;
        }
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

    private static List<(int From, int To, RecordedState State)> Intervals(long until, params Interval[] runs) => Seconds(MonthHistory.Listed(DayOf(-100, until, runs)));

    private static List<(int From, int To, RecordedState State)> Seconds(IEnumerable<DayInterval> intervals) =>
        [.. intervals.Select(i => (Second(i.From), Second(i.To), i.State))];

    private static int Second(DateTimeOffset time) => (int)(time.ToUnixTimeSeconds() - Midnight);

    private static async Task<string> RenderAsync(HistoryPageModel model)
    {
        using var renderer = new PageRenderer(NullLoggerFactory.Instance, Brand.Default);
        return Encoding.UTF8.GetString(await renderer.RenderHistoryAsync(model, TestContext.Current.CancellationToken));
    }

    private static ComponentDay DayOf(long first, long until, Interval[] runs)
    {
        var (from, to) = (Midnight, Midnight + until);
        var clipped = runs.Select(r => (r with { From = r.From + Midnight, To = r.To + Midnight }).Clip(from, to)).Aggregate(new DaySeconds(1, 0, 0, 0), (sum, run) => sum.With(run));
        var day = Uptime.Day(Day, (int)until, clipped, first < 0 ? InstallationDay.After : InstallationDay.On);
        return MonthHistory.Of(Components.Dashboard, [day], [.. runs.Select(r => r with { From = r.From + Midnight, To = r.To + Midnight })], first + Midnight, until + Midnight)!.Days.Single();
    }

    private static HistoryPageModel Month(IReadOnlyList<ComponentMonth> components, IReadOnlyList<PageWindow> windows) =>
        new(new(2026, 11, 1), new(2026, 11, 1), null, At(86_400), components, windows, [], true);

    private static PageWindow Of(string title, string status, int from, int to) =>
        SampleWindow.Of($"mw_{title.Replace(' ', '0')}", Enum.Parse<WindowStatus>(status, ignoreCase: true), At(from), At(to)).ToPublic() with { Title = title, Severity = WindowSeverity.Info };

    private static PageIncident Incident(string id, DateTimeOffset from, DateTimeOffset? until, Component named) => new()
    {
        Id = id,
        Title = $"Of {named.Name}",
        Status = until is null ? IncidentStatus.Investigating : IncidentStatus.Resolved,
        Impact = IncidentImpact.Major,
        StartedAt = from,
        ResolvedAt = until,
        Components = [new() { Id = named.Id, Name = named.Name, Status = DeclaredStatus.Outage }],
        Updates = [],
        UpdatesCount = 1,
        CreatedAt = from,
        UpdatedAt = from,
    };

    private static DateTimeOffset At(int second) => DateTimeOffset.FromUnixTimeSeconds(Midnight + second);
}
