using System.Reflection;
using System.Text.Json;
using Xerotier.Contracts;

namespace Xerotier.Xeroctl.Tests;

/// <summary>Where a project is told of events, by the records that the API sends.</summary>
public sealed class SubscriptionTests
{
    private const string Path = "/proj_ABC123/v1/management/subscriptions";
    private const string Hook = "sub_aaaabbbbccccddddeeee";
    private const string Mail = "sub_zzzzbbbbccccddddeeee";
    private const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    private static readonly string[] Events = typeof(Subscription).GetProperty(nameof(Subscription.Events))!.GetCustomAttribute<ItemsAttribute>()!.Values;

    private static readonly Subscription[] All =
    [
        New(Hook),
        New("sub_ccccbbbbccccddddeeee") with
        {
            Channel = SubscriptionChannel.Slack,
            Target = "https://hooks.slack.com/…XXXX",
            Components = ["cmp_inference_routing", "cmp_aaaabbbbccccddddeeee"],
            Events = ["incident.created", "incident.resolved"],
            State = SubscriptionState.Disabled,
            DisabledReason = "No message has arrived for five days, the last one because the channel is gone.",
            FailedCount = 7,
            LastResult = new() { At = Samples.Time(TimeSpan.FromHours(-3)), Delivered = false, StatusCode = 410, Error = "The answer was 410 Gone." },
        },
        New(Mail) with { Channel = SubscriptionChannel.Email, Target = "ops@example.com", State = SubscriptionState.Unconfirmed, DeliveredCount = 0, LastResult = null, PreviousSecretUntil = null },
    ];

    [Fact]
    public async Task They_are_listed()
    {
        await using var api = await StartAsync();
        using var tool = Plain(api);
        Assert.Equal(
            """
            TARGET                             CHANNEL  STATE        EVENTS   DELIVERED  FAILED  LAST RESULT  ID
            https://ops.example.com/hooks/xe…  webhook  active       default  12         0       200, 2h ago  sub_aaaabbbb
            https://hooks.slack.com/…XXXX      slack    disabled     2        12         7       410, 3h ago  sub_ccccbbbb
            ops@example.com                    email    unconfirmed  default  0          0       —            sub_zzzzbbbb

            """,
            (await tool.TerminalAsync([], 110, "subscriptions", "list")).Out);
        Assert.Equal(
            """
            TARGET                   CHANNEL  STATE        FAILED  LAST RESULT  ID
            https://ops.example.co…  webhook  active       0       200, 2h ago  sub_aaaabbbb
            https://hooks.slack.co…  slack    disabled     7       410, 3h ago  sub_ccccbbbb
            ops@example.com          email    unconfirmed  0       —            sub_zzzzbbbb
            Columns hidden at this width: EVENTS, DELIVERED.

            """,
            (await tool.TerminalAsync([], 80, "subscriptions", "list")).Out);
        Assert.Contains("\nops@example.com          unconfirmed  sub_zzzzbbbb\n", (await tool.TerminalAsync([], 50, "subscriptions", "list")).Out);
        var piped = (await tool.RunAsync("subscriptions", "list", "--limit", "5")).Out.Split('\n');
        Assert.Equal("ID\tCHANNEL\tTARGET\tSTATE\tEVENTS\tDELIVERED\tFAILED\tLAST RESULT", piped[0]);
        Assert.StartsWith($"{Hook}\twebhook\thttps://ops.example.com/hooks/xerotier\tactive\t{string.Join(", ", Events[..^1])}\t12\t0\t20", piped[1], StringComparison.Ordinal);
        Assert.EndsWith(" delivered 200", piped[1], StringComparison.Ordinal);
        Assert.Equal($"{Path}?limit=5", api.Seen.Last().Target);
    }

