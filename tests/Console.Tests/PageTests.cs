using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Primitives;
using Xerotier.OperatorConsole.Api;
using Xerotier.OperatorConsole.Assets;
using Xerotier.OperatorConsole.Incidents;
using Xerotier.OperatorConsole.Keys;
using Xerotier.OperatorConsole.Overview;
using Xerotier.OperatorConsole.Platform;
using Xerotier.OperatorConsole.Recurring;
using Xerotier.OperatorConsole.Shared;
using Xerotier.OperatorConsole.Subscriptions;
using Xerotier.OperatorConsole.Visits;
using Xerotier.OperatorConsole.Windows;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Site;

namespace Xerotier.OperatorConsole.Tests;

/// <summary>Pages as they are sent.</summary>
public sealed partial class PageTests
{
    private const string Hostile = "</title><script>alert(1)</script>\"'&\u202eRTL 🚧";

    [Fact]
    public async Task Hostile_text_of_a_window_is_text()
    {
        var (html, http) = await RenderAsync(visit => visit.Page<WindowPage>(new() { [nameof(WindowPage.Window)] = Window(Hostile), [nameof(WindowPage.Events)] = new ListPage<MaintenanceEvent> { Data = [], FirstId = null, LastId = null, HasMore = false } }));

        Assert.DoesNotContain("<script>alert", html);
        Assert.Contains("&lt;script&gt;alert(1)&lt;/script&gt;", html);
        Assert.Contains($"<h1>{Hostile}</h1>", System.Net.WebUtility.HtmlDecode(html));
        Assert.Equal("no-store", http.Response.Headers.CacheControl);
        Assert.All((string[])["default-src 'none'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"], rule => Assert.Contains(rule, http.Response.Headers.ContentSecurityPolicy.ToString()));
    }

    [Fact]
    public async Task Hostile_text_of_the_fleet_is_text()
    {
        var health = Read(
            """
            {"project_id":"proj_1","generated_at":"2026-11-24T14:53:00Z","status":"operational",
             "routing":{"status":"operational","total":1,"online":1,"offline":0,"routers":[{"id":"$","region":"$","version":"$","state":"$","last_heartbeat_at":"2026-11-24T14:53:00Z","heartbeat_age_seconds":1}]},
             "workers":{"status":"operational","total":1,"healthy":1,"stale":0,"has_more":true,"last_id":"$","items":[{"id":"$","name":"$","kind":"$","region":"$","version":"$","state":"ready","status":"$",
               "active_requests":1,"max_concurrent_requests":2,"models":["$"],"endpoints":["$"],"last_heartbeat_at":"2026-11-24T14:53:00Z","heartbeat_age_seconds":1}]},
             "endpoints":{"total":1,"operational":1,"degraded":0,"outage":0,"items":[{"slug":"$","status":"operational","models":["$"],"workers_total":1,"workers_healthy":1}]},
             "maintenance":{"active":[],"upcoming":[]}}
            """,
            ContractsJson.Wire.HealthDashboardResponse);

        await AssertHarmlessAsync(visit => visit.Page<FleetPage>(new() { [nameof(FleetPage.Health)] = health, [nameof(FleetPage.Search)] = Hostile }), times: 14);
    }

