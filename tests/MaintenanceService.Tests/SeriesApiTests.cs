using System.Net;
using System.Text.Json.Nodes;

namespace Xerotier.MaintenanceService.Tests;

/// <summary>The API of series, through a Gateway or of the service itself.</summary>
public sealed class SeriesApiTests(ManagementApi api)
{
    [Fact]
    public async Task A_series_makes_its_occurrences_rewrites_those_to_come_and_cancels_them()
    {
        await using var service = await ManagementApi.StartServiceAsync(await api.Postgres.CreateDatabaseAsync<Program>());
        using var project = Project.Of(service);
        var path = PathOf(project);
        var starts = Day(1); // at whatever time of day it runs: of today some times have passed
        var created = (await project.SendAsync(HttpMethod.Post, path, Body(("starts_on", starts)), idempotencyKey: "one")).Is(HttpStatusCode.Created);
        Assert.Equal(("maintenance_series", "true", "60", "\"1\"", $"{path}/{created.Id}"), (created["object"], created["auto_transition"], created["horizon_days"], created.ETag, created.Headers.Location?.OriginalString));
        Assert.Equal(created.Text, (await project.SendAsync(HttpMethod.Post, path, Body(("starts_on", starts)), idempotencyKey: "one")).Is(HttpStatusCode.Created).Text);
        (await project.SendAsync(HttpMethod.Post, path, Body(("title", "Other")), idempotencyKey: "one")).Is(409, "idempotency_conflict");
        Assert.Equal(created.Text, (await project.SendAsync(HttpMethod.Get, $"{path}/{created.Id}")).Text);

        var windows = await OccurrencesAsync(project);
        Assert.InRange(windows.Count, 59, 61);
        Assert.All(windows, w => Assert.Equal((created.Id, "scheduled", "true"), (w["series_id"]!.ToString(), w["status"]!.ToString(), w["auto_transition"]!.ToJsonString())));
        Assert.Equal(windows.Count, windows.Select(w => w["occurrence"]!.ToString()).Distinct().Count());

        // One is changed by itself, one cancelled, one cancelled and purged.
        var (detached, cancelled, purged) = (Id(windows[3]), Id(windows[4]), Id(windows[5]));
        (await project.PatchAsync(detached, new JsonObject { ["title"] = "Mine" })).Is(HttpStatusCode.OK);
        (await project.CancelAsync(cancelled)).Is(HttpStatusCode.OK);
        (await project.CancelAsync(purged)).Is(HttpStatusCode.OK);
        (await project.PurgeAsync(purged)).Is(HttpStatusCode.OK);
        var excluded = windows[6]["occurrence"]!.ToString();
        (await project.SendAsync(HttpMethod.Patch, $"{path}/{created.Id}", new JsonObject { ["title"] = "X" }, ifMatch: "\"9\"")).Is(412, "precondition_failed");
        var changed = (await project.SendAsync(HttpMethod.Patch, $"{path}/{created.Id}", new JsonObject { ["title"] = "Changed", ["local_time"] = "03:30", ["exdates"] = new JsonArray(excluded) }, ifMatch: created.ETag)).Is(HttpStatusCode.OK);
        Assert.Equal("\"2\"", changed.ETag);
        Assert.Equal(changed.Text, (await project.SendAsync(HttpMethod.Patch, $"{path}/{created.Id}", new JsonObject { ["title"] = "Changed" })).Is(HttpStatusCode.OK).Text);

        var after = (await OccurrencesAsync(project)).ToDictionary(Id);
        Assert.Equal(windows.Count - 1, after.Count);
        Assert.Equal(("Mine", windows[3]["starts_at"]!.ToString()), (after[detached]["title"]!.ToString(), after[detached]["starts_at"]!.ToString()));
        Assert.Equal("cancelled", after[cancelled]["status"]!.ToString());
        Assert.Equal("cancelled", after[Id(windows[6])]["status"]!.ToString());
        var others = windows.Where((_, i) => i is > 0 and (< 3 or > 6)).Select(w => (Was: w, Is: after[Id(w)])).ToList();
        Assert.All(others, w => Assert.Equal(
            ("Changed", DateTimeOffset.Parse(w.Was["starts_at"]!.ToString()).AddHours(1)), (w.Is["title"]!.ToString(), DateTimeOffset.Parse(w.Is["starts_at"]!.ToString()))));
        Assert.Equal(["updated", "created"], (await project.GetAsync($"/{Id(windows[10])}/events")).Data.Select(e => e!["action"]!.ToString()));

        // A cancelled occurrence does not come back.
        (await project.SendAsync(HttpMethod.Patch, $"{path}/{created.Id}", new JsonObject { ["exdates"] = new JsonArray() })).Is(HttpStatusCode.OK);
        Assert.Equal(after.Count, (await OccurrencesAsync(project)).Count);

        var gone = (await project.SendAsync(HttpMethod.Delete, $"{path}/{created.Id}")).Is(HttpStatusCode.OK);
        Assert.NotNull(gone["cancelled_at"]);
        Assert.Equal(gone.Text, (await project.SendAsync(HttpMethod.Delete, $"{path}/{created.Id}")).Is(HttpStatusCode.OK).Text);
        (await project.SendAsync(HttpMethod.Patch, $"{path}/{created.Id}", new JsonObject { ["title"] = "Y" })).Is(409, "invalid_state_transition");
        Assert.All(await OccurrencesAsync(project), w => Assert.Equal("cancelled", w["status"]!.ToString()));
        Assert.Equal(["cancelled", "updated", "updated", "created"], (await project.SendAsync(HttpMethod.Get, $"{path}/{created.Id}/events")).Data.Select(e => e!["action"]!.ToString()));
    }

