using Microsoft.Playwright;
using Xerotier.TestKit;
using static Microsoft.Playwright.Assertions;

namespace Xerotier.Browser.Tests;

/// <summary>What operators do every day, by keyboard alone (console.md, section 24): each begins at a page's start and comes by Tab to what it presses.</summary>
[Collection<WholeSystem>]
public sealed class ConsoleKeyboardTests(BrowserFixture browser, WholeSystem system)
{
    private readonly Cluster cluster = system.Cluster;

    [Fact]
    public async Task A_project_is_looked_after_by_keyboard_alone()
    {
        // A project of its own: the way to a button is as long as what others have left on the page.
        var (project, key) = await cluster.CreateProjectAsync("keyboard", false, "management", "inference");
        using var api = cluster.Http(key);
        var management = $"/{project}/v1/management";
        await api.PostForJsonAsync($"{management}/maintenance", new { title = "Planned", description = "", starts_at = DateTimeOffset.UtcNow.AddHours(3), ends_at = DateTimeOffset.UtcNow.AddHours(4) });
        var dropped = await api.PostForJsonAsync($"{management}/maintenance", new { title = "Dropped", description = "", starts_at = DateTimeOffset.UtcNow.AddHours(5), ends_at = DateTimeOffset.UtcNow.AddHours(6) });
        using var cancelled = await api.DeleteAsync($"{management}/maintenance/{dropped["id"]}");
        cancelled.EnsureSuccessStatusCode();

        await using var visit = await browser.VisitAsync(new Uri(cluster.Url, "/console/").ToString());
        var page = visit.Page;
        await TypeAsync(page, "#key", key);
        await PressAsync(page, "main button.primary", "Space");
        await Expect(page.Locator("h1")).ToHaveTextAsync("Overview");

        // The tabs of a list: one, another beside it, the first left out, all.
        await FollowAsync(page, Place("maintenance"), "Maintenance");
        await ShowsAsync("Dropped", "Planned");
        await PressAsync(page, Tab("?status=cancelled"));
        await ShowsAsync("Dropped");
        await PressAsync(page, Tab("?status=cancelled&status=scheduled"));
        await ShowsAsync("Dropped", "Planned");
        await PressAsync(page, Tab("?status=scheduled"));
        await ShowsAsync("Planned");
        await PressAsync(page, Tab(""));
        await ShowsAsync("Dropped", "Planned");

        // A key: it is made, the question before its end is left once, and then it ends.
        await FollowAsync(page, Place("keys"), "API keys");
        await TypeAsync(page, "#name", "Nightly job");
        await PressAsync(page, "[name=scopes][value=inference]", "Space");
        await PressAsync(page, "main button.primary");
        await Expect(page.Locator(".secret")).ToHaveTextAsync(new System.Text.RegularExpressions.Regex("^xero_keyboard-[a-z0-9-]+_[A-Za-z0-9_-]{43}$"));
        var row = page.Locator("tr", new() { HasText = "Nightly job" });
        await Expect(row).ToContainTextAsync("inference");
        var revoke = Question($"/console/keys/{await row.Locator("code").TextContentAsync()}/revoke");
        await PressAsync(page, $"{revoke} > summary");
        await Expect(page.Locator($"{revoke} button")).ToBeVisibleAsync();
        await page.Keyboard.PressAsync("Escape");
        await Expect(page.Locator($"{revoke} button")).ToBeHiddenAsync();
        await page.Keyboard.PressAsync("Enter"); // where one was before the question
        await PressAsync(page, $"{revoke} button");
        await ConsoleTests.ToldAsync(page, "The key is revoked: it ends everywhere within a second.", "API keys");
        await Expect(row.Locator(".chip")).ToHaveTextAsync("Revoked");

        // A subscription, to all that is offered but one.
        await FollowAsync(page, Place("subscriptions"), "Subscriptions");
        await FollowAsync(page, "main a.primary", "New subscription");
        await TypeAsync(page, "#target", "https://127.0.0.1:9/hook");
        await PressAsync(page, "[name=events][value='maintenance.reminder']", "Space");
        await PressAsync(page, "main button.primary");
        await Expect(page.Locator(".secret")).ToHaveTextAsync(new System.Text.RegularExpressions.Regex("^whsec_"));
        await Expect(page.Locator("dl.facts")).ToContainTextAsync("maintenance.scheduled");
        await Expect(page.Locator("dl.facts")).Not.ToContainTextAsync("maintenance.reminder");

        // A series: seen, made, cancelled.
        await FollowAsync(page, Place("recurring"), "Recurring maintenance");
        await FollowAsync(page, "main a.primary", "New series");
        await TypeAsync(page, "#title", "By keyboard");
        await TypeAsync(page, "#rrule", "FREQ=WEEKLY;BYDAY=TU");
        await PressAsync(page, "button[value=preview]:not(.first)");
        await Expect(page.Locator("body[data-answer] ol.trail li")).ToHaveCountAsync(10);
        await Expect(page.Locator("#rrule")).ToHaveValueAsync("FREQ=WEEKLY;BYDAY=TU");
        await PressAsync(page, "main button.primary");
        await ConsoleTests.ToldAsync(page, "It is made.", "By keyboard");
        await PressAsync(page, ".confirm > summary");
        await PressAsync(page, ".confirm button");
        await ConsoleTests.ToldAsync(page, "It is cancelled.", "By keyboard");

        await FollowAsync(page, Place("audit"), "Audit log");
        await PressAsync(page, ".tabs a[href='/console/audit?object=api_key']");
        await Expect(page.Locator("ol.trail")).ToContainTextAsync("revoked");
        Assert.All(visit.Complaints, complaint => Assert.Contains("status of 4", complaint, StringComparison.Ordinal));

        Task ShowsAsync(params string[] titles) => Expect(page.Locator("tbody th a")).ToHaveTextAsync(titles);
    }

