namespace Xerotier.Xeroctl.Tests;

/// <summary>What people, pipes and programs get to read.</summary>
public sealed class GoldenOutputTests
{
    private static string ThreeWindows => Samples.List(
        true,
        Samples.Window(),
        Samples.Window("mw_def456", "active", "A title that is much longer than what a terminal of eighty columns has room for", "critical", TimeSpan.FromMinutes(-12), TimeSpan.FromMinutes(50)),
        Samples.Window("mw_ghi789", "cancelled", "日本語の題名", "info", TimeSpan.FromDays(-13), TimeSpan.FromDays(-13) + TimeSpan.FromHours(1)));

    private static string Dashboard => $$$"""
        {"object":"health_dashboard","project_id":"proj_ABC123","generated_at":"2026-05-22T14:02:11Z","status":"degraded",
         "routing":{"status":"operational","total":1,"online":1,"offline":0,
           "routers":[{"id":"rtr-1","region":"us-east","version":"1.4.2","state":"online","last_heartbeat_at":"{{{Samples.At(TimeSpan.FromMinutes(-20))}}}","heartbeat_age_seconds":2.1}]},
         "workers":{"status":"degraded","total":3,"healthy":1,"stale":2,"has_more":true,"last_id":"wkr-1",
           "items":[{"id":"wkr-1","name":"gpu-a","kind":"private","region":"us-east","version":"1.4.2","state":"ready","status":"stale",
             "active_requests":3,"max_concurrent_requests":16,"models":["llama-70b"],"endpoints":["chat"],"last_heartbeat_at":"{{{Samples.At(TimeSpan.FromMinutes(-25))}}}","heartbeat_age_seconds":300.5}]},
         "endpoints":{"total":1,"operational":0,"degraded":1,"outage":0,
           "items":[{"slug":"chat","status":"degraded","models":["llama-70b"],"workers_total":3,"workers_healthy":1}]},
         "maintenance":{"active":[],"upcoming":[{{{Samples.Window()}}}]}}
        """;

    private static string Status => $$$"""
        {"object":"status","generated_at":"2026-05-22T14:02:11Z","stale_since":null,"overall":{"key":"degraded","label":"Degraded Performance"},
         "indicators":[{"name":"Dashboard","status":"operational","reason":null,"uptime_percent":100,"days":[]},
           {"name":"Inference Routing","status":"degraded","reason":"2 of 3 routers are online","uptime_percent":99.98,"days":[]},
           {"name":"Shared Agents","status":"unknown","reason":null,"uptime_percent":null,"days":[]}],
         "windows":{"unavailable":false,"active":[],"scheduled":[{{{Samples.Window()}}}],"recent":[{{{Samples.Window("mw_old", "completed", "Over")}}}]}}
        """;

    [Fact]
    public async Task A_list_on_a_terminal_is_a_table_that_fits_it() => await OnTerminalAsync(
        "GET /proj_ABC123/v1/management/maintenance",
        ThreeWindows,
        """
        TITLE                           STATUS     SEVERITY  STARTS   ENDS     ID
        Database upgrade                scheduled  warning   in 2h    in 3h    mw_abc123
        A title that is much longer t…  active     critical  12m ago  in 50m   mw_def456
        日本語の題名                    cancelled  info      13d ago  12d ago  mw_ghi789
        Columns hidden at this width: SERVICES.
        More results exist; use --all to list them.

        """,
        "maintenance", "list");

    [Fact]
    public async Task A_list_in_a_pipe_is_columns_with_exact_times()
    {
        await using var api = await TestApi.StartAsync(200, Samples.List(false, Samples.Window(title: "Tab\\there\\nand \\u001b[31mred")));
        using var tool = Tool.For(api.Url);
        var result = await tool.RunAsync("maintenance", "list");
        var lines = result.Out.Split('\n');
        Assert.Equal("ID\tSTATUS\tSEVERITY\tSTARTS\tENDS\tTITLE\tSERVICES", lines[0]);
        Assert.Matches("^mw_abc123\tscheduled\twarning\t[0-9T:-]{19}Z\t[0-9T:-]{19}Z\tTab\\\\there\\\\nand \\\\u001b\\[31mred\tModel Storage$", lines[1]);
        Assert.Equal(["ID", "mw_abc123"], lines[..2].Select(line => line.Split('\t')[0]));
        Assert.Equal("", result.Error);
    }

