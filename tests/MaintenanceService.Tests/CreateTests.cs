using System.Net;
using System.Text.Json.Nodes;

namespace Xerotier.MaintenanceService.Tests;

/// <summary>Scheduling: what comes back, and what is refused.</summary>
public sealed class CreateTests(ManagementApi api) : ProjectTests(api)
{
    [Fact]
    public async Task A_window_comes_back_whole_with_its_location_and_tag()
    {
        var before = DateTimeOffset.UtcNow.AddSeconds(-1);
        var reply = (await Project.CreateAsync(Body.With(b =>
        {
            b["severity"] = "warning";
            b["affected_services"] = new JsonArray("Model Storage");
        }))).Is(HttpStatusCode.Created);

        Assert.Matches("^mw_[0-9a-z]{20}$", reply.Id);
        Assert.Equal($"{Project.Windows}/{reply.Id}", reply.Headers.Location?.OriginalString);
        Assert.NotNull(reply.ETag);
        Assert.Equal("application/json; charset=utf-8", reply.ContentType);
        Assert.Equal(
            [
                "id", "object", "project_id", "title", "description", "severity", "affected_services", "starts_at", "ends_at", "status",
                "auto_transition", "reminders", "notify", "series_id", "occurrence", "created_by", "created_at", "updated_at", "activated_at", "completed_at", "cancelled_at",
            ],
            reply.Json.Select(p => p.Key));
        Assert.Equal("maintenance_window", reply["object"]);
        Assert.Equal(Project.Id, reply["project_id"]);
        Assert.Equal("Database upgrade", reply["title"]);
        Assert.Equal("Brief read-only window.", reply["description"]);
        Assert.Equal("warning", reply["severity"]);
        Assert.Equal("""["Model Storage"]""", reply.Json["affected_services"]!.ToJsonString());
        Assert.Equal("2026-05-22T02:00:00Z", reply["starts_at"]);
        Assert.Equal("2026-05-22T03:00:00Z", reply["ends_at"]);
        Assert.Equal("scheduled", reply["status"]);
        Assert.Equal("false", reply["auto_transition"]);
        Assert.Equal("test-key", reply["created_by"]);
        Assert.Equal(reply["created_at"], reply["updated_at"]);
        Assert.EndsWith("Z", reply["created_at"], StringComparison.Ordinal);
        Assert.InRange(DateTimeOffset.Parse(reply["created_at"]!), before, DateTimeOffset.UtcNow.AddSeconds(1));
        Assert.Null(reply["completed_at"]);
        Assert.Null(reply["cancelled_at"]);

        var read = (await Project.GetAsync($"/{reply.Id}")).Is(HttpStatusCode.OK);
        Assert.Equal(reply.Text, read.Text);
        Assert.Equal(reply.ETag, read.ETag);
    }

    [Fact]
    public async Task Optional_fields_have_their_defaults_and_null_is_absence()
    {
        var reply = (await Project.CreateAsync(Body.With(b =>
        {
            b["severity"] = null;
            b["affected_services"] = null;
            b["status"] = null;
            b["auto_transition"] = null;
            b["reminders"] = null;
            b["notify"] = null;
        }))).Is(HttpStatusCode.Created);
        Assert.Equal("info", reply["severity"]);
        Assert.Empty(reply.Json["affected_services"]!.AsArray());
        Assert.Equal("scheduled", reply["status"]);
        Assert.Equal(("""["-24h","-1h"]""", "true"), (reply.Json["reminders"]!.ToJsonString(), reply["notify"]));
        (await Project.CreateAsync(Body.With("title", null))).Is(400, "invalid_request", "title");
    }

    [Fact]
    public async Task Reminders_are_kept_in_their_order_each_length_once()
    {
        var reply = (await Project.CreateAsync(Body.With(b => (b["reminders"], b["notify"]) = (new JsonArray("-1h", "-7d", "-60m", "-1h", "-168h", "-30m"), false)))).Is(HttpStatusCode.Created);
        Assert.Equal(("""["-1h","-7d","-30m"]""", "false"), (reply.Json["reminders"]!.ToJsonString(), reply["notify"]));
        Assert.Equal(reply.Text, (await Project.GetAsync($"/{reply.Id}")).Text);
        Assert.Empty((await Project.CreateAsync(Body.With("reminders", new JsonArray()))).Is(HttpStatusCode.Created).Json["reminders"]!.AsArray());
        (await Project.CreateAsync(Body.With("reminders", new JsonArray("-31d")))).Is(400, "invalid_request", "reminders");
    }

