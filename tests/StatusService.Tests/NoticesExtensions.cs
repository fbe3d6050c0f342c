using Xerotier.Maintenance.V1;
using Xerotier.StatusService.Board;

namespace Xerotier.StatusService.Tests;

/// <summary>Notices of windows alone.</summary>
public static class NoticesExtensions
{
    /// <summary>New windows; components and incidents stay.</summary>
    public static BoardInputs WithWindows(this BoardInputs inputs, NoticeLists windows, DateTimeOffset at) => inputs.WithNotices(BoardWindows.From(windows), inputs.Announced, at);
}
