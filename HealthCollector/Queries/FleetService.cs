using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.AspNetCore.Authorization;
using Xerotier.Fleet.V1;
using Xerotier.HealthCollector.Fleet;
using Xerotier.ServiceDefaults;

namespace Xerotier.HealthCollector.Queries;

/// <summary>What the StatusService asks: the platform's health as a stream, and the fleet as one project sees it.</summary>
[Authorize(Policies.Service)]
internal sealed class FleetService(PlatformMonitor monitor, ProjectFleets projects, CollectorMetrics metrics, RedisClock clock, IHostApplicationLifetime lifetime)
    : Xerotier.Fleet.V1.Fleet.FleetBase
{
    /// <inheritdoc/>
    public override async Task WatchPlatformHealth(
        WatchPlatformHealthRequest request, IServerStreamWriter<WatchPlatformHealthResponse> responseStream, ServerCallContext context)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);
        using var open = metrics.OpenStream("watch");
        try
        {
            await foreach (var health in monitor.WatchAsync(ended.Token))
            {
                await responseStream.WriteAsync(ToProto(health), ended.Token);
            }
        }
        catch (Exception failure) when (failure is not RpcException && lifetime.ApplicationStopping.IsCancellationRequested)
        {
            throw GrpcErrors.ToRpc(ApiErrors.ServiceUnavailable); // the caller continues with another replica
        }
    }

    /// <inheritdoc/>
    public override async Task<GetProjectFleetResponse> GetProjectFleet(GetProjectFleetRequest request, ServerCallContext context)
    {
        if (request.Limit is < 1 or > 1000)
        {
            throw new ApiException(ApiErrors.Invalid("limit must be between 1 and 1,000.", "limit"));
        }

        if (!ProjectId.IsWellFormed(request.ProjectId))
        {
            throw new ApiException(ApiErrors.Invalid("project_id is not the id of a project.", "project_id"));
        }

        try
        {
            var fleet = await projects.GetAsync(request.ProjectId, context.CancellationToken);
            return fleet.Page(request.ProjectId, request.Limit, request.After, request.Search);
        }
        catch (StoreUnavailableException)
        {
            return new() { ObservedAt = clock.TimeToTrust.ToTimestamp(), Store = StoreState.Unavailable }; // the monitor has logged it
        }
    }

    private static WatchPlatformHealthResponse ToProto(PlatformHealth health) => new()
    {
        ObservedAt = health.ObservedAt.ToTimestamp(),
        Store = health.Store,
        RoutersTotal = health.RoutersTotal,
        RoutersOnline = health.RoutersOnline,
        SharedAgentsTotal = health.SharedAgentsTotal,
        SharedAgentsStale = health.SharedAgentsStale,
        RoutersUnheard = health.RoutersUnheard,
        SharedAgentsUnheard = health.SharedAgentsUnheard,
    };
}
