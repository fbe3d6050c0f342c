using Xerotier.Contracts;

namespace Xerotier.StatusService.Model;

/// <summary>A stretch of whole seconds for which an incident declares a component degraded or out.</summary>
/// <param name="ComponentId">The component, <c>cmp_…</c>.</param>
/// <param name="From">First second, Unix time.</param>
/// <param name="To">End, exclusive; <see cref="Declarations.Open"/> while it goes on.</param>
/// <param name="State">Degraded or outage.</param>
public readonly record struct DeclaredInterval(string ComponentId, long From, long To, RecordedState State);

/// <summary>What incidents say of components, pure (incidents.md sections 11 and 12).</summary>
public static class Declarations
{
    /// <summary>End of a declaration that goes on.</summary>
    public const long Open = long.MaxValue;

    /// <summary>
    /// What <paramref name="incident"/> declares, by component and time (<see cref="IncidentTimeline"/>). Each stretch covers whole seconds,
    /// from the floor of its start to the ceiling of its end.
    /// </summary>
    public static IReadOnlyList<DeclaredInterval> Of(PageIncident incident)
    {
        ArgumentNullException.ThrowIfNull(incident);
        var intervals = new List<DeclaredInterval>();
        var current = new Dictionary<string, (DateTimeOffset From, RecordedState State)>(StringComparer.Ordinal);
        foreach (var (update, states) in IncidentTimeline.Over(incident.Updates))
        {
            foreach (var (id, declared) in states)
            {
                var state = StateOf(declared);
                if (current.TryGetValue(id, out var held) ? held.State == state : state is RecordedState.Operational)
                {
                    continue;
                }

                End(id, update.At);
                if (state is not RecordedState.Operational)
                {
                    current[id] = (update.At, state);
                }
            }
        }

        foreach (var (id, (from, state)) in current)
        {
            intervals.Add(new(id, from.ToUnixTimeSeconds(), Open, state));
        }

        return intervals;

        void End(string id, DateTimeOffset at)
        {
            if (current.Remove(id, out var held) && at > held.From)
            {
                intervals.Add(new(id, held.From.ToUnixTimeSeconds(), Ceiling(at), held.State));
            }
        }
    }

    /// <summary>The stretches of one component, of any number of incidents, without overlaps and by time: where they overlap the worst counts.</summary>
    public static IReadOnlyList<Interval> Merge(IEnumerable<DeclaredInterval> declared)
    {
        var all = declared.ToList();
        long[] edges = [.. all.SelectMany(d => new[] { d.From, d.To }).Distinct().Order()];
        var merged = new List<Interval>();
        for (var i = 0; i + 1 < edges.Length; i++)
        {
            var worst = RecordedState.Operational;
            foreach (var d in all)
            {
                worst = d.From <= edges[i] && d.To > edges[i] && d.State > worst ? d.State : worst;
            }

            if (worst is not RecordedState.Operational)
            {
                merged.AddOrExtend(new(edges[i], edges[i + 1], worst));
            }
        }

        return merged;
    }

    private static RecordedState StateOf(DeclaredStatus status) => status switch
    {
        DeclaredStatus.Outage => RecordedState.Outage,
        DeclaredStatus.Degraded => RecordedState.Degraded,
        _ => RecordedState.Operational,
    };

    private static long Ceiling(DateTimeOffset at) => at.ToUnixTimeSeconds() + (at.Ticks % TimeSpan.TicksPerSecond == 0 ? 0 : 1);
}