    [Fact]
    public async Task Hostile_text_of_a_subscription_is_text()
    {
        var subscription = Read(
            """
            {"id":"sub_1","project_id":"proj_1","channel":"webhook","target":"$","components":["$"],"events":["$"],"state":"disabled","disabled_reason":"$","delivered_count":1,"failed_count":1,
             "last_result":{"at":"2026-11-24T14:53:00Z","delivered":false,"status_code":500,"error":"$"},"previous_secret_until":null,"created_by":"$","created_at":"2026-11-24T14:53:00Z","updated_at":"2026-11-24T14:53:00Z"}
            """,
            ContractsJson.Wire.Subscription);
        var delivery = Read(
            """
            {"id":"dlv_1","subscription_id":"sub_1","event_type":"$","object_id":"$","sequence":1,"state":"failed","attempts":3,"next_attempt_at":null,
             "last_result":{"at":"2026-11-24T14:53:00Z","delivered":false,"status_code":500,"error":"$"},"created_at":"2026-11-24T14:53:00Z"}
            """,
            ContractsJson.Wire.Delivery);
        var newer = FormValues.Of((FormValues.Was("target"), Hostile));
        newer.Refuse(new(412, "conflict_error", "precondition_failed", "The ETag differs."), []);

        await AssertHarmlessAsync(
            visit => visit.Page<SubscriptionPage>(new()
            {
                [nameof(SubscriptionPage.Subscription)] = subscription,
                [nameof(SubscriptionPage.Deliveries)] = new ListPage<Delivery> { Data = [delivery], FirstId = "dlv_1", LastId = "dlv_1", HasMore = false },
                [nameof(SubscriptionPage.Problem)] = Hostile,
                [nameof(SubscriptionPage.Secret)] = Hostile,
            }),
            times: 11);
        await AssertHarmlessAsync(visit => visit.Page<SubscriptionsPage>(new() { [nameof(SubscriptionsPage.List)] = new ListPage<Subscription> { Data = [subscription], FirstId = "sub_1", LastId = "sub_1", HasMore = false } }), times: 2);
        await AssertHarmlessAsync(
            visit => visit.Page<SubscriptionFormPage>(new() { [nameof(SubscriptionFormPage.Subscription)] = subscription, [nameof(SubscriptionFormPage.Form)] = newer, [nameof(SubscriptionFormPage.Components)] = new List<(string, string)> { (Hostile, Hostile) } }),
            times: 8);
    }

    [Fact]
    public async Task Hostile_names_of_a_project_and_its_keys_are_text()
    {
        var held = new ConsoleSession(new("proj_1", Hostile, true, Hostile, "key_1"), new(null, null, false, Hostile, "key_2"), DateTimeOffset.UtcNow.AddHours(1));
        var keys = Read(
            """
            {"object":"list","first_id":"key_1","last_id":"key_1","has_more":false,
             "data":[{"id":"key_1","object":"api_key","name":"$","scopes":["$"],"expires_at":null,"allowed_ips":["$"],"created_at":"2026-11-24T14:53:00Z","created_by":"$","last_used_at":null,"revoked_at":null}]}
            """,
            ContractsJson.Wire.ListPageApiKey);
        var projects = Read(
            """
            {"object":"list","first_id":"proj_1","last_id":"proj_1","has_more":false,
             "data":[{"id":"proj_1","object":"project","name":"$","slug":"$","platform":false,"created_at":"2026-11-24T14:53:00Z","suspended_at":null}]}
            """,
            ContractsJson.Wire.ListPageProject);

        await AssertHarmlessAsync(
            visit => visit.Page<KeysPage>(new() { [nameof(KeysPage.Ring)] = new KeyRing("/console/keys", "", "API keys", [], CanRotate: true), [nameof(KeysPage.List)] = keys, [nameof(KeysPage.Form)] = FormValues.Of() }),
            times: 5, // the project's, and each of the row's
            held);
        await AssertHarmlessAsync(visit => visit.Page<ProjectsPage>(new() { [nameof(ProjectsPage.List)] = projects, [nameof(ProjectsPage.Form)] = FormValues.Of() }), times: 3, held);
    }

    [Fact]
    public async Task Where_it_cannot_be_said_how_many_are_told_it_asks_all_the_same()
    {
        var form = FormValues.Of(("title", Hostile), (Notification.ConfirmedField, "150"));
        var (html, _) = await RenderAsync(visit => visit.Page<AskPage>(new() { [nameof(AskPage.Form)] = form, [nameof(AskPage.Audience)] = null, [nameof(AskPage.Answer)] = "unknown" }));

        Assert.Contains("<h1>Notify people?</h1>", html);
        Assert.Contains("cannot be said right now", html);
        Assert.Contains($"name=\"{Notification.ConfirmedField}\" value=\"unknown\"", html);
        Assert.DoesNotContain("value=\"150\"", html); // an earlier answer is none to this question
        Assert.Contains($"name=\"title\" value=\"{Hostile}\"", System.Net.WebUtility.HtmlDecode(html));
    }

