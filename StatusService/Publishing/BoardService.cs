using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using Xerotier.StatusService.Board;
using Xerotier.StatusService.Documents.Page;
using Xerotier.StatusService.History;
using Xerotier.StatusService.Model;

namespace Xerotier.StatusService.Publishing;

/// <summary>The one loop that looks at the board, writes what it holds into the track, and renders the page when it changes and at every full UTC minute.</summary>
public sealed partial class BoardService(
    BoardInbox inbox,
    LiveBoard board,
    StatusTrack track,
    ChangeStamps stamps,
    Recorder recorder,
    PageRenderer renderer,
    PublishedPage published,
    StatusMetrics metrics,
    TimeProvider time,
    ILogger<BoardService> logger) : BackgroundService
{
    private static readonly TimeSpan Turn = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan BetweenPages = TimeSpan.FromMilliseconds(200);

    private long renderedAt;
    private byte[]? rendered;
    private (BoardState, ChangeStamp, HistorySnapshot, DateTimeOffset)? considered;

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        Task? message = null;
        while (!stoppingToken.IsCancellationRequested)
        {
            var wait = Turn;
            try
            {
                wait = await LookAsync(stoppingToken);
                published.ComeRound();
            }
            catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
            {
                LogFailure(logger, failure); // and no sign of life: the Gateways say what they last knew
            }

            message = message is null or { IsCompleted: true } ? inbox.WaitAsync(stoppingToken) : message;
            await Task.WhenAny(message, Task.Delay(wait, time, stoppingToken));
        }
    }

    /// <summary>One look, and a page if it needs one.</summary>
    /// <returns>After how long to look again if nothing comes.</returns>
    private async Task<TimeSpan> LookAsync(CancellationToken cancellation)
    {
        while (inbox.TryTake(out var message))
        {
            board.Apply(message.At, message.Change);
        }

        var now = time.GetUtcNow();
        if (recorder.Before is { SharedAgentsShown: true } && board.Inputs is { SharedAgentsShown: false, FleetWasKnown: false })
        {
            board.Apply(now, (inputs, _) => inputs with { SharedAgentsShown = true }); // what is unknown stays shown, over a restart too
        }

        if (recorder.Before?.Windows is { } earlier && board.Inputs.Windows is null && now >= board.Inputs.WindowsAwaitedUntil)
        {
            board.Apply(now, (inputs, _) => inputs.WithEarlierWindows(earlier)); // product.md section 8: the last known ones, marked as such
        }

        var state = board.Look(now);

        // Until then there is no page, and a Gateway takes that of another replica: a restart is no reason to call anything unknown
        // (product.md section 8 allows 5 s).
        var settled = now >= board.Inputs.WindowsAwaitedUntil
            || (board.Inputs.Windows is not null && (board.Inputs.Fleet is not null || now < board.Inputs.YoungUntil) && recorder.Snapshot.Revision >= 0);
        stamps.Take(state, now, settled);
        metrics.Board = state;
        metrics.Recording = recorder.Recording;

        var wait = BoardState.NextChange(board.Inputs, now) is { } change && change - now < Turn ? change - now : Turn;
        if (now.Ticks % TimeSpan.TicksPerMinute is var intoMinute && TimeSpan.FromTicks(TimeSpan.TicksPerMinute - intoMinute) is var minute && minute < wait)
        {
            wait = minute;
        }

        var sinceLast = time.GetElapsedTime(renderedAt);
        if (renderedAt != 0 && sinceLast < BetweenPages)
        {
            return BetweenPages - sinceLast < wait ? BetweenPages - sinceLast : wait;
        }

        if (stamps.Reconcile(recorder.Shared) is { } stamp)
        {
            await RenderAsync(state, stamp, PageBuilder.AsOf(now, stamp), cancellation);
        }

        return wait;
    }

    private async Task RenderAsync(BoardState state, ChangeStamp stamp, DateTimeOffset asOf, CancellationToken cancellation)
    {
        var history = recorder.Snapshot;
        if (considered is var (oldState, oldStamp, oldHistory, oldAsOf)
            && oldAsOf == asOf && oldHistory.Revision == history.Revision && oldStamp.Same(stamp)
            && ReferenceEquals(oldState.Windows, state.Windows) && oldState.WindowsUnavailable == state.WindowsUnavailable)
        {
            return; // the stamp's content covers the rest
        }

        var model = PageBuilder.Build(state, stamp, history, track, asOf);
        var print = SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(model, PageModelJson.Default.StatusPageModel));
        if (rendered is null || !print.AsSpan().SequenceEqual(rendered))
        {
            var begun = time.GetTimestamp();
            published.Publish(await renderer.RenderAsync(model, cancellation));
            metrics.Rendered(time.GetElapsedTime(begun));
            (rendered, renderedAt) = (print, time.GetTimestamp());
        }

        considered = (state, stamp, history, asOf);
    }

    [LoggerMessage(1, LogLevel.Error, "The page could not be made")]
    private static partial void LogFailure(ILogger logger, Exception failure);
}

[JsonSerializable(typeof(StatusPageModel))]
internal sealed partial class PageModelJson : JsonSerializerContext;
