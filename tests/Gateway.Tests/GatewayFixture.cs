using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xerotier.Gateway.Keys;
using Xerotier.Health.V1;
using Xerotier.Page.V1;
using Xerotier.TestKit;

[assembly: AssemblyFixture(typeof(Xerotier.Gateway.Tests.PostgresFixture))]

namespace Xerotier.Gateway.Tests;

/// <summary>The Postgres of this test run.</summary>
public sealed class PostgresFixture : IAsyncLifetime
{
    /// <summary>As the Gateway's own process has it (<c>Hosting.CompleteSocketsInline</c>): what blocks there must block here.</summary>
    [ModuleInitializer]
    internal static void CompleteSocketsInline() => Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1");

    public TestPostgres Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await TestPostgres.StartAsync();

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}

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
            ["RateLimits:PublicPerMinute"] = "0",
        };
        foreach (var name in new[] { "statusservice", "maintenanceservice", "healthcollector" })
        {
            all[$"services:{name}:http:0"] = services.Http.ToString();
            all[$"services:{name}:grpc:0"] = services.Grpc.ToString();
        }

        foreach (var (key, value) in settings ?? [])
        {
            all[key] = value;
        }

        var gateway = new TestGateway(new(all, configure), services, platformKey);
        var keys = gateway.Service.Services.GetRequiredService<KnownKeys>();
        await Eventually.TrueAsync(() => keys.IsLive, "the Gateway reads its database");
        return gateway;
    }

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

/// <summary>
/// The services behind a Gateway, played by one small server: it answers every HTTP request with what it received, collects heartbeats,
/// and pushes a page. It can be told to fail.
/// </summary>
internal sealed class FakeServices : IAsyncDisposable
{
    private readonly WebApplication app;

    private FakeServices(WebApplication app) => this.app = app;

    public Uri Http { get; private set; } = null!;

    public Uri Grpc { get; private set; } = null!;

    /// <summary>What the services were asked: method, path with query, headers.</summary>
    public ConcurrentQueue<Received> Requests { get; } = new();

    /// <summary>Answers a request instead of the echo.</summary>
    public Func<HttpContext, Task>? Answer { get; set; }

    /// <summary>What <c>/readyz</c> says.</summary>
    public string Ready { get; set; } = """{"checks":{"maintenancedb":"ok","statusdb":"ok","redis":"ok","schema":"ok"}}""";

    /// <summary>The page that is pushed; null: the stream ends at once.</summary>
    public PageSnapshot? Page { get; set; } = TestPages.Make("one");

    /// <summary>The page's stream hangs, new ones too: nothing comes and nothing ends.</summary>
    public bool Hangs { get; set; }

