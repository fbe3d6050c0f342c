using Grpc.Core;
using Microsoft.AspNetCore.Authorization;
using Xerotier.Maintenance.V1;
using Xerotier.MaintenanceService.Changes;
using Xerotier.MaintenanceService.Windows;
using Xerotier.ServiceDefaults;

namespace Xerotier.MaintenanceService.Notices;

/// <summary>The windows for the StatusService.</summary>
[Authorize(Policies.Service)]
internal sealed class MaintenanceFeedService(PageFeedBoard board, NoticeStore notices, WindowStore windows, IHostApplicationLifetime lifetime) : MaintenanceFeed.MaintenanceFeedBase
{
    public override async Task WatchPageFeed(WatchPageFeedRequest request, IServerStreamWriter<WatchPageFeedResponse> responseStream, ServerCallContext context)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);
        long sent = 0;
        for (long tick = 0; ;)
        {
            FeedReading reading;
            try
            {
                reading = await board.AfterAsync(tick, end.Token);
            }
            catch (OperationCanceledException) when (!context.CancellationToken.IsCancellationRequested)
            {
                throw GrpcErrors.ToRpc(ApiErrors.ServiceUnavailable); // stopping: the client goes to another replica
            }

            if (reading.Feed is null)
            {
                throw GrpcErrors.ToRpc(ApiErrors.ServiceUnavailable);
            }

            tick = reading.Tick;
            await responseStream.WriteAsync(
                reading.Revision == sent ? new WatchPageFeedResponse { Unchanged = true } : new WatchPageFeedResponse { Feed = reading.Feed },
                end.Token);
            sent = reading.Revision;
        }
    }

    public override Task<ListProjectWindowsResponse> ListProjectWindows(ListProjectWindowsRequest request, ServerCallContext context) => Guard(async () =>
    {
        var found = await windows.ListOpenAsync(request.ProjectId, context.CancellationToken);
        return new ListProjectWindowsResponse { Windows = { found.Select(w => w.ToProto()) } };
    });

    public override Task<ListWindowsBetweenResponse> ListWindowsBetween(ListWindowsBetweenRequest request, ServerCallContext context) => Guard(() =>
        request is { From: { } from, To: { } to }
            ? notices.ListBetweenAsync(from.ToDateTimeOffset(), to.ToDateTimeOffset(), context.CancellationToken)
            : throw new ApiException(ApiErrors.Invalid("'from' and 'to' are required.")));

    private static async Task<T> Guard<T>(Func<Task<T>> read)
    {
        try
        {
            return await read();
        }
        catch (Exception failure) when (Postgres.ToApiError(failure) is { } error)
        {
            throw new ApiException(error);
        }
    }
}
