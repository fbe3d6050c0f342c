using System.Buffers.Binary;
using System.IO.Compression;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Xerotier.Gateway.Page;
using Xerotier.Page.V1;
using Xerotier.ServiceDefaults.Http;
using Xerotier.ServiceDefaults.Site;
using Xerotier.TestKit;

namespace Xerotier.Gateway.Tests;

public sealed class PageTests(PostgresFixture postgres)
{
    [Fact]
    public async Task The_page_comes_in_three_encodings_with_its_headers()
    {
        await using var gateway = await StartAsync();
        using var http = Plain(gateway);
        foreach (var (accept, encoding) in new[] { ("", null), ("gzip", "gzip"), ("gzip, deflate, br, zstd", "br"), ("br;q=0, gzip;q=0.5", "gzip"), ("deflate", null) })
        {
            using var response = await GetAsync(http, "/status", ("Accept-Encoding", accept), ("Accept", "application/json"), ("Authorization", "Bearer rubbish"), ("Cookie", "a=b"));
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Equal(encoding, response.Content.Headers.ContentEncoding.SingleOrDefault());
            Assert.Equal("one live", Word(await ReadAsync(response)));
            Assert.Equal("text/html; charset=utf-8", response.Content.Headers.ContentType!.ToString());
            Assert.Equal("public, must-revalidate, max-age=1", response.Headers.CacheControl!.ToString());
            Assert.Equal("Accept-Encoding", response.Headers.Vary.Single());
            Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
            Assert.Equal("DENY", response.Headers.GetValues("X-Frame-Options").Single());
            Assert.Equal("no-referrer", response.Headers.GetValues("Referrer-Policy").Single());

            // The style and script of our own page are allowed by their hashes, and nothing else is, whatever the page holds.
            var policy = response.Headers.GetValues("Content-Security-Policy").Single();
            var listed = File.ReadAllLines(Path.Combine(Solution.Folder, "Gateway", "Page", "hashes.txt")).Where(line => !line.StartsWith('#')).ToLookup(line => line.Split(' ')[0], line => line.Split(' ')[1]);
            Assert.EndsWith($"; script-src {string.Join(' ', listed["script"])}; style-src {string.Join(' ', listed["style"])}", policy);
            Assert.DoesNotContain(Convert.ToBase64String(SHA256.HashData("1"u8)), policy);
            Assert.DoesNotContain(Convert.ToBase64String(SHA256.HashData("b{color:red}"u8)), policy);
            Assert.Contains("default-src 'none'", policy);
            Assert.Contains("frame-ancestors 'none'", policy);
            Assert.DoesNotContain("unsafe", policy);

            var tag = response.Headers.ETag!.ToString();
            foreach (var known in new[] { tag, $"\"other\", {tag}", $"W/{tag}", "*" })
            {
                using var again = await GetAsync(http, "/status", ("Accept-Encoding", accept), ("If-None-Match", known));
                Assert.Equal(HttpStatusCode.NotModified, again.StatusCode);
                Assert.Equal(tag, again.Headers.ETag!.ToString());
                Assert.Empty(await again.Content.ReadAsByteArrayAsync());
            }

            using var changed = await GetAsync(http, "/status", ("Accept-Encoding", accept), ("If-None-Match", "\"other\""));
            Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
        }

        using var head = await http.SendAsync(new(HttpMethod.Head, "/status"));
        Assert.True(head.Content.Headers.ContentLength > 50);
        using var json = await GetAsync(http, "/status.json");
        Assert.Contains("\"stale_since\":null,\"overall\":{\"key\":\"operational\",\"label\":\"one\"}", await ReadAsync(json));
        Assert.Equal("application/json; charset=utf-8", json.Content.Headers.ContentType!.ToString());
    }