    [Theory]
    [InlineData("scheduled", null)]
    [InlineData("active", "activated_at")]
    [InlineData("completed", "completed_at")]
    [InlineData("cancelled", "cancelled_at")]
    public async Task Any_status_may_be_created_and_a_record_made_afterwards_has_its_time(string status, string? time)
    {
        var reply = (await Project.CreateAsync(Body.With("status", status))).Is(HttpStatusCode.Created);
        Assert.Equal(status, reply["status"]);
        foreach (var field in new[] { "activated_at", "completed_at", "cancelled_at" })
        {
            Assert.Equal(field == time ? reply["created_at"] : null, reply[field]);
        }
    }

    [Theory]
    [InlineData("info")]
    [InlineData("warning")]
    [InlineData("critical")]
    public async Task Every_severity_is_accepted(string severity) =>
        Assert.Equal(severity, (await Project.CreateAsync(Body.With("severity", severity)))["severity"]);

    [Fact]
    public async Task Texts_are_trimmed_and_otherwise_come_back_as_they_came()
    {
        const string Text = "<b>\"Ünï\u2028cödé\" \U0001F6A7 & 'x'</b>\n\tline two \uFFFF";
        var reply = (await Project.CreateAsync(Body.With(b =>
        {
            b["title"] = $" \n\u00A0{Text} ";
            b["description"] = $"\t{Text}\u2003";
            b["affected_services"] = new JsonArray(Text, " padded ", Text, "Text");
        }))).Is(HttpStatusCode.Created);
        Assert.Equal(Text, reply["title"]);
        Assert.Equal(Text, reply["description"]);
        Assert.Equal([Text, " padded ", "Text"], reply.Json["affected_services"]!.AsArray().Select(n => n!.GetValue<string>()));
        Assert.Equal(reply.Text, (await Project.GetAsync($"/{reply.Id}")).Text);
    }

    [Fact]
    public async Task Lengths_count_unicode_scalar_values_after_trimming()
    {
        static string Cones(int count) => string.Concat(Enumerable.Repeat("\U0001F6A7", count));
        (await Project.CreateAsync(Body.With("title", Cones(200) + "   "))).Is(HttpStatusCode.Created);
        (await Project.CreateAsync(Body.With("title", Cones(201)))).Is(400, "invalid_request", "title");
        (await Project.CreateAsync(Body.With("title", ""))).Is(400, "invalid_request", "title");
        (await Project.CreateAsync(Body.With("title", " \n "))).Is(400, "invalid_request", "title");
        (await Project.CreateAsync(Body.With("title", "x"))).Is(HttpStatusCode.Created);
        (await Project.CreateAsync(Body.With("description", Cones(2000)))).Is(HttpStatusCode.Created);
        (await Project.CreateAsync(Body.With("description", Cones(2001)))).Is(400, "invalid_request", "description");
        (await Project.CreateAsync(Body.With("description", ""))).Is(HttpStatusCode.Created);
    }

    [Fact]
    public async Task Affected_services_are_up_to_50_names_of_1_to_100()
    {
        static JsonArray Names(int count) => [.. Enumerable.Range(0, count).Select(i => (JsonNode)$"service {i}")];
        (await Project.CreateAsync(Body.With("affected_services", Names(50)))).Is(HttpStatusCode.Created);
        (await Project.CreateAsync(Body.With("affected_services", Names(51)))).Is(400, "invalid_request", "affected_services");
        (await Project.CreateAsync(Body.With("affected_services", new JsonArray(new string('é', 100))))).Is(HttpStatusCode.Created);
        (await Project.CreateAsync(Body.With("affected_services", new JsonArray(new string('é', 101))))).Is(400, "invalid_request", "affected_services");
        (await Project.CreateAsync(Body.With("affected_services", new JsonArray("")))).Is(400, "invalid_request", "affected_services");
        (await Project.CreateAsync(Body.With("affected_services", new JsonArray(1)))).Is(400, "invalid_request", "affected_services");
        (await Project.CreateAsync(Body.With("affected_services", "Model Storage"))).Is(400, "invalid_request", "affected_services");
    }

    [Theory]
    [InlineData("2026-05-22T02:00:00+02:00", "2026-05-22T00:00:00Z")]
    [InlineData("2026-05-22T02:00:00-0330", "2026-05-22T05:30:00Z")]
    [InlineData("2026-05-22T02:00:00+02", "2026-05-22T00:00:00Z")]
    [InlineData("2026-05-22t02:00z", "2026-05-22T02:00:00Z")]
    [InlineData("2026-05-22 02:00:00.1Z", "2026-05-22T02:00:00.1Z")]
    [InlineData("2026-05-22T02:00:00,123456Z", "2026-05-22T02:00:00.123456Z")]
    [InlineData("2026-05-22T02:00:00.123456999Z", "2026-05-22T02:00:00.123456Z")]
    [InlineData("2024-02-29T23:59:59-23:59", "2024-03-01T23:58:59Z")]
    [InlineData("0001-01-01T00:00:00.000001Z", "0001-01-01T00:00:00.000001Z")]
    public async Task Times_with_an_offset_come_back_in_UTC_to_the_microsecond(string sent, string returned)
    {
        var reply = (await Project.CreateAsync(Body.With(b => (b["starts_at"], b["ends_at"]) = (sent, "9999-12-31T23:59:59.999999Z")))).Is(HttpStatusCode.Created);
        Assert.Equal(returned, reply["starts_at"]);
        Assert.Equal("9999-12-31T23:59:59.999999Z", reply["ends_at"]);
        Assert.Equal(reply.Text, (await Project.GetAsync($"/{reply.Id}")).Text);
    }

