using System.Text.Json;
using Xerotier.Contracts;

namespace Xerotier.Xeroctl.Tests;

/// <summary>The messages to a subscription, by the records that the API sends.</summary>
public sealed class DeliveryTests
{
    private const string Path = "/proj_ABC123/v1/management/subscriptions";
    private const string Hook = "sub_aaaabbbbccccddddeeee";
    private const string Failed = "msg_aaaabbbbccccddddeeee";

    private static readonly Delivery[] All =
    [
        new()
        {
            Id = "msg_zzzzbbbbccccddddeeee",
            SubscriptionId = Hook,
            EventType = "maintenance.rescheduled",
            ObjectId = "mw_aaaabbbbccccddddeeee",
            Sequence = 3,
            State = DeliveryState.Pending,
            Attempts = 2,
            NextAttemptAt = Samples.Time(TimeSpan.FromMinutes(25)),
            LastResult = new() { At = Samples.Time(TimeSpan.FromMinutes(-12)), Delivered = false, StatusCode = 503, Error = "Service Unavailable" },
            CreatedAt = Samples.Time(TimeSpan.FromMinutes(-18)),
        },
        Old(Failed, 2) with { State = DeliveryState.Failed, Attempts = 10, LastResult = new() { At = Samples.Time(TimeSpan.FromHours(-2)), Delivered = false, StatusCode = null, Error = "connection refused" } },
        Old("msg_ccccbbbbccccddddeeee", 1) with { LastResult = new() { At = Samples.Time(TimeSpan.FromDays(-3)), Delivered = true, StatusCode = 204, Error = null } },
    ];

    [Fact]
    public async Task They_are_listed()
    {
        await using var api = await StartAsync();
        using var tool = Plain(api);
        Assert.Equal(
            """
            SEQUENCE  TYPE                     OBJECT        STATE      ATTEMPTS  NEXT ATTEMPT  LAST RESULT                         ID
            3         maintenance.rescheduled  mw_aaaabbbb   pending    2         in 25m        503, 12m ago: Service Unavailable   msg_zzzzbbbb
            2         incident.created         inc_aaaabbbb  failed     10        —             failed, 2h ago: connection refused  msg_aaaabbbb
            1         incident.created         inc_aaaabbbb  delivered  1         —             204, 3d ago                         msg_ccccbbbb

            """,
            (await tool.TerminalAsync([], 132, "subscriptions", "deliveries", Hook)).Out);
        Assert.Equal(
            """
            TYPE                     OBJECT        STATE      LAST RESULT       ID
            maintenance.rescheduled  mw_aaaabbbb   pending    503, 12m ago: S…  msg_zzzzbbbb
            incident.created         inc_aaaabbbb  failed     failed, 2h ago:…  msg_aaaabbbb
            incident.created         inc_aaaabbbb  delivered  204, 3d ago       msg_ccccbbbb
            Columns hidden at this width: SEQUENCE, ATTEMPTS, NEXT ATTEMPT.

            """,
            (await tool.TerminalAsync([], 80, "subscriptions", "deliveries", "sub_aaaa")).Out);
        var piped = (await tool.RunAsync("subscriptions", "deliveries", Hook, "--all")).Out.Split('\n');
        Assert.Equal("ID\tSEQUENCE\tTYPE\tOBJECT\tSTATE\tATTEMPTS\tNEXT ATTEMPT\tLAST RESULT", piped[0]);
        Assert.StartsWith($"{Failed}\t2\tincident.created\tinc_aaaabbbbccccddddeeee\tfailed\t10\t\t20", piped[2], StringComparison.Ordinal);
        Assert.EndsWith(" failed: connection refused", piped[2], StringComparison.Ordinal);
        Assert.Equal($"{Path}/{Hook}/deliveries?limit=100", api.Seen.Last().Target);
    }

    [Fact]
    public async Task A_test_message_is_shown_as_it_stands()
    {
        await using var api = await StartAsync();
        using var tool = Plain(api);
        Assert.Matches(
            $"""
            ^Queued {All[0].Id}
              to          {Hook}
              type        maintenance\.rescheduled
              object      mw_aaaabbbbccccddddeeee
              sequence    3
              state       pending
              attempts    2
              next        [0-9-]+ [0-9:]+ UTC \(in 25m\)
              last result failed with status 503, [0-9-]+ [0-9:]+ UTC \(12m ago\)
                          Service Unavailable
              created     [0-9-]+ [0-9:]+ UTC \(18m ago\)
            $
            """,
            (await tool.TerminalAsync([], 80, "subscriptions", "test", "sub_aaaa")).Out);
        Assert.Equal($"POST {Path}/{Hook}/test ", $"{api.Seen.Last().Method} {api.Seen.Last().Target} {api.Seen.Last().Body}");
        Assert.True(Guid.TryParse(api.Seen.Last().Headers["Idempotency-Key"], out _));
        Assert.Equal(2, (await tool.RunAsync("subscriptions", "test", Hook, "--idempotency-key", new string('k', 256))).ExitCode);
        Assert.Equal(Json(All[0]), (await tool.RunAsync("subscriptions", "test", Hook, "-o", "json")).Out);
    }

