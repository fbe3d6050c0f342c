using System.Globalization;
using System.Text.Json.Nodes;
using Xerotier.TestKit;

namespace Xerotier.NotificationService.Tests;

/// <summary>Changes of the real MaintenanceService that become messages.</summary>
public sealed class FollowingTests(PostgresFixture postgres)
{
    [Fact]
    public async Task A_window_is_told_from_its_scheduling_to_its_end()
    {
        await using var notifier = await Notifier.StartAsync(postgres.Server, withMaintenance: true);
        await notifier.SubscribeAsync("sub_1", "/hook");
        var id = (string)(await notifier.CallAsync(HttpMethod.Post, "maintenance", Window(TimeSpan.FromHours(48))))["id"]!;
        await notifier.CallAsync(HttpMethod.Patch, $"maintenance/{id}", new() { ["title"] = "Another title" }); // is not told
        await notifier.CallAsync(HttpMethod.Patch, $"maintenance/{id}", new() { ["starts_at"] = Time(TimeSpan.FromHours(47)) });
        await notifier.CallAsync(HttpMethod.Patch, $"maintenance/{id}", new() { ["status"] = "active" });
        await notifier.CallAsync(HttpMethod.Post, $"maintenance/{id}/complete");
        var messages = await MessagesAsync(notifier, 4);
        Assert.Equal(["maintenance.scheduled", "maintenance.rescheduled", "maintenance.started", "maintenance.completed"], messages.Select(message => message.Type));
        Assert.Equal([1L, 2, 3, 4], messages.Select(message => message.Sequence));
        Assert.All(messages, message => Assert.Equal(id, (string?)message.Json["data"]!["id"]));
        Assert.All(messages, message => Assert.Null(message.Json["data"]!["created_by"])); // another project's: as the page shows it
        Assert.Equal("Another title", (string?)messages[1].Json["data"]!["title"]);
    }

    [Fact]
    public async Task An_incident_is_told_update_by_update()
    {
        await using var notifier = await Notifier.StartAsync(postgres.Server, withMaintenance: true);
        await notifier.SubscribeAsync("sub_1", "/hook", project: "proj_platform1");
        await notifier.SubscribeAsync("sub_2", "/dashboard", components: "{cmp_dashboard}");
        var id = (string)(await notifier.CallAsync(HttpMethod.Post, "incidents", new()
        {
            ["title"] = "Errors",
            ["body"] = "We look.",
            ["components"] = new JsonArray(new JsonObject { ["id"] = "cmp_inference_routing", ["status"] = "degraded" }),
        }))["id"]!;
        await notifier.CallAsync(HttpMethod.Post, $"incidents/{id}/updates", new() { ["status"] = "monitoring", ["body"] = "Hush.", ["notify"] = false });
        await notifier.CallAsync(HttpMethod.Post, $"incidents/{id}/updates", new() { ["status"] = "resolved", ["body"] = "Done." });
        await notifier.CallAsync(HttpMethod.Post, $"incidents/{id}/updates", new() { ["status"] = "postmortem", ["body"] = "Why." });
        var messages = await MessagesAsync(notifier, 3);
        Assert.Equal(["incident.created", "incident.resolved", "incident.postmortem"], messages.Select(message => message.Type));
        Assert.All(messages, message => Assert.Equal("/hook", message.Path)); // it names another component
        var last = messages[^1].Json["data"]!;
        Assert.Equal(["We look.", "Hush.", "Done.", "Why."], last["updates"]!.AsArray().Select(update => (string?)update!["body"]));
        Assert.Equal("test-key", (string?)last["created_by"]);
    }

    [Fact]
    public async Task What_happened_while_nobody_followed_is_told_afterwards_and_once_whoever_follows()
    {
        await using var notifier = await Notifier.StartAsync(postgres.Server, withMaintenance: true);
        await notifier.SubscribeAsync("sub_1", "/hook");
        await notifier.StopAllAsync();
        var ids = new List<string>();
        for (var i = 0; i < 5; i++)
        {
            ids.Add((string)(await notifier.CallAsync(HttpMethod.Post, "maintenance", Window(TimeSpan.FromHours(48))))["id"]!);
        }

        await Task.WhenAll(notifier.AddReplicaAsync(), notifier.AddReplicaAsync());
        ids.Add((string)(await notifier.CallAsync(HttpMethod.Post, "maintenance", Window(TimeSpan.FromHours(48))))["id"]!);
        var messages = await MessagesAsync(notifier, 6);
        Assert.Equal(ids.Order(), messages.Select(message => (string?)message.Json["data"]!["id"]).Order());
    }

