using System.Net;
using System.Text;
using System.Text.Json;
using Xerotier.ServiceDefaults;
using Xerotier.TestKit;

namespace Xerotier.HealthCollector.Tests;

public sealed class HeartbeatEndpointsTests(RedisFixture redis) : RedisTests(redis)
{
    private const string Path = $"/{Collector.ProjectId}/v1/heartbeats";
    private const string Agent = """{"worker_id":"w1","name":"gpu-a","region":"eu","kind":"private","version":"2","state":"ready","max_concurrent_requests":16,"active_requests":3,"models":["m"],"endpoints":["chat"]}""";

    [Fact]
    public async Task A_batch_is_accepted_and_each_invalid_heartbeat_gets_its_error()
    {
        using var collector = new Collector(Redis.ConnectionString);
        var (status, response) = await PostAsync(collector, Path, collector.ProjectToken(), $$"""
            {"heartbeats":[
              {{Agent}},
              17,
              {},
              {"worker_id":"w2","kind":"private","state":"ready","colour":"red"},
              {"worker_id":"w3","kind":"private","state":"ready","active_requests":1.5},
              {"worker_id":"w4","kind":"private","state":"ready","models":"m"},
              {"worker_id":"w5","kind":"private","state":"ready","name":"\ud800"},
              {"worker_id":"w6","kind":"shared","state":"ready"},
              {"router_id":"r1","state":"online"},
              {"router_id":"r1","worker_id":"w7","state":"online"},
              {"worker_id":null,"kind":"private","state":"ready"},
              {"worker_id":"w8","kind":"private","state":"draining"}
            ]}
            """);
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(2, response.GetProperty("accepted").GetInt32());
        Assert.Equal(
            [
                (1, "invalid_request"), (2, "invalid_request"), (3, "unknown_field"), (4, "invalid_request"), (5, "invalid_request"), (6, "invalid_request"),
                (7, "scope_insufficient"), (8, "scope_insufficient"), (9, "unknown_field"), (10, "invalid_request"),
            ],
            response.GetProperty("errors").EnumerateArray().Select(error => (error.GetProperty("index").GetInt32(), error.GetProperty("code").GetString()!)));
        Assert.All(response.GetProperty("errors").EnumerateArray(), error => Assert.NotEmpty(error.GetProperty("message").GetString()!));

        var worker = (await collector.GetFleetAsync()).Workers[0];
        Assert.Equal(
            ("w1", "gpu-a", "private", "eu", "2", "ready", 16, 3, "m", "chat"),
            (worker.Id, worker.Name, worker.Kind, worker.Region, worker.Version, worker.State, worker.MaxConcurrentRequests, worker.ActiveRequests, worker.Models[0], worker.Endpoints[0]));
    }

    [Fact]
    public async Task The_platforms_route_accepts_routers_and_shared_agents()
    {
        using var collector = new Collector(Redis.ConnectionString);
        var (status, response) = await PostAsync(collector, "/v1/platform/heartbeats", collector.PlatformToken, """
            {"heartbeats":[
              {"router_id":"r1","region":"us","version":"1","state":"draining"},
              {"worker_id":"a1","kind":"shared","state":"ready","endpoints":["proj_ABC123/chat"]},
              {"worker_id":"w1","kind":"private","state":"ready"}
            ]}
            """);
        Assert.Equal((HttpStatusCode.OK, 2), (status, response.GetProperty("accepted").GetInt32()));
        Assert.Equal("scope_insufficient", response.GetProperty("errors")[0].GetProperty("code").GetString());
        var fleet = await collector.GetFleetAsync();
        Assert.Equal(("draining", true, "a1"), (fleet.Routers[0].State, fleet.Routers[0].Online, fleet.Workers[0].Id));
    }

