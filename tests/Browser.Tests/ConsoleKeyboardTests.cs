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
        await PressAsync(page, Place("maintenance"));
        await Expect(page.Locator("h1")).ToHaveTextAsync("Maintenance");
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
        await PressAsync(page, Place("keys"));
        await Expect(page.Locator("h1")).ToHaveTextAsync("API keys");
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
        await PressAsync(page, Place("subscriptions"));
        await Expect(page.Locator("h1")).ToHaveTextAsync("Subscriptions");
        await PressAsync(page, "main a.primary");
        await Expect(page.Locator("h1")).ToHaveTextAsync("New subscription");
        await TypeAsync(page, "#target", "https://127.0.0.1:9/hook");
        await PressAsync(page, "[name=events][value='maintenance.reminder']", "Space");
        await PressAsync(page, "main button.primary");
        await Expect(page.Locator(".secret")).ToHaveTextAsync(new System.Text.RegularExpressions.Regex("^whsec_"));
        await Expect(page.Locator("dl.facts")).ToContainTextAsync("maintenance.scheduled");
        await Expect(page.Locator("dl.facts")).Not.ToContainTextAsync("maintenance.reminder");

        // A series: seen, made, cancelled.
        await PressAsync(page, Place("recurring"));
        await Expect(page.Locator("h1")).ToHaveTextAsync("Recurring maintenance");
        await PressAsync(page, "main a.primary");
        await Expect(page.Locator("h1")).ToHaveTextAsync("New series");
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

        await PressAsync(page, Place("audit"));
        await Expect(page.Locator("h1")).ToHaveTextAsync("Audit log");
        await PressAsync(page, ".tabs a[href='/console/audit?object=api_key']");
        await Expect(page.Locator("ol.trail")).ToContainTextAsync("revoked");
        Assert.All(visit.Complaints, complaint => Assert.Contains("status of 4", complaint, StringComparison.Ordinal));

        Task ShowsAsync(params string[] titles) => Expect(page.Locator("tbody th a")).ToHaveTextAsync(titles);
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

    /// <summary>Types into a field in place of what stands there, once Tab has come to it.</summary>
    private static async Task TypeAsync(IPage page, string selector, string text)
    {
        await ConsoleTests.TabToAsync(page, selector);
        await page.Keyboard.PressAsync("Control+A");
        await page.Keyboard.TypeAsync(text);
    }
}