    [Fact]
    public async Task Reminders_come_in_time_and_of_those_that_were_missed_the_first_comes_late()
    {
        await using var notifier = await Notifier.StartAsync(postgres.Server, withMaintenance: true);
        await notifier.SubscribeAsync("sub_1", "/hook", events: "{maintenance.reminder}");
        var window = Window(TimeSpan.FromHours(48));
        window["reminders"] = new JsonArray("-36h", "-24h", "-1h", "-49h");
        var id = (string)(await notifier.CallAsync(HttpMethod.Post, "maintenance", window))["id"]!;
        await Eventually.TrueAsync(async () => (long)(await notifier.ScalarAsync("select count(*) from plans"))! == 3, "what has not passed is planned");
        await notifier.StopAllAsync();
        await notifier.ExecuteAsync("update plans set due_at = clock_timestamp() - interval '2 minutes' where name <> '-1h'; update plans set due_at = clock_timestamp() where name = '-1h'");
        await notifier.AddReplicaAsync();
        var messages = await MessagesAsync(notifier, 2);
        var told = messages.Select(message => message.Json["data"]!).Select(data => ((string?)data["reminder"], (bool?)data["late"])).ToList();
        Assert.Contains(("-1h", false), told);
        Assert.Single(told, one => one is ("-36h" or "-24h", true));
        Assert.All(messages, message => Assert.Equal(id, (string?)message.Json["data"]!["id"]));
    }

    [Fact]
    public async Task A_cancelled_window_reminds_nobody_and_an_active_one_says_when_it_runs_over()
    {
        await using var notifier = await Notifier.StartAsync(postgres.Server, withMaintenance: true);
        await notifier.SubscribeAsync("sub_1", "/hook", events: "{maintenance.reminder,maintenance.overrunning,maintenance.cancelled}");
        var cancelled = (string)(await notifier.CallAsync(HttpMethod.Post, "maintenance", Window(TimeSpan.FromHours(48))))["id"]!;
        await notifier.CallAsync(HttpMethod.Delete, $"maintenance/{cancelled}");
        var over = Window(TimeSpan.FromHours(-1));
        (over["ends_at"], over["status"]) = (Time(TimeSpan.FromSeconds(2)), "active");
        var id = (string)(await notifier.CallAsync(HttpMethod.Post, "maintenance", over))["id"]!;
        var messages = await MessagesAsync(notifier, 2);
        Assert.Equal([("maintenance.cancelled", cancelled), ("maintenance.overrunning", id)], messages.Select(message => (message.Type, (string?)message.Json["data"]!["id"])));
        Assert.Equal(0L, await notifier.ScalarAsync("select count(*) from plans"));
    }

    [Fact]
    public async Task A_mark_of_another_database_begins_anew_and_tells_of_nothing_before()
    {
        await using var notifier = await Notifier.StartAsync(postgres.Server, withMaintenance: true);
        await notifier.SubscribeAsync("sub_1", "/hook");
        await notifier.StopAllAsync();
        await notifier.CallAsync(HttpMethod.Post, "maintenance", Window(TimeSpan.FromHours(48)));
        await notifier.ExecuteAsync("update cursors set mark = 'of another one' where name = 'changes'");
        await notifier.AddReplicaAsync();
        await Eventually.TrueAsync(async () => (long)(await notifier.ScalarAsync("select count(*) from windows"))! == 1, "it has read anew");
        var id = (string)(await notifier.CallAsync(HttpMethod.Post, "maintenance", Window(TimeSpan.FromHours(48))))["id"]!;
        var messages = await MessagesAsync(notifier, 1);
        Assert.Equal(id, (string?)messages[0].Json["data"]!["id"]);
        Assert.Equal(4L, await notifier.ScalarAsync("select count(*) from plans"));
    }

    private static async Task<List<Received>> MessagesAsync(Notifier notifier, int count)
    {
        await Eventually.TrueAsync(() => notifier.Receiver.Messages.Count >= count, $"{count} messages");
        await Task.Delay(300); // none too many
        Assert.Equal(count, notifier.Receiver.Messages.Count);
        return [.. notifier.Receiver.Messages];
    }

    private static JsonObject Window(TimeSpan start) => new()
    {
        ["title"] = "Database upgrade",
        ["description"] = "Brief.",
        ["starts_at"] = Time(start),
        ["ends_at"] = Time(start + TimeSpan.FromHours(1)),
    };

    private static string Time(TimeSpan fromNow) => (DateTimeOffset.UtcNow + fromNow).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