    [Theory]
    [InlineData("", "invalid_json")]
    [InlineData("{", "invalid_json")]
    [InlineData("[]", "invalid_json")]
    [InlineData("null", "invalid_json")]
    [InlineData("""{"heartbeats":[]}{}""", "invalid_json")]
    [InlineData("""{"heartbeats":[],"heartbeats":[]}""", "invalid_json")]
    [InlineData("""{"heartbeats":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}""", "invalid_json")]
    [InlineData("""{"beats":[]}""", "unknown_field")]
    [InlineData("""{"\ud800":[]}""", "invalid_json")]
    [InlineData("{}", "invalid_request")]
    [InlineData("""{"heartbeats":{}}""", "invalid_request")]
    public async Task A_body_that_is_not_a_batch_gets_the_error_envelope(string body, string code)
    {
        using var collector = new Collector(Redis.ConnectionString);
        var (status, response) = await PostAsync(collector, Path, collector.ProjectToken(), body);
        Assert.Equal((HttpStatusCode.BadRequest, code), (status, Code(response)));
    }

    [Fact]
    public async Task An_error_of_one_heartbeat_refuses_no_other()
    {
        using var collector = new Collector(Redis.ConnectionString);
        var (status, response) = await PostAsync(collector, Path, collector.ProjectToken(), $$"""
            {"heartbeats":[{{Agent}},
              {"worker_id":"d","worker_id":"e","kind":"private","state":"ready"},
              {"worker_id":"f","kind":"private","state":"ready","more":[[[[[[[[[[]]]]]]]]]]},
              {"worker_id":"g","kind":"private","state":"ready","\ud800":1},
              [[[[[[[[[[]]]]]]]]]]
            ]}
            """);
        Assert.Equal((HttpStatusCode.OK, 1), (status, response.GetProperty("accepted").GetInt32()));
        Assert.Equal(
            [(1, "invalid_request"), (2, "unknown_field"), (3, "invalid_request"), (4, "invalid_request")],
            response.GetProperty("errors").EnumerateArray().Select(error => (error.GetProperty("index").GetInt32(), error.GetProperty("code").GetString()!)));
    }

    [Fact]
    public async Task A_body_that_is_not_UTF8_gets_the_error_envelope()
    {
        using var collector = new Collector(Redis.ConnectionString);
        foreach (var body in new byte[][] { [.. "{\""u8, 0xff, .. "\":1}"u8], [.. "{\"heartbeats\":[],\""u8, 0xff, 0xfe, .. "\":1}"u8] })
        {
            using var http = collector.Http(collector.ProjectToken());
            using var content = new ByteArrayContent(body) { Headers = { ContentType = new("application/json") } };
            using var response = await http.PostAsync(Path, content);
            Assert.Equal((HttpStatusCode.BadRequest, "invalid_json"), (response.StatusCode, Code(JsonElement.Parse(await response.Content.ReadAsStringAsync()))));
        }
    }

    [Fact]
    public async Task The_response_headers_show_how_many_heartbeats_are_left()
    {
        using var collector = new Collector(Redis.ConnectionString, Collector.Clock(), ("RateLimits:HeartbeatsPerMinute", "6"));
        using var http = collector.Http(collector.ProjectToken());
        foreach (var (count, left) in new[] { (4, "2"), (3, "0"), (1, "0") })
        {
            using var content = new StringContent($$"""{"heartbeats":[{{string.Join(',', Enumerable.Repeat(Agent, count))}}]}""", Encoding.UTF8, "application/json");
            using var response = await http.PostAsync(Path, content);
            Assert.Equal(("6", left), (response.Headers.GetValues("X-RateLimit-Limit").Single(), response.Headers.GetValues("X-RateLimit-Remaining").Single()));
            Assert.NotEqual("0", response.Headers.GetValues("X-RateLimit-Reset").Single());
        }
    }