    [Fact]
    public async Task A_silent_StatusService_is_said_on_the_page_within_two_seconds_and_its_return_too()
    {
        await using var gateway = await StartAsync();
        using var http = Plain(gateway);
        gateway.Services.Hangs = true;
        var silentSince = DateTimeOffset.UtcNow;
        await Eventually.TrueAsync(async () => await TextAsync(http, "/status") is var text && text.Contains("unavailable since <time"), "marked as stale", seconds: 6);
        Assert.True(DateTimeOffset.UtcNow - silentSince > TimeSpan.FromSeconds(1), "A mark at once would flicker whenever a replica goes.");
        var html = await TextAsync(http, "/status");
        var since = DateTimeOffset.Parse(html.Split("datetime=\"")[1].Split('"')[0]);
        Assert.InRange(since, silentSince.AddSeconds(-3), DateTimeOffset.UtcNow);
        Assert.Matches($">({since:d MMM yyyy}, )?{since:HH:mm:ss} UTC</time>", html); // with its date when the day turned meanwhile
        Assert.Contains($"\"stale_since\":\"{since:yyyy-MM-ddTHH:mm:ss}Z\"", await TextAsync(http, "/status.json"));
        foreach (var accept in new[] { "gzip", "br" })
        {
            using var response = await GetAsync(http, "/status", ("Accept-Encoding", accept));
            Assert.Equal(html, await ReadAsync(response));
        }

        gateway.Services.Page = TestPages.Make("two");
        gateway.Services.Hangs = false;
        await Eventually.TrueAsync(async () => Word(await TextAsync(http, "/status")) == "two live", "live again", seconds: 6);
    }

    [Fact]
    public void Only_silence_marks_a_page_and_a_sign_of_life_ends_it_however_the_clock_is_set()
    {
        var time = new SetClock();
        var page = new PublicDocuments(Brand.Default, new(), time);
        page.KeepAlive();
        Assert.False(page.IsLive); // nothing to show yet
        page.Take(new() { Page = TestPages.Make("one") });
        time.Wall += TimeSpan.FromHours(1);
        page.MarkIfSilent();
        Assert.True(page.IsLive);
        time.Wall -= TimeSpan.FromHours(2);
        time.Advance(PublicDocuments.StaleAfter + TimeSpan.FromTicks(1));
        page.MarkIfSilent();
        Assert.False(page.IsLive);
        page.KeepAlive();
        Assert.True(page.IsLive);
    }

