using Microsoft.Extensions.Options;
using Xerotier.MaintenanceService.Api;
using Xerotier.MaintenanceService.Changes;
using Xerotier.MaintenanceService.Model;
using Xerotier.MaintenanceService.Windows;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Http;

namespace Xerotier.MaintenanceService.Series;

/// <summary>Carries out changes of series by <see cref="SeriesRules"/>, whose time is the database's.</summary>
internal sealed class SeriesWriter(SeriesStore store, Writes writes, Overlaps overlaps, IOptions<TenantLimits> limits, DatabaseClock clock)
{
    /// <summary>404, the same for another project's series as for none.</summary>
    public static ApiException NotFound() => new(ApiErrors.NotFound("There is no series of this id."));

    /// <summary>Creates a series, with its occurrences up to the horizon.</summary>
    public async Task<ApiResponse> CreateAsync(HttpContext http, MaintenanceSeriesUpdate fields, Idempotency? idempotency)
    {
        var caller = Caller.From(http.User);
        return await writes.RepeatAsync(
            caller.ProjectId,
            idempotency,
            async () =>
            {
                var now = Timestamps.ToMicroseconds(clock.Now);
                var series = SeriesRules.Create(fields, caller, now).Value;
                CheckStart(series, now);
                var through = SeriesRules.Horizon(series, now);
                var windows = SeriesRules.Windows(series, after: null, through, now);
                var response = ApiResponse.Created(await WarnAsync(series, windows, http.RequestAborted), ContractsJson.Wire.MaintenanceSeries, http.Request.Path);
                return await store.CreateAsync(series, windows, through, new(Actor.Of(caller), "created", now, response, idempotency), http.RequestAborted) ? response
                    : await store.CountAsync(caller.ProjectId, http.RequestAborted) >= SeriesRules.Most && await writes.EarlierAsync(caller.ProjectId, idempotency, http.RequestAborted) is null
                        ? throw new ApiException(ApiErrors.QuotaExceeded($"The project has {SeriesRules.Most} series; cancel one first, or complete the windows of one that is cancelled."))
                    : null;
            },
            http.RequestAborted);
    }

    /// <summary>Changes the fields of a series, and its occurrences that have not begun.</summary>
    public Task<ApiResponse> ChangeAsync(HttpContext http, string projectId, string id, MaintenanceSeriesUpdate fields) =>
        ReplaceAsync(http, projectId, id, "updated", (series, now) =>
        {
            var next = SeriesRules.Change(series, fields, now).Value;
            if (next.StartsOn != series.StartsOn)
            {
                CheckStart(next, now);
            }

            return next;
        });

    /// <summary>Cancels a series, and its occurrences that have not begun.</summary>
    public Task<ApiResponse> CancelAsync(HttpContext http, string projectId, string id) => ReplaceAsync(http, projectId, id, "cancelled", SeriesRules.Cancel);

    /// <summary>The next occurrences of a series that nobody stores.</summary>
    public MaintenanceSeriesPreview Preview(HttpContext http, MaintenanceSeriesUpdate fields) =>
        SeriesRules.Preview(SeriesRules.Create(fields, Caller.From(http.User), clock.Now).Value, clock.Now);

    private void CheckStart(StoredSeries series, DateTimeOffset now) =>
        limits.Value.CheckStart("starts_on", series.Platform, new DateTimeOffset(series.StartsOn, TimeOnly.MinValue, TimeSpan.Zero), now);

    private async Task<StoredSeries> WarnAsync(StoredSeries series, IReadOnlyList<StoredWindow> windows, CancellationToken cancellation) =>
        series with { Warnings = await overlaps.FindAsync(series.ProjectId, series.Id, series.Id, series.AffectedServices, windows, cancellation) };

    private Task<ApiResponse> ReplaceAsync(HttpContext http, string projectId, string id, string action, Func<StoredSeries, DateTimeOffset, StoredSeries> judge)
    {
        var actor = Actor.Of(Caller.From(http.User));
        return writes.RepeatAsync(
            projectId,
            idempotency: null,
            async () =>
            {
                var (series, madeThrough) = await store.RequireAsync(projectId, id, http.RequestAborted);
                EntityTags.CheckIfMatch(http.Request, IVersioned.ETagOf(series.Version));
                var now = Timestamps.ToMicroseconds(clock.Now);
                var next = judge(series, now);
                var horizon = SeriesRules.Horizon(next, now);
                var through = madeThrough > horizon ? madeThrough : horizon; // what was made ahead of a shorter horizon stays
                IReadOnlyList<StoredWindow> windows = next.CancelledAt is null ? SeriesRules.Windows(next, after: null, through, now) : [];
                var response = ApiResponse.Ok(await WarnAsync(next, windows, http.RequestAborted), ContractsJson.Wire.MaintenanceSeries);
                if (next.Version == series.Version)
                {
                    return response;
                }

                return await store.ReplaceAsync(series, madeThrough, next, windows, through, new(actor, action, now, response, null), http.RequestAborted) ? response : null;
            },
            http.RequestAborted);
    }
}
