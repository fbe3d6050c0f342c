using System.Text.Json;
using Xerotier.Contracts;

namespace Xerotier.Xeroctl.Tests;

/// <summary>Incidents and their updates, by the records that the API sends.</summary>
public sealed class IncidentTests
{
    private const string Path = "/proj_ABC123/v1/management/incidents";
    private const string Id = "inc_aaaabbbbccccddddeeee";
    private const string UpdateId = "upd_aaaabbbbccccddddeeee";
    private static readonly Incident Open = Samples.Incident();

    private static readonly Incident[] All =
    [
        Open,
        Samples.Incident("inc_zzzzbbbbccccddddeeee", "A title that is much longer than what a terminal of eighty columns has room for") with
        {
            Status = IncidentStatus.Resolved,
            Impact = IncidentImpact.Minor,
            StartedAt = Samples.Time(TimeSpan.FromDays(-13)),
            ResolvedAt = Samples.Time(TimeSpan.FromDays(-12)),
        },
        Samples.Incident("inc_aaaabbbb2222ddddeeee", "日本語の題名") with { Draft = true, Status = IncidentStatus.Investigating, Impact = IncidentImpact.None, Components = [] },
    ];

    [Fact]
    public async Task They_are_listed_with_the_title_first_and_a_unique_prefix_last()
    {
        await using var api = await StartAsync();
        using var tool = Project(api);
        Assert.Equal(
            """
            TITLE                       STATUS      IMPACT  STARTED  RESOLVED  ID
            Elevated errors in us-east  monitoring  major   2d ago   —         inc_aaaabbbbc
            A title that is much long…  resolved    minor   13d ago  12d ago   inc_zzzzbbbb
            日本語の題名                draft       none    2d ago   —         inc_aaaabbbb2
            Columns hidden at this width: COMPONENTS.

            """,
            (await tool.TerminalAsync([], 80, "incidents", "list")).Out);
        Assert.Equal(
            """
            TITLE                                 STATUS      IMPACT  STARTED  RESOLVED  COMPONENTS                    ID
            Elevated errors in us-east            monitoring  major   2d ago   —         Inference Routing, Batch API  inc_aaaabbbbc
            A title that is much longer than wh…  resolved    minor   13d ago  12d ago   Inference Routing, Batch API  inc_zzzzbbbb
            日本語の題名                          draft       none    2d ago   —                                       inc_aaaabbbb2

            """,
            (await tool.TerminalAsync([], 120, "incidents", "list")).Out);
        Assert.Equal(
            """
            TITLE                 STATUS      STARTED  ID
            Elevated errors in …  monitoring  2d ago   inc_aaaabbbbc
            A title that is muc…  resolved    13d ago  inc_zzzzbbbb
            日本語の題名          draft       2d ago   inc_aaaabbbb2
            Columns hidden at this width: IMPACT, RESOLVED,
            COMPONENTS.

            """,
            (await tool.TerminalAsync([], 56, "incidents", "list")).Out);
        var piped = (await tool.RunAsync("incidents", "list")).Out.Split('\n');
        Assert.Equal("ID\tSTATUS\tIMPACT\tSTARTED\tRESOLVED\tTITLE\tCOMPONENTS", piped[0]);
        Assert.Matches($"^{Id}\tmonitoring\tmajor\t[0-9T:.-]+Z\t\tElevated errors in us-east\tInference Routing, Batch API$", piped[1]);
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("--status identified --status monitoring --limit 5", "?status=identified&status=monitoring&limit=5")]
    [InlineData("--draft", "?draft=true")]
    [InlineData("--draft=false --status resolved", "?status=resolved&draft=false")]
    public async Task They_are_filtered(string options, string query)
    {
        await using var api = await StartAsync();
        using var tool = Project(api);
        Assert.Equal(0, (await tool.RunAsync(["incidents", "list", .. options.Split(' ', StringSplitOptions.RemoveEmptyEntries)])).ExitCode);
        Assert.Equal(Path + query, api.Seen.Single().Target);
    }

