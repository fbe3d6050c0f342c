using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xerotier.TestKit;

namespace Xerotier.Gateway.Tests;

/// <summary>The pages of those who are told by mail: forms, tokens in addresses, and whoever else may send them.</summary>
public sealed class SubscribeTests(PostgresFixture postgres)
{
    private const string Form = "application/x-www-form-urlencoded";
    private const string Page = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8";
    private static readonly string Token = "aB3-_" + new string('x', 38);
    private static readonly string Link = $"/status/subscriptions/{Token}";

    [Fact]
    public async Task A_form_is_taken_there_alone_and_nothing_else_there()
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>());
        var project = await gateway.CreateProjectAsync();
        var (_, key) = await gateway.CreateKeyAsync(project, "management");
        foreach (var (path, taken) in new[] { ("/status/subscribe", "202"), (Link, "200") })
        {
            Assert.Equal($"{taken} 8192", await PostAsync(gateway, path, Body(Form, 8192)));
            Assert.Equal("413 payload_too_large", await PostAsync(gateway, path, Body(Form, 8193)));
            Assert.Equal($"{taken} 8100", await PostAsync(gateway, path, Body(Form, 8100), chunked: true)); // its framing counts
            Assert.Equal("413 payload_too_large", await PostAsync(gateway, path, Body(Form, 8193), chunked: true));
            Assert.Equal($"{taken} 8", await PostAsync(gateway, path, Body($"{Form}; charset=UTF-8")));
            Assert.Equal(path == Link ? $"{taken} 8" : "415 unsupported_media_type", await PostAsync(gateway, path, Body("multipart/form-data; boundary=x")));
            foreach (var type in new[] { "application/json", "text/plain", "multipart/form-data", "multipart/mixed; boundary=x", $"{Form}x", $"{Form}; charset=utf-16", "" })
            {
                Assert.Equal((type, "415 unsupported_media_type"), (type, await PostAsync(gateway, path, Body(type))));
            }

            var packed = Body(Form);
            packed.Headers.ContentEncoding.Add("gzip");
            Assert.Equal("415 unsupported_media_type", await PostAsync(gateway, path, packed));
        }

        Assert.Equal("415 unsupported_media_type", await PostAsync(gateway, $"/{project}/v1/management/subscriptions", Body(Form), ("Authorization", $"Bearer {key}")));
        Assert.Equal("415 unsupported_media_type", await PostAsync(gateway, "/v1/platform/projects", Body(Form), ("Authorization", $"Bearer {gateway.PlatformKey}")));
        Assert.Equal("405 method_not_allowed", await PostAsync(gateway, "/status", Body(Form)));
    }

    [Fact]
    public async Task What_is_no_token_is_not_found_without_a_service_being_asked()
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>());
        foreach (var token in new[] { "", Token[1..], Token + "x", Token[1..] + ".", Token[1..] + "~", "%61" + Token[1..], Token + "/", Token[1..] + "+", Token[1..] + "=" })
        {
            foreach (var method in new[] { "GET", "POST" })
            {
                var (status, body) = await gateway.SendAsync(method, $"/status/subscriptions/{token}");
                Assert.Equal((token, 404, "not_found"), (token, status, body!["error"]!["code"]!.GetValue<string>()));
            }
        }

        Assert.Equal(405, (await gateway.SendAsync("DELETE", Link)).Status);
        Assert.Empty(gateway.Services.Requests);
        Assert.Equal(200, (await gateway.SendAsync("GET", Link)).Status);
        Assert.Equal(("GET", Link), (gateway.Services.Requests.Single().Method, gateway.Services.Requests.Single().Path));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(true, "Sec-Fetch-Site: same-origin", "Origin: null")] // of a page that sends no referrer
    [InlineData(true, "Sec-Fetch-Site: none")]
    [InlineData(true, "Origin: null")] // the same over plain http, where browsers do not say more
    [InlineData(true, "Origin: http://{host}")]
    [InlineData(true, "Origin: https://status.example.com")]
    [InlineData(true, "Host: status.example.org", "Origin: https://status.example.org")]
    [InlineData(false, "Sec-Fetch-Site: cross-site")]
    [InlineData(false, "Sec-Fetch-Site: same-site", "Origin: https://status.example.com")]
    [InlineData(false, "Sec-Fetch-Site: cross-site", "Origin: http://{host}")]
    [InlineData(false, "Sec-Fetch-Site: ")]
    [InlineData(false, "Origin: https://evil.example")]
    [InlineData(false, "Origin: https://status.example.com.evil.example")]
    [InlineData(false, "Origin: https://status.example.com:8443")]
    [InlineData(false, "Host: status.example.org", "Origin: http://status.example.org:81")]
    [InlineData(false, "Origin: rubbish")]
    public async Task No_other_site_subscribes_its_visitors_and_mail_clients_may_unsubscribe(bool taken, params string[] headers)
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>(), settings: new() { ["Page:PublicUrl"] = "https://status.example.com/" });
        var sent = headers.Select(header => header.Split(": ")).Select(parts => (parts[0], parts[1].Replace("{host}", gateway.Service.HttpAddress.Authority, StringComparison.Ordinal))).ToArray();
        Assert.Equal(taken ? "202 8" : "403 csrf_failed", await PostAsync(gateway, "/status/subscribe", Body(Form), sent));
        Assert.Equal("200 8", await PostAsync(gateway, Link, Body(Form), sent));
        Assert.Equal(taken ? 2 : 1, gateway.Services.Requests.Count);
        using var request = new HttpRequestMessage(HttpMethod.Options, "/status/subscribe") { Headers = { { "Origin", "https://evil.example" }, { "Access-Control-Request-Method", "POST" } } };
        using var preflight = await gateway.Http.SendAsync(request);
        Assert.Equal(405, (int)preflight.StatusCode);
        Assert.DoesNotContain(preflight.Headers, header => header.Key.StartsWith("Access-Control-", StringComparison.OrdinalIgnoreCase));
    }

    [Theory]
    [InlineData(null, "127.0.0.1")]
    [InlineData("198.51.100.7", "198.51.100.7")]
    [InlineData("::ffff:198.51.100.7", "198.51.100.7")]
    [InlineData("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::")]
    [InlineData("2001:db8::1", "2001:db8::")]
    public async Task The_service_learns_the_network_that_requests_are_counted_by_and_from_nobody_else(string? forwarded, string network)
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>(), settings: new() { ["Gateway:TrustedProxies:0"] = "127.0.0.0/8" });
        (string, string)[] headers = [("Xerotier-Client", "192.0.2.99"), .. forwarded is null ? Array.Empty<(string, string)>() : [("X-Forwarded-For", forwarded)]];
        Assert.Equal("202 8", await PostAsync(gateway, "/status/subscribe", Body(Form), headers));
        Assert.Equal(network, gateway.Services.Requests.Single().Headers["Xerotier-Client"]);
    }

    [Fact]
    public async Task The_pages_headers_arrive_as_the_service_sent_them()
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>());
        (string Name, string Value)[] sent =
        [
            ("Cache-Control", "no-store"), ("Content-Security-Policy", "default-src 'none'; form-action 'self'"), ("Referrer-Policy", "no-referrer"),
            ("X-Content-Type-Options", "nosniff"), ("X-Robots-Tag", "noindex"),
        ];
        gateway.Services.Answer = context =>
        {
            foreach (var (name, value) in sent)
            {
                context.Response.Headers[name] = value;
            }

            context.Response.ContentType = "text/html; charset=utf-8";
            return context.Response.WriteAsync("page");
        };
        foreach (var path in new[] { "/status/subscribe", Link })
        {
            using var response = await gateway.Http.GetAsync(path);
            Assert.Equal("text/html; charset=utf-8", response.Content.Headers.ContentType!.ToString());
            Assert.Equal(sent.OrderBy(header => header.Name), response.Headers.Where(header => header.Key is not ("Date" or "X-Request-ID" or "Transfer-Encoding")).Select(header => (header.Key, header.Value.Single())).OrderBy(header => header.Key));
        }
    }

    [Fact]
    public async Task Without_the_service_people_get_a_page_and_others_the_envelope()
    {
        using var closed = new TcpListener(IPAddress.Loopback, 0);
        closed.Start();
        var nowhere = $"http://{closed.LocalEndpoint}";
        closed.Stop();
        await using var gateway = await TestGateway.StartAsync(
            await postgres.Server.CreateDatabaseAsync<Program>(), settings: new() { ["services:notificationservice:http:0"] = nowhere, ["services:notificationservice:grpc:0"] = nowhere, ["Page:OffersEmail"] = "true" });
        foreach (var (method, path) in new[] { (HttpMethod.Get, "/status/subscribe"), (HttpMethod.Post, "/status/subscribe"), (HttpMethod.Get, Link), (HttpMethod.Post, Link) })
        {
            using var page = await SendAsync(gateway, method, path, Page);
            await IsPageAsync(page, 503, "<h1>Temporarily unavailable</h1>");
            Assert.Contains("<a href=\"/status/subscribe\">E-mail</a>", await page.Content.ReadAsStringAsync());
            using var envelope = await SendAsync(gateway, method, path, "application/json");
            Assert.Equal((503, "service_unavailable"), ((int)envelope.StatusCode, JsonNode.Parse(await envelope.Content.ReadAsStringAsync())!["error"]!["code"]!.GetValue<string>()));
        }

        Assert.Equal(200, (await gateway.SendAsync("GET", "/status")).Status);
    }

    [Theory]
    [InlineData(503, """{"error":{"message":"The service is unavailable at the moment; try again shortly.","type":"service_error","code":"service_unavailable","param":null}}""", "<h1>Temporarily unavailable</h1>")]
    [InlineData(400, """{"error":{"message":"'email' <must> be an address.","type":"invalid_request_error","code":"invalid_request","param":"email"}}""", "<p>&#39;email&#39; &lt;must&gt; be an address.</p>")]
    [InlineData(404, """{"error":{"message":"Not found.","type":"invalid_request_error","code":"not_found","param":null}}""", "<p>There is no page at this address.</p>")]
    [InlineData(429, """{"error":{"message":"Too many requests.","type":"rate_limit_error","code":"rate_limit_exceeded","param":null,"retry_after":17}}""", "<h1>Too many requests</h1>")]
    [InlineData(500, "a stack", "<h1>Something went wrong</h1>")]
    [InlineData(502, null, "<h1>Temporarily unavailable</h1>")]
    public async Task An_error_of_the_service_is_a_page_for_people_too(int status, string? body, string expected)
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>());
        gateway.Services.Answer = context =>
        {
            context.Response.StatusCode = status;
            context.Response.ContentType = body is null ? null : body[0] == '{' ? "application/json; charset=utf-8" : "text/plain";
            return body is null ? Task.CompletedTask : context.Response.WriteAsync(body);
        };
        foreach (var method in new[] { HttpMethod.Get, HttpMethod.Post })
        {
            using var page = await SendAsync(gateway, method, Link, Page);
            await IsPageAsync(page, status == 502 ? 503 : status, expected);
            Assert.DoesNotContain("a stack", await page.Content.ReadAsStringAsync());
            Assert.Equal(status == 429 ? "17" : null, page.Headers.RetryAfter?.ToString());
        }

        using var other = await SendAsync(gateway, HttpMethod.Get, Link, "*/*");
        Assert.Equal((status, body ?? ""), ((int)other.StatusCode, await other.Content.ReadAsStringAsync()));
    }

    [Fact]
    public async Task A_page_of_the_services_own_stays_whatever_its_status()
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>());
        gateway.Services.Answer = context =>
        {
            (context.Response.StatusCode, context.Response.ContentType) = (400, "text/html; charset=utf-8");
            return context.Response.WriteAsync("the form again");
        };
        using var page = await SendAsync(gateway, HttpMethod.Post, "/status/subscribe", Page);
        Assert.Equal((400, "the form again"), ((int)page.StatusCode, await page.Content.ReadAsStringAsync()));
    }

    [Fact]
    public async Task A_client_asks_the_service_only_so_often()
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>(), settings: new() { ["RateLimits:PublicQueriesPerMinute"] = "2" });
        Assert.Equal("202 8", await PostAsync(gateway, "/status/subscribe", Body(Form)));
        Assert.Equal("200 8", await PostAsync(gateway, Link, Body(Form)));
        Assert.Equal("429 rate_limit_exceeded", await PostAsync(gateway, "/status/subscribe", Body(Form)));
        using var page = await SendAsync(gateway, HttpMethod.Get, "/status/subscribe", Page);
        await IsPageAsync(page, 429, "<h1>Too many requests</h1>");
        Assert.Equal(2, gateway.Services.Requests.Count);
        Assert.Equal(200, (await gateway.SendAsync("GET", "/status")).Status);
    }

    [Fact]
    public async Task A_token_is_in_no_log_metric_or_trace()
    {
        await using var telemetry = await TelemetryCollector.StartAsync();
        await using var services = await FakeServices.StartAsync();
        using var logs = new LogRecorder();
        await using var gateway = await TestGateway.StartAsync(
            await postgres.Server.CreateDatabaseAsync<Program>(),
            services,
            new()
            {
                ["OTEL_EXPORTER_OTLP_ENDPOINT"] = telemetry.Address,
                ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
                ["OTEL_BSP_SCHEDULE_DELAY"] = "100",
                ["OTEL_BLRP_SCHEDULE_DELAY"] = "100",
                ["OTEL_METRIC_EXPORT_INTERVAL"] = "200",
                ["Logging:LogLevel:Default"] = "Trace",
                ["RateLimits:PublicQueriesPerMinute"] = "3",
            },
            configure => configure.AddSingleton<ILoggerProvider>(logs));
        var longer = new string('y', 44);
        using var handler = new SocketsHttpHandler { ActivityHeadersPropagator = null }; // the Gateway, in the same process, would leave out a trace that this client begins
        using var http = new HttpClient(handler) { BaseAddress = gateway.Service.HttpAddress };
        Assert.Equal(200, await SendAsync(HttpMethod.Post, Link, Body(Form)));
        Assert.Equal(200, await SendAsync(HttpMethod.Get, $"{Link}?a=b"));
        Assert.Equal(415, await SendAsync(HttpMethod.Post, Link, Body("text/plain")));
        Assert.Equal(413, await SendAsync(HttpMethod.Post, Link, Body(Form, 9000)));
        Assert.Equal(404, await SendAsync(HttpMethod.Get, $"/status/subscriptions/{longer}"));
        Assert.Equal(404, await SendAsync(HttpMethod.Get, $"/elsewhere/{longer}"));
        Assert.Equal(405, await SendAsync(HttpMethod.Delete, Link));
        services.Answer = context =>
        {
            context.Abort();
            return Task.CompletedTask;
        };
        Assert.Equal(503, await SendAsync(HttpMethod.Get, Link));
        Assert.Equal(429, await SendAsync(HttpMethod.Get, Link));

        // What is taken out is known to have been there: spans of both sides, the metric of the route, the warning of the failure.
        string[] exported = ["url.path", "url.full", "xerotier.gateway.refusals", "failed a request", "/status/subscriptions/{token}", "/elsewhere/{token}"];
        await Eventually.TrueAsync(() => exported.All(telemetry.Has), "everything is exported");
        await Task.Delay(500, TestContext.Current.CancellationToken); // the last of each
        Assert.False(telemetry.Has(Token));
        Assert.False(telemetry.Has(longer));
        Assert.Contains(logs.Entries, entry => entry.Message.Contains("failed a request", StringComparison.Ordinal));
        Assert.DoesNotContain(logs.Entries, entry => $"{entry.Message} {entry.Exception}".Contains(Token, StringComparison.Ordinal) || $"{entry.Message} {entry.Exception}".Contains(longer, StringComparison.Ordinal));

        async Task<int> SendAsync(HttpMethod method, string path, HttpContent? body = null)
        {
            using var request = new HttpRequestMessage(method, path) { Content = body };
            using var response = await http.SendAsync(request);
            return (int)response.StatusCode;
        }
    }

    private static ByteArrayContent Body(string type, int length = 8)
    {
        var body = new ByteArrayContent(Encoding.ASCII.GetBytes("email=a".PadRight(length, 'b')));
        body.Headers.TryAddWithoutValidation("Content-Type", type.Length == 0 ? null : type);
        return body;
    }

    private static Task<string> PostAsync(TestGateway gateway, string path, HttpContent body, params (string Name, string Value)[] headers) => PostAsync(gateway, path, body, false, headers);

    /// <summary>The status, and the code of the error or how many bytes the service got.</summary>
    private static async Task<string> PostAsync(TestGateway gateway, string path, HttpContent body, bool chunked, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = body };
        request.Headers.TransferEncodingChunked = chunked;
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using var response = await gateway.Http.SendAsync(request);
        var answer = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
        return $"{(int)response.StatusCode} {answer["error"]?["code"] ?? answer["bytes"]}";
    }

    private static async Task<HttpResponseMessage> SendAsync(TestGateway gateway, HttpMethod method, string path, string accept)
    {
        using var http = new HttpClient { BaseAddress = gateway.Service.HttpAddress };
        using var request = new HttpRequestMessage(method, path) { Content = method == HttpMethod.Post ? Body(Form) : null };
        request.Headers.Accept.ParseAdd(accept);
        return await http.SendAsync(request);
    }

    private static async Task IsPageAsync(HttpResponseMessage response, int status, string expected)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.Equal((status, "text/html; charset=utf-8"), ((int)response.StatusCode, response.Content.Headers.ContentType?.ToString()));
        Assert.Contains(expected, text);
        Assert.Contains("<meta name=\"robots\" content=\"noindex\">", text);
        Assert.Equal("no-store", response.Headers.CacheControl!.ToString());
        Assert.Equal("no-referrer", response.Headers.GetValues("Referrer-Policy").Single());
        Assert.Contains("form-action 'none'", response.Headers.GetValues("Content-Security-Policy").Single());
    }

    /// <summary>Takes telemetry as OTLP over HTTP, in whose bytes texts stand as they are.</summary>
    private sealed class TelemetryCollector : IAsyncDisposable
    {
        private readonly ConcurrentQueue<byte[]> bodies = new();
        private LoopbackServer server = null!;

        public string Address => server.Url;

        public static async Task<TelemetryCollector> StartAsync()
        {
            var collector = new TelemetryCollector();
            collector.server = await LoopbackServer.StartAsync(async context =>
            {
                using var body = new MemoryStream();
                await context.Request.Body.CopyToAsync(body);
                collector.bodies.Enqueue(body.ToArray());
            });
            return collector;
        }

        public bool Has(string text) => bodies.Any(body => body.AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) >= 0);

        public ValueTask DisposeAsync() => server.DisposeAsync();
    }
}