    [Fact]
    public async Task A_loss_that_is_not_of_today_is_told_with_its_date()
    {
        var time = new FakeTimeProvider(new(2026, 12, 31, 23, 59, 50, TimeSpan.Zero));
        var (unknown, lost, restored) = (new PublicDocuments(Brand.Default, new(), time), new PublicDocuments(Brand.Default, new(), time), new PublicDocuments(Brand.Default, new(), time));
        lost.Take(new() { Page = TestPages.Make("one") });
        restored.Restore(new PageSnapshot(TestPages.Make("one")) { GeneratedAt = Timestamp.FromDateTimeOffset(time.GetUtcNow().AddDays(-1)) });
        await TurnAsync(PublicDocuments.StaleAfter + TimeSpan.FromTicks(1), "23:59:50");
        await TurnAsync(TimeSpan.FromMinutes(1), "31 Dec 2026, 23:59:50");
        lost.KeepAlive();
        Assert.True(lost.IsLive);

        async Task TurnAsync(TimeSpan by, string since)
        {
            time.Advance(by);
            foreach (var (page, text) in new[] { (unknown, since), (lost, since), (restored, "30 Dec 2026, 23:59:50") })
            {
                page.MarkIfSilent();
                using var body = new MemoryStream();
                var http = new DefaultHttpContext { Response = { Body = body } };
                await page.ServeHtmlAsync(new(http, null!, null, null, null, default, false));
                Assert.Contains($">{text} UTC</time>", Encoding.UTF8.GetString(body.ToArray()));
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_Gateway_that_has_never_heard_anything_says_so(bool isDemo)
    {
        await using var services = await FakeServices.StartAsync();
        services.Page = null;
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>(), services, new() { ["Demo:Seed"] = isDemo ? "18" : "0" });
        using var http = Plain(gateway);
        using var response = await GetAsync(http, "/status");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var html = await ReadAsync(response);
        Assert.Contains("Status Unknown", html);
        Assert.Contains("Live data has been unavailable since", html);
        Assert.Equal(isDemo, html.Contains($"<body data-status=\"unknown\">\n{DemoMark.Strip}", StringComparison.Ordinal));
        Assert.DoesNotContain("Operational", html);
        Assert.DoesNotContain("http-equiv", html, StringComparison.OrdinalIgnoreCase); // a page that reloads itself takes the reader's place away
        var script = html.Split("<script>")[1].Split("</script>")[0];
        Assert.Contains($"script-src 'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(script)))}'", response.Headers.GetValues("Content-Security-Policy").Single());
        using var json = JsonDocument.Parse(await TextAsync(http, "/status.json"));
        Assert.Equal("unknown", json.RootElement.GetProperty("overall").GetProperty("key").GetString());
        Assert.Equal(isDemo, json.RootElement.GetProperty("demo").GetBoolean());
    }

    [Fact]
    public async Task The_last_page_outlives_the_Gateway()
    {
        var database = await postgres.Server.CreateDatabaseAsync<Program>();
        var file = Path.Combine(Path.GetTempPath(), $"xerotier-page-{Guid.NewGuid():N}", "page");
        var settings = new Dictionary<string, string?> { ["Page:SnapshotFile"] = file };
        await using (var gateway = await TestGateway.StartAsync(database, settings: settings))
        {
            await Eventually.TrueAsync(() => File.Exists(file), "the page is on disk");
        }

        await using var silent = await FakeServices.StartAsync();
        silent.Page = null;
        await using (var gateway = await TestGateway.StartAsync(database, silent, settings))
        {
            using var http = Plain(gateway);
            Assert.Contains("one unavailable since", await TextAsync(http, "/status"));
        }

        var whole = TestPages.Make("one");
        foreach (var rubbish in new[]
        {
            "not a page"u8.ToArray(),
            [], // what a crash leaves where nothing waited for the disk
            new PageSnapshot { GeneratedAt = whole.GeneratedAt }.ToByteArray(),
            new PageSnapshot { StaleHtml = whole.StaleHtml, StaleJson = whole.StaleJson }.ToByteArray(),
            new PageSnapshot(whole) { GeneratedAt = new() { Seconds = long.MaxValue } }.ToByteArray(),
        })
        {
            await File.WriteAllBytesAsync(file, rubbish);
            await using var services = await FakeServices.StartAsync();
            services.Page = null;
            await using var gateway = await TestGateway.StartAsync(database, services, settings);
            using var http = Plain(gateway);
            Assert.Contains("Status Unknown", await TextAsync(http, "/status"));
        }

        Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
    }

    [Fact]
    public async Task A_disk_that_hangs_does_not_make_the_page_stale()
    {
        var file = Path.Combine(Directory.CreateTempSubdirectory("xerotier-page-").FullName, "page");
        var disk = $"{file}.{Environment.ProcessId}.tmp"; // a pipe: whoever writes to it waits until somebody reads
        using (var make = System.Diagnostics.Process.Start("mkfifo", [disk]))
        {
            await make.WaitForExitAsync();
        }

        await using (var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>(), settings: new() { ["Page:SnapshotFile"] = file }))
        {
            using var http = Plain(gateway);
            foreach (var word in new[] { "two", "three", "four" })
            {
                await Task.Delay(PublicDocuments.StaleAfter / 2);
                gateway.Services.Page = TestPages.Make(word);
                await Eventually.TrueAsync(async () => Word(await TextAsync(http, "/status")) == $"{word} live", $"{word} is live", seconds: 6);
            }

            // The disk is back: what was being written is written, and then the newest.
            await using (var reader = File.OpenRead(disk))
            {
                await reader.CopyToAsync(Stream.Null);
            }

            await Eventually.TrueAsync(() => !File.Exists(disk) && new FileInfo(file) is { Exists: true, Length: > 0 } /* no pipe any more */ && PageSnapshot.Parser.ParseFrom(File.ReadAllBytes(file)).Html.Identity.ToStringUtf8().Contains("four live", StringComparison.Ordinal), "the newest page is on disk");
        }

        Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
    }

    [Fact]
    public async Task A_page_that_cannot_be_served_is_refused_and_logged_and_the_next_one_is_served()
    {
        using var logs = new LogRecorder();
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>(), configure: services => services.AddSingleton<ILoggerProvider>(logs));
        using var http = Plain(gateway);
        await Eventually.TrueAsync(async () => Word(await TextAsync(http, "/status")) == "one live", "the first page");
        gateway.Services.Page = new PageSnapshot(TestPages.Make("two")) { Html = null };

        // The keepalives that follow confirm a page that the Gateway does not have: what it has is old.
        await Eventually.TrueAsync(async () => (await TextAsync(http, "/status")).Contains("one unavailable since", StringComparison.Ordinal), "the page before is marked", seconds: 10);
        gateway.Services.Page = new PageSnapshot(TestPages.Make("three")) { Json = new() };
        await Task.Delay(500);
        Assert.Equal(1, logs.Count("Error: The StatusService sent documents that cannot be served; the last known ones stay and are marked as such InvalidDataException"));
        gateway.Services.Page = TestPages.Make("four");
        await Eventually.TrueAsync(async () => Word(await TextAsync(http, "/status")) == "four live", "live again", seconds: 10);
        Assert.Equal(1, logs.Count("The StatusService's documents can be served again"));
    }