    [Fact]
    public async Task Json_is_byte_for_byte_what_the_API_sent()
    {
        const string Odd = "{ \"object\" :\n\t\"list\", \"data\":[],  \"new\":\"\\u00e9 é \u202e\" , \"n\":1.50e3 }\r\n";
        await using var api = await TestApi.StartAsync(200, Odd);
        using var tool = Tool.For(api.Url);
        Assert.Equal(Odd, (await tool.ShellAsync("xeroctl maintenance list -o json | cat")).Out.Replace("}\n", "}\r\n", StringComparison.Ordinal));
        tool.WriteConfig("current = \"json\"\n[deployment.json]\noutput = \"json\"\n");
        Assert.Equal("{ \"object\" :", (await tool.RunAsync("maintenance", "list", "--context", "json")).Out.Split('\n')[0]);
    }

    [Fact]
    public async Task Output_appends_to_what_is_there_and_a_reader_may_go_early()
    {
        await using var api = await TestApi.StartAsync(200, Samples.List(false, Samples.Window()));
        using var tool = Tool.For(api.Url);
        var both = await tool.ShellAsync("f=$(mktemp); (xeroctl --version; xeroctl maintenance list -o json; xeroctl maintenance list) > $f; cut -c1-13 $f; rm $f");
        Assert.Equal(["xeroctl 1.0.0", "{\"object\":\"li", "mw_abc123\tsch", ""], both.Out.Split('\n'));
        var early = await tool.ShellAsync("xeroctl maintenance list | true; echo ${PIPESTATUS[0]}");
        Assert.Equal("", early.Error);
        var full = await tool.ShellAsync("xeroctl maintenance list > /dev/full");
        Assert.Equal((1, "xeroctl: No space left on device\n"), (full.ExitCode, full.Error));
    }

    [Fact]
    public async Task Every_page_is_walked_with_all()
    {
        await using var api = await TestApi.StartAsync((context, number) => TestApi.WriteAsync(context, 200, Samples.List(number < 3, Samples.Window($"mw_{number}"))));
        using var tool = Tool.For(api.Url);
        var result = await tool.RunAsync("maintenance", "list", "--all", "--status", "active", "--status", "scheduled");
        Assert.Equal(["ID", "mw_1", "mw_2", "mw_3", ""], result.Out.Split('\n').Select(line => line.Split('\t')[0]));
        const string Query = "/proj_ABC123/v1/management/maintenance?status=active&status=scheduled&limit=100";
        Assert.Equal([Query, $"{Query}&after=mw_1", $"{Query}&after=mw_2"], api.Seen.Select(request => request.Target));
    }

    [Fact]
    public async Task An_empty_list_says_so_to_a_person_and_nothing_to_a_pipe()
    {
        await using var api = await TestApi.StartAsync(200, Samples.List(false));
        using var tool = Tool.For(api.Url);
        Assert.Equal("No maintenance windows found.\n", (await tool.TerminalAsync([], 80, "maintenance", "list")).Out);
        var piped = await tool.RunAsync("maintenance", "list");
        Assert.Equal(("ID\tSTATUS\tSEVERITY\tSTARTS\tENDS\tTITLE\tSERVICES\n", ""), (piped.Out, piped.Error));
    }

