using System.Text.Json;
using Xerotier.Contracts;

namespace Xerotier.Xeroctl.Tests;

/// <summary>Who is told of the page by mail, by the records that the API sends.</summary>
public sealed class SubscriberTests
{
    private const string Path = "/v1/platform/subscribers";
    private const string Ada = "sub_aaaabbbbccccddddeeee";

    private static readonly PageSubscriber[] All =
    [
        New(Ada, "ada@example.com"),
        New("sub_ccccbbbbccccddddeeee", "bob@example.com") with { State = SubscriptionState.Unconfirmed, DeliveredCount = 0 },
        New("sub_zzzzbbbbccccddddeeee", "gone@example.com") with { Components = ["cmp_dashboard", "cmp_inference_routing"], State = SubscriptionState.Disabled, DisabledReason = "The address does not exist.", FailedCount = 1 },
    ];

    [Fact]
    public async Task They_are_listed()
    {
        await using var api = await StartAsync();
        using var tool = Plain(api);
        Assert.Equal(
            """
            ADDRESS           STATE        COMPONENTS  DELIVERED  FAILED  CREATED  ID
            ada@example.com   active       all         12         0       2d ago   sub_aaaabbbb
            bob@example.com   unconfirmed  all         0          0       2d ago   sub_ccccbbbb
            gone@example.com  disabled     2           12         1       2d ago   sub_zzzzbbbb

            """,
            (await tool.TerminalAsync([], 110, "platform", "subscribers", "list")).Out);
        Assert.Contains("gone@example.com", (await tool.TerminalAsync([], 50, "platform", "subscribers", "list")).Out);
        var piped = (await tool.RunAsync("platform", "subscribers", "list", "--limit", "5")).Out.Split('\n');
        Assert.Equal("ID\tADDRESS\tSTATE\tCOMPONENTS\tDELIVERED\tFAILED\tCREATED", piped[0]);
        Assert.StartsWith($"{Ada}\tada@example.com\tactive\t\t12\t0\t20", piped[1], StringComparison.Ordinal);
        Assert.StartsWith("sub_zzzzbbbbccccddddeeee\tgone@example.com\tdisabled\tcmp_dashboard, cmp_inference_routing\t12\t1\t20", piped[3], StringComparison.Ordinal);
        Assert.Equal($"{Path}?limit=5", api.Seen.Last().Target);
        Assert.Contains("\"address\":\"ada@example.com\"", (await tool.RunAsync("platform", "subscribers", "list", "-o", "json")).Out);
    }

    [Theory]
    [InlineData(Ada)]
    [InlineData("sub_aaaa")]
    public async Task One_is_removed_by_its_ID_or_a_prefix_of_it(string id)
    {
        await using var api = await StartAsync();
        using var tool = Plain(api);
        var no = await tool.TerminalAsync([("for good? [y/N]", "n\n")], 100, "platform", "subscribers", "delete", Ada);
        Assert.Equal(1, no.ExitCode);
        Assert.DoesNotContain(api.Seen, request => request.Method == "DELETE");
        Assert.Equal($"id\t{Ada}\ndeleted\ttrue\n", (await tool.RunAsync("platform", "subscribers", "delete", id)).Out);
        Assert.Equal($"DELETE {Path}/{Ada}", $"{api.Seen.Last().Method} {api.Seen.Last().Target}");
        Assert.Contains($"Removed {Ada}\n", (await tool.TerminalAsync([("[y/N]", "y\n")], 100, "platform", "subscribers", "delete", Ada)).Out);
        Assert.Equal(4, (await tool.RunAsync("platform", "subscribers", "delete", "sub_yyyy")).ExitCode);
    }

    [Fact]
    public async Task A_list_without_any_says_so()
    {
        await using var api = await TestApi.StartAsync(200, Samples.List(false));
        using var tool = Plain(api);
        Assert.Equal("No subscribers found.\n", (await tool.TerminalAsync([], 80, "platform", "subscribers", "list")).Out);
    }

    private static Tool Plain(TestApi api)
    {
        var tool = Tool.For(api.Url);
        tool.Environment["NO_COLOR"] = "1";
        return tool;
    }

    private static PageSubscriber New(string id, string address) => new()
    {
        Id = id,
        Address = address,
        Components = [],
        State = SubscriptionState.Active,
        DisabledReason = null,
        DeliveredCount = 12,
        FailedCount = 0,
        CreatedAt = Samples.Time(TimeSpan.FromDays(-2)),
    };

    private static Task<TestApi> StartAsync() => TestApi.StartAsync((context, _) =>
    {
        var path = context.Request.Path.ToString();
        return path == Path && context.Request.Method == "GET" ? TestApi.WriteAsync(context, 200, Samples.List(false, [.. All.Select(one => JsonSerializer.Serialize(one, ContractsJson.Wire.PageSubscriber))]))
            : context.Request.Method == "DELETE" && Array.Find(All, one => path == $"{Path}/{one.Id}") is { } found ? TestApi.WriteAsync(context, 200, JsonSerializer.Serialize(new() { Id = found.Id }, ContractsJson.Wire.PageSubscriberDeleted))
            : TestApi.WriteAsync(context, 404, Samples.Error("not_found", "No subscriber with this ID."));
    });
}