    [Theory]
    [InlineData("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true)] // a browser
    [InlineData("application/json;q=0.5, TEXT/HTML", true)]
    [InlineData("application/json, text/html;q=0.9", false)]
    [InlineData("application/json, text/html", false)]
    [InlineData("text/html;q=0", false)]
    [InlineData("*/*", false)]
    [InlineData("", false)]
    public void An_error_is_a_page_for_who_prefers_one(string accept, bool expected) =>
        Assert.Equal(expected, ErrorPages.IsPreferred(new DefaultHttpContext { Request = { Headers = { Accept = accept } } }.Request));

    [Fact]
    public async Task Errors_on_public_paths_are_pages_for_people_and_the_envelope_for_everyone_else()
    {
        const string Browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>(), settings: new() { ["Page:Name"] = "Acme <Status>" });
        using var http = Plain(gateway);
        foreach (var (method, path, status, title) in new[] { ("GET", "/status/nope", 404, "Page not found"), ("POST", "/status", 405, "Method not allowed") })
        {
            using var response = await SendAsync(method, path, Browser);
            Assert.Equal((status, "text/html; charset=utf-8"), ((int)response.StatusCode, response.Content.Headers.ContentType!.ToString()));
            var html = await ReadAsync(response);
            Assert.Contains($"<h1>{title}</h1>", html);
            Assert.Contains($"<title>{title} – Acme &lt;Status&gt;</title>", html);
            Assert.Contains("<a href=\"/status\">Current status</a>", html);
            Assert.True(response.Headers.Contains("X-Request-Id"));
            Assert.Equal("Accept", response.Headers.Vary.Single());
            Assert.Equal(status == 405, response.Content.Headers.Allow.Count > 0);
            Assert.EndsWith($"style-src {ContentSecurityPolicy.SourceOf(PageShell.Style)}", response.Headers.GetValues("Content-Security-Policy").Single());

            using var other = await SendAsync(method, path, "application/json, text/html;q=0.9");
            Assert.Equal((status, "application/json; charset=utf-8"), ((int)other.StatusCode, other.Content.Headers.ContentType!.ToString()));
        }

        using var head = await SendAsync("HEAD", "/nope", Browser);
        Assert.Empty(await head.Content.ReadAsByteArrayAsync());
        using var api = await SendAsync("GET", "/proj_ABC123/v1/nope", Browser);
        Assert.Equal("application/json; charset=utf-8", api.Content.Headers.ContentType!.ToString());

        async Task<HttpResponseMessage> SendAsync(string method, string path, string accept)
        {
            using var request = new HttpRequestMessage(new(method), path);
            request.Headers.TryAddWithoutValidation("Accept", accept);
            return await http.SendAsync(request);
        }
    }

    [Fact]
    public async Task Who_asks_too_often_or_for_a_month_that_no_service_can_show_reads_so()
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>(), settings: new()
        {
            ["RateLimits:PublicPerMinute"] = "2",
            ["services:statusservice:http:0"] = "http://127.0.0.1:1",
        });
        using var http = Plain(gateway);
        using var away = await GetAsync(http, "/status/history", ("Accept", "text/html"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, away.StatusCode);
        Assert.Contains("<h1>Temporarily unavailable</h1>", await ReadAsync(away));
        using var last = await GetAsync(http, "/status", ("Accept", "text/html"));
        using var often = await GetAsync(http, "/status", ("Accept", "text/html"));
        Assert.Equal(HttpStatusCode.TooManyRequests, often.StatusCode);
        Assert.True(often.Headers.RetryAfter!.Delta > TimeSpan.Zero);
        Assert.Contains("<h1>Too many requests</h1>", await ReadAsync(often));
    }

