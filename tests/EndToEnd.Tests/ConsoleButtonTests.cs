using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Aspire.Hosting.Testing;
using Npgsql;
using Xerotier.TestKit;

namespace Xerotier.EndToEnd.Tests;

/// <summary>What the console's buttons do that nobody presses in the way of an ordinary day (console.md, section 23).</summary>
[Collection<SharedCluster>]
public sealed partial class ConsoleButtonTests(SharedCluster shared)
{
    private readonly Cluster cluster = shared.Cluster;

    [Theory]
    [InlineData(true, false, "/console/ /console/maintenance /console/recurring /console/fleet /console/subscriptions /console/keys /console/audit", "/console/incidents /console/platform/projects")]
    [InlineData(false, true, "/console/platform/projects /console/platform/components /console/platform/subscribers /console/platform/keys /console/audit", "/console/maintenance /console/keys /console/fleet")]
    [InlineData(true, true, "/console/ /console/maintenance /console/recurring /console/fleet /console/subscriptions /console/keys /console/audit /console/platform/projects /console/platform/components /console/platform/subscribers /console/platform/keys", "/console/incidents")]
    public async Task A_session_of_a_tenant_of_the_platform_or_of_both_has_its_places_and_no_others(bool ofTenant, bool ofPlatform, string places, string others)
    {
        var (project, key) = await cluster.CreateProjectAsync("tenant", false, "management");
        using var somebody = new ConsoleOperator(cluster, project, key);
        foreach (var held in new[] { ofTenant ? key : null, ofPlatform ? cluster.PlatformKey : null }.OfType<string>())
        {
            await somebody.AddKeyAsync(held);
        }

        var home = await somebody.GetAsync(ofTenant ? "/console/" : "/console/platform/projects");
        Assert.Equal(places.Split(' '), Place().Matches(home.Html.Split("<nav aria-label=\"Console\">")[1].Split("</nav>")[0]).Select(match => match.Groups["place"].Value).Except(["/console/settings", "/console/sign-in"]));
        foreach (var place in places.Split(' '))
        {
            Assert.Equal((place, 200), (place, (await somebody.GetAsync(place)).Status));
        }

        foreach (var other in others.Split(' '))
        {
            Assert.Equal((other, 403), (other, (await somebody.GetAsync(other)).Status));
        }

        if (!ofTenant)
        {
            Assert.Equal((303, "/console/platform/projects"), Led(await somebody.GetAsync("/console/")));
        }
    }

