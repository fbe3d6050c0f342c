using Xerotier.StatusService.Model;

namespace Xerotier.StatusService.Board;

/// <summary>A shown indicator and what the rules say of it.</summary>
public readonly record struct IndicatorState(Indicator Indicator, Verdict Verdict);

/// <summary>What the board says at one instant: a pure function of its inputs and the clock.</summary>
/// <param name="Overall">The platform's level.</param>
/// <param name="Shown">The shown indicators, in page order.</param>
/// <param name="Windows">The newest known windows; null when none ever were.</param>
/// <param name="WindowsUnavailable">They are no longer, or not yet, live.</param>
/// <param name="WindowsHeardAt">When they were last live; null when never.</param>
/// <param name="Recorded">What the history is to hold, by indicator.</param>
public sealed record BoardState(
    OverallStatus Overall,
    IReadOnlyList<IndicatorState> Shown,
    BoardWindows? Windows,
    bool WindowsUnavailable,
    DateTimeOffset? WindowsHeardAt,
    IReadOnlyList<Recorded> Recorded)
{
    private static readonly Verdict NoData = new(IndicatorStatus.Unknown, "health reports are not coming in");
    private static readonly Verdict NoDataYet = new(IndicatorStatus.Unknown, "the first heartbeats have not arrived yet");

    /// <summary>The board at <paramref name="now"/>.</summary>
    public static BoardState At(BoardInputs inputs, DateTimeOffset now)
    {
        var known = inputs.Fleet is not null && now < inputs.FleetKnownAt + BoardInputs.Believed ? inputs.Fleet : null;
        var noData = now < inputs.YoungUntil ? NoDataYet : NoData;

        var shown = new List<IndicatorState>(4)
        {
            new(Indicator.Dashboard, Verdict.Operational),
            new(Indicator.InferenceRouting, known is null ? noData : IfSure(unheard => Rules.Routing(known.Routers, known.RoutersOnline + unheard), known.RoutersUnheard)),
        };
        if (inputs.SharedAgentsShown)
        {
            shown.Add(new(Indicator.SharedAgents, known is null ? noData : IfSure(unheard => Rules.SharedAgents(known.SharedAgents, known.SharedAgentsStale - unheard), known.SharedAgentsUnheard)));
        }

        shown.Add(new(Indicator.ModelStorage, inputs.ModelStorage));

        var recorded = new Recorded[Indicators.All.Count];
        Array.Fill(recorded, Model.Recorded.NoData);
        foreach (var (indicator, verdict) in shown)
        {
            recorded[(int)indicator] = inputs.Windows is { } windows && windows.Platform.Any(w => w.Covers(indicator, now))
                ? Model.Recorded.Maintenance
                : verdict.Status switch
                {
                    IndicatorStatus.Operational => Model.Recorded.Operational,
                    _ when inputs.Windows is null && now < inputs.WindowsAwaitedUntil => Model.Recorded.NoData,
                    IndicatorStatus.Degraded => Model.Recorded.Degraded,
                    IndicatorStatus.Outage => Model.Recorded.Outage,
                    _ => Model.Recorded.NoData,
                };
        }

        return new(
            Rules.Overall([.. shown.Select(s => s.Verdict.Status)], inputs.Windows?.ActiveTotal > 0),
            shown,
            inputs.Windows,
            inputs.Windows is null || now >= inputs.WindowsHeardAt + BoardInputs.Believed,
            inputs.Windows is null ? null : inputs.WindowsHeardAt,
            recorded);
    }

    /// <summary>What is judged without those who may yet be heard, unless they would change it.</summary>
    private static Verdict IfSure(Func<int, Verdict> judge, int unheard) => judge(0) is var heard && judge(unheard).Status == heard.Status ? heard : NoDataYet;

    /// <summary>The first instant after <paramref name="now"/> at which the clock alone may change the board; null when it never does.</summary>
    public static DateTimeOffset? NextChange(BoardInputs inputs, DateTimeOffset now)
    {
        DateTimeOffset? next = null;
        if (inputs.Fleet is not null)
        {
            Consider(inputs.FleetKnownAt + BoardInputs.Believed);
        }

        Consider(inputs.YoungUntil);
        if (inputs.Windows is null)
        {
            Consider(inputs.WindowsAwaitedUntil);
        }
        else
        {
            Consider(inputs.WindowsHeardAt + BoardInputs.Believed);
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
}
