using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Aspire.Hosting.Testing;
using Xerotier.TestKit;

namespace Xerotier.EndToEnd.Tests;

/// <summary>What an operator types into the console is not lost, and no newer version is overwritten unseen (console.md, section 23); as a browser without script sends it.</summary>
[Collection<SharedCluster>]
public sealed partial class ConsoleFormTests(SharedCluster shared)
{
    private readonly Cluster cluster = shared.Cluster;

    [Fact]
    public async Task A_form_that_was_wrong_keeps_the_version_that_it_was_made_of()
    {
        using var operators = await OperatorsAsync();
        var id = await operators.CreateAsync("management/incidents", new { title = "Slow", body = "We look." });
        var form = await operators.GetAsync($"/console/incidents/{id}/edit");
        await operators.ChangeAsync($"management/incidents/{id}", new { title = "Slow in us-east" }); // a colleague

        var wrong = await operators.PostAsync($"/console/incidents/{id}/edit", form, ("title", ""));
        Assert.Equal(400, wrong.Status);
        var newer = await operators.PostAsync($"/console/incidents/{id}/edit", wrong, ("title", "Mine"));
        Assert.Equal(412, newer.Status);
        Assert.Equal("Mine", newer["title"]);
        Assert.Contains("Slow in us-east", newer.Html, StringComparison.Ordinal);
        Assert.Equal(303, (await operators.PostAsync($"/console/incidents/{id}/edit", newer, [])).Status);

        var page = await operators.GetAsync($"/console/incidents/{id}");
        await operators.ChangeAsync($"management/incidents/{id}", new { title = "Theirs again" });
        var update = await operators.PostAsync($"/console/incidents/{id}/updates", page, ("body", ""));
        Assert.Equal(400, update.Status);
        update = await operators.PostAsync($"/console/incidents/{id}/updates", update, ("body", "It goes on."));
        Assert.Equal((412, "It goes on."), (update.Status, update["body"]));
    }

    [Fact]
    public async Task A_draft_is_published_as_it_was_read_or_not_at_all()
    {
        using var operators = await OperatorsAsync();
        var id = await operators.CreateAsync("management/incidents", new { title = "A draft", body = "We look.", draft = true });
        var page = await operators.GetAsync($"/console/incidents/{id}");
        await operators.ChangeAsync($"management/incidents/{id}", new { title = "Changed by a colleague" });
        var refused = await operators.PostAsync($"/console/incidents/{id}/publish", page, []);
        Assert.Equal(412, refused.Status);
        Assert.Contains("Changed by a colleague", refused.Html, StringComparison.Ordinal);
        Assert.Contains("<title>Not done: ", refused.Html, StringComparison.Ordinal);
        Assert.Equal(303, (await operators.PostAsync($"/console/incidents/{id}/publish", refused, [])).Status);
    }

