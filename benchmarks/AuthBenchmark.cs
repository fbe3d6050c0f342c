using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Xerotier.TestKit;

namespace Xerotier.Bench;

/// <summary>
/// What an authenticated, rate-limited, proxied request costs, against nginx that only proxies, to one upstream that both share: an
/// nginx that answers at once, so that the proxies are what is measured.
/// </summary>
internal static class AuthBenchmark
{
    private const int Connections = 64;
    private const string Answer = """{"object":"list","data":[],"first_id":null,"last_id":null,"has_more":false}""";

    public static async Task<Report> RunAsync()
    {
        await using var postgres = await TestPostgres.StartAsync();
        var (port, proxy, upstream, platformKey) = (TestPorts.Free(), TestPorts.Free(), TestPorts.Free(), $"xero_platform_{new string('A', 43)}");
        await using var nginx = await Tools.NginxAsync(proxy, $$"""
            keepalive_requests 1000000000;
              upstream services { server 127.0.0.1:{{upstream}}; keepalive 128; keepalive_requests 1000000000; }
              server { listen 127.0.0.1:{{proxy}} backlog=1024; location / { proxy_pass http://services; proxy_http_version 1.1; proxy_set_header Connection ""; } }
              server { listen 127.0.0.1:{{upstream}} backlog=1024; location / { default_type application/json; return 200 '{{Answer}}'; } }
            """);
        var settings = new Dictionary<string, string?>
        {
            ["HTTP_PORT"] = $"{port}",
            ["InternalAuth__Keys__0"] = TestTokens.Key,
            ["ConnectionStrings__gatewaydb"] = await postgres.CreateDatabaseAsync(),
            ["Platform__Key"] = platformKey,
            ["RateLimits__ProjectPerMinute"] = "10000000",
            ["RateLimits__KeyPerMinute"] = "10000000", // counted, never reached
        };
        foreach (var service in new[] { "statusservice", "maintenanceservice", "notificationservice", "healthcollector", "console" })
        {
            settings[$"services__{service}__http__0"] = settings[$"services__{service}__grpc__0"] = $"http://127.0.0.1:{upstream}";
        }

        using var gateway = ChildProcess.Start(Solution.Executable("Gateway"), [], settings, null, _ => { });
        await Tools.WaitForPortAsync(port);
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}"), DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", platformKey) } };
        var project = await CreateAsync(http, "/v1/platform/projects", new { name = "Bench", slug = "bench" }, "id");
        var key = await CreateAsync(http, $"/v1/platform/projects/{project}/keys", new { name = "bench", scopes = new[] { "management" } }, "key");

        var path = $"/{project}/v1/management/maintenance";
        var figure = await Tools.CompareAsync(
            "authenticated proxied requests",
            "≥ 0.6 ×",
            new(http.BaseAddress, path), new($"http://127.0.0.1:{proxy}{path}"), Connections, TimeSpan.FromSeconds(3), rounds: 9, $"Authorization: Bearer {key}");
        await gateway.StopAsync(TimeSpan.FromSeconds(5));
        return new("auth", $"A request with its key checked, its limit counted and an internal token added, by wrk, {Connections} connections, against nginx that proxies the same upstream.",
            [figure]);
    }

    /// <summary>Creates something; again while the Gateway is still reading its database.</summary>
    private static async Task<string> CreateAsync(HttpClient http, string path, object body, string field)
    {
        for (var attempt = 0; ; attempt++)
        {
            using var response = await http.PostAsJsonAsync(path, body);
            if (response.IsSuccessStatusCode)
            {
                return (await response.Content.ReadFromJsonAsync<JsonNode>())![field]!.GetValue<string>();
            }

            if (attempt == 100)
            {
                throw new InvalidOperationException($"{path} answered {(int)response.StatusCode}.");
            }

            await Task.Delay(100);
        }
    }
}
