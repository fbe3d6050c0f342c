using Microsoft.Extensions.Options;
using Xerotier.Page.V1;
using Xerotier.ServiceDefaults;
using Xerotier.StatusService.Documents.Page;
using Xerotier.StatusService.History;

namespace Xerotier.StatusService.Publishing;

/// <summary>Months of the history as pages, each made at most once in a few seconds however many ask.</summary>
public sealed class HistoryPages(
    HistoryStore store, Published published, StatusTrack track, WindowQueries windows, PageRenderer renderer, IOptions<HistoryOptions> options, DatabaseClock clock, TimeProvider time)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(3);

    private readonly SingleFlight<DateOnly, Document> cache = new(Lifetime, time);

    /// <summary>The page of <paramref name="month"/>.</summary>
    /// <exception cref="ApiException">404: older than the retention, or yet to come. 503: the history was not read yet, or the clock is off.</exception>
    public async ValueTask<Document> GetAsync(DateOnly month, DateTimeOffset now, CancellationToken cancellation)
    {
        var history = published.History;
        if (history.Revision < 0 || clock.IsOffAt(now))
        {
            throw new ApiException(ApiErrors.ServiceUnavailable);
        }

        var today = DateOnly.FromDateTime(now.UtcDateTime);
        if (month < HistoryPageBuilder.MonthOf(today.AddDays(-options.Value.RetentionDays)) || month > HistoryPageBuilder.MonthOf(today))
        {
            throw new ApiException(ApiErrors.NotFound("No history for this month."));
        }

        return (await cache.GetAsync(month, _ => MakeAsync(month, now), cancellation)).Value;
    }

    private async Task<Document> MakeAsync(DateOnly month, DateTimeOffset now)
    {
        using var late = new CancellationTokenSource(Timeout, time);
        var asked = windows.OfMonthAsync(month);
        var asking = windows.IncidentsOfMonthAsync(month);
        var (history, _) = await store.LoadAsync(month, late.Token);
        var intervals = await store.IntervalsAsync(month, month.AddMonths(1), late.Token);
        var (known, incidents) = (await asked, await asking);
        var announced = incidents is null ? published.Announced.Value : published.Announced.Value.With(incidents.Incidents);
        var model = HistoryPageBuilder.Build(
            month, now, history, intervals, track, announced, [.. known?.Windows.Select(w => w.Value.ToPublic()) ?? []], known is not null && incidents is not null, known is { HasMore: true });
        return PageRenderer.Pack(await renderer.RenderHistoryAsync(model, late.Token));
    }
}
