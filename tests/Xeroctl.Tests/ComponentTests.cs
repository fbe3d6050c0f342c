using Xerotier.Contracts;

namespace Xerotier.Xeroctl.Tests;

/// <summary>The components of the status page, by the records that the API sends.</summary>
public sealed class ComponentTests
{
    private const string Path = "/v1/platform/components";
    private const string Batch = "cmp_aaaabbbbccccddddeeee";
    private static readonly string PlatformKey = Samples.Key.Replace("demo", "platform", StringComparison.Ordinal);

    private static readonly Component[] All =
    [
        Samples.Component("cmp_dashboard", "Dashboard") with { Group = null, Probe = null, BuiltIn = true, Position = 0, Description = null },
        Samples.Component() with { Probe = new() { Url = "https://batch.example.com/healthz", IntervalSeconds = 30, TimeoutSeconds = 3, ExpectStatus = 204 } },
        Samples.Component("cmp_aaaabbbbccccddddffff", "Billing") with { Group = null, Probe = null, Position = 20, OnlyShowIfDegraded = true },
        Samples.Component("cmp_zzzzbbbbccccddddeeee", "Old API") with { Position = 30, ArchivedAt = Samples.Time(TimeSpan.FromDays(-1)) },
    ];

    [Fact]
    public async Task They_are_listed_in_the_order_of_the_page()
    {
        await using var api = await StartAsync();
        using var tool = Platform(api);
        Assert.Equal(
            """
            NAME       GROUP  POSITION  MEASURED BY                        ID
            Dashboard         0         the platform                       cmp_dashboard
            Batch API  APIs   10        https://batch.example.com/healthz  cmp_aaaabbbbccccdddde
            Billing           20        incidents alone                    cmp_aaaabbbbccccddddf

            """,
            (await tool.TerminalAsync([], 120, "components", "list")).Out);
        Assert.Equal(
            """
            NAME       GROUP  POSITION  MEASURED BY                    ID
            Dashboard         0         the platform                   cmp_dashboard
            Batch API  APIs   10        https://batch.example.com/he…  cmp_aaaabbbbccccdddde
            Billing           20        incidents alone                cmp_aaaabbbbccccddddf

            """,
            (await tool.TerminalAsync([], 80, "components", "list")).Out);
        Assert.Equal(
            """
            NAME       MEASURED BY       ID
            Dashboard  the platform      cmp_dashboard
            Batch API  https://batch.e…  cmp_aaaabbbbccccdddde
            Billing    incidents alone   cmp_aaaabbbbccccddddf
            Columns hidden at this width: GROUP, POSITION.

            """,
            (await tool.TerminalAsync([], 50, "components", "list")).Out);
        Assert.Equal(
            $"ID\tNAME\tGROUP\tPOSITION\tMEASURED BY\ncmp_dashboard\tDashboard\t\t0\tthe platform\n{Batch}\tBatch API\tAPIs\t10\thttps://batch.example.com/healthz\ncmp_aaaabbbbccccddddffff\tBilling\t\t20\tincidents alone\n",
            (await tool.RunAsync("components", "list")).Out);
        Assert.All(api.Seen, request => Assert.Equal((Path, $"Bearer {PlatformKey}"), (request.Target, request.Headers["Authorization"])));
    }

    [Fact]
    public async Task Archived_ones_are_listed_on_request()
    {
        await using var api = await StartAsync();
        using var tool = Platform(api);
        var shown = (await tool.TerminalAsync([], 120, "components", "list", "--archived")).Out.Split('\n');
        Assert.Equal("NAME       GROUP  POSITION  MEASURED BY                        ARCHIVED  ID", shown[0]);
        Assert.Equal("Old API    APIs   30        https://batch.example.com/healthz  1d ago    cmp_zzzzbbbb", shown[4]);
        Assert.Equal($"{Path}?archived=true", api.Seen.Single().Target);
    }