    [Fact]
    public async Task A_window_of_the_project_stands_once_on_the_overview()
    {
        var ours = Window("Ours") with { Status = WindowStatus.Active };
        var theirs = ours.ToPublic() with { Id = "mw_theirs" };
        var quiet = Read(
            """
            {"project_id":"proj_1","generated_at":"2026-11-24T14:53:00Z","status":"operational",
             "routing":{"status":"operational","total":0,"online":0,"offline":0,"routers":[]},
             "workers":{"status":"operational","total":0,"healthy":0,"stale":0,"has_more":false,"last_id":null,"items":[]},
             "endpoints":{"total":0,"operational":0,"degraded":0,"outage":0,"items":[]},
             "maintenance":{"active":[],"upcoming":[]}}
            """,
            ContractsJson.Wire.HealthDashboardResponse);
        var health = quiet with { Maintenance = new() { Active = [ours], Upcoming = [] } };
        var page = new StatusDocument
        {
            GeneratedAt = DateTimeOffset.UnixEpoch,
            StaleSince = null,
            Demo = false,
            Overall = new() { Key = OverallKey.Maintenance, Label = "Under Maintenance" },
            Indicators = [],
            Incidents = [],
            OpenIncidentsTotal = 0,
            Windows = new() { Unavailable = false, UnavailableSince = null, Active = [ours.ToPublic(), theirs], ActiveTotal = 4, Scheduled = [], ScheduledTotal = 0, Recent = [] },
        };

        var (html, _) = await RenderAsync(visit => visit.Page<OverviewPage>(new() { [nameof(OverviewPage.Health)] = health, [nameof(OverviewPage.Public)] = page }));

        Assert.Contains("<h2>Other maintenance on the page</h2>", html);
        Assert.Contains("<a href=\"/status#mw_theirs\">", html);
        Assert.Contains("<a href=\"/console/maintenance/mw_1\">", html);
        Assert.DoesNotContain("/status#mw_1", html);
        Assert.Contains("<a href=\"/status\">and 2 more</a>", html);
    }

    [Fact]
    public async Task The_overview_names_the_drafts_and_leads_to_where_an_incident_goes_on()
    {
        var (ours, theirs) = (OutlookTests.Incident("inc_ours", [OutlookTests.Update(0, "x")]), OutlookTests.Incident("inc_theirs", [OutlookTests.Update(0, "x")]));
        var page = OutlookTests.Page("o", OverallKey.Operational, "") with { Incidents = [ours.ToPublic(), theirs.ToPublic()], OpenIncidentsTotal = 2 };
        var drafts = new ListPage<Incident> { Data = [Draft("inc_draft")], FirstId = "inc_draft", LastId = "inc_draft", HasMore = false };

        var (html, _) = await RenderAsync(visit => visit.Page<OverviewPage>(new() { [nameof(OverviewPage.Public)] = page, [nameof(OverviewPage.Drafts)] = drafts, [nameof(OverviewPage.Own)] = new HashSet<string> { "inc_ours" } }));

        Assert.Contains("<a href=\"/console/incidents/inc_draft\">", html);
        Assert.Contains("<a href=\"/console/incidents/inc_ours\">", html);
        Assert.Contains("<a href=\"/status/incidents/inc_theirs\">", html);
    }

    [Theory]
    [InlineData("key_1", true)]
    [InlineData("key_2", false)]
    public async Task The_key_that_somebody_is_signed_in_with_is_marked(string signedInWith, bool isMarked)
    {
        var key = new ApiKey { Id = "key_1", Name = "ops", Scopes = ["management"], ExpiresAt = null, AllowedIps = [], CreatedAt = DateTimeOffset.UnixEpoch, CreatedBy = null, LastUsedAt = null, RevokedAt = null };
        var (html, _) = await RenderAsync(
            visit => visit.Page<KeysPage>(new()
            {
                [nameof(KeysPage.Ring)] = new KeyRing("/console/keys", "", "API keys", [], CanRotate: true),
                [nameof(KeysPage.List)] = new ListPage<ApiKey> { Data = [key], FirstId = "key_1", LastId = "key_1", HasMore = false },
                [nameof(KeysPage.Form)] = FormValues.Of(),
            }),
            held: new(new("proj_1", "Project", true, "ops", signedInWith), null, DateTimeOffset.UtcNow.AddHours(1)));

        Assert.Equal(isMarked, html.Contains("Your key", StringComparison.Ordinal));
        Assert.Equal(isMarked, html.Contains("and you are signed out", StringComparison.Ordinal));
    }