    [Fact]
    public async Task Where_there_is_no_demo_nobody_can_let_the_fleet_fall_silent()
    {
        var (project, key) = await cluster.CreateProjectAsync("tenant", false, "management");
        using var tenant = new ConsoleOperator(cluster, project, key);
        await tenant.SignInAsync();
        Assert.Equal(404, (await tenant.GetAsync("/console/demo")).Status);

        using var fleet = new HttpClient();
        var before = await fleet.GetStringAsync(cluster.FleetUrl, TestContext.Current.CancellationToken);
        using var somebody = new ConsoleOperator(cluster, project, key);
        foreach (var held in new[] { cluster.PlatformKey, key })
        {
            await somebody.AddKeyAsync(held);
            var page = await somebody.GetAsync("/console/demo");
            Assert.Equal((404, true, false), (page.Status, page.Html.Contains("There is no demo here.", StringComparison.Ordinal), page.Html.Contains("<iframe", StringComparison.Ordinal)));
            var form = await somebody.GetAsync("/console/settings"); // for its token: every form of a session has the same
            foreach (var action in new[] { "set", "all" })
            {
                Assert.Equal((action, 404), (action, (await somebody.PostAsync("/console/demo", form, ("routers", "1"), ("shared_agents", "1"), ("private_agents", "1"), ("action", action))).Status));
            }
        }

        Assert.Equal(before, await fleet.GetStringAsync(cluster.FleetUrl, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_key_is_made_rotated_and_revoked_and_the_audit_log_has_all_of_it()
    {
        using var operators = await ConsoleOperator.SignedInAsync(cluster);
        await operators.AddKeyAsync(cluster.PlatformKey);
        var name = $"key-{Guid.NewGuid():N}";
        foreach (var (page, audit, path) in new[] { ("/console/keys", "api_key", $"/{operators.ProjectId}/v1/management/keys"), ("/console/platform/keys", "platform_key", "/v1/platform/keys") })
        {
            var made = await operators.PostAsync(page, await operators.GetAsync(page), ("name", name));
            var old = Secret().Match(made.Html).Groups["key"].Value;
            Assert.Equal((201, HttpStatusCode.OK), (made.Status, await StatusAsync(old, path)));
            var at = Regex.Match(made.Html, $"{page}/key_[a-z0-9]+(?=/rotate)").Value; // the newest is the first
            var rotated = await operators.PostAsync($"{at}/rotate", made, []);
            var value = Secret().Match(rotated.Html).Groups["key"].Value;
            Assert.Equal(200, rotated.Status);
            Assert.NotEqual(old, value);
            Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (await StatusAsync(old, path), await StatusAsync(value, path)));
            Assert.Equal((303, $"{page}?done=revoked"), Led(await operators.PostAsync($"{at}/revoke", rotated, [])));
            await Observer.UntilAsync(async () => await StatusAsync(value, path) == HttpStatusCode.Unauthorized, TimeSpan.FromSeconds(10), "the key is revoked");
            var again = await operators.PostAsync($"{at}/rotate", rotated, []); // on a page that is still open
            Assert.Equal((409, true), (again.Status, again.Html.Contains("create a new one", StringComparison.Ordinal)));

            var trail = await operators.GetAsync($"/console/audit?object={audit}");
            Assert.Equal(["revoked", "rotated", "created"], Trail().Matches(trail.Html).Where(match => match.Groups["name"].Value == name).Select(match => match.Groups["action"].Value));
            Assert.DoesNotContain(value[^43..], trail.Html, StringComparison.Ordinal);
        }

        // The platform's operators make and revoke the keys of any project.
        var ofProject = $"/console/platform/projects/{operators.ProjectId}/keys";
        var first = await operators.PostAsync(ofProject, await operators.GetAsync(ofProject), ("name", "by the platform"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(Secret().Match(first.Html).Groups["key"].Value, $"/{operators.ProjectId}/v1/management/keys"));
        Assert.Equal((303, $"{ofProject}?done=revoked"), Led(await operators.PostAsync(Regex.Match(first.Html, $"{ofProject}/key_[a-z0-9]+/revoke").Value, first, [])));
    }

    [Fact]
    public async Task A_subscription_is_edited_tested_and_stopped_and_its_secret_renewed()
    {
        using var operators = await ConsoleOperator.SignedInAsync(cluster);
        var made = await operators.PostAsync("/console/subscriptions/new", await operators.GetAsync("/console/subscriptions/new"), ("channel", "webhook"), ("target", "https://127.0.0.1:9/one"));
        Assert.Equal(201, made.Status);
        var at = Regex.Match(made.Html, "/console/subscriptions/sub_[a-z0-9]+").Value;

        var form = await operators.GetAsync($"{at}/edit");
        await operators.ChangeAsync($"management/subscriptions/{at.Split('/')[^1]}", new { target = "https://127.0.0.1:9/two" });
        var newer = await operators.PostAsync($"{at}/edit", form, ("target", "https://127.0.0.1:9/three"));
        Assert.Equal((412, "https://127.0.0.1:9/three"), (newer.Status, newer["target"]));
        Assert.Equal(303, (await operators.PostAsync($"{at}/edit", newer, [])).Status);
        var page = await operators.GetAsync(at);
        Assert.Contains("https://127.0.0.1:9/three", page.Html, StringComparison.Ordinal);

        var rotated = await operators.PostAsync($"{at}/rotate", page, []);
        Assert.Equal((200, true), (rotated.Status, rotated.Html.Contains("whsec_", StringComparison.Ordinal)));
        Assert.Equal((303, $"{at}?done=tested"), Led(await operators.PostAsync($"{at}/test", page, [])));
        page = await operators.GetAsync(at);
        var retry = Regex.Match(page.Html, $"{at}/deliveries/[a-z0-9_]+/retry").Value;
        Assert.Equal((303, $"{at}?done=retried"), Led(await operators.PostAsync(retry, page, [])));

        Assert.Equal(303, (await operators.PostAsync($"{at}/disable", page, [])).Status);
        page = await operators.GetAsync(at);
        Assert.Contains("Disabled", page.Html, StringComparison.Ordinal);
        var refused = await operators.PostAsync(retry, page, []);
        Assert.Contains(refused.Status, (int[])[400, 409]); // nothing is sent by one that is stopped, and it says so
        Assert.Equal(303, (await operators.PostAsync($"{at}/enable", page, [])).Status);
        Assert.DoesNotContain("Disabled", (await operators.GetAsync(at)).Html, StringComparison.Ordinal);
        Assert.Equal((303, "/console/subscriptions?done=deleted"), Led(await operators.PostAsync($"{at}/delete", page, [])));
    }

    [Fact]
    public async Task What_nobody_typed_is_not_saved_over_what_a_colleague_saved_meanwhile()
    {
        using var operators = await ConsoleOperator.SignedInAsync(cluster);
        var slack = await operators.CreateAsync("management/subscriptions", new { channel = "slack", target = "https://hooks.slack.example/services/first-secret" });
        var at = $"/console/subscriptions/{slack}";
        var form = await operators.GetAsync($"{at}/edit");
        await operators.ChangeAsync($"management/subscriptions/{slack}", new { target = "https://hooks.slack.example/services/other-hidden" });
        var newer = await operators.PostAsync($"{at}/edit", form, []);
        Assert.Equal((412, true), (newer.Status, newer["target"].EndsWith("dden", StringComparison.Ordinal))); // its end is all that is shown of it
        Assert.Equal(303, (await operators.PostAsync($"{at}/edit", newer, [])).Status);
        Assert.EndsWith("dden", (await operators.GetAsync($"{at}/edit"))["target"]);
        Assert.Equal(400, (await operators.PostAsync($"{at}/edit", await operators.GetAsync($"{at}/edit"), ("target", form["target"]))).Status); // what is shown is no address

        var series = await operators.CreateAsync(
            "management/maintenance-series",
            new { title = "Commas", description = "", affected_services = new[] { "US, East", "Dashboard", "API" }, timezone = "UTC", starts_on = DateTime.UtcNow.AddDays(30).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), local_time = "02:30", duration = "PT1H", rrule = "FREQ=WEEKLY" });
        at = $"/console/recurring/{series}";
        Assert.Equal(303, (await operators.PostAsync($"{at}/edit", await operators.GetAsync($"{at}/edit"), ("title", "Commas, too"))).Status);
        using var http = cluster.Http(operators.Key);
        var saved = (await http.GetFromJsonAsync<JsonNode>($"/{operators.ProjectId}/v1/management/maintenance-series/{series}", TestContext.Current.CancellationToken))!;
        Assert.Equal(["US, East", "Dashboard", "API"], saved["affected_services"]!.AsArray().Select(name => name!.ToString()));
        Assert.Equal("PT1H", (string?)saved["duration"]); // another spelling would be told as another time
        var trail = (await http.GetFromJsonAsync<JsonNode>($"/{operators.ProjectId}/v1/management/maintenance-series/{series}/events", TestContext.Current.CancellationToken))!;
        Assert.Equal("""["title"]""", trail["data"]![0]!["changed_fields"]!.ToJsonString());
    }

    [Fact]
    public async Task A_draft_is_deleted_and_what_is_public_stays()
    {
        using var operators = await ConsoleOperator.SignedInAsync(cluster);
        var draft = await operators.CreateAsync("management/incidents", new { title = "A draft", body = "We look.", draft = true });
        var page = await operators.GetAsync($"/console/incidents/{draft}");
        await operators.ChangeAsync($"management/incidents/{draft}", new { title = "Changed by a colleague" });
        page = await operators.PostAsync($"/console/incidents/{draft}/delete", page, []);
        Assert.Equal((412, true), (page.Status, page.Html.Contains("Changed by a colleague", StringComparison.Ordinal))); // nobody deletes what they have not seen
        Assert.Equal((303, "/console/incidents/drafts?done=deleted"), Led(await operators.PostAsync($"/console/incidents/{draft}/delete", page, [])));
        Assert.Equal(404, (await operators.GetAsync($"/console/incidents/{draft}")).Status);

        var other = await operators.CreateAsync("management/incidents", new { title = "Another", body = "We look.", draft = true });
        page = await operators.GetAsync($"/console/incidents/{other}");
        Assert.Equal(303, (await operators.PostAsync($"/console/incidents/{other}/publish", page, [])).Status);
        var refused = await operators.PostAsync($"/console/incidents/{other}/delete", page, ("version", ""));
        Assert.Equal((409, true), (refused.Status, refused.Html.Contains("A published incident cannot be deleted", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Workers_are_found_by_a_part_of_their_name_and_a_hundred_stand_on_a_page()
    {
        var (project, key) = await cluster.CreateProjectAsync("fleet", false, "management", "heartbeat");
        using var operators = new ConsoleOperator(cluster, project, key);
        await operators.SignInAsync();
        var name = $"{Guid.NewGuid():N}";
        using (var http = cluster.Http(key))
        {
            var workers = Enumerable.Range(0, 102).Select(number => new { worker_id = $"wkr-{number:000}", name = $"{name}-{number:000}", kind = "private", state = "ready" });
            Assert.Equal(102, (int)(await http.PostForJsonAsync($"/{project}/v1/heartbeats", new { heartbeats = workers }))["accepted"]!);
        }

        Answer found = null!;
        await Observer.UntilAsync(async () => (found = await operators.GetAsync($"/console/fleet?q={name}-")).Html.Contains("rel=\"next\"", StringComparison.Ordinal), TimeSpan.FromSeconds(15), "more than a hundred workers are there");
        Assert.Equal(100, Named(found));
        var next = await operators.GetAsync(WebUtility.HtmlDecode(Regex.Match(found.Html, "<a href=\"([^\"]+)\" rel=\"next\"").Groups[1].Value));
        Assert.Equal((2, false), (Named(next), next.Html.Contains("rel=\"next\"", StringComparison.Ordinal)));
        Assert.Equal(1, Named(await operators.GetAsync($"/console/fleet?q={name}-007")));
        Assert.Contains("No worker's ID or name contains this.", WebUtility.HtmlDecode((await operators.GetAsync($"/console/fleet?q={name}-x")).Html), StringComparison.Ordinal);

        int Named(Answer page) => page.Html.Split($"<bdi>{name}-").Length - 1;
    }

    [Fact]
    public async Task A_subscriber_of_the_page_is_removed()
    {
        using var operators = await ConsoleOperator.SignedInAsync(cluster);
        await operators.AddKeyAsync(cluster.PlatformKey);
        await using var database = NpgsqlDataSource.Create((await cluster.Application.GetConnectionStringAsync("notificationsdb", TestContext.Current.CancellationToken))!);
        var name = $"{Guid.NewGuid():N}";
        await using var subscribe = database.CreateCommand($"""
            insert into subscriptions (project_id, id, channel, target, components, events, state, created_by, created_at, updated_at)
            values ('', 'sub_{name}', 'email', '{name}@example.com', '{"{}"}', '{"{incident.created}"}', 'active', 'page', now(), now())
            """);
        await subscribe.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        var list = await operators.GetAsync("/console/platform/subscribers");
        Assert.Contains($"{name}@example.com", list.Html, StringComparison.Ordinal);
        Assert.Equal((303, "/console/platform/subscribers?done=deleted"), Led(await operators.PostAsync($"/console/platform/subscribers/sub_{name}/delete", list, [])));
        Assert.DoesNotContain(name, (await operators.GetAsync("/console/platform/subscribers")).Html, StringComparison.Ordinal);
        Assert.Equal(404, (await operators.PostAsync($"/console/platform/subscribers/sub_{name}/delete", list, [])).Status); // on a page that is still open
    }

    private static (int, string?) Led(Answer answer) => (answer.Status, answer.Location);

    private async Task<HttpStatusCode> StatusAsync(string key, string path)
    {
        using var http = cluster.Http(key);
        using var response = await http.GetAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);
        return response.StatusCode;
    }

    [GeneratedRegex("<p class=\"secret\"[^>]*>(?<key>xero_[a-z0-9-]+_[A-Za-z0-9_-]{43})</p>", RegexOptions.ExplicitCapture)]
    private static partial Regex Secret();

    [GeneratedRegex("<a href=\"(?<place>/console/[^\"#?]*)\"( aria-current=\"page\")?>", RegexOptions.ExplicitCapture)]
    private static partial Regex Place();

    [GeneratedRegex("<b>(?<action>[a-z]+)</b>\\s+key\\s+<a [^>]*><bdi>(?<name>[^<]*)</bdi>", RegexOptions.ExplicitCapture)]
    private static partial Regex Trail();
}
