using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using Xerotier.Gateway.Keys;
using Xerotier.Gateway.Limits;
using Xerotier.Gateway.Sessions;
using Xerotier.ServiceDefaults;
using Xerotier.TestKit;

namespace Xerotier.Gateway.Tests;

/// <summary>The sessions of the operators' console: how they begin, what they may do, how they end (console.md, section 23).</summary>
public sealed class ConsoleSessionTests(PostgresFixture postgres)
{
    private const string Home = "/console/";
    private const string SignIn = "/console/sign-in";
    private const string Used = $"303 {SignIn}?error=link_used";

    /// <summary>What is one second, on a machine that does other things too.</summary>
    private const double Soon = 3;

    private static readonly Dictionary<string, string?> BehindProxy = new() { ["Gateway:TrustedProxies:0"] = "127.0.0.0/8" };
    private static readonly (string, string) Json = ("Accept", "application/json");

    [Fact]
    public async Task A_key_that_cannot_sign_in_leads_back_to_the_page_which_learns_why()
    {
        var database = await postgres.Server.CreateDatabaseAsync<Program>();
        await using var gateway = await TestGateway.StartAsync(database);
        var project = await gateway.CreateProjectAsync();
        var kinds = await MatrixTests.KindsAsync(gateway, database, project);
        using var browser = new ConsoleBrowser(gateway.Service.HttpAddress);
        foreach (var (kind, code) in new[]
        {
            ("no key", "invalid_api_key"), ("garbage", "invalid_api_key"), ("unknown", "invalid_api_key"), ("expired", "expired_api_key"), ("rotated past grace", "expired_api_key"),
            ("revoked", "revoked_api_key"), ("suspended", "project_suspended"), ("IP not allowed", "ip_not_allowed"), ("inference", "scope_insufficient"), ("heartbeat", "scope_insufficient"),
        })
        {
            Assert.Equal((kind, $"303 {SignIn}?error={code}"), (kind, await browser.SignInAsync(kinds[kind])));
            Assert.Equal((kind, $"303 {SignIn}?error={code}&return=%2Fconsole%2Fwindows%3Fstatus%3Dactive"), (kind, await browser.SignInAsync(kinds[kind], "/console/windows?status=active")));
            Assert.Null(browser.Cookie);
        }

        foreach (var kind in new[] { "management", "every scope", "rotated within grace", "platform" })
        {
            using var other = new ConsoleBrowser(gateway.Service.HttpAddress);
            Assert.Equal((kind, $"303 {Home}"), (kind, await other.SignInAsync($" {kinds[kind]}\n")));
            Assert.Equal((kind, "200"), (kind, await other.GetAsync(Home)));
        }

        foreach (var elsewhere in new[] { "https://evil.example/", "//evil.example/", "/status", "/console/../status", "/console/%2e%2e/status", "/console//evil.example", "/console/\\evil.example", "/console/a\r\nb", "/console/windows?a#b" })
        {
            Assert.Equal((elsewhere, $"303 {Home}"), (elsewhere, await browser.SignInAsync(kinds["management"], elsewhere)));
        }

        Assert.Equal("303 /console/windows?status=active", await browser.SignInAsync(kinds["management"], "/console/windows?status=active"));
    }

