using Xerotier.StatusService.Model;

namespace Xerotier.StatusService.Board;

/// <summary>A shown component and what the rules say of it.</summary>
public readonly record struct ComponentState(Component Component, Verdict Verdict);

/// <summary>What the board says at one instant: a pure function of its inputs and the clock.</summary>
/// <param name="Overall">The platform's level.</param>
/// <param name="Shown">The shown components, in page order.</param>
/// <param name="Windows">The newest known windows; null when none ever were.</param>
/// <param name="WindowsUnavailable">They are no longer, or not yet, live.</param>
/// <param name="WindowsHeardAt">When they were last live; null when never.</param>
/// <param name="Recorded">What the history is to hold, by component key; one that is not shown has no data.</param>
public sealed record BoardState(
    OverallStatus Overall,
    IReadOnlyList<ComponentState> Shown,
    BoardWindows? Windows,
    bool WindowsUnavailable,
    DateTimeOffset? WindowsHeardAt,
    IReadOnlyDictionary<string, Recorded> Recorded)
{
    /// <summary>The board at <paramref name="now"/>.</summary>
    public static BoardState At(BoardInputs inputs, DateTimeOffset now)
    {
        var shown = new List<ComponentState>(Components.All.Count);
        var recorded = new Dictionary<string, Recorded>(Components.All.Count);
        foreach (var component in Components.All)
        {
            recorded[component.Key] = Model.Recorded.NoData;
            if (Measures.Judge(component, inputs, now) is { } verdict)
            {
                shown.Add(new(component, verdict));
                recorded[component.Key] = RecordedOf(component, verdict.Status, inputs, now);
            }
        }

        return new(
            Rules.Overall([.. shown.Select(s => s.Verdict.Status)], inputs.Windows?.ActiveTotal > 0),
            shown,
            inputs.Windows,
            inputs.Windows is null || now >= inputs.WindowsHeardAt + BoardInputs.FreshFor,
            inputs.Windows is null ? null : inputs.WindowsHeardAt,
            recorded);
    }

    /// <summary>The first instant after <paramref name="now"/> at which the clock alone may change the board; null when it never does.</summary>
    public static DateTimeOffset? NextChange(BoardInputs inputs, DateTimeOffset now)
    {
        DateTimeOffset? next = null;
        if (inputs.Fleet is not null)
        {
            Consider(inputs.FleetKnownAt + BoardInputs.FreshFor);
        }

        Consider(inputs.YoungUntil);
        if (inputs.Windows is null)
        {
            Consider(inputs.WindowsAwaitedUntil);
        }
        else
        {
            Consider(inputs.WindowsHeardAt + BoardInputs.FreshFor);
            foreach (var window in inputs.Windows.Platform)
            {
                Consider(window.StartsAt);
                Consider(window.EndsAt);
            }
        }

        return next;

        void Consider(DateTimeOffset at)
        {
            if (at > now && (next is null || at < next))
            {
                next = at;
            }
        }
    }

    private static Recorded RecordedOf(Component component, ComponentStatus status, BoardInputs inputs, DateTimeOffset now) => status switch
    {
        _ when inputs.Windows is { } windows && windows.Platform.Any(w => w.Covers(component, now)) => Model.Recorded.Maintenance,
        ComponentStatus.Operational => Model.Recorded.Operational,
        _ when inputs.Windows is null && now < inputs.WindowsAwaitedUntil => Model.Recorded.NoData,
        ComponentStatus.Degraded => Model.Recorded.Degraded,
        ComponentStatus.Outage => Model.Recorded.Outage,
        _ => Model.Recorded.NoData,
    };
}
