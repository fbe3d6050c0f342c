using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.IdentityModel.JsonWebTokens;
using Xerotier.ServiceDefaults.Http;
using Xerotier.TestKit;

namespace Xerotier.Gateway.Tests;

public sealed class ProxyTests(PostgresFixture postgres)
{
    [Fact]
    public async Task A_service_sees_the_gateways_word_and_nothing_that_the_caller_forged()
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>());
        var id = await gateway.CreateProjectAsync(platform: true);
        var (keyId, key) = await gateway.CreateKeyAsync(id, "management");
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/{id}/v1/management/maintenance?status=active&status=scheduled");
        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {key}");
        foreach (var name in new[] { "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded", "X-Real-IP", "X-Xerotier-Project", "Cookie", "X-Original-URL", "X-HTTP-Method-Override", "Transfer-Encoding-X" })
        {
            request.Headers.TryAddWithoutValidation(name, "forged");
        }

        request.Headers.Add("X-Request-Id", "mine-1");
        request.Headers.Add("If-None-Match", "\"tag\"");
        using var response = await gateway.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("mine-1", response.Headers.GetValues("X-Request-Id").Single());

        Assert.True(gateway.Services.Requests.TryDequeue(out var seen));
        Assert.Equal($"/{id}/v1/management/maintenance?status=active&status=scheduled", seen.Path);
        Assert.DoesNotContain(seen.Headers, h => h.Value.Contains("forged", StringComparison.Ordinal));
        Assert.Equal("127.0.0.1", seen.Headers["X-Forwarded-For"]);
        Assert.Equal("\"tag\"", seen.Headers["If-None-Match"]);
        var token = new JsonWebToken(seen.Headers["Authorization"]["Bearer ".Length..]);
        Assert.Equal(keyId, token.Subject);
        Assert.Equal("test-key", token.GetClaim("name").Value);
        Assert.Equal(id, token.GetClaim("project").Value);
        Assert.Equal("true", token.GetClaim("platform_project").Value);
        Assert.Equal("management", token.GetClaim("scope").Value);
    }

    [Fact]
    public async Task A_killed_replica_costs_no_request()
    {
        await using var first = await FakeServices.StartAsync();
        var second = await FakeServices.StartAsync();
        await using var gateway = await StartAsync(first, ("services:maintenanceservice:http:1", second.Http.ToString()));
        var (project, key) = await KeyAsync(gateway);
        for (var i = 0; i < 60; i++)
        {
            if (i == 20)
            {
                await second.DisposeAsync();
            }

            Assert.Equal((i, 200), (i, (await gateway.SendAsync("GET", $"/{project}/v1/management/maintenance", key)).Status));
            Assert.Equal((i, 201), (i, (await gateway.SendAsync("POST", $"/{project}/v1/management/maintenance", key, new { title = "x" })).Status));
        }

        Assert.NotEmpty(first.Requests);
        Assert.NotEmpty(second.Requests);
    }

    [Theory]
    [InlineData("POST", "/complete")]
    [InlineData("DELETE", "")]
    public async Task A_change_without_a_body_whose_replica_dies_is_made_once(string method, string action)
    {
        await using var first = await FakeServices.StartAsync();
        await using var second = await FakeServices.StartAsync();
        await using var gateway = await StartAsync(first, ("services:maintenanceservice:http:1", second.Http.ToString()));
        var (project, key) = await KeyAsync(gateway);
        var windows = $"/{project}/v1/management/maintenance";
        for (var i = 0; i < 4; i++) // on a new connection nothing is ever sent again
        {
            Assert.Equal(200, (await gateway.SendAsync("GET", windows, key)).Status);
        }

        FakeServices[] replicas = [first, second];
        foreach (var replica in replicas)
        {
            Assert.Contains(replica.Requests, request => request.Path == windows);
            replica.Answer = context =>
            {
                context.Abort();
                return Task.CompletedTask;
            };
        }

        var (status, body) = await gateway.SendAsync(method, $"{windows}/mw_1{action}", key);
        Assert.Equal((503, "service_unavailable"), (status, body!["error"]!["code"]!.GetValue<string>()));
        Assert.Single(replicas.SelectMany(replica => replica.Requests), request => request.Method == method);
    }

    [Fact]
    public async Task A_replica_that_hangs_costs_no_read()
    {
        await using var first = await FakeServices.StartAsync();
        using var stopped = new TcpListener(IPAddress.Loopback, 0);
        stopped.Start(100); // connections are made, and never a word said
        await using var gateway = await StartAsync(first, ("services:maintenanceservice:http:1", $"http://{stopped.LocalEndpoint}"));
        var (project, key) = await KeyAsync(gateway);
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal((i, 200), (i, (await gateway.SendAsync("GET", $"/{project}/v1/management/maintenance", key)).Status));
        }
    }

    [Fact]
    public async Task A_service_that_counts_for_itself_says_how_much_is_left()
    {
        await using var services = await FakeServices.StartAsync();
        services.Answer = context =>
        {
            context.Response.Headers["X-RateLimit-Limit"] = "60000";
            context.Response.Headers["X-RateLimit-Remaining"] = "59000";
            context.Response.Headers["X-RateLimit-Reset"] = "1";
            context.Response.StatusCode = 503;
            return context.Response.WriteAsJsonAsync(new { error = new { message = "m", type = "service_error", code = "service_unavailable", param = (string?)null } });
        };
        await using var gateway = await StartAsync(services);
        var (project, key) = await KeyAsync(gateway);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/{project}/v1/management/maintenance") { Headers = { Authorization = new("Bearer", key) } };
        using var response = await gateway.Http.SendAsync(request);
        Assert.Equal(["59000"], response.Headers.GetValues("X-RateLimit-Remaining"));
        Assert.Equal(["60000"], response.Headers.GetValues("X-RateLimit-Limit"));
    }

    [Fact]
    public async Task What_fails_behind_the_Gateway_ends_in_the_envelope()
    {
        await using var services = await FakeServices.StartAsync();
        using var closed = new TcpListener(IPAddress.Loopback, 0);
        closed.Start();
        var nowhere = closed.LocalEndpoint!.ToString();
        closed.Stop();
        await using var gateway = await StartAsync(services, ("Gateway:UpstreamTimeoutSeconds", "1"), ("services:healthcollector:http:0", $"http://{nowhere}"), ("services:healthcollector:grpc:0", $"http://{nowhere}"));
        var (project, key) = await KeyAsync(gateway);
        async Task<string> CodeAsync(string method, string path)
        {
            var (status, body) = await gateway.SendAsync(method, path, key, method == "GET" ? null : new { });
            return $"{status} {body?["error"]?["code"]}";
        }

        services.Answer = context => Task.Delay(Timeout.Infinite, context.RequestAborted);
        Assert.Equal("504 upstream_timeout", await CodeAsync("GET", $"/{project}/v1/management/maintenance"));
        Assert.Equal("504 upstream_timeout", await CodeAsync("POST", $"/{project}/v1/management/maintenance"));
        services.Answer = context =>
        {
            context.Abort();
            return Task.CompletedTask;
        };
        Assert.Equal("503 service_unavailable", await CodeAsync("GET", $"/{project}/v1/management/maintenance"));
        services.Answer = context =>
        {
            context.Response.StatusCode = 401; // our token was refused: no fault of the caller
            return context.Response.WriteAsync("secret");
        };
        Assert.Equal("503 service_unavailable", await CodeAsync("GET", $"/{project}/v1/management/maintenance"));
        Assert.Equal("503 service_unavailable", await CodeAsync("POST", $"/{project}/v1/heartbeats"));
        Assert.Equal("503 service_unavailable", await CodeAsync("GET", "/status/history"));
        Assert.Equal(200, (await gateway.SendAsync("GET", "/status")).Status);
    }

    [Theory]
    [InlineData("gzip, br")]
    [InlineData(null)]
    public async Task A_service_may_compress_for_whoever_takes_it(string? accepted)
    {
        await using var services = await FakeServices.StartAsync();
        await using var gateway = await StartAsync(services);
        services.Answer = async context =>
        {
            if (AcceptedEncoding.Best(context.Request.Headers.AcceptEncoding) is AcceptedEncoding.Kind.Brotli)
            {
                context.Response.Headers.ContentEncoding = "br";
            }

            context.Response.Headers.Vary = "Accept-Encoding";
            context.Response.ContentType = "text/html; charset=utf-8";
            context.Response.Headers[OpenApiCheck.NotOursHeader] = "1";
            await context.Response.WriteAsync("as it is");
        };
        using var request = new HttpRequestMessage(HttpMethod.Get, "/status/history");
        request.Headers.TryAddWithoutValidation("Accept-Encoding", accepted);

        using var response = await gateway.Http.SendAsync(request);

        Assert.Equal(accepted is null ? [] : ["br"], response.Content.Headers.ContentEncoding);
        Assert.Equal("Accept-Encoding", response.Headers.Vary.Single());
        Assert.Equal("as it is", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Bodies_are_bounded_and_typed()
    {
        await using var services = await FakeServices.StartAsync();
        await using var gateway = await StartAsync(services);
        var (project, key) = await KeyAsync(gateway);
        async Task<string> SendAsync(string path, HttpContent content, bool chunked = false)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = content };
            request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {key}");
            request.Headers.TransferEncodingChunked = chunked;
            using var response = await gateway.Http.SendAsync(request);
            var body = System.Text.Json.Nodes.JsonNode.Parse(await response.Content.ReadAsStringAsync());
            return $"{(int)response.StatusCode} {body!["error"]?["code"] ?? body["bytes"]}";
        }

        static ByteArrayContent Json(int length) => new(Encoding.UTF8.GetBytes(new string(' ', length))) { Headers = { ContentType = new("application/json") } };
        var windows = $"/{project}/v1/management/maintenance";
        Assert.Equal("201 262144", await SendAsync(windows, Json(262_144)));
        Assert.Equal("413 payload_too_large", await SendAsync(windows, Json(262_145)));
        Assert.Equal("201 260000", await SendAsync(windows, Json(260_000), chunked: true));
        Assert.Equal("413 payload_too_large", await SendAsync(windows, Json(262_145), chunked: true));
        Assert.Equal("413 payload_too_large", await SendAsync($"/{project}/v1/management/keys", Json(270_000), chunked: true));
        Assert.Equal("200 4194304", await SendAsync($"/{project}/v1/heartbeats", Json(4 * 1024 * 1024)));
        Assert.Equal("413 payload_too_large", await SendAsync($"/{project}/v1/heartbeats", Json((4 * 1024 * 1024) + 1), chunked: true));
        Assert.Equal("201 2", await SendAsync(windows, new StringContent("{}", new MediaTypeHeaderValue("application/json", "utf-8"))));
        Assert.Equal("415 unsupported_media_type", await SendAsync(windows, new StringContent("{}", new MediaTypeHeaderValue("text/plain"))));
        Assert.Equal("415 unsupported_media_type", await SendAsync(windows, new ByteArrayContent([1])));
        Assert.Equal("200 0", await SendAsync($"{windows}/mw_1/complete", new ByteArrayContent([])));
    }

    [Fact]
    public async Task Limits_count_keys_and_addresses_apart_and_say_when_to_come_back()
    {
        await using var services = await FakeServices.StartAsync();
        await using var gateway = await TestGateway.StartAsync(
            await postgres.Server.CreateDatabaseAsync<Program>(), services, new() { ["RateLimits:KeyPerMinute"] = "20", ["RateLimits:PublicPerMinute"] = "10", ["RateLimits:HeartbeatsPerMinute"] = "5" }, TestGateway.HoldLimits);
        var (project, key) = await KeyAsync(gateway);
        var windows = $"/{project}/v1/management/maintenance";

        using var request = new HttpRequestMessage(HttpMethod.Get, windows);
        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {key}");
        using (var response = await gateway.Http.SendAsync(request))
        {
            Assert.Equal("20", response.Headers.GetValues("X-RateLimit-Limit").Single());
            Assert.Equal("19", response.Headers.GetValues("X-RateLimit-Remaining").Single());
            Assert.Equal("3", response.Headers.GetValues("X-RateLimit-Reset").Single());
        }

        var statuses = new List<int>();
        for (var i = 0; i < 25; i++)
        {
            statuses.Add((await gateway.SendAsync("GET", windows, key)).Status);
        }

        Assert.Equal(429, statuses[^1]);
        Assert.InRange(statuses.Count(s => s == 200), 19, 22);
        var (_, body) = await gateway.SendAsync("GET", windows, key);
        var error = body!["error"]!;
        Assert.Equal(("rate_limit_error", "rate_limit_exceeded", 3), (error["type"]!.GetValue<string>(), error["code"]!.GetValue<string>(), error["retry_after"]!.GetValue<int>()));
        Assert.Equal("exponential_backoff", error["retry_strategy"]!["type"]!.GetValue<string>());

        // Heartbeats and pages have buckets of their own.
        Assert.Equal(200, (await gateway.SendAsync("POST", $"/{project}/v1/heartbeats", key, new { heartbeats = Array.Empty<object>() })).Status);
        Assert.Equal(200, (await gateway.SendAsync("GET", "/status")).Status);
        statuses.Clear();
        for (var i = 0; i < 15; i++)
        {
            statuses.Add((await gateway.SendAsync("GET", windows, Keys.ApiKeyValue.Create("guess"))).Status);
        }

        Assert.Equal(401, statuses[0]);
        Assert.Equal(429, statuses[^1]);
        Assert.Equal(429, (await gateway.SendAsync("GET", "/status")).Status);
        Assert.Equal(200, (await gateway.SendAsync("GET", "/healthz")).Status);
    }

    [Fact]
    public async Task On_SIGTERM_what_is_in_flight_finishes_and_readiness_turns_away()
    {
        await using var services = await FakeServices.StartAsync();
        var platformKey = Keys.ApiKeyValue.Create("platform");
        var port = FreePort();
        var settings = new Dictionary<string, string?>
        {
            ["HTTP_PORT"] = $"{port}",
            ["GRPC_PORT"] = "0",
            ["InternalAuth__Keys__0"] = TestKit.TestTokens.Key,
            ["ConnectionStrings__gatewaydb"] = await postgres.Server.CreateDatabaseAsync<Program>(),
            ["Platform__Key"] = platformKey,
            ["Gateway__DrainMilliseconds"] = "1500",
        };
        foreach (var name in new[] { "statusservice", "maintenanceservice", "notificationservice", "healthcollector" })
        {
            settings[$"services__{name}__http__0"] = services.Http.ToString();
            settings[$"services__{name}__grpc__0"] = services.Grpc.ToString();
        }

        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Xerotier.Gateway.dll")]) { RedirectStandardOutput = true };
        foreach (var (name, value) in settings)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        process.BeginOutputReadLine();
        try
        {
            using var http = TestGateway.Client(new($"http://127.0.0.1:{port}"));
            await Eventually.TrueAsync(
                async () =>
                {
                    try
                    {
                        using var ready = await http.GetAsync("/readyz");
                        return ready.StatusCode == HttpStatusCode.OK;
                    }
                    catch (HttpRequestException)
                    {
                        return false;
                    }
                },
                "ready",
                seconds: 60);
            var reached = new TaskCompletionSource();
            var finish = new TaskCompletionSource();
            services.Answer = async context =>
            {
                reached.SetResult();
                await finish.Task;
                context.Response.ContentType = "text/html";
                context.Response.Headers[TestKit.OpenApiCheck.NotOursHeader] = "1";
                await context.Response.WriteAsync("done");
            };
            var inFlight = http.GetStringAsync("/status/history");
            await reached.Task.WaitAsync(TimeSpan.FromSeconds(10));
            using (var kill = Process.Start("kill", ["-TERM", $"{process.Id}"]))
            {
                await kill.WaitForExitAsync();
            }

            await Eventually.TrueAsync(
                async () =>
                {
                    using var ready = await http.GetAsync("/readyz");
                    return ready.StatusCode == HttpStatusCode.ServiceUnavailable && ready.Headers.ConnectionClose == true;
                },
                "draining");
            await Task.Delay(2000); // the ports are closed by now
            finish.SetResult();
            Assert.Equal("done", await inFlight.WaitAsync(TimeSpan.FromSeconds(10)));
            await process.WaitForExitAsync(new CancellationTokenSource(TimeSpan.FromSeconds(20)).Token);
            Assert.Equal(0, process.ExitCode);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill();
            }
        }
    }

    private async Task<TestGateway> StartAsync(FakeServices services, params (string Key, string Value)[] settings) =>
        await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>(), services, settings.ToDictionary(s => s.Key, s => (string?)s.Value));

    private static async Task<(string Project, string Key)> KeyAsync(TestGateway gateway)
    {
        var project = await gateway.CreateProjectAsync();
        return (project, (await gateway.CreateKeyAsync(project, "management", "heartbeat")).Key);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
