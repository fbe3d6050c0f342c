using System.Text.Json;
using Xerotier.Contracts;

namespace Xerotier.Xeroctl.Tests;

/// <summary>Windows that recur, by the records that the API sends.</summary>
public sealed class SeriesTests
{
    private const string Path = "/proj_ABC123/v1/management/maintenance-series";
    private const string Weekly = "mws_aaaabbbbccccddddeeee";
    private const string Patches = "mws_zzzzbbbbccccddddeeee";
    private const string When = "--timezone Europe/Berlin --starts-on 2027-03-21 --local-time 02:30 --duration 1h30m --rrule FREQ=WEEKLY;BYDAY=SU";

    private static readonly MaintenanceSeries[] All =
    [
        Series(Weekly),
        Series(Patches) with
        {
            Title = "Patch day of the routers in every region",
            Description = "",
            Severity = WindowSeverity.Info,
            AffectedServices = [],
            AutoTransition = false,
            Notify = false,
            Timezone = "America/New_York",
            LocalTime = "22:00",
            Duration = "PT2H",
            Rrule = "FREQ=MONTHLY;BYDAY=2TU",
            Exdates = [],
            CancelledAt = Samples.Time(TimeSpan.FromDays(-1)),
        },
    ];

    private static readonly MaintenanceSeriesPreview Spring = new()
    {
        Timezone = "Europe/Berlin",
        Data =
        [
            Occurrence("2027-03-21T02:30:00+01:00", "2027-03-21T04:00:00+01:00", null),
            Occurrence("2027-03-28T03:30:00+02:00", "2027-03-28T05:00:00+02:00", OccurrenceAdjustment.Gap),
            Occurrence("2027-10-31T02:30:00+02:00", "2027-10-31T03:00:00+01:00", OccurrenceAdjustment.Overlap),
        ],
    };

    [Fact]
    public async Task They_are_listed()
    {
        await using var api = await StartAsync();
        using var tool = Plain(api);
        Assert.Equal(
            """
            TITLE                            RRULE                   LOCAL TIME  TIMEZONE          DURATION  CANCELLED  ID
            Weekly database maintenance      FREQ=WEEKLY;BYDAY=SU    02:30       Europe/Berlin     PT1H30M   —          mws_aaaabbbb
            Patch day of the routers in ev…  FREQ=MONTHLY;BYDAY=2TU  22:00       America/New_York  PT2H      1d ago     mws_zzzzbbbb

            """,
            (await tool.TerminalAsync([], 120, "maintenance", "series", "list")).Out);
        Assert.Equal(
            """
            TITLE         RRULE                   LOCAL TIME  TIMEZONE          ID
            Weekly data…  FREQ=WEEKLY;BYDAY=SU    02:30       Europe/Berlin     mws_aaaabbbb
            Patch day o…  FREQ=MONTHLY;BYDAY=2TU  22:00       America/New_York  mws_zzzzbbbb
            Columns hidden at this width: DURATION, CANCELLED.

            """,
            (await tool.TerminalAsync([], 80, "maintenance", "series", "list")).Out);
        var piped = (await tool.RunAsync("maintenance", "series", "list", "--limit", "5")).Out.Split('\n');
        Assert.Equal("ID\tTITLE\tRRULE\tLOCAL TIME\tTIMEZONE\tDURATION\tCANCELLED", piped[0]);
        Assert.Equal($"{Weekly}\tWeekly database maintenance\tFREQ=WEEKLY;BYDAY=SU\t02:30\tEurope/Berlin\tPT1H30M\t", piped[1]);
        Assert.Equal($"{Path}?limit=5", api.Seen.Last().Target);
    }

    [Fact]
    public async Task One_is_shown_with_its_fields()
    {
        await using var api = await StartAsync();
        using var tool = Plain(api);
        Assert.Equal(
            $"""
            {Weekly}
              title       Weekly database maintenance
              recurs      FREQ=WEEKLY;BYDAY=SU
              at          02:30 in Europe/Berlin, for PT1H30M
              from        2026-03-01
              except      2026-04-05, 2026-12-27
              made ahead  60 days; each changes automatically at start and end
              severity    warning
              affects     Model Storage
              reminders   -24h, -1h
              created by  ops-key, 2d ago

              Brief read-only window.

            """,
            (await tool.TerminalAsync([], 80, "maintenance", "series", "show", Weekly)).Out);
        Assert.Contains("\n  affects     all services\n  reminders   none: subscribers are not notified\n  cancelled   ", (await tool.TerminalAsync([], 80, "maintenance", "series", "show", "mws_zzzz")).Out);
        Assert.StartsWith(
            $"id\t{Weekly}\nseverity\twarning\ntitle\tWeekly database maintenance\ndescription\tBrief read-only window.\ntimezone\tEurope/Berlin\nstarts_on\t2026-03-01\nlocal_time\t02:30\nduration\tPT1H30M\nrrule\tFREQ=WEEKLY;BYDAY=SU\nexdates\t2026-04-05, 2026-12-27\nhorizon_days\t60\naffected_services\tModel Storage\nauto_transition\ttrue\nreminders\t-24h, -1h\nnotify\ttrue\ncreated_by\tops-key\n",
            (await tool.RunAsync("maintenance", "series", "show", Weekly)).Out);
        Assert.Equal(Json(All[0]), (await tool.RunAsync("maintenance", "series", "show", Weekly, "-o", "json")).Out);
    }