    [Fact]
    public async Task One_is_shown_with_its_fields()
    {
        await using var api = await StartAsync();
        using var tool = Platform(api);
        Assert.Matches(
            """
            ^cmp_aaaabbbbccccddddeeee
              name        Batch API
              group       APIs
              position    10
              measured by https://batch\.example\.com/healthz, every 30 s, within 3 s,
                          expecting 204
              since       2026-05-01
              created     [0-9-]{10} [0-9:]{8} UTC \(2d ago\)

              Asynchronous inference jobs\.
            $
            """,
            (await tool.TerminalAsync([], 80, "components", "show", Batch)).Out);
        Assert.Contains("  position    20, hidden while it is operational\n  measured by incidents alone: operational unless one says otherwise\n", (await tool.TerminalAsync([], 80, "components", "show", "billing")).Out);
        var piped = (await tool.RunAsync("components", "show", Batch)).Out;
        Assert.StartsWith($"id\t{Batch}\nname\tBatch API\ndescription\tAsynchronous inference jobs.\ngroup\tAPIs\nposition\t10\nstart_date\t2026-05-01\nonly_show_if_degraded\tfalse\nprobe.url\thttps://batch.example.com/healthz\nprobe.interval_seconds\t30\nprobe.timeout_seconds\t3\nprobe.expect_status\t204\nbuilt_in\tfalse\ncreated_at\t", piped);
        Assert.Equal(Samples.Json(All[1]), (await tool.RunAsync("components", "show", Batch, "-o", "json")).Out);
    }

    [Theory]
    [InlineData("batch api", Batch, 2)]
    [InlineData(Batch, Batch, 1)]
    [InlineData("Model Storage", "cmp_model_storage", 1)]
    [InlineData("cmp_zzzz", "cmp_zzzzbbbbccccddddeeee", 2)]
    [InlineData("cmp_nope", "cmp_nope", 2)]
    public async Task One_is_named_by_its_name_its_id_or_a_unique_prefix(string text, string id, int requests)
    {
        await using var api = await StartAsync();
        using var tool = Platform(api);
        await tool.RunAsync("components", "show", text);
        Assert.Equal(requests, api.Seen.Count);
        Assert.Equal($"{Path}/{id}", api.Seen.Last().Target);
    }

    [Theory]
    [InlineData("Old API", 4, "xeroctl: no component is named 'Old API'\n  components: Dashboard, Batch API, Billing\n")]
    [InlineData("cmp_aaaabbbb", 2, "xeroctl: 'cmp_aaaabbbb' matches more than one component, such as cmp_aaaabbbbccccddddeeee and cmp_aaaabbbbccccddddffff; use more characters of the ID\n")]
    [InlineData("cmp_aaaabbbbccccddddeeez", 4, "xeroctl: No component with this ID. (404 not_found, request ")]
    public async Task One_that_is_not_there_is_said_so(string text, int exitCode, string error)
    {
        await using var api = await StartAsync();
        using var tool = Platform(api);
        var result = await tool.RunAsync("components", "archive", text);
        Assert.Equal(exitCode, result.ExitCode);
        Assert.StartsWith(error, result.Error);
    }

    [Fact]
    public async Task One_is_created_with_all_its_fields_once()
    {
        await using var api = await StartAsync();
        using var tool = Platform(api);
        var result = await tool.RunAsync(
            "components", "create", "Batch API", "--description", "D", "--group", "APIs", "--position", "5", "--start-date", "2026-05-01", "--only-show-if-degraded",
            "--probe-url", "https://b.test", "--probe-interval", "30", "--probe-timeout", "2", "--probe-status", "204", "--idempotency-key", "k-1");
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        var request = api.Seen.Single();
        Assert.Equal($"POST {Path} k-1", $"{request.Method} {request.Target} {request.Headers["Idempotency-Key"]}");
        Assert.Equal("""{"name":"Batch API","description":"D","group":"APIs","position":5,"start_date":"2026-05-01","only_show_if_degraded":true,"probe":{"url":"https://b.test","interval_seconds":30,"timeout_seconds":2,"expect_status":204}}""", request.Body);
        Assert.NotNull(System.Text.Json.JsonSerializer.Deserialize(request.Body, ContractsJson.Wire.ComponentCreate));
        await tool.RunAsync("components", "create", "Billing", "--probe-status", "2xx", "--probe-url", "https://b.test");
        Assert.Equal("""{"name":"Billing","probe":{"url":"https://b.test"}}""", api.Seen.Last().Body);
        Assert.Equal(36, api.Seen.Last().Headers["Idempotency-Key"].Length);
    }