    [Theory]
    [InlineData("2026-05-22T02:00:00")]
    [InlineData("2026-05-22")]
    [InlineData("2026-02-29T02:00:00Z")]
    [InlineData("2026-13-01T02:00:00Z")]
    [InlineData("2026-05-22T24:00:00Z")]
    [InlineData("2026-05-22T23:59:60Z")]
    [InlineData("0000-01-01T00:00:00Z")]
    [InlineData("0001-01-01T00:00:00Z")]
    [InlineData("0001-01-01T00:00:00+01:00")]
    [InlineData("9999-12-31T23:59:59-01:00")]
    [InlineData("10000-01-01T00:00:00Z")]
    [InlineData("2026-05-22T02:00:00Z ")]
    [InlineData("2026-05-22T02:00:00Z\n")]
    [InlineData("٢٠٢٦-05-22T02:00:00Z")]
    [InlineData("tomorrow")]
    [InlineData("")]
    public async Task Times_without_an_offset_or_that_do_not_exist_are_errors(string sent) =>
        (await Project.CreateAsync(Body.With("starts_at", sent))).Is(400, "invalid_request", "starts_at");

    [Theory]
    [InlineData("2026-05-22T02:00:00Z")]
    [InlineData("2026-05-22T01:59:59.999999Z")]
    [InlineData("2026-05-22T03:00:00+01:00")]
    [InlineData("2026-05-22T02:00:00.0000001Z")]
    public async Task A_window_ends_after_it_starts(string end) =>
        (await Project.CreateAsync(Body.With("ends_at", end))).Is(400, "invalid_request", "ends_at");

    [Theory]
    [InlineData("id")]
    [InlineData("activated_at")]
    [InlineData("completed_at")]
    [InlineData("cancelled_at")]
    [InlineData("updated_at")]
    [InlineData("created_at")]
    [InlineData("created_by")]
    [InlineData("object")]
    [InlineData("project_id")]
    [InlineData("titel")]
    [InlineData("Title")]
    [InlineData("")]
    public async Task Response_only_and_unknown_fields_are_refused_by_name(string field)
    {
        var reply = (await Project.CreateAsync(Body.With(field, "x"))).Is(400, "unknown_field", field);
        Assert.Contains($"'{field}'", reply.Error["message"]!.GetValue<string>(), StringComparison.Ordinal);
        (await Project.PatchAsync(await Project.CreatedAsync(), new JsonObject { [field] = "x" })).Is(400, "unknown_field", field);
    }

    [Fact]
    public async Task Every_invalid_field_is_reported_at_once()
    {
        var reply = await Project.CreateAsync(new JsonObject
        {
            ["title"] = 5,
            ["severity"] = "INFO",
            ["affected_services"] = new JsonArray(true),
            ["starts_at"] = "2026-05-22T02:00:00",
            ["status"] = "done",
            ["auto_transition"] = "yes",
            ["reminders"] = new JsonArray("1h"),
            ["notify"] = "no",
            ["nonsense"] = 1,
        });
        Assert.Equal(HttpStatusCode.BadRequest, reply.Status);
        var errors = reply.Error["errors"]!.AsArray();
        Assert.Equal(
            ["affected_services", "auto_transition", "description", "ends_at", "nonsense", "notify", "reminders", "severity", "starts_at", "status", "title"],
            errors.Select(e => e!["param"]!.GetValue<string>()).Order(StringComparer.Ordinal));
        Assert.All(errors, e => Assert.Equal(e!["param"]!.GetValue<string>() == "nonsense" ? "unknown_field" : "invalid_request", e["code"]!.GetValue<string>()));
        Assert.Equal(errors[0]!["param"]!.GetValue<string>(), reply.Param);
    }