    public static async Task<FakeServices> StartAsync(int httpPort = 0, int grpcPort = 0)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.ListenLocalhostOrAny(httpPort, HttpProtocols.Http1);
            kestrel.ListenLocalhostOrAny(grpcPort, HttpProtocols.Http2);
        });
        builder.Services.AddGrpc();
        FakeServices services = null!;
        builder.Services.AddSingleton(_ => services);
        var app = builder.Build();
        services = new FakeServices(app);
        app.MapGrpcService<FakePages>();
        app.MapGrpcService<FakeHeartbeats>();
        app.MapGet("/healthz", () => "ok");
        app.MapGet("/readyz", () => Microsoft.AspNetCore.Http.Results.Content(services.Ready, "application/json"));
        app.MapFallback(services.EchoAsync);
        await app.StartAsync();
        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.ToList();
        (services.Http, services.Grpc) = (new(addresses[0]), new(addresses[1]));
        return services;
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
        await app.StopAsync(now.Token);
        await app.DisposeAsync();
    }

    private async Task EchoAsync(HttpContext context)
    {
        var request = context.Request;
        Requests.Enqueue(new(request.Method, request.Path + request.QueryString, request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase)));
        if (Answer is { } answer)
        {
            await answer(context);
            return;
        }

        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body);
        context.Response.StatusCode = request.Method == "POST" && request.Path.Value!.EndsWith("/maintenance", StringComparison.Ordinal) ? 201 : 200;
        context.Response.ContentType = request.Path == "/status/history" ? "text/html" : "application/json";
        context.Response.Headers[OpenApiCheck.NotOursHeader] = "1";
        await context.Response.WriteAsync($$"""{"path":"{{request.Path}}","bytes":{{body.Length}}}""");
    }

    internal sealed record Received(string Method, string Path, IReadOnlyDictionary<string, string> Headers);

    private sealed class FakePages(FakeServices services) : StatusPages.StatusPagesBase
    {
        public override async Task WatchPage(WatchPageRequest request, IServerStreamWriter<WatchPageResponse> responseStream, ServerCallContext context)
        {
            PageSnapshot? sent = null;
            while (services.Page is { } page && !context.CancellationToken.IsCancellationRequested)
            {
                if (services.Hangs)
                {
                    sent = null;
                }
                else if (page != sent)
                {
                    await responseStream.WriteAsync(new WatchPageResponse { Page = page });
                    sent = page;
                }
                else
                {
                    await responseStream.WriteAsync(new WatchPageResponse());
                }

                await Task.Delay(100, context.CancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private sealed class FakeHeartbeats(FakeServices services) : Heartbeats.HeartbeatsBase
    {
        public override async Task Report(IAsyncStreamReader<ReportRequest> requestStream, IServerStreamWriter<ReportResponse> responseStream, ServerCallContext context)
        {
            services.Requests.Enqueue(new("GRPC", context.Method, context.RequestHeaders.ToDictionary(h => h.Key, h => h.Value, StringComparer.OrdinalIgnoreCase)));
            await foreach (var request in requestStream.ReadAllAsync(context.CancellationToken))
            {
                await responseStream.WriteAsync(new ReportResponse { Accepted = request.Heartbeats.Count });
            }
        }
    }
}

internal static class ListenExtensions
{
    public static void ListenLocalhostOrAny(this KestrelServerOptions kestrel, int port, HttpProtocols protocols) =>
        kestrel.Listen(System.Net.IPAddress.Loopback, port, endpoint => endpoint.Protocols = protocols);
}

/// <summary>Pages such as the StatusService pushes.</summary>
internal static class TestPages
{
    public static PageSnapshot Make(string word)
    {
        var html = $"<!DOCTYPE html><html><head><style>b{{color:red}}</style></head><body>{word} live<script>1</script></body></html>";
        var json = Json(word, "null");
        return new PageSnapshot
        {
            GeneratedAt = Timestamp.FromDateTimeOffset(DateTimeOffset.UtcNow),
            Html = Document(html),
            Json = Document(json),
            StaleHtml = ByteString.CopyFromUtf8(html.Replace("live", "unavailable since <time datetime=\"@@stale_since@@\">@@stale_since_text@@</time>")),
            StaleJson = ByteString.CopyFromUtf8(Json(word, "\"@@stale_since@@\"")),
        };
    }

    private static string Json(string word, string staleSince) => $$$"""
        {"object":"status","generated_at":"2026-01-01T00:00:00Z","stale_since":{{{staleSince}}},"overall":{"key":"operational","label":"{{{word}}}"},"indicators":[],"windows":{"unavailable":false,"unavailable_since":null,"active":[],"active_total":0,"scheduled":[],"scheduled_total":0,"recent":[]}}
        """;

    private static Document Document(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        using var gzip = new MemoryStream();
        using (var stream = new System.IO.Compression.GZipStream(gzip, System.IO.Compression.CompressionLevel.Optimal)) stream.Write(bytes);
        using var brotli = new MemoryStream();
        using (var stream = new System.IO.Compression.BrotliStream(brotli, System.IO.Compression.CompressionLevel.Optimal)) stream.Write(bytes);
        return new Document
        {
            Identity = ByteString.CopyFrom(bytes),
            Gzip = ByteString.CopyFrom(gzip.ToArray()),
            Brotli = ByteString.CopyFrom(brotli.ToArray()),
            Etag = $"\"{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes).AsSpan(0, 8))}\"",
        };
    }
}
