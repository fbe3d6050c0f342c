using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using Google.Protobuf;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using Xerotier.Gateway.Page;
using Xerotier.Page.V1;
using Xerotier.ServiceDefaults.Site;
using Xerotier.TestKit;

namespace Xerotier.Gateway.Tests;

/// <summary>The documents beside the page, as this Gateway serves them (surfaces.md).</summary>
public sealed class PublicDocumentTests(PostgresFixture postgres)
{
    /// <summary>Every path that is always there, with its media type.</summary>
    public static readonly IReadOnlyList<(string Path, string Type)> Always =
    [
        .. new[] { "summary", "status", "components", "incidents", "incidents/unresolved", "scheduled-maintenances", "scheduled-maintenances/upcoming", "scheduled-maintenances/active" }
            .Select(name => ($"/api/v2/{name}.json", "application/json")),
        ("/status/history.atom", "application/atom+xml"), ("/status/updates.atom", "application/atom+xml"), ("/status/history.rss", "application/rss+xml"), ("/status/updates.json", "application/feed+json"),
        ("/status/maintenance.ics", "text/calendar"), ("/status/badge.svg", "image/svg+xml"), ("/status/badge.json", "application/json"), ("/status/badge/cmp_one.svg", "image/svg+xml"),
        ("/status/embed", "text/html"), ("/status.md", "text/markdown"), ("/status.txt", "text/plain"), ("/llms.txt", "text/plain"),
    ];