    /// <summary>Nothing that is typed stands beside the button that publishes, so nothing is lost or overlooked by it.</summary>
    [Fact]
    public async Task The_next_update_of_a_draft_is_written_on_a_page_of_its_own_which_says_what_it_leads_to()
    {
        using var operators = await OperatorsAsync();
        var at = $"/console/incidents/{await operators.CreateAsync("management/incidents", new { title = "A draft", body = "We look.", draft = true })}";
        var page = await operators.GetAsync(at);
        Assert.Equal(["csrf", "version"], page.FieldsOf($"{at}/publish").Select(field => field.Name).Order());
        Assert.DoesNotContain("<textarea", page.Html, StringComparison.Ordinal);
        Assert.DoesNotContain("Nor then.", page.Html, StringComparison.Ordinal);

        var form = await operators.GetAsync($"{at}/updates");
        Assert.DoesNotContain($"{at}/publish", form.Html, StringComparison.Ordinal);
        var preview = await operators.PostAsync($"{at}/updates", form, ("body", "It is known."), ("status", "identified"), ("notify", ""), ("action", "preview"));
        Assert.Equal((200, "It is known."), (preview.Status, preview["body"]));
        Assert.Contains("Nobody is told before it is published. Nor then.", preview.Html, StringComparison.Ordinal);
        var posted = await operators.PostAsync($"{at}/updates", preview, ("action", "post"));
        Assert.Equal((303, $"{at}?done=added"), (posted.Status, posted.Location));
        page = await operators.GetAsync(at);
        Assert.Contains("Nor then.", page.Html, StringComparison.Ordinal);
        Assert.Contains("<b>Identified</b>", page.Html, StringComparison.Ordinal);
        var late = await operators.GetAsync($"{at}/updates");
        Assert.Equal((303, $"{at}?done=published"), Led(await operators.PostAsync($"{at}/publish", page, [])));
        Assert.Equal((303, $"{at}?done=published"), Led(await operators.PostAsync($"{at}/publish", page, []))); // as who presses twice

        // Whoever wrote on meanwhile sees that it is public before the update is.
        var meanwhile = await operators.PostAsync($"{at}/updates", late, ("body", "It goes on."));
        Assert.Equal((412, "It goes on."), (meanwhile.Status, meanwhile["body"]));
        Assert.Contains("this is how it is now. What you wrote is added to that if you send it again.", meanwhile.Html, StringComparison.Ordinal);
        Assert.Contains("Post the update", meanwhile.Html, StringComparison.Ordinal);

        static (int, string?) Led(Answer answer) => (answer.Status, answer.Location);
    }

    [Fact]
    public async Task What_is_saved_has_its_box_though_it_was_not_ticked_when_the_form_was_refused()
    {
        using var operators = await OperatorsAsync();
        foreach (var (list, made, field, hidden) in new (string, object, string, string)[]
        {
            ("maintenance", new { title = "Boxes", description = "", affected_services = new[] { "Not, on the page" }, starts_at = DateTimeOffset.UtcNow.AddHours(3), ends_at = DateTimeOffset.UtcNow.AddHours(4) }, "affected_services", "Not, on the page"),
            ("maintenance-series", new { title = "Boxes", description = "", affected_services = new[] { "Not, on the page" }, timezone = "UTC", starts_on = "2031-01-01", local_time = "02:30", duration = "PT1H", rrule = "FREQ=WEEKLY" }, "affected_services", "Not, on the page"),
        })
        {
            var at = $"/console/{(list == "maintenance" ? list : "recurring")}/{await operators.CreateAsync($"management/{list}", made)}/edit";
            var form = await operators.GetAsync(at);
            Assert.Contains((field, hidden), form.FieldsOf(at));
            var refused = await operators.PostAsync(at, form, ("title", ""), (field, "Dashboard"));
            Assert.Equal(400, refused.Status);
            Assert.Contains((field, "Dashboard"), refused.FieldsOf(at));
            Assert.Contains($"value=\"{hidden}\"", refused.Html, StringComparison.Ordinal); // to be ticked again
        }
    }

