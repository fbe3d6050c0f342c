using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xerotier.TestKit;

namespace Xerotier.Gateway.Tests;

/// <summary>Every route × every kind of key, with the exact status and code. The routes come from the Gateway's own table.</summary>
public sealed class MatrixTests(PostgresFixture postgres)
{
    /// <summary>What a caller who is let in gets for an empty object as body and ids that do not exist. A new route fails the test until it stands here.</summary>
    private static readonly Dictionary<string, string> LetIn = new()
    {
        ["GET /"] = "302",
        ["GET /status"] = "200",
        ["GET /status.json"] = "200",
        ["GET /status/history"] = "200",
        ["GET /status/incidents/{id}"] = "200",
        ["GET /status/"] = "308",
        ["GET /status/subscribe"] = "200",
        ["POST /status/subscribe"] = "202",
        ["GET /status/subscriptions/{token}"] = "200",
        ["POST /status/subscriptions/{token}"] = "200",
        ["GET /console"] = "308",
        ["GET /console/sign-in"] = "200",
        ["POST /console/sign-in"] = "303",
        ["POST /console/sign-out"] = "303",
        ["GET /console/link/{token}"] = "404 not_found",
        ["GET /console/assets/{name}"] = "200",
        ["GET /console/{path}"] = "303",
        ["POST /console/{path}"] = "401 session_expired",
        ["GET /api/v2/summary.json"] = "200",
        ["GET /api/v2/status.json"] = "200",
        ["GET /api/v2/components.json"] = "200",
        ["GET /api/v2/incidents.json"] = "200",
        ["GET /api/v2/incidents/unresolved.json"] = "200",
        ["GET /api/v2/scheduled-maintenances.json"] = "200",
        ["GET /api/v2/scheduled-maintenances/upcoming.json"] = "200",
        ["GET /api/v2/scheduled-maintenances/active.json"] = "200",
        ["GET /status/history.atom"] = "200",
        ["GET /status/history.rss"] = "200",
        ["GET /status/updates.atom"] = "200",
        ["GET /status/updates.json"] = "200",
        ["GET /status/maintenance.ics"] = "200",
        ["GET /status/maintenance/{id}"] = "200",
        ["GET /status/badge.svg"] = "200",
        ["GET /status/badge.json"] = "200",
        ["GET /status/embed"] = "200",
        ["GET /status/embed.js"] = "200",
        ["GET /status.md"] = "200",
        ["GET /status.txt"] = "200",
        ["GET /llms.txt"] = "200",
        ["GET /status/badge/{id}"] = "404 not_found",
        ["GET /status/og/{id}"] = "404 not_found",
        ["GET /status/logo-light"] = "404 not_found",
        ["GET /status/logo-dark"] = "404 not_found",
        ["GET /favicon.ico"] = "200",
        ["GET /apple-touch-icon.png"] = "200",
        ["GET /robots.txt"] = "200",
        ["GET /healthz"] = "200",
        ["GET /readyz"] = "200",
        ["GET /openapi/v1.json"] = "200",
        ["GET /docs"] = "200",
        ["GET /{project_id}/v1/health/dashboard"] = "200",
        ["GET /{project_id}/v1/management/maintenance"] = "200",
        ["POST /{project_id}/v1/management/maintenance"] = "201",
        ["GET /{project_id}/v1/management/maintenance/{id}"] = "200",
        ["PATCH /{project_id}/v1/management/maintenance/{id}"] = "200",
        ["DELETE /{project_id}/v1/management/maintenance/{id}"] = "200",
        ["POST /{project_id}/v1/management/maintenance/{id}/complete"] = "200",
        ["POST /{project_id}/v1/management/maintenance/{id}/purge"] = "200",
        ["GET /{project_id}/v1/management/maintenance/{id}/events"] = "200",
        ["GET /{project_id}/v1/management/maintenance-series"] = "200",
        ["POST /{project_id}/v1/management/maintenance-series"] = "201",
        ["POST /{project_id}/v1/management/maintenance-series/preview"] = "200",
        ["GET /{project_id}/v1/management/maintenance-series/{id}"] = "200",
        ["PATCH /{project_id}/v1/management/maintenance-series/{id}"] = "200",
        ["DELETE /{project_id}/v1/management/maintenance-series/{id}"] = "200",
        ["GET /{project_id}/v1/management/maintenance-series/{id}/events"] = "200",
        ["GET /{project_id}/v1/management/incidents"] = "200",
        ["POST /{project_id}/v1/management/incidents"] = "201",
        ["GET /{project_id}/v1/management/incidents/{id}"] = "200",
        ["PATCH /{project_id}/v1/management/incidents/{id}"] = "200",
        ["DELETE /{project_id}/v1/management/incidents/{id}"] = "200",
        ["POST /{project_id}/v1/management/incidents/{id}/updates"] = "200",
        ["PATCH /{project_id}/v1/management/incidents/{id}/updates/{uid}"] = "200",
        ["POST /{project_id}/v1/management/incidents/{id}/publish"] = "200",
        ["GET /{project_id}/v1/management/incidents/{id}/events"] = "200",
        ["GET /{project_id}/v1/management/components"] = "200",
        ["GET /{project_id}/v1/management/events"] = "200",
        ["GET /{project_id}/v1/management/subscriptions"] = "200",
        ["POST /{project_id}/v1/management/subscriptions"] = "201",
        ["POST /{project_id}/v1/management/subscriptions/audience"] = "200",
        ["GET /{project_id}/v1/management/subscriptions/{id}"] = "200",
        ["PATCH /{project_id}/v1/management/subscriptions/{id}"] = "200",
        ["DELETE /{project_id}/v1/management/subscriptions/{id}"] = "200",
        ["POST /{project_id}/v1/management/subscriptions/{id}/rotate"] = "200",
        ["POST /{project_id}/v1/management/subscriptions/{id}/test"] = "201",
        ["GET /{project_id}/v1/management/subscriptions/{id}/deliveries"] = "200",
        ["POST /{project_id}/v1/management/subscriptions/{id}/deliveries/{delivery_id}/retry"] = "200",
        ["GET /{project_id}/v1/management/keys"] = "200",
        ["POST /{project_id}/v1/management/keys"] = "400 invalid_request",
        ["GET /{project_id}/v1/management/keys/events"] = "200",
        ["POST /{project_id}/v1/management/keys/{id}/rotate"] = "404 not_found",
        ["DELETE /{project_id}/v1/management/keys/{id}"] = "404 not_found",
        ["GET /v1/platform/projects"] = "200",
        ["POST /v1/platform/projects"] = "400 invalid_request",
        ["POST /v1/platform/projects/{id}/keys"] = "404 not_found",
        ["GET /v1/platform/projects/{id}/keys"] = "404 not_found",
        ["DELETE /v1/platform/projects/{project_id}/keys/{id}"] = "404 not_found",
        ["POST /v1/platform/projects/{id}/suspend"] = "404 not_found",
        ["POST /v1/platform/projects/{id}/resume"] = "404 not_found",
        ["POST /v1/platform/maintenance/{id}/cancel"] = "200",
        ["GET /v1/platform/components"] = "200",
        ["POST /v1/platform/components"] = "201",
        ["GET /v1/platform/components/{id}"] = "200",
        ["PATCH /v1/platform/components/{id}"] = "200",
        ["DELETE /v1/platform/components/{id}"] = "200",
        ["GET /v1/platform/components/{id}/events"] = "200",
        ["GET /v1/platform/subscribers"] = "200",
        ["DELETE /v1/platform/subscribers/{id}"] = "200",
        ["GET /v1/platform/keys"] = "200",
        ["POST /v1/platform/keys"] = "400 invalid_request",
        ["GET /v1/platform/keys/events"] = "200",
        ["POST /v1/platform/keys/{id}/rotate"] = "404 not_found",
        ["DELETE /v1/platform/keys/{id}"] = "404 not_found",
        ["POST /{project_id}/v1/heartbeats"] = "200",
        ["POST /v1/platform/heartbeats"] = "200",
        ["POST /xerotier.health.v1.Heartbeats/Report"] = "200",
    };

