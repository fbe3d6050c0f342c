using System.Net;
using System.Text.Json.Nodes;

namespace Xerotier.MaintenanceService.Tests;

/// <summary>Transitions, updates, purge, preconditions and the audit trail over HTTP.</summary>
public sealed class LifecycleApiTests(ManagementApi api) : ProjectTests(api)
{
    private static readonly string[] States = ["scheduled", "active", "completed", "cancelled"];

    public static TheoryData<string, string, bool> Transitions { get; } = MakeTransitions();

    [Theory]
    [MemberData(nameof(Transitions))]
    public async Task A_window_goes_only_where_its_life_allows(string from, string to, bool allowed)
    {
        var created = await Project.CreateAsync(Body.With("status", from));
        var reply = await Project.PatchAsync(created.Id, new JsonObject { ["status"] = to });
        if (from == to)
        {
            Assert.Equal(created.Text, reply.Is(HttpStatusCode.OK).Text);
        }
        else if (allowed)
        {
            reply.Is(HttpStatusCode.OK);
            Assert.Equal(to, reply["status"]);
            Assert.Equal(from == "active" ? created["created_at"] : to == "active" ? reply["updated_at"] : null, reply["activated_at"]);
            Assert.Equal(to == "completed" ? reply["updated_at"] : null, reply["completed_at"]);
            Assert.Equal(to == "cancelled" ? reply["updated_at"] : null, reply["cancelled_at"]);
        }
        else
        {
            reply.Is(409, "invalid_state_transition");
            Assert.Equal(created.Text, (await Project.GetAsync($"/{created.Id}")).Text);
        }
    }

    [Theory]
    [InlineData("scheduled")]
    [InlineData("active")]
    public async Task Complete_and_cancel_do_what_their_status_does(string from)
    {
        var completed = (await Project.CompleteAsync(await Project.CreatedAsync("status", from))).Is(HttpStatusCode.OK);
        Assert.Equal(("completed", completed["updated_at"], null), (completed["status"], completed["completed_at"], completed["cancelled_at"]));
        var cancelled = (await Project.CancelAsync(await Project.CreatedAsync("status", from))).Is(HttpStatusCode.OK);
        Assert.Equal(("cancelled", null, cancelled["updated_at"]), (cancelled["status"], cancelled["completed_at"], cancelled["cancelled_at"]));
    }

    [Fact]
    public async Task Asking_again_answers_200_and_changes_nothing()
    {
        var id = await Project.CreatedAsync();
        var first = await Project.CompleteAsync(id);
        var again = (await Project.CompleteAsync(id)).Is(HttpStatusCode.OK);
        Assert.Equal((first.Text, first.ETag), (again.Text, again.ETag));
        (await Project.CancelAsync(id)).Is(409, "invalid_state_transition");

        id = await Project.CreatedAsync();
        first = await Project.CancelAsync(id);
        Assert.Equal(first.Text, (await Project.CancelAsync(id)).Is(HttpStatusCode.OK).Text);
        (await Project.CompleteAsync(id)).Is(409, "invalid_state_transition");
        Assert.Equal(2, (await Project.GetAsync($"/{id}/events")).Data.Count);
    }

