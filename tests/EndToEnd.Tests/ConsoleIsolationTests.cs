using System.Globalization;
using System.Text.RegularExpressions;
using Xerotier.TestKit;

namespace Xerotier.EndToEnd.Tests;

/// <summary>A session of one project sees nothing of another in the console, and changes nothing of it (console.md, section 24).</summary>
[Collection<SharedCluster>]
public sealed class ConsoleIsolationTests(SharedCluster shared)
{
    private static readonly string[] Lists =
    [
        "/console/maintenance", "/console/maintenance?status=scheduled", "/console/recurring", "/console/subscriptions", "/console/keys", "/console/fleet", "/console/fleet?q=hidden-", "/console/incidents", "/console/incidents/drafts",
        "/console/audit", "/console/audit?object=maintenance_window", "/console/audit?object=maintenance_series", "/console/audit?object=incident", "/console/audit?object=api_key",
    ];

    private readonly Cluster cluster = shared.Cluster;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_session_neither_sees_nor_changes_what_is_another_projects(bool isOfPlatform)
    {
        // Titles of what is public stand on everybody's overview; the other names are for their own project alone.
        var (shown, hidden, name) = (Mark("shown"), Mark("hidden"), Mark("theirs"));
        using var they = await SignedInAsync(name, isOfPlatform: true);
        await they.AddKeyAsync(cluster.PlatformKey);
        using var we = await SignedInAsync(Mark("ours"), isOfPlatform);
        var theirs = await MakeAsync(they, shown, hidden);
        var ours = await we.CreateAsync("management/subscriptions", new { channel = "webhook", target = "https://hooks.example/ours", events = new[] { "maintenance.overrunning" } });
        var before = await VersionsAsync(they, theirs);

        foreach (var path in theirs.Pages)
        {
            var own = await they.GetAsync(path);
            Assert.Equal((path, 200, true), (path, own.Status, HasObject(own)));
            var refused = await we.GetAsync(path);
            Assert.Equal((path, Refusal(path), false), (path, refused.Status, Tells(refused)));
        }

        foreach (var path in Lists)
        {
            await Observer.UntilAsync(async () => HasObject(await they.GetAsync(path)), TimeSpan.FromSeconds(15), $"theirs is in {path}"); // a worker is after a moment
            var list = await we.GetAsync(path);
            Assert.Equal((path, Refusal(path) == 403 ? 403 : 200, false), (path, list.Status, Tells(list)));
        }

        foreach (var path in theirs.Cursors)
        {
            Assert.False(Tells(await we.GetAsync(path)), path);
        }

        var overview = await we.GetAsync("/console/");
        Assert.Equal((200, false, false), (overview.Status, overview.Html.Contains(hidden, StringComparison.Ordinal), overview.Html.Contains(name, StringComparison.Ordinal)));

        var form = await we.GetAsync("/console/settings"); // for its token: every form of a session has the same
        foreach (var (path, fields) in theirs.Changes)
        {
            var refused = await we.PostAsync(path, form, fields);
            Assert.Equal((path, Refusal(path), false), (path, refused.Status, Tells(refused)));
        }

        Assert.Equal(404, (await we.PostAsync($"/console/subscriptions/{ours}/deliveries/{theirs.Delivery}/retry", form, [])).Status); // nor by way of something of one's own
        Assert.Equal(before, await VersionsAsync(they, theirs));

        // It is whose they are that made the difference: their owner does all of it with the same forms.
        form = await they.GetAsync("/console/settings");
        foreach (var (path, fields) in theirs.Changes)
        {
            var done = (await they.PostAsync(path, form, fields)).Status;
            Assert.True(done is 200 or 201 or 303 || (done == 409 && theirs.Impossible.Contains(path)), $"{path}: {done}");
        }

        // Places that a session has not at all are refused before anything is looked for.
        int Refusal(string path) => path.StartsWith("/console/platform/", StringComparison.Ordinal) || (!isOfPlatform && path.StartsWith("/console/incidents", StringComparison.Ordinal)) ? 403 : 404;
        bool HasObject(Answer page) => page.Html.Contains(shown, StringComparison.Ordinal) || page.Html.Contains(hidden, StringComparison.Ordinal);
        bool Tells(Answer page) => HasObject(page) || page.Html.Contains(name, StringComparison.Ordinal);
    }