    [Fact]
    public async Task An_incident_goes_from_its_draft_to_its_end_by_keyboard_alone()
    {
        await using var visit = await SignedInAsync("reporters");
        var page = visit.Page;
        await FollowAsync(page, Place("incidents"), "Incidents");
        await FollowAsync(page, "main a.primary", "Post an incident");
        await TypeAsync(page, "#title", "By keyboard");
        await TypeAsync(page, "#body", "We look.");
        await PressAsync(page, "button[value=draft]");
        await ConsoleTests.ToldAsync(page, "The draft is saved; only your project sees it.", "By keyboard");
        await FollowAsync(page, "main .top a[href$='/edit']", "Edit the incident");
        await TypeAsync(page, "#title", "Typed");
        await PressAsync(page, "main button.primary");
        await ConsoleTests.ToldAsync(page, "Saved.", "Typed");

        // Enter in a field shows what would be, and posts nothing.
        await FollowAsync(page, "main .top a[href$='/updates']", "Add to Typed");
        await PressAsync(page, ".more-fields > summary");
        await ConsoleTests.TabToAsync(page, "#zone");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("body[data-answer] .preview")).ToBeVisibleAsync();
        await Expect(page.Locator("ol.trail").First.Locator("> li")).ToHaveCountAsync(1);

        // What was refused is where one goes on from.
        await PressAsync(page, "button[value=post]");
        await Expect(page.Locator("#body")).ToBeFocusedAsync(); // the browser asks for a text
        await TypeAsync(page, "#body", "It is the storage.");
        await ConsoleTests.TabToAsync(page, "[name=status]");
        await page.Keyboard.PressAsync("ArrowRight");
        await PressAsync(page, "[name='component:cmp_model_storage']", "ArrowRight"); // from what names it not, to what is well
        await page.Keyboard.PressAsync("ArrowRight");
        await PressAsync(page, "button[value=post]");
        await ConsoleTests.ToldAsync(page, "The update is added to the draft.", "Typed");
        await Expect(page.Locator("dl.facts")).ToContainTextAsync("Model Storage · degraded");
        await PressAsync(page, "main .top button.primary");
        await ConsoleTests.ToldAsync(page, "The incident is public.", "Typed");

        await FollowAsync(page, "ol.trail > li > a", "Edit an update");
        await TypeAsync(page, "#body", "It is not the storage.");
        await PressAsync(page, "main button.primary");
        await ConsoleTests.ToldAsync(page, "Saved.", "Typed");
        await Expect(page.Locator("ol.trail").First).ToContainTextAsync("It is not the storage.");
        await ConsoleTests.TabToAsync(page, "[name=status]");
        await page.Keyboard.PressAsync("ArrowRight");
        await page.Keyboard.PressAsync("ArrowRight");
        await TypeAsync(page, "#body", "It is over.");
        await PressAsync(page, "button[value=post]");
        await ConsoleTests.ToldAsync(page, "The incident is resolved.", "Typed");