    [Fact]
    public async Task The_reminders_of_a_series_are_those_of_its_occurrences()
    {
        await using var service = await ManagementApi.StartServiceAsync(await api.Postgres.CreateDatabaseAsync<Program>());
        using var project = Project.Of(service);
        var usual = (await project.SendAsync(HttpMethod.Post, PathOf(project), Body(("starts_on", Day(1)), ("horizon_days", 7)))).Is(HttpStatusCode.Created);
        Assert.Equal(("""["-24h","-1h"]""", "true"), Told(usual.Json));
        Assert.All(await OccurrencesAsync(project), window => Assert.Equal(Told(usual.Json), Told(window)));
        (await project.SendAsync(HttpMethod.Delete, $"{PathOf(project)}/{usual.Id}")).Is(HttpStatusCode.OK);

        var series = (await project.SendAsync(HttpMethod.Post, PathOf(project), Body(("starts_on", Day(1)), ("horizon_days", 7), ("reminders", new JsonArray("-2h", "-120m", "-7d")), ("notify", false)))).Is(HttpStatusCode.Created);
        Assert.Equal(("""["-2h","-7d"]""", "false"), Told(series.Json));
        var windows = await OpenAsync();
        Assert.All(windows, window => Assert.Equal(Told(series.Json), Told(window)));
        (await project.PatchAsync(Id(windows[1]), new JsonObject { ["reminders"] = new JsonArray() })).Is(HttpStatusCode.OK);
        var path = $"{PathOf(project)}/{series.Id}";
        Assert.Equal(series.Text, (await project.SendAsync(HttpMethod.Patch, path, new JsonObject { ["reminders"] = new JsonArray("-2h", "-7d"), ["notify"] = false })).Is(HttpStatusCode.OK).Text);
        var changed = (await project.SendAsync(HttpMethod.Patch, path, new JsonObject { ["reminders"] = new JsonArray("-30m") })).Is(HttpStatusCode.OK);
        Assert.Equal(("""["-30m"]""", "false"), Told(changed.Json));
        (await project.SendAsync(HttpMethod.Patch, path, new JsonObject { ["notify"] = true })).Is(HttpStatusCode.OK);
        windows = await OpenAsync();
        Assert.Equal(("[]", "false"), Told(windows[1])); // changed by itself
        windows.RemoveAt(1);
        Assert.All(windows, window => Assert.Equal(("""["-30m"]""", "true"), Told(window)));
        var events = (await project.SendAsync(HttpMethod.Get, $"{path}/events")).Data;
        Assert.Equal(["""["notify"]""", """["reminders"]""", "[]"], events.Select(e => e!["changed_fields"]!.ToJsonString()));
        Assert.Equal(["""["notify"]""", """["reminders"]""", "[]"], (await project.GetAsync($"/{Id(windows[0])}/events")).Data.Select(e => e!["changed_fields"]!.ToJsonString()));
        (await project.SendAsync(HttpMethod.Patch, path, new JsonObject { ["reminders"] = new JsonArray("-1w") })).Is(400, "invalid_request", "reminders");

        static (string, string) Told(JsonNode json) => (json["reminders"]!.ToJsonString(), json["notify"]!.ToJsonString());

        async Task<List<JsonNode>> OpenAsync() => [.. (await OccurrencesAsync(project)).Where(window => window["status"]!.ToString() == "scheduled")];
    }

