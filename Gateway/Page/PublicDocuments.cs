using Xerotier.Page.V1;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Demo;
using Xerotier.ServiceDefaults.Site;

namespace Xerotier.Gateway.Page;

/// <summary>
/// The public documents in this Gateway's memory. It serves <c>/status</c>, <c>/status.json</c> and all others that the StatusService has
/// made in advance without a call to another process: live while the StatusService's keepalives arrive, marked as the last known state
/// when they do not.
/// </summary>
internal sealed class PublicDocuments
{
    /// <summary>Silence after which the documents are marked. The StatusService sends a keepalive twice a second; the mark must appear within 2 s.</summary>
    public static readonly TimeSpan StaleAfter = TimeSpan.FromMilliseconds(1750);

    /// <summary>The most bytes of all other documents in all encodings (surfaces.md).</summary>
    private const int LargestOthers = 64 * 1024 * 1024;

    private readonly TimeProvider time;
    private readonly Brand brand;
    private readonly bool isDemo;
    private readonly Lock changing = new();
    private readonly Dictionary<string, PublicDocument> others = new(StringComparer.Ordinal); // as they were received
    private volatile DocumentSet served;
    private DocumentSet? newest; // the newest of the stream, which a keepalive confirms
    private PageSnapshot? snapshot;
    private long confirmedAt; // monotonic clock
    private DateTimeOffset lastConfirmed;
    private Loss lost; // shown by documents that are not live

    public PublicDocuments(Brand brand, DemoOptions demo, [FromKeyedServices(DatabaseTime.Key)] TimeProvider time)
    {
        (this.brand, isDemo, this.time) = (brand, demo.IsDemo, time);
        lastConfirmed = time.GetUtcNow();
        served = Mark(lastConfirmed);
    }

    /// <summary>Whether the documents are live.</summary>
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

    /// <summary>The page as it was received last, with all other documents; null before the first.</summary>
    public PageSnapshot? Snapshot
    {
        get
        {
            lock (changing)
            {
                return snapshot is null ? null : new(snapshot) { Documents = { others.Values } };
            }
        }
    }

    /// <summary>Takes what the StatusService sent.</summary>
    /// <exception cref="InvalidDataException">A document is not whole, or they are too many. Nothing was taken.</exception>
    public void Take(WatchPageResponse received)
    {
        lock (changing)
        {
            if (SizeWith(received) > LargestOthers)
            {
                throw new InvalidDataException("The documents are larger than a Gateway keeps.");
            }

            var (next, page) = (received.Page is { } sent ? Live(sent) : newest, received.Page ?? snapshot);
            if (received is { Complete: true, Documents.Count: 0 } && page is not null)
            {
                // They cannot be made: those of before are the last known state, beside a page that is live.
                var now = time.GetUtcNow();
                next = next is null ? null : next with { Others = DocumentSet.Stale(brand, page, others.Values, new(now, now.UtcDateTime.Date)).Others };
            }
            else
            {
                next = next?.With(brand, received.Documents, received.Removed, received.Complete);
                Keep(received.Documents, received.Removed, received.Complete);
            }

            (snapshot, newest) = (page, next);
            KeepAlive();
        }
    }

    /// <summary>A keepalive: the StatusService is alive, and what it sent last is still the newest.</summary>
    public void KeepAlive()
    {
        lock (changing)
        {
            (lastConfirmed, confirmedAt, served) = (time.GetUtcNow(), time.GetTimestamp(), newest ?? served);
        }
    }

    /// <summary>Takes documents from before this Gateway's start, as the last known state.</summary>
    public void Restore(PageSnapshot page)
    {
        lock (changing)
        {
            if (snapshot is null)
            {
                snapshot = page;
                Keep(page.Documents, [], complete: true);
                served = Mark(page.GeneratedAt.ToDateTimeOffset());
            }
        }
    }

    /// <summary>Marks the documents when their source has been silent for too long, and again on each new day. Called often.</summary>
    public void MarkIfSilent()
    {
        lock (changing)
        {
            if (!IsLive)
            {
                if (time.GetUtcNow().UtcDateTime.Date != lost.Today)
                {
                    served = Mark(lost.Since);
                }
            }
            else if (time.GetElapsedTime(confirmedAt) > StaleAfter)
            {
                served = Mark(lastConfirmed);
            }
        }
    }

    /// <summary>Serves <c>/status</c>.</summary>
    public Task ServeHtmlAsync(Call call) => served.Html.ServeAsync(call.Http);

    /// <summary>Serves <c>/status.json</c>.</summary>
    public Task ServeJsonAsync(Call call) => served.Json.ServeAsync(call.Http);

    /// <summary>The document at <paramref name="path"/>, if it is in memory. While there are none but the page, one that says that it does not know.</summary>
    public PreparedDocument? Find(string path)
    {
        var others = served.Others;
        return others.TryGetValue(path, out var document) ? document.Value : others.Count == 0 ? Unknown(path) : null;
    }

    private DocumentSet Live(PageSnapshot page) =>
        page is { GeneratedAt: not null, StaleHtml.Length: > 0, StaleJson.Length: > 0 } && PreparedDocument.IsWhole(page.Html) && PreparedDocument.IsWhole(page.Json)
            ? DocumentSet.Live(brand, page) with { Others = served.Others } // until they come, too: marked if the page was
            : throw new InvalidDataException("The page lacks one of its documents.");

    private long SizeWith(WatchPageResponse received)
    {
        var replaced = received.Documents.Select(document => document.Path).Concat(received.Removed).ToHashSet(StringComparer.Ordinal);
        return received.Documents.Concat(received.Complete ? [] : others.Values.Where(document => !replaced.Contains(document.Path))).Sum(document => (long)document.CalculateSize());
    }

    private void Keep(IEnumerable<PublicDocument> changed, IEnumerable<string> removed, bool complete)
    {
        if (complete)
        {
            others.Clear();
        }

        foreach (var document in changed)
        {
            others[document.Path] = document;
        }

        foreach (var path in removed)
        {
            others.Remove(path);
        }
    }

    private DocumentSet Mark(DateTimeOffset since)
    {
        lost = new(since, time.GetUtcNow().UtcDateTime.Date);
        return snapshot is null ? UnknownPage.Make(brand, isDemo, lost) : DocumentSet.Stale(brand, snapshot, others.Values, lost);
    }

    private PreparedDocument? Unknown(string path)
    {
        lock (changing)
        {
            return UnknownDocuments.Make(brand, path, lost);
        }
    }
}