    [Fact]
    public async Task Too_many_heartbeats_too_many_bytes_and_other_types_are_refused()
    {
        using var collector = new Collector(Redis.ConnectionString);
        var token = collector.ProjectToken();
        var (status, response) = await PostAsync(collector, Path, token, $$"""{"heartbeats":[{{string.Join(',', Enumerable.Repeat(Agent, 1001))}}]}""");
        Assert.Equal((HttpStatusCode.BadRequest, "invalid_request"), (status, Code(response)));
        (status, response) = await PostAsync(collector, Path, token, $$"""{"heartbeats":[{{string.Join(',', Enumerable.Repeat(Agent, 1000))}}]}""");
        Assert.Equal((HttpStatusCode.OK, 1000), (status, response.GetProperty("accepted").GetInt32()));
        (status, response) = await PostAsync(collector, Path, token, $$"""{"heartbeats":[]{{new string(' ', 5 << 20)}}}""");
        Assert.Equal((HttpStatusCode.RequestEntityTooLarge, "payload_too_large"), (status, Code(response)));
        (status, response) = await PostAsync(collector, Path, token, """{"heartbeats":[]}""", "text/plain");
        Assert.Equal((HttpStatusCode.UnsupportedMediaType, "unsupported_media_type"), (status, Code(response)));
        (status, response) = await PostAsync(collector, Path, token, """{"heartbeats":[]}""");
        Assert.Equal((HttpStatusCode.OK, 0), (status, response.GetProperty("accepted").GetInt32()));
    }

    [Fact]
    public async Task Each_route_accepts_its_own_keys_only()
    {
        using var collector = new Collector(Redis.ConnectionString);
        const string Body = """{"heartbeats":[]}""";
        Assert.Equal(HttpStatusCode.Unauthorized, (await PostAsync(collector, Path, null, Body)).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await PostAsync(collector, Path, collector.ProjectToken("proj_DEF456"), Body)).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await PostAsync(collector, Path, collector.PlatformToken, Body)).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await PostAsync(collector, Path, TestTokens.ForCaller(Collector.ProjectId, false, Scopes.Management), Body)).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await PostAsync(collector, "/platform/v1/heartbeats", collector.PlatformToken, Body)).Status);
        var (status, response) = await PostAsync(collector, "/v1/platform/heartbeats", collector.ProjectToken(), Body);
        Assert.Equal((HttpStatusCode.Forbidden, "scope_insufficient"), (status, Code(response)));
    }

    [Fact]
    public async Task Beyond_the_limit_the_response_is_429_with_the_time_to_wait()
    {
        var time = Collector.Clock();
        using var collector = new Collector(Redis.ConnectionString, time, ("RateLimits:HeartbeatsPerMinute", "2"));
        var token = collector.ProjectToken();
        var (status, response) = await PostAsync(collector, Path, token, $$"""{"heartbeats":[{{Agent}},{{Agent}},{{Agent}}]}""");
        Assert.Equal((HttpStatusCode.OK, 2, "rate_limit_exceeded"), (status, response.GetProperty("accepted").GetInt32(), response.GetProperty("errors")[0].GetProperty("code").GetString()));

        (status, response) = await PostAsync(collector, Path, token, "not even JSON");
        Assert.Equal((HttpStatusCode.TooManyRequests, "rate_limit_exceeded", 30), (status, Code(response), response.GetProperty("error").GetProperty("retry_after").GetInt32()));

        time.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(HttpStatusCode.OK, (await PostAsync(collector, Path, token, $$"""{"heartbeats":[{{Agent}}]}""")).Status);
    }

    internal static async Task<(HttpStatusCode Status, JsonElement Body)> PostAsync(Collector collector, string path, string? token, string body, string type = "application/json")
    {
        using var http = collector.Http(token);
        http.DefaultRequestHeaders.ExpectContinue = body.Length > 1 << 20; // the refusal of a body may come before its end
        using var content = new StringContent(body, Encoding.UTF8, type);
        using var response = await http.PostAsync(path, content);
        return (response.StatusCode, JsonElement.Parse(await response.Content.ReadAsStringAsync()));
    }

    internal static string Code(JsonElement response) => response.GetProperty("error").GetProperty("code").GetString()!;
}