    [Fact]
    public async Task A_window_is_shown_with_its_fields()
    {
        await using var api = await TestApi.StartAsync(201, Samples.Window());
        using var tool = Tool.For(api.Url);
        tool.Environment["NO_COLOR"] = "1";
        var shown = (await tool.TerminalAsync([], 80, "maintenance", "schedule", "--title", "T", "--description", "D", "--starts-at", "+2h", "--ends-at", "+3h")).Out;
        Assert.Matches(
            """
            ^Created mw_abc123
              title       Database upgrade
              status      scheduled
              severity    warning
              starts      [0-9-]{10} [0-9:]{8} UTC \(in 2h\)
              ends        [0-9-]{10} [0-9:]{8} UTC \(in 3h\)
              affects     Model Storage
              reminders   -24h, -1h
              created by  ops-key, 2d ago

              Brief read-only window.
            $
            """,
            shown);
        var piped = (await tool.RunAsync("maintenance", "show", "mw_abc123")).Out.Split('\n');
        Assert.Equal("id\tmw_abc123", piped[0]);
        Assert.Equal("status\tscheduled", piped[1]);
        Assert.Contains("affected_services\tModel Storage", piped);
        Assert.Contains("reminders\t-24h, -1h", piped);
        Assert.Contains("notify\ttrue", piped);
    }

    [Fact]
    public async Task The_dashboard_is_a_summary_and_its_parts() => await OnTerminalAsync(
        "GET /proj_ABC123/v1/health/dashboard",
        Dashboard,
        """
        ● proj_ABC123 is degraded  as of 14:02:11 UTC

        Routing    operational  1 of 1 routers online
        Workers    degraded     1 of 3 healthy, 2 stale
        Endpoints  degraded     0 of 1 operational, 1 degraded, 0 in outage

        ROUTER  REGION   VERSION  STATE   HEARTBEAT
        rtr-1   us-east  1.4.2    online  20m ago

        WORKER  NAME   KIND     REGION   STATE  STATUS  LOAD  HEARTBEAT
        wkr-1   gpu-a  private  us-east  ready  stale   3/16  25m ago
        Columns hidden at this width: ENDPOINTS, MODELS.
        3 workers in total; use --limit to show more.

        ENDPOINT  STATUS    WORKERS  MODELS
        chat      degraded  1/3      llama-70b

        TITLE             STATUS     SEVERITY  STARTS  ENDS   ID
        Database upgrade  scheduled  warning   in 2h   in 3h  mw_abc123
        Columns hidden at this width: SERVICES.

        """,
        "health", "dashboard");

    [Fact]
    public async Task A_search_of_the_dashboard_says_how_many_workers_it_found()
    {
        await using var api = await TestApi.StartAsync(200, Dashboard.Replace("\"stale\":2,\"has_more\":true", "\"stale\":2,\"matched\":2,\"has_more\":true", StringComparison.Ordinal));
        using var tool = Tool.For(api.Url);
        Assert.Contains("2 of 3 workers found; use --limit to show more.", (await tool.TerminalAsync([], 80, "health", "dashboard", "--query", "gpu a&b", "--limit", "5")).Out);
        Assert.Equal("/proj_ABC123/v1/health/dashboard?q=gpu%20a%26b&limit=5", api.Seen.Single().Target);
    }

    [Fact]
    public async Task The_dashboard_in_a_pipe_has_a_kind_at_the_start_of_every_line()
    {
        await using var api = await TestApi.StartAsync(200, Dashboard);
        using var tool = Tool.For(api.Url);
        var lines = (await tool.RunAsync("health", "dashboard")).Out.TrimEnd('\n').Split('\n');
        Assert.Equal(["project", "routing", "workers", "endpoints", "router", "worker", "endpoint", "window"], lines.Select(line => line.Split('\t')[0]));
        Assert.Equal("workers\tdegraded\t3\t1\t2", lines[2]);
    }