    [Fact]
    public async Task A_series_that_an_older_release_wrote_has_the_default_reminders()
    {
        var connectionString = await api.Postgres.CreateDatabaseAsync<Program>();
        await using var service = await ManagementApi.StartServiceAsync(connectionString);
        using var project = Project.Of(service);
        var series = (await project.SendAsync(HttpMethod.Post, PathOf(project), Body(("reminders", new JsonArray()), ("notify", false)))).Is(HttpStatusCode.Created);
        await using var database = Npgsql.NpgsqlDataSource.Create(connectionString);
        await using var older = database.CreateCommand("update series set document = document - 'reminders' - 'notify'; update notice_events set after = after - 'reminders' - 'notify'");
        await older.ExecuteNonQueryAsync();
        var read = await project.SendAsync(HttpMethod.Get, $"{PathOf(project)}/{series.Id}");
        Assert.Equal(("""["-24h","-1h"]""", "true"), (read.Json["reminders"]!.ToJsonString(), read["notify"]));
        var logged = (await project.SendAsync(HttpMethod.Get, $"{PathOf(project)}/{series.Id}/events")).Data[0]!["after"]!;
        Assert.Equal(("""["-24h","-1h"]""", "true"), (logged["reminders"]!.ToJsonString(), logged["notify"]!.ToJsonString()));
    }

    [Fact]
    public async Task A_series_is_of_its_project_and_listed_newest_first()
    {
        await using var service = await ManagementApi.StartServiceAsync(await api.Postgres.CreateDatabaseAsync<Program>());
        using var project = Project.Of(service);
        using var other = Project.Of(service);
        var ids = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            ids.Insert(0, (await project.SendAsync(HttpMethod.Post, PathOf(project), Body())).Is(HttpStatusCode.Created).Id);
        }

