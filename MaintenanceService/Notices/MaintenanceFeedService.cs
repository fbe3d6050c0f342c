using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.AspNetCore.Authorization;
using Xerotier.Maintenance.V1;
using Xerotier.MaintenanceService.Changes;
using Xerotier.MaintenanceService.Incidents;
using Xerotier.MaintenanceService.Windows;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Http;

namespace Xerotier.MaintenanceService.Notices;

/// <summary>The notices and their changes for the other services.</summary>
[Authorize(Policies.Service)]
internal sealed class MaintenanceFeedService(ChangeFeed feed, ChangeLog log, NoticeStore notices, OutageDrafts drafts, WindowStore windows, IHostApplicationLifetime lifetime)
    : MaintenanceFeed.MaintenanceFeedBase
{
    private const int LongestList = 200;

    public override Task<GetNoticesResponse> GetNotices(GetNoticesRequest request, ServerCallContext context) =>
        notices.GetAsync(Math.Clamp(request.Limit, 1, LongestList), context.CancellationToken);

    public override async Task WatchChanges(WatchChangesRequest request, IServerStreamWriter<WatchChangesResponse> responseStream, ServerCallContext context)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);
        try
        {
            await WatchAsync(ChangeMark.Parse(request.Mark) ?? throw new InvalidMarkException(), responseStream, end.Token);
        }
        catch (InvalidMarkException failure)
        {
            throw new RpcException(new Status(StatusCode.OutOfRange, failure.Message));
        }
        catch (OperationCanceledException) when (!context.CancellationToken.IsCancellationRequested)
        {
            throw GrpcErrors.ToRpc(ApiErrors.ServiceUnavailable); // stopping: the client goes to another replica
        }
    }

    public override async Task<ListProjectWindowsResponse> ListProjectWindows(ListProjectWindowsRequest request, ServerCallContext context)
    {
        var found = await windows.ListOpenAsync(request.ProjectId, context.CancellationToken);
        return new() { Windows = { found.Select(w => w.ToProto()) } };
    }

    public override Task<ListWindowsBetweenResponse> ListWindowsBetween(ListWindowsBetweenRequest request, ServerCallContext context) =>
        request is { From: { } from, To: { } to }
            ? request.ForCalendar
                ? notices.ListForCalendarAsync(from.ToDateTimeOffset(), to.ToDateTimeOffset(), context.CancellationToken)
                : notices.ListBetweenAsync(from.ToDateTimeOffset(), to.ToDateTimeOffset(), context.CancellationToken)
            : throw new ApiException(ApiErrors.Invalid("'from' and 'to' are required."));

    public override async Task<ListComponentsResponse> ListComponents(ListComponentsRequest request, ServerCallContext context) => new()
    {
        Components = { await notices.ListAllComponentsAsync(context.CancellationToken) },
    };

    public override async Task<Window> GetWindow(GetWindowRequest request, ServerCallContext context) =>
        await notices.FindWindowAsync(request.Id, context.CancellationToken) ?? throw new ApiException(ApiErrors.NotFound());

    public override Task<ListIncidentsBetweenResponse> ListIncidentsBetween(ListIncidentsBetweenRequest request, ServerCallContext context) =>
        request is { From: { } from, To: { } to }
            ? notices.ListIncidentsBetweenAsync(from.ToDateTimeOffset(), to.ToDateTimeOffset(), context.CancellationToken)
            : throw new ApiException(ApiErrors.Invalid("'from' and 'to' are required."));

    public override async Task<IncidentNotice> GetIncident(GetIncidentRequest request, ServerCallContext context) =>
        (Id.IsWellFormed(StoredIncident.IdPrefix, request.Id) ? await notices.ListIncidentsAsync([request.Id], context.CancellationToken) : []) is [var incident]
            ? incident
            : throw new ApiException(ApiErrors.NotFound());

    public override async Task<DraftIncidentResponse> DraftIncident(DraftIncidentRequest request, ServerCallContext context) => new()
    {
        IncidentId = await drafts.DraftAsync(request.ComponentId, SinceOf(request.Since), request.Reason, context.CancellationToken),
    };

    public override async Task<DiscardDraftResponse> DiscardDraft(DiscardDraftRequest request, ServerCallContext context) => new()
    {
        Discarded = await drafts.DiscardAsync(request.ComponentId, SinceOf(request.Since), context.CancellationToken),
    };

    private static DateTimeOffset SinceOf(Timestamp? since) =>
        since is null ? throw new ApiException(ApiErrors.Invalid("'since' is required.")) : Timestamps.ToMicroseconds(since.ToDateTimeOffset());

    /// <summary>
    /// Starts with a read of its own, which checks the mark. Then it follows the reads that all streams share, and reads by itself only
    /// what lies between its mark and the newest of them.
    /// </summary>
    private async Task WatchAsync(ChangeMark mark, IServerStreamWriter<WatchChangesResponse> stream, CancellationToken end)
    {
        var earlier = feed.Current.Read; // if it failed, the database was away before this stream, not during it
        await SendAsync(await log.ReadAsync(mark, target: null, end));
        while (true)
        {
            var (read, changed) = feed.Current;
            if (read.Failure is { } failure && !ReferenceEquals(read, earlier))
            {
                throw failure is InvalidMarkException ? failure : new ApiException(ApiErrors.ServiceUnavailable);
            }

            if (read.Page?.Mark is not { } newest || !newest.Seen.Covers(mark.Target))
            {
                feed.Wake(); // the newest read is older than this stream's
            }
            else if (mark.Suspensions != newest.Suspensions)
            {
                await SendAsync(await log.ReadAsync(mark, target: null, end)); // one of the two is out of date, and here it shows if it is this one
            }
            else if (mark == read.Before)
            {
                await SendAsync(read.Page);
            }
            else if (mark == newest || newest.Page is not null)
            {
                await SendAsync(new([], [], mark)); // a keepalive
            }
            else
            {
                while (mark != newest)
                {
                    await SendAsync(await log.ReadAsync(mark, newest.Seen, end));
                }
            }

            await changed.WaitAsync(end);
        }

        async Task SendAsync(ChangePage page)
        {
            mark = page.Mark;
            var response = new WatchChangesResponse { Changes = { page.Changes.Select(c => c.ToProto()) }, Mark = mark.ToString() };
            if (page.Notices.Count > 0)
            {
                response.Components.AddRange(await notices.ListComponentsAsync(page.Notices, end));
                response.Incidents.AddRange(await notices.ListIncidentsAsync(page.Notices, end));
            }

            var series = page.Changes.Select(change => (change.After ?? change.Before)?.SeriesId).OfType<string>().ToHashSet(StringComparer.Ordinal);
            if (series.Count > 0)
            {
                response.Series.AddRange(await notices.ListNextAsync(series, end));
            }

            await stream.WriteAsync(response, end);
        }
    }
}