    [Fact]
    public async Task One_is_shown_with_its_timeline()
    {
        await using var api = await StartAsync();
        using var tool = Project(api);
        var host = api.Url.ToString();
        Assert.Matches(
            $"""
            ^inc_aaaabbbbccccddddeeee
              title       Elevated errors in us-east
              status      monitoring
              impact      major
              started     [0-9-]+ [0-9:]+ UTC \(2d ago\)
              components  Inference Routing \(degraded\), Batch API \(outage\)
              created by  ops-key, 2d ago
              page        {host}status/incidents/{Id}

            2026-05-22 14:02 UTC  investigating, posted 2h later, edited  upd_aaaabbbb
              We see \*\*failed requests\*\* in us-east\.

              - about one in ten
              - since the last rollout, which began a little earlier than that
              Inference Routing \(outage\), Batch API \(outage\)

            2026-05-22 16:20 UTC  monitoring  upd_zzzzbbbb
              A fix is in place\.
              Inference Routing \(degraded\)
            $
            """,
            (await tool.TerminalAsync([], 80, "incidents", "show", "inc_aaaabbbbccccdddde")).Out);
        var narrow = (await tool.TerminalAsync([], 50, "incidents", "show", Id)).Out;
        Assert.Contains("\n2026-05-22 14:02 UTC  investigating, posted 2h la…\n  upd_aaaabbbb\n", narrow);
        Assert.Contains("  - since the last rollout, which began a little\n  earlier than that\n", narrow);
        Assert.All(narrow.Split('\n'), line => Assert.True(line.Length <= 50, line));
        var piped = (await tool.RunAsync("incidents", "show", Id)).Out.Split('\n');
        Assert.Equal(["id", "status", "impact", "impact_override", "title", "started_at", "resolved_at", "components", "draft", "created_by", "created_at", "updated_at", "update", "update", ""], piped.Select(line => line.Split('\t')[0]));
        Assert.Equal("update\tupd_zzzzbbbbccccddddeeee\tmonitoring\t2026-05-22T16:20:00Z\t2026-05-22T16:21:00Z\t\tInference Routing (degraded)\tA fix is in place.", piped[13]);
        Assert.Equal(Samples.Json(Open), (await tool.RunAsync("incidents", "show", Id, "-o", "json")).Out);
    }

    [Fact]
    public async Task A_draft_is_shown_as_one()
    {
        await using var api = await StartAsync();
        using var tool = Project(api);
        var shown = (await tool.TerminalAsync([], 80, "incidents", "show", All[2].Id)).Out;
        Assert.Contains("  status      investigating, a draft: not on the status page yet\n", shown);
        Assert.Contains("  components  none\n", shown);
        Assert.DoesNotContain("status/incidents", shown);
    }

    [Fact]
    public async Task Statuses_and_impacts_have_their_colours()
    {
        await using var api = await StartAsync();
        using var tool = Project(api);
        tool.Environment.Remove("NO_COLOR");
        var shown = (await tool.TerminalAsync([], 120, "incidents", "list")).Out;
        Assert.Contains("\e[36mmonitoring\e[0m", shown);
        Assert.Contains("\e[31mmajor\e[0m", shown);
        Assert.Contains("\e[2mdraft\e[0m", shown);
    }

    [Fact]
    public async Task One_is_created_with_its_first_update_once()
    {
        await using var api = await StartAsync();
        using var tool = Project(api);
        var result = await tool.RunAsync(
            "incidents", "create", "T", "--body", "B", "--component", "Inference Routing=degraded", "--component", "cmp_aaaabbbbccccddddeeee=outage", "--status", "identified",
            "--started-at", "2026-05-22T14:00:00Z", "--at", "2026-05-22T14:02:00Z", "--impact", "minor", "--draft", "--no-notify", "--idempotency-key", "k-1");
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        var request = api.Seen.Single();
        Assert.Equal($"POST {Path} k-1", $"{request.Method} {request.Target} {request.Headers["Idempotency-Key"]}");
        Assert.Equal(
            """{"title":"T","body":"B","status":"identified","components":[{"id":"cmp_inference_routing","status":"degraded"},{"id":"cmp_aaaabbbbccccddddeeee","status":"outage"}],"at":"2026-05-22T14:02:00Z","notify":false,"started_at":"2026-05-22T14:00:00Z","impact_override":"minor","draft":true}""",
            request.Body);
        Assert.NotNull(JsonSerializer.Deserialize(request.Body, ContractsJson.Wire.IncidentCreate));
        Assert.Equal(0, (await tool.RunAsync("incidents", "create", "T", "--body", "B")).ExitCode);
        Assert.Equal("""{"title":"T","body":"B"}""", api.Seen.Last().Body);
        Assert.Equal(36, api.Seen.Last().Headers["Idempotency-Key"].Length);
    }