    [Fact]
    public async Task All_that_was_entered_can_be_read_and_nothing_of_the_forms_own()
    {
        var sent = FormValues.Of(
            ("title", "One"), ("affected_services", new(["Dashboard", "Shared Agents"])), ("notify", "on"), ("component:cmp_dashboard", "outage"), ("probe_url", ""), ("", "nameless"),
            (FormValues.VersionField, "7"), (FormValues.IdempotencyField, "again"), (FormValues.Was("title"), "Zero"), (ConsoleSession.CsrfField, "token"), ("action", "publish"));
        var (html, _) = await RenderAsync(visit => visit.Page<InterruptedPage>(new() { [nameof(InterruptedPage.Sent)] = sent }));

        Assert.Equal(
            ["Title: One", "Affected services: Dashboard, Shared Agents", "Notify: Yes", "Component cmp_dashboard: outage"],
            EnteredField().Matches(html).Select(field => $"{field.Groups[1].Value}: {field.Groups[2].Value}"));
    }

    [Fact]
    public async Task A_trail_says_where_its_earlier_entries_are()
    {
        var events = new ListPage<MaintenanceEvent>
        {
            Data = [new() { Id = "evt_1", WindowId = "mw_1", Action = "updated", Actor = "ops", ActorKeyId = null, OccurredAt = DateTimeOffset.UnixEpoch, ChangedFields = ["title"], Before = null, After = Window("One") }],
            FirstId = "evt_1",
            LastId = "evt_1",
            HasMore = true,
        };
        var (cut, _) = await RenderAsync(Page(events));
        var (whole, _) = await RenderAsync(Page(events with { HasMore = false }));

        Assert.Contains("The newest 1: <a href=\"/console/audit\">the audit</a> has the earlier ones.", cut);
        Assert.DoesNotContain("the earlier ones", whole);

        static Func<Visit, IResult> Page(ListPage<MaintenanceEvent> events) =>
            visit => visit.Page<WindowPage>(new() { [nameof(WindowPage.Window)] = Window("One"), [nameof(WindowPage.Events)] = events });
    }

    [Fact]
    public async Task A_form_that_met_a_newer_version_shows_both_and_keeps_what_was_typed()
    {
        var form = FormValues.Of(("title", "As typed " + Hostile), ("zone", "UTC"), ("version", "\"7\""));
        form.Refuse(new(412, "conflict_error", "precondition_failed", "The ETag differs."), ["title"]);
        var (html, http) = await RenderAsync(visit => visit.Page<WindowFormPage>(
            new() { [nameof(WindowFormPage.Window)] = Window("As saved"), [nameof(WindowFormPage.Form)] = form, [nameof(WindowFormPage.Public)] = null },
            form.Status));

        Assert.Equal(412, http.Response.StatusCode);
        Assert.Contains("<bdi class=\"text\">As saved</bdi>", html);
        Assert.Contains("value=\"As typed ", html);
        Assert.DoesNotContain("<script>alert", html);
        Assert.Contains("Somebody saved a newer version meanwhile.", html);
        Assert.Contains($"name=\"csrf\" value=\"{ConsoleSession.CsrfToken("secret")}\"", html);
    }

    [Fact]
    public async Task Beside_what_was_typed_stands_what_is_saved_where_they_differ()
    {
        (string, StringValues)[] same =
            [("title", "Same"), ("description", "Same\nlines"), ("severity", "warning"), ("affected_services", "Same"), ("zone", "Europe/Berlin"), ("starts_at", "1970-01-01T01:00"), ("ends_at", "1970-01-01T02:00"), ("notify", "on"), ("reminders", "-24h,-1h")];
        (string, StringValues)[] other =
            [("title", "Other"), ("severity", "info"), ("other_services", "Other"), ("zone", "Europe/Berlin"), ("starts_at", "1970-01-01T00:00"), ("ends_at", "1970-01-01T03:00"), ("auto_transition", "on")];

        Assert.Equal(["State: Scheduled", "Changed: 1 Jan 1970, 00:00 UTC"], await SavedAsync(same));
        Assert.Equal(
            ["Title: Same", "Description: Same\nlines", "Impact: Some disruption possible", "Services: Same", "Start: 1 Jan 1970, 00:00 UTC", "End: 1 Jan 1970, 01:00 UTC", "Begin and end by itself: No", "Tell subscribers: Yes", "Reminders: -24h, -1h", "State: Scheduled", "Changed: 1 Jan 1970, 00:00 UTC"],
            await SavedAsync(other));

        static async Task<IEnumerable<string>> SavedAsync((string, StringValues)[] typed)
        {
            var form = FormValues.Of(typed);
            form.Refuse(new(412, "conflict_error", "precondition_failed", "The ETag differs."), []);
            var (html, _) = await RenderAsync(visit => visit.Page<WindowFormPage>(
                new() { [nameof(WindowFormPage.Window)] = Window("Same") with { Description = "Same\nlines" }, [nameof(WindowFormPage.Form)] = form, [nameof(WindowFormPage.Public)] = null },
                form.Status));
            return Fact().Matches(html).Select(fact => System.Net.WebUtility.HtmlDecode(Regex.Replace($"{fact.Groups[1].Value}: {fact.Groups[2].Value}", "<[^>]+>", "")).Trim());
        }
    }