    [Theory]
    [InlineData("--name New --no-description --no-group --no-probe --only-show-if-degraded=false", """{"name":"New","description":null,"group":null,"only_show_if_degraded":false,"probe":null}""")]
    [InlineData("--position 0 --description D --group G", """{"description":"D","group":"G","position":0}""")]
    public async Task An_update_changes_and_removes_what_is_said(string options, string body)
    {
        await using var api = await StartAsync();
        using var tool = Platform(api);
        Assert.Equal(0, (await tool.RunAsync(["components", "update", Batch, .. options.Split(' ')])).ExitCode);
        var request = api.Seen.Single();
        Assert.Equal(($"PATCH {Path}/{Batch}", body), ($"{request.Method} {request.Target}", request.Body));
        Assert.False(request.Headers.ContainsKey("If-Match"));
    }

    [Theory]
    [InlineData("--probe-interval 60", """{"probe":{"url":"https://batch.example.com/healthz","interval_seconds":60,"timeout_seconds":3,"expect_status":204}}""")]
    [InlineData("--probe-url http://x.test --probe-status 2xx", """{"probe":{"url":"http://x.test","interval_seconds":30,"timeout_seconds":3}}""")]
    public async Task A_part_of_a_probe_changes_and_the_rest_stays_as_it_was_read(string options, string body)
    {
        await using var api = await StartAsync();
        using var tool = Platform(api);
        Assert.Equal(0, (await tool.RunAsync(["components", "update", Batch, .. options.Split(' ')])).ExitCode);
        Assert.Equal(["GET", "PATCH"], api.Seen.Select(request => request.Method));
        Assert.Equal((body, "\"7\""), (api.Seen.Last().Body, api.Seen.Last().Headers["If-Match"]));
    }

    [Theory]
    [InlineData("create X --probe-interval 30", "--probe-url is required: there is no probe yet")]
    [InlineData("create X --start-date 1.5.2026", "--start-date: '1.5.2026' is not a date; use the form 2026-05-22")]
    [InlineData("create X --probe-url u --probe-status 199", "--probe-status takes a status code from 200 to 599, or 2xx, not '199'")]
    [InlineData("create X --probe-url u --probe-timeout 31", "--probe-timeout takes a whole number from 1 to 30, not '31'")]
    [InlineData("update X", "nothing to update; use at least one of --name, --description, --no-description, --group, --no-group, --position, --start-date, --only-show-if-degraded, --probe-url, --probe-interval, --probe-timeout, --probe-status, --no-probe")]
    [InlineData("update X --group G --no-group", "use either --group or --no-group")]
    [InlineData("update X --description D --no-description", "use either --description or --no-description")]
    [InlineData("update cmp_dashboard --no-probe --probe-timeout 1", "use either the options of a probe or --no-probe")]
    [InlineData("update X --probe-timeout 1 --dry-run", "--dry-run sends nothing, so it cannot read the probe that the options change")]
    public async Task What_cannot_be_meant_is_refused_before_anything_is_sent(string line, string error)
    {
        await using var api = await StartAsync();
        using var tool = Platform(api);
        var result = await tool.RunAsync(["components", .. line.Split(' ')]);
        Assert.Equal((2, ""), (result.ExitCode, result.Out));
        Assert.Equal($"xeroctl: {error}", result.Error.Split('\n')[0]);
        Assert.DoesNotContain(api.Seen, request => request.Method != "GET");
    }

