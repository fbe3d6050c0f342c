using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Aspire.Hosting.Testing;
using Microsoft.Playwright;
using Npgsql;
using Xerotier.TestKit;
using static Microsoft.Playwright.Assertions;

namespace Xerotier.Browser.Tests;

/// <summary>The operators' console, in front of the whole system (console.md, section 24).</summary>
[Collection<WholeSystem>]
public sealed class ConsoleTests(BrowserFixture browser, WholeSystem system)
{
    private const string Hostile = "<script>alert(1)</script> \"'><img src=x onerror=alert(2)> שלום 🙂 &amp;";

    private static readonly string[] Pages =
    [
        "", "fleet", "incidents", "incidents/drafts", "incidents/new?template=errors", "maintenance", "maintenance/new", "recurring", "recurring/new", "subscriptions", "subscriptions/new",
        "keys", "audit", "audit?object=api_key", "audit?object=platform_key", "settings", "platform/projects", "platform/components", "platform/components/new", "platform/subscribers", "platform/keys",
    ];

    private readonly Cluster cluster = system.Cluster;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_operator_does_everything_with_a_script_and_without(bool script)
    {
        await using var visit = await SignedInAsync(new(Script: script));
        var page = visit.Page;

        // A window, from its plan to its removal.
        await GoAsync(page, "maintenance/new");
        await page.FillAsync("#title", Hostile);
        await page.FillAsync("#description", Hostile);
        await ClickAsync(page, "Schedule");
        await ToldAsync(page, "The window is scheduled.", Hostile);
        await page.GetByRole(AriaRole.Link, new() { Name = "Edit", Exact = true }).ClickAsync();
        await page.FillAsync("#description", "Writes pause.");
        await ClickAsync(page, "Save");
        await ToldAsync(page, "Saved.", Hostile);
        await ClickAsync(page, "Start now");
        await ToldAsync(page, "The work has begun.", Hostile);
        await ClickAsync(page, "Complete");
        await ToldAsync(page, "The work is completed.", Hostile);
        await page.Locator("summary", new() { HasText = "Remove for good" }).ClickAsync();
        await ClickAsync(page, "Remove for good");
        await ToldAsync(page, "It is removed for good; its audit trail stays.", "Maintenance");

        // An incident, from its composer to its end.
        await GoAsync(page, "incidents/new");
        await ClickAsync(page, "Slow responses"); // a text to start from, though nothing is filled in yet
        await Expect(page.Locator("#title")).ToHaveValueAsync("Slow responses");
        await ClickAsync(page, "Elevated errors"); // another in its place
        await Expect(page.Locator("#title")).ToHaveValueAsync("Elevated error rates");
        await page.FillAsync("#title", Hostile);
        await ClickAsync(page, "Fix in place"); // what was typed stays
        await Expect(page.Locator("#title")).ToHaveValueAsync(Hostile);
        await page.FillAsync("#body", $"**Loud** {Hostile}");
        await page.CheckAsync("[name='component:cmp_model_storage'][value=outage]", new() { Force = true });
        await ClickAsync(page, "Preview");
        await Expect(page.Locator(".preview h3")).ToHaveTextAsync(Hostile);
        await Expect(page.Locator(".preview strong")).ToHaveTextAsync("Loud");
        await Expect(page.GetByText("The overall status becomes Partial Outage.")).ToBeVisibleAsync();
        await Expect(page.Locator("#title")).ToHaveValueAsync(Hostile);
        await page.Locator("button[value=publish]").ClickAsync();
        await ToldAsync(page, "The incident is public.", Hostile);
        var at = new Uri(page.Url).GetLeftPart(UriPartial.Path);
        await Eventually.TrueAsync(async () =>
        {
            await page.GotoAsync(at);
            return await page.Locator("nav a[href='/console/incidents'] .count").CountAsync() == 1; // it is on the page
        });
        await page.CheckAsync("[name=status][value=resolved]", new() { Force = true });
        await page.FillAsync("#body", "**Done**.");
        await ClickAsync(page, "Preview"); // of an update, which posts nothing
        await Expect(page.Locator(".preview strong")).ToHaveTextAsync("Done");
        await Expect(page.Locator("[name=status][value=resolved]")).ToBeCheckedAsync();
        await Expect(page.Locator("ol.trail").First.Locator("> li")).ToHaveCountAsync(1);
        await page.FillAsync("#body", "Done.");
        await page.Locator("button[value=post]").ClickAsync();
        await ToldAsync(page, "The incident is resolved.", Hostile);
        await page.Locator("ol.trail > li > a", new() { HasText = "Edit" }).First.ClickAsync();
        await page.FillAsync("#body", "All done.");
        await ClickAsync(page, "Save");
        await ToldAsync(page, "Saved.", Hostile);
        await Expect(page.GetByText("All done.")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Edit", Exact = true }).First.ClickAsync();
        await page.CheckAsync("[name=impact_override][value=critical]", new() { Force = true });
        await ClickAsync(page, "Save");
        await ToldAsync(page, "Saved.", Hostile);
        await Expect(page.GetByText("set by hand")).ToBeVisibleAsync();

        // A draft, of which the next update is written beside nothing else.
        await GoAsync(page, "incidents/new?template=slow");
        await page.FillAsync("#title", Hostile);
        await ClickAsync(page, "Save as a draft");
        await ToldAsync(page, "The draft is saved; only your project sees it.", Hostile);
        await page.GetByRole(AriaRole.Link, new() { Name = "Add an update" }).ClickAsync();
        await page.FillAsync("#body", "More is known.");
        await page.Locator("button[value=post]").ClickAsync();
        await Expect(page.Locator("ol.trail").First.Locator("> li")).ToHaveCountAsync(2);
        await page.Locator("main .top button.primary").ClickAsync();
        await ToldAsync(page, "The incident is public.", Hostile);
        await page.CheckAsync("[name=status][value=resolved]", new() { Force = true });
        await page.FillAsync("#body", "Over.");
        await page.Locator("button[value=post]").ClickAsync();
        await ToldAsync(page, "The incident is resolved.", Hostile);
        await GoAsync(page, "incidents/new?template=slow");
        await page.FillAsync("#title", "Dropped");
        await ClickAsync(page, "Save as a draft");
        await page.Locator("summary", new() { HasText = "Delete the draft" }).ClickAsync();
        await ClickAsync(page, "Delete the draft");
        await ToldAsync(page, "It is deleted.", "Drafts");

        // A series, seen before it is made.
        await GoAsync(page, "recurring/new");
        await page.FillAsync("#timezone", "Europe/Berlin");
        await page.FillAsync("#starts_on", BeforeClocksForward());
        await page.FillAsync("#local_time", "02:30");
        await ClickAsync(page, "Preview the next ten"); // which needs no title
        await Expect(page.GetByText("moved: the clocks are put forward")).ToBeVisibleAsync();
        await page.FillAsync("#title", Hostile);
        await ClickAsync(page, "Create");
        await ToldAsync(page, "It is made.", Hostile);
        await page.GetByRole(AriaRole.Link, new() { Name = "Edit", Exact = true }).ClickAsync();
        await Expect(page.Locator("ol.trail li")).ToHaveCountAsync(10); // its next ones are seen from the start, with UTC beside
        await Expect(page.Locator("ol.trail li time").First).ToContainTextAsync("UTC");
        await page.FillAsync("#minutes", "45");
        await ClickAsync(page, "Save");
        await ToldAsync(page, "Saved.", Hostile);
        await Expect(page.GetByText("02:30 in Europe/Berlin, for 45 min")).ToBeVisibleAsync();
        await page.Locator("summary", new() { HasText = "Cancel the series" }).ClickAsync();
        await ClickAsync(page, "Cancel the series");
        await ToldAsync(page, "It is cancelled.", Hostile);

        // A key, shown once.
        await GoAsync(page, "keys");
        var name = $"{Hostile} {script}"; // others have made keys as well
        await page.FillAsync("#name", name);
        await ClickAsync(page, "Create the key");
        await Expect(page.Locator(".secret")).ToHaveTextAsync(new System.Text.RegularExpressions.Regex("^xero_demo_[A-Za-z0-9_-]{43}$"));
        await Expect(page.Locator("h2 bdi")).ToHaveTextAsync(name);
        await (script ? page.ReloadAsync() : GoAsync(page, "keys"));
        await Expect(page.Locator(".secret")).ToHaveCountAsync(0);
        await Expect(page.Locator("tr", new() { HasText = name }).Filter(new() { HasText = "Valid" })).ToHaveCountAsync(1); // loading it again made no other
        await page.Locator("tr", new() { HasText = name }).Locator("summary", new() { HasText = "Rotate" }).First.ClickAsync();
        await page.Locator("tr", new() { HasText = name }).Locator("button", new() { HasText = "Rotate" }).First.ClickAsync();
        await Expect(page.Locator(".secret")).ToHaveTextAsync(new System.Text.RegularExpressions.Regex("^xero_demo_[A-Za-z0-9_-]{43}$"));
        await page.Locator("tr", new() { HasText = name }).Locator("summary", new() { HasText = "Revoke" }).First.ClickAsync();
        await page.Locator("tr", new() { HasText = name }).Locator("button", new() { HasText = "Revoke" }).First.ClickAsync();
        await ToldAsync(page, "The key is revoked: it ends everywhere within a second.", "API keys");

        // A subscription.
        await GoAsync(page, "subscriptions/new");
        await page.FillAsync("#target", "https://127.0.0.1:9/hook");
        await ClickAsync(page, "Subscribe");
        await Expect(page.Locator(".secret")).ToHaveTextAsync(new System.Text.RegularExpressions.Regex("^whsec_"));
        if (script)
        {
            await page.ReloadAsync();
            await Expect(page.Locator(".secret")).ToHaveCountAsync(0); // this is the subscription's own page
        }

        await page.GetByRole(AriaRole.Link, new() { Name = "Edit", Exact = true }).ClickAsync();
        await page.CheckAsync("[name=components][value=cmp_dashboard]");
        await ClickAsync(page, "Save");
        await ToldAsync(page, "Saved.", "https://127.0.0.1:9/hook");
        await Expect(page.Locator("dl.facts")).ToContainTextAsync("Dashboard");
        await ClickAsync(page, "Send a test");
        await Expect(page.Locator("tr", new() { HasText = "test" }).Locator("button", new() { HasText = "Send again" })).ToBeVisibleAsync();
        await ClickAsync(page, "Send again");
        await ToldAsync(page, "The message is sent again.", null);
        await ClickAsync(page, "Disable");
        await Expect(page.GetByText("What happened meanwhile is not sent later.")).ToBeVisibleAsync();
        await ClickAsync(page, "Enable");
        await Expect(page.Locator("dl.facts .chip")).ToHaveTextAsync("Active");
        await page.Locator("summary", new() { HasText = "New secret" }).ClickAsync();
        await ClickAsync(page, "New secret");
        await Expect(page.Locator(".secret")).ToHaveTextAsync(new System.Text.RegularExpressions.Regex("^whsec_"));
        await page.Locator("summary", new() { HasText = "Delete" }).ClickAsync();
        await ClickAsync(page, "Delete");
        await ToldAsync(page, "It is deleted.", "Subscriptions");

        // One worker of many.
        await GoAsync(page, "fleet");
        await page.FillAsync("#q", "no such worker");
        await ClickAsync(page, "Find");
        await Expect(page.Locator("#q")).ToHaveValueAsync("no such worker");
        await Expect(page.GetByText("No worker's ID or name contains this.")).ToBeVisibleAsync();

        // The platform's: a project and a component.
        await GoAsync(page, "platform/projects");
        var slug = $"browser-{script}".ToLowerInvariant();
        await page.FillAsync("#name", Hostile);
        await page.FillAsync("#slug", slug);
        await ClickAsync(page, "Create the project");
        await ToldAsync(page, "The project is made. It needs a key: create one here.", null);
        await GoAsync(page, "platform/projects");
        var row = page.Locator("tr", new() { HasText = slug });
        await Expect(row.Locator("a bdi")).ToHaveTextAsync(Hostile);
        await row.Locator("summary").ClickAsync();
        await row.Locator("button", new() { HasText = "Suspend" }).ClickAsync();
        await ToldAsync(page, "The project is suspended.", "Projects");
        await page.Locator("tr", new() { HasText = slug }).Locator("button", new() { HasText = "Resume" }).ClickAsync();
        await ToldAsync(page, "The project is resumed.", "Projects");
        await GoAsync(page, "platform/components/new");
        await page.FillAsync("#name", $"{Hostile} {script}");
        await ClickAsync(page, "Create");
        await ToldAsync(page, "It is made.", "Components");
        await page.GetByRole(AriaRole.Link, new() { Name = $"{Hostile} {script}" }).ClickAsync();
        await page.FillAsync("#group", Hostile);
        await ClickAsync(page, "Save");
        await ToldAsync(page, "Saved.", "Components");
        await page.GetByRole(AriaRole.Link, new() { Name = $"{Hostile} {script}" }).ClickAsync();
        await Expect(page.Locator("#group")).ToHaveValueAsync(Hostile);
        await page.Locator("summary", new() { HasText = "Archive" }).ClickAsync();
        await ClickAsync(page, "Archive");
        await ToldAsync(page, "The component is archived.", "Components");

        // All of it is in the audit log, and the times are where one wants them.
        await GoAsync(page, "audit");
        await Expect(page.Locator("ol.trail")).ToContainTextAsync("purged");
        await Expect(page.Locator("ol.trail")).ToContainTextAsync("(console)");
        await GoAsync(page, "settings");
        await page.FillAsync("#zone", "Asia/Tokyo");
        await ClickAsync(page, "Save");
        await Expect(page.Locator("nav", new() { HasText = "Times in Asia/Tokyo" }).First).ToBeVisibleAsync();
        await GoAsync(page, "maintenance/new");
        await Expect(page.Locator("#utc")).ToHaveTextAsync(new System.Text.RegularExpressions.Regex("^In UTC: .+, [0-9]{2}:00 to .+, [0-9]{2}:00\\.$"));
        await page.FillAsync("#starts_at", "2027-01-01T12:00");
        if (script)
        {
            await Expect(page.Locator("#utc")).ToContainTextAsync("In UTC: 1 Jan 2027, 03:00 to ");
        }

        await page.Locator("nav button", new() { HasText = "Sign out" }).ClickAsync();
        await Expect(page.Locator("h1")).ToHaveTextAsync("Sign in");
        await GoAsync(page, "keys");
        await Expect(page.Locator("h1")).ToHaveTextAsync("Sign in");
        Assert.All(visit.Complaints, complaint => Assert.Contains("status of 4", complaint, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_window_is_scheduled_by_keyboard_alone()
    {
        await using var visit = await browser.VisitAsync(new Uri(cluster.Url, "/console/maintenance/new").ToString(), new Screen());
        var page = visit.Page;
        await TabToAsync(page, "#key");
        await page.Keyboard.TypeAsync(cluster.ApiKey);
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("h1")).ToHaveTextAsync("Schedule a window"); // where one wanted to go
        await TabToAsync(page, "#title");
        await page.Keyboard.TypeAsync("By keyboard");
        await TabToAsync(page, "[name=severity]");
        await page.Keyboard.PressAsync("ArrowRight");
        await TabToAsync(page, "main button.primary");
        await page.Keyboard.PressAsync("Enter");
        await ToldAsync(page, "The window is scheduled.", "By keyboard");
        await Expect(page.GetByText("Some disruption possible (warning)")).ToBeVisibleAsync();
        await TabToAsync(page, ".confirm:has([action$='/cancel']) summary");
        await page.Keyboard.PressAsync("Enter");
        await TabToAsync(page, ".confirm button");
        await page.Keyboard.PressAsync("Enter");
        await ToldAsync(page, "It is cancelled.", "By keyboard");
    }

    [Fact]
    public async Task Enter_in_a_field_shows_what_would_be_made_and_makes_nothing()
    {
        await using var visit = await SignedInAsync(new());
        var page = visit.Page;
        using var api = cluster.Http(cluster.ApiKey);
        var title = $"By keyboard {Guid.NewGuid():N}";
        await GoAsync(page, "incidents/new");
        await TabToAsync(page, "#title");
        await page.Keyboard.TypeAsync(title);
        await TabToAsync(page, "#body");
        await page.Keyboard.TypeAsync("**We** look.");
        await page.FocusAsync("#title");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator(".md strong")).ToHaveTextAsync("We"); // the preview
        Assert.DoesNotContain(title, await api.GetStringAsync($"{cluster.BaseUrl}/management/incidents"), StringComparison.Ordinal);
        await TabToAsync(page, "main button.primary");
        await page.Keyboard.PressAsync("Enter");
        await ToldAsync(page, "The incident is public.", title);

        // Nor is a time sent as none that is half typed, wherever it stands.
        await page.Locator(".more-fields > summary").ClickAsync();
        await page.FocusAsync("#at");
        await page.Keyboard.TypeAsync("12");
        await page.Locator(".more-fields > summary").ClickAsync();
        await Expect(page.Locator("#at")).ToBeHiddenAsync();
        await page.Locator("button[value=preview]:not(.first)").ClickAsync();
        await Expect(page.Locator("#at")).ToBeFocusedAsync();

        await GoAsync(page, "recurring/new");
        await TabToAsync(page, "#title");
        await page.Keyboard.TypeAsync(title);
        await page.FillAsync("#rrule", "FREQ=DAILY;COUNT=3");
        await page.FocusAsync("#title");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("ol.trail li")).ToHaveCountAsync(3);
        Assert.DoesNotContain(title, await api.GetStringAsync($"{cluster.BaseUrl}/management/maintenance-series"), StringComparison.Ordinal);
        Assert.All(visit.Complaints, complaint => Assert.Contains("status of 4", complaint, StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_is_live_says_when_it_no_longer_is()
    {
        await using var visit = await SignedInAsync(new(IsLive: true));
        var page = visit.Page;
        var note = page.Locator("#not-live");
        await page.Clock.InstallAsync(); // its minutes pass in seconds
        await GoAsync(page, "");
        await Expect(page.Locator("main [data-live]").First).ToBeVisibleAsync();
        await page.Context.SetOfflineAsync(true);
        await PassUntilAsync("the console cannot be reached");
        await page.Context.SetOfflineAsync(false);
        await PassUntilAsync(null);
        await page.Locator("main [data-live] a").First.FocusAsync();
        await PassUntilAsync("while something is open or marked");
        await page.EvaluateAsync("document.activeElement.blur()");
        await PassUntilAsync(null);

        Task PassUntilAsync(string? says) => Eventually.TrueAsync(
            async () =>
            {
                await page.Clock.RunForAsync(5000);
                await page.WaitForTimeoutAsync(100); // what is fetched comes in real time
                return says is null ? await note.CountAsync() == 0 : await note.CountAsync() == 1 && (await note.TextContentAsync())!.Contains(says, StringComparison.Ordinal);
            },
            says ?? "it is live again");
    }

    [Fact]
    public async Task Why_a_change_was_refused_stays_to_be_read()
    {
        using var api = cluster.Http(cluster.ApiKey);
        var window = await api.PostForJsonAsync($"{cluster.BaseUrl}/management/maintenance", new { title = "Ended elsewhere", description = "", starts_at = DateTimeOffset.UtcNow.AddHours(3), ends_at = DateTimeOffset.UtcNow.AddHours(4) });
        await using var visit = await SignedInAsync(new(IsLive: true));
        await visit.Page.Clock.InstallAsync(); // its seconds pass at once
        await GoAsync(visit.Page, $"maintenance/{window["id"]}");
        using var cancelled = await api.DeleteAsync($"{cluster.BaseUrl}/management/maintenance/{window["id"]}");
        cancelled.EnsureSuccessStatusCode();
        await ClickAsync(visit.Page, "Start now");
        await Expect(visit.Page.Locator(".problem")).ToBeVisibleAsync();
        await visit.Page.Clock.RunForAsync(20_000); // longer than what is live takes to be fetched again
        await visit.Page.WaitForTimeoutAsync(500); // what is fetched comes in real time
        await Expect(visit.Page.Locator(".problem")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Every_page_is_accessible_and_fits_a_phone_whatever_stands_in_it()
    {
        var wrong = new ConcurrentQueue<string>();
        using var api = cluster.Http(cluster.ApiKey);
        using var platform = cluster.Http(cluster.PlatformKey);
        var window = await api.PostForJsonAsync($"{cluster.BaseUrl}/management/maintenance", new { title = Hostile, description = Hostile, affected_services = new[] { Hostile }, starts_at = DateTimeOffset.UtcNow.AddHours(3), ends_at = DateTimeOffset.UtcNow.AddHours(4) });
        var incident = await api.PostForJsonAsync($"{cluster.BaseUrl}/management/incidents", new { title = Hostile, body = Hostile });
        var series = await api.PostForJsonAsync($"{cluster.BaseUrl}/management/maintenance-series", new { title = Hostile, description = Hostile, affected_services = new[] { Hostile }, timezone = "Europe/Berlin", starts_on = BeforeClocksForward(), local_time = "02:30", duration = "PT1H30M", rrule = "FREQ=WEEKLY;BYDAY=SU" });
        var active = await api.PostForJsonAsync($"{cluster.BaseUrl}/management/maintenance", new { title = Hostile, description = "", starts_at = DateTimeOffset.UtcNow.AddMinutes(1), ends_at = DateTimeOffset.UtcNow.AddHours(2) });
        using var started = await api.PatchAsJsonAsync($"{cluster.BaseUrl}/management/maintenance/{active["id"]}", new { status = "active" });
        started.EnsureSuccessStatusCode();
        var draft = await api.PostForJsonAsync($"{cluster.BaseUrl}/management/incidents", new { title = Hostile, body = Hostile, draft = true });
        var subscription = await api.PostForJsonAsync($"{cluster.BaseUrl}/management/subscriptions", new { channel = "webhook", target = "https://hooks.example/one" });
        using var tested = await api.PostAsync($"{cluster.BaseUrl}/management/subscriptions/{subscription["id"]}/test", null);
        tested.EnsureSuccessStatusCode();
        var component = await platform.PostForJsonAsync("/v1/platform/components", new { name = Hostile, description = Hostile, group = Hostile });
        var project = await platform.PostForJsonAsync("/v1/platform/projects", new { name = Hostile, slug = "whatever" });
        var longest = new string('w', 128);
        await SendAsync(api, $"{cluster.BaseUrl}/heartbeats", new { worker_id = longest, name = Hostile, kind = "private", region = Hostile, version = Hostile, state = "ready", models = new[] { Hostile }, endpoints = new[] { longest } });
        await SendAsync(platform, "/v1/platform/heartbeats", new { router_id = longest, region = Hostile, version = Hostile, state = "online" });
        string[] paths =
        [
            .. Pages, $"maintenance/{window["id"]}", $"maintenance/{window["id"]}/edit", $"incidents/{incident["id"]}", $"incidents/{incident["id"]}/edit", $"incidents/{incident["id"]}/updates/{incident["updates"]![0]!["id"]}",
            $"maintenance/{active["id"]}", $"incidents/{draft["id"]}", $"incidents/{draft["id"]}/updates", $"recurring/{series["id"]}", $"recurring/{series["id"]}/edit", $"subscriptions/{subscription["id"]}", $"subscriptions/{subscription["id"]}/edit", $"platform/components/{component["id"]}",
            $"platform/projects/{project["id"]}/keys", "demo", "nowhere",
        ];
        await using (var stranger = await browser.VisitAsync(new Uri(cluster.Url, "/console/keys").ToString(), new(360)))
        {
            await Expect(stranger.Page.Locator("h1")).ToHaveTextAsync("Sign in");
            await LookAsync(stranger, "signed out");
        }

        // All of them on a phone; on a desk, where the navigation stands beside them, and in the dark a part each. At once: a browser uses half a small machine.
        try
        {
            await Task.WhenAll(
                VisitAsync(new(360), visit => LookAtPagesAsync(visit, paths.Where((_, i) => i % 2 == 0))),
                VisitAsync(new(360), visit => LookAtPagesAsync(visit, paths.Where((_, i) => i % 2 == 1))),
                VisitAsync(new(360, Dark: true), visit => LookAtPagesAsync(visit, paths.Where((_, i) => i % 4 == 0), dark: true)),
                VisitAsync(new(1280), visit => LookAtPagesAsync(visit, paths.Where((_, i) => i % 3 == 0))));
            await VisitAsync(new(360), LookAtAnswersAsync);
        }
        finally
        {
            using var completed = await api.PatchAsJsonAsync($"{cluster.BaseUrl}/management/maintenance/{active["id"]}", new { status = "completed" });
            completed.EnsureSuccessStatusCode(); // other tests see no maintenance
        }

        Assert.Empty(wrong);

        async Task VisitAsync(Screen screen, Func<Visit, Task> look)
        {
            await using var visit = await SignedInAsync(screen);
            await look(visit);
            Assert.All(visit.Complaints, complaint => Assert.Contains("status of 4", complaint, StringComparison.Ordinal));
        }

        async Task LookAtPagesAsync(Visit visit, IEnumerable<string> pages, bool dark = false)
        {
            foreach (var path in pages)
            {
                var answer = await visit.Page.GotoAsync(new Uri(cluster.Url, $"/console/{path}").ToString());
                Assert.Equal((path, path == "nowhere" ? 404 : 200), (path, answer!.Status));
                await LookAsync(visit, path, dark);
            }
        }

        async Task LookAtAnswersAsync(Visit visit)
        {
            var page = visit.Page;
            await GoAsync(page, $"maintenance/{window["id"]}/edit");
            await page.FillAsync("#title", "Mine");
            await page.FillAsync("#reminders", "-2h");
            using var changed = await api.PatchAsJsonAsync($"{cluster.BaseUrl}/management/maintenance/{window["id"]}", new { title = $"{Hostile} changed", description = $"{Hostile} changed" });
            changed.EnsureSuccessStatusCode();
            await ClickAsync(page, "Save");
            await Expect(page.Locator(".newer")).ToContainTextAsync(Hostile);
            await LookAsync(visit, "a newer version");

            await GoAsync(page, "maintenance/new");
            await page.FillAsync("#title", Hostile);
            await page.FillAsync("#reminders", "soon");
            await page.UncheckAsync("[name=notify]");
            await ClickAsync(page, "Schedule");
            await Expect(page.Locator(".problem a[href='#reminders']")).ToHaveCountAsync(1);
            await LookAsync(visit, "a form that was refused");
            await page.FillAsync("#reminders", "-1h");
            await page.CheckAsync("[name=notify]");
            await ExecuteAsync("""
                insert into subscriptions (project_id, id, channel, target, components, events, state, secret, created_by, created_at, updated_at)
                select project_id, id || n, channel, target || n, components, events, state, secret, created_by, created_at, updated_at from subscriptions, generate_series(1, 149) n where target = 'https://hooks.example/one'
                """);
            try
            {
                await ClickAsync(page, "Schedule");
                await Expect(page.Locator("h1")).ToHaveTextAsync(new System.Text.RegularExpressions.Regex("^Notify [0-9]+ people\\?$"));
                await LookAsync(visit, "the question");
            }
            finally
            {
                await ExecuteAsync("delete from subscriptions where target like 'https://hooks.example/one_%'"); // other tests ask nobody
            }

            await GoAsync(page, "keys");
            await page.FillAsync("#name", Hostile);
            await ClickAsync(page, "Create the key");
            await Expect(page.Locator(".secret")).ToBeVisibleAsync();
            await LookAsync(visit, "a key that was made");

            await GoAsync(page, "incidents/new?template=errors");
            await page.CheckAsync("[name='component:cmp_dashboard'][value=outage]", new() { Force = true });
            await ClickAsync(page, "Preview");
            await Expect(page.Locator(".preview")).ToBeVisibleAsync();
            await LookAsync(visit, "a preview");

            await page.FillAsync("#title", Hostile);
            await page.Context.ClearCookiesAsync();
            await page.Locator("button[value=publish]").ClickAsync();
            await Expect(page.Locator("h1")).ToHaveTextAsync("You were signed out");
            await LookAsync(visit, "a form without a session");
        }

        async Task ExecuteAsync(string sql)
        {
            await using var database = NpgsqlDataSource.Create((await cluster.Application.GetConnectionStringAsync("notificationsdb"))!);
            await using var command = database.CreateCommand(sql);
            await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        async Task LookAsync(Visit visit, string what, bool dark = false)
        {
            if (await visit.OverflowAsync() is > 0 and var pixels)
            {
                wrong.Enqueue($"{what} is {pixels} px too wide.");
            }

            foreach (var question in await visit.Page.Locator(".confirm summary").AllAsync())
            {
                await question.ClickAsync(); // one closes the other
                if (await visit.OverflowAsync() is > 0 and var more)
                {
                    wrong.Enqueue($"{what} is {more} px too wide with “{await question.TextContentAsync()}” open.");
                }
            }

            // Dark differs in its colours alone.
            foreach (var violation in await visit.ViolationsAsync(dark ? "color-contrast" : null))
            {
                wrong.Enqueue($"{what}{(dark ? ", dark" : "")}: {violation}");
            }
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task On_a_phone_the_navigation_is_at_hand(bool script)
    {
        await using var visit = await SignedInAsync(new(360, Script: script, Touch: true));
        var page = visit.Page;
        var place = page.Locator("nav[aria-label=Console] a[href='/console/maintenance']");
        if (script)
        {
            await Expect(place).ToBeHiddenAsync(); // folded, until it is tapped
            await page.TapAsync(".nav > summary");
        }

        await Expect(place).ToBeVisibleAsync();
        Assert.Equal(0, await visit.OverflowAsync());
        if (script)
        {
            Assert.Empty(await visit.ViolationsAsync());
        }

        await place.TapAsync();
        await Expect(page.Locator("h1")).ToHaveTextAsync("Maintenance");
        await Expect(page.Locator("main a.primary")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task A_navigation_that_was_folded_by_keyboard_unfolds_by_mouse()
    {
        await using var visit = await SignedInAsync(new());
        await visit.Page.FocusAsync(".nav > summary");
        await visit.Page.Keyboard.PressAsync("Enter");
        await Expect(visit.Page.Locator("nav[aria-label=Console]")).ToBeHiddenAsync();
        await visit.Page.Locator(".nav > summary").ClickAsync();
        await Expect(visit.Page.Locator("nav[aria-label=Console]")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task The_preview_and_how_many_are_told_follow_what_is_typed_where_a_script_runs()
    {
        using var api = cluster.Http(cluster.ApiKey);
        await api.PostForJsonAsync($"{cluster.BaseUrl}/management/subscriptions", new { channel = "webhook", target = "https://hooks.example/all" });
        await api.PostForJsonAsync($"{cluster.BaseUrl}/management/subscriptions", new { channel = "webhook", target = "https://hooks.example/one", components = new[] { "cmp_dashboard" } });
        await using var visit = await SignedInAsync(new());
        var page = visit.Page;
        await GoAsync(page, "incidents/new");
        await page.FillAsync("#title", "Errors");
        await page.FillAsync("#body", "**Loud**");
        await Expect(page.Locator(".preview h3")).ToHaveTextAsync("Errors");
        await Expect(page.Locator(".preview strong")).ToHaveTextAsync("Loud");
        await page.CheckAsync("[name='component:cmp_model_storage'][value=outage]", new() { Force = true });
        await Expect(page.GetByText("The overall status becomes Partial Outage.")).ToBeVisibleAsync();
        var publish = page.Locator("button[value=publish]");
        var told = int.Parse((await publish.TextContentAsync())!.Replace("Publish and notify ", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);
        await page.CheckAsync("[name='component:cmp_dashboard'][value=degraded]", new() { Force = true });
        await Expect(publish).ToHaveTextAsync($"Publish and notify {told + 1}");
        await page.UncheckAsync("#notify");
        await Expect(publish.Locator(".told")).ToBeHiddenAsync();
        await Expect(page.GetByText("Nobody is told.")).ToBeVisibleAsync();
        Assert.Empty(visit.Complaints);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_link_in_a_mail_leads_an_operator_who_is_signed_in_to_its_page(bool script)
    {
        await using var visit = await SignedInAsync(new(Script: script));
        var page = visit.Page;
        const string mail = "https://mail.example/";
        await page.RouteAsync(mail, route => route.FulfillAsync(new() { ContentType = "text/html", Body = $"<a href=\"{new Uri(cluster.Url, "/console/incidents?status=resolved")}\">See it</a>" }));
        await page.GotoAsync(mail);
        await page.ClickAsync("a");
        await Expect(page.Locator("h1")).ToHaveTextAsync("Incidents");
        Assert.EndsWith("/console/incidents?status=resolved", page.Url, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_live_is_fetched_again_by_itself_and_nothing_else_of_the_page()
    {
        using var api = cluster.Http(cluster.ApiKey);
        await using var visit = await SignedInAsync(new(IsLive: true));
        var page = visit.Page;
        await page.EvaluateAsync("window.stays = true");
        var title = $"Soon {Guid.NewGuid():N}";
        await api.PostForJsonAsync($"{cluster.BaseUrl}/management/maintenance", new { title, description = "", starts_at = DateTimeOffset.UtcNow.AddMinutes(30), ends_at = DateTimeOffset.UtcNow.AddHours(1) });
        await Expect(page.Locator("[data-live]", new() { HasText = title }).First).ToBeVisibleAsync(new() { Timeout = 30_000 });
        Assert.True(await page.EvaluateAsync<bool>("window.stays === true"));
        Assert.All(visit.Complaints, complaint => Assert.Contains("status of 4", complaint, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(true, "Asia/Tokyo")]
    [InlineData(false, "UTC")]
    public async Task Times_are_in_the_browsers_zone_from_the_first_page_on_where_a_script_runs(bool script, string zone)
    {
        await using var visit = await SignedInAsync(new(Script: script, Zone: "Asia/Tokyo"));
        await Expect(visit.Page.Locator("nav", new() { HasText = $"Times in {zone}" }).First).ToBeVisibleAsync();
        await GoAsync(visit.Page, "maintenance/new");
        await Expect(visit.Page.Locator("#zone")).ToHaveValueAsync(zone);
    }

    [Fact]
    public async Task A_page_with_times_comes_once_more_in_the_browsers_zone_and_says_once_what_was_done()
    {
        await using var visit = await SignedInAsync(new(Zone: "Asia/Tokyo"));
        var page = visit.Page;
        await GoAsync(page, "maintenance/new");
        await page.FillAsync("#title", "In Tokyo");
        await ClickAsync(page, "Schedule");
        await ToldAsync(page, "The window is scheduled.", "In Tokyo");
        Assert.Equal("", new Uri(page.Url).Query);

        await page.Context.ClearCookiesAsync(new() { Name = "xero_zone" });
        var loads = 0;
        page.Load += (_, _) => loads++;
        await page.GotoAsync(page.Url);
        await Expect(page.Locator("nav", new() { HasText = "Times in Asia/Tokyo" }).First).ToBeVisibleAsync();
        await page.ReloadAsync();
        await Expect(page.Locator("h1")).ToHaveTextAsync("In Tokyo");
        Assert.InRange(loads, 2, 3); // the first load may not be over before the next begins
        Assert.Equal(0, await page.Locator(".done").CountAsync());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_demo_shows_what_visitors_see_beside_what_breaks_it(bool script)
    {
        await using var visit = await SignedInAsync(new(IsLive: script, Script: script));
        await GoAsync(visit.Page, "demo");
        await Expect(visit.Page.Locator("h1")).ToHaveTextAsync("Break something");
        await Expect(visit.Page.FrameLocator("iframe.visitors").Locator("main[data-live]")).ToBeVisibleAsync();

        // Its buttons: a number that is none, silence, and speech.
        await visit.Page.FillAsync("#private_agents", "999");
        await ClickAsync(visit.Page, "Let them fall silent");
        await Expect(visit.Page.Locator(".problem a[href='#private_agents']")).ToHaveCountAsync(1);
        await visit.Page.FillAsync("#private_agents", "1");
        await ClickAsync(visit.Page, "Let them fall silent");
        await Expect(visit.Page.Locator("#private_agents")).ToHaveValueAsync("1");
        await ToldAsync(visit.Page, "Done. It takes a moment until the public page shows it.", "Break something");
        await ClickAsync(visit.Page, "All speak again");
        await Expect(visit.Page.Locator("#private_agents")).ToHaveValueAsync("0");
        Assert.All(visit.Complaints, complaint => Assert.Contains("status of 4", complaint, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_form_that_met_a_newer_version_shows_both_and_loses_no_typing()
    {
        using var api = cluster.Http(cluster.ApiKey);
        using var made = await api.PostAsJsonAsync(
            $"{cluster.BaseUrl}/management/maintenance", new { title = "Before", description = "", starts_at = DateTimeOffset.UtcNow.AddHours(1), ends_at = DateTimeOffset.UtcNow.AddHours(2) });
        var path = made.Headers.Location!.ToString().Split('/')[^1];
        await using var visit = await SignedInAsync(new());
        var page = visit.Page;
        await GoAsync(page, $"maintenance/{path}/edit");
        await page.FillAsync("#title", "Mine");
        using var changed = await api.PatchAsJsonAsync($"{cluster.BaseUrl}/management/maintenance/{path}", new { title = "Theirs" });
        changed.EnsureSuccessStatusCode();
        await ClickAsync(page, "Save");
        await Expect(page.Locator(".newer")).ToContainTextAsync("Theirs");
        await Expect(page.Locator("#title")).ToHaveValueAsync("Mine");
        await ClickAsync(page, "Save");
        await ToldAsync(page, "Saved.", "Mine");
    }

    /// <summary>Fields of times show whole seconds, and a browser leaves a minute's first one out.</summary>
    [Theory]
    [InlineData(0.25)]
    [InlineData(7.25)]
    public async Task A_time_that_nobody_touched_stays_what_it_was(double second)
    {
        using var api = cluster.Http(cluster.ApiKey);
        var now = DateTimeOffset.UtcNow;
        var started = new DateTimeOffset(now.Year, now.Month, now.Day, now.Hour, now.Minute, 0, TimeSpan.Zero).AddMinutes(-5).AddSeconds(second);
        var incident = await api.PostForJsonAsync($"{cluster.BaseUrl}/management/incidents", new { title = "Before", body = "We look.", started_at = started });
        await using var visit = await SignedInAsync(new());
        await GoAsync(visit.Page, $"incidents/{incident["id"]}/edit");
        await visit.Page.FillAsync("#title", "After");
        await ClickAsync(visit.Page, "Save");
        await ToldAsync(visit.Page, "Saved.", "After");

        var saved = await api.GetFromJsonAsync<JsonElement>($"{cluster.BaseUrl}/management/incidents/{incident["id"]}");
        Assert.Equal(started, saved.GetProperty("started_at").GetDateTimeOffset());
    }

    private async Task<Visit> SignedInAsync(Screen screen)
    {
        var visit = await browser.VisitAsync(new Uri(cluster.Url, "/console/").ToString(), screen);
        await Expect(visit.Page.Locator("h1")).ToHaveTextAsync("Sign in");
        await visit.Page.FillAsync("#key", "xero_demo_" + new string('A', 43));
        await ClickAsync(visit.Page, "Sign in");
        await Expect(visit.Page.GetByText("This key is not valid.")).ToBeVisibleAsync();
        await visit.Page.FillAsync("#key", cluster.ApiKey);
        await ClickAsync(visit.Page, "Sign in");
        await Expect(visit.Page.Locator("h1")).ToHaveTextAsync("Overview");
        await GoAsync(visit.Page, "sign-in");
        await visit.Page.FillAsync("#key", cluster.PlatformKey);
        await ClickAsync(visit.Page, "Sign in");
        await Expect(visit.Page.Locator("h1")).ToHaveTextAsync("Overview");
        return visit;
    }

    private static Task SendAsync(HttpClient http, string path, object heartbeat) => http.PostForJsonAsync(path, new { heartbeats = new[] { heartbeat } });

    private Task GoAsync(IPage page, string path) => page.GotoAsync(new Uri(cluster.Url, $"/console/{path}").ToString());

    private static Task ClickAsync(IPage page, string button) => page.Locator("main").GetByRole(AriaRole.Button, new() { Name = button, Exact = true }).And(page.Locator("button")).First.ClickAsync();

    /// <summary>Waits for the page that a change leads to.</summary>
    internal static async Task ToldAsync(IPage page, string sentence, string? heading)
    {
        await Expect(page.Locator(".done")).ToHaveTextAsync(sentence);
        if (heading is not null)
        {
            await Expect(page.Locator("h1")).ToHaveTextAsync(heading);
        }
    }

    /// <summary>Presses Tab until what the selector names is focused.</summary>
    internal static async Task TabToAsync(IPage page, string selector)
    {
        for (var i = 0; i < 80; i++)
        {
            await page.Keyboard.PressAsync("Tab");
            if (await page.EvaluateAsync<bool>("selector => document.activeElement?.matches(selector) === true", selector))
            {
                return;
            }
        }

        Assert.Fail($"Tab does not reach {selector}.");
    }

    /// <summary>Eight days before Berlin's clocks are next put forward, and ahead.</summary>
    private static string BeforeClocksForward()
    {
        var today = DateOnly.FromDateTime(DateTime.UtcNow);
        var sunday = new[] { today.Year, today.Year + 1 }.Select(year => new DateOnly(year, 3, 31)).Select(last => last.AddDays(-(int)last.DayOfWeek)).First(sunday => sunday > today.AddDays(14));
        return sunday.AddDays(-8).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
    }
}
