using Xerotier.Page.V1;
using Xerotier.ServiceDefaults.Site;

namespace Xerotier.Gateway.Page;

/// <summary>
/// The status page in this Gateway's memory. It serves <c>/status</c> and <c>/status.json</c> without a call to another process: live while
/// the StatusService's keepalives arrive, marked as the last known state when they do not.
/// </summary>
internal sealed class StatusPage
{
    /// <summary>Silence after which the page is marked. The StatusService sends a keepalive twice a second; the mark must appear within 2 s.</summary>
    public static readonly TimeSpan StaleAfter = TimeSpan.FromMilliseconds(1750);

    private readonly TimeProvider time;
    private readonly Brand brand;
    private readonly Lock changing = new();
    private volatile PageDocuments served;
    private PageDocuments? newest; // the newest page of the stream, which a keepalive confirms
    private PageSnapshot? snapshot;
    private long confirmedAt; // monotonic clock
    private DateTimeOffset lastConfirmed;
    private DateTimeOffset lostSince; // shown by a page that is not live
    private DateTime markedOn; // the UTC day of the mark

    public StatusPage(Brand brand, TimeProvider time)
    {
        (this.brand, this.time) = (brand, time);
        lastConfirmed = time.GetUtcNow();
        served = Mark(null, lastConfirmed);
    }

    /// <summary>Whether the page is live.</summary>
    public bool IsLive
    {
        get
        {
            lock (changing)
            {
                return served == newest;
            }
        }
    }

    /// <summary>Takes a new page from the StatusService.</summary>
    /// <exception cref="InvalidDataException">The page is not whole.</exception>
    public void Set(PageSnapshot page)
    {
        if (page is not { GeneratedAt: not null, StaleHtml.Length: > 0, StaleJson.Length: > 0 } || !IsWhole(page.Html) || !IsWhole(page.Json))
        {
            throw new InvalidDataException("The page lacks one of its documents.");
        }

        var next = new PageDocuments(
            PreparedDocument.StatusPage(brand, page.Html.Identity.Memory, page.Html.Gzip.Memory, page.Html.Brotli.Memory, page.Html.Etag),
            PreparedDocument.Json(page.Json.Identity.Memory, page.Json.Gzip.Memory, page.Json.Brotli.Memory, page.Json.Etag));
        lock (changing)
        {
            (snapshot, newest) = (page, next);
            KeepAlive();
        }
    }

    /// <summary>A keepalive: the StatusService is alive, and the page that it sent last is still the newest.</summary>
    public void KeepAlive()
    {
        lock (changing)
        {
            (lastConfirmed, confirmedAt, served) = (time.GetUtcNow(), time.GetTimestamp(), newest ?? served);
        }
    }

    /// <summary>Takes a page from before this Gateway's start, as the last known state.</summary>
    public void Restore(PageSnapshot page)
    {
        lock (changing)
        {
            if (snapshot is null)
            {
                (snapshot, served) = (page, Mark(page, page.GeneratedAt.ToDateTimeOffset()));
            }
        }
    }

    /// <summary>Marks the page when its source has been silent for too long, and again on each new day. Called often.</summary>
    public void MarkIfSilent()
    {
        lock (changing)
        {
            if (!IsLive)
            {
                if (time.GetUtcNow().UtcDateTime.Date != markedOn)
                {
                    served = Mark(snapshot, lostSince);
                }
            }
            else if (time.GetElapsedTime(confirmedAt) > StaleAfter)
            {
                served = Mark(snapshot, lastConfirmed);
            }
        }
    }

    /// <summary>Serves <c>/status</c>.</summary>
    public Task ServeHtmlAsync(Call call) => served.Html.ServeAsync(call.Http);

    /// <summary>Serves <c>/status.json</c>.</summary>
    public Task ServeJsonAsync(Call call) => served.Json.ServeAsync(call.Http);

    private static bool IsWhole(Document? document) => document is { Identity.Length: > 0, Gzip.Length: > 0, Brotli.Length: > 0 };

    private PageDocuments Mark(PageSnapshot? page, DateTimeOffset since)
    {
        (lostSince, markedOn) = (since, time.GetUtcNow().UtcDateTime.Date);
        // A time alone is read as today's, so an earlier day is written out.
        var text = since.UtcDateTime.ToString(since.UtcDateTime.Date == markedOn ? "HH:mm:ss 'UTC'" : "d MMM yyyy, HH:mm:ss 'UTC'");
        return page is null ? UnknownPage.Make(brand, since, text) : PageDocuments.Stale(brand, page, since, text);
    }
}
