using System.Text.Json;
using Xerotier.Contracts;

namespace Xerotier.Xeroctl.Tests;

/// <summary>What <c>xeroctl status</c> makes of the page's document: open incidents, services and their days.</summary>
public sealed class StatusTests
{
    private const int Day = 86_400;
    private const string Good = "▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇";

    private static readonly StatusIndicator[] Services =
    [
        Service("Dashboard", ServiceStatus.Operational, 100m, [.. Enumerable.Repeat(Observed(), 90)]),
        Service("Inference Routing", ServiceStatus.Degraded, 99.982m, [.. Enumerable.Repeat(Observed(), 85), Observed(degraded: 5), Observed(outage: 5, degraded: 5), Observed(maintenance: 5), Observed(noData: Day / 25), Observed()])
            with { Reason = "2 of 3 routers online", Since = Samples.Time(TimeSpan.FromDays(-2)) },
        Service("Shared Agents", ServiceStatus.Outage, 50m, [.. Enumerable.Repeat(Observed(noData: Day), 88), Observed(noData: Day / 2), Observed(outage: 3600) with { OperationalSeconds = 3600, NoDataSeconds = Day - 7200 }])
            with { Reason = "7 of 8 agents are silent, which is more than what a line of eighty columns has room for", Since = Samples.Time(TimeSpan.FromDays(-2)) },
        Service("Batch API", ServiceStatus.Unknown, null, [.. Enumerable.Repeat(Observed(noData: Day) with { Installation = InstallationDay.Before }, 90)]),
    ];

    private static readonly string Incidents = $$"""
        [{"id":"inc_1","title":"Elevated errors in us-east","status":"monitoring","impact":"major","started_at":"{{Samples.At(TimeSpan.FromDays(-2))}}","resolved_at":null,
          "components":[{"id":"cmp_inference_routing","name":"Inference Routing","status":"degraded"},{"id":"cmp_1","name":"Batch API","status":"outage"}],
          "updates":[{"id":"upd_2","status":"monitoring","body":"A fix is in place; we are watching\nthe error rate for a while longer than usual, to be sure.\n\nMore later.","at":"2026-05-22T14:20:00Z","posted_at":"2026-05-22T14:21:00Z","edited_at":null},
            {"id":"upd_1","status":"investigating","body":"We are looking.","at":"2026-05-22T14:02:00Z","posted_at":"2026-05-22T14:02:00Z","edited_at":null}]},
         {"id":"inc_2","title":"A note","status":"investigating","impact":"none","started_at":"{{Samples.At(TimeSpan.FromDays(-2))}}","resolved_at":null,"components":[],"updates":[]},
         {"id":"inc_0","title":"Over","status":"resolved","impact":"minor","started_at":"2026-05-20T14:02:00Z","resolved_at":"2026-05-20T15:02:00Z","components":[],"updates":[]}]
        """;

    [Fact]
    public async Task It_has_a_line_and_a_strip_for_each_service_at_80_columns() => Assert.Equal(
        $"""
        ● Partial Outage  as of 14:02:11 UTC

        Dashboard          Operational  100% over 90 days
          {Good}
        Inference Routing  Degraded     99.982% over 90 days
          2 of 3 routers online, since DATE UTC (2d ago)
          {Good[..73]}▄╳▒▇▇
        Shared Agents      Outage       50.000% over 14h observed
          7 of 8 agents are silent, which is more than what a line of eighty columns has
          room for, since DATE UTC (2d ago)
          {new string('·', 76)}▌╳
        Batch API          No data      —
          {new string('·', 78)}
        Last 78 days, today at the right: ▇ good  ▄ degraded  ╳ outage  ▒ maintenance
        ▌ gaps in data  · no data

        """,
        await ShownAsync(80, Document(null)));

    [Fact]
    public async Task It_has_the_reason_beside_the_uptime_and_all_90_days_at_120_columns() => Assert.Equal(
        $"""
        ● Partial Outage  as of 14:02:11 UTC

        Dashboard          Operational  100% over 90 days
          {Good}{Good[..12]}
        Inference Routing  Degraded     99.982% over 90 days       2 of 3 routers online, since DATE UTC (2d ago)
          {Good}{Good[..7]}▄╳▒▇▇
        Shared Agents      Outage       50.000% over 14h observed
          7 of 8 agents are silent, which is more than what a line of eighty columns has room for, since DATE UTC
          (2d ago)
          {new string('·', 88)}▌╳
        Batch API          No data      —
          {new string('·', 90)}
        Last 90 days, today at the right: ▇ good  ▄ degraded  ╳ outage  ▒ maintenance  ▌ gaps in data  · no data

        """,
        await ShownAsync(120, Document(null)));