    [Fact]
    public async Task Every_route_answers_every_kind_of_key_as_it_must()
    {
        var database = await postgres.Server.CreateDatabaseAsync<Program>();
        await using var gateway = await TestGateway.StartAsync(database);
        await Eventually.TrueAsync(async () => (await gateway.SendAsync("GET", "/readyz")).Status == 200, "ready");
        var routes = gateway.Service.Services.GetRequiredService<Routes>();
        var project = await gateway.CreateProjectAsync();
        var keys = await KindsAsync(gateway, database, project);
        using var http2 = TestGateway.Client(gateway.Service.GrpcAddress, HttpVersion.Version20);

        var wrong = new List<string>();
        var cells = 0;
        foreach (var route in routes.All)
        {
            var line = $"{route.Method} {route.Pattern}";
            Assert.True(LetIn.TryGetValue(line, out var letIn), $"'{line}' is not in this test: say what a caller who is let in gets.");
            var path = PathOf(route, project);
            foreach (var (kind, key) in keys)
            {
                var expected = Expected(route.Access, kind) ?? letIn;
                // The gRPC port answers plain HTTP too, with the same word.
                foreach (var client in route.IsGrpc ? new[] { http2 } : [gateway.Http, http2])
                {
                    var got = route.IsGrpc ? await SendGrpcAsync(client, path, key) : await SendAsync(client, route.Method, path, key, route.IsForm);
                    cells++;
                    if (got != expected)
                    {
                        wrong.Add($"{line} with {kind} over HTTP/{client.DefaultRequestVersion}: {got}, not {expected}");
                    }
                }
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        Assert.Equal(routes.All.Count, LetIn.Count);
        Assert.True(cells > 600, $"only {cells} cells");
    }

    [Fact]
    public async Task Every_route_answers_a_session_of_every_kind_of_key_as_it_must()
    {
        var database = await postgres.Server.CreateDatabaseAsync<Program>();
        var port = TestPorts.Free();
        await using var gateway = await TestGateway.StartAsync(database, settings: new() { ["INTERNAL_PORT"] = $"{port}" });
        await Eventually.TrueAsync(async () => (await gateway.SendAsync("GET", "/readyz")).Status == 200, "ready");
        var project = await gateway.CreateProjectAsync();
        var sessions = new Dictionary<string, string?>();
        foreach (var (kind, key) in await KindsAsync(gateway, database, project))
        {
            // Without a sign-in, which would refuse most of them: as if the key had become so since.
            sessions[kind] = key is null ? null : await ConsoleBrowser.SessionOfAsync(database, key);
        }

        sessions["both"] = await ConsoleBrowser.SessionOfAsync(database, (await gateway.CreateKeyAsync(project, "management")).Key, gateway.PlatformKey);
        using var console = ConsoleBrowser.Service(port);
        var wrong = new List<string>();
        var cells = 0;
        foreach (var route in gateway.Service.Services.GetRequiredService<Routes>().All)
        {
            var line = $"{route.Method} {route.Pattern}";
            var path = PathOf(route, project);
            foreach (var (kind, secret) in sessions)
            {
                var expected = route.IsGrpc ? "404 not_found" : route.Access == Access.Public ? route.IsInMemory ? LetIn[line] : "404 not_found" : kind switch
                {
                    "no key" => "404", // without a session nothing of this is there
                    "garbage" or "unknown" or "expired" or "revoked" => "401 session_expired",
                    "rotated past grace" => Expected(route.Access, "rotated within grace") ?? LetIn[line], // a session is the key's, whichever value it has
                    "both" => route.Access == Access.Heartbeat ? "403 scope_insufficient" : LetIn[line],
                    _ => Expected(route.Access, kind) ?? LetIn[line],
                };
                using var response = await ConsoleBrowser.AskAsync(console, route.Method, path, secret, body: route.Method is "POST" or "PATCH" ? "{}" : null);
                var text = await response.Content.ReadAsStringAsync();
                var status = (int)response.StatusCode;
                var got = status < 400 || text.Length == 0 ? $"{status}" : $"{status} {JsonNode.Parse(text)!["error"]!["code"]}";
                cells++;
                if (got != (secret is null ? "404" : expected))
                {
                    wrong.Add($"{line} in a session of {kind}: {got}, not {expected}");
                }
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        Assert.True(cells > 600, $"only {cells} cells");
    }

    [Fact]
    public async Task Only_a_projects_key_learns_what_it_does_not_have()
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>());
        var project = await gateway.CreateProjectAsync();
        var (_, key) = await gateway.CreateKeyAsync(project, "inference");
        var tests = new (string Method, string Path, string? Key, string Expected)[]
        {
            ("GET", "/nothing", null, "404 not_found"),
            ("GET", "/nothing", key, "404 not_found"),
            ("POST", "/status", null, "405 method_not_allowed"),
            ("GET", $"/{project}/v1/nothing", null, "401 missing_api_key"),
            ("GET", $"/{project}/v1/nothing", "rubbish", "401 invalid_api_key"),
            ("GET", $"/{project}/v1/nothing", gateway.PlatformKey, "403 project_mismatch"),
            ("GET", $"/{project}/v1/nothing", key, "404 not_found"),
            ("GET", "/proj_doesnotexist/v1/nothing", key, "403 project_mismatch"),
            ("GET", "/proj_doesnotexist/v1/health/dashboard", key, "403 project_mismatch"),
            ("GET", "/platform/v1/health/dashboard", gateway.PlatformKey, "403 project_mismatch"),
            ("GET", "/v1/platform/nothing", key, "403 scope_insufficient"),
            ("GET", "/v1/platform/nothing", gateway.PlatformKey, "404 not_found"),
            ("PUT", $"/{project}/v1/health/dashboard", key, "405 method_not_allowed"),
            ("PUT", $"/{project}/v1/health/dashboard", null, "401 missing_api_key"),
            ("GET", $"/{project}/v1/health/dashboard/", key, "404 not_found"),
            ("GET", $"/{project}/V1/health/dashboard", key, "404 not_found"),
            ("GET", $"/{project}/v1/Health/dashboard", key, "404 not_found"),
            ("GET", $"/{project.ToUpperInvariant()}/v1/health/dashboard", key, "403 project_mismatch"),
            ("GET", $"//{project}/v1/health/dashboard", key, "404 not_found"),
            ("GET", $"/{project}//v1/health/dashboard", key, "404 not_found"),
            ("GET", $"/{project}/v1/health%2Fdashboard", key, "404 not_found"),
            ("GET", $"/{project}/v1/%68ealth/dashboard", key, "404 not_found"),
        };
        foreach (var (method, path, shown, expected) in tests)
        {
            var (status, body) = await gateway.SendAsync(method, path, shown);
            Assert.Equal((method, path, expected), (method, path, $"{status} {body?["error"]?["code"]}"));
        }

        Assert.Empty(gateway.Services.Requests);
    }

    [Fact]
    public async Task A_wrong_method_names_the_right_ones_and_HEAD_is_a_GET_without_its_body()
    {
        await using var gateway = await TestGateway.StartAsync(await postgres.Server.CreateDatabaseAsync<Program>());
        var project = await gateway.CreateProjectAsync();
        var (_, key) = await gateway.CreateKeyAsync(project, "management");
        using var put = await SendRawAsync(gateway.Http, "PUT", $"/{project}/v1/management/maintenance", key);
        Assert.Equal(405, (int)put.StatusCode);
        Assert.Equal(["GET", "HEAD", "POST"], put.Content.Headers.Allow);
        using var preview = await SendRawAsync(gateway.Http, "GET", $"/{project}/v1/management/maintenance-series/preview", key);
        Assert.Equal((405, "POST"), ((int)preview.StatusCode, string.Join(", ", preview.Content.Headers.Allow)));

        foreach (var path in new[] { "/status", "/healthz", $"/{project}/v1/management/maintenance" })
        {
            using var head = await SendRawAsync(gateway.Http, "HEAD", path, key);
            Assert.Equal(200, (int)head.StatusCode);
            Assert.Empty(await head.Content.ReadAsByteArrayAsync());
        }

        Assert.Equal("GET", gateway.Services.Requests.Single().Method);
    }

    private static string PathOf(Route route, string project) => route.Pattern.Replace("{project_id}", project).Replace("{id}", "mw_0000000000").Replace("{uid}", "upd_0000000000")
        .Replace("{delivery_id}", "msg_0000000000").Replace("{token}", new string('t', 43)).Replace("{name}", "console.css").Replace("{path}", "windows");

    /// <summary>The status and code for a kind of key; null: let in.</summary>
    private static string? Expected(Access access, string kind) => (access, kind) switch
    {
        (Access.Public, _) => null,
        (_, "no key") => "401 missing_api_key",
        (_, "garbage" or "unknown") => "401 invalid_api_key",
        (_, "expired" or "rotated past grace") => "401 expired_api_key",
        (_, "revoked") => "401 revoked_api_key",
        (_, "suspended") => "403 project_suspended",
        (_, "IP not allowed") => "403 ip_not_allowed",
        (Access.Platform or Access.AnyHeartbeat, "platform") => null,
        (Access.Platform, _) => "403 scope_insufficient",
        (Access.AnyHeartbeat, "management" or "inference") => "403 scope_insufficient",
        (Access.AnyHeartbeat, _) => null,
        (_, "platform" or "wrong project") => "403 project_mismatch",
        (Access.Project, _) => null,
        (Access.Management, "management") or (Access.Heartbeat, "heartbeat") => null,
        (Access.Management or Access.Heartbeat, "management" or "inference" or "heartbeat") => "403 scope_insufficient",
        (Access.Management or Access.Heartbeat, "every scope" or "rotated within grace") => null,
        _ => throw new InvalidOperationException($"No expectation for {access} with {kind}."),
    };

    internal static async Task<Dictionary<string, string?>> KindsAsync(TestGateway gateway, string database, string project)
    {
        string[] every = ["management", "inference", "heartbeat"];
        var other = await gateway.CreateProjectAsync();
        var (expiredId, expired) = await gateway.CreateKeyAsync(project, every);
        var (pastId, past) = await gateway.CreateKeyAsync(project, every);
        var (withinId, within) = await gateway.CreateKeyAsync(project, every);
        var (revokedId, revoked) = await gateway.CreateKeyAsync(project, every);
        var (_, all) = await gateway.CreateKeyAsync(project, every);
        foreach (var id in new[] { pastId, withinId })
        {
            Assert.Equal(200, (await gateway.SendAsync("POST", $"/{project}/v1/management/keys/{id}/rotate", all)).Status);
        }

        Assert.Equal(200, (await gateway.SendAsync("DELETE", $"/{project}/v1/management/keys/{revokedId}", all)).Status);
        await using var connection = new NpgsqlConnection(database);
        await connection.OpenAsync();
        await using var age = new NpgsqlCommand(
            $"""
            update api_keys set expires_at = now() - interval '1 second' where id = '{expiredId}';
            update api_key_values set expires_at = now() - interval '1 second' where key_id = '{pastId}' and expires_at is not null;
            """,
            connection);
        await age.ExecuteNonQueryAsync();
        return new()
        {
            ["no key"] = null,
            ["garbage"] = "rubbish",
            ["unknown"] = Keys.ApiKeyValue.Create("nobody"),
            ["wrong project"] = (await gateway.CreateKeyAsync(other, every)).Key,
            ["management"] = (await gateway.CreateKeyAsync(project, "management")).Key,
            ["inference"] = (await gateway.CreateKeyAsync(project, "inference")).Key,
            ["heartbeat"] = (await gateway.CreateKeyAsync(project, "heartbeat")).Key,
            ["every scope"] = all,
            ["suspended"] = await SuspendedAsync(),
            ["expired"] = expired,
            ["revoked"] = revoked,
            ["rotated within grace"] = within,
            ["rotated past grace"] = past,
            ["IP not allowed"] = (await gateway.CreateKeyAsync(project, new { name = "far", scopes = every, allowed_ips = new[] { "203.0.113.0/24", "2001:db8::/32" } })).Key,
            ["platform"] = gateway.PlatformKey,
        };

        async Task<string> SuspendedAsync()
        {
            var suspended = await gateway.CreateProjectAsync();
            var (_, key) = await gateway.CreateKeyAsync(suspended, every);
            Assert.Equal(200, (await gateway.SendAsync("POST", $"/v1/platform/projects/{suspended}/suspend", gateway.PlatformKey)).Status);
            return key;
        }
    }

    private static async Task<HttpResponseMessage> SendRawAsync(HttpClient client, string method, string path, string? key, bool isForm = false)
    {
        using var request = new HttpRequestMessage(new(method), path) { Version = client.DefaultRequestVersion, VersionPolicy = client.DefaultVersionPolicy };
        if (key is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {key}");
        }

        if (method is "POST" or "PATCH" or "PUT")
        {
            request.Content = isForm ? new FormUrlEncodedContent([]) : new StringContent("{}", Encoding.UTF8, "application/json");
        }

        return await client.SendAsync(request);
    }

    private static async Task<string> SendAsync(HttpClient client, string method, string path, string? key, bool isForm)
    {
        using var response = await SendRawAsync(client, method, path, key, isForm);
        var status = (int)response.StatusCode;
        if (status < 400)
        {
            return $"{status}";
        }

        var error = JsonNode.Parse(await response.Content.ReadAsStringAsync())!["error"]!.AsObject();
        Assert.True(error.ContainsKey("message") && error.ContainsKey("type") && error.ContainsKey("param"), error.ToJsonString());
        return $"{status} {error["code"]}";
    }

    private static async Task<string> SendGrpcAsync(HttpClient client, string path, string? key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Content = new ByteArrayContent([0, 0, 0, 0, 0]) { Headers = { ContentType = new MediaTypeHeaderValue("application/grpc") } };
        request.Headers.TE.Add(new("trailers"));
        if (key is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {key}");
        }

        using var response = await client.SendAsync(request);
        Assert.Equal(200, (int)response.StatusCode);
        await response.Content.ReadAsByteArrayAsync();
        string? Value(string name) =>
            response.TrailingHeaders.TryGetValues(name, out var trailer) ? trailer.Single() : response.Headers.TryGetValues(name, out var header) ? header.Single() : null;
        var code = Value("xerotier-error-code");
        return Value("grpc-status") switch
        {
            "0" => "200",
            "7" => $"403 {code}",
            "16" => $"401 {code}",
            var other => $"grpc-status {other} {code}",
        };
    }
}
