using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Xerotier.Gateway.Keys;
using Xerotier.Gateway.Limits;
using Xerotier.TestKit;

namespace Xerotier.Gateway.Tests;

/// <summary>A Gateway in this process with a database of its own, in front of services that the test plays.</summary>
internal sealed class TestGateway : IAsyncDisposable
{
    private TestGateway(InProcessService<Program> service, FakeServices services, string platformKey) =>
        (Service, Services, PlatformKey, Http) = (service, services, platformKey, Client(service.HttpAddress));

    public InProcessService<Program> Service { get; }

    public FakeServices Services { get; }

    public string PlatformKey { get; }

    public HttpClient Http { get; }

    public static async Task<TestGateway> StartAsync(
        string database, FakeServices? services = null, Dictionary<string, string?>? settings = null, Action<IServiceCollection>? configure = null, string? platformKey = null)
    {
        services ??= await FakeServices.StartAsync();
        platformKey ??= ApiKeyValue.Create("platform");
        var all = new Dictionary<string, string?>
        {
            ["ConnectionStrings:gatewaydb"] = database,
            ["Platform:Key"] = platformKey,
            ["Gateway:DrainMilliseconds"] = "0",
            ["RateLimits:KeyPerMinute"] = "0",
            ["RateLimits:ProjectPerMinute"] = "0",
            ["RateLimits:ProjectHeartbeatsPerMinute"] = "0",
            ["RateLimits:PublicPerMinute"] = "0",
            ["RateLimits:PublicQueriesPerMinute"] = "0",
            ["RateLimits:UnknownKeysPerMinute"] = "0",
            ["RateLimits:SignInFailuresPerMinute"] = "0",
        };
        foreach (var name in new[] { "console", "statusservice", "maintenanceservice", "notificationservice", "healthcollector" })
        {
            all[$"services:{name}:http:0"] = services.Http.ToString();
            all[$"services:{name}:grpc:0"] = services.Grpc.ToString();
        }

        foreach (var (key, value) in settings ?? [])
        {
            all[key] = value;
        }

        var gateway = new TestGateway(await Task.Run(() => new InProcessService<Program>(all, configure)), services, platformKey); // it waits, which no thread that polls sockets may
        var keys = gateway.Service.Services.GetRequiredService<KnownKeys>();
        await Eventually.TrueAsync(() => keys.IsLive, "the Gateway reads its database");
        return gateway;
    }

    /// <summary>For <c>configure</c>: no limit is refilled while a test goes on.</summary>
    public static void HoldLimits(IServiceCollection services) =>
        services.AddSingleton(provider => new RateLimits(provider.GetRequiredService<IOptions<RateLimitOptions>>(), new FakeTimeProvider()));

    /// <summary>A client whose every answer is held against the public description.</summary>
    public static HttpClient Client(Uri address, Version? version = null) => new(new OpenApiCheck(new SocketsHttpHandler { AllowAutoRedirect = false }))
    {
        BaseAddress = address,
        DefaultRequestVersion = version ?? System.Net.HttpVersion.Version11,
        DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };

    /// <summary>Sends a request and reads the answer's JSON.</summary>
    public async Task<(int Status, JsonNode? Body)> SendAsync(string method, string path, string? key = null, object? body = null)
    {
        using var request = new HttpRequestMessage(new(method), AsWritten(path));
        if (key is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {key}");
        }

        if (body is not null)
        {
            request.Content = JsonContent.Create(body);
        }

        using var response = await Http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        return ((int)response.StatusCode, text.Length > 0 && text[0] == '{' ? JsonNode.Parse(text) : null);
    }

    /// <summary>An address that the client sends as it is written.</summary>
    public Uri AsWritten(string path) => new(Service.HttpAddress.GetLeftPart(UriPartial.Authority) + path, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });

    public async Task<string> CreateProjectAsync(string? slug = null, bool platform = false)
    {
        var (status, body) = await SendAsync("POST", "/v1/platform/projects", PlatformKey, new { name = "Test", slug = slug ?? $"p-{Guid.NewGuid():N}", platform });
        Assert.Equal(201, status);
        return body!["id"]!.GetValue<string>();
    }

    public async Task<(string Id, string Key)> CreateKeyAsync(string project, params string[] scopes) =>
        await CreateKeyAsync(project, new { name = "test-key", scopes });

    public async Task<(string Id, string Key)> CreateKeyAsync(string project, object body)
    {
        var (status, answer) = await SendAsync("POST", $"/v1/platform/projects/{project}/keys", PlatformKey, body);
        Assert.Equal(201, status);
        return (answer!["id"]!.GetValue<string>(), answer["key"]!.GetValue<string>());
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await Service.DisposeAsync();
        await Services.DisposeAsync();
    }
}