        await FollowAsync(page, Place("incidents"), "Incidents");
        await FollowAsync(page, "main a.primary", "Post an incident");
        await PressAsync(page, "button[name=template]"); // a text to start from
        await Expect(page.Locator("#title")).ToHaveValueAsync("Elevated error rates");
        await PressAsync(page, "button[value=draft]");
        await ConsoleTests.ToldAsync(page, "The draft is saved; only your project sees it.", "Elevated error rates");
        await PressAsync(page, ".confirm > summary");
        await PressAsync(page, ".confirm button");
        await ConsoleTests.ToldAsync(page, "It is deleted.", "Drafts");
        Assert.All(visit.Complaints, complaint => Assert.Contains("status of 4", complaint, StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_is_there_already_is_changed_by_keyboard_alone()
    {
        await using var visit = await SignedInAsync("changers");
        var page = visit.Page;

        // A window, from its plan to its removal.
        await FollowAsync(page, Place("maintenance"), "Maintenance");
        await FollowAsync(page, "main a.primary", "Schedule a window");
        await TypeAsync(page, "#title", "By keyboard");
        await PressAsync(page, "main button.primary");
        await ConsoleTests.ToldAsync(page, "The window is scheduled.", "By keyboard");
        await FollowAsync(page, "main .top a[href$='/edit']", "Edit the window");
        await TypeAsync(page, "#title", "Typed");
        await PressAsync(page, "main button.primary");
        await ConsoleTests.ToldAsync(page, "Saved.", "Typed");
        await PressAsync(page, "form[action$='/start'] button");
        await ConsoleTests.ToldAsync(page, "The work has begun.", "Typed");
        await PressAsync(page, "form[action$='/complete'] button");
        await ConsoleTests.ToldAsync(page, "The work is completed.", "Typed");
        await PressAsync(page, ".confirm > summary");
        await PressAsync(page, ".confirm button");
        await ConsoleTests.ToldAsync(page, "It is removed for good; its audit trail stays.", "Maintenance");

        // A subscription.
        await FollowAsync(page, Place("subscriptions"), "Subscriptions");
        await FollowAsync(page, "main a.primary", "New subscription");
        await TypeAsync(page, "#target", "https://127.0.0.1:9/keys");
        await PressAsync(page, "main button.primary");
        await Expect(page.Locator(".secret")).ToBeVisibleAsync();
        await FollowAsync(page, "main .top a[href$='/edit']", "Edit the subscription");
        await PressAsync(page, "[name=events][value='maintenance.reminder']", "Space");
        await PressAsync(page, "main button.primary");
        await ConsoleTests.ToldAsync(page, "Saved.", "https://127.0.0.1:9/keys");
        await PressAsync(page, "form[action$='/disable'] button");
        await Expect(page.Locator("dl.facts .chip")).ToHaveTextAsync("Disabled");
        await PressAsync(page, "form[action$='/enable'] button");
        await Expect(page.Locator("dl.facts .chip")).ToHaveTextAsync("Active");
        await PressAsync(page, "form[action$='/test'] button");
        await ConsoleTests.ToldAsync(page, "A test message is on its way.", "https://127.0.0.1:9/keys");
        await PressAsync(page, "form[action$='/retry'] button");
        await ConsoleTests.ToldAsync(page, "The message is sent again.", null);
        await PressAsync(page, ".confirm:has(form[action$='/delete']) > summary");
        await PressAsync(page, ".confirm form[action$='/delete'] button");
        await ConsoleTests.ToldAsync(page, "It is deleted.", "Subscriptions");

        // One's own key, with which one goes on, and beside it a platform key.
        await FollowAsync(page, Place("keys"), "API keys");
        await PressAsync(page, ".confirm:has(form[action$='/rotate']) > summary");
        await PressAsync(page, ".confirm form[action$='/rotate'] button");
        await Expect(page.Locator(".secret")).ToBeVisibleAsync();
        await FollowAsync(page, Place("sign-in"), "Sign in");
        await TypeAsync(page, "#key", cluster.PlatformKey);
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("h1")).ToHaveTextAsync("Overview");

        // A component, and the demo's agents.
        await FollowAsync(page, Place("platform/components"), "Components");
        await FollowAsync(page, "main a.primary", "New component");
        await TypeAsync(page, "#name", "By keyboard");
        await PressAsync(page, "main button.primary");
        await ConsoleTests.ToldAsync(page, "It is made.", "Components");
        await page.GetByRole(AriaRole.Link, new() { Name = "By keyboard" }).FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("h1")).ToHaveTextAsync("By keyboard");
        await TypeAsync(page, "#name", "Typed by keyboard");
        await PressAsync(page, "main button.primary");
        await ConsoleTests.ToldAsync(page, "Saved.", "Components");
        await page.GetByRole(AriaRole.Link, new() { Name = "Typed by keyboard" }).FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("h1")).ToHaveTextAsync("Typed by keyboard");
        await PressAsync(page, ".confirm > summary");
        await PressAsync(page, ".confirm button");
        await ConsoleTests.ToldAsync(page, "The component is archived.", "Components");
        await FollowAsync(page, Place("demo"), "Break something");
        await TypeAsync(page, "#private_agents", "1");
        await PressAsync(page, "button[value=set]");
        await Expect(page.Locator("#private_agents")).ToHaveValueAsync("1");
        await PressAsync(page, "button[value=all]");
        await Expect(page.Locator("#private_agents")).ToHaveValueAsync("0");

