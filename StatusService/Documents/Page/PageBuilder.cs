using Xerotier.StatusService.Board;
using Xerotier.StatusService.History;
using Xerotier.StatusService.Model;

namespace Xerotier.StatusService.Documents.Page;

/// <summary>Makes the page's model, pure: of the board, its stamp, the history, and the instant that all is as of.</summary>
public static class PageBuilder
{
    private const int Days = 90;

    /// <summary>What the page is as of at <paramref name="now"/>: its last change, or the last full minute if that is later.</summary>
    public static DateTimeOffset AsOf(DateTimeOffset now, ChangeStamp stamp)
    {
        var second = now.ToUnixTimeSeconds();
        return DateTimeOffset.FromUnixTimeSeconds(Math.Max(second - (second % 60), stamp.ChangedAt));
    }

    /// <summary>The page as of <paramref name="asOf"/>.</summary>
    public static StatusPageModel Build(BoardState state, ChangeStamp stamp, HistorySnapshot history, StatusTrack track, DateTimeOffset asOf)
    {
        var first = DateOnly.FromDateTime(asOf.UtcDateTime).AddDays(1 - Days);
        return new(
            asOf,
            state.Overall,
            [.. state.Shown.Select(shown =>
            {
                var days = history.DaysOf(shown.Component.Key, first, asOf, track);
                return new ComponentModel(
                    shown.Component.Name,
                    shown.Verdict.Status,
                    shown.Verdict.Reason,
                    stamp.Since.TryGetValue(shown.Component.Key, out var since) && since.At is { } at ? DateTimeOffset.FromUnixTimeSeconds(at) : null,
                    Uptime.Percent(days),
                    days);
            })],
            new(
                state.WindowsUnavailable,
                state.WindowsUnavailable && stamp.WindowsLostAt is { } lost ? DateTimeOffset.FromUnixTimeSeconds(lost) : null,
                state.Windows?.Active ?? [],
                state.Windows?.ActiveTotal ?? 0,
                state.Windows?.Scheduled ?? [],
                state.Windows?.ScheduledTotal ?? 0,
                state.Windows?.Recent ?? []));
    }
}
