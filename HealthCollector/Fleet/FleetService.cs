using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.AspNetCore.Authorization;
using Xerotier.Fleet.V1;
using Xerotier.ServiceDefaults;

namespace Xerotier.HealthCollector;

/// <summary>What the StatusService asks.</summary>
[Authorize(Policies.Service)]
internal sealed class FleetService(PlatformMonitor monitor, ProjectFleets projects, CollectorMetrics metrics, TimeProvider time, IHostApplicationLifetime lifetime)
    : Xerotier.Fleet.V1.Fleet.FleetBase
{
    /// <inheritdoc/>
    public override async Task WatchPlatformHealth(
        WatchPlatformHealthRequest request, IServerStreamWriter<WatchPlatformHealthResponse> responseStream, ServerCallContext context)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);
        using var open = metrics.Open("watch");
        try
        {
            await foreach (var health in monitor.WatchAsync(ended.Token))
            {
                await responseStream.WriteAsync(
                    new()
                    {
                        ObservedAt = health.ObservedAt.ToTimestamp(),
                        Store = health.Store,
                        RoutersTotal = health.RoutersTotal,
                        RoutersOnline = health.RoutersOnline,
                        SharedAgentsTotal = health.SharedAgentsTotal,
                        SharedAgentsStale = health.SharedAgentsStale,
                        RoutersUnheard = health.RoutersUnheard,
                        SharedAgentsUnheard = health.SharedAgentsUnheard,
                    },
                    ended.Token);
            }
        }
        catch (Exception failure) when (failure is not RpcException && lifetime.ApplicationStopping.IsCancellationRequested)
        {
            throw GrpcErrors.ToRpc(ApiErrors.ServiceUnavailable); // another replica goes on
        }
    }

    /// <inheritdoc/>
    public override async Task<GetProjectFleetResponse> GetProjectFleet(GetProjectFleetRequest request, ServerCallContext context)
    {
        if (request.Limit is < 1 or > 1000)
        {
            throw new ApiException(ApiErrors.Invalid("limit must be between 1 and 1,000.", "limit"));
        }

        if (!HeartbeatValidator.IsProjectId(request.ProjectId))
        {
            throw new ApiException(ApiErrors.Invalid("project_id is not the id of a project.", "project_id"));
        }

        try
        {
            var fleet = await projects.GetAsync(request.ProjectId).WaitAsync(context.CancellationToken);
            return fleet.Page(request.ProjectId, request.Limit, request.After);
        }
        catch (StoreUnavailableException)
        {
            return new() { ObservedAt = time.GetUtcNow().ToTimestamp(), Store = StoreState.Unavailable };
        }
    }
}