    [Fact]
    public async Task A_change_shows_the_incident_and_the_update_that_was_posted()
    {
        await using var api = await StartAsync();
        using var tool = Project(api);
        var shown = (await tool.TerminalAsync([], 80, "incidents", "resolve", Id, "--body", "B")).Out;
        Assert.StartsWith($"Resolved {Id}\n  title       Elevated", shown);
        Assert.EndsWith("\n2026-05-22 16:20 UTC  monitoring  upd_zzzzbbbb\n  A fix is in place.\n  Inference Routing (degraded)\n", shown);
        Assert.DoesNotContain("upd_aaaabbbb", shown);
    }

    [Theory]
    [InlineData($"update {Id} --body B", $"POST {Path}/{Id}/updates", """{"body":"B"}""")]
    [InlineData($"update inc_zzzz --body B --status identified --component dashboard=operational --at 2026-05-22T14:02:00Z --no-notify", $"POST {Path}/inc_zzzzbbbbccccddddeeee/updates", """{"body":"B","status":"identified","components":[{"id":"cmp_dashboard","status":"operational"}],"at":"2026-05-22T14:02:00Z","notify":false}""")]
    [InlineData($"resolve {Id} --body B --at 2026-05-22T14:02:00Z", $"POST {Path}/{Id}/updates", """{"status":"resolved","body":"B","at":"2026-05-22T14:02:00Z"}""")]
    [InlineData($"edit {Id} --title T --impact critical --started-at 2026-05-22T14:02:00Z", $"PATCH {Path}/{Id}", """{"title":"T","impact_override":"critical","started_at":"2026-05-22T14:02:00Z"}""")]
    [InlineData($"edit {Id} --impact auto", $"PATCH {Path}/{Id}", """{"impact_override":null}""")]
    [InlineData($"edit-update {Id} {UpdateId} --body B --at 2026-05-22T14:02:00Z", $"PATCH {Path}/{Id}/updates/{UpdateId}", """{"body":"B","at":"2026-05-22T14:02:00Z"}""")]
    [InlineData($"edit-update {Id} upd_aaaa --component ''", $"PATCH {Path}/{Id}/updates/{UpdateId}", """{"components":[]}""")]
    [InlineData($"publish {Id}", $"POST {Path}/{Id}/publish", "")]
    [InlineData($"delete {Id}", $"DELETE {Path}/{Id}", "")]
    public async Task Each_command_is_one_change(string line, string request, string body)
    {
        await using var api = await StartAsync();
        using var tool = Project(api);
        var result = await tool.ShellAsync($"xeroctl incidents {line}");
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        var change = api.Seen.Last(); // what comes before finds an id
        Assert.Equal((request, body), ($"{change.Method} {change.Target}", change.Body));
        Assert.Equal(change.Method == "POST", change.Headers.ContainsKey("Idempotency-Key"));
        Assert.Equal(line.Contains("upd_aaaa ", StringComparison.Ordinal), change.Headers.ContainsKey("If-Match"));
    }

    [Fact]
    public async Task A_component_is_found_by_its_name_with_a_platform_key_or_on_the_public_page()
    {
        await using var api = await StartAsync();
        using var tool = Project(api);
        string[] create = ["incidents", "create", "T", "--body", "B", "--component", "batch api=outage", "--component", "cmp_aaaa=degraded"];
        Assert.Equal((0, ""), (await tool.RunAsync(create)) is var first ? (first.ExitCode, first.Error) : default);
        Assert.Equal(["/status.json", "/status.json", Path], api.Seen.Select(request => request.Target));
        Assert.Contains("""[{"id":"cmp_aaaabbbbccccddddeeee","status":"outage"},{"id":"cmp_aaaabbbbccccddddeeee","status":"degraded"}]""", api.Seen.Last().Body);
        var platformKey = Samples.Key.Replace("demo", "platform", StringComparison.Ordinal);
        tool.Environment["XEROTIER_PLATFORM_KEY"] = platformKey; // which may be for another host
        Assert.Equal(0, (await tool.RunAsync(create)).ExitCode);
        Assert.Equal(["/status.json", "/status.json", Path], api.Seen.Skip(3).Select(request => request.Target));
        Assert.StartsWith("Bearer xero_demo_", api.Seen.Last().Headers["Authorization"]);
        Assert.Equal(0, (await tool.RunAsync([.. create, "--api-key", platformKey])).ExitCode);
        Assert.Equal("/v1/platform/components?archived=true&limit=100", api.Seen.ElementAt(6).Target);
        Assert.StartsWith("Bearer xero_platform_", api.Seen.ElementAt(6).Headers["Authorization"]);
    }