    [Theory]
    [InlineData("Europe/Berlin", "1970-01-01T02:00", "In UTC: 1 Jan 1970, 00:00 to 1 Jan 1970, 01:00.")]
    [InlineData("Europe/Berlin", "", "")]
    [InlineData("UTC", "1970-01-01T02:00", "")]
    public async Task Beside_times_that_are_entered_stands_UTC(string zone, string end, string expected)
    {
        var form = FormValues.Of(("zone", zone), ("starts_at", "1970-01-01T01:00"), ("ends_at", end));
        var (html, _) = await RenderAsync(visit => visit.Page<WindowFormPage>(new() { [nameof(WindowFormPage.Form)] = form, [nameof(WindowFormPage.Public)] = null }));

        Assert.Equal($"<p class=\"hint under\" id=\"utc\" role=\"status\">{expected}</p>", InUtc().Match(html).Value);
    }

    [Fact]
    public async Task A_long_list_goes_on_with_its_filter_and_leads_back()
    {
        var list = new ListPage<MaintenanceWindow> { Data = [Window("One")], FirstId = "mw_1", LastId = "mw_1", HasMore = true };
        var asked = "";
        var (html, _) = await RenderAsync(
            visit =>
            {
                asked = visit.ListQuery(50, "status");
                return visit.Page<WindowsPage>(new() { [nameof(WindowsPage.List)] = list });
            },
            "?status=active&status=scheduled&after=mw_0&done=purged&other=1");

        Assert.Equal("limit=50&status=active&status=scheduled&after=mw_0", asked);
        Assert.Contains("<a href=\"/console/maintenance?status=active&amp;status=scheduled\">First page</a>", html);
        Assert.Contains("<a href=\"/console/maintenance?status=active&amp;status=scheduled&amp;after=mw_1\" rel=\"next\">Next page</a>", html);
        Assert.Matches("<a href=\"/console/maintenance\\?status=scheduled\" class=\"on\">Active", html); // turns it off
        Assert.Contains("<a href=\"/console/maintenance?status=active&amp;status=scheduled&amp;status=completed\">Completed</a>", html); // turns it on
        Assert.Contains("<a href=\"/console/maintenance\">All</a>", html);
    }

