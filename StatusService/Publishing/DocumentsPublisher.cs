using System.Runtime.CompilerServices;
using System.Text.Json;
using Google.Protobuf;
using Xerotier.Page.V1;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Site;
using Xerotier.StatusService.Board;
using Xerotier.StatusService.Documents.Content;
using Xerotier.StatusService.Documents.Badges;
using Xerotier.StatusService.Documents.Calendar;
using Xerotier.StatusService.Documents.Feeds;
using Xerotier.StatusService.Documents.Page;
using Xerotier.StatusService.Documents.Statuspage;
using Xerotier.StatusService.Documents.Text;

namespace Xerotier.StatusService.Publishing;

/// <summary>
/// Makes the documents beside the page, whenever what they are made of has changed. It runs beside the loop, which never waits for it: the
/// page comes first. A document whose bytes are the same stays the same object, so that the streams send only what has changed. While there
/// is a page and they cannot be made there soon are none: the page's keepalives would confirm those of before, or another replica's.
/// </summary>
public sealed partial class DocumentsPublisher(
    Published published, Installation installation, WindowQueries windows, Brand brand, PageRenderer renderer, TimeProvider time, ILogger<DocumentsPublisher> logger) : BackgroundService
{
    /// <summary>The incidents whose pages are made in advance: those that the board knows in full.</summary>
    private const int Incidents = 50;

    private const string Html = "text/html; charset=utf-8";

    /// <summary>For how many days a calendar says that a window was cancelled.</summary>
    private const int CancelledKept = 30;

    /// <summary>Making them takes a fifth of the time at most, however often things change: the page, and everybody else on the machine, comes first.</summary>
    private const int PauseFactor = 4;

    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    /// <summary>For how long the others wait for the calendar's windows, which come from another service.</summary>
    private static readonly TimeSpan Briefly = TimeSpan.FromMilliseconds(250);

    /// <summary>For how long those of before stay while none can be made.</summary>
    private static readonly TimeSpan NoneAfter = TimeSpan.FromSeconds(5);

    private readonly FailureLog failures = new(logger, "The documents beside the page cannot be made; the last ones stay for 5 s", "The documents beside the page can be made again", LogLevel.Error);
    private Dictionary<string, (string Content, MadeDocument Document)> pages = []; // of incidents, by path
    private Calendar? calendar;
    private Task<Calendar?>? asking; // for a newer one

    /// <summary>Makes all documents of <paramref name="publication"/> and publishes those that differ.</summary>
    internal async Task PublishAsync(Publication publication, CancellationToken cancellation)
    {
        var before = published.Documents.Value;
        var now = new Dictionary<string, PublicDocument>(StringComparer.Ordinal);
        await foreach (var made in MakeAsync(publication, cancellation))
        {
            now.Add(made.Path, before?.GetValueOrDefault(made.Path) is { } known && IsSame(known, made) ? known : Pack(made));
        }

        if (before is null || before.Count != now.Count || now.Any(document => before.GetValueOrDefault(document.Key) != document.Value))
        {
            published.Documents.Set(now);
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (brand.PublicUrl is null)
        {
            LogLocal(logger, brand.Url);
        }

        Site? site = null;
        long? failedAt = null; // when the first of the rounds began that have failed since the last success
        while (!stoppingToken.IsCancellationRequested)
        {
            var (shown, changed) = published.Shown.Current;
            var begun = time.GetTimestamp();
            try
            {
                if (shown is var (page, board))
                {
                    site ??= new(await installation.Id.WaitAsync(NoneAfter, time, stoppingToken), brand.Name, brand.Url);
                    var entries = await CalendarAsync(page, board);
                    begun = time.GetTimestamp(); // the wait for another service is not work to rest from
                    await PublishAsync(Publication.Of(page, board, entries, site), stoppingToken);
                    failures.Succeeded();
                    failedAt = null;
                }
            }
            catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
            {
                failures.Failed(failure);
                failedAt ??= begun;
                if (time.GetElapsedTime(failedAt.Value) >= NoneAfter && published.Documents.Value is not { Count: 0 })
                {
                    published.Documents.Set(new Dictionary<string, PublicDocument>());
                }

                await Task.Delay(RetryAfter, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                continue;
            }

            await Task.Delay(PauseFactor * time.GetElapsedTime(begun), time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await ((Task)Task.WhenAny(changed, ArrivedAsync())).WaitAsync(stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // leaves nothing behind that waits for the end of the service
        }
    }

    /// <summary>The windows of the calendar, asked for when the page's have changed, and as often as calendars are read. While nobody tells them, those that were told last.</summary>
    private async Task<IReadOnlyList<CalendarWindow>> CalendarAsync(StatusPageModel page, BoardState board)
    {
        for (var i = 0; i < 2 && (calendar is not { } known || page.GeneratedAt - known.At >= CalendarFile.ReadEvery || !ReferenceEquals(known.Of, board.Windows)); i++)
        {
            asking ??= AskAsync(page.GeneratedAt, board.Windows); // or what was asked for an earlier page, and then once more
            if (await Task.WhenAny(asking, Task.Delay(Briefly, time)) != asking)
            {
                break;
            }

            (var arrived, asking) = (asking, null);
            calendar = await arrived ?? calendar;
        }

        // Before anybody has told them: what the page shows, so that nothing vanishes from people's calendars meanwhile.
        return calendar?.Windows ?? [.. page.Windows.All.Select(window => new CalendarWindow(window, 0))];
    }

    private async Task<Calendar?> AskAsync(DateTimeOffset at, BoardWindows? of)
    {
        var from = at.AddDays(-CancelledKept);
        return await windows.AroundAsync(DateOnly.FromDateTime(at.UtcDateTime)) is { } found
            ? new(
                at,
                of,
                [
                    .. found.Windows.Where(window => !(window.Value.CancelledAt < from)).Select(window => new CalendarWindow(window.Value.ToPublic(), window.Version)),
                    .. found.Purged.Select(CalendarWindow.Of),
                ])
            : null;
    }

    /// <summary>Completes when windows have come that the last documents did not wait for.</summary>
    private async Task ArrivedAsync()
    {
        if (asking is null || await asking is null)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, time, CancellationToken.None);
        }
    }

    private async IAsyncEnumerable<MadeDocument> MakeAsync(Publication publication, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var next = new Dictionary<string, (string, MadeDocument)>(StringComparer.Ordinal);
        var isDemo = publication.Page.IsDemo;
        foreach (var incident in publication.Announced.Incidents.Where(IncidentPages.IsWhole).Take(Incidents))
        {
            var path = Site.PathOf(incident);
            var content = (isDemo ? DemoMark.Prefix : "") + JsonSerializer.Serialize(incident, ContractsJson.Wire.PageIncident);
            var made = pages.TryGetValue(path, out var known) && known.Content == content
                ? known.Document
                : await IncidentAsync(path, new(incident, isDemo), cancellation);
            next[path] = (content, made);
            yield return made;
        }

        pages = next;
        var page = publication.Page;
        yield return new("/status/embed", Html, await renderer.RenderEmbedAsync(page, stale: false, cancellation), await renderer.RenderEmbedAsync(page, stale: true, cancellation));
        foreach (var made in Data(publication))
        {
            yield return made;
        }
    }

    /// <summary>One that is open says so only while that is known; one that is resolved stays what it was.</summary>
    private async Task<MadeDocument> IncidentAsync(string path, IncidentPageModel model, CancellationToken cancellation)
    {
        var live = await renderer.RenderIncidentAsync(model, stale: false, cancellation);
        return model.Incident.ResolvedAt is null ? new(path, Html, live, await renderer.RenderIncidentAsync(model, stale: true, cancellation)) : new(path, Html, live);
    }

    private static IEnumerable<MadeDocument> Data(Publication publication) =>
        [.. StatuspageApi.Make(publication), .. PublicFeeds.Make(publication), .. CalendarFile.Make(publication), .. Badges.Make(publication), .. PlainTexts.Make(publication)];

    private static bool IsSame(PublicDocument known, MadeDocument made) =>
        known.ContentType == made.ContentType && known.Live.Identity.Span.SequenceEqual(made.Live) && known.Stale.Span.SequenceEqual(made.Stale);

    private static PublicDocument Pack(MadeDocument made) => new()
    {
        Path = made.Path,
        ContentType = made.ContentType,
        Live = PageRenderer.Pack(made.Live),
        Stale = UnsafeByteOperations.UnsafeWrap(made.Stale),
    };

    /// <summary>What the MaintenanceService has told.</summary>
    /// <param name="At">The page's instant then.</param>
    /// <param name="Of">The page's windows then.</param>
    /// <param name="Windows">The windows, and what is left of purged ones.</param>
    private sealed record Calendar(DateTimeOffset At, BoardWindows? Of, IReadOnlyList<CalendarWindow> Windows);

    [LoggerMessage(1, LogLevel.Information, "Page:PublicUrl is not set: the links of feeds lead to {Url}")]
    private static partial void LogLocal(ILogger logger, string url);
}