    [Fact]
    public async Task A_narrow_terminal_has_as_many_days_as_fit()
    {
        var shown = await ShownAsync(40, Document(Incidents));
        Assert.Contains($"\nDashboard          Operational\n  100% over 90 days\n  {Good[..38]}\n", shown);
        Assert.Contains("Last 38 days, today at the right:", shown);
        Assert.All(shown.Replace("DATE", "2026-05-22 14:02", StringComparison.Ordinal).Split('\n'), line => Assert.True(line.Length <= 40, line));
    }

    [Fact]
    public async Task Open_incidents_stand_under_the_overall_line()
    {
        var shown = await ShownAsync(80, Document(Incidents));
        Assert.StartsWith(
            """
            ● Partial Outage  as of 14:02:11 UTC

            ▲ Elevated errors in us-east
              monitoring, major, since DATE UTC (2d ago)
              Inference Routing (degraded), Batch API (outage)
              A fix is in place; we are watching the error rate for a while longer than
              usual, to be sure.

            ▲ A note
              investigating, since DATE UTC (2d ago)

            Dashboard 
            """,
            shown);
        Assert.DoesNotContain("Over", shown);
    }

    [Fact]
    public async Task A_pipe_gets_exact_columns()
    {
        await using var api = await TestApi.StartAsync(200, Document(Incidents));
        using var tool = Tool.For(api.Url);
        var lines = (await tool.RunAsync("status")).Out.TrimEnd('\n').Split('\n');
        Assert.Equal(["overall", "generated_at", "stale_since", "incident", "incident", "indicator", "indicator", "indicator", "indicator"], lines.Select(line => line.Split('\t')[0]));
        Assert.Matches("^incident\tinc_1\tmonitoring\tmajor\t[0-9T:-]+Z\tElevated errors in us-east\tInference Routing \\(degraded\\), Batch API \\(outage\\)$", lines[3]);
        Assert.Matches("^indicator\tInference Routing\tdegraded\t99.982\t2 of 3 routers online\t[0-9T:.-]+Z$", lines[6]);
    }

    [Fact]
    public async Task Days_have_colours_where_the_terminal_has_them()
    {
        await using var api = await TestApi.StartAsync(200, Document(null));
        using var tool = Tool.For(api.Url);
        Assert.Contains($"  \e[32m{Good[..73]}\e[0m\e[33m▄\e[0m\e[31m╳\e[0m\e[36m▒\e[0m\e[32m▇▇\e[0m\n", (await tool.TerminalAsync([], 80, "status")).Out);
        tool.Environment["NO_COLOR"] = "1";
        Assert.DoesNotContain('\e', (await tool.TerminalAsync([], 80, "status")).Out);
    }

    [Theory]
    [InlineData(90, Day, 0, "100% over 90 days")]
    [InlineData(4, Day, 0, "100% over 4 days observed")]
    [InlineData(1, 1200, 0, "100% over 20m observed")]
    [InlineData(90, Day - 2, 2, "100% over 90 days")]
    [InlineData(90, Day / 2, Day / 2, "100% over 45 days observed")]
    public async Task The_uptime_says_what_it_covers(int days, int operational, int noData, string uptime)
    {
        var (before, observed) = (Observed(noData: Day) with { Installation = InstallationDay.Before }, Observed() with { OperationalSeconds = operational, NoDataSeconds = noData });
        var service = Service("S", ServiceStatus.Operational, 100m, [.. Enumerable.Repeat(before, 90 - days), .. Enumerable.Repeat(observed, days)]);
        await using var api = await TestApi.StartAsync(200, Document(null, service));
        using var tool = Tool.For(api.Url);
        tool.Environment["NO_COLOR"] = "1";
        Assert.Contains($"\nS  Operational  {uptime}\n", (await tool.TerminalAsync([], 80, "status")).Out);
    }