    [Fact]
    public async Task What_the_API_refuses_is_told_by_the_name_that_was_typed()
    {
        await using var api = await TestApi.StartAsync(400, """
            {"error":{"message":"5 fields are invalid.","type":"invalid_request_error","code":"invalid_request","param":"name",
             "errors":[{"param":"name","message":"a"},{"param":"probe.url","message":"b"},{"param":"probe.interval_seconds","message":"c"},{"param":"probe.expect_status","message":"d"},{"param":"start_date","message":"e"}]}}
            """);
        using var tool = Platform(api);
        var created = await tool.RunAsync("components", "create", "X");
        Assert.EndsWith("\n  <name>: a\n  --probe-url: b\n  --probe-interval: c\n  --probe-status: d\n  --start-date: e\n", created.Error);
        Assert.Contains("\n  --name: a\n", (await tool.RunAsync("components", "update", Batch, "--name", "X")).Error);
    }

    [Fact]
    public async Task Archiving_asks_for_the_component_that_was_read()
    {
        await using var api = await StartAsync();
        using var tool = Platform(api);
        var no = await tool.TerminalAsync([($"Archive “Batch API” ({Batch}) for good? [y/N]", "n\n")], 80, "components", "archive", "Batch API");
        Assert.Equal(1, no.ExitCode);
        Assert.DoesNotContain(api.Seen, request => request.Method != "GET");
        var yes = await tool.TerminalAsync([("[y/N]", "y\n")], 80, "components", "archive", "Batch API");
        Assert.Equal(0, yes.ExitCode);
        Assert.Contains($"Archived {Batch}\n", yes.Out);
        Assert.Equal($"DELETE {Path}/{Batch} \"7\"", $"{api.Seen.Last().Method} {api.Seen.Last().Target} {api.Seen.Last().Headers["If-Match"]}");
        Assert.Equal(0, (await tool.RunAsync("components", "archive", Batch)).ExitCode);
        Assert.False(api.Seen.Last().Headers.ContainsKey("If-Match"));
    }

    [Fact]
    public async Task Changes_are_listed()
    {
        var change = new ComponentEvent
        {
            Id = $"{Batch}.2",
            ComponentId = Batch,
            Action = "updated",
            Actor = "platform-ops",
            ActorKeyId = "key_1",
            OccurredAt = Samples.Time(TimeSpan.FromHours(-2)),
            ChangedFields = ["group", "position"],
            Before = All[1],
            After = All[1],
        };
        await using var api = await TestApi.StartAsync(new Dictionary<string, string>
        {
            [$"GET {Path}/{Batch}/events"] = Samples.List(false, System.Text.Json.JsonSerializer.Serialize(change, ContractsJson.Wire.ComponentEvent)),
        });
        using var tool = Platform(api);
        Assert.Equal(
            """
            WHEN    ACTION   ACTOR         CHANGED FIELDS
            2h ago  updated  platform-ops  group, position

            """,
            (await tool.TerminalAsync([], 80, "components", "events", Batch, "--limit", "5")).Out);
        Assert.Equal($"{Path}/{Batch}/events?limit=5", api.Seen.Single().Target);
    }

    private static Tool Platform(TestApi api)
    {
        var tool = Tool.For(api.Url);
        tool.Environment["XEROTIER_PLATFORM_KEY"] = PlatformKey;
        tool.Environment["NO_COLOR"] = "1";
        return tool;
    }

    private static Task<TestApi> StartAsync() => TestApi.StartAsync((context, _) =>
    {
        context.Response.Headers.ETag = "\"7\"";
        var id = context.Request.Path.ToString()[Path.Length..].TrimStart('/');
        return (id, context.Request.Method) switch
        {
            ("", "GET") => TestApi.WriteAsync(context, 200, Samples.List(false, [.. All.Where(item => item.ArchivedAt is null || context.Request.Query.ContainsKey("archived")).Select(Samples.Json)])),
            ("", "POST") => TestApi.WriteAsync(context, 201, Samples.Json(All[1])),
            _ when Array.Find(All, item => item.Id == id) is { } found => TestApi.WriteAsync(context, 200, Samples.Json(found)),
            _ => TestApi.WriteAsync(context, 404, Samples.Error("not_found", "No component with this ID.")),
        };
    });
}
