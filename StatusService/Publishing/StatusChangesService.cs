using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.AspNetCore.Authorization;
using Xerotier.ServiceDefaults;
using Xerotier.Statuses.V1;
using Xerotier.StatusService.History;
using Xerotier.StatusService.Model;

namespace Xerotier.StatusService.Publishing;

/// <summary>Tells other services what components are shown as, change by change.</summary>
[Authorize(Policies.Service)]
public sealed class StatusChangesService(StatusChangeLog log, Migrations migrations, TimeProvider time, IHostApplicationLifetime lifetime) : StatusChanges.StatusChangesBase
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);

    /// <inheritdoc/>
    public override async Task<GetStatusesResponse> GetStatuses(GetStatusesRequest request, ServerCallContext context)
    {
        await migrations.Done.WaitAsync(context.CancellationToken);
        var (mark, statuses) = await log.CurrentAsync(context.CancellationToken);
        return new() { Mark = mark.ToString(), Statuses = { statuses.Select(ToProto) } };
    }

    /// <inheritdoc/>
    public override async Task WatchChanges(WatchChangesRequest request, IServerStreamWriter<WatchChangesResponse> responseStream, ServerCallContext context)
    {
        var mark = StatusMark.Parse(request.Mark) ?? throw new RpcException(new(StatusCode.InvalidArgument, "The mark is none of ours."));
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);
        await migrations.Done.WaitAsync(ended.Token);
        while (!ended.IsCancellationRequested)
        {
            var (next, changes) = await log.AfterAsync(mark, ended.Token) ?? throw new RpcException(new(StatusCode.OutOfRange, "Start again from GetStatuses."));
            mark = next;
            await responseStream.WriteAsync(new() { Mark = mark.ToString(), Changes = { changes.Select(ToProto) }, UpToDate = changes.Count < StatusChangeLog.PageSize }, ended.Token);
            if (changes.Count < StatusChangeLog.PageSize)
            {
                await Task.Delay(Poll, time, ended.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private static Statuses.V1.StatusChange ToProto(History.StatusChange change) => new()
    {
        Number = change.Number,
        ComponentId = Component.IdOf(change.ComponentKey),
        At = Timestamp.FromDateTimeOffset(change.At),
        Before = change.Before ?? "",
        After = change.After,
    };
}