    [Fact]
    public async Task Watching_redraws_it_until_Ctrl_C()
    {
        await using var api = await TestApi.StartAsync((context, number) => TestApi.WriteAsync(context, 200, Document(null).Replace("14:02:11", $"14:02:1{number}", StringComparison.Ordinal)));
        using var tool = Tool.For(api.Url);
        tool.Environment.Remove("XEROTIER_API_KEY");
        var result = await tool.TerminalAsync([("14:02:11 UTC", ""), ("14:02:12 UTC", "\u0003")], 80, "status", "--watch", "--interval", "1");
        Assert.Equal(0, result.ExitCode);
        Assert.EndsWith("\e[?25h\e[?1049l", result.Out);
    }

    [Fact]
    public async Task The_page_is_opened_in_a_browser_or_its_address_is_printed()
    {
        using var tool = Tool.For(new Uri("https://status.test"));
        tool.Environment["DISPLAY"] = tool.Environment["WAYLAND_DISPLAY"] = tool.Environment["BROWSER"] = "";
        const string Address = "https://status.test/status\n";
        Assert.Equal(new ToolResult(0, Address, ""), await tool.RunAsync("status", "--open"));
        const string Fake = "d=$(mktemp -d); printf '#!/bin/sh\\necho \"$1\" > '$d'/opened; exit '$E > $d/xdg-open; chmod +x $d/xdg-open; PATH=$d:$PATH DISPLAY=:0 xeroctl status --open; echo $?; cat $d/opened; rm -r $d";
        Assert.Equal($"0\n{Address}", (await tool.ShellAsync($"E=0; {Fake}")).Out);
        Assert.Equal($"{Address}0\n{Address}", (await tool.ShellAsync($"E=3; {Fake}")).Out);
        Assert.Equal($"{Address}0\n", (await tool.ShellAsync("X=$(command -v xeroctl); PATH=/nowhere DISPLAY=:0 $X status --open; echo $?")).Out);
        var both = await tool.RunAsync("status", "--open", "--watch");
        Assert.Equal((2, "xeroctl: use either --open or --watch\n"), (both.ExitCode, both.Error));
    }

    private static async Task<string> ShownAsync(int columns, string document)
    {
        await using var api = await TestApi.StartAsync(200, document);
        using var tool = Tool.For(api.Url);
        tool.Environment["NO_COLOR"] = "1";
        var result = await tool.TerminalAsync([], columns, "status");
        Assert.Equal(8, result.ExitCode);
        var date = DateTimeOffset.UtcNow.AddDays(-2).ToString("yyyy-MM-dd");
        return System.Text.RegularExpressions.Regex.Replace(result.Out.Replace('\u00A0', ' '), $"{date} [0-9:]{{5}} UTC", "DATE UTC");
    }

    private static string Document(string? incidents, params StatusIndicator[] services)
    {
        var document = new StatusDocument
        {
            Demo = false,
            GeneratedAt = new(2026, 5, 22, 14, 2, 11, TimeSpan.Zero),
            StaleSince = null,
            Overall = new() { Key = OverallKey.PartialOutage, Label = "Partial Outage" },
            Indicators = services.Length > 0 ? services : Services,
            Incidents = [],
            OpenIncidentsTotal = 0,
            Windows = new() { Unavailable = false, UnavailableSince = null, Active = [], ActiveTotal = 0, Scheduled = [], ScheduledTotal = 0, Recent = [] },
        };
        var json = JsonSerializer.Serialize(document, ContractsJson.Wire.StatusDocument);
        return json.Replace("\"incidents\":[],", incidents is null ? "" : $"\"incidents\":{incidents},", StringComparison.Ordinal); // an older server has none
    }

    private static StatusIndicator Service(string name, ServiceStatus status, decimal? uptime, StatusDay[] days) =>
        new() { Id = "cmp_" + name.ToLowerInvariant().Replace(' ', '_'), Name = name, Description = null, Group = null, Position = 1, Declared = false, Measured = status, Status = status, Reason = null, Since = null, UptimePercent = uptime, Days = days };

    private static StatusDay Observed(int degraded = 0, int outage = 0, int maintenance = 0, int noData = 0) => new()
    {
        Date = new(2026, 5, 22),
        OperationalSeconds = Day - degraded - outage - maintenance - noData,
        DegradedSeconds = degraded,
        OutageSeconds = outage,
        MaintenanceSeconds = maintenance,
        NoDataSeconds = noData,
        UptimePercent = null,
        Installation = InstallationDay.After,
    };
}
