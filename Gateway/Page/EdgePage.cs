using System.Text;
using Xerotier.Page.V1;

namespace Xerotier.Gateway.Page;

/// <summary>
/// The status page in this Gateway's memory (product.md section 8). Answers <c>/status</c> and <c>/status.json</c> without asking
/// anyone: live while the StatusService's signs of life arrive, with a plain mark as the last known state when they do not.
/// </summary>
internal sealed class EdgePage
{
    /// <summary>Silence after which the page is marked. The StatusService gives a sign twice a second; product.md allows 2 s.</summary>
    public static readonly TimeSpan StaleAfter = TimeSpan.FromMilliseconds(1750);

    private readonly TimeProvider time;
    private readonly Lock changing = new();
    private volatile Served served;
    private Served? fresh; // what a sign of life speaks of: the newest page of the stream
    private PageSnapshot? snapshot;
    private long signed; // by the clock that nobody sets
    private DateTimeOffset lastSign;
    private DateTimeOffset lostSince; // what a page that is not live says
    private DateTime lostOn; // the UTC day on which it says so

    public EdgePage(TimeProvider time)
    {
        this.time = time;
        lastSign = time.GetUtcNow();
        served = Mark(null, lastSign);
    }

    /// <summary>Whether the page is live.</summary>
    public bool IsLive
    {
        get
        {
            lock (changing)
            {
                return served == fresh;
            }
        }
    }

    /// <summary>Takes a new page from the StatusService.</summary>
    public void Set(PageSnapshot page)
    {
        var next = new Served(
            EdgeDocument.Html(page.Html.Identity.Memory, page.Html.Gzip.Memory, page.Html.Brotli.Memory, page.Html.Etag),
            EdgeDocument.Json(page.Json.Identity.Memory, page.Json.Gzip.Memory, page.Json.Brotli.Memory, page.Json.Etag));
        lock (changing)
        {
            (snapshot, fresh) = (page, next);
            Sign();
        }
    }

    /// <summary>The StatusService lives, and the page that it sent last is still the newest.</summary>
    public void Sign()
    {
        lock (changing)
        {
            (lastSign, signed, served) = (time.GetUtcNow(), time.GetTimestamp(), fresh ?? served);
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

    /// <summary>Marks the page when its source has been silent for too long, and anew when the day turns meanwhile; called often.</summary>
    public void MarkIfSilent()
    {
        lock (changing)
        {
            if (!IsLive)
            {
                if (time.GetUtcNow().UtcDateTime.Date != lostOn)
                {
                    served = Mark(snapshot, lostSince);
                }
            }
            else if (time.GetElapsedTime(signed) > StaleAfter)
            {
                served = Mark(snapshot, lastSign);
            }
        }
    }

    /// <summary>Answers <c>/status</c>.</summary>
    public Task ServeHtmlAsync(Call call) => served.Html.ServeAsync(call.Http);

    /// <summary>Answers <c>/status.json</c>.</summary>
    public Task ServeJsonAsync(Call call) => served.Json.ServeAsync(call.Http);

    private Served Mark(PageSnapshot? page, DateTimeOffset since)
    {
        (lostSince, lostOn) = (since, time.GetUtcNow().UtcDateTime.Date);
        // Of today the time is enough; alone, yesterday's would be read as today's.
        var text = since.UtcDateTime.ToString(since.UtcDateTime.Date == lostOn ? "HH:mm:ss 'UTC'" : "d MMM yyyy, HH:mm:ss 'UTC'");
        return page is null ? UnknownPage.Make(since, text) : Served.Stale(page, since, text);
    }
}

/// <summary>What is served at one time.</summary>
/// <param name="Html">The page.</param>
/// <param name="Json">The data behind it.</param>
internal sealed record Served(EdgeDocument Html, EdgeDocument Json)
{
    /// <summary>The last known state, marked as such.</summary>
    public static Served Stale(PageSnapshot page, DateTimeOffset since, string sinceText) => new(
        EdgeDocument.Html(Mark(page.StaleHtml.Span, since, sinceText)),
        EdgeDocument.Json(Mark(page.StaleJson.Span, since, sinceText)));

    private static byte[] Mark(ReadOnlySpan<byte> document, DateTimeOffset since, string sinceText) => Encoding.UTF8.GetBytes(
        Encoding.UTF8.GetString(document)
            .Replace("@@stale_since@@", since.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ"), StringComparison.Ordinal)
            .Replace("@@stale_since_text@@", sinceText, StringComparison.Ordinal));
}
