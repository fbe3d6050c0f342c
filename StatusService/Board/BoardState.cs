using Xerotier.StatusService.Model;

namespace Xerotier.StatusService.Board;

/// <summary>A shown component.</summary>
/// <param name="Component">The component.</param>
/// <param name="Verdict">What is shown: the worse of what is measured and what incidents declare.</param>
/// <param name="Measured">What is measured; null when nothing is.</param>
public readonly record struct ComponentState(Component Component, Verdict Verdict, Verdict? Measured);

/// <summary>What the board says at one instant: a pure function of its inputs and the clock.</summary>
/// <param name="Overall">The platform's level.</param>
/// <param name="Shown">The shown components, in page order, also those whose line is hidden while they are operational.</param>
/// <param name="Windows">The newest known windows; null when none ever were.</param>
/// <param name="Announced">The newest known components and incidents.</param>
/// <param name="NoticesUnavailable">The notices are no longer, or not yet, live.</param>
/// <param name="NoticesHeardAt">When they were last live; null when never.</param>
/// <param name="UnderMaintenance">Ids of the components that an active window of a platform project covers now.</param>
/// <param name="Recorded">What the history is to hold, by component key; one that is not measured has no data.</param>
public sealed record BoardState(
    OverallStatus Overall,
    IReadOnlyList<ComponentState> Shown,
    BoardWindows? Windows,
    Announcements Announced,
    bool NoticesUnavailable,
    DateTimeOffset? NoticesHeardAt,
    IReadOnlySet<string> UnderMaintenance,
    IReadOnlyDictionary<string, RecordedState> Recorded)
{
    /// <summary>The outages that are measured, each with the Unix second since which it lasts; null: since before anybody looked.</summary>
    public IEnumerable<(Component Component, long? Since)> MeasuredOutages(ChangeStamp stamp) =>
        from shown in Shown
        where shown.Measured?.Status is ComponentStatus.Outage
        select (shown.Component, stamp.Measured.TryGetValue(shown.Component.Key, out var since) && since.Status is ComponentStatus.Outage ? since.At : null);

    /// <summary>The board at <paramref name="now"/>.</summary>
    public static BoardState At(BoardInputs inputs, DateTimeOffset now)
    {
        var shown = new List<ComponentState>();
        var recorded = new Dictionary<string, RecordedState>();
        foreach (var component in inputs.Announced.Current)
        {
            var measured = Measures.Judge(component, inputs, now);
            recorded[component.Key] = RecordedOf(component, measured?.Status, inputs, now);
            if (VerdictOf(component, measured, inputs, now) is { } verdict)
            {
                shown.Add(new(component, verdict, measured));
            }
        }

        return new(
            Rules.Overall([.. shown.Select(s => s.Verdict.Status)], inputs.IsMaintenance),
            shown,
            inputs.Windows,
            inputs.Announced,
            inputs.Windows is null || now >= inputs.NoticesHeardAt + BoardInputs.FreshFor,
            inputs.Windows is null ? null : inputs.NoticesHeardAt,
            inputs.Announced.Current.Where(component => inputs.Windows?.Cover(component, now) is true).Select(component => component.Id).ToHashSet(StringComparer.Ordinal),
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
            Consider(inputs.NoticesHeardAt + BoardInputs.FreshFor);
            foreach (var window in inputs.Windows.Platform)
            {
                Consider(window.StartsAt);
                Consider(window.EndsAt);
            }
        }

        foreach (var probe in inputs.Probes.Values)
        {
            Consider(probe.Until);
        }

        foreach (var component in inputs.Announced.Current)
        {
            var declared = inputs.Announced.Declared(component.Key);
            for (var i = declared.Count - 1; i >= 0 && declared[i].To > now.ToUnixTimeSeconds(); i--)
            {
                Consider(DateTimeOffset.FromUnixTimeSeconds(declared[i].From));
                if (declared[i].To != Declarations.Open)
                {
                    Consider(DateTimeOffset.FromUnixTimeSeconds(declared[i].To));
                }
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

    /// <summary>The worse of what is measured and what incidents declare: a person can add bad news, never subtract it. Null: it is not shown.</summary>
    private static Verdict? VerdictOf(Component component, Verdict? measured, BoardInputs inputs, DateTimeOffset now)
    {
        var declared = inputs.Announced.DeclaredAt(component.Key, now.ToUnixTimeSeconds());
        return measured is { } verdict && Rules.Worse(verdict.Status, declared.Status) == verdict.Status ? verdict
            : declared.Status is not ComponentStatus.Operational || inputs.Announced.Naming(component).Any() ? declared
            : null;
    }

    private static RecordedState RecordedOf(Component component, ComponentStatus? measured, BoardInputs inputs, DateTimeOffset now)
    {
        var held = component.IsUnmeasured ? RecordedState.NoData : measured switch // what nothing measures is computed, not recorded
        {
            ComponentStatus.Operational => RecordedState.Operational,
            ComponentStatus.Degraded => RecordedState.Degraded,
            ComponentStatus.Outage => RecordedState.Outage,
            _ => RecordedState.NoData,
        };
        return measured is not null && inputs.Windows is { } windows && windows.Cover(component, now) ? held.UnderWindow()
            : inputs.Windows is null && now < inputs.WindowsAwaitedUntil && held is not RecordedState.Operational ? RecordedState.NoData
            : held;
    }
}
