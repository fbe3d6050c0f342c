using System.Collections.Concurrent;
using System.Net;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xerotier.Fleet.V1;
using Xerotier.Maintenance.V1;
using Xerotier.StatusService.Publishing;
using Xerotier.TestKit;

namespace Xerotier.StatusService.Tests;

/// <summary>
/// The HealthCollector's and the MaintenanceService's contracts on a real port, saying what the test wants at the instant it wants it.
/// The services themselves are tested together in the end-to-end tests.
/// </summary>
public sealed class Neighbours : IAsyncDisposable
{
    private readonly WebApplication app;
    private volatile TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private Neighbours(WebApplication app) => this.app = app;

    public WatchPlatformHealthResponse Health { get; private set; } = new() { Store = StoreState.Ready, RoutersTotal = 3, RoutersOnline = 3, SharedAgentsTotal = 8 };

    public NoticeLists Notices { get; private set; } = new();

    private string Mark { get; set; } = "0";

    /// <summary>Neither says anything any more, though the connections stay.</summary>
    public bool Silent { get; set; }

    /// <summary>The answer of GetProjectFleet; null: it fails as a collector that is away does.</summary>
    public Func<GetProjectFleetRequest, GetProjectFleetResponse?> ProjectFleet { get; set; } = _ => null;

    /// <summary>The answer of ListProjectWindows; null: it fails.</summary>
    public Func<ListProjectWindowsRequest, ListProjectWindowsResponse?> ProjectWindows { get; set; } = _ => new();

    public Func<ListWindowsBetweenRequest, ListWindowsBetweenResponse?> WindowsBetween { get; set; } = _ => new();

    /// <summary>The answer of GetWindow; null: there is none.</summary>
    public Func<GetWindowRequest, Window?> Window { get; set; } = _ => null;

    /// <summary>The answer of DraftIncident; null: there is no project for drafts.</summary>
    public Func<DraftIncidentRequest, DraftIncidentResponse?> Draft { get; set; } = _ => new() { IncidentId = "inc_1" };

    public ConcurrentQueue<DraftIncidentRequest> DraftRequests { get; } = new();

    public ConcurrentQueue<DiscardDraftRequest> DiscardRequests { get; } = new();

    public IReadOnlyList<ComponentNotice> Components { get; private set; } = [];

    public ConcurrentQueue<GetProjectFleetRequest> FleetRequests { get; } = new();

    public string Address => app.Urls.Single();

    public static async Task<Neighbours> StartAsync()
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, endpoint => endpoint.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc();
        Neighbours? neighbours = null;
        builder.Services.AddSingleton(_ => neighbours!);
        var app = builder.Build();
        neighbours = new(app);
        app.MapGrpcService<FleetService>();
        app.MapGrpcService<FeedService>();
        await app.StartAsync();
        return neighbours;
    }

    /// <summary>A StatusService beside these neighbours.</summary>
    public InProcessService<StatusLoop> StatusService(string database, Action<IServiceCollection>? services = null, params (string Key, string Value)[] settings) => new(
        new Dictionary<string, string?>
        {
            ["ConnectionStrings:statusdb"] = database,
            ["services:healthcollector:grpc:0"] = Address,
            ["services:maintenanceservice:grpc:0"] = Address,
        }.Concat(settings.Select(s => KeyValuePair.Create<string, string?>(s.Key, s.Value))),
        services);

    public void Say(WatchPlatformHealthResponse health)
    {
        Health = health;
        Change();
    }

    public void Say(NoticeLists notices)
    {
        Notices = notices;
        Mark = Guid.NewGuid().ToString();
        Change();
    }

    public void Say(params IReadOnlyList<ComponentNotice> components)
    {
        Components = components;
        Mark = Guid.NewGuid().ToString();
        Change();
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        await app.StopAsync(now.Token);
        await app.DisposeAsync();
    }

    private void Change()
    {
        var before = changed;
        changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        before.SetResult();
    }

    private async Task PushAsync<T>(IServerStreamWriter<T> stream, Func<T> message, CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            var next = changed.Task;
            if (!Silent)
            {
                await stream.WriteAsync(message(), cancellation);
            }

            await Task.WhenAny(next, Task.Delay(500, cancellation));
        }
    }

    private sealed class FleetService(Neighbours neighbours) : Fleet.V1.Fleet.FleetBase
    {
        public override Task WatchPlatformHealth(WatchPlatformHealthRequest request, IServerStreamWriter<WatchPlatformHealthResponse> responseStream, ServerCallContext context) =>
            neighbours.PushAsync(responseStream, () => neighbours.Health, context.CancellationToken);

        public override Task<GetProjectFleetResponse> GetProjectFleet(GetProjectFleetRequest request, ServerCallContext context)
        {
            neighbours.FleetRequests.Enqueue(request);
            return Task.FromResult(neighbours.ProjectFleet(request) ?? throw new RpcException(new(StatusCode.Unavailable, "away")));
        }
    }

    private sealed class FeedService(Neighbours neighbours) : MaintenanceFeed.MaintenanceFeedBase
    {
        public override async Task<GetNoticesResponse> GetNotices(GetNoticesRequest request, ServerCallContext context)
        {
            while (neighbours.Silent)
            {
                await Task.Delay(50, context.CancellationToken);
            }

            return new() { Mark = neighbours.Mark, Lists = neighbours.Notices, Components = { neighbours.Components } };
        }

        // What a test says is no list of changes: each time the stream ends, and its reader takes the new lists.
        public override async Task WatchChanges(WatchChangesRequest request, IServerStreamWriter<WatchChangesResponse> responseStream, ServerCallContext context)
        {
            while (request.Mark == neighbours.Mark)
            {
                var next = neighbours.changed.Task;
                if (!neighbours.Silent)
                {
                    await responseStream.WriteAsync(new() { Mark = request.Mark }, context.CancellationToken);
                }

                await Task.WhenAny(next, Task.Delay(500, context.CancellationToken));
                context.CancellationToken.ThrowIfCancellationRequested();
            }
        }

        public override Task<DraftIncidentResponse> DraftIncident(DraftIncidentRequest request, ServerCallContext context)
        {
            neighbours.DraftRequests.Enqueue(request);
            return Task.FromResult(neighbours.Draft(request) ?? throw new RpcException(new(StatusCode.FailedPrecondition, "There is no project for drafts.")));
        }

        public override Task<DiscardDraftResponse> DiscardDraft(DiscardDraftRequest request, ServerCallContext context)
        {
            neighbours.DiscardRequests.Enqueue(request);
            return Task.FromResult(new DiscardDraftResponse { Discarded = true });
        }

        public override Task<ListProjectWindowsResponse> ListProjectWindows(ListProjectWindowsRequest request, ServerCallContext context) =>
            Task.FromResult(neighbours.ProjectWindows(request) ?? throw new RpcException(new(StatusCode.Unavailable, "away")));

        public override Task<ListWindowsBetweenResponse> ListWindowsBetween(ListWindowsBetweenRequest request, ServerCallContext context) =>
            Task.FromResult(neighbours.WindowsBetween(request) ?? throw new RpcException(new(StatusCode.Unavailable, "away")));

        public override Task<Window> GetWindow(GetWindowRequest request, ServerCallContext context) =>
            Task.FromResult(neighbours.Window(request) ?? throw new RpcException(new(StatusCode.NotFound, "none")));
    }
}