    [Fact]
    public async Task Beside_the_navigation_stands_what_is_open_planned_and_well()
    {
        await using var gateway = await GatewaysTests.StartAsync(app =>
        {
            app.MapGet("/status.json", () => GatewaysTests.Status(openIncidents: 12));
            app.MapGet("/proj_1/v1/management/incidents", (string draft, int limit) => draft != "true" || limit > 10 ? Results.BadRequest()
                : Results.Text(JsonSerializer.Serialize(new() { Data = [Draft("inc_1"), Draft("inc_2")], FirstId = "inc_1", LastId = "inc_2", HasMore = true }, ContractsJson.Wire.ListPageIncident), "application/json"));
            app.MapGet("/proj_1/v1/health/dashboard", () => Results.Text($$$"""
                {"project_id":"proj_1","generated_at":"2026-11-24T14:53:00Z","status":"operational","routing":{"status":"degraded","total":3,"online":2,"offline":1,"routers":[]},
                 "workers":{"status":"operational","total":12,"healthy":5,"stale":7,"items":[],"has_more":false,"last_id":null},"endpoints":{"total":0,"operational":0,"degraded":0,"outage":0,"items":[]},
                 "maintenance":{"active":[{{{JsonSerializer.Serialize(Window("One"), ContractsJson.Wire.MaintenanceWindow)}}}],"upcoming":[]}}
                """, "application/json"));
        });
        string[] beside = [];
        for (var i = 0; i < 20 && beside.Length < 6; i++)
        {
            var (html, _) = await RenderAsync(http => Task.FromResult(Visit.Of(http).Page<WindowsPage>(new() { [nameof(WindowsPage.List)] = NoWindows })), form: null, gateway.Address.ToString());
            beside = [.. Beside(html)]; // the first may find nothing ready within a moment
        }

        Assert.Equal(["12: 12 open on the page", "2+: 2 or more to publish", "1: 1 in progress or planned", "2/3: 2 of 3 online", "5/12: 5 of 12 healthy", "0/0: 0 of 0 operational"], beside);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task No_page_waits_for_what_stands_beside_the_navigation(bool hangs)
    {
        await using var gateway = await GatewaysTests.StartAsync(app => app.MapGet("/{**rest}", async (HttpContext http) =>
        {
            await Task.Delay(hangs ? Timeout.InfiniteTimeSpan : TimeSpan.Zero, http.RequestAborted);
            return Results.StatusCode(StatusCodes.Status429TooManyRequests);
        }));
        var (html, http) = await RenderAsync(http => Task.FromResult(Visit.Of(http).Page<WindowsPage>(new() { [nameof(WindowsPage.List)] = NoWindows })), form: null, gateway.Address.ToString())
            .WaitAsync(TimeSpan.FromSeconds(3), TestContext.Current.CancellationToken);

        Assert.Equal(200, http.Response.StatusCode);
        Assert.Empty(Beside(html));
        Assert.Contains("data-live=\"beside-/console/maintenance\"", html); // it comes with the next
    }

    [Theory]
    [InlineData(503, true)]
    [InlineData(429, true)]
    [InlineData(404, false)]
    public async Task What_was_typed_comes_back_whatever_went_wrong_and_is_sent_again_where_that_may_help(int status, bool again)
    {
        var (html, http) = await RenderAsync(
            async http => (IResult)(await new VisitFilter().InvokeAsync(
                new DefaultEndpointFilterInvocationContext(http),
                async _ =>
                {
                    await FormValues.ReadAsync(http.Request);
                    throw new ApiException(new(status, "any", "any", "It did not work."));
                }))!,
            $"title={Uri.EscapeDataString(Hostile)}&body=one&body=two&csrf=old&back=on");

        Assert.Equal(status, http.Response.StatusCode);
        Assert.DoesNotContain("<script>alert", html);
        Assert.Equal(again, html.Contains("<button class=\"primary\">Send again</button>", StringComparison.Ordinal));
        Assert.Equal(again, System.Net.WebUtility.HtmlDecode(html).Contains($"name=\"title\" value=\"{Hostile}\"", StringComparison.Ordinal));
        Assert.Equal(again ? 2 : 0, html.Split("name=\"body\"").Length - 1);
        Assert.DoesNotContain("value=\"old\"", html);
        Assert.DoesNotContain("name=\"back\"", html);
        Assert.Contains($"<dd class=\"text\" dir=\"auto\">{Hostile}</dd>", System.Net.WebUtility.HtmlDecode(html)); // to be copied, whatever can be done with it
    }

    /// <summary>As while a new version is rolled out, and a page of one replica asks another for its style.</summary>
    [Fact]
    public async Task A_page_of_another_version_finds_a_style_and_a_script_which_are_kept_only_under_their_own_names()
    {
        await using var console = await GatewaysTests.StartAsync(app => app.MapGroup("/console").MapAssets());
        using var http = new HttpClient { BaseAddress = console.Address, DefaultRequestVersion = System.Net.HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
        foreach (var (path, type) in new[] { (ConsoleAssets.StylePath, "text/css"), (ConsoleAssets.ScriptPath, "text/javascript") })
        {
            using var own = await http.GetAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);
            using var other = await http.GetAsync(new Uri($"/console/assets/{new string('0', 16)}{Path.GetExtension(path)}", UriKind.Relative), TestContext.Current.CancellationToken);

            Assert.Equal(("public, max-age=31536000, immutable", type), (own.Headers.CacheControl?.ToString(), own.Content.Headers.ContentType?.MediaType));
            Assert.Equal(("no-store", type), (other.Headers.CacheControl?.ToString(), other.Content.Headers.ContentType?.MediaType));
            Assert.Equal(await own.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), await other.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        }
    }

    /// <summary>Reads an object of the API with hostile text in place of each <c>$</c>.</summary>
    private static T Read<T>(string json, JsonTypeInfo<T> type) => JsonSerializer.Deserialize(json.Replace("$", JsonEncodedText.Encode(Hostile).ToString(), StringComparison.Ordinal), type)!;

    private static async Task AssertHarmlessAsync(Func<Visit, IResult> page, int times, ConsoleSession? held = null)
    {
        var (html, _) = await RenderAsync(page, held: held);
        Assert.DoesNotContain("<script>alert", html);
        Assert.Equal(times, System.Net.WebUtility.HtmlDecode(html).Split(Hostile).Length - 1);
    }

    private static Task<(string Html, HttpContext Http)> RenderAsync(Func<Visit, IResult> page, string query = "", ConsoleSession? held = null) => RenderAsync(
        http =>
        {
            http.Request.QueryString = new(query);
            return Task.FromResult(page(Visit.Of(http)));
        },
        form: null,
        held: held);

    internal static async Task<(string Html, HttpContext Http)> RenderAsync(Func<HttpContext, Task<IResult>> page, string? form, string gateway = "http://127.0.0.1:9", ConsoleSession? held = null)
    {
        var collection = new ServiceCollection();
        collection.AddLogging();
        collection.AddOptions();
        collection.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection([new("services:gateway:internal:0", gateway)]).Build());
        collection.AddSingleton(TimeProvider.System);
        collection.AddSingleton(new ServiceIdentity("console", "1"));
        collection.AddSingleton<LookUp>((_, _) => Task.FromResult<System.Net.IPAddress[]>([]));
        collection.AddSingleton<InternalTokens>();
        collection.AddSingleton<InternalTls>();
        collection.Configure<InternalAuthOptions>(options => options.Keys = [Convert.ToBase64String(new byte[64])]);
        collection.AddSingleton(Brand.Default);
        collection.AddSingleton<PageWriter>();
        collection.AddSingleton<Gateways>();
        await using var services = collection.BuildServiceProvider();
        await using var body = new MemoryStream();
        var http = new DefaultHttpContext { RequestServices = services };
        http.Request.Method = form is null ? "GET" : "POST";
        http.Request.Path = "/console/maintenance/mw_1";
        http.Request.ContentType = form is null ? null : "application/x-www-form-urlencoded";
        http.Request.Body = new MemoryStream(Encoding.UTF8.GetBytes(form ?? ""));
        http.Request.Headers[ConsoleSession.HeldHeader] = (held ?? new(new("proj_1", "Project", true, "ops", "key_ops"), null, DateTimeOffset.UtcNow.AddHours(1))).ToHeader();
        http.Request.Headers[ConsoleSession.SecretHeader] = "secret";
        http.Response.Body = body;
        await (await page(http)).ExecuteAsync(http);
        return (Encoding.UTF8.GetString(body.ToArray()), http);
    }