    [Theory]
    [InlineData("\\u0000")]
    [InlineData("\\u0007")]
    [InlineData("\\r")]
    [InlineData("\\u007f")]
    [InlineData("\\u0085")]
    [InlineData("\\ud800")]
    [InlineData("\\udc00x")]
    public async Task Control_characters_and_lone_surrogates_are_errors_in_every_text(string escape)
    {
        foreach (var field in new[] { "title", "description", "affected_services", "starts_at", "severity" })
        {
            var value = field == "affected_services" ? $"[\"a{escape}b\"]" : $"\"a{escape}b\"";
            var body = Body.With(b => b.Remove(field)).ToJsonString()[..^1] + $",\"{field}\":{value}}}";
            (await Project.PostTextAsync(body)).Is(400, "invalid_request", field);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("\"text\"")]
    [InlineData("{\"title\":\"x\",}")]
    [InlineData("{\"title\":\"x\"} {}")]
    [InlineData("{'title':'x'}")]
    [InlineData("{\"title\":NaN}")]
    [InlineData("// comment\n{}")]
    [InlineData("{\"title\":\"a\nb\"}")]
    [InlineData("\uFEFF{}")]
    public async Task A_body_that_is_no_JSON_object_is_invalid_json(string body) => (await Project.PostTextAsync(body)).Is(400, "invalid_json");

    [Fact]
    public async Task A_body_that_is_not_UTF8_or_nested_without_end_is_invalid_json()
    {
        (await Project.PostBytesAsync([.. "{\"title\":\""u8, 0xC3, 0x28, .. "\"}"u8])).Is(400, "invalid_json");
        (await Project.PostTextAsync("{\"title\":" + new string('[', 10_000) + new string(']', 10_000) + "}")).Is(400, "invalid_json");
    }

    [Fact]
    public async Task A_field_that_appears_twice_is_refused() =>
        (await Project.PostTextAsync(Body.Valid().ToJsonString()[..^1] + ",\"title\":\"again\"}")).Is(400, "invalid_json", "title");

    [Fact]
    public async Task A_name_with_half_a_surrogate_pair_is_refused() =>
        (await Project.PostTextAsync(Body.Valid().ToJsonString()[..^1] + ",\"\\ud800\":1}")).Is(400, "unknown_field");

    [Fact]
    public async Task Many_wrong_fields_get_a_short_answer()
    {
        var reply = (await Project.PostTextAsync("{" + string.Join(',', Enumerable.Range(0, 5_000).Select(i => $"\"f{i}\":1")) + "}")).Is(400, "unknown_field");
        Assert.InRange(reply.Text.Length, 1, 20_000);
    }

    [Fact]
    public async Task A_body_that_is_too_large_is_refused() =>
        (await Project.PostTextAsync(Body.With("description", new string('x', 300_000)).ToJsonString())).Is(413, "payload_too_large");

    [Theory]
    [InlineData(null)]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("application/json; charset=utf-16")]
    public async Task Another_content_type_is_refused(string? type) =>
        (await Project.PostTextAsync(Body.Valid().ToJsonString(), type)).Is(415, "unsupported_media_type");

    [Theory]
    [InlineData("application/json; charset=UTF-8")]
    [InlineData("Application/JSON")]
    public async Task Json_in_any_spelling_is_accepted(string type) =>
        (await Project.PostTextAsync(Body.Valid().ToJsonString(), type)).Is(HttpStatusCode.Created);

    [Theory]
    [InlineData("PUT", "", "GET, HEAD, POST")]
    [InlineData("DELETE", "", "GET, HEAD, POST")]
    [InlineData("POST", "/mw_aaaaaaaaaaaaaaaaaaaaaaaaaa", "GET, HEAD, PATCH, DELETE")]
    [InlineData("GET", "/mw_aaaaaaaaaaaaaaaaaaaaaaaaaa/complete", "POST")]
    [InlineData("GET", "/mw_aaaaaaaaaaaaaaaaaaaaaaaaaa/purge", "POST")]
    [InlineData("POST", "/mw_aaaaaaaaaaaaaaaaaaaaaaaaaa/events", "GET, HEAD")]
    public async Task A_method_that_a_path_does_not_have_is_405_with_those_that_it_has(string method, string path, string allow)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), Project.Windows + path);
        using var response = await Project.Http.SendAsync(request);
        Assert.Equal(allow, string.Join(", ", response.Content.Headers.Allow));
        (await Reply.OfAsync(response)).Is(405, "method_not_allowed");
    }

    [Theory]
    [InlineData("")]
    [InlineData("/{id}")]
    [InlineData("/{id}/events")]
    public async Task Head_answers_as_Get_without_the_body(string path)
    {
        var id = await Project.CreatedAsync();
        path = Project.Windows + path.Replace("{id}", id, StringComparison.Ordinal);
        using var head = await Project.Http.SendAsync(new HttpRequestMessage(HttpMethod.Head, path));
        using var get = await Project.Http.GetAsync(path);
        Assert.Equal((get.StatusCode, get.Headers.ETag), (head.StatusCode, head.Headers.ETag));
        Assert.Empty(await head.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task A_path_that_does_not_exist_is_404() =>
        (await Project.GetAsync("/mw_aaaaaaaaaaaaaaaaaaaaaaaaaa/nothing/here")).Is(404, "not_found");
}
