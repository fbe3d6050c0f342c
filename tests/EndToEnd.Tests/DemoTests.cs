using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Xerotier.TestKit;

namespace Xerotier.EndToEnd.Tests;

/// <summary>What <c>./run</c> starts on a fresh data folder, with the demo and without.</summary>
public sealed partial class DemoTests : AppHostTests
{
    [Fact]
    public async Task A_fresh_folder_becomes_a_demo_that_says_so_tells_one_story_and_stays_one()
    {
        // A setting of the caller reaches all that read it: a fleet that beats for another threshold would fall silent by itself.
        var host = StartByScript(new() { ["Demo__Seed"] = "18", ["Fleet__StaleAfterSeconds"] = "20" });
        var printed = await host.ReadyAsync(2 * StartTimeout, "xeroctl maintenance schedule ");
        Assert.Contains(printed, line => line.Contains("stops everything.", StringComparison.Ordinal)); // nobody waited for xeroctl
        var token = printed.Select(line => SignInLink().Match(line)).Single(match => match.Success).Groups["token"].Value;
        Assert.Contains($"  The API            http://localhost:{host.Port}/docs", printed);
        Assert.Contains($"  Demo project       its addresses and keys are in {Path.Combine(Data, "demo.env")}", printed);
        using var http = Http(host);
        Assert.Contains("\"stale_after_seconds\":20", await http.GetStringAsync(new Uri(host.Demo["XEROTIER_FLEET_URL"]), TestContext.Current.CancellationToken));
        await Observer.UntilAsync(
            async () => await StatusAsync(http) is var now && now.GetProperty("demo").GetBoolean() && now.GetProperty("windows").GetProperty("recent").GetArrayLength() == 4 && now.GetProperty("overall").GetProperty("key").GetString() == "operational",
            TimeSpan.FromSeconds(30),
            "the history is read, all is well and four windows are there");
        var page = await http.GetStringAsync(new Uri("/status", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Contains("<title>Demo: All Systems Operational", page[..page.IndexOf("</title>", StringComparison.Ordinal)]);
        Assert.Contains("<p class=\"demo\">Demo data: a simulated fleet and 90 days of example history. <a href=\"/console/demo\">Break something</a>", page);

        var status = await StatusAsync(http);
        Assert.True(status.GetProperty("demo").GetBoolean());
        var indicators = status.GetProperty("indicators").EnumerateArray().ToList();
        Assert.Equal(4, indicators.Count);
        Assert.All(indicators, indicator => Assert.Equal(90, indicator.GetProperty("days").GetArrayLength()));
        Assert.All(indicators, indicator => Assert.Equal(0, indicator.GetProperty("days")[89].GetProperty("outage_seconds").GetInt32())); // it does not begin with an outage
        Assert.All(indicators, indicator => Assert.Equal(1, indicator.GetProperty("days").EnumerateArray().Count(day => day.GetProperty("no_data_seconds").GetInt32() == 86_400)));

        // The feed comes after the page. It tells of everything that happened, and nothing else was out.
        string[] told = ["<title>Demo: ", "Slow responses in eu-west", "Inference requests fail in all regions", "Shared agents are not responding", "Router firmware update", "Move of the model store", "Network maintenance", "Database upgrade"];
        await Observer.UntilAsync(
            async () => await http.GetStringAsync(new Uri("/status/history.atom", UriKind.Relative), TestContext.Current.CancellationToken) is var feed && told.All(text => feed.Contains(text, StringComparison.Ordinal)),
            TimeSpan.FromSeconds(30),
            "the feed tells the story");
        Assert.Equal(2, indicators.SelectMany(indicator => indicator.GetProperty("days").EnumerateArray()).Count(day => day.GetProperty("outage_seconds").GetInt32() > 0));
        Assert.Equal("proj_demo000018", new Uri(host.Demo["XEROTIER_BASE_URL"]).Segments[1].TrimEnd('/'));

        await ShowsWhatItSendsAsync(host, http, printed);
        var tried = await ShellAsync(CommandsOf(printed));
        Assert.Contains("Inference Routing", tried);
        Assert.Contains("My first window", tried);
        await Observer.UntilAsync(
            async () => (await http.GetStringAsync(new Uri("/status", UriKind.Relative), TestContext.Current.CancellationToken)).Contains("My first window", StringComparison.Ordinal),
            TimeSpan.FromSeconds(15),
            "the window is on the page");
        const int Announced = 2; // by these two
        await BreaksAndMendsAsync(host, http, token);

        // The link is on the terminal alone.
        Assert.DoesNotContain(token, await File.ReadAllTextAsync(Path.Combine(Data, "logs", "cluster.log"), TestContext.Current.CancellationToken));
        await StopAsync(host, "TERM");
        Assert.Empty(await host.Errors);

        await FailsAsync([], $"The data folder {Data} holds a demo, and stays one: set XEROTIER_DATA to another folder, or leave --no-demo out.", arguments: "--no-demo");
        var again = Start();
        printed = await ReadyAsync(again);
        using var later = Http(again);
        await Observer.UntilAsync(
            async () => await StatusAsync(later) is var after && after.GetProperty("demo").GetBoolean() && after.GetProperty("windows").GetProperty("recent").GetArrayLength() == 4 + Announced,
            TimeSpan.FromSeconds(30),
            "it is the same demo, with its four windows");

        // Nobody has asked for xeroctl here.
        tried = await ShellAsync("curl() { command curl -fsS \"$@\"; }\n" + CommandsOf(printed));
        Assert.Contains("\"silent\":{\"routers\":2,", tried);
        Assert.Contains("\"object\":\"status\"", tried);
        Assert.Contains("\"endpoints\":", tried);
        await StopAsync(again, "TERM");
    }

    [Fact]
    public async Task Without_the_demo_nothing_is_simulated_and_the_folder_stays_real()
    {
        var host = Start(new() { ["Demo__Seed"] = "18", ["XEROTIER_XEROCTL_PROJECT"] = Path.Combine(Solution.Folder, "xeroctl") }, arguments: "--no-demo");
        var printed = await host.ReadyAsync(2 * StartTimeout, "xeroctl projects create ");
        Assert.DoesNotContain(printed, line => line.Contains("fleetsimulator", StringComparison.Ordinal) || line.Contains("/console/link/", StringComparison.Ordinal));
        Assert.Contains($"  Console            http://localhost:{host.Port}/console/  (sign in with the platform key)", printed);
        Assert.Contains($"  The API            http://localhost:{host.Port}/docs", printed);
        Assert.Contains($"  Platform key       in {Path.Combine(Data, "secrets")}, after platform=", printed);
        using (var http = Http(host))
        {
            await AssertRealAsync(http);
        }

        await BreaksNothingAsync(host, (await File.ReadAllLinesAsync(Path.Combine(Data, "secrets"), TestContext.Current.CancellationToken)).Single(line => line.StartsWith("platform=", StringComparison.Ordinal))["platform=".Length..]);
        Assert.Contains("my-team", await ShellAsync(CommandsOf(printed)));
        await StopAsync(host, "TERM", processes: 6);

        // What it measured is real: no later start adds to it.
        var again = Start(new() { ["Demo__Seed"] = "18" });
        Assert.DoesNotContain(await ReadyAsync(again), line => line.Contains("fleetsimulator", StringComparison.Ordinal));
        using (var http = Http(again))
        {
            await AssertRealAsync(http);
        }

        await StopAsync(again, "TERM", processes: 6);

        static async Task AssertRealAsync(HttpClient http)
        {
            var status = await StatusAsync(http);
            Assert.False(status.GetProperty("demo").GetBoolean());
            Assert.Equal(0, status.GetProperty("windows").GetProperty("recent").GetArrayLength());
            Assert.Equal(0, status.GetProperty("incidents").GetArrayLength());
            Assert.DoesNotContain(status.GetProperty("indicators").EnumerateArray(), indicator => indicator.GetProperty("id").GetString() == "cmp_shared_agents");
            Assert.DoesNotContain("Demo", await http.GetStringAsync(new Uri("/status", UriKind.Relative), TestContext.Current.CancellationToken));
        }
    }

    /// <summary>The commands that the terminal says to try, as a user copies them.</summary>
    private static string CommandsOf(IEnumerable<string> printed) => string.Join('\n', printed.Where(line => line.StartsWith("    ", StringComparison.Ordinal)));

    /// <summary>What a user types into a shell prints; none of it fails.</summary>
    private static async Task<string> ShellAsync(string script)
    {
        using var bash = Process.Start(new ProcessStartInfo("bash", ["-ec", script]) { RedirectStandardOutput = true })!;
        var printed = await bash.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await bash.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, bash.ExitCode);
        return printed;
    }

    /// <summary>A notice comes to the page of mails, once its reader has confirmed, and to the sample receiver, which prints what it has verified. A machine may lack what either needs.</summary>
    private async Task ShowsWhatItSendsAsync(AppHostProcess host, HttpClient http, IReadOnlyList<string> printed)
    {
        var hasInbox = printed.Any(line => line.StartsWith("  Mails it sends", StringComparison.Ordinal));
        var hasReceiver = printed.Any(line => line.StartsWith("  Webhooks it sends", StringComparison.Ordinal));
        Assert.True((hasInbox && hasReceiver) || Environment.GetEnvironmentVariable("CI") != "true", "smtp4dev, or Node with npm, is missing.");
        const string Title = "Cooling of the west hall";
        using var operators = new HttpClient { DefaultRequestHeaders = { Authorization = new("Bearer", host.Demo["XEROTIER_API_KEY"]) } };
        var management = $"{host.Demo["XEROTIER_BASE_URL"]}/management";
        using var inbox = new HttpClient();
        if (hasInbox)
        {
            inbox.BaseAddress = new Uri(printed.Select(line => MailPage().Match(line)).Single(match => match.Success).Groups["url"].Value);
            using var form = new FormUrlEncodedContent([new("email", "ada@example.org")]);
            using var taken = await http.PostAsync(new Uri("/status/subscribe", UriKind.Relative), form, TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.Accepted, taken.StatusCode);
            var link = ConfirmLink().Match(await MailAsync("Confirm your subscription"));
            Assert.True(link.Success);
            Assert.StartsWith($"http://localhost:{host.Port}/status/subscriptions/", link.Value);
            using var confirm = new FormUrlEncodedContent([new("action", "confirm")]);
            using var confirmed = await http.PostAsync(new Uri(link.Value), confirm, TestContext.Current.CancellationToken);
            Assert.Contains("You are subscribed.", await confirmed.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        }

        if (hasReceiver)
        {
            await Observer.UntilAsync(async () => Listens().IsMatch(await LogAsync()), TimeSpan.FromSeconds(30), "the receiver listens"); // what it misses twice comes five minutes later
        }

        using var window = await operators.PostAsJsonAsync(
            new Uri($"{management}/maintenance"),
            new { title = Title, description = "Brief.", starts_at = DateTimeOffset.UtcNow.AddHours(48), ends_at = DateTimeOffset.UtcNow.AddHours(49) },
            TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Created, window.StatusCode);
        if (hasInbox)
        {
            Assert.Contains("Brief.", await MailAsync(Title));
        }

        if (hasReceiver)
        {
            await Observer.UntilAsync(async () => Verified().IsMatch(await LogAsync()), TimeSpan.FromSeconds(30), "the receiver prints the window");
            using var subscriptions = JsonDocument.Parse(await operators.GetStringAsync(new Uri($"{management}/subscriptions"), TestContext.Current.CancellationToken));
            var target = subscriptions.RootElement.GetProperty("data").EnumerateArray().Single().GetProperty("target").GetString()!;
            using var forged = new StringContent("{}");
            using var refused = await operators.PostAsync(new Uri(target), forged, TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        }

        Task<string> LogAsync() => File.ReadAllTextAsync(Path.Combine(Data, "logs", "cluster.log"), TestContext.Current.CancellationToken);

        // The text of the mail whose subject has these words, as the page of mails shows it.
        async Task<string> MailAsync(string subject)
        {
            string? id = null;
            await Observer.UntilAsync(
                async () =>
                {
                    using var list = JsonDocument.Parse(await inbox.GetStringAsync(new Uri("/api/messages", UriKind.Relative), TestContext.Current.CancellationToken));
                    id = list.RootElement.GetProperty("results").EnumerateArray()
                        .Where(mail => mail.GetProperty("subject").GetString()!.Contains(subject, StringComparison.Ordinal)).Select(mail => mail.GetProperty("id").GetString()).SingleOrDefault();
                    return id is not null;
                },
                TimeSpan.FromSeconds(30),
                $"a mail: {subject}");
            return await inbox.GetStringAsync(new Uri($"/api/messages/{id}/plaintext", UriKind.Relative), TestContext.Current.CancellationToken);
        }
    }

    /// <summary>The link of the terminal signs somebody in, once; then the fleet falls silent by a form beside what visitors see, and speaks again.</summary>
    private static async Task BreaksAndMendsAsync(AppHostProcess host, HttpClient http, string token)
    {
        using var browser = Http(host); // with its cookies
        using (var entered = await browser.GetAsync(new Uri($"/console/link/{token}", UriKind.Relative), TestContext.Current.CancellationToken))
        {
            Assert.Equal("/console/", entered.RequestMessage!.RequestUri!.AbsolutePath);
            Assert.Contains("<h1>Overview</h1>", await entered.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        }

        using (var again = await http.GetAsync(new Uri($"/console/link/{token}", UriKind.Relative), TestContext.Current.CancellationToken))
        {
            Assert.Contains("This link signs nobody in now", await again.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        }

        var page = await browser.GetStringAsync(new Uri("/console/demo", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Contains("src=\"/status/embed\"", page);
        using (var embedded = await http.GetAsync(new Uri("/status/embed", UriKind.Relative), TestContext.Current.CancellationToken))
        {
            Assert.Contains("frame-ancestors 'self'", embedded.Headers.GetValues("Content-Security-Policy").Single());
        }

        await SendAsync("set", SilentRouters().Match(page).Groups["all"].Value);
        await ShowsAsync("outage");
        await SendAsync("all", "0");
        await ShowsAsync("operational");

        async Task SendAsync(string action, string routers)
        {
            using var form = new FormUrlEncodedContent([
                .. new Answer(200, page, null).FieldsOf("/console/demo").Where(field => field.Name != "routers").Select(field => KeyValuePair.Create(field.Name, field.Value)), new("routers", routers), new("action", action),
            ]);
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("/console/demo", UriKind.Relative)) { Content = form, Headers = { { "Origin", $"http://localhost:{host.Port}" } } };
            using var response = await browser.SendAsync(request, TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode); // of the page that it leads to
        }

        Task ShowsAsync(string status) => Observer.UntilAsync(
            async () => (await StatusAsync(http)).GetProperty("indicators").EnumerateArray().Single(indicator => indicator.GetProperty("id").GetString() == "cmp_inference_routing").GetProperty("status").GetString() == status,
            TimeSpan.FromSeconds(120),
            $"the routers are shown as {status}");
    }

    /// <summary>In the console of what is real nobody finds a way to let anything fall silent, whatever key they have.</summary>
    private static async Task BreaksNothingAsync(AppHostProcess host, string platformKey)
    {
        using var browser = Http(host); // with its cookies
        using var key = new FormUrlEncodedContent([new("key", platformKey)]);
        using var entered = await browser.PostAsync(new Uri("/console/sign-in", UriKind.Relative), key, TestContext.Current.CancellationToken);
        var page = await entered.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Contains("<h1>Projects</h1>", page);
        Assert.DoesNotContain("/console/demo", page);
        using (var shown = await browser.GetAsync(new Uri("/console/demo", UriKind.Relative), TestContext.Current.CancellationToken))
        {
            Assert.Equal(HttpStatusCode.NotFound, shown.StatusCode);
        }

        using var form = new FormUrlEncodedContent([.. new Answer(200, page, null).FieldsOf("/console/platform/projects").Select(field => KeyValuePair.Create(field.Name, field.Value)), new("action", "all")]);
        using var sent = await browser.PostAsync(new Uri("/console/demo", UriKind.Relative), form, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotFound, sent.StatusCode);
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("eighteen")]
    public async Task A_seed_that_is_no_number_is_one_sentence_and_exit_code_1(string seed) =>
        await FailsAsync(new() { ["Demo__Seed"] = seed }, $"Demo__Seed must be a number from 0 to {int.MaxValue}, not '{seed}'.");

    private static Task<IReadOnlyList<string>> ReadyAsync(AppHostProcess host) => host.ReadyAsync(StartTimeout, "stops everything.");

    private static HttpClient Http(AppHostProcess host) => new() { BaseAddress = new Uri($"http://localhost:{host.Port}") };

    private static async Task<JsonElement> StatusAsync(HttpClient http)
    {
        using var json = JsonDocument.Parse(await http.GetStringAsync(new Uri("/status.json", UriKind.Relative), TestContext.Current.CancellationToken));
        return json.RootElement.Clone();
    }

    [GeneratedRegex("^  Console +http://localhost:[0-9]+/console/link/(?<token>[A-Za-z0-9_-]{43})  \\(signs you in once, within 10 minutes\\)$", RegexOptions.ExplicitCapture)]
    private static partial Regex SignInLink();

    [GeneratedRegex("Silent routers, of (?<all>[0-9]+)", RegexOptions.ExplicitCapture)]
    private static partial Regex SilentRouters();

    [GeneratedRegex("^  Mails it sends +(?<url>http://localhost:[0-9]+)  \\(they stay on this machine\\)$", RegexOptions.ExplicitCapture)]
    private static partial Regex MailPage();

    [GeneratedRegex("http://\\S+/status/subscriptions/[A-Za-z0-9_-]{43}")]
    private static partial Regex ConfirmLink();

    [GeneratedRegex("\\[webhookreceiver\\].* Listening on http://127\\.0\\.0\\.1:[0-9]+")]
    private static partial Regex Listens();

    [GeneratedRegex("maintenance\\.scheduled #[0-9]+ msg_")]
    private static partial Regex Verified();
}