    /// <summary>An incident is posted, and work is planned, whatever the page is like.</summary>
    [Theory]
    [InlineData("incidents/new", 503, null)]
    [InlineData("incidents/new", 429, null)]
    [InlineData("incidents/new", 200, "\"2026-01-01T00:00:00Z\"")]
    [InlineData("maintenance/new", 503, null)]
    [InlineData("maintenance/new", 0, null)]
    [InlineData("recurring/new", 503, null)]
    [InlineData("subscriptions/new", 503, null)]
    [InlineData("subscriptions/new", 0, null)]
    public async Task What_is_to_be_posted_needs_no_public_page_and_foretells_nothing_without(string path, int status, string? staleSince)
    {
        await using var gateway = await GatewaysTests.StartAsync(app =>
        {
            app.MapGet("/status.json", status switch { 200 => () => GatewaysTests.Status(staleSince!), 0 => HangAsync, _ => (Delegate)(() => Results.StatusCode(status)) });
            app.MapGet("/proj_1/v1/management/components", () => Results.Text("""{"object":"list","data":[],"has_more":false,"first_id":null,"last_id":null}""", "application/json"));
            app.MapPost("/proj_1/v1/management/subscriptions/audience", HangAsync);
            app.MapPost("/proj_1/v1/management/maintenance-series/preview", HangAsync);
        });
        var html = await AnswerAsync("GET", $"/console/{path}", form: null, gateway.Address, pages =>
        {
            pages.MapIncidents();
            pages.MapWindows();
            pages.MapRecurring();
            pages.MapSubscriptions();
        });

        Assert.Contains("<button", html);
        Assert.DoesNotContain("All Systems Operational", html);
        Assert.Equal(path.StartsWith("incidents", StringComparison.Ordinal), html.Contains("What the overall status becomes cannot be said right now.", StringComparison.Ordinal));
        Assert.Equal(path.StartsWith("recurring", StringComparison.Ordinal), html.Contains("When exactly the windows would be cannot be said right now.", StringComparison.Ordinal));
        Assert.Equal(!path.StartsWith("incidents", StringComparison.Ordinal), html.Contains("cannot be read right now; their", StringComparison.Ordinal)); // names to be ticked

        static Task HangAsync(HttpContext http) => Task.Delay(Timeout.InfiniteTimeSpan, http.RequestAborted);
    }