    [Fact]
    public async Task A_warning_is_told_in_words_whatever_the_output()
    {
        await using var api = await TestApi.StartAsync(200, Samples.Json(Open with { Warnings = [new() { Code = "still_measured", Message = "Measurements still show it.", Component = "cmp_inference_routing" }, new() { Code = "odd", Message = "Odd." }] }));
        using var tool = Project(api);
        const string Warnings = "xeroctl: warning: Measurements still show it.\nxeroctl: warning: Odd.\n";
        var plain = await tool.RunAsync("incidents", "resolve", Id, "--body", "B");
        Assert.Equal((0, Warnings), (plain.ExitCode, plain.Error));
        var json = await tool.RunAsync("incidents", "resolve", Id, "--body", "B", "-o", "json");
        Assert.Equal((0, Warnings), (json.ExitCode, json.Error));
        Assert.EndsWith("  Inference Routing (degraded)\n" + Warnings, (await tool.TerminalAsync([], 200, "incidents", "resolve", Id, "--body", "B")).Out);
    }

    [Theory]
    [InlineData("create T --body ''", "--body is empty")]
    [InlineData("create T", "--body is required, because there is no terminal for an editor; use --body - to read the text from stdin")]
    [InlineData("update inc_1", "--body is required, because there is no terminal for an editor; use --body - to read the text from stdin")]
    [InlineData("resolve inc_1", "--body is required, because there is no terminal for an editor; use --body - to read the text from stdin")]
    [InlineData("create T --body -", "--body is empty")]
    [InlineData("create T --body B --component Dashboard", "--component takes NAME=operational, NAME=degraded or NAME=outage, not 'Dashboard'")]
    [InlineData("create T --body B --component Dashboard=down", "--component takes NAME=operational, NAME=degraded or NAME=outage, not 'Dashboard=down'")]
    [InlineData("create T --body B --component =outage", "--component takes NAME=operational, NAME=degraded or NAME=outage, not '=outage'")]
    [InlineData("create T --body B --status open", "--status takes investigating, identified, monitoring, resolved or postmortem, not 'open'")]
    [InlineData("create T --body B --impact auto", "--impact takes none, minor, major or critical, not 'auto'")]
    [InlineData("create T --body B --started-at noon", "--started-at: 'noon' is not a time; use 2026-05-22T02:00:00Z, or +2h relative to now")]
    [InlineData("update inc_1 --body B --at noon", "--at: 'noon' is not a time; use 2026-05-22T02:00:00Z, or +2h relative to now")]
    [InlineData("update inc/1 --body B", "'inc/1' is not a valid incident id")]
    [InlineData("edit inc_1", "nothing to edit; use at least one of --title, --impact, --started-at")]
    [InlineData("edit-update inc_1 upd_1", "nothing to edit; use at least one of --body, --at, --component")]
    [InlineData("edit-update inc_1 upd/1 --body B", "'upd/1' is not a valid update id")]
    public async Task What_cannot_be_meant_is_refused_before_anything_is_sent(string line, string error)
    {
        await using var api = await StartAsync();
        using var tool = Project(api);
        var result = await tool.ShellAsync($"xeroctl incidents {line} < /dev/null");
        Assert.Equal((2, ""), (result.ExitCode, result.Out));
        Assert.Equal($"xeroctl: {error}", result.Error.Split('\n')[0]);
        Assert.Empty(api.Seen);
    }