    [Fact]
    public async Task A_final_window_cannot_be_changed_but_asked_for_what_it_is()
    {
        var id = await Project.CreatedAsync("status", "completed");
        foreach (var (field, value) in new (string, JsonNode)[]
        {
            ("title", "New"), ("description", "New"), ("severity", "critical"), ("affected_services", new JsonArray("A")),
            ("starts_at", "2026-05-22T01:00:00Z"), ("ends_at", "2026-05-22T09:00:00Z"), ("auto_transition", true),
            ("reminders", new JsonArray()), ("notify", false),
        })
        {
            (await Project.PatchAsync(id, new JsonObject { [field] = value })).Is(409, "invalid_state_transition");
        }

        (await Project.PatchAsync(id, new JsonObject { ["status"] = "completed", ["title"] = "New" })).Is(409, "invalid_state_transition");
        (await Project.PatchAsync(id, new JsonObject { ["title"] = "Database upgrade" })).Is(HttpStatusCode.OK);
        (await Project.PatchAsync(id, new JsonObject())).Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task An_update_changes_what_it_names_and_leaves_the_rest()
    {
        var created = await Project.CreateAsync(Body.With("affected_services", new JsonArray("A")));
        var expected = created.Json;
        foreach (var (field, value) in new (string, JsonNode)[]
        {
            ("title", "New title"), ("description", ""), ("severity", "critical"), ("affected_services", new JsonArray("B", "C")),
            ("ends_at", "2096-05-22T04:00:00Z"), ("starts_at", "2096-05-22T02:30:00Z"), ("auto_transition", true), ("auto_transition", false),
            ("reminders", new JsonArray("-2h", "-10m")), ("reminders", new JsonArray()), ("notify", false), ("status", "active"),
        })
        {
            var reply = (await Project.PatchAsync(created.Id, new JsonObject { [field] = value.DeepClone() })).Is(HttpStatusCode.OK);
            expected[field] = value.DeepClone();
            expected["updated_at"] = reply["updated_at"];
            expected["activated_at"] = field == "status" ? reply["updated_at"] : null;
            Assert.Equal(expected.ToJsonString(), reply.Json.ToJsonString());
        }

        var unchanged = (await Project.PatchAsync(created.Id, new JsonObject())).Is(HttpStatusCode.OK);
        Assert.Equal(expected.ToJsonString(), unchanged.Json.ToJsonString());
    }

    [Fact]
    public async Task An_update_is_checked_like_a_new_window_and_null_is_an_error()
    {
        var id = await Project.CreatedAsync();
        foreach (var field in new[] { "title", "description", "severity", "affected_services", "starts_at", "ends_at", "status", "auto_transition", "reminders", "notify" })
        {
            (await Project.PatchAsync(id, new JsonObject { [field] = null })).Is(400, "invalid_request", field);
            (await Project.PatchAsync(id, new JsonObject { [field] = 7 })).Is(400, "invalid_request", field);
        }

        (await Project.PatchAsync(id, new JsonObject { ["title"] = "", ["starts_at"] = "x" })).Is(400, "invalid_request");
        (await Project.PatchAsync(id, new JsonObject { ["starts_at"] = "2026-05-22T03:00:00Z" })).Is(400, "invalid_request", "starts_at");
        (await Project.PatchAsync(id, new JsonObject { ["ends_at"] = "2026-05-22T02:00:00Z" })).Is(400, "invalid_request", "ends_at");
        (await Project.SendAsync(HttpMethod.Patch, $"{Project.Windows}/{id}")).Is(400, "invalid_json");
        Assert.Single((await Project.GetAsync($"/{id}/events")).Data);
    }

    [Fact]
    public async Task Purge_removes_a_final_window_and_keeps_its_trail()
    {
        foreach (var state in new[] { "completed", "cancelled" })
        {
            var id = await Project.CreatedAsync("status", state);
            var reply = (await Project.PurgeAsync(id)).Is(HttpStatusCode.OK);
            Assert.Equal($$"""{"id":"{{id}}","object":"maintenance_window.deleted","deleted":true}""", reply.Text);
            (await Project.GetAsync($"/{id}")).Is(404, "not_found");
            (await Project.PurgeAsync(id)).Is(404, "not_found");
            (await Project.CompleteAsync(id)).Is(404, "not_found");
            Assert.Equal(["purged", "created"], (await Project.GetAsync($"/{id}/events")).Data.Select(e => e!["action"]!.GetValue<string>()));
        }
    }

    [Theory]
    [InlineData("scheduled")]
    [InlineData("active")]
    public async Task Purge_of_an_open_window_is_refused(string state)
    {
        var id = await Project.CreatedAsync("status", state);
        (await Project.PurgeAsync(id)).Is(409, "invalid_state_transition");
        (await Project.GetAsync($"/{id}")).Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Requests_without_fields_take_none()
    {
        var id = await Project.CreatedAsync();
        (await Project.SendAsync(HttpMethod.Post, $"{Project.Windows}/{id}/complete", new JsonObject { ["note"] = "x" })).Is(400, "unknown_field", "note");
        (await Project.SendAsync(HttpMethod.Post, $"{Project.Windows}/{id}/complete", new JsonArray())).Is(400, "invalid_json");
        (await Project.SendAsync(HttpMethod.Post, $"{Project.Windows}/{id}/complete", new JsonObject())).Is(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("mw_aaaaaaaaaaaaaaaaaaaaaaaaaa")]
    [InlineData("mw_x")]
    [InlineData("mw_%01%0A")]
    [InlineData("%F0%9F%9A%A7")]
    public async Task An_unknown_id_is_404_everywhere(string id)
    {
        (await Project.GetAsync($"/{id}")).Is(404, "not_found");
        (await Project.GetAsync($"/{id}/events")).Is(404, "not_found");
        (await Project.GetAsync($"/{id}/events?after={id}.5")).Is(404, "not_found");
        (await Project.PatchAsync(id, new JsonObject { ["title"] = "x" })).Is(404, "not_found");
        (await Project.CancelAsync(id)).Is(404, "not_found");
        (await Project.CompleteAsync(id)).Is(404, "not_found");
        (await Project.PurgeAsync(id)).Is(404, "not_found");
    }

    [Fact]
    public async Task Another_projects_window_is_404_as_an_unknown_one_and_stays_as_it_is()
    {
        var created = await Project.CreateAsync(Body.With("status", "completed"));
        using var other = await Api.NewProjectAsync();
        (await other.GetAsync($"/{created.Id}")).Is(404, "not_found");
        (await other.GetAsync($"/{created.Id}/events")).Is(404, "not_found");
        (await other.PatchAsync(created.Id, new JsonObject { ["title"] = "x" })).Is(404, "not_found");
        (await other.CancelAsync(created.Id)).Is(404, "not_found");
        (await other.CompleteAsync(created.Id)).Is(404, "not_found");
        (await other.PurgeAsync(created.Id)).Is(404, "not_found");
        (await other.GetAsync($"?after={created.Id}")).Is(400, "invalid_request", "after");
        Assert.Empty((await other.GetAsync()).Data);
        Assert.Equal(created.Text, (await Project.GetAsync($"/{created.Id}")).Text);
    }

    [Fact]
    public async Task If_Match_refuses_a_change_of_a_window_that_moved()
    {
        var first = await Project.CreateAsync();
        var second = (await Project.PatchAsync(first.Id, new JsonObject { ["title"] = "Two" }, first.ETag)).Is(HttpStatusCode.OK);
        Assert.NotEqual(first.ETag, second.ETag);
        (await Project.PatchAsync(first.Id, new JsonObject { ["title"] = "Three" }, first.ETag)).Is(412, "precondition_failed");
        (await Project.CancelAsync(first.Id, first.ETag)).Is(412, "precondition_failed");
        (await Project.PatchAsync(first.Id, new JsonObject { ["title"] = "Three" }, $"W/{second.ETag}")).Is(412, "precondition_failed");
        (await Project.PatchAsync(first.Id, new JsonObject { ["title"] = "Three" }, "nonsense")).Is(400, "invalid_request", "If-Match");
        (await Project.PatchAsync(first.Id, new JsonObject { ["title"] = "Three" }, $"\"other\", {second.ETag}")).Is(HttpStatusCode.OK);
        (await Project.CancelAsync(first.Id, "*")).Is(HttpStatusCode.OK);
        (await Project.PatchAsync("mw_aaaaaaaaaaaaaaaaaaaaaaaaaa", new JsonObject(), "*")).Is(404, "not_found");
    }

    [Fact]
    public async Task A_reader_that_has_the_window_gets_304()
    {
        var window = await Project.CreateAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{Project.Windows}/{window.Id}");
        request.Headers.IfNoneMatch.Add(window.Headers.ETag!);
        using var response = await Project.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.NotModified, response.StatusCode);
        Assert.Equal(window.Headers.ETag, response.Headers.ETag);
    }

    [Fact]
    public async Task The_trail_says_who_did_what_when_and_what_changed_newest_first()
    {
        var created = await Project.CreateAsync();
        var updated = await Project.PatchAsync(created.Id, new JsonObject { ["title"] = "Two", ["severity"] = "critical" });
        await Project.PatchAsync(created.Id, new JsonObject { ["status"] = "active" });
        await Project.PatchAsync(created.Id, new JsonObject { ["severity"] = "critical" });
        var completed = await Project.CompleteAsync(created.Id);
        await Project.PurgeAsync(created.Id);

        var events = (await Project.GetAsync($"/{created.Id}/events")).Is(HttpStatusCode.OK).Data;
        Assert.Equal(["purged", "completed", "activated", "updated", "created"], events.Select(e => e!["action"]!.GetValue<string>()));
        Assert.All(events, e => Assert.Equal(("test-key", Project.KeyId, created.Id), (e!["actor"]!.GetValue<string>(), e["actor_key_id"]!.GetValue<string>(), e["window_id"]!.GetValue<string>())));
        Assert.Equal(["[]", """["status"]""", """["status"]""", """["title","severity"]""", "[]"], events.Select(e => e!["changed_fields"]!.ToJsonString()));
        Assert.Null(events[^1]!["before"]);
        Assert.Equal(created.Text, events[^1]!["after"]!.ToJsonString(RelaxedJson.Options));
        Assert.Equal(created.Text, events[3]!["before"]!.ToJsonString(RelaxedJson.Options));
        Assert.Equal(updated.Text, events[3]!["after"]!.ToJsonString(RelaxedJson.Options));
        Assert.Equal(updated["updated_at"], events[3]!["occurred_at"]!.GetValue<string>());
        Assert.Equal(completed.Text, events[0]!["before"]!.ToJsonString(RelaxedJson.Options));
        Assert.Null(events[0]!["after"]);

        var walked = new List<string>();
        for (var after = ""; ;)
        {
            var page = (await Project.GetAsync($"/{created.Id}/events?limit=2{after}")).Is(HttpStatusCode.OK);
            walked.AddRange(page.Ids);
            if (page["has_more"] == "false")
            {
                break;
            }

            after = $"&after={page["last_id"]}";
        }

        Assert.Equal(events.Select(e => e!["id"]!.GetValue<string>()), walked);
        (await Project.GetAsync($"/{created.Id}/events?after=nonsense")).Is(400, "invalid_request", "after");
    }

    [Fact]
    public async Task One_of_a_hundred_concurrent_completes_and_cancels_wins_and_all_answers_agree()
    {
        var id = await Project.CreatedAsync("status", "active");
        var replies = await Task.WhenAll(Enumerable.Range(0, 100).Select(i => i % 2 == 0 ? Project.CompleteAsync(id) : Project.CancelAsync(id)));
        var window = await Project.GetAsync($"/{id}");
        Assert.All(replies.Index(), r =>
        {
            if (window["status"] == (r.Index % 2 == 0 ? "completed" : "cancelled"))
            {
                Assert.Equal(window.Text, r.Item.Is(HttpStatusCode.OK).Text);
            }
            else
            {
                r.Item.Is(409, "invalid_state_transition");
            }
        });
        Assert.Equal(2, (await Project.GetAsync($"/{id}/events")).Data.Count);
    }

    [Fact]
    public async Task Concurrent_updates_all_happen_one_after_the_other()
    {
        var id = await Project.CreatedAsync();
        var replies = await Task.WhenAll(Enumerable.Range(0, 15).Select(i => Project.PatchAsync(id, new JsonObject { ["title"] = $"Title {i}" })));
        Assert.All(replies, r => r.Is(HttpStatusCode.OK));
        var events = (await Project.GetAsync($"/{id}/events?limit=100")).Data;
        Assert.Equal(16, events.Count);
        Assert.Equal(
            events.Skip(1).Select(e => e!["after"]!.ToJsonString()),
            events.SkipLast(1).Select(e => e!["before"]!.ToJsonString()));
    }

    private static TheoryData<string, string, bool> MakeTransitions()
    {
        var data = new TheoryData<string, string, bool>();
        foreach (var from in States)
        {
            foreach (var to in States)
            {
                data.Add(from, to, from == to || (from, to) is ("scheduled", _) or ("active", "completed" or "cancelled"));
            }
        }

        return data;
    }
}

internal static class RelaxedJson
{
    /// <summary>Writes text as the service does.</summary>
    public static System.Text.Json.JsonSerializerOptions Options { get; } = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}