    /// <summary>With a link on another site no browser sends a cookie of SameSite=Strict, through all redirects.</summary>
    [Theory]
    [InlineData("/console/maintenance?status=active", "/console/maintenance?status=active")]
    [InlineData("/console/keys?a=%22%3E", "/console/keys?a=%22%3E")]
    [InlineData("/console/sign-in", Home)]
    [InlineData("/console/sign-in?return=https%3A%2F%2Fevil.example%2F", Home)]
    public async Task A_link_on_another_site_leads_to_a_page_of_ours_that_goes_on(string link, string wanted)
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>());
        using var browser = new ConsoleBrowser(gateway.Service.HttpAddress);
        await Eventually.TrueAsync(async () => await browser.GetAsync(SignIn) == "200", "the database is read");
        (string, string) fromElsewhere = ("Sec-Fetch-Site", "cross-site");
        if (!link.StartsWith(SignIn, StringComparison.Ordinal))
        {
            var signIn = $"{SignIn}?return={Uri.EscapeDataString(link)}";
            Assert.Equal($"303 {signIn}", await browser.GetAsync(link, fromElsewhere));
            link = signIn;
        }

        using var response = await browser.SendAsync("GET", link, null, fromElsewhere);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Contains($"<meta http-equiv=\"refresh\" content=\"0;url={wanted}\">", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", response.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.True(response.Headers.CacheControl?.NoStore);
    }

    [Fact]
    public async Task A_session_holds_a_key_of_a_project_and_a_platform_key_and_may_put_either_down()
    {
        var database = await postgres.Server.CreateDatabaseAsync<Program>();
        await using var gateway = await TestGateway.StartAsync(database);
        var project = await gateway.CreateProjectAsync();
        var (keyId, key) = await gateway.CreateKeyAsync(project, "management");
        using var browser = new ConsoleBrowser(gateway.Service.HttpAddress);
        await browser.SignInAsync(key);
        var first = browser.Cookie;
        var began = await OneAsync(database, "select created_at from console_sessions");
        await browser.SignInAsync(gateway.PlatformKey);
        Assert.NotEqual(first, browser.Cookie); // no secret is known from before a sign-in
        Assert.Equal(began, await OneAsync(database, "select created_at from console_sessions")); // and it lasts no longer

        var held = await HeldAsync(gateway, browser);
        Assert.Equal(new(project, "Test", false, "test-key", keyId), held.Project);
        Assert.Equal((null, "platform (configured)"), (held.Platform!.ProjectId, held.Platform.KeyName));
        Assert.InRange(held.EndsAt, DateTimeOffset.UtcNow.AddHours(11.9), DateTimeOffset.UtcNow.AddHours(12.1));
        using (var old = new ConsoleBrowser(gateway.Service.HttpAddress) { Cookie = first })
        {
            Assert.Equal($"303 {SignIn}?error=session_expired&return=%2Fconsole%2F", await old.GetAsync(Home));
        }

        var other = await gateway.CreateProjectAsync();
        await browser.SignInAsync((await gateway.CreateKeyAsync(other, "management")).Key);
        held = await HeldAsync(gateway, browser);
        Assert.Equal((other, "platform (configured)"), (held.Project!.ProjectId, held.Platform!.KeyName));

        Assert.Equal("400", await browser.PostAsync("/console/sign-out", ("csrf", browser.Csrf), ("of", "everything")));
        Assert.Equal($"303 {Home}", await browser.PostAsync("/console/sign-out", ("csrf", browser.Csrf), ("of", "platform")));
        held = await HeldAsync(gateway, browser);
        Assert.Equal((other, null), (held.Project!.ProjectId, held.Platform));
        Assert.Equal($"303 {SignIn}", await browser.PostAsync("/console/sign-out", ("csrf", browser.Csrf), ("of", "project")));
        Assert.Null(browser.Cookie);
        Assert.Equal("0", await OneAsync(database, "select count(*) from console_sessions"));
    }

    [Fact]
    public async Task The_cookie_is_Secure_and_of_this_host_alone_behind_TLS_and_names_the_installation_without()
    {
        var database = await postgres.Server.CreateDatabaseAsync<Program>();
        await using var gateway = await TestGateway.StartAsync(database, settings: BehindProxy);
        using (var local = new ConsoleBrowser(gateway.Service.HttpAddress))
        {
            Assert.Equal($"303 {Home}", await local.SignInAsync(gateway.PlatformKey));
            var installation = await OneAsync(database, "select left(id, 8) from installation");
            Assert.Equal(($"xero_console_{installation}", "Path=/; HttpOnly; SameSite=Strict", 43), (local.Cookie!.Split('=')[0], local.Flags, local.Secret.Length));
            Assert.Equal(("200", "http"), (await local.GetAsync(Home), gateway.Services.Requests.Last().Headers[ConsoleSession.SchemeHeader]));
            Assert.Equal($"303 {SignIn}", await local.PostAsync("/console/sign-out", ("csrf", local.Csrf)));
            Assert.Equal("Path=/; HttpOnly; SameSite=Strict; Max-Age=0", local.Flags);
        }

        using var remote = new ConsoleBrowser(gateway.Service.HttpAddress, ("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-Proto", "https"), ("Host", "status.example"));
        Assert.Equal($"303 {Home}", await remote.SignInAsync(gateway.PlatformKey));
        Assert.Equal(("__Host-xero_console", "Path=/; HttpOnly; SameSite=Strict; Secure"), (remote.Cookie!.Split('=')[0], remote.Flags));
        Assert.Equal(("200", "https"), (await remote.GetAsync(Home), gateway.Services.Requests.Last().Headers[ConsoleSession.SchemeHeader])); // by which the Console marks its own cookie
        Assert.Equal([$"\\x{Convert.ToHexStringLower(RandomSecret.Hash(remote.Secret))}"], await PostgresFixture.ColumnAsync(database, "select hash::text from console_sessions")); // and nothing that opens it

        // Nor is a page over plain HTTP of the same name one of ours.
        foreach (var (origin, expected) in new[] { ("https://status.example", "200"), ("http://status.example", "403 csrf_failed"), ("https://status.example:8443", "403 csrf_failed") })
        {
            using var form = ConsoleBrowser.Form(("csrf", remote.Csrf));
            Assert.Equal((origin, expected), (origin, await ConsoleBrowser.CodeAsync(remote.SendAsync("POST", "/console/windows", form, Json, ("Origin", origin)))));
        }

        // The cookie of one kind is none of the other.
        using var mixed = new ConsoleBrowser(gateway.Service.HttpAddress) { Cookie = remote.Cookie };
        Assert.Equal($"303 {SignIn}?return=%2Fconsole%2F", await mixed.GetAsync(Home));
    }

    [Theory]
    [InlineData(true, "X-Forwarded-For", "203.0.113.9")]
    [InlineData(true, "X-Forwarded-Proto", "https, http")]
    [InlineData(false, "X-Forwarded-For", "127.0.0.1")]
    [InlineData(false, "X-Forwarded-Proto", "https")]
    [InlineData(false, "Forwarded", "for=127.0.0.1;proto=https")]
    [InlineData(false, "Host", "status.example")]
    public async Task Over_plain_HTTP_from_elsewhere_there_is_a_sentence_and_no_console(bool isTrusted, string header, string value)
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>(), settings: isTrusted ? BehindProxy : null);
        using var browser = new ConsoleBrowser(gateway.Service.HttpAddress, header == "X-Forwarded-Proto" && isTrusted ? [("X-Forwarded-For", "203.0.113.9"), (header, value)] : [(header, value)]);
        foreach (var path in new[] { "/console", Home, SignIn, "/console/windows", "/console/assets/console.css" })
        {
            Assert.Equal((path, "403"), (path, await browser.GetAsync(path)));
        }

        Assert.Equal("403", await browser.SignInAsync(gateway.PlatformKey));
        Assert.Equal("403", await browser.PostAsync("/console/sign-out"));
        Assert.Null(browser.Cookie);
        using var page = await browser.SendAsync("GET", Home, null);
        Assert.Equal("text/html", page.Content.Headers.ContentType?.MediaType);
        Assert.Contains("https://", await page.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal("403 https_required", await ConsoleBrowser.CodeAsync(browser.SendAsync("GET", Home, null, Json)));
        Assert.Empty(gateway.Services.Requests);
    }

    [Fact]
    public async Task A_form_counts_from_a_page_of_its_own_session_alone()
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>());
        using var browser = new ConsoleBrowser(gateway.Service.HttpAddress);
        await browser.SignInAsync(gateway.PlatformKey);
        using var other = new ConsoleBrowser(gateway.Service.HttpAddress);
        await other.SignInAsync(gateway.PlatformKey);
        foreach (var path in new[] { "/console/windows", "/console/sign-out" })
        {
            foreach (var wrong in new[] { null, "", "x", other.Csrf, browser.Csrf + "=", browser.Secret })
            {
                Assert.Equal((path, wrong, "403 csrf_failed"), (path, wrong, await SendAsync(path, wrong)));
            }

            foreach (var from in new[] { ("Origin", "https://evil.example"), ("Origin", "http://127.0.0.1"), ("Origin", gateway.Service.HttpAddress.GetLeftPart(UriPartial.Authority).Replace("http:", "https:", StringComparison.Ordinal)), ("Origin", "null"), ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Site", "same-site") })
            {
                Assert.Equal((path, from, "403 csrf_failed"), (path, from, await SendAsync(path, browser.Csrf, from)));
            }

            using var twice = ConsoleBrowser.Form(("csrf", browser.Csrf), ("csrf", browser.Csrf));
            Assert.Equal("403 csrf_failed", await ConsoleBrowser.CodeAsync(browser.SendAsync("POST", path, twice, Json)));
            using var query = ConsoleBrowser.Form(("title", "x"));
            Assert.Equal("403 csrf_failed", await ConsoleBrowser.CodeAsync(browser.SendAsync("POST", $"{path}?csrf={browser.Csrf}", query, Json)));
        }

        Assert.Empty(gateway.Services.Requests);
        var own = gateway.Service.HttpAddress.GetLeftPart(UriPartial.Authority);
        foreach (var from in new[] { ("Origin", own), ("Sec-Fetch-Site", "same-origin"), ("X", "y") })
        {
            Assert.Equal((from, "200"), (from, await SendAsync("/console/windows", browser.Csrf, from)));
        }

        using var form = ConsoleBrowser.Form(("csrf", browser.Csrf), ("title", "Ä & b"));
        var length = form.Headers.ContentLength;
        using var passed = await browser.SendAsync("POST", "/console/windows?a=b", form);
        Assert.Equal(length, (int?)JsonNode.Parse(await passed.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!["bytes"]); // as it was sent
        Assert.Equal("/console/windows?a=b", gateway.Services.Requests.Last().Path);

        using var json = new StringContent("{}", Encoding.UTF8, "application/json");
        Assert.Equal("415 unsupported_media_type", await ConsoleBrowser.CodeAsync(browser.SendAsync("POST", "/console/windows", json, Json)));
        var signedIn = browser.Cookie;
        foreach (var wrong in new[] { null, "", other.Csrf })
        {
            Assert.Equal((wrong, $"303 {SignIn}?error=csrf_failed"), (wrong, await browser.PostAsync(SignIn, ("key", gateway.PlatformKey), ("csrf", wrong)))); // nor does another's key join the session
            Assert.Equal(signedIn, browser.Cookie);
        }

        Assert.Equal($"303 {Home}", await browser.SignInAsync(gateway.PlatformKey));
        using var key = ConsoleBrowser.Form(("key", gateway.PlatformKey));
        Assert.Equal("403 csrf_failed", await ConsoleBrowser.CodeAsync(browser.SendAsync("POST", SignIn, key, Json, ("Origin", "https://evil.example")))); // nobody is signed in from elsewhere
        browser.Cookie = null;
        Assert.Equal("401 session_expired", await SendAsync("/console/windows", other.Csrf));
        using var none = ConsoleBrowser.Form();
        using var signOut = await browser.SendAsync("POST", "/console/sign-out", none, Json, ("Sec-Fetch-Site", "cross-site"));
        Assert.Equal((HttpStatusCode.Forbidden, false), (signOut.StatusCode, signOut.Headers.Contains("Set-Cookie"))); // nor is anybody signed out

        async Task<string> SendAsync(string path, string? csrf, params (string, string)[] headers)
        {
            using var body = ConsoleBrowser.Form(("csrf", csrf), ("title", "x"));
            return await ConsoleBrowser.CodeAsync(browser.SendAsync("POST", path, body, [Json, .. headers]));
        }
    }

    [Fact]
    public async Task A_form_of_another_session_comes_to_the_Console_to_be_shown_and_not_to_be_obeyed()
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>(), settings: new() { ["RateLimits:PublicQueriesPerMinute"] = "3" });
        using var browser = new ConsoleBrowser(gateway.Service.HttpAddress);
        await browser.SignInAsync(gateway.PlatformKey); // the first of three
        Assert.Equal("200", await browser.PostAsync("/console/windows", ("csrf", browser.Csrf), ("title", "x")));
        Assert.Equal((browser.Secret, null), Seen());
        Assert.Equal("200", await browser.PostAsync("/console/windows", ("csrf", "of another"), ("title", "x")));
        Assert.Equal((null, browser.Csrf), Seen()); // a Console that does not know the header can do nothing either

        browser.Cookie = null;
        Assert.Equal("200", await browser.PostAsync("/console/windows", ("csrf", "of another"), ("title", "x")));
        Assert.Equal((null, "-"), Seen());
        using var forged = ConsoleBrowser.Form(("title", "x"));
        using var elsewhere = await browser.SendAsync("POST", "/console/windows", forged, ("Sec-Fetch-Site", "cross-site"), ("Xerotier-Session-Interrupted", "1"));
        Assert.Equal(HttpStatusCode.Unauthorized, elsewhere.StatusCode);
        Assert.Equal("200", await browser.PostAsync("/console/windows", ("title", "x")));
        Assert.Equal("429", await browser.PostAsync("/console/windows", ("title", "x"))); // nobody is known by it
        Assert.Equal(4, gateway.Services.Requests.Count);

        // The session's secret, with which the Console may act, and what comes in place of it.
        (string?, string?) Seen()
        {
            var headers = gateway.Services.Requests.Last().Headers;
            return (headers.GetValueOrDefault(ConsoleSession.SecretHeader), headers.GetValueOrDefault(ConsoleSession.InterruptedHeader));
        }
    }

    [Fact]
    public async Task A_sign_out_is_seen_by_every_Gateway_within_a_second()
    {
        var database = await postgres.Server.CreateDatabaseAsync<Program>();
        await using var first = await TestGateway.StartAsync(database);
        await using var second = await TestGateway.StartAsync(database, platformKey: first.PlatformKey);
        using var browser = new ConsoleBrowser(first.Service.HttpAddress);
        await browser.SignInAsync(first.PlatformKey);
        using var there = new ConsoleBrowser(second.Service.HttpAddress) { Cookie = browser.Cookie };
        using var here = new ConsoleBrowser(first.Service.HttpAddress) { Cookie = browser.Cookie };
        Assert.Equal(("200", "200"), (await there.GetAsync(Home), await here.GetAsync(Home)));
        Assert.Equal($"303 {SignIn}", await browser.PostAsync("/console/sign-out", ("csrf", browser.Csrf)));
        Assert.Equal($"303 {SignIn}?error=session_expired&return=%2Fconsole%2F", await here.GetAsync(Home)); // at once
        Assert.Equal($"303 {SignIn}?error=session_expired&return=%2Fconsole%2Fwindows%3Fstatus%3Dactive", await here.GetAsync("/console/windows?status=active"));
        await EndedAsync(there, "signed out at the other Gateway");
    }

    [Fact]
    public async Task A_session_ends_with_its_key()
    {
        var database = await postgres.Server.CreateDatabaseAsync<Program>();
        var port = TestPorts.Free();
        await using var gateway = await TestGateway.StartAsync(database);
        await using var other = await TestGateway.StartAsync(database, platformKey: gateway.PlatformKey, settings: new() { ["INTERNAL_PORT"] = $"{port}" });
        var project = await gateway.CreateProjectAsync();
        var (id, key) = await gateway.CreateKeyAsync(project, "management");
        using var browser = new ConsoleBrowser(other.Service.HttpAddress);
        await browser.SignInAsync(key);
        using var console = ConsoleBrowser.Service(port);
        var path = $"/{project}/v1/management/keys";
        Assert.Equal(("200", "200"), (await browser.GetAsync(Home), await ConsoleBrowser.CodeAsync(ConsoleBrowser.AskAsync(console, "GET", path, browser.Secret))));
        Assert.Equal(200, (await gateway.SendAsync("DELETE", $"/{project}/v1/management/keys/{id}", key)).Status);
        await EndedAsync(browser, "the key is revoked");
        Assert.Equal("401 session_expired", await ConsoleBrowser.CodeAsync(ConsoleBrowser.AskAsync(console, "GET", path, browser.Secret)));
        using (var form = ConsoleBrowser.Form(("csrf", browser.Csrf)))
        {
            Assert.Equal("401 session_expired", await ConsoleBrowser.CodeAsync(browser.SendAsync("POST", "/console/windows", form, Json)));
        }

        // What the session holds beside it goes on, and the page without a session has no token to send.
        Assert.Equal($"303 {Home}", await browser.PostAsync(SignIn, ("key", gateway.PlatformKey)));
        Assert.Equal("200", await browser.GetAsync(Home));
        var held = await HeldAsync(other, browser);
        Assert.Equal((null, "platform (configured)"), (held.Project, held.Platform!.KeyName));
    }

    [Fact]
    public async Task A_session_is_of_a_key_whichever_value_it_has()
    {
        var database = await postgres.Server.CreateDatabaseAsync<Program>();
        var port = TestPorts.Free();
        await using var gateway = await TestGateway.StartAsync(database, settings: new() { ["INTERNAL_PORT"] = $"{port}", ["Keys:RotationGraceHours"] = "0" });
        var project = await gateway.CreateProjectAsync();
        var (id, key) = await gateway.CreateKeyAsync(project, "management");
        var rotate = $"/{project}/v1/management/keys/{id}/rotate";
        using var browser = new ConsoleBrowser(gateway.Service.HttpAddress);
        await browser.SignInAsync(key);
        using var console = ConsoleBrowser.Service(port);
        using var answer = await ConsoleBrowser.AskAsync(console, "POST", rotate, browser.Secret);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var newer = (string)JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!["key"]!;
        await Eventually.TrueAsync(async () => (await gateway.SendAsync("GET", rotate[..^7], key)).Status == 401, "the old value has ended");
        Assert.Equal(("200", "200"), (await browser.GetAsync(Home), await ConsoleBrowser.CodeAsync(ConsoleBrowser.AskAsync(console, "GET", rotate[..^(id.Length + 8)], browser.Secret))));
        using var other = new ConsoleBrowser(gateway.Service.HttpAddress);
        Assert.Equal($"303 {SignIn}?error=expired_api_key", await other.SignInAsync(key)); // nobody begins with it
        Assert.Equal($"303 {Home}", await other.SignInAsync(newer));

        // A key has a number of sessions, not each of its values, and the least used ones go.
        await ExecuteAsync(database, $"""
            insert into console_sessions (hash, project_value, created_at, last_used_at)
            select sha256(n::text::bytea), (select project_value from console_sessions where last_used_at = (select min(last_used_at) from console_sessions)), now(), now() - make_interval(secs => n)
            from generate_series(1, {SessionStore.MaxOfKey + 20}) n
            """);
        using var third = new ConsoleBrowser(gateway.Service.HttpAddress);
        Assert.Equal($"303 {Home}", await third.SignInAsync(newer));
        Assert.Equal($"{SessionStore.MaxOfKey}", await OneAsync(database, "select count(*) from console_sessions"));
        Assert.Equal(("200", "200", "200"), (await browser.GetAsync(Home), await other.GetAsync(Home), await third.GetAsync(Home)));

        Assert.Equal(200, (await gateway.SendAsync("DELETE", rotate[..^7], newer)).Status);
        await EndedAsync(browser, "the key is revoked");
        await EndedAsync(third, "the key is revoked");
    }

    [Fact]
    public async Task Sessions_of_the_configured_platform_key_end_when_another_value_is_configured()
    {
        var database = await postgres.Server.CreateDatabaseAsync<Program>();
        await using var gateway = await TestGateway.StartAsync(database);
        using var browser = new ConsoleBrowser(gateway.Service.HttpAddress);
        await browser.SignInAsync(gateway.PlatformKey);
        Assert.Equal("200", await browser.GetAsync(Home));
        await using var later = await TestGateway.StartAsync(database, platformKey: ApiKeyValue.Create("platform"));
        await EndedAsync(browser, "another value is configured");
    }

    [Fact]
    public async Task A_session_ends_when_it_is_not_used_and_after_its_longest_time()
    {
        var database = await postgres.Server.CreateDatabaseAsync<Program>();
        await using var gateway = await TestGateway.StartAsync(database);
        using var idle = new ConsoleBrowser(gateway.Service.HttpAddress);
        await idle.SignInAsync(gateway.PlatformKey);
        await ExecuteAsync(database, "update console_sessions set last_used_at = now() - interval '59 minutes'");
        Assert.Equal("200", await idle.GetAsync(Home));
        await Eventually.TrueAsync(async () => await OneAsync(database, "select (last_used_at > now() - interval '1 minute')::text from console_sessions") == "true", "the use is written", seconds: 10);
        await ExecuteAsync(database, "update console_sessions set last_used_at = now() - interval '61 minutes'");
        await EndedAsync(idle, "not used for an hour");
        Assert.Equal("401 session_expired", await ConsoleBrowser.CodeAsync(idle.SendAsync("GET", Home, null, Json)));
        Assert.Equal("401 session_expired", await ConsoleBrowser.CodeAsync(idle.SendAsync("GET", "/console/windows", null, ("Xerotier-Live", "1"), Json)));

        using var old = new ConsoleBrowser(gateway.Service.HttpAddress);
        await old.SignInAsync(gateway.PlatformKey);
        Assert.Equal("200", await old.GetAsync(Home));
        await ExecuteAsync(database, "update console_sessions set created_at = now() - interval '12 hours 1 second'");
        await EndedAsync(old, "12 hours old");

        // Neither comes back by a sign-in that takes it along, and both are removed.
        var secret = old.Cookie;
        await old.SignInAsync((await gateway.CreateKeyAsync(await gateway.CreateProjectAsync(), "management")).Key);
        Assert.Null((await HeldAsync(gateway, old)).Platform);
        Assert.NotEqual(secret, old.Cookie);
        await gateway.Service.Services.GetRequiredService<SessionStore>().RemoveEndedAsync();
        Assert.Equal("1", await OneAsync(database, "select count(*) from console_sessions"));
    }

    [Fact]
    public async Task Without_Postgres_a_known_session_goes_on_for_the_grace_period()
    {
        await using var own = await TestPostgres.StartAsync();
        var database = await own.CreateDatabaseAsync<Program>();
        var time = new LaterTime();
        await using var gateway = await TestGateway.StartAsync(database, configure: services => services.AddSingleton<TimeProvider>(time));
        using var browser = new ConsoleBrowser(gateway.Service.HttpAddress);
        await browser.SignInAsync(gateway.PlatformKey);
        Assert.Equal("200", await browser.GetAsync(Home));
        using var unknown = new ConsoleBrowser(gateway.Service.HttpAddress) { Cookie = $"{browser.Cookie!.Split('=')[0]}={await ConsoleBrowser.SessionOfAsync(database, gateway.PlatformKey)}" };
        using var leaving = new ConsoleBrowser(gateway.Service.HttpAddress);
        await leaving.SignInAsync(gateway.PlatformKey);
        Assert.Equal("200", await leaving.GetAsync(Home));
        using var stranger = new ConsoleBrowser(gateway.Service.HttpAddress) { Cookie = unknown.Cookie };
        await own.KillAsync();
        var keys = gateway.Service.Services.GetRequiredService<KnownKeys>();
        await Eventually.TrueAsync(() => !keys.IsLive, "the database is away");
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(("200", "200"), (await browser.GetAsync(Home), await browser.PostAsync("/console/windows", ("csrf", browser.Csrf))));
            await Task.Delay(700, TestContext.Current.CancellationToken); // more than one attempt to read
        }

        Assert.Equal("503", await unknown.GetAsync(Home));
        Assert.Equal("403", await leaving.PostAsync("/console/sign-out", ("csrf", "of another")));
        foreach (var one in new[] { leaving, stranger })
        {
            Assert.Equal($"303 {SignIn}?error=sign_out_unfinished", await one.PostAsync("/console/sign-out", ("csrf", one.Csrf)));
            Assert.Null(one.Cookie);
        }

        using var another = new ConsoleBrowser(gateway.Service.HttpAddress);
        Assert.Equal($"303 {SignIn}?error=service_unavailable", await another.SignInAsync(gateway.PlatformKey));
        Assert.Null(another.Cookie);

        time.Ahead = TimeSpan.FromMinutes(6);
        Assert.Equal("503", await browser.GetAsync(Home));
        await own.RestartAsync();
        await Eventually.TrueAsync(async () => await browser.GetAsync(Home) == "200" && await unknown.GetAsync(Home) == "200", "both sessions are found again");
    }

    [Fact]
    public async Task After_five_wrong_keys_in_a_minute_a_client_may_not_try_another()
    {
        var settings = new Dictionary<string, string?>(BehindProxy) { ["RateLimits:SignInFailuresPerMinute"] = $"{new RateLimitOptions().SignInFailuresPerMinute}" };
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>(), settings: settings);
        using var good = Client("203.0.113.9");
        for (var i = 0; i < 10; i++)
        {
            Assert.Equal($"303 {Home}", await good.SignInAsync(gateway.PlatformKey)); // costs nothing
        }

        for (var i = 0; i < 5; i++)
        {
            Assert.Equal($"303 {SignIn}?error=invalid_api_key", await good.SignInAsync(ApiKeyValue.Create("platform")));
        }

        using var form = ConsoleBrowser.Form(("key", gateway.PlatformKey));
        using var refused = await good.SendAsync("POST", SignIn, form, Json);
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 60);
        using var again = ConsoleBrowser.Form(("key", gateway.PlatformKey));
        using var page = await good.SendAsync("POST", SignIn, again);
        Assert.Matches("<p>Too many wrong keys were tried from your network. You can try again in [0-9]+ s.</p>", await page.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal("200", await good.GetAsync(Home)); // who is signed in goes on
        using var other = Client("203.0.113.10");
        Assert.Equal($"303 {Home}", await other.SignInAsync(gateway.PlatformKey));

        ConsoleBrowser Client(string address) => new(gateway.Service.HttpAddress, ("X-Forwarded-For", address), ("X-Forwarded-Proto", "https"));
    }

    [Fact]
    public async Task The_link_signs_in_once_whichever_Gateway_is_asked()
    {
        var database = await postgres.Server.CreateDatabaseAsync<Program>();
        var token = RandomSecret.Create();
        var settings = new Dictionary<string, string?>(BehindProxy) { ["Console:SignInToken"] = token };
        await using var first = await TestGateway.StartAsync(database, settings: settings);
        await using var second = await TestGateway.StartAsync(database, settings: settings, platformKey: first.PlatformKey);
        var project = await first.CreateProjectAsync("demo");
        await first.CreateKeyAsync(project, "management");
        await first.CreateKeyAsync(project, "heartbeat");
        await first.CreateKeyAsync(project, new { name = "bound", scopes = new[] { "management" }, allowed_ips = new[] { "192.0.2.0/24" } });
        var link = $"/console/link/{token}";
        using (var stranger = new ConsoleBrowser(first.Service.HttpAddress, ("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-Proto", "https")))
        {
            Assert.Equal("404", await stranger.GetAsync(link));
        }

        using var wrong = new ConsoleBrowser(first.Service.HttpAddress);
        Assert.Equal("404", await wrong.GetAsync($"/console/link/{RandomSecret.Create()}"));
        Assert.Equal("404", await wrong.GetAsync($"{link}x"));
        using (var head = await wrong.SendAsync("HEAD", link, null))
        {
            Assert.Equal(HttpStatusCode.NotFound, head.StatusCode); // a preview uses it up as little
        }

        Assert.Null(wrong.Cookie);
        var browsers = Enumerable.Range(0, 8).Select(i => new ConsoleBrowser((i % 2 == 0 ? first : second).Service.HttpAddress)).ToList();
        var outcomes = await Task.WhenAll(browsers.Select(browser => browser.GetAsync(link)));
        Assert.Equal([$"303 {Home}", .. Enumerable.Repeat(Used, 7)], outcomes.Order(StringComparer.Ordinal));
        Assert.Equal(Used, await wrong.GetAsync(link));
        Assert.Null(wrong.Cookie);
        using (var stranger = new ConsoleBrowser(first.Service.HttpAddress, ("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-Proto", "https")))
        {
            Assert.Equal("404", await stranger.GetAsync(link));
        }

        var signedIn = browsers.Single(browser => browser.Cookie is not null);
        var secret = signedIn.Secret;
        Assert.Equal(($"303 {Home}", secret), (await signedIn.GetAsync(link), signedIn.Secret)); // a second click
        var held = await HeldAsync(browsers.IndexOf(signedIn) % 2 == 0 ? first : second, signedIn);
        Assert.Equal((project, "test-key", "platform (configured)"), (held.Project!.ProjectId, held.Project.KeyName, held.Platform!.KeyName));
        browsers.ForEach(browser => browser.Dispose());
    }

    [Fact]
    public async Task The_link_is_there_for_ten_minutes_and_only_where_it_is_set()
    {
        var database = await postgres.Server.CreateDatabaseAsync<Program>();
        var (token, time) = (RandomSecret.Create(), new LaterTime());
        await using var gateway = await TestGateway.StartAsync(database, settings: new() { ["Console:SignInToken"] = token }, configure: services => services.AddSingleton<TimeProvider>(time));
        await using var without = await TestGateway.StartAsync(database, platformKey: gateway.PlatformKey);
        using var elsewhere = new ConsoleBrowser(without.Service.HttpAddress);
        using var browser = new ConsoleBrowser(gateway.Service.HttpAddress);
        Assert.Equal("404", await elsewhere.GetAsync($"/console/link/{token}"));
        time.Ahead = TimeSpan.FromMinutes(10);
        Assert.Equal((Used, null), (await browser.GetAsync($"/console/link/{token}"), browser.Cookie));
        time.Ahead = TimeSpan.FromMinutes(9);
        Assert.Equal($"303 {Home}", await browser.GetAsync($"/console/link/{token}"));
    }

    [Fact]
    public async Task For_the_Console_a_session_may_do_what_its_key_may_and_no_more()
    {
        var database = await postgres.Server.CreateDatabaseAsync<Program>();
        var port = TestPorts.Free();
        await using var gateway = await TestGateway.StartAsync(database, settings: new() { ["INTERNAL_PORT"] = $"{port}" });
        var (one, other) = (await gateway.CreateProjectAsync(), await gateway.CreateProjectAsync());
        using var browser = new ConsoleBrowser(gateway.Service.HttpAddress);
        await browser.SignInAsync((await gateway.CreateKeyAsync(one, "management")).Key);
        using var console = ConsoleBrowser.Service(port);
        await AssertAsync("200", $"/{one}/v1/management/keys");
        await AssertAsync("200", $"/{one}/v1/management/maintenance");
        await AssertAsync("403 project_mismatch", $"/{other}/v1/management/keys");
        await AssertAsync("403 project_mismatch", $"/{other}/v1/management/maintenance");
        await AssertAsync("403 project_mismatch", $"/{other}/v1/health/dashboard");
        await AssertAsync("403 scope_insufficient", "/v1/platform/projects");
        await AssertAsync("401 session_expired", $"/{one}/v1/management/keys", RandomSecret.Create());
        await AssertAsync("401 session_expired", $"/{one}/v1/management/keys", "");
        await AssertAsync("400 invalid_request", $"/{one}/v1/management/keys", client: null);
        await AssertAsync("400 invalid_request", $"/{one}/v1/management/keys", client: "203.0.113.9, 127.0.0.1");
        Assert.DoesNotContain(gateway.Services.Requests, request => request.Path.Contains(other, StringComparison.Ordinal));

        var bound = await ConsoleBrowser.SessionOfAsync(database, (await gateway.CreateKeyAsync(one, new { name = "bound", scopes = new[] { "management" }, allowed_ips = new[] { "192.0.2.0/24" } })).Key);
        await AssertAsync("200", $"/{one}/v1/management/keys", bound, "192.0.2.7");
        await AssertAsync("403 ip_not_allowed", $"/{one}/v1/management/keys", bound, "203.0.113.9");

        using var service = ConsoleBrowser.Service(port, "statusservice");
        using var asked = await ConsoleBrowser.AskAsync(service, "GET", $"/{one}/v1/management/keys", browser.Secret);
        Assert.Equal(HttpStatusCode.NotFound, asked.StatusCode); // it is there for the Console alone
        service.DefaultRequestHeaders.Authorization = null;
        using var anybody = await ConsoleBrowser.AskAsync(service, "GET", $"/{one}/v1/management/keys", browser.Secret);
        Assert.Equal(HttpStatusCode.Unauthorized, anybody.StatusCode);

        async Task AssertAsync(string expected, string path, string? secret = null, string? client = "127.0.0.1") =>
            Assert.Equal((path, expected), (path, await ConsoleBrowser.CodeAsync(ConsoleBrowser.AskAsync(console, "GET", path, secret ?? browser.Secret, client))));
    }

    [Fact]
    public async Task On_the_public_port_a_sessions_secret_is_no_key()
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>());
        var project = await gateway.CreateProjectAsync();
        using var browser = new ConsoleBrowser(gateway.Service.HttpAddress);
        await browser.SignInAsync((await gateway.CreateKeyAsync(project, "management")).Key);
        var path = $"/{project}/v1/management/keys";
        Assert.Equal("401 missing_api_key", await ConsoleBrowser.CodeAsync(browser.SendAsync("GET", path, null, Json))); // nor is the cookie
        Assert.Equal("401 missing_api_key", await ConsoleBrowser.CodeAsync(browser.SendAsync("GET", path, null, Json, (ConsoleSession.SecretHeader, browser.Secret))));
        Assert.Equal("401 invalid_api_key", await ConsoleBrowser.CodeAsync(browser.SendAsync("GET", path, null, Json, ("Authorization", $"Bearer {browser.Secret}"))));
    }

    [Fact]
    public async Task The_Console_learns_of_a_session_from_the_Gateway_alone()
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>());
        var forged = new ConsoleSession(new("proj_victim", "Victim", true, "root", "key_1"), new(null, null, false, "root", "key_2"), DateTimeOffset.UtcNow.AddDays(1)).ToHeader();
        (string, string)[] headers =
            [(ConsoleSession.SecretHeader, RandomSecret.Create()), (ConsoleSession.HeldHeader, forged), ("xerotier-session", "x"), ("Authorization", "Bearer x"), ("X-Forwarded-Host", "evil.example")];
        using var browser = new ConsoleBrowser(gateway.Service.HttpAddress);
        foreach (var path in new[] { SignIn, "/console/assets/console.css" })
        {
            Assert.Equal((path, "200"), (path, await browser.GetAsync(path, headers[..4])));
            var sent = gateway.Services.Requests.Last().Headers;
            Assert.DoesNotContain(sent.Keys, name => name.StartsWith("Xerotier-Session", StringComparison.OrdinalIgnoreCase));
            Assert.StartsWith("Bearer ey", sent["Authorization"], StringComparison.Ordinal);
        }

        Assert.Equal($"303 {SignIn}?return=%2Fconsole%2Fwindows", await browser.GetAsync("/console/windows", headers[..4]));
        await browser.SignInAsync(gateway.PlatformKey);
        var secret = browser.Secret;
        browser.Cookie = $"{browser.Cookie}; xero_zone=Europe/Berlin; other=1";
        Assert.Equal("200", await browser.GetAsync("/console/windows", headers[..4]));
        var received = gateway.Services.Requests.Last().Headers;
        Assert.Equal((secret, "xero_zone=Europe%2FBerlin"), (received[ConsoleSession.SecretHeader], received["Cookie"]));
        var held = ConsoleSession.FromHeader(received[ConsoleSession.HeldHeader]);
        Assert.Equal((null, "platform (configured)"), (held.Project, held.Platform!.KeyName));

        // An error of the Console goes through as it is, and so does what it says of its pages.
        gateway.Services.Answer = context =>
        {
            context.Response.Headers.ContentSecurityPolicy = "default-src 'none'";
            return Task.CompletedTask;
        };
        using var page = await browser.SendAsync("GET", Home, null);
        Assert.Equal("default-src 'none'", page.Headers.GetValues("Content-Security-Policy").Single());
        Assert.False(page.Headers.Contains(ConsoleSession.SecretHeader));
    }

    [Fact]
    public async Task Who_acts_in_a_session_is_the_key_by_the_console()
    {
        var database = await postgres.Server.CreateDatabaseAsync<Program>();
        var port = TestPorts.Free();
        await using var gateway = await TestGateway.StartAsync(database, settings: new() { ["INTERNAL_PORT"] = $"{port}" });
        var project = await gateway.CreateProjectAsync();
        var (keyId, key) = await gateway.CreateKeyAsync(project, "management");
        using var browser = new ConsoleBrowser(gateway.Service.HttpAddress);
        await browser.SignInAsync(key);
        using var console = ConsoleBrowser.Service(port);
        using var created = await ConsoleBrowser.AskAsync(console, "POST", $"/{project}/v1/management/keys", browser.Secret, body: """{"name":"by hand","scopes":["management"]}""");
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        var answer = JsonNode.Parse(await created.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!;
        Assert.Equal("test-key (console)", (string?)answer["created_by"]);
        Assert.Equal([$"test-key (console) {keyId}"], await PostgresFixture.ColumnAsync(database, $"select actor || ' ' || actor_key_id from key_events where key_id = '{answer["id"]}'"));

        // The services learn the same, and what is done with the key itself keeps its name, whichever came first.
        foreach (var expected in new[] { "test-key (console)", "test-key", "test-key (console)" })
        {
            var path = $"/{project}/v1/management/maintenance";
            if (expected == "test-key")
            {
                Assert.Equal(200, (await gateway.SendAsync("GET", path, key)).Status);
            }
            else
            {
                Assert.Equal("200", await ConsoleBrowser.CodeAsync(ConsoleBrowser.AskAsync(console, "GET", path, browser.Secret)));
            }

            var claims = gateway.Services.Requests.Last().Headers["Authorization"].Split('.')[1];
            Assert.Contains($"\"{expected}\"", Encoding.UTF8.GetString(System.Buffers.Text.Base64Url.DecodeFromChars(claims)), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Neither_a_key_nor_a_sessions_secret_is_in_logs_or_addresses()
    {
        using var logs = new LogRecorder();
        var database = await postgres.Server.CreateDatabaseAsync<Program>();
        var token = RandomSecret.Create();
        await using var gateway = await TestGateway.StartAsync(
            database,
            settings: new() { ["Console:SignInToken"] = token },
            configure: services => services.AddSingleton<ILoggerProvider>(logs).PostConfigure<LoggerFilterOptions>(options => options.MinLevel = LogLevel.Trace));
        var project = await gateway.CreateProjectAsync("demo");
        var (id, key) = await gateway.CreateKeyAsync(project, "management");
        var (revokedId, revoked) = await gateway.CreateKeyAsync(project, "management");
        await gateway.SendAsync("DELETE", $"/{project}/v1/management/keys/{revokedId}", key);
        using var browser = new ConsoleBrowser(gateway.Service.HttpAddress);
        List<string> outcomes = [await browser.SignInAsync(revoked, Home), await browser.SignInAsync(key, Home), await browser.GetAsync(Home)];
        var secret = browser.Secret;
        outcomes.Add(await browser.PostAsync("/console/windows", ("csrf", browser.Csrf)));
        await ExecuteAsync(database, "delete from console_sessions");
        outcomes.Add(await browser.GetAsync("/console/windows"));
        browser.Cookie = null;
        outcomes.Add(await browser.GetAsync($"/console/link/{token}"));
        outcomes.Add(await browser.GetAsync($"/console/link/{token}"));
        Assert.Equal((1, 1), (logs.Count($"signed in to the console with the key {id}"), logs.Count("The link to the console was used")));
        var written = string.Join('\n', logs.Entries.Select(entry => $"{entry.Message} {entry.Exception}").Concat(outcomes).Concat(gateway.Services.Requests.Select(request => request.Path)));
        foreach (var hidden in new[] { key, key[^43..], revoked[^43..], secret, token, ConsoleSession.CsrfToken(secret) })
        {
            Assert.DoesNotContain(hidden, written, StringComparison.Ordinal);
        }
    }

    /// <summary>What the Gateway tells the Console of the session.</summary>
    private static async Task<ConsoleSession> HeldAsync(TestGateway gateway, ConsoleBrowser browser)
    {
        Assert.Equal("200", await browser.GetAsync(Home));
        return ConsoleSession.FromHeader(gateway.Services.Requests.Last().Headers[ConsoleSession.HeldHeader]);
    }

    private static Task EndedAsync(ConsoleBrowser browser, string why) =>
        Eventually.TrueAsync(async () => await browser.GetAsync(Home) == $"303 {SignIn}?error=session_expired&return=%2Fconsole%2F", why, Soon);

    private static async Task<string?> OneAsync(string database, string sql) => (await PostgresFixture.ColumnAsync(database, sql)).Single();

    private static async Task ExecuteAsync(string database, string sql)
    {
        await using var source = NpgsqlDataSource.Create(database);
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>A clock whose timestamps can be ahead.</summary>
    private sealed class LaterTime : TimeProvider
    {
        public TimeSpan Ahead { get; set; }

        public override long GetTimestamp() => base.GetTimestamp() + (long)(Ahead.TotalSeconds * TimestampFrequency);
    }
}