    [Fact]
    public async Task Every_origin_may_read_them_whatever_the_response()
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>());
        using var http = Plain(gateway);
        await Eventually.TrueAsync(async () => (await http.GetStringAsync("/status.md")).Contains("one", StringComparison.Ordinal), "the documents are there");
        foreach (var (path, type) in Always.Append(("/status/embed.js", "text/javascript")))
        {
            using var response = await SendAsync(http, "GET", path);
            Assert.Equal((HttpStatusCode.OK, type + "; charset=utf-8"), (response.StatusCode, response.Content.Headers.ContentType!.ToString()));
            AssertOpen(response);
            Assert.Equal("public, must-revalidate, max-age=1", response.Headers.CacheControl!.ToString());
            Assert.Equal(path.Contains("badge", StringComparison.Ordinal) || path == "/status/embed", response.Headers.Contains("X-Robots-Tag"));
            Assert.Equal(path != "/status/embed", response.Headers.Contains("X-Frame-Options"));
            Assert.Contains("frame-ancestors 'none'", response.Headers.GetValues("Content-Security-Policy").Single());
            var length = (await response.Content.ReadAsByteArrayAsync()).Length;

            using var unchanged = await SendAsync(http, "GET", path, ("If-None-Match", response.Headers.ETag!.ToString()), ("Origin", "https://elsewhere.example"));
            Assert.Equal(HttpStatusCode.NotModified, unchanged.StatusCode);
            AssertOpen(unchanged);

            using var head = await SendAsync(http, "HEAD", path);
            Assert.Equal((HttpStatusCode.OK, length), (head.StatusCode, (int)head.Content.Headers.ContentLength!));
            Assert.Empty(await head.Content.ReadAsByteArrayAsync());
            AssertOpen(head);

            foreach (var encoding in new[] { "gzip", "br" })
            {
                using var compressed = await SendAsync(http, "GET", path, ("Accept-Encoding", encoding));
                Assert.Equal(encoding, compressed.Content.Headers.ContentEncoding.Single());
            }

            using var options = await SendAsync(http, "OPTIONS", path, ("Origin", "https://elsewhere.example"), ("Access-Control-Request-Method", "GET"));
            Assert.Equal(HttpStatusCode.NoContent, options.StatusCode);
            AssertOpen(options);
            Assert.Equal(["GET", "HEAD", "OPTIONS"], options.Content.Headers.Allow.Order());
            Assert.Equal(("GET, HEAD", "86400", "If-None-Match"), (Header(options, "Access-Control-Allow-Methods"), Header(options, "Access-Control-Max-Age"), Header(options, "Access-Control-Allow-Headers")));

            using var post = await SendAsync(http, "POST", path);
            Assert.Equal(HttpStatusCode.MethodNotAllowed, post.StatusCode);
            AssertOpen(post);
        }

        foreach (var path in new[] { "/status/history.atom?component=cmp_nope", "/status/maintenance.ics?component=", "/status/badge/cmp_nope.svg", "/status/badge/cmp_one.png" })
        {
            using var missing = await SendAsync(http, "GET", path);
            Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
            AssertOpen(missing);
        }

        foreach (var path in new[] { "/status", "/healthz", "/status/history" })
        {
            using var options = await SendAsync(http, "OPTIONS", path);
            Assert.Equal(HttpStatusCode.MethodNotAllowed, options.StatusCode);
            Assert.False(options.Headers.Contains("Access-Control-Allow-Origin"));
        }
    }

    [Fact]
    public async Task Who_asks_too_often_from_another_origin_can_read_so()
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>(), settings: new() { ["RateLimits:PublicPerMinute"] = "1" });
        using var http = Plain(gateway);
        using var first = await SendAsync(http, "GET", "/api/v2/summary.json");
        using var often = await SendAsync(http, "GET", "/api/v2/summary.json");
        Assert.Equal(HttpStatusCode.TooManyRequests, often.StatusCode);
        AssertOpen(often);
        Assert.True(often.Headers.RetryAfter!.Delta > TimeSpan.Zero);
    }

    [Fact]
    public async Task A_component_has_its_own_feed_and_badges()
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>());
        using var http = Plain(gateway);
        await Eventually.TrueAsync(async () => await http.GetStringAsync("/status.txt") == "one", "the documents are there");
        Assert.Equal("one of cmp_one", await http.GetStringAsync("/status/history.atom?component=cmp_one"));
        Assert.Equal("one", await http.GetStringAsync("/status/history.atom?other=cmp_one"));
        Assert.Equal("one", await http.GetStringAsync("/status/badge/cmp_one.svg?metric=status"));
        Assert.Equal("one uptime", await http.GetStringAsync("/status/badge/cmp_one.svg?metric=uptime"));
        using var wrong = await http.GetAsync("/status/badge/cmp_one.svg?metric=mood");
        Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
    }

    [Fact]
    public async Task A_windows_own_calendar_comes_from_memory_or_from_the_StatusService()
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>());
        gateway.Services.Documents = [.. TestPages.Others("two"), TestPages.Text("/status/maintenance/mw_memory00000.ics", "text/calendar; charset=utf-8", "known")];
        gateway.Services.Page = TestPages.Make("two");
        using var http = Plain(gateway);
        await Eventually.TrueAsync(async () => await http.GetStringAsync("/status.txt") == "two", "the documents are there");
        Assert.Equal("known", await http.GetStringAsync("/status/maintenance/mw_memory00000.ics"));
        Assert.Empty(gateway.Services.Requests);
        using var asked = await http.GetAsync("/status/maintenance/mw_older000000.ics");
        Assert.Equal(HttpStatusCode.OK, asked.StatusCode);
        Assert.Equal("/status/maintenance/mw_older000000.ics", Assert.Single(gateway.Services.Requests).Path);
        AssertOpen(asked);
        gateway.Services.Answer = context => Task.FromResult(context.Response.StatusCode = 404);
        using var missing = await http.GetAsync("/status/maintenance/mw_nope0000000.ics");
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
        AssertOpen(missing);
    }

    [Fact]
    public async Task A_recent_incidents_own_page_comes_from_memory()
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>());
        using var http = Plain(gateway);
        await Eventually.TrueAsync(async () => await http.GetStringAsync("/status.txt") == "one", "the documents are there");
        Assert.Equal("one", await http.GetStringAsync("/status/incidents/inc_memory00000"));
        Assert.Empty(gateway.Services.Requests);
        using var older = await http.GetAsync("/status/incidents/inc_older000000");
        Assert.Equal("/status/incidents/inc_older000000", Assert.Single(gateway.Services.Requests).Path);
    }

    [Fact]
    public async Task Only_the_sites_that_the_operator_names_may_frame_the_embedded_status()
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>(), settings: new() { ["Page:EmbedOrigins:0"] = "https://a.example", ["Page:EmbedOrigins:1"] = "https://b.example:8443" });
        using var http = Plain(gateway);
        using var embed = await http.GetAsync("/status/embed");
        Assert.Contains("frame-ancestors https://a.example https://b.example:8443;", Header(embed, "Content-Security-Policy") + ";");
        Assert.False(embed.Headers.Contains("X-Frame-Options"));
        foreach (var path in new[] { "/status", "/status.md", "/status/badge.svg", "/api/v2/status.json" })
        {
            using var other = await http.GetAsync(path);
            Assert.Contains("frame-ancestors 'none'", Header(other, "Content-Security-Policy"));
            Assert.Equal("DENY", Header(other, "X-Frame-Options"));
        }
    }

    [Fact]
    public async Task The_element_is_small()
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>());
        using var http = Plain(gateway);
        using var script = await SendAsync(http, "GET", "/status/embed.js", ("Accept-Encoding", "gzip"));
        Assert.InRange((await script.Content.ReadAsByteArrayAsync()).Length, 100, 5 * 1024);
    }

    [Fact]
    public async Task When_the_stream_is_lost_marks_are_replaced_and_feeds_stay_as_they_are()
    {
        var time = new FakeTimeProvider(new(2026, 12, 1, 10, 0, 0, 250, TimeSpan.Zero));
        var documents = new PublicDocuments(Brand.Default, new(), time);
        documents.Take(Whole("one", TestPages.Text("/api/v2/status.json", "application/json; charset=utf-8", "live", "\"@@stale_since_ms@@\"")));
        Assert.Equal("one", await BodyAsync(documents, "/status.md"));
        time.Advance(PublicDocuments.StaleAfter + TimeSpan.FromMilliseconds(1));
        documents.MarkIfSilent();
        Assert.Equal("one 2026-12-01T10:00:00Z", await BodyAsync(documents, "/status.md"));
        Assert.Equal("one 10:00:00 UTC", await BodyAsync(documents, "/status/badge.svg"));
        Assert.Equal("\"2026-12-01T10:00:00.250Z\"", await BodyAsync(documents, "/api/v2/status.json"));
        Assert.Equal("one", await BodyAsync(documents, "/status/history.atom"));
        Assert.Equal("one", await BodyAsync(documents, "/status/maintenance.ics"));

        // A StatusService that has a page and no documents yet: what is known of them is still old.
        documents.Take(new() { Page = TestPages.Make("two") });
        Assert.Equal("one 10:00:00 UTC", await BodyAsync(documents, "/status/badge.svg"));
        documents.Take(new() { Documents = { TestPages.Others("two") }, Complete = true });
        Assert.Equal("two", await BodyAsync(documents, "/status/badge.svg"));
    }

    [Fact]
    public async Task While_none_can_be_made_those_of_before_are_the_last_known_state_beside_a_live_page()
    {
        var time = new FakeTimeProvider(new(2026, 12, 1, 10, 0, 0, TimeSpan.Zero));
        var documents = new PublicDocuments(Brand.Default, new(), time);
        documents.Take(Whole("one"));
        time.Advance(TimeSpan.FromSeconds(5));
        documents.Take(new() { Complete = true });
        Assert.Equal("one 10:00:05 UTC", await BodyAsync(documents, "/status/badge.svg"));
        Assert.Equal("one", await BodyAsync(documents, "/status/maintenance.ics")); // nothing vanishes from people's calendars
        documents.Take(new() { Page = TestPages.Make("two") });
        Assert.Equal("one 10:00:05 UTC", await BodyAsync(documents, "/status/badge.svg"));
        Assert.True(documents.IsLive);
        Assert.Equal(TestPages.Others("one").Select(document => document.Path).Order(), documents.Snapshot!.Documents.Select(document => document.Path).Order());
        documents.Take(new() { Documents = { TestPages.Others("three") }, Complete = true });
        Assert.Equal("three", await BodyAsync(documents, "/status/badge.svg"));
    }

    [Fact]
    public async Task The_stream_brings_what_changed_what_is_gone_and_at_first_everything()
    {
        var documents = new PublicDocuments(Brand.Default, new(), TimeProvider.System);
        documents.Take(Whole("one"));
        documents.Take(new() { Documents = { TestPages.Text("/status.md", "text/markdown; charset=utf-8", "two") }, Removed = { "/status.txt" } });
        Assert.Equal("two", await BodyAsync(documents, "/status.md"));
        Assert.Equal("one", await BodyAsync(documents, "/llms.txt"));
        Assert.Null(documents.Find("/status.txt"));
        documents.Take(new() { Page = TestPages.Make("three") });
        Assert.Equal("two", await BodyAsync(documents, "/status.md"));
        documents.Take(new() { Documents = { TestPages.Text("/status.txt", "text/plain; charset=utf-8", "four") }, Complete = true });
        Assert.Equal("four", await BodyAsync(documents, "/status.txt"));
        Assert.Null(documents.Find("/status.md"));
        Assert.Equal(["/status.txt"], documents.Snapshot!.Documents.Select(document => document.Path));
    }

    [Fact]
    public async Task More_than_64_MiB_are_refused_and_what_was_there_stays()
    {
        var documents = new PublicDocuments(Brand.Default, new(), TimeProvider.System);
        documents.Take(Whole("one"));
        var large = new PublicDocument { Path = "/status.md", ContentType = "text/markdown", Live = new() { Identity = ByteString.CopyFrom(new byte[65 * 1024 * 1024]), Gzip = ByteString.CopyFrom(1), Brotli = ByteString.CopyFrom(1), Etag = "\"1\"" } };
        Assert.Throws<InvalidDataException>(() => documents.Take(new() { Page = TestPages.Make("two"), Documents = { large } }));
        Assert.Throws<InvalidDataException>(() => documents.Take(new() { Documents = { new PublicDocument { Path = "/status.md", ContentType = "text/markdown" } } }));
        Assert.Equal("one", await BodyAsync(documents, "/status.md"));
        Assert.Contains("one", documents.Snapshot!.Html.Identity.ToStringUtf8(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refused_message_ends_the_stream_and_the_next_one_brings_everything()
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>());
        using var http = Plain(gateway);
        await Eventually.TrueAsync(async () => await http.GetStringAsync("/status.txt") == "one", "the documents are there");
        gateway.Services.Documents = [new PublicDocument { Path = "/status.txt", ContentType = "text/plain" }];
        gateway.Services.Page = TestPages.Make("two");
        await Eventually.TrueAsync(async () => (await http.GetStringAsync("/status.md")).StartsWith("one 20", StringComparison.Ordinal), "the last ones are marked", seconds: 10);
        gateway.Services.Documents = TestPages.Others("three");
        await Eventually.TrueAsync(async () => await http.GetStringAsync("/status.txt") == "three", "everything comes anew", seconds: 15);
    }

    [Fact]
    public async Task The_documents_outlive_the_Gateway()
    {
        var database = await postgres.Server.CreateDatabaseAsync<Program>();
        var file = Path.Combine(Directory.CreateTempSubdirectory("xerotier-page-").FullName, "page");
        var settings = new Dictionary<string, string?> { ["Page:SnapshotFile"] = file };
        await using (var gateway = await TestGateway.StartAsync(database, settings: settings))
        {
            await Eventually.TrueAsync(() => File.Exists(file), "the documents are on disk");
        }

        await using var silent = await FakeServices.StartAsync();
        silent.Page = null;
        await using (var gateway = await TestGateway.StartAsync(database, silent, settings))
        {
            using var http = Plain(gateway);
            Assert.StartsWith("one 20", await http.GetStringAsync("/status.md"));
            Assert.Equal("one", await http.GetStringAsync("/status/history.rss"));
            Assert.Equal("one of cmp_one", await http.GetStringAsync("/status/history.atom?component=cmp_one"));
            using var unknown = await http.GetAsync("/status/badge/cmp_nope.svg");
            Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
        }

        Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
    }

    [Fact]
    public async Task A_Gateway_that_has_never_heard_anything_says_so_in_every_form()
    {
        await using var services = await FakeServices.StartAsync();
        services.Page = null;
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>(), services, new() { ["Page:Name"] = "Acme <&> Status" });
        foreach (var (path, type) in Always.Append(("/status/history.atom?component=cmp_one", "application/atom+xml")))
        {
            using var response = await gateway.Http.GetAsync(path); // held against the description
            Assert.Equal((HttpStatusCode.OK, type), (response.StatusCode, response.Content.Headers.ContentType!.MediaType));
            AssertOpen(response);
            var text = await response.Content.ReadAsStringAsync();
            Assert.DoesNotContain("perational", type == "text/html" ? text.Split("</head>")[1] : text);
            switch (type)
            {
                case "application/atom+xml" or "application/rss+xml" or "image/svg+xml":
                    var root = XDocument.Parse(text).Root!;
                    Assert.DoesNotContain(root.Descendants(), each => each.Name.LocalName is "entry" or "item");
                    break;
                case "text/calendar":
                    Assert.DoesNotContain("VEVENT", text);
                    break;
                case "application/json" when path.StartsWith("/api/", StringComparison.Ordinal):
                    var json = JsonNode.Parse(text)!;
                    Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$", (string?)json["page"]!["xerotier_stale_since"]);
                    Assert.Equal(json["status"] is null ? null : "minor", (string?)json["status"]?["indicator"]);
                    Assert.Equal(json["status"] is null ? null : "Status Unknown", (string?)json["status"]?["description"]);
                    Assert.Empty(json["components"]?.AsArray() ?? []);
                    break;
                case "application/json":
                    Assert.Equal(("unknown", "#4b5563"), ((string?)JsonNode.Parse(text)!["message"], (string?)JsonNode.Parse(text)!["color"]));
                    break;
                case "application/feed+json":
                    Assert.Empty(JsonNode.Parse(text)!["items"]!.AsArray());
                    break;
                default:
                    Assert.Contains("Status Unknown", text);
                    break;
            }

            if (type == "image/svg+xml")
            {
                Assert.Contains("unknown", text);
                Assert.Contains("#4b5563", text);
            }
        }
    }

    private static WatchPageResponse Whole(string word, params PublicDocument[] further) =>
        new() { Page = TestPages.Make(word), Documents = { TestPages.Others(word).Where(document => further.All(each => each.Path != document.Path)).Concat(further) }, Complete = true };

    private static async Task<string> BodyAsync(PublicDocuments documents, string path)
    {
        using var body = new MemoryStream();
        await documents.Find(path)!.ServeAsync(new DefaultHttpContext { Response = { Body = body } });
        return Encoding.UTF8.GetString(body.ToArray());
    }

    private static HttpClient Plain(TestGateway gateway) => new(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = gateway.Service.HttpAddress };

    private static async Task<HttpResponseMessage> SendAsync(HttpClient http, string method, string path, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new(method), path);
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return await http.SendAsync(request);
    }

    private static void AssertOpen(HttpResponseMessage response)
    {
        Assert.Equal(("*", "ETag, Retry-After, X-Request-Id", "cross-origin"), (Header(response, "Access-Control-Allow-Origin"), Header(response, "Access-Control-Expose-Headers"), Header(response, "Cross-Origin-Resource-Policy")));
        Assert.False(response.Headers.Contains("Access-Control-Allow-Credentials"));
    }

    private static string Header(HttpResponseMessage response, string name) => string.Join(", ", response.Headers.GetValues(name));
}
