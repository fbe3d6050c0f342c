using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.Extensions.Options;
using Xerotier.Maintenance.V1;
using Xerotier.Page.V1;
using Xerotier.ServiceDefaults;
using Xerotier.StatusService.Board;
using Xerotier.StatusService.Documents.Page;
using Xerotier.StatusService.History;
using Xerotier.StatusService.Model;

namespace Xerotier.StatusService.Publishing;

/// <summary>Months of the history as pages, each made at most once in a few seconds however many ask.</summary>
public sealed partial class HistoryPages(
    HistoryStore store,
    Published published,
    StatusTrack track,
    MaintenanceFeed.MaintenanceFeedClient maintenance,
    PageRenderer renderer,
    IOptions<HistoryOptions> options,
    TimeProvider time,
    ILogger<HistoryPages> logger)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(3);

    private readonly SingleFlight<DateOnly, Document> cache = new(Lifetime, time);
    private volatile bool withoutWindows;

    /// <summary>The page of <paramref name="month"/>.</summary>
    /// <exception cref="ApiException">404: not a month of the history. 503: the history was not read yet.</exception>
    public async ValueTask<Document> GetAsync(DateOnly month, DateTimeOffset now, CancellationToken cancellation)
    {
        var history = published.History;
        if (history.Revision < 0)
        {
            throw new ApiException(ApiErrors.ServiceUnavailable);
        }

        var today = DateOnly.FromDateTime(now.UtcDateTime);
        var kept = today.AddDays(-options.Value.RetentionDays);
        var first = history.FirstRecorded is { } second ? DateOnly.FromDateTime(DateTimeOffset.FromUnixTimeSeconds(second).UtcDateTime) : today;
        var firstMonth = FirstOf(first > kept ? first : kept);
        if (month < firstMonth || month > FirstOf(today))
        {
            throw new ApiException(ApiErrors.NotFound("There is no history of this month."));
        }

        return (await cache.GetAsync(month, _ => MakeAsync(month, firstMonth, now), cancellation)).Value;
    }

    private async Task<Document> MakeAsync(DateOnly month, DateOnly firstMonth, DateTimeOffset now)
    {
        using var late = new CancellationTokenSource(Timeout, time);
        var asked = WindowsAsync(month);
        var from = Second(month);
        var to = Second(month.AddMonths(1));
        var asOf = Math.Min(now.ToUnixTimeSeconds() / 60 * 60, to);
        var (history, _) = await store.LoadAsync(month, late.Token);
        var intervals = await store.IntervalsAsync(from, to, late.Token);

        var known = await asked;
        List<MaintenanceWindow> windows = [.. (known?.Windows ?? []).Select(BoardWindows.Public)];
        var components = new List<ComponentMonth>();
        foreach (var component in Components.All)
        {
            // As of the last instant that is in the month: a day that has not begun is not in it.
            var last = DateTimeOffset.FromUnixTimeSeconds(asOf);
            var days = history.DaysOf(component.Key, month, last, track).Where(d => d.Date < month.AddMonths(1)).ToList();
            var settled = history.RecordedUntil ?? from;
            var all = intervals.GetValueOrDefault(component.Key, []).Select(r => r.Clip(from, Math.Min(settled, asOf))).Where(r => r.To > r.From)
                .Concat(track.Intervals(component.Key, Math.Max(settled, from), asOf).Where(r => r.State != Recorded.NoData)).ToList();
            if (MonthHistory.Of(component, days, all, history.FirstRecorded ?? from, windows, asOf) is { } model)
            {
                components.Add(model);
            }
        }

        var html = await renderer.RenderHistoryAsync(
            new(month, firstMonth, FirstOf(DateOnly.FromDateTime(now.UtcDateTime)), components, windows, known is not null, known is { HasMore: true }), late.Token);
        return PageRenderer.Pack(html);
    }

    private async Task<ListWindowsBetweenResponse?> WindowsAsync(DateOnly month)
    {
        try
        {
            var windows = await maintenance.ListWindowsBetweenAsync(new() { From = Instant(month), To = Instant(month.AddMonths(1)) });
            if (withoutWindows)
            {
                withoutWindows = false;
                LogWithWindows(logger);
            }

            return windows;
        }
        catch (RpcException failure)
        {
            if (!withoutWindows)
            {
                withoutWindows = true;
                LogWithoutWindows(logger, failure);
            }

            return null; // the page says that they are unavailable
        }
    }

    private static DateOnly FirstOf(DateOnly day) => new(day.Year, day.Month, 1);

    private static long Second(DateOnly day) => new DateTimeOffset(day.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero).ToUnixTimeSeconds();

    private static Timestamp Instant(DateOnly day) => Timestamp.FromDateTime(day.ToDateTime(TimeOnly.MinValue, DateTimeKind.Utc));

    [LoggerMessage(1, LogLevel.Warning, "The MaintenanceService does not respond; months say that their windows are unavailable")]
    private static partial void LogWithoutWindows(ILogger logger, Exception failure);

    [LoggerMessage(2, LogLevel.Information, "The MaintenanceService responds again; months have their windows")]
    private static partial void LogWithWindows(ILogger logger);
}
