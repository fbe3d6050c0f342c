using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Xerotier.NotificationService.Sending;
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
    public async Task Each_update_that_happened_while_nobody_followed_is_told_as_it_was()
    {
        await using var notifier = await Notifier.StartAsync(postgres.Server, withMaintenance: true);
        await notifier.SubscribeAsync("sub_1", "/hook", project: "proj_platform1");
        await notifier.StopAllAsync();
        var id = (string)(await notifier.CallAsync(HttpMethod.Post, "incidents", new()
        {
            ["title"] = "Errors",
            ["body"] = "We look.",
            ["components"] = new JsonArray(new JsonObject { ["id"] = "cmp_inference_routing", ["status"] = "outage" }),
        }))["id"]!;
        await notifier.CallAsync(HttpMethod.Post, $"incidents/{id}/updates", new() { ["status"] = "monitoring", ["body"] = "A fix is in place." });
        await notifier.CallAsync(HttpMethod.Post, $"incidents/{id}/updates", new() { ["status"] = "resolved", ["body"] = "Done." });
        await notifier.AddReplicaAsync();
        var told = (await MessagesAsync(notifier, 3)).Select(message => message.Json["data"]!).Select(data => (
            (string?)data["status"], (string?)data["updates"]!.AsArray()[^1]!["body"], data["updates"]!.AsArray().Count, (int)data["updates_count"]!, data["resolved_at"] is null, (string?)data["components"]!.AsArray()[0]!["status"]));
        Assert.Equal(
            [("investigating", "We look.", 1, 1, true, "outage"), ("monitoring", "A fix is in place.", 2, 2, true, "outage"), ("resolved", "Done.", 3, 3, false, "operational")],
            told);
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
        Assert.Equal(ids, messages.Select(message => (string?)message.Json["data"]!["id"])); // as it happened, whatever the ids
    }

    [Fact]
    public async Task A_replica_that_does_not_reach_the_log_leaves_it_to_one_that_does()
    {
        await using var notifier = await Notifier.StartAsync(postgres.Server, withMaintenance: true);
        await notifier.SubscribeAsync("sub_1", "/hook");
        await notifier.StopAllAsync();
        const string Holder = "select holder from cursors where name = 'changes'";
        var before = await notifier.ScalarAsync(Holder);
        await notifier.AddReplicaAsync(new KeyValuePair<string, string?>("services:maintenanceservice:grpc:0", "http://127.0.0.1:9"));
        await Eventually.TrueAsync(async () => !Equals(await notifier.ScalarAsync(Holder), before), "it has had hold of the log, which it leaves at once");
        await notifier.AddReplicaAsync();
        await notifier.CallAsync(HttpMethod.Post, "maintenance", Window(TimeSpan.FromHours(48)));
        Assert.Equal("maintenance.scheduled", Assert.Single(await MessagesAsync(notifier, 1)).Type);
    }

    [Fact]
    public async Task A_hold_of_before_the_databases_clock_was_set_back_keeps_nobody_from_the_log()
    {
        await using var notifier = await Notifier.StartAsync(postgres.Server, withMaintenance: true);
        await notifier.SubscribeAsync("sub_1", "/hook");
        await notifier.StopAllAsync();
        await notifier.ExecuteAsync("update cursors set holder = 'one that is gone', held_until = clock_timestamp() + interval '1 hour'");
        await notifier.AddReplicaAsync();
        await notifier.CallAsync(HttpMethod.Post, "maintenance", Window(TimeSpan.FromHours(48)));
        Assert.Equal("maintenance.scheduled", Assert.Single(await MessagesAsync(notifier, 1)).Type);
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
    public async Task A_reminder_that_is_due_is_not_lost_because_something_else_of_its_window_changed()
    {
        await using var notifier = await Notifier.StartAsync(postgres.Server, withMaintenance: true);
        await notifier.SubscribeAsync("sub_1", "/hook", events: "{maintenance.reminder}");
        var id = (string)(await notifier.CallAsync(HttpMethod.Post, "maintenance", Window(TimeSpan.FromHours(48))))["id"]!;
        await Eventually.TrueAsync(async () => (long)(await notifier.ScalarAsync("select count(*) from plans"))! == 2, "they are planned");
        await notifier.StopAllAsync();
        await notifier.ExecuteAsync("update plans set due_at = clock_timestamp() - interval '2 minutes' where name = '-24h'");
        await notifier.CallAsync(HttpMethod.Patch, $"maintenance/{id}", new() { ["auto_transition"] = true });
        await notifier.AddReplicaAsync();
        var data = Assert.Single(await MessagesAsync(notifier, 1)).Json["data"]!;
        Assert.Equal((id, "-24h", true), ((string?)data["id"], (string?)data["reminder"], (bool?)data["late"]));
        Assert.Equal(1L, await notifier.ScalarAsync("select count(*) from plans"));
    }

    [Fact]
    public async Task Of_more_missed_reminders_than_are_taken_at_once_a_window_is_reminded_of_once()
    {
        await using var notifier = await Notifier.StartAsync(postgres.Server, withMaintenance: true);
        await notifier.SubscribeAsync("sub_1", "/hook", events: "{maintenance.reminder}");
        var id = (string)(await notifier.CallAsync(HttpMethod.Post, "maintenance", Window(TimeSpan.FromHours(48))))["id"]!;
        await Eventually.TrueAsync(async () => (long)(await notifier.ScalarAsync("select count(*) from plans"))! == 2, "they are planned");
        await notifier.StopAllAsync();
        await notifier.ExecuteAsync($"""
            update plans set due_at = clock_timestamp() - case name when '-24h' then interval '3 hours' else interval '1 hour' end;
            insert into windows select 'mw_other' || i, project_id, platform, version, convert_to(replace(convert_from(data, 'UTF8'), '{id}', 'mw_other' || i), 'UTF8') from windows, generate_series(1, 600) i;
            insert into plans select 'mw_other' || i, 'overrunning', '', clock_timestamp() - interval '2 hours' from generate_series(1, 600) i;
            """); // those between the two fill more than one take
        await notifier.AddReplicaAsync();
        await Eventually.TrueAsync(async () => (long)(await notifier.ScalarAsync("select count(*) from plans"))! == 0, "all are taken");
        var data = Assert.Single(await MessagesAsync(notifier, 1)).Json["data"]!;
        Assert.Equal((id, "-24h", true), ((string?)data["id"], (string?)data["reminder"], (bool?)data["late"]));
    }

    [Fact]
    public async Task How_far_the_reader_of_a_log_is_behind_is_measured()
    {
        const string Behind = "select extract(epoch from clock_timestamp() - caught_up_at)::float8 from cursors where name = ";
        await using var notifier = await Notifier.StartAsync(postgres.Server, withMaintenance: true); // and without a StatusService
        await notifier.ExecuteAsync("update cursors set caught_up_at = clock_timestamp() - interval '1 hour'");
        await Eventually.TrueAsync(async () => await notifier.ScalarAsync($"{Behind} 'changes'") is < 60.0, "the changes are read");
        var metrics = notifier.Services.GetRequiredService<NotificationMetrics>();
        await Eventually.TrueAsync(() => metrics.Backlog.BehindSeconds is { Count: 2 } behind && behind["changes"] < 60 && behind["statuses"] > 3600, "both are measured");
        await notifier.ExecuteAsync("update cursors set caught_up_at = clock_timestamp() + interval '1 hour' where name = 'statuses'"); // the database's clock was set back
        await Eventually.TrueAsync(() => metrics.Backlog.BehindSeconds["statuses"] is > 3000 and < 3600, "it is not ahead");
    }

    [Fact]
    public async Task A_reminder_comes_in_time_however_much_else_happens()
    {
        await using var notifier = await Notifier.StartAsync(postgres.Server, withMaintenance: true);
        await notifier.SubscribeAsync("sub_1", "/hook", events: "{maintenance.reminder}");
        var window = Window(TimeSpan.FromHours(48));
        window["reminders"] = new JsonArray("-24h");
        await notifier.CallAsync(HttpMethod.Post, "maintenance", window);
        var other = (string)(await notifier.CallAsync(HttpMethod.Post, "maintenance", Window(TimeSpan.FromHours(48))))["id"]!;
        await Eventually.TrueAsync(async () => (long)(await notifier.ScalarAsync("select count(*) from plans where name = '-24h'"))! >= 1, "it is planned");
        var heard = MessagesAsync(notifier, 1);
        for (var i = 0; !heard.IsCompleted; i++)
        {
            await notifier.CallAsync(HttpMethod.Patch, $"maintenance/{other}", new() { ["description"] = $"Step {i}" }); // no read of the log is without a change
            if (i == 20)
            {
                await notifier.ExecuteAsync($"update plans set due_at = clock_timestamp() where window_id <> '{other}'");
            }

            await Task.Delay(30);
        }

        Assert.Equal("maintenance.reminder", Assert.Single(await heard).Type);
    }

    [Fact]
    public async Task A_cancelled_window_reminds_nobody_and_an_active_one_says_when_it_runs_over()
    {
        await using var notifier = await Notifier.StartAsync(postgres.Server, withMaintenance: true);
        await notifier.SubscribeAsync("sub_1", "/hook", events: "{maintenance.reminder,maintenance.overrunning,maintenance.cancelled}");
        var cancelled = (string)(await notifier.CallAsync(HttpMethod.Post, "maintenance", Window(TimeSpan.FromHours(48))))["id"]!;
        await notifier.CallAsync(HttpMethod.Delete, $"maintenance/{cancelled}");
        var over = Window(TimeSpan.FromHours(-1));
        (over["ends_at"], over["status"]) = (Time(TimeSpan.FromHours(1)), "active");
        var id = (string)(await notifier.CallAsync(HttpMethod.Post, "maintenance", over))["id"]!;
        await Eventually.TrueAsync(async () => (long)(await notifier.ScalarAsync("select count(*) from plans"))! == 1, "its end is planned");
        await notifier.ExecuteAsync("update plans set due_at = clock_timestamp()");
        var messages = await MessagesAsync(notifier, 2);
        Assert.Equal([("maintenance.cancelled", cancelled), ("maintenance.overrunning", id)], messages.Select(message => (message.Type, (string?)message.Json["data"]!["id"])));
        Assert.Equal(0L, await notifier.ScalarAsync("select count(*) from plans"));
    }

    [Fact]
    public async Task A_window_that_ends_by_itself_is_told_as_completed_and_not_as_running_over()
    {
        await using var notifier = await Notifier.StartAsync(postgres.Server, withMaintenance: true);
        await notifier.SubscribeAsync("sub_1", "/hook", events: "{maintenance.overrunning,maintenance.completed}");
        for (var seconds = 3; seconds <= 6; seconds++) // several: whether the end is heard of before it is looked for is a matter of milliseconds
        {
            var window = Window(TimeSpan.FromHours(-1));
            (window["ends_at"], window["status"], window["auto_transition"]) = (Time(TimeSpan.FromSeconds(seconds)), "active", true);
            await notifier.CallAsync(HttpMethod.Post, "maintenance", window);
        }

        Assert.All(await MessagesAsync(notifier, 4), message => Assert.Equal("maintenance.completed", message.Type));
    }

    [Fact]
    public async Task What_happened_around_a_failover_is_told_once()
    {
        await using var notifier = await Notifier.StartAsync(postgres.Server, withMaintenance: true);
        await notifier.SubscribeAsync("sub_1", "/hook", events: "{maintenance.scheduled,maintenance.reminder}");
        var told = await ScheduledAsync(notifier);
        await MessagesAsync(notifier, 1);
        await Eventually.TrueAsync(async () => (long)(await notifier.ScalarAsync("select count(*) from plans"))! == 2, "it is planned");
        await notifier.StopAllAsync();
        var untold = await ScheduledAsync(notifier);
        await notifier.ExecuteAsync("update plans set due_at = clock_timestamp() where name = '-24h'");
        await notifier.ExecuteAsync("update cursors set mark = regexp_replace(mark, ';([0-9]+)[.][0-9]+[.]', ';\\1.77.') where name = 'changes'");
        Assert.Contains(".77.", (string)(await notifier.ScalarAsync("select mark from cursors where name = 'changes'"))!);
        await Task.WhenAll(notifier.AddReplicaAsync(), notifier.AddReplicaAsync());
        await Eventually.TrueAsync(() => notifier.Receiver.Messages.Count >= 3, "the rest is told");
        var later = await ScheduledAsync(notifier);
        Assert.Equal(
            new[] { ("maintenance.scheduled", told), ("maintenance.scheduled", untold), ("maintenance.scheduled", later), ("maintenance.reminder", told) }.Order(),
            Told(await MessagesAsync(notifier, 4)));
    }

    [Fact]
    public async Task What_was_written_after_a_restore_before_it_is_noticed_is_told_once()
    {
        await using var notifier = await Notifier.StartAsync(postgres.Server, withMaintenance: true);
        await notifier.SubscribeAsync("sub_1", "/hook", events: "{maintenance.scheduled,maintenance.cancelled}");
        var before = await ScheduledAsync(notifier);
        await MessagesAsync(notifier, 1);
        await notifier.StopAllAsync();
        var (open, cancelled) = (await ScheduledAsync(notifier), await ScheduledAsync(notifier));
        await notifier.CallAsync(HttpMethod.Delete, $"maintenance/{cancelled}");
        await notifier.ExecuteAsync("insert into windows select 'mw_lost', project_id, platform, version, data from windows");
        await notifier.ExecuteAsync("update cursors set mark = regexp_replace(mark, '[.][0-9]+[.][0-9]+;', '.1.2;') where name = 'changes'"); // the tables were in other files
        await Task.WhenAll(notifier.AddReplicaAsync(), notifier.AddReplicaAsync());
        Assert.Equal(
            new[] { ("maintenance.scheduled", before), ("maintenance.scheduled", open), ("maintenance.scheduled", cancelled), ("maintenance.cancelled", cancelled) }.Order(),
            Told(await MessagesAsync(notifier, 4)));
        Assert.Equal(string.Join(' ', new[] { before, open }.Order(StringComparer.Ordinal)), await notifier.ScalarAsync("select string_agg(id, ' ' order by id collate \"C\") from windows"));
        Assert.Equal(4L, await notifier.ScalarAsync("select count(*) from plans"));
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

        // Where the other database was set back, a version that was told of comes again, of another change.
        await notifier.ExecuteAsync($"insert into events (key, type, object_id, project_id, platform, components, occurred_at, data) select '{id}.2', 'maintenance.started', '{id}', project_id, true, components, now(), data from events limit 1");
        await notifier.CallAsync(HttpMethod.Post, $"maintenance/{id}/complete");
        Assert.Equal("maintenance.completed", (await MessagesAsync(notifier, 2))[1].Type);
    }

    [Fact]
    public async Task A_series_is_told_once_each_when_made_moved_and_cancelled_and_none_of_its_occurrences_with_it()
    {
        await using var notifier = await Notifier.StartAsync(postgres.Server, withMaintenance: true);
        await notifier.SubscribeAsync("sub_1", "/hook");
        await notifier.SubscribeAsync("sub_2", "/agents", components: "{cmp_shared_agents}"); // it names another component
        var made = await notifier.CallAsync(HttpMethod.Post, "maintenance-series", Series("Dashboard"));
        var path = $"maintenance-series/{made["id"]}";
        await Eventually.TrueAsync(async () => (long)(await notifier.ScalarAsync("select count(*) from windows"))! == 7, "its occurrences are known");
        Assert.True((long)(await notifier.ScalarAsync("select count(*) from plans"))! > 7); // which are reminded of
        await notifier.CallAsync(HttpMethod.Patch, path, new() { ["title"] = "Another title" }); // is not told
        await notifier.CallAsync(HttpMethod.Patch, path, new() { ["local_time"] = "03:30" });
        await notifier.CallAsync(HttpMethod.Patch, path, new() { ["local_time"] = "04:30", ["notify"] = false });
        await notifier.CallAsync(HttpMethod.Patch, path, new() { ["notify"] = true });
        var gone = await notifier.CallAsync(HttpMethod.Delete, path);
        await notifier.CallAsync(HttpMethod.Delete, path); // changes nothing
        var messages = await MessagesAsync(notifier, 3);
        Assert.Equal(["maintenance.scheduled", "maintenance.rescheduled", "maintenance.cancelled"], messages.Select(message => message.Type));
        Assert.Equal([1L, 2, 3], messages.Select(message => message.Sequence));
        Assert.All(messages, message => Assert.Equal("/hook", message.Path));
        Assert.Equal(["02:30", "03:30", "04:30"], messages.Select(message => (string?)message.Json["data"]!["local_time"]));
        Assert.Equal(ShownToOthers(made, 1), messages[0].Json["data"]!.ToJsonString());
        Assert.Equal(ShownToOthers(gone, 3), messages[2].Json["data"]!.ToJsonString());
        Assert.Equal($"{made["id"]}.1 {made["id"]}.3 {made["id"]}.6", await notifier.ScalarAsync("select string_agg(key, ' ' order by id) from events"));
        Assert.Equal((0L, 0L), (await notifier.ScalarAsync("select count(*) from windows"), await notifier.ScalarAsync("select count(*) from plans")));

        // The object as the API showed it, to those of another project.
        static string ShownToOthers(JsonObject series, long sequence)
        {
            var shown = series.DeepClone().AsObject();
            foreach (var hidden in new[] { "created_by", "project_id", "warnings" })
            {
                shown.Remove(hidden);
            }

            shown.Insert(0, "sequence", sequence);
            return shown.ToJsonString();
        }
    }

    [Fact]
    public async Task An_occurrence_that_is_moved_or_cancelled_by_itself_is_told_by_itself()
    {
        await using var notifier = await Notifier.StartAsync(postgres.Server, withMaintenance: true);
        await notifier.SubscribeAsync("sub_1", "/hook", events: "{maintenance.rescheduled,maintenance.cancelled}");
        var series = (string)(await notifier.CallAsync(HttpMethod.Post, "maintenance-series", Series()))["id"]!;
        var occurrences = (await notifier.CallAsync(HttpMethod.Get, "maintenance"))["data"]!.AsArray().Select(window => window!).OrderBy(window => (string?)window["starts_at"]).ToList();
        var (moved, cancelled) = ((string)occurrences[1]["id"]!, (string)occurrences[2]["id"]!);
        await notifier.CallAsync(HttpMethod.Patch, $"maintenance/{moved}", new() { ["ends_at"] = (string?)occurrences[2]["starts_at"] });
        await notifier.CallAsync(HttpMethod.Delete, $"maintenance/{cancelled}");
        await notifier.CallAsync(HttpMethod.Patch, $"maintenance-series/{series}", new() { ["duration"] = "PT2H" });
        await notifier.CallAsync(HttpMethod.Delete, $"maintenance-series/{series}"); // and with it the one that was moved
        var messages = await MessagesAsync(notifier, 5);
        Assert.Equal(
            new[] { ("maintenance.cancelled", cancelled), ("maintenance.cancelled", series), ("maintenance.cancelled", moved), ("maintenance.rescheduled", moved), ("maintenance.rescheduled", series) }.Order(),
            messages.Select(message => (message.Type, (string)message.Json["data"]!["id"]!)).Order());
    }

    [Fact]
    public async Task A_tenants_series_is_told_to_the_tenant_alone_once_whoever_follows_and_one_that_is_over_to_nobody()
    {
        await using var notifier = await Notifier.StartAsync(postgres.Server, withMaintenance: true);
        await notifier.SubscribeAsync("sub_1", "/other");
        await notifier.SubscribeAsync("sub_2", "/own", project: "proj_tenant1");
        await notifier.StopAllAsync();
        var over = Series();
        (over["starts_on"], over["rrule"]) = ("2019-12-01", "FREQ=DAILY;UNTIL=20200101");
        var ended = (string)(await notifier.CallAsync(HttpMethod.Post, "maintenance-series", over))["id"]!;
        await notifier.CallAsync(HttpMethod.Patch, $"maintenance-series/{ended}", new() { ["local_time"] = "03:30" });
        await notifier.CallAsync(HttpMethod.Delete, $"maintenance-series/{ended}");
        var id = (string)(await notifier.CallAsync(HttpMethod.Post, "maintenance-series", Series(), "proj_tenant1", platform: false))["id"]!;
        await Task.WhenAll(notifier.AddReplicaAsync(), notifier.AddReplicaAsync());
        await notifier.CallAsync(HttpMethod.Delete, $"maintenance-series/{id}", project: "proj_tenant1", platform: false);
        var messages = await MessagesAsync(notifier, 2);
        Assert.Equal(["maintenance.scheduled", "maintenance.cancelled"], messages.Select(message => message.Type));
        Assert.All(messages, message => Assert.Equal(("/own", id, "test-key"), (message.Path, (string?)message.Json["data"]!["id"], (string?)message.Json["data"]!["created_by"])));
    }

    /// <summary>Schedules a window in two days; returns its id.</summary>
    private static async Task<string> ScheduledAsync(Notifier notifier) => (string)(await notifier.CallAsync(HttpMethod.Post, "maintenance", Window(TimeSpan.FromHours(48))))["id"]!;

    /// <summary>What messages tell of which object, in no order of theirs.</summary>
    private static IEnumerable<(string Type, string Id)> Told(List<Received> messages) => messages.Select(message => (message.Type, (string)message.Json["data"]!["id"]!)).Order();

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

    /// <summary>A week of it, from the day after tomorrow on.</summary>
    private static JsonObject Series(params string[] services) => new()
    {
        ["title"] = "Database maintenance",
        ["description"] = "Brief.",
        ["affected_services"] = new JsonArray([.. services.Select(name => (JsonNode)name)]),
        ["timezone"] = "UTC",
        ["starts_on"] = Time(TimeSpan.FromDays(2))[..10],
        ["local_time"] = "02:30",
        ["duration"] = "PT1H",
        ["rrule"] = "FREQ=DAILY;COUNT=7",
        ["horizon_days"] = 30,
    };

    private static string Time(TimeSpan fromNow) => (DateTimeOffset.UtcNow + fromNow).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
