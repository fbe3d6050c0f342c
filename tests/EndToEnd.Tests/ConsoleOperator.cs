using System.Net;
using System.Net.Http.Json;
using System.Text.RegularExpressions;
using Npgsql;
using Xerotier.TestKit;

namespace Xerotier.EndToEnd.Tests;

/// <summary>A page with the fields of its forms.</summary>
internal sealed partial record Answer(int Status, string Html, string? Location)
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
internal sealed class ManySubscribers(string connectionString, string projectId) : IAsyncDisposable
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

/// <summary>Somebody at the console, with a browser that runs no script, and with the API beside it.</summary>
internal sealed class ConsoleOperator(Cluster cluster, string projectId, string key) : IDisposable
{
    private readonly HttpClient browser = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = cluster.Endpoint("gateway", "http") };
    private readonly HttpClient api = cluster.Http(key);

    /// <summary>Somebody with a key of a new project of the platform, signed in.</summary>
    public static async Task<ConsoleOperator> SignedInAsync(Cluster cluster)
    {
        var (project, key) = await cluster.CreateProjectAsync("operators", true, "management");
        var operators = new ConsoleOperator(cluster, project, key);
        await operators.SignInAsync();
        return operators;
    }

    public string ProjectId => projectId;

    public string Key => key;

    public string Cookie { get; set; } = "";

    public async Task SignInAsync()
    {
        Cookie = "";
        await AddKeyAsync(key);
    }

    /// <summary>Signs in with another key beside the first.</summary>
    public async Task AddKeyAsync(string other) => Assert.Equal(303, (await PostAsync("/console/sign-in", await GetAsync("/console/sign-in"), ("key", other))).Status);

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
        if (response.Headers.TryGetValues("Set-Cookie", out var cookies) && cookies.FirstOrDefault(cookie => cookie.StartsWith("xero_console_", StringComparison.Ordinal)) is { } session)
        {
            Cookie = session.Split(';')[0];
        }

        return new((int)response.StatusCode, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), response.Headers.Location?.OriginalString);
    }
}