    [Fact]
    public async Task One_is_created_with_all_its_fields_once()
    {
        await using var api = await StartAsync();
        using var tool = Plain(api);
        var result = await tool.RunAsync(
        [
            "maintenance", "series", "create", "--title", "T", "--description", "D", .. When.Split(' '), "--exdate", "2027-04-04", "--exdate", "2027-04-11", "--horizon-days", "30",
            "--severity", "critical", "--affected-service", "Model Storage", "--auto-transition=false", "--reminder", "-2d", "--reminder=-1h", "--no-notify", "--idempotency-key", "k-1",
        ]);
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        var request = api.Seen.Single();
        Assert.Equal($"POST {Path} k-1", $"{request.Method} {request.Target} {request.Headers["Idempotency-Key"]}");
        Assert.Equal(
            """{"title":"T","description":"D","severity":"critical","affected_services":["Model Storage"],"auto_transition":false,"timezone":"Europe/Berlin","starts_on":"2027-03-21","local_time":"02:30","duration":"PT1H30M","rrule":"FREQ=WEEKLY;BYDAY=SU","exdates":["2027-04-04","2027-04-11"],"horizon_days":30,"reminders":["-2d","-1h"],"notify":false}""",
            request.Body);
        Assert.NotNull(JsonSerializer.Deserialize(request.Body, ContractsJson.Wire.MaintenanceSeriesCreate));
    }

    [Theory]
    [InlineData("--exdate||--affected-service|", """{"affected_services":[],"exdates":[]}""")]
    [InlineData("--duration|PT2H|--title|T", """{"title":"T","duration":"PT2H"}""")]
    [InlineData("--no-reminders|--no-notify|false", """{"reminders":[],"notify":true}""")]
    [InlineData("--reminder|", """{"reminders":[]}""")]
    [InlineData("--duration|45m", """{"duration":"PT45M"}""")]
    public async Task An_update_changes_what_is_said(string options, string body)
    {
        await using var api = await StartAsync();
        using var tool = Plain(api);
        Assert.Equal(0, (await tool.RunAsync(["maintenance", "series", "update", "mws_aaaa", .. options.Split('|')])).ExitCode);
        Assert.Equal(($"PATCH {Path}/{Weekly}", body), ($"{api.Seen.Last().Method} {api.Seen.Last().Target}", api.Seen.Last().Body));
    }

    [Theory]
    [InlineData("update X", "nothing to update; use at least one of --title, --description, --timezone, --starts-on, --local-time, --duration, --rrule, --exdate, --horizon-days, --severity, --affected-service, --auto-transition, --reminder, --no-reminders, --no-notify")]
    [InlineData("update X --reminder -1h --no-reminders", "use either --reminder or --no-reminders")]
    [InlineData("update X --horizon-days 6", "--horizon-days takes a whole number from 7 to 90, not '6'")]
    [InlineData($"create {When}", "Option '--title' is required.")]
    [InlineData("preview --title T --description D", "Option '--timezone' is required.")]
    public async Task What_cannot_be_meant_is_refused_before_anything_is_sent(string line, string error)
    {
        await using var api = await StartAsync();
        using var tool = Plain(api);
        var result = await tool.RunAsync(["maintenance", "series", .. line.Split(' ')]);
        Assert.Equal((2, ""), (result.ExitCode, result.Out));
        Assert.Equal($"xeroctl: {error}", result.Error.Split('\n')[0]);
        Assert.Empty(api.Seen);
    }

    [Fact]
    public async Task What_the_API_refuses_is_told_by_the_name_that_was_typed()
    {
        await using var api = await TestApi.StartAsync(400, """
            {"error":{"message":"3 fields are invalid.","type":"invalid_request_error","code":"invalid_request","param":"rrule",
             "errors":[{"param":"reminders","message":"r"},{"param":"notify","message":"n"},{"param":"rrule","message":"a"},{"param":"exdates[1]","message":"b"},{"param":"local_time","message":"c"}]}}
            """);
        using var tool = Plain(api);
        Assert.EndsWith("\n  --reminder: r\n  --no-notify: n\n  --rrule: a\n  --exdate: b\n  --local-time: c\n", (await tool.RunAsync(["maintenance", "series", "preview", .. When.Split(' ')])).Error);
    }