    [Theory]
    [InlineData(Hook, Failed)]
    [InlineData(Hook, "msg_aaaa")]
    [InlineData("sub_aaaa", Failed)]
    [InlineData("sub_aaaa", "msg_aaaa")]
    public async Task One_is_tried_again_by_ids_or_their_prefixes(string subscription, string delivery)
    {
        await using var api = await StartAsync();
        using var tool = Plain(api);
        var result = await tool.RunAsync("subscriptions", "retry", subscription, delivery);
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.StartsWith($"id\t{Failed}\nsubscription_id\t{Hook}\nevent_type\tincident.created\nobject_id\tinc_aaaabbbbccccddddeeee\nsequence\t2\nstate\tfailed\nattempts\t10\nnext_attempt_at\t\nlast_result.at\t", result.Out, StringComparison.Ordinal);
        Assert.Contains("\nlast_result.delivered\tfalse\nlast_result.status_code\t\nlast_result.error\tconnection refused\ncreated_at\t", result.Out);
        Assert.Equal($"POST {Path}/{Hook}/deliveries/{Failed}/retry", $"{api.Seen.Last().Method} {api.Seen.Last().Target}");
        Assert.True(Guid.TryParse(api.Seen.Last().Headers["Idempotency-Key"], out _));
        Assert.Equal(0, (await tool.RunAsync("subscriptions", "retry", subscription, delivery, "--idempotency-key", "k-1")).ExitCode);
        Assert.Equal("k-1", api.Seen.Last().Headers["Idempotency-Key"]);
    }

    [Theory]
    [InlineData(Hook, "msg_yyyy")]
    [InlineData(Hook, "msg_yyyybbbbccccddddeeee")]
    [InlineData("sub_yyyy", Failed)]
    [InlineData("sub_yyyybbbbccccddddeeee", "msg_aaaa")]
    public async Task What_no_message_has_is_not_found(string subscription, string delivery)
    {
        await using var api = await StartAsync();
        using var tool = Plain(api);
        var result = await tool.RunAsync("subscriptions", "retry", subscription, delivery);
        Assert.Equal((4, ""), (result.ExitCode, result.Out));
        Assert.StartsWith("xeroctl: Not here. (404 not_found, request ", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_list_without_messages_says_so()
    {
        await using var api = await TestApi.StartAsync(200, Samples.List(false));
        using var tool = Plain(api);
        Assert.Equal("No deliveries found.\n", (await tool.TerminalAsync([], 80, "subscriptions", "deliveries", Hook)).Out);
        Assert.Equal("No subscriptions found.\n", (await tool.TerminalAsync([], 80, "subscriptions", "list")).Out);
    }

    private static Tool Plain(TestApi api)
    {
        var tool = Tool.For(api.Url);
        tool.Environment["NO_COLOR"] = "1";
        return tool;
    }

    private static Delivery Old(string id, long sequence) => new()
    {
        Id = id,
        SubscriptionId = Hook,
        EventType = "incident.created",
        ObjectId = "inc_aaaabbbbccccddddeeee",
        Sequence = sequence,
        State = DeliveryState.Delivered,
        Attempts = 1,
        NextAttemptAt = null,
        LastResult = null,
        CreatedAt = Samples.Time(TimeSpan.FromDays(-3)),
    };

    private static string Json(Delivery delivery) => JsonSerializer.Serialize(delivery, ContractsJson.Wire.Delivery);

    private static Task<TestApi> StartAsync() => TestApi.StartAsync((context, _) =>
    {
        var parts = $"{context.Request.Path}"[Path.Length..].Split('/');
        return (context.Request.Method, parts) switch
        {
            ("GET", [""]) => TestApi.WriteAsync(context, 200, Samples.List(false, $$"""{"id":"{{Hook}}"}""")),
            ("GET", [_, Hook, "deliveries"]) => TestApi.WriteAsync(context, 200, Samples.List(false, [.. All.Select(Json)])),
            ("POST", [_, Hook, "test"]) => TestApi.WriteAsync(context, 201, Json(All[0])),
            ("POST", [_, Hook, "deliveries", var id, "retry"]) when Array.Find(All, item => item.Id == id) is { } found => TestApi.WriteAsync(context, 200, Json(found)),
            _ => TestApi.WriteAsync(context, 404, Samples.Error("not_found", "Not here.")),
        };
    });
}
