using System.Net;
using System.Net.Http.Json;
using System.Text.RegularExpressions;
using Aspire.Hosting.Testing;
using Npgsql;
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
        Assert.Equal(303, (await operators.PostAsync($"/console/incidents/{id}/publish", refused, [])).Status);
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
        await using var many = new Many((await cluster.Application.GetConnectionStringAsync("notificationsdb"))!, operators.ProjectId);
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

        form = await operators.GetAsync("/console/maintenance/new");
        made = await operators.PostAsync("/console/maintenance/new", form, ("title", "Quiet"), ("notify", ""));
        Assert.Equal(303, made.Status);
        at = made.Location!.Split('?')[0];
        Assert.Equal(303, (await operators.PostAsync($"{at}/cancel", await operators.GetAsync(at), [])).Status);

        async Task<(int, string?)> LeadsToAsync(string path, Answer form, params (string, string)[] fields)
        {
            var answer = await operators.PostAsync(path, form, fields);
            return (answer.Status, answer.Location);
        }
    }

    [GeneratedRegex("<h1>Notify ([0-9]+) people\\?</h1>")]
    private static partial Regex Question();

    /// <summary>Somebody with a key of a new project of the platform, signed in.</summary>
    private async Task<Operator> OperatorsAsync()
    {
        var (project, key) = await cluster.CreateProjectAsync("operators", true, "management");
        var operators = new Operator(cluster, project, key);
        await operators.SignInAsync();
        return operators;
    }

    /// <summary>A page with the fields of its forms.</summary>
    private sealed partial record Answer(int Status, string Html, string? Location)
    {
        /// <summary>The value of a field; empty: there is none.</summary>
        public string this[string name] => FieldsOf("").FirstOrDefault(field => field.Name == name).Value ?? "";

        /// <summary>The fields of the form that goes to <paramref name="path"/>, or else of the page's last, as a browser would send them without a button.</summary>
        public List<(string Name, string Value)> FieldsOf(string path)
        {
            var forms = Form().Matches(Html).Select(match => match.Value).Where(form => !form.Contains("/console/sign-out", StringComparison.Ordinal)).ToList();
            var form = forms.Find(form => form.StartsWith($"<form method=\"post\" action=\"{path}\"", StringComparison.Ordinal)) ?? forms.LastOrDefault() ?? "";
            return
            [
                .. from Match input in Input().Matches(form)
                   let type = Attribute(input.Value, "type")
                   where type is not ("checkbox" or "radio") || Checked().IsMatch(input.Value)
                   select (Attribute(input.Value, "name"), Attribute(input.Value, "value")),
                .. from Match area in TextArea().Matches(form) select (area.Groups["name"].Value, WebUtility.HtmlDecode(area.Groups["text"].Value).TrimStart('\n')),
            ];
        }

        private static string Attribute(string tag, string name) => WebUtility.HtmlDecode(Regex.Match(tag, $" {name}=\"([^\"]*)\"").Groups[1].Value);

        [GeneratedRegex("<form method=\"post\".*?</form>", RegexOptions.Singleline)]
        private static partial Regex Form();

        [GeneratedRegex("<input [^>]*>")]
        private static partial Regex Input();

        [GeneratedRegex(" checked[ >]")]
        private static partial Regex Checked();

        [GeneratedRegex("<textarea [^>]*name=\"(?<name>[^\"]*)\"[^>]*>(?<text>.*?)</textarea>", RegexOptions.Singleline)]
        private static partial Regex TextArea();
    }

    /// <summary>Many subscriptions of a project, which others' events are told to as well while they are there.</summary>
    private sealed class Many(string connectionString, string projectId) : IAsyncDisposable
    {
        private readonly NpgsqlDataSource database = NpgsqlDataSource.Create(connectionString);

        /// <summary>Repeats the project's only one.</summary>
        public Task SubscribeAsync(int count) => RunAsync($"""
            insert into subscriptions (project_id, id, channel, target, components, events, state, secret, created_by, created_at, updated_at)
            select project_id, id || n, channel, target || n, components, events, state, secret, created_by, created_at, updated_at
            from subscriptions, generate_series(1, {count}) n where project_id = @project
            """);

        public async ValueTask DisposeAsync()
        {
            await RunAsync("delete from subscriptions where project_id = @project");
            await database.DisposeAsync();
        }

        private async Task RunAsync(string sql)
        {
            await using var command = database.CreateCommand(sql);
            command.Parameters.AddWithValue("project", projectId);
            await command.ExecuteNonQueryAsync();
        }
    }

    private sealed class Operator(Cluster cluster, string projectId, string key) : IDisposable
    {
        private readonly HttpClient browser = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = cluster.Endpoint("gateway", "http") };
        private readonly HttpClient api = cluster.Http(key);

        public string ProjectId => projectId;

        public string Cookie { get; set; } = "";

        public async Task SignInAsync()
        {
            using var form = new FormUrlEncodedContent([new("key", key)]);
            using var response = await browser.PostAsync("/console/sign-in", form);
            Cookie = response.Headers.GetValues("Set-Cookie").First().Split(';')[0];
        }

        public async Task<string> CreateAsync(string path, object body) => (await api.PostForJsonAsync($"/{projectId}/v1/{path}", body))["id"]!.ToString();

        public async Task ChangeAsync(string path, object body)
        {
            using var response = await api.PatchAsJsonAsync($"/{projectId}/v1/{path}", body);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }

        public Task<Answer> GetAsync(string path) => SendAsync(HttpMethod.Get, path, null);

        /// <summary>Sends the form of a page, with some fields changed; those that are set to nothing are left out, as boxes are.</summary>
        public async Task<Answer> PostAsync(string path, Answer form, params (string Name, string Value)[] fields)
        {
            var sent = form.FieldsOf(path).Where(field => fields.All(other => other.Name != field.Name)).Concat(fields.Where(field => field.Value.Length > 0 || field.Name != "notify"));
            using var body = new FormUrlEncodedContent(sent.Select(field => KeyValuePair.Create(field.Name, field.Value)));
            return await SendAsync(HttpMethod.Post, path, body);
        }

        public void Dispose()
        {
            browser.Dispose();
            api.Dispose();
        }

        private async Task<Answer> SendAsync(HttpMethod method, string path, HttpContent? body)
        {
            using var request = new HttpRequestMessage(method, path) { Content = body };
            request.Headers.Add("Accept", "text/html");
            request.Headers.Add("Sec-Fetch-Site", "same-origin");
            if (Cookie.Length > 0)
            {
                request.Headers.Add("Cookie", Cookie);
            }

            using var response = await browser.SendAsync(request, TestContext.Current.CancellationToken);
            return new((int)response.StatusCode, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), response.Headers.Location?.OriginalString);
        }
    }
}