    [Fact]
    public async Task What_was_typed_outlives_the_session()
    {
        using var operators = await OperatorsAsync();
        var form = await operators.GetAsync("/console/incidents/new");
        (string, string)[] typed = [("title", "Typed <for> an hour"), ("body", "Line one\nLine two & more"), ("status", "identified"), ("action", "publish")];
        operators.Cookie = "";
        var signedOut = await operators.PostAsync("/console/incidents/new", form, typed);
        Assert.Equal((403, "Typed <for> an hour", "Line one\nLine two & more"), (signedOut.Status, signedOut["title"], signedOut["body"]));
        Assert.Contains("You were signed out", signedOut.Html, StringComparison.Ordinal);

        // Signed in again in another tab, the same page sends the same again: its token is of no session, and nothing is done unasked.
        await operators.SignInAsync();
        var asked = await operators.PostAsync("/console/incidents/new", signedOut, []);
        Assert.Equal((403, "Typed <for> an hour"), (asked.Status, asked["title"]));
        Assert.DoesNotContain("Typed &lt;for&gt;", (await operators.GetAsync("/console/incidents")).Html, StringComparison.Ordinal);
        Assert.Equal(303, (await operators.PostAsync("/console/incidents/new", asked, [])).Status);
        Assert.Contains("Typed &lt;for&gt;", (await operators.GetAsync("/console/incidents")).Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_text_of_several_lines_is_taken_as_browsers_send_it()
    {
        using var operators = await OperatorsAsync();
        var made = await operators.PostAsync("/console/incidents/new", await operators.GetAsync("/console/incidents/new"), ("title", "Lines"), ("body", "One.\r\n\r\nTwo."), ("action", "draft"));
        Assert.Equal(303, made.Status);
        var at = made.Location!.Split('?')[0];
        Assert.Contains("<p>Two.</p>", (await operators.GetAsync(at)).Html, StringComparison.Ordinal);

        made = await operators.PostAsync("/console/maintenance/new", await operators.GetAsync("/console/maintenance/new"), ("title", "Lines"), ("description", "One.\r\nTwo."));
        Assert.Equal(303, made.Status);
        at = $"{made.Location!.Split('?')[0]}/edit";
        var form = await operators.GetAsync(at);
        Assert.Equal("One.\nTwo.", form["description"]);
        Assert.Equal(303, (await operators.PostAsync(at, form, ("description", "One.\r\nTwo."))).Status);
    }

    [Fact]
    public async Task A_text_to_start_from_fills_only_what_is_empty()
    {
        using var operators = await OperatorsAsync();
        var form = await operators.GetAsync("/console/incidents/new");
        var filled = await operators.PostAsync("/console/incidents/new", form, ("title", "Mine"), ("template", "fixed"));
        Assert.Equal((200, "Mine"), (filled.Status, filled["title"]));
        Assert.Contains("A fix is in place", filled["body"], StringComparison.Ordinal);
        Assert.DoesNotContain("Mine", (await operators.GetAsync("/console/incidents")).Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Before_more_than_a_hundred_people_are_told_it_asks_and_back_loses_nothing()
    {
        using var operators = await OperatorsAsync();
        await operators.CreateAsync("management/subscriptions", new { channel = "webhook", target = "https://hooks.example/one" });
        await using var many = new ManySubscribers((await cluster.Application.GetConnectionStringAsync("notificationsdb"))!, operators.ProjectId);
        await many.SubscribeAsync(149);
        var form = await operators.GetAsync("/console/maintenance/new");
        var question = await operators.PostAsync("/console/maintenance/new", form, ("title", "For many"), ("description", "Typed at length"));
        var asked = Question().Match(question.Html).Groups[1].Value;
        Assert.InRange(int.Parse(asked), 150, 160); // whoever is subscribed beside them
        var back = await operators.PostAsync("/console/maintenance/new", question, ("back", "on"));
        Assert.Equal((200, "For many", "Typed at length"), (back.Status, back["title"], back["description"]));
        question = await operators.PostAsync("/console/maintenance/new", back, []);
        var made = await operators.PostAsync("/console/maintenance/new", question, ("confirmed", asked));
        Assert.Equal(303, made.Status);

        // What begins, ends or cancels it is told as well; of what nobody is told, nobody is asked.
        var at = made.Location!.Split('?')[0];
        foreach (var verb in (string[])["start", "complete"])
        {
            question = await operators.PostAsync($"{at}/{verb}", await operators.GetAsync(at), []);
            Assert.Matches(Question(), question.Html);
            Assert.Equal((303, at), await LeadsToAsync($"{at}/{verb}", question, ("back", "on")));
            Assert.Equal(303, (await operators.PostAsync($"{at}/{verb}", question, ("confirmed", asked))).Status);
        }

        at = $"/console/maintenance/{await operators.CreateAsync("management/maintenance", new { title = "Moved", description = "", starts_at = DateTimeOffset.UtcNow.AddHours(4), ends_at = DateTimeOffset.UtcNow.AddHours(5) })}";
        question = await operators.PostAsync($"{at}/edit", await operators.GetAsync($"{at}/edit"), ("ends_at", Field(6)));
        Assert.Equal(303, (await operators.PostAsync($"{at}/edit", question, ("confirmed", Asked(question)))).Status);
        Assert.Equal(303, (await operators.PostAsync($"{at}/edit", await operators.GetAsync($"{at}/edit"), ("title", "Moved, and named"))).Status);
        question = await operators.PostAsync($"{at}/cancel", await operators.GetAsync(at), []);
        Assert.Equal(303, (await operators.PostAsync($"{at}/cancel", question, ("confirmed", Asked(question)))).Status);

        form = await operators.GetAsync("/console/maintenance/new");
        made = await operators.PostAsync("/console/maintenance/new", form, ("title", "Quiet"), ("notify", ""));
        Assert.Equal(303, made.Status);
        at = made.Location!.Split('?')[0];
        Assert.Equal(303, (await operators.PostAsync($"{at}/cancel", await operators.GetAsync(at), [])).Status);
        form = await operators.GetAsync("/console/maintenance/new");
        Assert.Equal(303, (await operators.PostAsync("/console/maintenance/new", form, ("title", "Over"), ("starts_at", Field(-3)), ("ends_at", Field(-2)))).Status);

        async Task<(int, string?)> LeadsToAsync(string path, Answer form, params (string, string)[] fields)
        {
            var answer = await operators.PostAsync(path, form, fields);
            return (answer.Status, answer.Location);
        }
    }

    [Fact]
    public async Task It_asks_before_a_series_is_told_to_more_than_a_hundred_people_and_not_for_one_occurrence_of_a_later_week()
    {
        using var operators = await OperatorsAsync();
        await operators.CreateAsync("management/subscriptions", new { channel = "webhook", target = "https://hooks.example/one" });
        await using var many = new ManySubscribers((await cluster.Application.GetConnectionStringAsync("notificationsdb"))!, operators.ProjectId);
        await many.SubscribeAsync(149);

        var form = await operators.GetAsync("/console/recurring/new");
        var question = await operators.PostAsync("/console/recurring/new", form, ("title", "For many"), ("starts_on", DateTime.UtcNow.AddDays(20).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)));
        var made = await operators.PostAsync("/console/recurring/new", question, ("confirmed", Asked(question)));
        Assert.Equal(303, made.Status);
        var at = made.Location!.Split('?')[0];

        // Of an occurrence so far ahead, people know by the rule alone.
        var occurrence = Regex.Match((await operators.GetAsync(at)).Html, "/console/maintenance/mw_[a-z0-9]+").Value;
        var page = await operators.GetAsync(occurrence);
        Assert.DoesNotContain(", and subscribers are told", page.Html, StringComparison.Ordinal);
        Assert.Equal(303, (await operators.PostAsync($"{occurrence}/cancel", page, [])).Status);

        question = await operators.PostAsync($"{at}/edit", await operators.GetAsync($"{at}/edit"), ("local_time", "03:30"));
        Assert.Equal(303, (await operators.PostAsync($"{at}/edit", question, ("confirmed", Asked(question)))).Status);
        question = await operators.PostAsync($"{at}/cancel", await operators.GetAsync(at), []);
        Assert.Equal(303, (await operators.PostAsync($"{at}/cancel", question, ("confirmed", Asked(question)))).Status);
    }

    [Fact]
    public async Task It_asks_before_an_incident_is_told_to_more_than_a_hundred_people()
    {
        using var operators = await OperatorsAsync();
        await operators.CreateAsync("management/subscriptions", new { channel = "webhook", target = "https://hooks.example/one" });
        await using var many = new ManySubscribers((await cluster.Application.GetConnectionStringAsync("notificationsdb"))!, operators.ProjectId);
        await many.SubscribeAsync(149);

        // A draft is told to nobody, an incident to all.
        (string, string)[] typed = [("title", "For many"), ("body", "Typed at length")];
        var form = await operators.GetAsync("/console/incidents/new");
        var draft = await operators.PostAsync("/console/incidents/new", form, [.. typed, ("action", "draft")]);
        Assert.Equal(303, draft.Status);
        form = await operators.GetAsync("/console/incidents/new");
        var question = await operators.PostAsync("/console/incidents/new", form, [.. typed, ("action", "publish")]);
        Assert.InRange(int.Parse(Asked(question)), 150, 160); // whoever is subscribed beside them
        Assert.DoesNotContain("For many", (await operators.GetAsync("/console/incidents")).Html, StringComparison.Ordinal);
        var back = await operators.PostAsync("/console/incidents/new", question, ("back", "on"));
        Assert.Equal((200, "For many", "Typed at length"), (back.Status, back["title"], back["body"]));
        question = await operators.PostAsync("/console/incidents/new", back, ("action", "publish"));
        var made = await operators.PostAsync("/console/incidents/new", question, ("confirmed", Asked(question)));
        Assert.Equal(303, made.Status);

        // So is an update, and a draft that is published.
        var at = made.Location!.Split('?')[0];
        var page = await operators.GetAsync(at);
        Assert.Matches("Post the update<span [^>]*> and notify 1[56][0-9]</span>", page.Html);
        question = await operators.PostAsync($"{at}/updates", page, ("body", "It goes on"));
        Assert.Matches(Question(), question.Html);
        Assert.Equal("It goes on", question["body"]);
        Assert.Equal(303, (await operators.PostAsync($"{at}/updates", question, ("confirmed", Asked(question)))).Status);
        at = draft.Location!.Split('?')[0];
        page = await operators.GetAsync(at);
        Assert.Matches("Publish<span [^>]*> and notify 1[56][0-9]</span>", page.Html);
        question = await operators.PostAsync($"{at}/publish", page, []);
        Assert.Matches(Question(), question.Html);
        Assert.Equal(303, (await operators.PostAsync($"{at}/publish", question, ("confirmed", Asked(question)))).Status);

        // What is told to nobody asks nobody.
        form = await operators.GetAsync("/console/incidents/new");
        Assert.Equal(303, (await operators.PostAsync("/console/incidents/new", form, [.. typed, ("notify", ""), ("action", "publish")])).Status);

        // Nor does what was over, or so, more than an hour ago.
        form = await operators.GetAsync("/console/incidents/new");
        (string, string)[] over = [.. typed, ("status", "resolved"), ("started_at", Field(-3))];
        var preview = await operators.PostAsync("/console/incidents/new", form, [.. over, ("action", "preview")]);
        Assert.Contains("Nobody is told: it was more than an hour ago.", preview.Html, StringComparison.Ordinal);
        Assert.DoesNotContain(" and notify 1", preview.Html, StringComparison.Ordinal);
        Assert.Equal(303, (await operators.PostAsync("/console/incidents/new", preview, [.. over, ("action", "publish")])).Status);
        at = $"/console/incidents/{await operators.CreateAsync("management/incidents", new { title = "Long ago", body = "We look.", started_at = DateTimeOffset.UtcNow.AddHours(-3) })}";
        Assert.Equal(303, (await operators.PostAsync($"{at}/updates", await operators.GetAsync(at), ("body", "It went on"), ("at", Field(-2)))).Status);
    }

    [Fact]
    public async Task An_update_keeps_the_component_that_is_archived_since_when_its_text_is_edited()
    {
        using var operators = await OperatorsAsync();
        using var platform = cluster.Http(cluster.PlatformKey);
        using var api = cluster.Http(operators.Key);
        var component = (await platform.PostForJsonAsync("/v1/platform/components", new { name = $"Component {Guid.NewGuid():N}" }))["id"]!.ToString();
        var id = await operators.CreateAsync("management/incidents", new { title = "Over", body = "It was out.", notify = false, components = new[] { new { id = component, status = "outage" } } });
        await operators.CreateAsync($"management/incidents/{id}/updates", new { status = "resolved", body = "It is back.", notify = false });
        using var archived = await platform.DeleteAsync(new Uri($"/v1/platform/components/{component}", UriKind.Relative));
        archived.EnsureSuccessStatusCode();

        var path = $"/{operators.ProjectId}/v1/management/incidents/{id}";
        var update = (await api.GetFromJsonAsync<JsonElement>(path)).GetProperty("updates")[0].GetProperty("id").GetString();
        var page = $"/console/incidents/{id}/updates/{update}";
        Assert.Equal(303, (await operators.PostAsync(page, await operators.GetAsync(page), ("body", "It was out for a while."))).Status);

        var saved = await api.GetFromJsonAsync<JsonElement>(path);
        Assert.Equal(("It was out for a while.", component, "major"), (
            saved.GetProperty("updates")[0].GetProperty("body").GetString(),
            saved.GetProperty("updates")[0].GetProperty("components")[0].GetProperty("id").GetString(),
            saved.GetProperty("impact").GetString()));
    }

    [Fact]
    public async Task A_series_and_a_component_that_met_a_newer_version_show_both_and_lose_no_typing()
    {
        using var operators = await OperatorsAsync();
        var id = await operators.CreateAsync(
            "management/maintenance-series",
            new { title = "Series", description = "", timezone = "Europe/Berlin", starts_on = DateTime.UtcNow.AddDays(30).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), local_time = "02:30", duration = "PT1H", rrule = "FREQ=WEEKLY;BYDAY=SU" });
        await MeetsNewerAsync($"/console/recurring/{id}/edit", "title", () => operators.ChangeAsync($"management/maintenance-series/{id}", new { title = "Changed by a colleague" }));

        await operators.AddKeyAsync(cluster.PlatformKey);
        using var platform = cluster.Http(cluster.PlatformKey);
        var component = (await platform.PostForJsonAsync("/v1/platform/components", new { name = $"Component {Guid.NewGuid():N}" }))["id"]!.ToString();
        await MeetsNewerAsync($"/console/platform/components/{component}", "description", async () =>
        {
            using var changed = await platform.PatchAsJsonAsync($"/v1/platform/components/{component}", new { description = "Changed by a colleague" });
            changed.EnsureSuccessStatusCode();
        });
        Assert.Equal(303, (await operators.PostAsync($"/console/platform/components/{component}/archive", await operators.GetAsync($"/console/platform/components/{component}"), [])).Status);

        async Task MeetsNewerAsync(string page, string field, Func<Task> change)
        {
            var form = await operators.GetAsync(page);
            await change();
            var newer = await operators.PostAsync(page, form, (field, "As I typed it"));
            Assert.Equal((412, "As I typed it"), (newer.Status, newer[field]));
            Assert.Contains("Changed by a colleague", newer.Html, StringComparison.Ordinal);
            Assert.Equal(303, (await operators.PostAsync(page, newer, [])).Status);
            Assert.Equal("As I typed it", (await operators.GetAsync(page))[field]);
        }
    }

    /// <summary>So many hours from now, as a field of the form has it.</summary>
    private static string Field(int hours) => DateTime.UtcNow.AddHours(hours).ToString("yyyy-MM-dd'T'HH:mm", CultureInfo.InvariantCulture);

    private static string Asked(Answer question) => Question().Match(question.Html).Groups[1].Value;

    [GeneratedRegex("<h1>Notify ([0-9]+) people\\?</h1>")]
    private static partial Regex Question();

    private Task<ConsoleOperator> OperatorsAsync() => ConsoleOperator.SignedInAsync(cluster);
}
