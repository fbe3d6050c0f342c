using System.Net;
using System.Text.Json.Nodes;
using Xerotier.NotificationService.Model;
using Xerotier.TestKit;

namespace Xerotier.NotificationService.Tests;

/// <summary>The API of subscriptions, through a Gateway where nothing else is said.</summary>
public sealed class SubscriptionApiTests(NotificationApi api) : IAsyncLifetime
{
    private Client project = null!;

    public async ValueTask InitializeAsync() => project = await api.NewProjectAsync();

    public ValueTask DisposeAsync()
    {
        project.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_webhook_is_created_read_changed_and_deleted()
    {
        var created = (await project.CreateAsync()).Is(HttpStatusCode.Created);
        Assert.Equal(("subscription", project.Project, "webhook", "https://ops.example.com/hooks/xerotier", "active", "test-key"),
            (created["object"], created["project_id"], created["channel"], created["target"], created["state"], created["created_by"]));
        Assert.Equal(("\"1\"", $"{project.Subscriptions}/{created.Id}"), (created.ETag, created.Headers.Location?.OriginalString));
        Assert.Equal(EventTypes.Default, created.Json["events"]!.AsArray().Select(type => (string?)type));
        Assert.Equal((0, "0", "0", null), (created.Json["components"]!.AsArray().Count, created["delivered_count"], created["failed_count"], created["last_result"]));

        var read = (await project.GetAsync($"/{created.Id}")).Is(HttpStatusCode.OK);
        Assert.Equal((created.ETag, created["created_at"], created["created_at"]), (read.ETag, read["created_at"], read["updated_at"]));

        var changed = (await project.PatchAsync(created.Id, new JsonObject
        {
            ["target"] = "https://ops.example.com/2",
            ["components"] = new JsonArray("cmp_dashboard", "cmp_dashboard"),
            ["events"] = new JsonArray("component.status_changed", "component.status_changed", "incident.created"),
        })).Is(HttpStatusCode.OK);
        Assert.Equal(("https://ops.example.com/2", """["cmp_dashboard"]""", """["component.status_changed","incident.created"]""", "\"2\""),
            (changed["target"], changed.Json["components"]!.ToJsonString(), changed.Json["events"]!.ToJsonString(), changed.ETag));
        Assert.NotEqual(changed["created_at"], changed["updated_at"]);
        Assert.Equal(changed.Text, (await project.PatchAsync(created.Id, new JsonObject { ["target"] = "https://ops.example.com/2" })).Is(HttpStatusCode.OK).Text); // nothing new
        Assert.Equal(changed.Text, (await project.GetAsync($"/{created.Id}")).Text);

        var deleted = (await project.DeleteAsync(created.Id)).Is(HttpStatusCode.OK);
        Assert.Equal($$"""{"id":"{{created.Id}}","object":"subscription.deleted","deleted":true}""", deleted.Text);
        (await project.GetAsync($"/{created.Id}")).Is(404, "not_found");
        (await project.DeleteAsync(created.Id)).Is(404, "not_found");
    }

    [Fact]
    public async Task Everything_that_is_wrong_is_said_at_once()
    {
        var wrong = (await project.CreateAsync(new JsonObject
        {
            ["channel"] = "pigeon",
            ["target"] = "ftp://a.example/",
            ["components"] = new JsonArray("cmp_dashboard", "cmp_nothing"),
            ["events"] = new JsonArray("incident.created", "subscription.test"),
            ["secret"] = "mine",
            ["state"] = "active",
            ["colour"] = "red",
        })).Is(400, "invalid_request", "channel");
        Assert.Equal(["channel", "target", "components", "events", "secret", "state", "colour"], wrong.WrongFields);
        Assert.Contains("cmp_nothing", wrong.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("cmp_dashboard", wrong.Text, StringComparison.Ordinal);
        Assert.Equal(["channel", "target"], (await project.CreateAsync(new JsonObject())).Is(400, "invalid_request").WrongFields);
        (await project.CreateAsync(Client.Webhook("events", new JsonArray()))).Is(400, "invalid_request", "events");
        (await project.CreateAsync(Client.Webhook("components", new JsonArray([.. Enumerable.Range(0, 51).Select(i => (JsonNode)$"cmp_{i}")])))).Is(400, "invalid_request", "components");
        Assert.Contains("E-mail is not configured.", (await project.CreateAsync(new JsonObject { ["channel"] = "email", ["target"] = "ada@example.com" })).Is(400, "invalid_request", "channel").Text, StringComparison.Ordinal);

        var id = await project.CreatedAsync();
        Assert.Equal(["channel", "target", "state", "events"], (await project.PatchAsync(id, new JsonObject
        {
            ["channel"] = "slack",
            ["target"] = "https://a.example/#part",
            ["state"] = "unconfirmed",
            ["events"] = null,
        })).Is(400, "unknown_field", "channel").WrongFields);
        Assert.Equal("\"1\"", (await project.GetAsync($"/{id}")).ETag);
    }

    [Theory]
    [InlineData("http://ops.example.com/")]
    [InlineData("https:///hook")]
    [InlineData("https:ops.example.com")]
    [InlineData("//ops.example.com/")]
    [InlineData("https://ops.example.com\\@evil.example/")]
    [InlineData("https://user@ops.example.com/")]
    [InlineData("https://@ops.example.com/")]
    [InlineData("https://ops.example.com/#")]
    [InlineData("https://ops.example.com/a b")]
    [InlineData("https://ops.example.com/\u0007")]
    [InlineData("https://ops.example.com/\u2003x")]
    [InlineData("https://127.0.0.1/")]
    [InlineData("https://10.1.2.3:8443/")]
    [InlineData("https://169.254.169.254/latest/meta-data")]
    [InlineData("https://2130706433/")]
    [InlineData("https://0x7f.1/")]
    [InlineData("https://[::1]/")]
    [InlineData("https://[::ffff:8.8.8.8]/")]
    [InlineData("https://[fd00::1]/")]
    [InlineData("https://\u05d0a.example/")] // a name in two directions, which the DNS has not
    public async Task A_target_that_nobody_may_be_told_at_is_refused(string target)
    {
        (await project.CreateAsync(Client.Webhook("target", target))).Is(400, "invalid_request", "target");
        Assert.Empty((await project.GetAsync()).Data);
    }

    [Fact]
    public async Task A_target_may_have_2000_characters_and_be_a_public_address()
    {
        var longest = "https://ops.example.com/".PadRight(2000, 'x');
        Assert.Equal(longest, (await project.CreateAsync(Client.Webhook("target", longest))).Is(HttpStatusCode.Created)["target"]);
        (await project.CreateAsync(Client.Webhook("target", longest + "x"))).Is(400, "invalid_request", "target");
        (await project.CreateAsync(Client.Webhook("target", "https://8.8.8.8:8443/a?b=c"))).Is(HttpStatusCode.Created);
        (await project.CreateAsync(Client.Webhook("target", "https://[2606:4700::1111]/"))).Is(HttpStatusCode.Created);
    }

    [Fact]
    public async Task Private_addresses_and_plain_http_are_taken_where_the_operator_says_so()
    {
        await using var service = await NotificationApi.StartServiceAsync(
            await api.Postgres.CreateDatabaseAsync<Program>(), "http://127.0.0.1:9", KeyValuePair.Create<string, string?>("Notifications:AllowPrivateTargets", "true"));
        using var inside = Client.Of(service);
        (await inside.CreateAsync(Client.Webhook("target", "http://127.0.0.1:1234/hook"))).Is(HttpStatusCode.Created);
        (await inside.CreateAsync(Client.Webhook("target", "http://user@127.0.0.1/"))).Is(400, "invalid_request", "target");
        (await inside.CreateAsync(Client.Webhook("target", "http://\u05d0a.example/"))).Is(400, "invalid_request", "target");
    }

    [Fact]
    public async Task Components_must_exist_and_not_be_archived_and_a_new_one_is_known_at_once()
    {
        using var platform = api.Platform();
        (await project.CreateAsync(Client.Webhook("components", new JsonArray("cmp_dashboard")))).Is(HttpStatusCode.Created); // the list is known now
        var id = (await platform.SendAsync("POST", "/v1/platform/components", new JsonObject { ["name"] = $"New {Guid.NewGuid()}" })).Is(HttpStatusCode.Created).Id;
        var archived = (await platform.SendAsync("POST", "/v1/platform/components", new JsonObject { ["name"] = $"Gone {Guid.NewGuid()}" })).Is(HttpStatusCode.Created).Id;
        (await platform.SendAsync("DELETE", $"/v1/platform/components/{archived}")).Is(HttpStatusCode.OK);
        (await project.CreateAsync(Client.Webhook("components", new JsonArray(id)))).Is(HttpStatusCode.Created);
        Assert.Contains($"'{archived}' is archived", (await project.CreateAsync(Client.Webhook("components", new JsonArray(id, archived)))).Is(400, "invalid_request", "components").Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_the_MaintenanceService_only_a_choice_of_components_must_wait()
    {
        await using var service = await NotificationApi.StartServiceAsync(await api.Postgres.CreateDatabaseAsync<Program>(), "http://127.0.0.1:9");
        using var alone = Client.Of(service);
        (await alone.CreateAsync()).Is(HttpStatusCode.Created);
        (await alone.CreateAsync(Client.Webhook("components", new JsonArray("cmp_dashboard")))).Is(503, "service_unavailable");
        Assert.Single((await alone.GetAsync()).Data);
    }

    [Fact]
    public async Task A_secret_is_shown_once_and_never_again()
    {
        var created = (await project.CreateAsync()).Is(HttpStatusCode.Created);
        var secret = created["secret"]!;
        Assert.StartsWith("whsec_", secret, StringComparison.Ordinal);
        Assert.Equal(32, Convert.FromBase64String(secret["whsec_".Length..]).Length);
        Assert.Equal("no-store", created.Headers.CacheControl?.ToString());

        (await project.PostAsync($"/{created.Id}/rotate", ifMatch: "\"7\"")).Is(412, "precondition_failed");
        var rotated = (await project.PostAsync($"/{created.Id}/rotate", ifMatch: created.ETag)).Is(HttpStatusCode.OK);
        Assert.Equal(("no-store", "\"2\""), (rotated.Headers.CacheControl?.ToString(), rotated.ETag));
        Assert.NotEqual(secret, rotated["secret"]);
        var until = DateTimeOffset.Parse(rotated["previous_secret_until"]!, System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(until - DateTimeOffset.UtcNow, TimeSpan.FromHours(23.9), TimeSpan.FromHours(24.1));
        Assert.Equal(1L, await api.ExecuteAsync($"select count(*) from subscriptions where id = {created.Id} and secret = {rotated["secret"]!} and previous_secret = {secret}"));

        foreach (var later in new[] { await project.GetAsync($"/{created.Id}"), await project.GetAsync(), await project.PatchAsync(created.Id, new JsonObject { ["state"] = "disabled" }), await project.GetAsync($"/{created.Id}/deliveries") })
        {
            Assert.DoesNotContain("whsec_", later.Text, StringComparison.Ordinal);
            Assert.DoesNotContain("\"secret\"", later.Text, StringComparison.Ordinal);
        }

        await api.ExecuteAsync($"update subscriptions set previous_secret_until = clock_timestamp() where id = {created.Id}");
        Assert.Null((await project.GetAsync($"/{created.Id}"))["previous_secret_until"]);
        (await project.SendAsync("POST", $"{project.Subscriptions}/{created.Id}/rotate", new JsonObject { ["secret"] = "mine" })).Is(400, "unknown_field", "secret");
    }

    [Fact]
    public async Task Of_a_slack_webhook_only_the_host_and_four_characters_are_shown_and_it_has_no_secret()
    {
        const string url = "https://hooks.slack.com/services/T000/B000/XXXXXXXXXXXXabcd";
        var created = (await project.CreateAsync(new JsonObject { ["channel"] = "slack", ["target"] = url })).Is(HttpStatusCode.Created);
        Assert.Equal(("https://hooks.slack.com/…abcd", null), (created["target"], created["secret"]));
        foreach (var reply in new[] { created, await project.GetAsync($"/{created.Id}"), await project.GetAsync(), await project.PatchAsync(created.Id, new JsonObject { ["target"] = url + "e" }) })
        {
            Assert.DoesNotContain("services", reply.Text, StringComparison.Ordinal);
        }

        Assert.Equal(url + "e", await api.ExecuteAsync($"select target from subscriptions where id = {created.Id}"));
        (await project.PostAsync($"/{created.Id}/rotate")).Is(409, "invalid_state_transition");
    }

    [Fact]
    public async Task A_change_needs_the_version_that_it_names()
    {
        var created = (await project.CreateAsync()).Is(HttpStatusCode.Created);
        var disabled = (await project.PatchAsync(created.Id, new JsonObject { ["state"] = "disabled" }, created.ETag)).Is(HttpStatusCode.OK);
        (await project.PatchAsync(created.Id, new JsonObject { ["state"] = "active" }, created.ETag)).Is(412, "precondition_failed");
        (await project.DeleteAsync(created.Id, created.ETag)).Is(412, "precondition_failed");
        (await project.PatchAsync(created.Id, new JsonObject { ["state"] = "active" }, "3")).Is(400, "invalid_request", "If-Match");
        (await project.DeleteAsync(created.Id, disabled.ETag)).Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_client_gets_what_there_is_even_when_it_has_the_version()
    {
        var created = (await project.CreateAsync()).Is(HttpStatusCode.Created);
        await api.ExecuteAsync($"update subscriptions set delivered_count = 7 where id = {created.Id}"); // as messages do
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{project.Subscriptions}/{created.Id}") { Headers = { { "If-None-Match", created.ETag! } } };
        var reply = (await Reply.OfAsync(await project.Http.SendAsync(request))).Is(HttpStatusCode.OK);
        Assert.Equal(("7", created.ETag, created["updated_at"]), (reply["delivered_count"], reply.ETag, reply["updated_at"]));
    }

    [Fact]
    public async Task Concurrent_changes_are_all_kept()
    {
        var id = await project.CreatedAsync();
        await Task.WhenAll(Enumerable.Range(1, 10).Select(async i => (await project.PatchAsync(id, new JsonObject { ["target"] = $"https://ops.example.com/{i}" })).Is(HttpStatusCode.OK)));
        Assert.Equal("\"11\"", (await project.GetAsync($"/{id}")).ETag);
    }

    [Fact]
    public async Task The_list_comes_newest_first_in_pages()
    {
        var ids = new List<string>();
        for (var i = 0; i < 5; i++)
        {
            ids.Insert(0, await project.CreatedAsync());
        }

        await api.ExecuteAsync($"update subscriptions set created_at = (select created_at from subscriptions where id = {ids[2]}) where id = {ids[3]}"); // then by id
        List<string> expected = [ids[0], ids[1], .. new[] { ids[2], ids[3] }.Order(StringComparer.Ordinal), ids[4]];
        var found = new List<string>();
        Reply page;
        var after = "";
        do
        {
            page = (await project.GetAsync($"?limit=1{after}")).Is(HttpStatusCode.OK);
            found.AddRange(page.Ids);
            after = $"&after={page["last_id"]}";
        }
        while (page["has_more"] == "true");
        Assert.Equal(expected, found);
        Assert.Equal(expected, (await project.GetAsync()).Ids);
        (await project.GetAsync("?after=sub_nothing")).Is(400, "invalid_request", "after");
        (await project.GetAsync("?after=x'y&limit=0&state=active")).Is(400, "invalid_request", "limit");
    }

    [Fact]
    public async Task A_project_sees_and_changes_nothing_of_another()
    {
        using var other = await api.NewProjectAsync();
        var id = await project.CreatedAsync();
        var message = (await project.PostAsync($"/{id}/test")).Is(HttpStatusCode.Created).Id;
        Assert.Empty((await other.GetAsync()).Data);
        (await other.GetAsync($"/{id}")).Is(404, "not_found");
        (await other.PatchAsync(id, new JsonObject { ["state"] = "disabled" })).Is(404, "not_found");
        (await other.DeleteAsync(id)).Is(404, "not_found");
        (await other.PostAsync($"/{id}/rotate")).Is(404, "not_found");
        (await other.PostAsync($"/{id}/test")).Is(404, "not_found");
        (await other.GetAsync($"/{id}/deliveries")).Is(404, "not_found");
        (await other.PostAsync($"/{id}/deliveries/{message}/retry")).Is(404, "not_found");
        (await other.PostAsync($"/{await other.CreatedAsync()}/deliveries/{message}/retry")).Is(404, "not_found");
        (await other.GetAsync($"?after={id}")).Is(400, "invalid_request", "after");
        Assert.Equal(("active", "\"1\""), ((await project.GetAsync($"/{id}"))["state"], (await project.GetAsync($"/{id}")).ETag));
    }

    [Fact]
    public async Task As_many_fit_as_may_be_however_many_requests_come_at_once()
    {
        var database = await api.Postgres.CreateDatabaseAsync<Program>();
        var most = KeyValuePair.Create<string, string?>("Notifications:MaxSubscriptionsPerProject", "5");
        await using var first = await NotificationApi.StartServiceAsync(database, "http://127.0.0.1:9", most);
        await using var second = await NotificationApi.StartServiceAsync(database, "http://127.0.0.1:9", most);
        using var one = Client.Of(first);
        using var two = Client.Of(second, one.Project);
        var replies = await Task.WhenAll(Enumerable.Range(0, 24).Select(i => (i % 2 == 0 ? one : two).CreateAsync(i % 3 == 0 ? Client.Webhook("channel", "slack") : null)));
        Assert.Equal(5, replies.Count(reply => reply.Status == HttpStatusCode.Created));
        Assert.All(replies.Where(reply => reply.Status != HttpStatusCode.Created), reply => reply.Is(409, "quota_exceeded"));
        Assert.Equal(5, (await one.GetAsync()).Data.Count);
        using var other = Client.Of(first);
        (await other.CreateAsync()).Is(HttpStatusCode.Created);
        (await one.DeleteAsync((await one.GetAsync()).Ids.First())).Is(HttpStatusCode.OK);
        (await one.CreateAsync()).Is(HttpStatusCode.Created);
    }

    [Fact]
    public async Task Other_methods_and_paths_are_refused_and_ids_that_cannot_be_one_never_reach_the_database()
    {
        await using var service = await NotificationApi.StartServiceAsync(await api.Postgres.CreateDatabaseAsync<Program>(), "http://127.0.0.1:9");
        using var direct = Client.Of(service);
        foreach (var client in new[] { project, direct })
        {
            foreach (var (method, path, allow) in new[]
            {
                ("PUT", "", "GET, HEAD, POST"),
                ("POST", "/sub_1", "GET, HEAD, PATCH, DELETE"),
                ("GET", "/sub_1/rotate", "POST"),
                ("GET", "/sub_1/test", "POST"),
                ("POST", "/sub_1/deliveries", "GET, HEAD"),
                ("GET", "/sub_1/deliveries/msg_1/retry", "POST"),
            })
            {
                var reply = (await client.SendAsync(method, client.Subscriptions + path)).Is(405, "method_not_allowed");
                Assert.Equal(allow.Split(", ").Order(), reply.Allow.Split(", ").Order());
            }

            (await client.GetAsync("/sub_1/nothing")).Is(404, "not_found");
        }

        await using (var gone = await NotificationApi.StartServiceAsync(await api.Postgres.CreateDatabaseAsync<Program>(), "http://127.0.0.1:9"))
        {
            using var strange = Client.Of(gone);
            foreach (var id in new[] { "sub_A", "sub_", "mw_1", "sub_%27", "x" })
            {
                (await strange.GetAsync($"/{id}")).Is(404, "not_found");
                (await strange.PostAsync($"/{id}/test")).Is(404, "not_found");
            }

            (await strange.PostAsync($"/{await strange.CreatedAsync()}/deliveries/msg_%27/retry")).Is(404, "not_found");
        }

        using var nobody = service.Http(TestTokens.ForCaller(direct.Project, false, "inference"));
        Assert.Equal(HttpStatusCode.Forbidden, (await nobody.GetAsync(direct.Subscriptions)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await direct.Http.GetAsync("/v1/platform/subscribers")).StatusCode);
    }

    [Fact]
    public async Task The_pages_subscribers_are_for_the_platforms_operators_alone()
    {
        using var platform = api.Platform();
        await api.ExecuteAsync($"delete from subscriptions where project_id = ''");
        foreach (var (id, name) in new[] { ("sub_page1", "ada"), ("sub_page2", "bob") })
        {
            await api.ExecuteAsync($"""
                insert into subscriptions (project_id, id, channel, target, components, events, state, created_by, created_at, updated_at)
                values ('', {id}, 'email', {name + "@example.com"}, array['cmp_dashboard'], array['incident.created'], 'active', 'page', clock_timestamp(), clock_timestamp())
                """);
        }

        var first = (await platform.SendAsync("GET", "/v1/platform/subscribers?limit=1")).Is(HttpStatusCode.OK);
        Assert.Equal(("sub_page2", "subscriber", "bob@example.com", """["cmp_dashboard"]""", "true"),
            ((string?)first.Data[0]!["id"], (string?)first.Data[0]!["object"], (string?)first.Data[0]!["address"], first.Data[0]!["components"]!.ToJsonString(), first["has_more"]));
        Assert.Equal(["sub_page1"], (await platform.SendAsync("GET", "/v1/platform/subscribers?after=sub_page2")).Is(HttpStatusCode.OK).Ids);
        (await project.GetAsync("/sub_page1")).Is(404, "not_found");
        var own = await project.CreatedAsync();
        (await platform.SendAsync("DELETE", $"/v1/platform/subscribers/{own}")).Is(404, "not_found");
        Assert.Equal("""{"id":"sub_page1","object":"subscriber.deleted","deleted":true}""", (await platform.SendAsync("DELETE", "/v1/platform/subscribers/sub_page1")).Is(HttpStatusCode.OK).Text);
        Assert.Equal(["sub_page2"], (await platform.SendAsync("GET", "/v1/platform/subscribers")).Ids);
        (await project.SendAsync("GET", "/v1/platform/subscribers")).Is(403, "scope_insufficient");
    }
}