        await PressAsync(page, "nav form[action='/console/sign-out'] button");
        await Expect(page.Locator("h1")).ToHaveTextAsync("Sign in");
        Assert.All(visit.Complaints, complaint => Assert.Contains("status of 4", complaint, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_project_is_suspended_and_resumed_by_keyboard_alone()
    {
        var (project, _) = await cluster.CreateProjectAsync("paused", false, "inference");
        await using var visit = await browser.VisitAsync(new Uri(cluster.Url, "/console/platform/projects").ToString());
        var page = visit.Page;
        await TypeAsync(page, "#key", cluster.PlatformKey);
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("h1")).ToHaveTextAsync("Projects"); // where one wanted to go
        var state = page.Locator("tr", new() { HasText = project }).Locator(".chip");
        await Expect(state).ToHaveTextAsync("Active");
        var suspend = Question($"/console/platform/projects/{project}/suspend");
        await PressAsync(page, $"{suspend} > summary");
        await PressAsync(page, $"{suspend} button");
        await ConsoleTests.ToldAsync(page, "The project is suspended.", "Projects");
        await Expect(state).ToHaveTextAsync("Suspended");
        await PressAsync(page, $"form[action='/console/platform/projects/{project}/resume'] button");
        await ConsoleTests.ToldAsync(page, "The project is resumed.", "Projects");
        await Expect(state).ToHaveTextAsync("Active");
        Assert.All(visit.Complaints, complaint => Assert.Contains("status of 4", complaint, StringComparison.Ordinal));
    }

    /// <summary>Somebody with a key of a new project of the platform, signed in by keyboard.</summary>
    private async Task<Visit> SignedInAsync(string project)
    {
        var (_, key) = await cluster.CreateProjectAsync(project, true, "management");
        var visit = await browser.VisitAsync(new Uri(cluster.Url, "/console/").ToString());
        await TypeAsync(visit.Page, "#key", key);
        await visit.Page.Keyboard.PressAsync("Enter");
        await Expect(visit.Page.Locator("h1")).ToHaveTextAsync("Overview");
        return visit;
    }

    /// <summary>A link of the navigation.</summary>
    private static string Place(string path) => $"nav[aria-label=Console] a[href='/console/{path}']";

    /// <summary>A tab of the list of windows, by the filters that it leads to.</summary>
    private static string Tab(string query) => $"nav.tabs a[href='/console/maintenance{query}']";

    /// <summary>The button that asks before it sends to an address, with what it asks.</summary>
    private static string Question(string action) => $".confirm:has(form[action='{action}'])";

    /// <summary>Presses a key on what the selector names, once Tab has come to it.</summary>
    private static async Task PressAsync(IPage page, string selector, string key = "Enter")
    {
        await ConsoleTests.TabToAsync(page, selector);
        await page.Keyboard.PressAsync(key);
    }

    /// <summary>Follows a link, once Tab has come to it, to the page with a heading.</summary>
    private static async Task FollowAsync(IPage page, string selector, string heading)
    {
        await PressAsync(page, selector);
        await Expect(page.Locator("h1")).ToHaveTextAsync(heading);
    }

    /// <summary>Types into a field in place of what stands there, once Tab has come to it.</summary>
    private static async Task TypeAsync(IPage page, string selector, string text)
    {
        await ConsoleTests.TabToAsync(page, selector);
        await page.Keyboard.PressAsync("Control+A");
        await page.Keyboard.TypeAsync(text);
    }
}
