using Xerotier.Maintenance.V1;

namespace Xerotier.StatusService.Notices;

/// <summary>
/// The notices of all projects as the board needs them: starts from a snapshot and follows the changes. It holds a bounded number of
/// windows; when removals leave fewer than the page shows and there may be more, it needs a new snapshot.
/// </summary>
public sealed class NoticesView
{
    /// <summary>How many windows of each list <see cref="Current"/> has.</summary>
    public const int Shown = 50;

    /// <summary>How many windows of each list a snapshot is asked for.</summary>
    public const int Held = 100;

    private const int PlatformHeld = 1000;

    private readonly WindowList active;
    private readonly WindowList scheduled;
    private readonly NewestWindows recent;
    private readonly WindowList platformActive;
    private int activeTotal;
    private int scheduledTotal;

    /// <summary>The view of a snapshot with lists of <see cref="Held"/> windows.</summary>
    public NoticesView(GetNoticesResponse snapshot)
    {
        Mark = snapshot.Mark;
        var notices = snapshot.Lists;
        (activeTotal, scheduledTotal) = (notices.ActiveTotal, notices.ScheduledTotal);
        active = new((a, b) => PlatformFirst(a.Value.EndsAt.CompareTo(b.Value.EndsAt), a, b), notices.Active, Held);
        scheduled = new((a, b) => PlatformFirst(a.Value.StartsAt.CompareTo(b.Value.StartsAt), a, b), notices.Scheduled, Held);
        recent = new((a, b) => Then(b.Value.StartsAt.CompareTo(a.Value.StartsAt), a, b), notices.Recent, Held);
        platformActive = new((a, b) => Then(b.Value.EndsAt.CompareTo(a.Value.EndsAt), a, b), notices.PlatformActive, PlatformHeld);

        static int PlatformFirst(int byTime, Window a, Window b) => a.Platform != b.Platform ? b.Platform.CompareTo(a.Platform) : Then(byTime, a, b);

        static int Then(int byTime, Window a, Window b) => byTime != 0 ? byTime : string.CompareOrdinal(a.Value.Id, b.Value.Id);
    }

    /// <summary>The mark of the last changes.</summary>
    public string Mark { get; private set; }

    /// <summary>Whether there are more windows than the view can show from what it holds.</summary>
    public bool NeedsSnapshot => active.IsShort(Shown) || scheduled.IsShort(Shown) || recent.IsShort(Shown) || platformActive.IsShort(PlatformHeld / 2);

    /// <summary>The notices now.</summary>
    public NoticeLists Current => new()
    {
        Active = { active.Windows.Take(Shown) },
        ActiveTotal = activeTotal,
        Scheduled = { scheduled.Windows.Take(Shown) },
        ScheduledTotal = scheduledTotal,
        Recent = { recent.First(Shown) },
        PlatformActive = { platformActive.Windows },
    };

    /// <summary>Applies the changes of a response; false when it has none.</summary>
    public bool Apply(WatchChangesResponse response)
    {
        Mark = response.Mark;
        foreach (var change in response.Changes)
        {
            Apply(change);
        }

        return response.Changes.Count > 0;
    }

    private void Apply(WindowChange change)
    {
        var id = (change.After ?? change.Before).Value.Id;
        var held = active.Find(id) ?? scheduled.Find(id) ?? recent.Find(id);
        if (held is not null && held.Version >= change.Version)
        {
            return;
        }

        var after = change.After;
        activeTotal += Count(after, WindowStatus.Active) - Count(change.Before, WindowStatus.Active);
        scheduledTotal += Count(after, WindowStatus.Scheduled) - Count(change.Before, WindowStatus.Scheduled);
        active.Replace(id, after?.Value.Status == WindowStatus.Active ? after : null);
        scheduled.Replace(id, after?.Value.Status == WindowStatus.Scheduled ? after : null);
        recent.Replace(id, after ?? change.Before, after);
        platformActive.Replace(id, after is { Platform: true, Value.Status: WindowStatus.Active } ? WithoutTexts(after) : null);

        static int Count(Window? window, WindowStatus status) => window?.Value.Status == status ? 1 : 0;
    }

    private static Window WithoutTexts(Window window) =>
        new() { Value = window.Value with { Title = "", Description = "" }, Platform = window.Platform, Version = window.Version };
}