    [Fact]
    public async Task One_is_shown_with_its_fields()
    {
        await using var api = await StartAsync();
        using var tool = Plain(api);
        Assert.Matches(
            $"""
            ^{Hook}
              channel     webhook
              target      https://ops.example.com/hooks/xerotier
              state       active
              components  all
              events      all of incidents and maintenance
              delivered   12
              failed      0
              last result delivered with status 200, [0-9-]+ [0-9:]+ UTC \(2h ago\)
              old secret  signs too until [0-9-]+ [0-9:]+ UTC \(in 20h\)
              created by  ops-key, 2d ago
              updated     [0-9-]+ [0-9:]+ UTC \(1d ago\)
            $
            """,
            (await tool.TerminalAsync([], 80, "subscriptions", "show", Hook)).Out);
        var disabled = (await tool.TerminalAsync([], 60, "subscriptions", "show", "sub_cccc")).Out;
        Assert.Contains("\n  state       disabled\n  reason      No message has arrived for five days, the last\n              one because the channel is gone.\n", disabled);
        Assert.Contains("\n  components  cmp_inference_routing,\n              cmp_aaaabbbbccccddddeeee\n  events      incident.created, incident.resolved\n", disabled);
        Assert.Contains("\n  last result failed with status 410, ", disabled);
        Assert.Contains("\n              The answer was 410 Gone.\n", disabled);
        var unconfirmed = (await tool.TerminalAsync([], 80, "subscriptions", "show", Mail)).Out;
        Assert.Contains("\n  state       unconfirmed: the owner of the address has not confirmed it yet\n", unconfirmed);
        Assert.Contains("\n  last result none yet\n  created by", unconfirmed);
        var piped = (await tool.RunAsync("subscriptions", "show", "sub_cccc")).Out.Split('\n');
        Assert.Equal(
            ["id", "channel", "target", "state", "disabled_reason", "components", "events", "delivered_count", "failed_count", "last_result.at", "last_result.delivered", "last_result.status_code", "last_result.error", "previous_secret_until", "created_by", "created_at", "updated_at"],
            piped[..^1].Select(line => line.Split('\t')[0]));
        Assert.Equal(["last_result.delivered\tfalse", "last_result.status_code\t410", "last_result.error\tThe answer was 410 Gone."], piped[10..13]);
        Assert.Equal(Json(All[0]), (await tool.RunAsync("subscriptions", "show", Hook, "-o", "json")).Out);
    }

    [Fact]
    public async Task A_new_one_is_shown_with_its_secret_once_and_never_in_the_exchange()
    {
        await using var api = await StartAsync();
        using var tool = Plain(api);
        string[] create = ["subscriptions", "create", "--channel", "webhook", "--target", "https://ops.example.com/hooks/xerotier"];
        Assert.EndsWith($"\n\n{Secret}\n\nSave it now: it is not shown again.\n", (await tool.TerminalAsync([], 80, create)).Out, StringComparison.Ordinal);
        var result = await tool.RunAsync([.. create, "--component", "inference routing", "--component", "Batch API", "--event", "incident.created", "--event", "component.status_changed", "--verbose"]);
        Assert.Equal(0, result.ExitCode);
        Assert.StartsWith($"id\t{Hook}\nchannel\twebhook\n", result.Out, StringComparison.Ordinal);
        Assert.EndsWith($"\nsecret\t{Secret}\n", result.Out, StringComparison.Ordinal);
        Assert.Contains("\"secret\":\"whsec_****\"", result.Error);
        Assert.DoesNotContain(Secret, result.Error);
        var request = api.Seen.Last();
        Assert.Equal(
            """{"channel":"webhook","target":"https://ops.example.com/hooks/xerotier","components":["cmp_inference_routing","cmp_aaaabbbbccccddddeeee"],"events":["incident.created","component.status_changed"]}""",
            request.Body);
        Assert.NotNull(JsonSerializer.Deserialize(request.Body, ContractsJson.Wire.SubscriptionCreate));
        Assert.All(api.Seen, seen => Assert.False(seen.Headers.ContainsKey("Idempotency-Key")));
    }

    [Fact]
    public async Task A_channel_without_a_secret_shows_none()
    {
        await using var api = await StartAsync();
        using var tool = Plain(api);
        string[] create = ["subscriptions", "create", "--channel", "email", "--target", "ops@example.com"];
        var shown = (await tool.TerminalAsync([], 80, create)).Out;
        Assert.StartsWith($"Created {Mail}\n  channel     email\n", shown, StringComparison.Ordinal);
        Assert.Contains("\n  state       unconfirmed: a mail was sent to ops@example.com\n", shown);
        Assert.DoesNotContain("not shown again", shown);
        Assert.EndsWith("\nsecret\t\n", (await tool.RunAsync(create)).Out, StringComparison.Ordinal);
        Assert.Equal("""{"channel":"email","target":"ops@example.com"}""", api.Seen.Last().Body);
    }

