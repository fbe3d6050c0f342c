using System.Collections.Concurrent;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.Extensions.Options;
using Npgsql;
using Xerotier.Maintenance.V1;
using Xerotier.Page.V1;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Http;
using Xerotier.StatusService.Board;
using Xerotier.StatusService.Documents.Page;
using Xerotier.StatusService.History;
using Xerotier.StatusService.Model;

namespace Xerotier.StatusService.Publishing;

/// <summary>Months, each made at most once in a few seconds however many ask.</summary>
public sealed class HistoryPages(
    HistoryStore store,
    Recorder recorder,
    StatusTrack track,
    MaintenanceFeed.MaintenanceFeedClient maintenance,
    PageRenderer renderer,
    IOptions<HistoryOptions> options,
    TimeProvider time)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private readonly ConcurrentDictionary<DateOnly, Entry> months = new(); // bounded by the retention: others are refused before

    /// <summary>The page of <paramref name="month"/>.</summary>
    /// <exception cref="ApiException">404: not a month of the history. 503: the database does not answer.</exception>
    public async Task<Document> GetAsync(DateOnly month, DateTimeOffset now, CancellationToken cancellation)
    {
        var snapshot = recorder.Snapshot;
        if (snapshot.Revision < 0)
        {
            throw new ApiException(ApiErrors.ServiceUnavailable);
        }

        var today = DateOnly.FromDateTime(now.UtcDateTime);
        var kept = today.AddDays(-options.Value.RetentionDays);
        var first = snapshot.FirstRecorded is { } second ? DateOnly.FromDateTime(DateTimeOffset.FromUnixTimeSeconds(second).UtcDateTime) : today;
        var firstMonth = FirstOf(first > kept ? first : kept);
        if (month < firstMonth || month > FirstOf(today))
        {
            throw new ApiException(ApiErrors.NotFound("There is no history of this month."));
        }

        var at = time.GetTimestamp();
        var entry = months.AddOrUpdate(
            month,
            _ => new(at, new(() => MakeAsync(month, firstMonth, now))),
            (_, known) => time.GetElapsedTime(known.At, at) < Lifetime && !known.Failed ? known : new(at, new(() => MakeAsync(month, firstMonth, now))));
        try
        {
            return await entry.Page.Value.WaitAsync(cancellation);
        }
        catch (Exception failure) when (entry.Failed && failure is NpgsqlException or OperationCanceledException && !cancellation.IsCancellationRequested)
        {
            throw new ApiException(ApiErrors.ServiceUnavailable);
        }
    }

    private async Task<Document> MakeAsync(DateOnly month, DateOnly firstMonth, DateTimeOffset now)
    {
        using var late = new CancellationTokenSource(Patience, time);
        var asking = WindowsAsync(month);
        var from = Second(month);
        var to = Second(month.AddMonths(1));
        var asOf = Math.Min(now.ToUnixTimeSeconds() / 60 * 60, to);
        var (history, _) = await store.LoadAsync(month, late.Token);
        var runs = await store.RunsAsync(from, to, late.Token);

        var known = await asking;
        List<MaintenanceWindow> windows = [.. (known?.Windows ?? []).Select(BoardWindows.Public)];
        var indicators = new List<ComponentMonth>();
        foreach (var indicator in Indicators.All)
        {
            // As of the last instant that is in the month: a day that has not begun is not in it.
            var last = DateTimeOffset.FromUnixTimeSeconds(asOf);
            var days = history.DaysOf(indicator, month, last, track).Where(d => d.Date < month.AddMonths(1)).ToList();
            var settled = history.RecordedUntil ?? from;
            var all = runs[(int)indicator].Select(r => r.Clip(from, Math.Min(settled, asOf))).Where(r => r.To > r.From)
                .Concat(track.Runs(indicator, Math.Max(settled, from), asOf).Where(r => r.State != Recorded.NoData)).ToList();
            if (MonthHistory.Of(indicator, days, all, history.FirstRecorded ?? from, windows, asOf) is { } model)
            {
                indicators.Add(model);
            }
        }

        var html = await renderer.RenderHistoryAsync(
            new(month, firstMonth, FirstOf(DateOnly.FromDateTime(now.UtcDateTime)), indicators, windows, known is not null, known is { HasMore: true }), late.Token);
        return PageRenderer.Pack(html);
    }

    private async Task<ListWindowsBetweenResponse?> WindowsAsync(DateOnly month)
    {
        try
        {
            return await maintenance.ListWindowsBetweenAsync(new() { From = Instant(month), To = Instant(month.AddMonths(1)) });
        }
        catch (RpcException)
        {
            return null; // the page says that they are unavailable
        }
    }

    private static DateOnly FirstOf(DateOnly day) => new(day.Year, day.Month, 1);

    private static long Second(DateOnly day) => new DateTimeOffset(day.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero).ToUnixTimeSeconds();

    private static Timestamp Instant(DateOnly day) => Timestamp.FromDateTime(day.ToDateTime(TimeOnly.MinValue, DateTimeKind.Utc));

    private sealed record Entry(long At, Lazy<Task<Document>> Page)
    {
        public bool Failed => Page is { IsValueCreated: true, Value: { IsCompleted: true, IsCompletedSuccessfully: false } };
    }
}