    [Theory]
    [InlineData("create T --body B --component Nope=outage", 4, "xeroctl: no component is named 'Nope'\n  components: Dashboard, Inference Routing, Shared Agents, Model Storage, Batch API\n")]
    [InlineData("update inc_aaaabbbb --body B", 2, "xeroctl: 'inc_aaaabbbb' matches more than one incident, such as inc_aaaabbbbccccddddeeee and inc_aaaabbbb2222ddddeeee; use more characters of the ID\n")]
    [InlineData("show inc_yyyy", 4, "xeroctl: No incident with this ID. (404 not_found, request ")]
    [InlineData($"edit-update {Id} upd_yyyy --body B", 4, "xeroctl: No incident with this ID. (404 not_found, request ")]
    public async Task What_is_not_there_is_said_so(string line, int exitCode, string error)
    {
        await using var api = await StartAsync();
        using var tool = Project(api);
        var result = await tool.RunAsync(["incidents", .. line.Split(' ')]);
        Assert.Equal(exitCode, result.ExitCode);
        Assert.StartsWith(error, result.Error);
    }

    [Fact]
    public async Task What_the_API_refuses_is_told_by_the_name_that_was_typed()
    {
        await using var api = await TestApi.StartAsync(400, """
            {"error":{"message":"4 fields are invalid.","type":"invalid_request_error","code":"invalid_request","param":"title",
             "errors":[{"param":"title","message":"a"},{"param":"components[0].status","message":"b"},{"param":"impact_override","message":"c"},{"param":"at","message":"d"}]}}
            """);
        using var tool = Project(api);
        var created = await tool.RunAsync("incidents", "create", "T", "--body", "B");
        Assert.Equal(2, created.ExitCode);
        Assert.EndsWith("\n  <title>: a\n  --component: b\n  --impact: c\n  --at: d\n", created.Error);
        Assert.Contains("\n  --title: a\n", (await tool.RunAsync("incidents", "edit", Id, "--title", "T")).Error);
    }

    [Theory]
    [InlineData("publish", $"Publish “Elevated errors in us-east” ({Id}, monitoring) on the status page? [y/N]", "Published", $"POST {Path}/{Id}/publish")]
    [InlineData("delete", $"Delete “Elevated errors in us-east” ({Id}, monitoring) for good? [y/N]", "Deleted", $"DELETE {Path}/{Id}")]
    public async Task Publishing_and_deleting_ask_for_the_incident_that_was_read(string command, string question, string done, string request)
    {
        await using var api = await StartAsync();
        using var tool = Project(api);
        var no = await tool.TerminalAsync([(question, "n\n")], 120, "incidents", command, Id);
        Assert.Equal(1, no.ExitCode);
        Assert.DoesNotContain(api.Seen, seen => seen.Method != "GET");
        var yes = await tool.TerminalAsync([(question, "y\n")], 120, "incidents", command, Id);
        Assert.Equal(0, yes.ExitCode);
        Assert.Contains($"\n{done} {Id}\n", yes.Out);
        Assert.Equal($"{request} \"7\"", $"{api.Seen.Last().Method} {api.Seen.Last().Target} {api.Seen.Last().Headers["If-Match"]}");
    }

    [Fact]
    public async Task Changes_are_listed()
    {
        var change = new IncidentEvent
        {
            Id = $"{Id}.1",
            IncidentId = Id,
            Action = "posted",
            Actor = "ops-key",
            ActorKeyId = "key_1",
            OccurredAt = Samples.Time(TimeSpan.FromHours(-2)),
            ChangedFields = ["status", "updates"],
            Before = Open,
            After = Open,
        };
        await using var api = await TestApi.StartAsync(new Dictionary<string, string> { [$"GET {Path}/{Id}/events"] = Samples.List(false, JsonSerializer.Serialize(change, ContractsJson.Wire.IncidentEvent)) });
        using var tool = Project(api);
        Assert.Equal(
            """
            WHEN    ACTION  ACTOR    CHANGED FIELDS
            2h ago  posted  ops-key  status, updates

            """,
            (await tool.TerminalAsync([], 80, "incidents", "events", Id)).Out);
        Assert.Matches("^WHEN\tACTION\tACTOR\tCHANGED FIELDS\n[0-9T:.-]+Z\tposted\tops-key\tstatus, updates\n$", (await tool.RunAsync("incidents", "events", Id)).Out);
    }