    [Theory]
    [InlineData("--all-components", """{"components":[]}""")]
    [InlineData("--component|", """{"components":[]}""")]
    [InlineData("--component|Batch API|--state|disabled", """{"components":["cmp_aaaabbbbccccddddeeee"],"state":"disabled"}""")]
    [InlineData("--target|https://a.test/|--event|incident.created", """{"target":"https://a.test/","events":["incident.created"]}""")]
    public async Task An_update_changes_what_is_said(string options, string body)
    {
        await using var api = await StartAsync();
        using var tool = Plain(api);
        var result = await tool.RunAsync(["subscriptions", "update", "sub_aaaa", .. options.Split('|')]);
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.Equal(($"PATCH {Path}/{Hook}", body), ($"{api.Seen.Last().Method} {api.Seen.Last().Target}", api.Seen.Last().Body));
        Assert.NotNull(JsonSerializer.Deserialize(body, ContractsJson.Wire.SubscriptionUpdate));
    }

    [Theory]
    [InlineData("update X", "nothing to update; use at least one of --target, --component, --all-components, --event, --state")]
    [InlineData("update X --component Dashboard --all-components", "use either --component or --all-components")]
    [InlineData("create --channel slack", "Option '--target' is required.")]
    [InlineData("create --target https://a.test/", "Option '--channel' is required.")]
    [InlineData("show a/b", "'a/b' is not a valid subscription id")]
    [InlineData("retry sub_1 a/b", "'a/b' is not a valid delivery id")]
    public async Task What_cannot_be_meant_is_refused_before_anything_is_sent(string line, string error)
    {
        await using var api = await StartAsync();
        using var tool = Plain(api);
        var result = await tool.RunAsync(["subscriptions", .. line.Split(' ')]);
        Assert.Equal((2, ""), (result.ExitCode, result.Out));
        Assert.Equal($"xeroctl: {error}", result.Error.Split('\n')[0]);
        Assert.Empty(api.Seen);
    }

    [Fact]
    public async Task Every_event_of_the_API_can_be_chosen_and_no_other()
    {
        await using var api = await StartAsync();
        using var tool = Plain(api);
        var words = (await tool.RunAsync("__complete", "subscriptions", "create", "--event", "")).Out;
        Assert.Equal(Events, words.TrimEnd('\n').Split('\n'));
        var wrong = await tool.RunAsync("subscriptions", "update", Hook, "--event", "incident.deleted");
        Assert.Equal(2, wrong.ExitCode);
        Assert.StartsWith("xeroctl: --event takes incident.created, ", wrong.Error, StringComparison.Ordinal);
        var help = (await tool.RunAsync("subscriptions", "update", "--help")).Out.ReplaceLineEndings(" ");
        Assert.All(Events, word => Assert.Contains(word, help));
    }