    [Fact]
    public async Task What_surrounds_the_page_is_served_from_memory()
    {
        var logo = Path.Combine(Directory.CreateTempSubdirectory("xerotier-logo-").FullName, "logo.svg");
        await File.WriteAllTextAsync(logo, "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>");
        await using var gateway = await TestGateway.StartAsync(
            await postgres.Server.CreateDatabaseAsync<Program>(), settings: new() { ["Page:LogoLight"] = logo, ["Page:Robots"] = "none", ["Page:Accent"] = "#a01010" });
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = gateway.Service.HttpAddress };
        using var slash = await http.GetAsync("/status/");
        Assert.Equal((HttpStatusCode.PermanentRedirect, "/status"), (slash.StatusCode, slash.Headers.Location!.ToString()));

        foreach (var (path, type, width, height) in ((string, string, int, int)[])
        [
            ("/favicon.ico", "image/png", 180, 180), ("/apple-touch-icon.png", "image/png", 180, 180),
            .. new[] { "operational", "degraded", "unknown", "partial_outage", "major_outage", "maintenance" }.Select(level => ($"/status/og/{level}.png", "image/png", 1200, 630)),
        ])
        {
            using var response = await http.GetAsync(path);
            var bytes = await response.Content.ReadAsByteArrayAsync();
            Assert.Equal((HttpStatusCode.OK, type), (response.StatusCode, response.Content.Headers.ContentType!.ToString()));
            Assert.Equal((width, height), (BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(16)), BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(20))));
            Assert.InRange(bytes.Length, 500, 40_000);
            using var again = await GetAsync(http, path, ("If-None-Match", response.Headers.ETag!.ToString()));
            Assert.Equal(HttpStatusCode.NotModified, again.StatusCode);
        }

        using var dark = await http.GetAsync("/status/logo-dark"); // the one for light ground does for both
        Assert.Equal("image/svg+xml", dark.Content.Headers.ContentType!.ToString());
        Assert.Contains("sandbox", dark.Headers.GetValues("Content-Security-Policy").Single());
        Assert.Equal("User-agent: *\nDisallow: /\n", await http.GetStringAsync("/robots.txt"));
        using var none = await http.GetAsync("/status/og/nope.png");
        Assert.Equal(HttpStatusCode.NotFound, none.StatusCode);
        using var page = await http.GetAsync("/status");
        Assert.Contains(ContentSecurityPolicy.SourceOf(new Brand(new() { Accent = "#a01010" }).AccentStyle!), page.Headers.GetValues("Content-Security-Policy").Single());
    }

    [Theory]
    [InlineData("Page:Accent", "#ffcc00", "Page:Accent #ffcc00 has a contrast of 1.5:1 on white; choose a darker colour: text needs 4.5:1.")]
    [InlineData("Page:Accent", "red", "Page:Accent must be a colour as #rrggbb.")]
    [InlineData("Page:Name", "", "Page:Name must have 1 to 60 characters, without control characters.")]
    [InlineData("Page:HomeUrl", "javascript:alert(1)", "Page:HomeUrl must be an absolute address (http, https).")]
    [InlineData("Page:SupportUrl", "help", "Page:SupportUrl must be an absolute address (http, https, mailto).")]
    [InlineData("Page:LogoLight", "/nowhere/logo.svg", "Page:LogoLight cannot be read: ")]
    [InlineData("Page:LogoLight", "/proc/self/status", "Page:LogoLight must be an SVG or a PNG.")]
    [InlineData("Page:Robots", "all", "Page:Robots must be 'none' or not set.")]
    [InlineData("Page:Links:0:Name", "Docs", "Page:Links:0:Url must be an absolute address (http, https).")]
    public void A_brand_that_cannot_be_shown_is_refused_at_start(string setting, string value, string sentence)
    {
        var options = new BrandOptions();
        new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?> { [setting] = value }).Build().GetSection("Page").Bind(options);
        Assert.Contains(Assert.Throws<OptionsValidationException>(() => new Brand(options)).Failures, failure => failure.StartsWith(sentence, StringComparison.Ordinal));
    }

    [Fact]
    public void An_accent_is_lightened_until_it_is_read_on_dark_ground()
    {
        var style = new Brand(new() { Accent = "#0a3d62" }).AccentStyle!;
        Assert.Contains(":root{--accent:#0a3d62}", style);
        var dark = style.Split("--accent:")[2][..7];
        Assert.True(Brand.Contrast(dark, "#0c0f12") >= 7, dark);
        Assert.Null(Brand.Default.AccentStyle);
    }

    [Theory]
    [InlineData("", AcceptedEncoding.Kind.Identity)]
    [InlineData("gzip", AcceptedEncoding.Kind.Gzip)]
    [InlineData("GZIP", AcceptedEncoding.Kind.Gzip)]
    [InlineData("gzip;q=0", AcceptedEncoding.Kind.Identity)]
    [InlineData("gzip;q=0.000", AcceptedEncoding.Kind.Identity)]
    [InlineData("gzip;q=0.001", AcceptedEncoding.Kind.Gzip)]
    [InlineData("gzip , br", AcceptedEncoding.Kind.Brotli)]
    [InlineData("br;q=0,gzip", AcceptedEncoding.Kind.Gzip)]
    [InlineData("brx, xgzip", AcceptedEncoding.Kind.Identity)]
    [InlineData(",,;,=,", AcceptedEncoding.Kind.Identity)]
    public void The_smallest_accepted_encoding_is_chosen(string header, AcceptedEncoding.Kind expected) =>
        Assert.Equal(expected, AcceptedEncoding.Best(header));

    /// <summary>A clock that an operator sets, whatever time passes.</summary>
    private sealed class SetClock : FakeTimeProvider
    {
        public TimeSpan Wall { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Wall;

        public override long GetTimestamp() => base.GetUtcNow().Ticks;
    }

    private async Task<TestGateway> StartAsync()
    {
        var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>());
        using var http = Plain(gateway);
        await Eventually.TrueAsync(async () => (await TextAsync(http, "/status")).Contains("one live", StringComparison.Ordinal), "the first page");
        return gateway;
    }

    private static HttpClient Plain(TestGateway gateway) => new() { BaseAddress = gateway.Service.HttpAddress };

    private static async Task<HttpResponseMessage> GetAsync(HttpClient http, string path, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return await http.SendAsync(request);
    }

    private static async Task<string> TextAsync(HttpClient http, string path)
    {
        using var response = await GetAsync(http, path);
        return await ReadAsync(response);
    }

    private static async Task<string> ReadAsync(HttpResponseMessage response)
    {
        var body = await response.Content.ReadAsStreamAsync();
        await using var plain = response.Content.Headers.ContentEncoding.SingleOrDefault() switch
        {
            "gzip" => new GZipStream(body, CompressionMode.Decompress),
            "br" => new BrotliStream(body, CompressionMode.Decompress),
            _ => body,
        };
        using var reader = new StreamReader(plain, Encoding.UTF8);
        return await reader.ReadToEndAsync();
    }

    private static string Word(string html) => html.Split("<body>")[1].Split("<script>")[0];
}