    [Fact]
    public async Task The_events_of_the_whole_project_name_their_objects_and_are_fetched_page_by_page()
    {
        await using var api = await TestApi.StartAsync((context, _) => TestApi.WriteAsync(context, 200, context.Request.Query.ContainsKey("after")
            ? Samples.List(false, $$"""{"id":"mw_abc123.1","object":"maintenance_window.event","action":"updated","actor":"ci","occurred_at":"{{Samples.Time(TimeSpan.FromDays(-2)):O}}","changed_fields":["title","notify"]}""")
            : $$"""{"object":"list","data":[{"id":"{{Id}}.2","object":"incident.event","action":"posted","actor":"ops-key","occurred_at":"{{Samples.Time(TimeSpan.FromHours(-2)):O}}","changed_fields":["status"]}],"first_id":"{{Id}}.2","last_id":"{{Id}}.2","has_more":true}"""));
        using var tool = Project(api);
        Assert.Equal(
            $"""
            WHEN    OBJECT                    ACTION   ACTOR    CHANGED FIELDS
            2h ago  {Id}  posted   ops-key  status
            2d ago  mw_abc123                 updated  ci       title, notify

            """,
            (await tool.TerminalAsync([], 80, "events", "--object", "incident", "--object", "maintenance_window", "--all")).Out);
        Assert.Equal(
            [$"/proj_ABC123/v1/management/events?object=incident&object=maintenance_window&limit=100", $"/proj_ABC123/v1/management/events?object=incident&object=maintenance_window&limit=100&after={Id}.2"],
            api.Seen.Select(seen => seen.Target));
        Assert.Equal(2, (await tool.RunAsync("events", "--object", "window")).ExitCode);
    }

    [Fact]
    public async Task A_dry_run_sends_nothing_and_takes_names_as_they_are()
    {
        await using var api = await StartAsync();
        using var tool = Project(api);
        var created = (await tool.RunAsync("incidents", "create", "T", "--body", "B", "--component", "Batch API=outage", "--component", "Dashboard=outage", "--dry-run")).Out;
        Assert.StartsWith($"POST {api.Url}{Path[1..]}\n", created);
        Assert.EndsWith("""{"title":"T","body":"B","components":[{"id":"Batch API","status":"outage"},{"id":"cmp_dashboard","status":"outage"}]}""" + "\n", created);
        foreach (var line in new[] { "update inc_1 --body B", "resolve inc_1 --body B", "edit inc_1 --title T", "edit-update inc_1 upd_1 --body B", "publish inc_1", "delete inc_1", "events inc_1", "list", "show inc_1" })
        {
            Assert.Equal((line, 0), (line, (await tool.TerminalAsync([], 80, ["incidents", .. line.Split(' '), "--dry-run"])).ExitCode));
        }

        Assert.Empty(api.Seen);
    }

    private static Tool Project(TestApi api)
    {
        var tool = Tool.For(api.Url);
        tool.Environment["NO_COLOR"] = "1";
        return tool;
    }

    /// <summary>A server with all incidents, and with the components of <see cref="Samples.Component"/> on its page.</summary>
    internal static Task<TestApi> StartAsync() => TestApi.StartAsync((context, _) =>
    {
        context.Response.Headers.ETag = "\"7\"";
        var target = context.Request.Path.ToString();
        return target switch
        {
            "/status.json" => TestApi.WriteAsync(context, 200, """{"object":"status","overall":{"key":"operational"},"indicators":[{"name":"Old"},{"id":"cmp_aaaabbbbccccddddeeee","name":"Batch API"}]}"""),
            "/v1/platform/components" => TestApi.WriteAsync(context, 200, Samples.List(false, Samples.Json(Samples.Component()))),
            Path => context.Request.Method == "GET" ? TestApi.WriteAsync(context, 200, Samples.List(false, [.. All.Select(Samples.Json)])) : TestApi.WriteAsync(context, 201, Samples.Json(Open)),
            _ when context.Request.Method == "DELETE" => TestApi.WriteAsync(context, 200, JsonSerializer.Serialize(new IncidentDeleted { Id = Id }, ContractsJson.Wire.IncidentDeleted)),
            _ when !target.Contains("upd_yyyy", StringComparison.Ordinal) && Array.Find(All, item => target.Contains(item.Id, StringComparison.Ordinal)) is { } found => TestApi.WriteAsync(context, 200, Samples.Json(found)),
            _ => TestApi.WriteAsync(context, 404, Samples.Error("not_found", "No incident with this ID.")),
        };
    });
}