    [Fact]
    public async Task What_the_API_refuses_is_told_by_the_name_that_was_typed()
    {
        await using var api = await TestApi.StartAsync(400, """
            {"error":{"message":"3 fields are invalid.","type":"invalid_request_error","code":"invalid_request","param":"target",
             "errors":[{"param":"target","message":"a"},{"param":"components[0]","message":"b"},{"param":"events[1]","message":"c"}]}}
            """);
        using var tool = Plain(api);
        var result = await tool.RunAsync("subscriptions", "create", "--channel", "webhook", "--target", "http://a.test/");
        Assert.Equal((2, ""), (result.ExitCode, result.Out));
        Assert.EndsWith("\n  --target: a\n  --component: b\n  --event: c\n", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_component_that_is_not_known_is_told_with_those_that_are()
    {
        await using var api = await StartAsync();
        using var tool = Plain(api);
        var result = await tool.RunAsync("subscriptions", "update", Hook, "--component", "Biling");
        Assert.Equal(4, result.ExitCode);
        Assert.Equal("xeroctl: no component is named 'Biling'\n  components: Dashboard, Inference Routing, Shared Agents, Model Storage, Batch API\n", result.Error);
        Assert.DoesNotContain(api.Seen, request => request.Method != "GET");
    }

    [Fact]
    public async Task Deleting_asks_for_the_subscription_that_was_read()
    {
        await using var api = await StartAsync();
        using var tool = Plain(api);
        var no = await tool.TerminalAsync([($"Delete webhook “https://ops.example.com/hooks/xerotier” ({Hook}, active) for good? [y/N]", "n\n")], 120, "subscriptions", "delete", "sub_aaaa");
        Assert.Equal(1, no.ExitCode);
        Assert.DoesNotContain(api.Seen, request => request.Method != "GET");
        var yes = await tool.TerminalAsync([("[y/N]", "y\n")], 120, "subscriptions", "delete", Hook);
        Assert.Contains($"Deleted {Hook}\n", yes.Out);
        Assert.Equal($"DELETE {Path}/{Hook}", $"{api.Seen.Last().Method} {api.Seen.Last().Target}");
        Assert.Equal($"id\t{Hook}\ndeleted\ttrue\n", (await tool.RunAsync("subscriptions", "delete", "sub_aaaa")).Out);
    }

    [Fact]
    public async Task A_new_secret_is_shown_once()
    {
        await using var api = await StartAsync();
        using var tool = Plain(api);
        var shown = (await tool.TerminalAsync([], 80, "subscriptions", "rotate", "sub_aaaa")).Out;
        Assert.StartsWith($"Rotated {Hook}\n", shown, StringComparison.Ordinal);
        Assert.EndsWith($"\n\n{Secret}\n\nSave it now: it is not shown again.\n", shown, StringComparison.Ordinal);
        Assert.Equal($"POST {Path}/{Hook}/rotate", $"{api.Seen.Last().Method} {api.Seen.Last().Target}");
        Assert.False(api.Seen.Last().Headers.ContainsKey("Idempotency-Key"));
    }

    private static Tool Plain(TestApi api)
    {
        var tool = Tool.For(api.Url);
        tool.Environment["NO_COLOR"] = "1";
        return tool;
    }

    private static Subscription New(string id) => new()
    {
        Id = id,
        ProjectId = Samples.Project,
        Channel = SubscriptionChannel.Webhook,
        Target = "https://ops.example.com/hooks/xerotier",
        Components = [],
        Events = Events[..^1],
        State = SubscriptionState.Active,
        DisabledReason = null,
        DeliveredCount = 12,
        FailedCount = 0,
        LastResult = new() { At = Samples.Time(TimeSpan.FromHours(-2)), Delivered = true, StatusCode = 200, Error = null },
        PreviousSecretUntil = Samples.Time(TimeSpan.FromHours(20)),
        CreatedBy = "ops-key",
        CreatedAt = Samples.Time(TimeSpan.FromDays(-2)),
        UpdatedAt = Samples.Time(TimeSpan.FromDays(-1)),
    };

    private static string Json(Subscription subscription) => JsonSerializer.Serialize(subscription, ContractsJson.Wire.Subscription);

    private static string WithSecret(Subscription subscription) => JsonSerializer.Serialize(
        new SubscriptionWithSecret(subscription, subscription.Channel == SubscriptionChannel.Webhook ? Secret : null), ContractsJson.Wire.SubscriptionWithSecret);

    private static Task<TestApi> StartAsync() => TestApi.StartAsync((context, _) =>
    {
        var path = context.Request.Path.ToString();
        if (path == "/status.json")
        {
            return TestApi.WriteAsync(context, 200, """{"object":"status","overall":{},"indicators":[{"id":"cmp_aaaabbbbccccddddeeee","name":"Batch API","status":"operational"}]}""");
        }

        if (path == Path)
        {
            return context.Request.Method == "GET"
                ? TestApi.WriteAsync(context, 200, Samples.List(false, [.. All.Select(Json)]))
                : CreatedAsync();
        }

        var parts = path[Path.Length..].Split('/');
        return (context.Request.Method, Array.Find(All, item => item.Id == parts[1]), parts.ElementAtOrDefault(2)) switch
        {
            ("GET" or "PATCH", { } found, null) => TestApi.WriteAsync(context, 200, Json(found)),
            ("DELETE", { } found, null) => TestApi.WriteAsync(context, 200, JsonSerializer.Serialize(new() { Id = found.Id }, ContractsJson.Wire.SubscriptionDeleted)),
            ("POST", { } found, "rotate") => TestApi.WriteAsync(context, 200, WithSecret(found)),
            _ => TestApi.WriteAsync(context, 404, Samples.Error("not_found", "No subscription with this ID.")),
        };

        // The webhooks' addresses make longer bodies than the mail's.
        Task CreatedAsync() => TestApi.WriteAsync(context, 201, WithSecret(context.Request.ContentLength > 60 ? All[0] : All[2]));
    });
}
