using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Xerotier.Gateway.Keys;

namespace Xerotier.Gateway.Tests;

/// <summary>What somebody typed into a form of the console is not lost when the Gateway itself cannot take it (console.md, section 23).</summary>
public sealed partial class KeptFormTests(PostgresFixture postgres)
{
    private const string Incidents = "/console/incidents/new?template=1&x=%22";
    private const string Hostile = "Ä & \"b\"\r\n</form><script>'x'</script>";

    [Fact]
    public async Task A_form_that_comes_too_soon_comes_back_with_what_was_typed_and_is_taken_later()
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>(), settings: new() { ["RateLimits:PublicPerMinute"] = "30" });
        using var browser = new ConsoleBrowser(gateway.Service.HttpAddress);
        await browser.SignInAsync(gateway.PlatformKey);
        var seen = 0;
        var (status, page) = (HttpStatusCode.OK, "");
        while (status == HttpStatusCode.OK)
        {
            seen = gateway.Services.Requests.Count;
            using var response = await SendAsync(browser, browser.Csrf);
            (status, page) = (response.StatusCode, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
            if (status != HttpStatusCode.OK)
            {
                var seconds = response.Headers.RetryAfter!.Delta!.Value.TotalSeconds;
                Assert.Contains($"nothing was done. What you entered is kept on this page. Try again in {seconds} s.", page, StringComparison.Ordinal);
                Assert.Contains("form-action 'self'", response.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
                Assert.Equal("no-store", response.Headers.CacheControl?.ToString());
                await Task.Delay(response.Headers.RetryAfter.Delta.Value, TestContext.Current.CancellationToken);
            }
        }

        Assert.Equal((HttpStatusCode.TooManyRequests, seen), (status, gateway.Services.Requests.Count));
        Assert.DoesNotContain("<script>", page, StringComparison.Ordinal);
        Assert.Equal([("csrf", browser.Csrf), ("title", "x"), ("body", Hostile), ("effects", "api=degraded"), ("effects", "web=outage")], Fields(page));
        Assert.Equal((Incidents, 1, "Send again"), (PathOf(page), Regex.Count(page, "<button"), Regex.Match(page, "<button>(.*?)</button>").Groups[1].Value));

        using var again = ConsoleBrowser.Form([.. Fields(page)]);
        using var taken = await browser.SendAsync("POST", PathOf(page), again);
        var echo = JsonNode.Parse(await taken.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!;
        using var first = Form(browser.Csrf);
        Assert.Equal((int?)first.Headers.ContentLength, (int?)echo["bytes"]);
    }

    [Fact]
    public async Task A_form_that_the_Console_does_not_answer_comes_back_and_says_that_it_may_have_been_done()
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>(), settings: new() { ["Gateway:UpstreamTimeoutSeconds"] = "1" });
        using var browser = new ConsoleBrowser(gateway.Service.HttpAddress);
        await browser.SignInAsync(gateway.PlatformKey);
        foreach (var (expected, answer) in new (int, Func<Microsoft.AspNetCore.Http.HttpContext, Task>)[]
        {
            (503, Break),
            (503, Refuse),
            (504, context => Task.Delay(TimeSpan.FromSeconds(10), context.RequestAborted)),
        })
        {
            gateway.Services.Answer = answer;
            Assert.Equal((expected, true, browser.Csrf), await AskAsync(browser.Csrf));
        }

        gateway.Services.Answer = null;
        using (var json = await SendAsync(browser, browser.Csrf, ("Accept", "application/json")))
        {
            Assert.Equal(HttpStatusCode.OK, json.StatusCode);
        }

        await gateway.Services.DisposeAsync();
        Assert.Equal((503, true, browser.Csrf), await AskAsync(browser.Csrf));
        Assert.Equal((503, false, null), await AskAsync("of another")); // it would only have been shown, and a token is given to nobody
        browser.Cookie = null;
        Assert.Equal((503, false, null), await AskAsync("of another"));
        using var refused = await SendAsync(browser, "of another", ("Accept", "application/json"));
        Assert.Equal("application/json", refused.Content.Headers.ContentType?.MediaType);

        async Task<(int Status, bool MayBeDone, string? Csrf)> AskAsync(string csrf)
        {
            using var response = await SendAsync(browser, csrf);
            var page = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            var fields = Fields(page);
            Assert.Equal(("x", Hostile, Incidents), (fields.Single(field => field.Name == "title").Value, fields.Single(field => field.Name == "body").Value, PathOf(page)));
            Assert.Contains("Try again in a moment.", page, StringComparison.Ordinal);
            Assert.NotEqual(page.Contains("may have been done", StringComparison.Ordinal), page.Contains("nothing was done", StringComparison.Ordinal));
            return ((int)response.StatusCode, page.Contains("may have been done", StringComparison.Ordinal), fields.SingleOrDefault(field => field.Name == "csrf").Value);
        }

        static Task Break(Microsoft.AspNetCore.Http.HttpContext context)
        {
            context.Abort();
            return Task.CompletedTask;
        }

        static Task Refuse(Microsoft.AspNetCore.Http.HttpContext context)
        {
            context.Response.StatusCode = 503;
            return Task.CompletedTask;
        }
    }

    [Fact]
    public async Task Only_the_page_that_sent_a_form_gets_it_back_and_a_flood_is_refused_unread()
    {
        var database = await postgres.Server.CreateDatabaseAsync<Program>();
        await using var gateway = await TestGateway.StartAsync(
            database, settings: new() { ["RateLimits:UnknownKeysPerMinute"] = "1", ["RateLimits:PublicQueriesPerMinute"] = "3", ["RateLimits:SignInFailuresPerMinute"] = "1" });
        using var browser = new ConsoleBrowser(gateway.Service.HttpAddress);
        Assert.Equal("303 /console/sign-in?error=invalid_api_key", await browser.SignInAsync("xero_x"));
        using (var key = ConsoleBrowser.Form(("key", gateway.PlatformKey)))
        using (var refused = await browser.SendAsync("POST", "/console/sign-in", key))
        {
            Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
            var page = await refused.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Assert.DoesNotContain(gateway.PlatformKey, page, StringComparison.Ordinal);
            Assert.Empty(Fields(page));
        }

        // A session that must be looked up, of which one a minute may be unknown.
        browser.Cookie = $"xero_console_{(await PostgresFixture.ColumnAsync(database, "select left(id, 8) from installation")).Single()}={RandomSecret.Create()}";
        Assert.Equal("303 /console/sign-in?error=session_expired&return=%2Fconsole%2F", await browser.GetAsync("/console/"));
        Assert.Empty(await RefusedAsync(browser.Csrf, ("Sec-Fetch-Site", "cross-site")));
        Assert.Empty(await RefusedAsync(browser.Csrf, ("Origin", "https://evil.example")));
        Assert.Equal(["csrf", "title", "body", "effects", "effects"], (await RefusedAsync(browser.Csrf)).Select(field => field.Name));
        Assert.Equal(["title", "body", "effects", "effects"], (await RefusedAsync("of another")).Select(field => field.Name));
        Assert.NotEmpty(await RefusedAsync(browser.Csrf));
        Assert.Empty(await RefusedAsync(browser.Csrf)); // the fourth in a minute
        Assert.DoesNotContain(gateway.Services.Requests, request => request.Method == "POST");

        async Task<List<(string Name, string? Value)>> RefusedAsync(string csrf, params (string, string)[] headers)
        {
            using var response = await SendAsync(browser, csrf, headers);
            Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
            return Fields(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        }
    }

    private static FormUrlEncodedContent Form(string csrf) => ConsoleBrowser.Form(("csrf", csrf), ("title", "x"), ("body", Hostile), ("effects", "api=degraded"), ("effects", "web=outage"));

    private static async Task<HttpResponseMessage> SendAsync(ConsoleBrowser browser, string csrf, params (string, string)[] headers)
    {
        using var form = Form(csrf);
        return await browser.SendAsync("POST", Incidents, form, headers);
    }

    private static List<(string Name, string? Value)> Fields(string page) =>
        [.. HiddenField().Matches(page).Select(field => (WebUtility.HtmlDecode(field.Groups[1].Value), (string?)WebUtility.HtmlDecode(field.Groups[2].Value)))];

    private static string PathOf(string page) => WebUtility.HtmlDecode(FormStart().Match(page).Groups[1].Value);

    [GeneratedRegex("<input type=\"hidden\" name=\"([^\"]*)\" value=\"([^\"]*)\">")]
    private static partial Regex HiddenField();

    [GeneratedRegex("<form method=\"post\" action=\"([^\"]*)\">")]
    private static partial Regex FormStart();
}