    /// <summary>What a page of the Console answers to a request.</summary>
    /// <param name="method">The request's method.</param>
    /// <param name="route">The page's route; its id is <c>any</c>.</param>
    /// <param name="form">What is sent; null: nothing.</param>
    /// <param name="gateway">The Gateway that the page asks.</param>
    /// <param name="map">Maps the Console's pages.</param>
    internal static async Task<string> AnswerAsync(string method, string route, string? form, Uri gateway, Action<IEndpointRouteBuilder> map)
    {
        await using var console = WebApplication.CreateSlimBuilder().Build();
        map(console.MapGroup("/console"));
        var endpoint = ((IEndpointRouteBuilder)console).DataSources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
            .Single(found => found.RoutePattern.RawText!.TrimEnd('/') == route && found.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Contains(method));
        var (html, _) = await RenderAsync(
            async http =>
            {
                http.Request.RouteValues["id"] = "any";
                await endpoint.RequestDelegate!(http);
                return Results.Empty;
            },
            form,
            gateway.ToString());
        return html;
    }

    private static Incident Draft(string id) => OutlookTests.Incident(id, [OutlookTests.Update(0, "x")]) with { Draft = true };

    private static ListPage<MaintenanceWindow> NoWindows => new() { Data = [], FirstId = null, LastId = null, HasMore = false };

    private static IEnumerable<string> Beside(string html) => Count().Matches(html).Select(count => System.Net.WebUtility.HtmlDecode(count.Groups[1].Value + count.Groups[2].Value));

    private static MaintenanceWindow Window(string text) => new()
    {
        Id = "mw_1",
        ProjectId = "proj_1",
        Title = text,
        Description = text,
        Severity = WindowSeverity.Warning,
        AffectedServices = [text],
        StartsAt = DateTimeOffset.UnixEpoch,
        EndsAt = DateTimeOffset.UnixEpoch.AddHours(1),
        Status = WindowStatus.Scheduled,
        AutoTransition = false,
        CreatedBy = text,
        CreatedAt = DateTimeOffset.UnixEpoch,
        UpdatedAt = DateTimeOffset.UnixEpoch,
        CompletedAt = null,
        CancelledAt = null,
    };

    [GeneratedRegex("<dt>([^<]*)</dt><dd class=\"text\" dir=\"auto\">([^<]*)</dd>")]
    private static partial Regex EnteredField();

    [GeneratedRegex("<p [^>]*id=\"utc\".*?</p>")]
    private static partial Regex InUtc();

    [GeneratedRegex("<span class=\"count[^>]*>(.*?)</span><span class=\"sr\">(.*?)</span>")]
    private static partial Regex Count();

    [GeneratedRegex("<dt>(.*?)</dt>\\s*<dd>(.*?)</dd>", RegexOptions.Singleline)]
    private static partial Regex Fact();
}