        Assert.Equal(ids, (await project.SendAsync(HttpMethod.Get, PathOf(project))).Ids);
        Assert.Equal(ids[2..], (await project.SendAsync(HttpMethod.Get, $"{PathOf(project)}?after={ids[1]}")).Ids);
        (await other.SendAsync(HttpMethod.Get, $"{PathOf(other)}/{ids[0]}")).Is(404, "not_found");
        (await other.SendAsync(HttpMethod.Delete, $"{PathOf(other)}/{ids[0]}")).Is(404, "not_found");
        (await other.SendAsync(HttpMethod.Get, $"{PathOf(other)}/{ids[0]}/events")).Is(404, "not_found");
        (await other.SendAsync(HttpMethod.Get, $"{PathOf(other)}?after={ids[0]}")).Is(400, "invalid_request", "after");
    }

    [Fact]
    public async Task The_list_of_windows_can_be_of_one_series()
    {
        await using var service = await ManagementApi.StartServiceAsync(await api.Postgres.CreateDatabaseAsync<Program>());
        using var project = Project.Of(service);
        using var other = Project.Of(service);
        var single = await project.CreatedAsync();
        var (one, two) = (await MadeAsync(project), await MadeAsync(project));
        var foreign = await MadeAsync(other);
        var windows = (await project.GetAsync("?limit=100")).Data.Where(window => window!["series_id"]?.ToString() == one).Select(window => Id(window!)).ToList();
        Assert.InRange(windows.Count, 7, 8);
        (await project.CancelAsync(windows[1])).Is(HttpStatusCode.OK);

        Assert.Equal(windows, (await project.GetAsync($"?series_id={one}&limit=100")).Ids);
        Assert.Equal([windows[1]], (await project.GetAsync($"?series_id={one}&status=cancelled")).Ids);
        var page = await project.GetAsync($"?series_id={one}&limit=3&status=scheduled");
        Assert.Equal("true", page["has_more"]);
        Assert.Equal([windows[0], windows[2], windows[3]], page.Ids);
        page = await project.GetAsync($"?series_id={one}&limit=100&status=scheduled&after={windows[3]}");
        Assert.Equal("false", page["has_more"]);
        Assert.Equal(windows[4..], page.Ids);
        Assert.Equal(windows[2..], (await project.GetAsync($"?series_id={one}&limit=100&after={windows[1]}")).Ids);
        Assert.Empty((await project.GetAsync($"?series_id={foreign}")).Ids);
        Assert.DoesNotContain(single, (await project.GetAsync($"?series_id={two}&limit=100")).Ids);
        foreach (var wrong in (string[])["", "mw_7k3q0c1v2b3n4m5x6z7a", "mws_", $"{one}&series_id={two}"])
        {
            (await project.GetAsync($"?series_id={wrong}")).Is(400, "invalid_request", "series_id");
        }

        static async Task<string> MadeAsync(Project project) =>
            (await project.SendAsync(HttpMethod.Post, PathOf(project), Body(("starts_on", Day(1)), ("horizon_days", 7)))).Is(HttpStatusCode.Created).Id;
    }

    [Fact]
    public async Task At_most_20_series_and_their_occurrences_do_not_count_as_open_windows()
    {
        await using var service = await ManagementApi.StartServiceAsync(await api.Postgres.CreateDatabaseAsync<Program>(), limited: true);
        using var project = Project.Of(service);
        var replies = await Task.WhenAll(Enumerable.Range(0, 24).Select(_ => project.SendAsync(HttpMethod.Post, PathOf(project), Body(("rrule", "FREQ=WEEKLY")))));
        Assert.Equal(20, replies.Count(reply => reply.Status == HttpStatusCode.Created));
        Assert.All(replies.Where(reply => reply.Status != HttpStatusCode.Created), reply => reply.Is(409, "quota_exceeded"));
        (await project.CreateAsync(MaintenanceService.Tests.Body.With(b => (b["starts_at"], b["ends_at"]) = (Day(1) + "T00:00:00Z", Day(2) + "T00:00:00Z")))).Is(HttpStatusCode.Created);
        (await project.SendAsync(HttpMethod.Post, PathOf(project), Body(("starts_on", Day(400))))).Is(409, "quota_exceeded", "starts_on");
        (await project.SendAsync(HttpMethod.Delete, $"{PathOf(project)}/{replies.First(reply => reply.Status == HttpStatusCode.Created).Id}")).Is(HttpStatusCode.OK);
        (await project.SendAsync(HttpMethod.Post, PathOf(project), Body())).Is(HttpStatusCode.Created);
    }

    [Fact]
    public async Task A_cancelled_series_counts_as_long_as_a_window_of_it_goes_on()
    {
        await using var service = await ManagementApi.StartServiceAsync(await api.Postgres.CreateDatabaseAsync<Program>(), limited: true);
        using var project = Project.Of(service);
        var series = new List<string>();
        for (var i = 0; i < 20; i++)
        {
            series.Add((await project.SendAsync(HttpMethod.Post, PathOf(project), Body(("starts_on", Day(1)), ("rrule", "FREQ=WEEKLY")))).Is(HttpStatusCode.Created).Id);
        }

        var going = Id((await project.GetAsync($"?limit=1&series_id={series[0]}")).Is(HttpStatusCode.OK).Data.Single()!);
        (await project.PatchAsync(going, new JsonObject { ["status"] = "active" })).Is(HttpStatusCode.OK);
        (await project.SendAsync(HttpMethod.Delete, $"{PathOf(project)}/{series[0]}")).Is(HttpStatusCode.OK);
        (await project.SendAsync(HttpMethod.Post, PathOf(project), Body())).Is(409, "quota_exceeded");
        (await project.CompleteAsync(going)).Is(HttpStatusCode.OK);
        (await project.SendAsync(HttpMethod.Post, PathOf(project), Body())).Is(HttpStatusCode.Created);
    }

    [Fact]
    public async Task A_rule_has_at_most_500_characters()
    {
        await using var service = await ManagementApi.StartServiceAsync(await api.Postgres.CreateDatabaseAsync<Program>());
        using var project = Project.Of(service);
        (await project.SendAsync(HttpMethod.Post, PathOf(project), Body(("rrule", Rule(161))))).Is(HttpStatusCode.Created);
        (await project.SendAsync(HttpMethod.Post, PathOf(project), Body(("rrule", Rule(162))))).Is(400, "invalid_request", "rrule");

        static string Rule(int days) => "FREQ=DAILY;BYDAY=" + string.Join(',', Enumerable.Repeat("MO", days));
    }

    [Fact]
    public async Task A_series_that_overlaps_other_windows_is_warned_of_the_first_ten_but_not_of_its_own()
    {
        await using var service = await ManagementApi.StartServiceAsync(await api.Postgres.CreateDatabaseAsync<Program>());
        using var project = Project.Of(service);
        var first = (await project.SendAsync(HttpMethod.Post, PathOf(project), Body(("duration", "PT24H")))).Is(HttpStatusCode.Created);
        Assert.Null(first.Json["warnings"]);
        var single = await project.CreatedAsync(MaintenanceService.Tests.Body.With(b => (b["starts_at"], b["ends_at"]) = (Day(7) + "T00:00:00Z", Day(7) + "T01:00:00Z")));
        var second = (await project.SendAsync(HttpMethod.Post, PathOf(project), Body(("rrule", "FREQ=DAILY;INTERVAL=2"), ("starts_on", Day(7)), ("local_time", "00:30"), ("duration", "PT1H")))).Is(HttpStatusCode.Created);
        var warned = Warned(second);
        Assert.Equal(10, warned.Count);
        Assert.Contains(single, warned);
        var others = (await OccurrencesAsync(project)).ToDictionary(Id, window => window["series_id"]?.ToString());
        Assert.All(warned, id => Assert.Equal(id == single ? null : first.Id, others[id]));

        var changed = (await project.SendAsync(HttpMethod.Patch, $"{PathOf(project)}/{second.Id}", new JsonObject { ["affected_services"] = new JsonArray("A") })).Is(HttpStatusCode.OK);
        Assert.Equal(warned, Warned(changed));
        (await project.SendAsync(HttpMethod.Patch, $"{PathOf(project)}/{first.Id}", new JsonObject { ["affected_services"] = new JsonArray("B") })).Is(HttpStatusCode.OK);
        Assert.Equal([single], Warned((await project.SendAsync(HttpMethod.Patch, $"{PathOf(project)}/{second.Id}", new JsonObject { ["title"] = "T" })).Is(HttpStatusCode.OK)));
        Assert.Null((await project.SendAsync(HttpMethod.Delete, $"{PathOf(project)}/{second.Id}")).Is(HttpStatusCode.OK).Json["warnings"]);
        Assert.DoesNotContain("warnings", (await project.SendAsync(HttpMethod.Get, $"{PathOf(project)}/{second.Id}/events")).Text, StringComparison.Ordinal);

        static List<string> Warned(Reply reply) => [.. reply.Json["warnings"]!.AsArray().Select(warning => warning!["id"]!.ToString())];
    }

    [Theory]
    [InlineData("timezone", "Europe/Nowhere")]
    [InlineData("timezone", "+02:00")]
    [InlineData("local_time", "24:00")]
    [InlineData("local_time", "2:30")]
    [InlineData("duration", "PT4M59S")]
    [InlineData("duration", "PT24H1S")]
    [InlineData("duration", "P1D")]
    [InlineData("duration", "PT")]
    [InlineData("starts_on", "2026-02-30")]
    [InlineData("starts_on", "1999-12-31")]
    [InlineData("rrule", "FREQ=HOURLY")]
    [InlineData("rrule", "FREQ=WEEKLY;WKST=SU")]
    [InlineData("rrule", "FREQ=MONTHLY;BYDAY=-1MO;BYMONTHDAY=1")]
    [InlineData("rrule", "FREQ=DAILY;UNTIL=20200101")]
    public async Task What_is_wrong_is_named(string field, string value)
    {
        await using var service = await ManagementApi.StartServiceAsync(await api.Postgres.CreateDatabaseAsync<Program>());
        using var project = Project.Of(service);
        (await project.SendAsync(HttpMethod.Post, PathOf(project), Body((field, value)))).Is(400, "invalid_request", field);
        (await project.SendAsync(HttpMethod.Post, $"{PathOf(project)}/preview", Body((field, value)))).Is(400, "invalid_request", field);
    }

    [Fact]
    public async Task A_preview_shows_what_daylight_saving_moves_and_stores_nothing()
    {
        await using var service = await ManagementApi.StartServiceAsync(await api.Postgres.CreateDatabaseAsync<Program>());
        using var project = Project.Of(service);
        var body = Body(("timezone", "Europe/Berlin"), ("local_time", "02:30"), ("rrule", "FREQ=DAILY"), ("starts_on", "2029-03-24"), ("duration", "PT1H30M"));
        var preview = (await project.SendAsync(HttpMethod.Post, $"{PathOf(project)}/preview", body)).Is(HttpStatusCode.OK);
        Assert.Equal(10, preview.Data.Count);
        Assert.Equal(
            """{"occurrence":"2029-03-25","starts_at":"2029-03-25T01:30:00Z","ends_at":"2029-03-25T03:00:00Z","local_starts_at":"2029-03-25T03:30:00+02:00","local_ends_at":"2029-03-25T05:00:00+02:00","adjusted":"gap"}""",
            preview.Data[1]!.ToJsonString(new System.Text.Json.JsonSerializerOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }));
        Assert.Empty((await project.SendAsync(HttpMethod.Get, PathOf(project))).Data);
        Assert.Empty((await project.GetAsync()).Data);
    }

    private static string PathOf(Project project) => $"/{project.Id}/v1/management/maintenance-series";

    private static string Id(JsonNode window) => window["id"]!.ToString();

    private static string Day(int fromToday) => DateTime.UtcNow.Date.AddDays(fromToday).ToString("yyyy-MM-dd");

    internal static JsonObject Body(params (string Name, JsonNode Value)[] changes)
    {
        var body = new JsonObject
        {
            ["title"] = "Database maintenance",
            ["description"] = "",
            ["timezone"] = "UTC",
            ["starts_on"] = Day(0),
            ["local_time"] = "02:30",
            ["duration"] = "PT1H",
            ["rrule"] = "FREQ=DAILY",
        };
        foreach (var (name, value) in changes)
        {
            body[name] = value;
        }

        return body;
    }

    /// <summary>All windows of the project by start.</summary>
    private static async Task<List<JsonNode>> OccurrencesAsync(Project project)
    {
        var page = (await project.GetAsync("?limit=100")).Is(HttpStatusCode.OK);
        Assert.Equal("false", page["has_more"]);
        return [.. page.Data.Select(w => w!).Reverse()];
    }
}
