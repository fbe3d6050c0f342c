using Xerotier.Maintenance.V1;
using WindowStatus = Xerotier.Contracts.WindowStatus;

namespace Xerotier.TestKit;

/// <summary>The notices of a set of windows, as plainly as possible: what maintenance.proto says of <see cref="NoticeLists"/>.</summary>
public static class SampleNotices
{
    /// <summary>The notices of all <paramref name="windows"/>.</summary>
    /// <param name="windows">Every window that there is.</param>
    /// <param name="limit">The longest list.</param>
    /// <param name="ofProject">The most of the newest windows that a project has that is not the platform's.</param>
    public static NoticeLists Of(IReadOnlyCollection<Window> windows, int limit, int ofProject)
    {
        var active = windows.Where(w => w.Value.Status == WindowStatus.Active).ToList();
        var scheduled = windows.Where(w => w.Value.Status == WindowStatus.Scheduled).ToList();
        return new()
        {
            Active = { active.OrderByDescending(w => w.Platform).ThenBy(w => w.Value.EndsAt).ThenBy(w => w.Value.Id, StringComparer.Ordinal).Take(limit) },
            ActiveTotal = active.Count,
            Scheduled = { scheduled.OrderByDescending(w => w.Platform).ThenBy(w => w.Value.StartsAt).ThenBy(w => w.Value.Id, StringComparer.Ordinal).Take(limit) },
            ScheduledTotal = scheduled.Count,
            Recent = { Newest(windows.GroupBy(w => w.Value.ProjectId).SelectMany(p => Newest(p).Take(p.First().Platform ? limit : ofProject))).Take(limit) },
            PlatformActive = { active.Where(w => w.Platform).OrderByDescending(w => w.Value.EndsAt).ThenBy(w => w.Value.Id, StringComparer.Ordinal).Select(WithoutTexts) },
        };
    }

    private static IEnumerable<Window> Newest(IEnumerable<Window> windows) =>
        windows.OrderByDescending(w => w.Value.StartsAt).ThenBy(w => w.Value.Id, StringComparer.Ordinal);

    private static Window WithoutTexts(Window window) => window.With(w => w with { Title = "", Description = "" });
}
