using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.Extensions.Options;
using Npgsql;
using Xerotier.Maintenance.V1;
using Xerotier.Page.V1;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Http;
using Xerotier.StatusService.Board;
using Xerotier.StatusService.Page;

namespace Xerotier.StatusService.History;

/// <summary>
/// <c>GET /status/history?month=YYYY-MM</c>: the days of a month in detail (product.md section 2). The Gateway asks on the public's
/// behalf. A month that is none is 400; one before the first record, past the retention or in the future is 404.
/// </summary>
public static class HistoryEndpoint
{
    /// <summary>The page's Content-Security-Policy: its own style and script, and its icon.</summary>
    public static string Policy { get; } =
        "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        + $"; script-src {Hash(PageAssets.Script)}; style-src {Hash(PageAssets.Style)}";

    /// <summary>Maps the endpoint.</summary>
    public static void MapHistory(this IEndpointRouteBuilder routes) =>
        routes.MapMethods("/status/history", [HttpMethods.Get, HttpMethods.Head], GetAsync).RequireAuthorization(Policies.Service);

    private static async Task GetAsync(HttpContext context, HistoryPages pages, TimeProvider time)
    {
        var now = time.GetUtcNow();
        var month = new DateOnly(now.Year, now.Month, 1);
        if (context.Request.Query.TryGetValue("month", out var values)
            && (values.Count != 1 || !DateOnly.TryParseExact($"{values[0]}-01", "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out month)))
        {
            throw new ApiException(ApiErrors.Invalid("month must be a month as YYYY-MM.", "month"));
        }

        var page = await pages.GetAsync(month, now, context.RequestAborted);
        var (body, encoding) = AcceptedEncoding.Best(context.Request.Headers.AcceptEncoding) switch
        {
            AcceptedEncoding.Kind.Brotli => (page.Brotli, "br"),
            AcceptedEncoding.Kind.Gzip => (page.Gzip, "gzip"),
            _ => (page.Identity, null),
        };
        var etag = encoding is null ? page.Etag : $"{page.Etag[..^1]}-{encoding}\"";
        var headers = context.Response.Headers;
        headers.ETag = etag;
        headers.CacheControl = "public, max-age=5, must-revalidate";
        headers.Vary = "Accept-Encoding";
        headers.ContentSecurityPolicy = Policy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        if (context.Request.Headers.IfNoneMatch.Any(v => v is not null && (v == "*" || v.Contains(etag, StringComparison.Ordinal))))
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        context.Response.ContentType = "text/html; charset=utf-8";
        context.Response.ContentLength = body.Length;
        headers.ContentEncoding = encoding;
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await context.Response.Body.WriteAsync(body.Memory, context.RequestAborted);
        }
    }

    /// <summary>The policy's source for the content of an inline element.</summary>
    private static string Hash(string element) =>
        $"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(element[(element.IndexOf('>', StringComparison.Ordinal) + 1)..element.LastIndexOf('<')])))}'";
}

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
        List<WindowModel> windows = [.. (known?.Windows ?? []).Select(BoardWindows.Public)];
        var indicators = new List<HistoryIndicatorModel>();
        foreach (var indicator in Indicators.Indicators.All)
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
