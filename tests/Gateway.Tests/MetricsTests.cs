using System.Diagnostics;
using System.Net;
using System.Text;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xerotier.Gateway.Metrics;
using Xerotier.Health.V1;
using Xerotier.TestKit;

namespace Xerotier.Gateway.Tests;

public sealed class MetricsTests(PostgresFixture postgres, ITestOutputHelper output)
{
    private const string Report = "/xerotier.health.v1.Heartbeats/Report";

    [Fact]
    public async Task Every_outcome_is_recorded_with_its_route_method_status_and_who_responded()
    {
        var database = await postgres.Server.CreateDatabaseAsync<Program>();
        await using var gateway = await TestGateway.StartAsync(database, settings: new() { ["RateLimits:HeartbeatsPerMinute"] = "1" });
        await Eventually.TrueAsync(async () => (await gateway.SendAsync("GET", "/readyz")).Status == 200, "ready");
        var project = await gateway.CreateProjectAsync();
        var (_, key) = await gateway.CreateKeyAsync(project, "management", "heartbeat");
        using var http = new HttpClient { BaseAddress = gateway.Service.HttpAddress };
        using var http2 = new HttpClient { BaseAddress = gateway.Service.GrpcAddress, DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
        using var measured = new Measurements(gateway, "xerotier.gateway.request.duration");
        var windows = $"/{project}/v1/management/maintenance";
        const string windowsRoute = "/{project_id}/v1/management/maintenance";
        const string keysRoute = "/{project_id}/v1/management/keys";

        // A request is recorded after its response: those of the preparation are, once a later one is.
        await SendAsync("GET", "/marker");
        await Eventually.TrueAsync(() => measured.Read("http.route").Contains("unmatched"), "the marker");

        // The Gateway's own responses.
        await RecordsAsync("GET / 302 gateway", () => SendAsync("GET", "/"));
        await RecordsAsync("GET /status 200 gateway", () => SendAsync("GET", "/status"));
        await RecordsAsync("HEAD /status 200 gateway", () => SendAsync("HEAD", "/status"));
        await RecordsAsync("GET /status 304 gateway", () => SendAsync("GET", "/status", ("If-None-Match", "*")));
        await RecordsAsync("GET /status.json 200 gateway", () => SendAsync("GET", "/status.json"));
        await RecordsAsync("GET /openapi/v1.json 200 gateway", () => SendAsync("GET", "/openapi/v1.json"));
        await RecordsAsync("GET /healthz 200 gateway", () => SendAsync("GET", "/healthz"));
        await RecordsAsync("GET /readyz 200 gateway", () => SendAsync("GET", "/readyz"));
        await RecordsAsync($"GET {keysRoute} 200 gateway", () => SendAsync("GET", $"/{project}/v1/management/keys", Bearer()));

        // Refusals.
        await RecordsAsync("GET unmatched 404 gateway", () => SendAsync("GET", "/a/path/that/does/not/exist"));
        await RecordsAsync("GET unmatched 404 gateway", () => SendAsync("GET", $"/{project}/v1/nothing", Bearer()));
        await RecordsAsync("POST /status 405 gateway", () => SendAsync("POST", "/status"));
        await RecordsAsync("_OTHER /status 405 gateway", () => SendAsync("BREW", "/status"));
        await RecordsAsync($"PUT {windowsRoute} 405 gateway", () => SendAsync("PUT", windows, Bearer()));
        await RecordsAsync($"GET {windowsRoute} 401 gateway", () => SendAsync("GET", windows));
        await RecordsAsync("GET unmatched 401 gateway", () => SendAsync("GET", $"/{project}/v1/nothing"));
        await RecordsAsync($"GET {windowsRoute} 403 gateway", () => SendAsync("GET", "/proj_other1/v1/management/maintenance", Bearer()));
        await RecordsAsync($"POST {windowsRoute} 413 gateway", () => PostAsync(windows, new byte[300_000], "application/json"));
        await RecordsAsync($"POST {keysRoute} 413 gateway", () => PostAsync($"/{project}/v1/management/keys", new byte[300_000], "application/json", chunked: true));
        await RecordsAsync($"POST {windowsRoute} 415 gateway", () => PostAsync(windows, "{}"u8.ToArray(), "text/plain"));
        await RecordsAsync($"POST {keysRoute} 400 gateway", () => PostAsync($"/{project}/v1/management/keys", "{}"u8.ToArray(), "application/json"));
        await RecordsAsync("POST /{project_id}/v1/heartbeats 200 healthcollector", () => PostAsync($"/{project}/v1/heartbeats", "{}"u8.ToArray(), "application/json"));
        await RecordsAsync("POST /{project_id}/v1/heartbeats 429 gateway", () => PostAsync($"/{project}/v1/heartbeats", "{}"u8.ToArray(), "application/json"));
        await RecordsAsync($"POST {Report} 401 gateway", async () =>
        {
            using var refused = new HttpRequestMessage(HttpMethod.Post, Report) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = new ByteArrayContent([0, 0, 0, 0, 0]) { Headers = { ContentType = new("application/grpc") } } };
            using var response = await http2.SendAsync(refused);
            Assert.Equal("16", response.Headers.GetValues("grpc-status").Single());
        });
        await RecordsAsync("CONNECT unmatched 404 gateway", async () =>
        {
            using var connection = new RawConnection(gateway.Service.HttpAddress);
            await connection.SendAsync(new(Encoding.ASCII.GetBytes("CONNECT somewhere:443 HTTP/1.1\r\nHost: somewhere:443\r\n\r\n"), IsHead: false, Broken: false));
        });

        // Responses of services, and their failures.
        await RecordsAsync($"GET {windowsRoute} 200 maintenanceservice", () => SendAsync("GET", windows, Bearer()));
        await RecordsAsync("GET /status/history 200 statusservice", () => SendAsync("GET", "/status/history"));
        gateway.Services.Answer = context => Task.FromResult(context.Response.StatusCode = 409);
        await RecordsAsync($"POST {windowsRoute}/{{id}}/complete 409 maintenanceservice", () => SendAsync("POST", $"{windows}/mw_1/complete", Bearer()));
        gateway.Services.Answer = context => Task.FromResult(context.Response.StatusCode = 401);
        await RecordsAsync($"GET {windowsRoute} 503 gateway", () => SendAsync("GET", windows, Bearer()));
        gateway.Services.Answer = context =>
        {
            context.Abort();
            return Task.CompletedTask;
        };
        await RecordsAsync("GET /status/history 503 gateway", () => SendAsync("GET", "/status/history"));
        gateway.Services.Answer = async context =>
        {
            await context.Response.WriteAsync("the first part");
            await context.Response.Body.FlushAsync();
            await Task.Delay(200);
            context.Abort();
        };
        await RecordsAsync("GET /status/history 502 statusservice", () => Assert.ThrowsAnyAsync<Exception>(() => SendAsync("GET", "/status/history")));

        // A client that leaves.
        gateway.Services.Answer = context => Task.Delay(Timeout.Infinite, context.RequestAborted);
        await RecordsAsync("GET /status/history 499 gateway", async () =>
        {
            using var leaving = new CancellationTokenSource(300);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => http.GetAsync("/status/history", leaving.Token));
        });

