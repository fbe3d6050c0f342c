using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Authorization;
using Xerotier.Changes.V1;
using Xerotier.MaintenanceService.Changes;
using Xerotier.MaintenanceService.Incidents;
using Xerotier.ServiceDefaults;

namespace Xerotier.MaintenanceService.Notices;

/// <summary>The change log for the services that tell people of changes.</summary>
[Authorize(Policies.Service)]
internal sealed class ChangeLogService(ChangeFeed feed, FullChangeLog log, NoticeStore notices, IHostApplicationLifetime lifetime) : Xerotier.Changes.V1.ChangeLog.ChangeLogBase
{
    /// <summary>A response that is as long as this, in bytes, gets no further change: an incident may have megabytes.</summary>
    private const int LongResponse = 1024 * 1024;

    public override async Task GetSnapshot(GetSnapshotRequest request, IServerStreamWriter<GetSnapshotResponse> responseStream, ServerCallContext context)
    {
        await responseStream.WriteAsync(new() { Mark = (await log.BeginAsync(FullMark.Parse(request.Mark), context.CancellationToken)).ToString() }, context.CancellationToken);
        await foreach (var page in log.ListOpenAsync(context.CancellationToken))
        {
            await responseStream.WriteAsync(new() { Windows = { page } }, context.CancellationToken);
        }
    }

    public override async Task WatchChanges(WatchChangesRequest request, IServerStreamWriter<WatchChangesResponse> responseStream, ServerCallContext context)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);
        try
        {
            await WatchAsync(FullMark.Parse(request.Mark) ?? throw new InvalidMarkException(), responseStream, end.Token);
        }
        catch (InvalidMarkException)
        {
            throw new RpcException(new(StatusCode.OutOfRange, "A snapshot is required: the mark does not belong to this database as it is now, or is older than 30 days."));
        }
        catch (OperationCanceledException) when (!context.CancellationToken.IsCancellationRequested)
        {
            throw GrpcErrors.ToRpc(ApiErrors.ServiceUnavailable); // stopping: the client goes to another replica
        }
    }

    /// <summary>Reads by itself at each read that all streams share, which comes with each change and twice a second, and not while the database hangs.</summary>
    private async Task WatchAsync(FullMark mark, IServerStreamWriter<WatchChangesResponse> stream, CancellationToken end)
    {
        var earlier = feed.Current.Read; // if it failed, the database was away before this stream, not during it
        while (true)
        {
            var (read, changed) = feed.Current;
            if (read.Failure is not (null or InvalidMarkException) && !ReferenceEquals(read, earlier)) // that other projects are suspended now is nothing to this reader
            {
                throw new ApiException(ApiErrors.ServiceUnavailable);
            }

            do
            {
                var (changes, next) = await log.ReadAsync(mark, end);
                await SendAsync(changes, mark, next);
                mark = next;
            }
            while (mark.Mark.Page is not null);
            await changed.WaitAsync(end);
        }

        async Task SendAsync(List<Change> changes, FullMark from, FullMark to)
        {
            var response = new WatchChangesResponse();
            var (length, current) = (0, ("", ByteString.Empty));
            foreach (var change in changes)
            {
                if (length >= LongResponse)
                {
                    var last = response.Changes[^1];
                    response.Mark = (to with { Mark = from.Mark with { Page = new(to.Mark.Target, last.ProjectId, last.ObjectId, last.Version) } }).ToString();
                    await stream.WriteAsync(response, end);
                    (response, length) = (new(), 0);
                }

                if (change.ObjectId.StartsWith(StoredIncident.IdPrefix, StringComparison.Ordinal))
                {
                    if (current.Item1 != change.ObjectId) // each one's changes follow one another
                    {
                        current = (change.ObjectId, await notices.ListIncidentsAsync([change.ObjectId], end) is [var incident] ? incident.Json : ByteString.Empty);
                    }

                    change.Current = current.Item2;
                }

                response.Changes.Add(change);
                length += change.CalculateSize();
            }

            (response.Mark, response.UpToDate) = (to.ToString(), to.Mark.Page is null);
            await stream.WriteAsync(response, end);
        }
    }
}