    /// <summary>A name that stands in no page by chance.</summary>
    private static string Mark(string what) => $"{what}-{Guid.NewGuid():N}"[..20];

    private async Task<ConsoleOperator> SignedInAsync(string name, bool isOfPlatform)
    {
        var (project, key) = await cluster.CreateProjectAsync(name, isOfPlatform, "management", "heartbeat");
        var somebody = new ConsoleOperator(cluster, project, key);
        await somebody.SignInAsync();
        return somebody;
    }

    /// <summary>Makes one of everything.</summary>
    private async Task<Things> MakeAsync(ConsoleOperator they, string shown, string hidden)
    {
        using var http = cluster.Http(they.Key);
        await http.PostForJsonAsync($"/{they.ProjectId}/v1/heartbeats", new { heartbeats = new[] { new { worker_id = hidden, name = hidden, kind = "private", state = "ready" } } });
        var window = await they.CreateAsync("management/maintenance", new { title = shown, description = shown, starts_at = DateTimeOffset.UtcNow.AddHours(3), ends_at = DateTimeOffset.UtcNow.AddHours(4) });
        var series = await they.CreateAsync(
            "management/maintenance-series", new { title = shown, description = "", timezone = "UTC", starts_on = Things.Day(), local_time = "02:30", duration = "PT1H", rrule = "FREQ=WEEKLY" });
        var occurrence = Regex.Match((await they.GetAsync($"/console/recurring/{series}")).Html, "/console/maintenance/(mw_[a-z0-9]+)").Groups[1].Value;
        var incident = await http.PostForJsonAsync($"/{they.ProjectId}/v1/management/incidents", new { title = shown, body = shown });
        var draft = await they.CreateAsync("management/incidents", new { title = hidden, body = hidden, draft = true });
        var key = await they.CreateAsync("management/keys", new { name = hidden, scopes = new[] { "management" } });
        var subscription = await they.CreateAsync("management/subscriptions", new { channel = "webhook", target = $"https://hooks.example/{hidden}", events = new[] { "maintenance.overrunning" } });
        var at = $"/console/subscriptions/{subscription}";
        Assert.Equal(303, (await they.PostAsync($"{at}/test", await they.GetAsync(at), [])).Status);
        var delivery = Regex.Match((await they.GetAsync(at)).Html, $"{at}/deliveries/([a-z0-9_]+)/retry").Groups[1].Value;
        return new(they.ProjectId, window, series, occurrence, subscription, delivery, key, incident["id"]!.ToString(), incident["updates"]![0]!["id"]!.ToString(), draft);
    }

    /// <summary>What differs after any change of theirs.</summary>
    private async Task<List<string>> VersionsAsync(ConsoleOperator they, Things theirs)
    {
        using var http = cluster.Http(they.Key);
        var management = $"/{they.ProjectId}/v1/management";
        var versions = new List<string> { await http.GetStringAsync($"{management}/keys/events") };
        versions.AddRange((await http.ListAsync($"{management}/subscriptions/{theirs.Subscription}/deliveries")).Select(message => message.GetProperty("id").GetString()!));
        foreach (var path in new[]
        {
            $"maintenance/{theirs.Window}", $"maintenance/{theirs.Occurrence}", $"maintenance-series/{theirs.Series}", $"subscriptions/{theirs.Subscription}", $"incidents/{theirs.Incident}", $"incidents/{theirs.Draft}",
        })
        {
            using var response = await http.GetAsync(new Uri($"{management}/{path}", UriKind.Relative), TestContext.Current.CancellationToken);
            Assert.NotNull(response.EnsureSuccessStatusCode().Headers.ETag);
            versions.Add($"{path} {response.Headers.ETag}");
        }

        return versions;
    }