        // A failure of the Gateway itself.
        await using (var connection = new NpgsqlConnection(database))
        {
            await connection.OpenAsync();
            await using var drop = new NpgsqlCommand("drop table api_keys cascade", connection);
            await drop.ExecuteNonQueryAsync();
        }

        await RecordsAsync($"GET {keysRoute} 500 gateway", () => SendAsync("GET", $"/{project}/v1/management/keys", Bearer()));

        (string, string) Bearer() => ("Authorization", $"Bearer {key}");

        async Task RecordsAsync(string expected, Func<Task> act)
        {
            measured.Clear();
            await act();
            await Eventually.TrueAsync(() => !measured.IsEmpty, expected, seconds: 10);
            Assert.Equal([expected], measured.Read("http.request.method", "http.route", "http.response.status_code", "served_by"));
        }

        async Task SendAsync(string method, string path, params (string Name, string Value)[] headers)
        {
            using var request = new HttpRequestMessage(new(method), gateway.AsWritten(path));
            foreach (var (name, value) in headers)
            {
                request.Headers.TryAddWithoutValidation(name, value);
            }

            using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false });
            using var response = await client.SendAsync(request);
        }

        async Task PostAsync(string path, byte[] body, string type, bool chunked = false)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent(body) { Headers = { ContentType = new(type) } } };
            request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {key}");
            request.Headers.TransferEncodingChunked = chunked;
            using var response = await http.SendAsync(request);
        }
    }

    [Fact]
    public async Task A_stream_has_metrics_of_its_own_and_is_no_request()
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>());
        var project = await gateway.CreateProjectAsync();
        var (_, key) = await gateway.CreateKeyAsync(project, "heartbeat");
        using var requests = new Measurements(gateway, "xerotier.gateway.request.duration");
        using var streams = new Measurements(gateway, "xerotier.gateway.stream.duration");
        using var open = new Measurements(gateway, "xerotier.gateway.open_calls");
        using var channel = GrpcChannel.ForAddress(gateway.Service.GrpcAddress);
        var client = new Heartbeats.HeartbeatsClient(channel);
        Assert.Equal(0, open.Observe());

        using (var whole = client.Report(new Metadata { { "authorization", $"Bearer {key}" } }))
        {
            await whole.RequestStream.WriteAsync(new ReportRequest { Heartbeats = { new Heartbeat() } });
            Assert.True(await whole.ResponseStream.MoveNext());
            Assert.Equal(1, open.Observe());
            await whole.RequestStream.CompleteAsync();
            Assert.False(await whole.ResponseStream.MoveNext());
        }

        await EndsWithAsync(StatusCode.OK);
        using (var cancelled = client.Report(new Metadata { { "authorization", $"Bearer {key}" } }))
        {
            await cancelled.RequestStream.WriteAsync(new ReportRequest { Heartbeats = { new Heartbeat() } });
            Assert.True(await cancelled.ResponseStream.MoveNext());
        }

        await EndsWithAsync(StatusCode.Cancelled);
        await Eventually.TrueAsync(() => open.Observe() == 0, "no stream is open");
        Assert.DoesNotContain(Report, requests.Read("http.route"));

        async Task EndsWithAsync(StatusCode status)
        {
            await Eventually.TrueAsync(() => !streams.IsEmpty, $"a stream ended with {status}", seconds: 10);
            Assert.Equal([$"{Report} {(int)status}"], streams.Read("http.route", "rpc.grpc.status_code"));
            streams.Clear();
        }
    }

    [Fact]
    public async Task Every_page_is_counted_and_one_in_16_is_timed()
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>());
        using var timed = new Measurements(gateway, "xerotier.gateway.request.duration");
        using var counted = new Measurements(gateway, "xerotier.gateway.requests");
        using var http = new HttpClient { BaseAddress = gateway.Service.HttpAddress };
        for (var i = 0; i < 33; i++)
        {
            using var response = await http.GetAsync("/status");
        }

        await Eventually.TrueAsync(() => timed.Read("http.route").Count(route => route == "/status") == 3, "three are timed", seconds: 10);
        counted.Observe();
        Assert.Contains("/status 200 33", counted.Read("http.route", "http.response.status_code", "value"));
    }

    [Fact]
    public async Task Recording_a_request_allocates_nothing()
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>());
        var metrics = gateway.Service.Services.GetRequiredService<GatewayMetrics>();
        var tags = new RequestTags("/status");
        const int times = 500; // short, so that the fastest round is one without interruption
        var fastest = TimeSpan.MaxValue;
        var allocated = 0L;
        for (var round = 0; round < 1000; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            var started = Stopwatch.GetTimestamp();
            for (var i = 0; i < times; i++)
            {
                metrics.RequestEnded(tags, "GET", new(200, Outcome.Gateway), started);
            }

            var elapsed = Stopwatch.GetElapsedTime(started);
            allocated = GC.GetAllocatedBytesForCurrentThread() - before; // of the last round: the first ones make the series and compile the code
            fastest = elapsed < fastest ? elapsed : fastest;
        }

        output.WriteLine($"{fastest.TotalNanoseconds / times:N0} ns, {allocated} bytes in {times} records");
        Assert.InRange(allocated, 0, times / 10); // less than a byte each: the meter's own bookkeeping may come in between
    }
}