    [Theory]
    [InlineData(2, 2, 0, 0, "operational", "2 of 2 operational, 0 degraded, 0 in outage")]
    [InlineData(2, 0, 0, 0, "unknown", "0 of 2 operational, 0 degraded, 0 in outage, 2 unknown")]
    [InlineData(2, 1, 0, 0, "unknown", "1 of 2 operational, 0 degraded, 0 in outage, 1 unknown")]
    [InlineData(2, 0, 1, 0, "unknown", "0 of 2 operational, 1 degraded, 0 in outage, 1 unknown")]
    [InlineData(2, 1, 1, 0, "degraded", "1 of 2 operational, 1 degraded, 0 in outage")]
    [InlineData(2, 0, 0, 1, "outage", "0 of 2 operational, 0 degraded, 1 in outage, 1 unknown")]
    [InlineData(0, 0, 0, 0, "unknown", "0 of 0 operational, 0 degraded, 0 in outage")]
    public async Task Endpoints_are_operational_only_when_all_are(int total, int operational, int degraded, int outage, string status, string words)
    {
        await using var api = await TestApi.StartAsync(200, $$$"""{"object":"health_dashboard","status":"unknown","endpoints":{"total":{{{total}}},"operational":{{{operational}}},"degraded":{{{degraded}}},"outage":{{{outage}}},"items":[]}}""");
        using var tool = Tool.For(api.Url);
        tool.Environment["NO_COLOR"] = "1";
        Assert.Contains($"endpoints\t{status}\t{total}\t", (await tool.RunAsync("health", "dashboard")).Out);
        Assert.Contains($"Endpoints  {status,-13}{words}\n", (await tool.TerminalAsync([], 80, "health", "dashboard")).Out);
    }

    [Fact]
    public async Task The_status_is_the_public_pages_and_needs_no_key()
    {
        await using var api = await TestApi.StartAsync(new Dictionary<string, string> { ["GET /status.json"] = Status });
        using var tool = Tool.For(api.Url);
        tool.Environment.Remove("XEROTIER_API_KEY");
        tool.Environment["NO_COLOR"] = "1";
        var shown = await tool.TerminalAsync([], 80, "status");
        Assert.Matches(
            """
            ^● Degraded Performance  as of 14:02:11 UTC

            Dashboard          Operational  100%
            Inference Routing  Degraded     99\.980%  2 of 3 routers are online
            Shared Agents      No data      —

            MAINTENANCE       STATUS     SEVERITY  STARTS  ENDS
            Database upgrade  scheduled  warning   in 2h   in 3h
            $
            """,
            shown.Out);
        Assert.Equal(8, shown.ExitCode);
        var piped = (await tool.RunAsync("status")).Out;
        Assert.StartsWith("overall\tdegraded\tDegraded Performance\n", piped);
        Assert.Contains("indicator\tInference Routing\tdegraded\t99.980\t2 of 3 routers are online\t\n", piped);
        Assert.All(api.Seen, request => Assert.False(request.Headers.ContainsKey("Authorization")));
    }

    [Theory]
    [InlineData("operational", "null", 0)]
    [InlineData("operational", "\"2026-05-22T14:02:11Z\"", 8)]
    [InlineData("maintenance", "null", 8)]
    [InlineData("unknown", "null", 8)]
    [InlineData("major_outage", "null", 8)]
    public async Task Status_is_zero_only_when_operational_and_live(string key, string staleSince, int exitCode)
    {
        await using var api = await TestApi.StartAsync(200, $$"""{"overall":{"key":"{{key}}","label":"L"},"stale_since":{{staleSince}},"indicators":[]}""");
        using var tool = Tool.For(api.Url);
        Assert.Equal(exitCode, (await tool.RunAsync("status")).ExitCode);
    }

    [Fact]
    public async Task A_new_key_is_shown_once_and_never_in_the_exchange()
    {
        var value = Samples.Key.Replace("AAA", "ZZZ", StringComparison.Ordinal);
        await using var api = await TestApi.StartAsync(201, $$"""{"id":"key_1","object":"api_key","name":"ci","scopes":["management","heartbeat"],"expires_at":null,"key":"{{value}}"}""");
        using var tool = Tool.For(api.Url);
        var result = await tool.RunAsync("keys", "create", "--name", "ci", "--scope", "management", "--scope", "heartbeat", "--allowed-ip", "203.0.113.0/24", "--verbose");
        Assert.Contains($"key\t{value}\n", result.Out);
        Assert.Contains("< {\"id\":\"key_1\"", result.Error);
        Assert.Contains("xero_demo_****", result.Error);
        Assert.DoesNotContain(value[10..], result.Error);
        Assert.DoesNotContain(Samples.Key[10..], result.Error);
        Assert.Equal("""{"name":"ci","scopes":["management","heartbeat"],"allowed_ips":["203.0.113.0/24"]}""", api.Seen.Single().Body);
    }

