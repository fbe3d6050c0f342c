using System.Collections.Concurrent;
using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xerotier.Health.V1;
using Xerotier.Page.V1;
using Xerotier.ServiceDefaults;
using Xerotier.TestKit;

namespace Xerotier.Gateway.Tests;

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
    public string Ready { get; set; } = """{"checks":{"process":"ok","redis":"ok","maintenancedb":"ok","statusdb":"ok"}}""";

    /// <summary>No token is taken, in the probe at least.</summary>
    public bool RefusesTokens { get; set; }

    /// <summary>The page that is pushed; null: the stream ends at once.</summary>
    public PageSnapshot? Page { get; set; } = TestPages.Make("one");

    /// <summary>The other documents, which come with each new page.</summary>
    public IReadOnlyList<PublicDocument> Documents { get; set; } = TestPages.Others("one");

    /// <summary>The streams of heartbeats end after their first message.</summary>
    public bool EndsStreams { get; set; }

    /// <summary>The page's stream hangs, new ones too: nothing comes and nothing ends.</summary>
    public bool Hangs { get; set; }

    public static async Task<FakeServices> StartAsync(int httpPort = 0, int grpcPort = 0, X509Certificate2? certificate = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            Listen(httpPort, HttpProtocols.Http1);
            Listen(grpcPort, HttpProtocols.Http2);

            void Listen(int port, HttpProtocols protocols) => kestrel.Listen(System.Net.IPAddress.Loopback, port, endpoint =>
            {
                endpoint.Protocols = protocols;
                if (certificate is not null)
                {
                    endpoint.UseHttps(certificate);
                }
            });
        });
        builder.Services.AddGrpc();
        FakeServices services = null!;
        builder.Services.AddSingleton(_ => services);
        var app = builder.Build();
        services = new FakeServices(app);
        app.MapGrpcService<FakePages>();
        app.MapGrpcService<FakeHeartbeats>();
        app.MapGet(ServiceHost.TrustPath, (HttpRequest request) => Microsoft.AspNetCore.Http.Results.StatusCode(services.RefusesTokens || request.Headers.Authorization.Count == 0 ? 401 : 204));
        app.MapGet("/readyz", () => Microsoft.AspNetCore.Http.Results.Content(services.Ready, "application/json"));
        app.MapFallback("{*path}", services.EchoAsync);
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
        context.Response.StatusCode = (request.Method == "POST" ? request.Path.Value!.Split('/')[^1] : "") switch
        {
            "maintenance" or "maintenance-series" or "incidents" or "components" or "subscriptions" or "test" => 201,
            "subscribe" => 202,
            _ => 200,
        };
        context.Response.ContentType = request.Path.StartsWithSegments("/status", StringComparison.Ordinal) ? "text/html" : "application/json";
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
                    await responseStream.WriteAsync(new WatchPageResponse { Page = page, Documents = { services.Documents }, Complete = true });
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
                if (services.EndsStreams)
                {
                    throw new RpcException(new Status(StatusCode.Unavailable, "That was all."));
                }
            }
        }
    }
}
