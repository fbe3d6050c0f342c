using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using Xerotier.StatusService.Board;
using Xerotier.StatusService.Documents.Content;
using Xerotier.StatusService.Documents.Page;
using Xerotier.StatusService.History;
using Xerotier.StatusService.Model;

namespace Xerotier.StatusService.Publishing;

/// <summary>Renders the page when it changes and at every full UTC minute, and publishes it. Used by one task at a time.</summary>
public sealed class PagePublisher(StatusTrack track, PageRenderer renderer, Published published, StatusMetrics metrics, TimeProvider time)
{
    /// <summary>
    /// The shortest and the longest time between pages. Within them a service rests as long as the last page took, so that a page of
    /// many windows that change all the time leaves the machine to others.
    /// </summary>
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    private (BoardState Board, ChangeStamp Stamp, HistorySnapshot History, DateTimeOffset AsOf)? considered;
    private byte[]? rendered;
    private long renderedAt;
    private TimeSpan pause;

    /// <summary>How long until the next page may be rendered; zero: at once.</summary>
    public TimeSpan Pause => rendered is not null && time.GetElapsedTime(renderedAt) is var since && since < pause ? pause - since : TimeSpan.Zero;

    /// <summary>Publishes the page as of <paramref name="now"/>, unless it is the one that is published.</summary>
    public async Task PublishAsync(BoardState board, ChangeStamp stamp, HistorySnapshot history, DateTimeOffset now, CancellationToken cancellation)
    {
        var asOf = PageBuilder.AsOf(now, stamp);
        if (considered is { } last
            && last.AsOf == asOf && last.History.Revision == history.Revision && last.Stamp.Same(stamp)
            && ReferenceEquals(last.Board.Windows, board.Windows) && ReferenceEquals(last.Board.Announced, board.Announced)
            && ReferenceEquals(last.History.Details, history.Details) && last.Board.NoticesUnavailable == board.NoticesUnavailable)
        {
            return; // the stamp's content covers the rest
        }

        var model = PageBuilder.Build(board, stamp, history, track, asOf);
        var hash = SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(model, PageModelJson.Default.StatusPageModel));
        if (rendered is null || !hash.AsSpan().SequenceEqual(rendered))
        {
            var begun = time.GetTimestamp();
            published.Page.Set(await renderer.RenderAsync(model, cancellation));
            var took = time.GetElapsedTime(begun);
            metrics.Rendered(took);
            (rendered, renderedAt) = (hash, time.GetTimestamp());
            pause = took < ShortestPause ? ShortestPause : took > LongestPause ? LongestPause : took;
        }

        published.Shown.Set((model, board));
        considered = (board, stamp, history, asOf);
    }
}

[JsonSerializable(typeof(StatusPageModel))]
internal sealed partial class PageModelJson : JsonSerializerContext;