    [Fact]
    public async Task Cancelling_asks_for_the_series_that_was_read()
    {
        await using var api = await StartAsync();
        using var tool = Plain(api);
        var no = await tool.TerminalAsync([($"Cancel “Weekly database maintenance” ({Weekly}) and its occurrences", "n\n")], 120, "maintenance", "series", "cancel", "mws_aaaa");
        Assert.Equal(1, no.ExitCode);
        Assert.DoesNotContain(api.Seen, request => request.Method != "GET");
        var yes = await tool.TerminalAsync([("[y/N]", "y\n")], 120, "maintenance", "series", "cancel", Weekly);
        Assert.Equal(0, yes.ExitCode);
        Assert.Contains($"Cancelled {Weekly}\n", yes.Out);
        Assert.Equal($"DELETE {Path}/{Weekly} \"7\"", $"{api.Seen.Last().Method} {api.Seen.Last().Target} {api.Seen.Last().Headers["If-Match"]}");
        Assert.Equal(0, (await tool.RunAsync("maintenance", "series", "cancel", Weekly)).ExitCode);
        Assert.False(api.Seen.Last().Headers.ContainsKey("If-Match"));
    }

    [Fact]
    public async Task A_preview_marks_what_daylight_saving_moves()
    {
        await using var api = await StartAsync();
        using var tool = Plain(api);
        string[] preview = ["maintenance", "series", "preview", .. When.Split(' ')];
        Assert.Equal(
            """
            Next occurrences in Europe/Berlin
            OCCURRENCE  LOCAL START           LOCAL END             UTC START         UTC END           DAYLIGHT SAVING
            2027-03-21  Sun 2027-03-21 02:30  Sun 2027-03-21 04:00  2027-03-21 01:30  2027-03-21 03:00
            2027-03-28  Sun 2027-03-28 03:30  Sun 2027-03-28 05:00  2027-03-28 01:30  2027-03-28 03:00  moved forward: 02:30 does not exist
            2027-10-31  Sun 2027-10-31 02:30  Sun 2027-10-31 03:00  2027-10-31 00:30  2027-10-31 02:00  the earlier of two: 02:30 exists twice

            """,
            Trimmed((await tool.TerminalAsync([], 140, preview)).Out));
        Assert.Equal(
            """
            Next occurrences in Europe/Berlin
            LOCAL START           UTC START         DAYLIGHT SAVING
            Sun 2027-03-21 02:30  2027-03-21 01:30
            Sun 2027-03-28 03:30  2027-03-28 01:30  moved forward: 02:30 does not exist
            Sun 2027-10-31 02:30  2027-10-31 00:30  the earlier of two: 02:30 exists twice
            Columns hidden at this width: OCCURRENCE, LOCAL END, UTC END.

            """,
            Trimmed((await tool.TerminalAsync([], 80, preview)).Out));
        Assert.Equal(
            "OCCURRENCE\tUTC START\tUTC END\tLOCAL START\tLOCAL END\tDAYLIGHT SAVING\n"
            + "2027-03-21\t2027-03-21T01:30:00Z\t2027-03-21T03:00:00Z\t2027-03-21T02:30:00+01:00\t2027-03-21T04:00:00+01:00\t\n"
            + "2027-03-28\t2027-03-28T01:30:00Z\t2027-03-28T03:00:00Z\t2027-03-28T03:30:00+02:00\t2027-03-28T05:00:00+02:00\tgap\n"
            + "2027-10-31\t2027-10-31T00:30:00Z\t2027-10-31T02:00:00Z\t2027-10-31T02:30:00+02:00\t2027-10-31T03:00:00+01:00\toverlap\n",
            (await tool.RunAsync(preview)).Out);
        Assert.Equal(JsonSerializer.Serialize(Spring, ContractsJson.Wire.MaintenanceSeriesPreview), (await tool.RunAsync([.. preview, "-o", "json"])).Out);
        var request = api.Seen.Last();
        Assert.Equal(
            ($"POST {Path}/preview", """{"title":"Preview","description":"","timezone":"Europe/Berlin","starts_on":"2027-03-21","local_time":"02:30","duration":"PT1H30M","rrule":"FREQ=WEEKLY;BYDAY=SU"}"""),
            ($"{request.Method} {request.Target}", request.Body));
    }