    /// <summary>Everything of a project that has a page or a button of its own, by id.</summary>
    private sealed record Things(string Project, string Window, string Series, string Occurrence, string Subscription, string Delivery, string Key, string Incident, string Update, string Draft)
    {
        /// <summary>The pages of one of them alone.</summary>
        public IReadOnlyList<string> Pages =>
        [
            $"/console/maintenance/{Window}", $"/console/maintenance/{Window}/edit", $"/console/maintenance/{Occurrence}", $"/console/maintenance/{Occurrence}/edit",
            $"/console/recurring/{Series}", $"/console/recurring/{Series}/edit",
            $"/console/subscriptions/{Subscription}", $"/console/subscriptions/{Subscription}/edit",
            $"/console/incidents/{Incident}", $"/console/incidents/{Incident}/edit", $"/console/incidents/{Draft}/updates", $"/console/incidents/{Incident}/updates/{Update}", $"/console/incidents/{Draft}", $"/console/incidents/{Draft}/edit",
            $"/console/platform/projects/{Project}/keys",
        ];

        /// <summary>Lists that would begin after one of them, or hold what belongs to it.</summary>
        public IReadOnlyList<string> Cursors =>
        [
            $"/console/maintenance?after={Window}", $"/console/maintenance?series_id={Series}", $"/console/recurring?after={Series}", $"/console/subscriptions?after={Subscription}", $"/console/keys?after={Key}",
            $"/console/incidents?after={Incident}", $"/console/incidents/drafts?after={Draft}", $"/console/audit?after={Window}.1",
        ];

        /// <summary>Every change of one of them, in an order in which their owner can make all.</summary>
        public IReadOnlyList<(string Path, (string Name, string Value)[] Fields)> Changes =>
        [
            To($"/console/maintenance/{Window}/edit", ("title", "Taken"), ("severity", "info"), ("zone", "UTC"), ("starts_at", Field(5)), ("ends_at", Field(6))),
            To($"/console/maintenance/{Window}/start"),
            To($"/console/maintenance/{Window}/complete"),
            To($"/console/maintenance/{Window}/cancel"),
            To($"/console/maintenance/{Window}/purge"),
            To($"/console/maintenance/{Occurrence}/cancel"),
            To(
                $"/console/recurring/{Series}/edit",
                ("title", "Taken"), ("severity", "info"), ("timezone", "UTC"), ("starts_on", Day()), ("local_time", "03:30"), ("minutes", "60"), ("rrule", "FREQ=WEEKLY"), ("horizon_days", "60")),
            To($"/console/recurring/{Series}/cancel"),
            To($"/console/subscriptions/{Subscription}/deliveries/{Delivery}/retry"),
            To($"/console/subscriptions/{Subscription}/test"),
            To($"/console/subscriptions/{Subscription}/disable"),
            To($"/console/subscriptions/{Subscription}/enable"),
            To($"/console/subscriptions/{Subscription}/edit", ("target", "https://hooks.example/taken"), ("events", "maintenance.overrunning")),
            To($"/console/subscriptions/{Subscription}/rotate"),
            To($"/console/subscriptions/{Subscription}/delete"),
            To($"/console/incidents/{Incident}/edit", ("title", "Taken")),
            To($"/console/incidents/{Incident}/updates/{Update}", ("body", "Taken.")),
            To($"/console/incidents/{Incident}/updates", ("status", "resolved"), ("body", "Taken."), ("idempotency", $"{Guid.NewGuid():N}")),
            To($"/console/incidents/{Incident}/publish"),
            To($"/console/incidents/{Draft}/delete"),
            To($"/console/platform/projects/{Project}/keys", ("name", "taken"), ("scopes", "management")),
            To($"/console/platform/projects/{Project}/suspend"),
            To($"/console/platform/projects/{Project}/resume"),
            To($"/console/keys/{Key}/rotate"),
            To($"/console/keys/{Key}/revoke"),
            To($"/console/platform/projects/{Project}/keys/{Key}/revoke"),
        ];

        /// <summary>What of these their owner is told is not possible any more.</summary>
        public IReadOnlyList<string> Impossible => [$"/console/maintenance/{Window}/cancel", $"/console/incidents/{Incident}/publish", $"/console/platform/projects/{Project}/suspend", $"/console/platform/projects/{Project}/resume"];

        /// <summary>A date ahead, as a field has it.</summary>
        public static string Day() => DateTime.UtcNow.AddDays(7).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

        private static string Field(int hours) => DateTime.UtcNow.AddHours(hours).ToString("yyyy-MM-dd'T'HH:mm", CultureInfo.InvariantCulture);

        private static (string Path, (string Name, string Value)[] Fields) To(string path, params (string Name, string Value)[] fields) => (path, fields);
    }
}