    [Fact]
    public async Task Who_did_what_to_keys_is_a_table() => await OnTerminalAsync(
        "GET /proj_ABC123/v1/management/keys/events",
        Samples.List(false, $$"""{"id":"key_1.2","object":"api_key.event","key_id":"key_1","name":"ci","action":"rotated","actor":"ops-key","actor_key_id":"key_2","occurred_at":"{{Samples.Time(TimeSpan.FromHours(-2)):O}}"}"""),
        """
        WHEN    KEY    NAME  ACTION   ACTOR
        2h ago  key_1  ci    rotated  ops-key

        """,
        "keys", "events");

    private const string SuspendedProject = """{"id":"proj_XYZ789","object":"project","name":"Acme","slug":"acme","platform":false,"created_at":"2026-05-20T08:00:00Z","suspended_at":"2026-05-22T14:02:11Z"}""";

    [Fact]
    public async Task A_suspended_project_is_shown_with_its_state() => await OnTerminalAsync(
        "POST /v1/platform/projects/proj_XYZ789/suspend",
        SuspendedProject,
        """
        Suspended proj_XYZ789
          slug        acme
          name        Acme

        """,
        "projects", "suspend", "proj_XYZ789", "--yes");

    [Fact]
    public async Task Platform_commands_use_the_platform_key()
    {
        await using var api = await TestApi.StartAsync((context, _) => TestApi.WriteAsync(context, 200, SuspendedProject));
        using var tool = Tool.For(api.Url);
        tool.Environment["XEROTIER_PLATFORM_KEY"] = Samples.Key.Replace("demo", "platform", StringComparison.Ordinal);
        foreach (var command in new[] { "projects suspend proj_XYZ789", "projects resume proj_XYZ789", "projects keys list proj_XYZ789", "projects keys create proj_XYZ789 --name n --scope heartbeat", "projects keys revoke proj_XYZ789 key_2", "platform keys list", "platform keys create --name n --expires-at 2027-01-01T00:00:00Z", "platform keys rotate key_3", "platform keys revoke key_3", "platform keys events --limit 5", "platform cancel mw_abc123" })
        {
            Assert.Equal((command, 0), (command, (await tool.RunAsync(command.Split(' '))).ExitCode));
        }

        Assert.Equal(
            [
                "POST /v1/platform/projects/proj_XYZ789/suspend ",
                "POST /v1/platform/projects/proj_XYZ789/resume ",
                "GET /v1/platform/projects/proj_XYZ789/keys ",
                """POST /v1/platform/projects/proj_XYZ789/keys {"name":"n","scopes":["heartbeat"]}""",
                "DELETE /v1/platform/projects/proj_XYZ789/keys/key_2 ",
                "GET /v1/platform/keys ",
                """POST /v1/platform/keys {"name":"n","expires_at":"2027-01-01T00:00:00Z"}""",
                "POST /v1/platform/keys/key_3/rotate ",
                "DELETE /v1/platform/keys/key_3 ",
                "GET /v1/platform/keys/events?limit=5 ",
                "POST /v1/platform/maintenance/mw_abc123/cancel ",
            ],
            api.Seen.Select(request => $"{request.Method} {request.Target} {request.Body}"));
        Assert.All(api.Seen, request => Assert.StartsWith("Bearer xero_platform_", request.Headers["Authorization"], StringComparison.Ordinal));
    }

    private static async Task OnTerminalAsync(string request, string answer, string golden, params string[] arguments)
    {
        await using var api = await TestApi.StartAsync(new Dictionary<string, string> { [request] = answer });
        using var tool = Tool.For(api.Url);
        tool.Environment["NO_COLOR"] = "1";
        var result = await tool.TerminalAsync([], 80, arguments);
        Assert.Equal(golden.ReplaceLineEndings("\n"), result.Out);
        Assert.Equal(0, result.ExitCode);
    }
}