    [Fact]
    public async Task A_preview_of_nothing_says_so()
    {
        await using var api = await TestApi.StartAsync(200, """{"object":"maintenance_series.preview","timezone":"Europe/Berlin","data":[]}""");
        using var tool = Plain(api);
        Assert.Equal("No occurrences from now on in Europe/Berlin\n", (await tool.TerminalAsync([], 80, ["maintenance", "series", "preview", .. When.Split(' ')])).Out);
    }

    [Fact]
    public async Task What_overlaps_is_told_beside_the_response()
    {
        var warning = new Warning { Code = "overlaps", Message = "“Upgrade” is planned for the same service.", Id = "mw_1" };
        await using var api = await TestApi.StartAsync(200, Json(All[0] with { Warnings = [warning] }));
        using var tool = Plain(api);
        var result = await tool.RunAsync("maintenance", "series", "update", Weekly, "--local-time", "03:00");
        Assert.Equal((0, "xeroctl: warning: “Upgrade” is planned for the same service. (mw_1)\n"), (result.ExitCode, result.Error));
        Assert.StartsWith($"id\t{Weekly}\n", result.Out);
    }

    [Fact]
    public async Task A_window_says_which_series_it_is_of()
    {
        var window = Samples.Window().Replace("\"auto_transition\":false,", $"\"auto_transition\":true,\"series_id\":\"{Weekly}\",\"occurrence\":\"2027-03-28\",", StringComparison.Ordinal);
        await using var api = await TestApi.StartAsync(200, window);
        using var tool = Plain(api);
        Assert.Contains($"\n  series      {Weekly}, its occurrence of 2027-03-28\n", (await tool.TerminalAsync([], 80, "maintenance", "show", "mw_abc123")).Out);
        Assert.Contains($"\nseries_id\t{Weekly}\noccurrence\t2027-03-28\n", (await tool.RunAsync("maintenance", "show", "mw_abc123")).Out);
    }

    private static MaintenanceSeries Series(string id) => new()
    {
        Id = id,
        ProjectId = Samples.Project,
        Title = "Weekly database maintenance",
        Description = "Brief read-only window.",
        Severity = WindowSeverity.Warning,
        AffectedServices = ["Model Storage"],
        AutoTransition = true,
        Timezone = "Europe/Berlin",
        StartsOn = new(2026, 3, 1),
        LocalTime = "02:30",
        Duration = "PT1H30M",
        Rrule = "FREQ=WEEKLY;BYDAY=SU",
        Exdates = [new(2026, 4, 5), new(2026, 12, 27)],
        HorizonDays = 60,
        CreatedBy = "ops-key",
        CreatedAt = Samples.Time(TimeSpan.FromDays(-2)),
        UpdatedAt = Samples.Time(TimeSpan.FromDays(-2)),
        CancelledAt = null,
    };

    private static OccurrencePreview Occurrence(string localStart, string localEnd, OccurrenceAdjustment? adjusted) => new()
    {
        Occurrence = DateOnly.Parse(localStart[..10]),
        StartsAt = DateTimeOffset.Parse(localStart).ToUniversalTime(),
        EndsAt = DateTimeOffset.Parse(localEnd).ToUniversalTime(),
        LocalStartsAt = localStart,
        LocalEndsAt = localEnd,
        Adjusted = adjusted,
    };

    private static string Json(MaintenanceSeries series) => JsonSerializer.Serialize(series, ContractsJson.Wire.MaintenanceSeries);

    private static string Trimmed(string text) => string.Join('\n', text.Split('\n').Select(line => line.TrimEnd()));

    private static Tool Plain(TestApi api)
    {
        var tool = Tool.For(api.Url);
        tool.Environment["NO_COLOR"] = "1";
        return tool;
    }

    private static Task<TestApi> StartAsync() => TestApi.StartAsync((context, _) =>
    {
        context.Response.Headers.ETag = "\"7\"";
        var id = context.Request.Path.ToString()[Path.Length..].TrimStart('/');
        return (id, context.Request.Method) switch
        {
            ("", "GET") => TestApi.WriteAsync(context, 200, Samples.List(false, [.. All.Select(Json)])),
            ("", "POST") => TestApi.WriteAsync(context, 201, Json(All[0])),
            ("preview", "POST") => TestApi.WriteAsync(context, 200, JsonSerializer.Serialize(Spring, ContractsJson.Wire.MaintenanceSeriesPreview)),
            _ when Array.Find(All, item => item.Id == id) is { } found => TestApi.WriteAsync(context, 200, Json(found)),
            _ => TestApi.WriteAsync(context, 404, Samples.Error("not_found", "No series with this ID.")),
        };
    });
}
