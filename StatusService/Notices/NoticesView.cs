using Xerotier.Maintenance.V1;

namespace Xerotier.StatusService.Notices;

/// <summary>
/// What people announce, as the board needs it: starts from a snapshot and follows the changes. It holds a bounded number of
/// windows; when removals leave fewer than the page shows and there may be more, it needs a new snapshot. Components and incidents are
/// few; those that have grown old leave with the next snapshot.
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
    private readonly Dictionary<string, ComponentNotice> components;
    private readonly Dictionary<string, IncidentNotice> incidents;
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

        components = snapshot.Components.ToDictionary(c => c.Id, StringComparer.Ordinal);
        incidents = snapshot.Incidents.ToDictionary(i => i.Id, StringComparer.Ordinal);

        static int PlatformFirst(int byTime, Window a, Window b) => a.Platform != b.Platform ? b.Platform.CompareTo(a.Platform) : Then(byTime, a, b);

        static int Then(int byTime, Window a, Window b) => byTime != 0 ? byTime : string.CompareOrdinal(a.Value.Id, b.Value.Id);
    }

    /// <summary>The mark of the last changes.</summary>
    public string Mark { get; private set; }

    /// <summary>Whether there are more windows than the view can show from what it holds.</summary>
    public bool NeedsSnapshot => active.IsShort(Shown) || scheduled.IsShort(Shown) || recent.IsShort(Shown) || platformActive.IsShort(PlatformHeld / 2);

    /// <summary>The components now.</summary>
    public IReadOnlyCollection<ComponentNotice> Components => components.Values;

    /// <summary>The published incidents now.</summary>
    public IReadOnlyCollection<IncidentNotice> Incidents => incidents.Values;

    /// <summary>Whether the last response changed components or incidents.</summary>
    public bool Announced { get; private set; } = true;

    /// <summary>The windows now.</summary>
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

        foreach (var series in response.Series)
        {
            Apply(series);
        }

        Announced = false;
        foreach (var component in response.Components)
        {
            if (!components.TryGetValue(component.Id, out var held) || held.Version < component.Version)
            {
                components[component.Id] = component;
                Announced = true;
            }
        }

        foreach (var incident in response.Incidents)
        {
            if (!incidents.TryGetValue(incident.Id, out var held) || held.Version < incident.Version)
            {
                incidents[incident.Id] = incident; // one that is not published (any more) stays as that: an older form must not bring it back
                Announced = true;
            }
        }

        return Announced || response.Changes.Count > 0;
    }

    private void Apply(WindowChange change)
    {
        var id = (change.After ?? change.Before).Value.Id;
        var held = active.Find(id) ?? scheduled.Find(id) ?? recent.Find(id);
        if (held is not null && held.Version >= change.Version)
        {
            return;
        }

        var (before, after, any) = (change.Before, change.After, change.After ?? change.Before);
        if (any.Value.SeriesId is not null)
        {
            if (after?.Value.Status == WindowStatus.Scheduled)
            {
                return; // whether it is shown is said of its series
            }

            scheduledTotal -= scheduled.Find(id) is null ? 0 : 1;
            after = after?.Value.Status == WindowStatus.Cancelled && before?.Value.Status == WindowStatus.Scheduled ? null : after; // it never began
        }
        else
        {
            scheduledTotal += Count(after, WindowStatus.Scheduled) - Count(before, WindowStatus.Scheduled);
        }

        activeTotal += Count(after, WindowStatus.Active) - Count(before, WindowStatus.Active);
        active.Replace(id, after?.Value.Status == WindowStatus.Active ? after : null);
        scheduled.Replace(id, after?.Value.Status == WindowStatus.Scheduled ? after : null);
        recent.Replace(id, any, after);
        platformActive.Replace(id, after is { Platform: true, Value.Status: WindowStatus.Active } ? WithoutTexts(after) : null);

        static int Count(Window? window, WindowStatus status) => window?.Value.Status == status ? 1 : 0;
    }

    /// <summary>Shows of the series' scheduled windows the next ones alone. Where there are more than are held, the total waits for the next snapshot.</summary>
    private void Apply(SeriesNotice series)
    {
        var held = scheduled.Windows.Concat(recent.Windows).Where(IsScheduled).DistinctBy(window => window.Value.Id).ToList();
        var counted = scheduled.Windows.Count(IsScheduled);
        foreach (var gone in held.ExceptBy(series.Next.Select(window => window.Value.Id), window => window.Value.Id))
        {
            scheduled.Replace(gone.Value.Id, null);
            recent.Replace(gone.Value.Id, gone, null);
        }

        foreach (var next in series.Next)
        {
            scheduled.Replace(next.Value.Id, next);
            recent.Replace(next.Value.Id, next, next);
        }

        scheduledTotal += scheduled.Windows.Count(IsScheduled) - counted;

        bool IsScheduled(Window window) => window.Value.SeriesId == series.Id && window.Value.Status == WindowStatus.Scheduled;
    }

    private static Window WithoutTexts(Window window) =>
        new() { Value = window.Value with { Title = "", Description = "" }, Platform = window.Platform, Version = window.Version };
}
