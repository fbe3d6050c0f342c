using Xerotier.MaintenanceService.Components;

namespace Xerotier.MaintenanceService.Incidents;

/// <summary>
/// What the updates of an incident declare of components over time (incidents.md section 11): at an instant holds what the last update by
/// the instant that it speaks of, and then by posting, has said. A resolving update ends everything.
/// </summary>
internal static class Declarations
{
    /// <summary>The declared states after each update, by time.</summary>
    /// <param name="updates">The updates in the order of posting.</param>
    public static IEnumerable<(IncidentUpdate Update, IReadOnlyDictionary<string, DeclaredStatus> States)> Over(IEnumerable<IncidentUpdate> updates)
    {
        var states = new Dictionary<string, DeclaredStatus>(StringComparer.Ordinal);
        foreach (var update in updates.OrderBy(update => update.At))
        {
            if (update.Status == IncidentStatus.Resolved)
            {
                foreach (var id in states.Keys)
                {
                    states[id] = DeclaredStatus.Operational;
                }
            }

            foreach (var declared in update.Components)
            {
                states[declared.Id] = declared.Status;
            }

            yield return (update, new Dictionary<string, DeclaredStatus>(states));
        }
    }

    /// <summary>The components that the updates name, in the order in which they did first, each with what is declared of it now.</summary>
    /// <param name="updates">The updates in the order of posting.</param>
    /// <param name="set">All components.</param>
    public static IReadOnlyList<IncidentComponent> Now(IReadOnlyList<IncidentUpdate> updates, ComponentSet set)
    {
        var states = Over(updates).Last().States;
        return
        [
            .. from id in updates.SelectMany(update => update.Components).Select(declared => declared.Id).Distinct()
               select new IncidentComponent { Id = id, Name = set.Find(id)!.Name, Status = states[id] },
        ];
    }

    /// <summary>The worst that the updates have ever declared: <c>critical</c> when every component that was shown at the posting was out.</summary>
    /// <param name="updates">The updates in the order of posting.</param>
    /// <param name="set">All components.</param>
    public static IncidentImpact Impact(IReadOnlyList<IncidentUpdate> updates, ComponentSet set)
    {
        var worst = updates.SelectMany(update => update.Components).Select(declared => declared.Status).DefaultIfEmpty(DeclaredStatus.Operational).Max();
        return worst switch
        {
            DeclaredStatus.Outage when Over(updates).Any(step => IsTotal(step.Update, step.States)) => IncidentImpact.Critical,
            DeclaredStatus.Outage => IncidentImpact.Major,
            DeclaredStatus.Degraded => IncidentImpact.Minor,
            _ => IncidentImpact.None,
        };

        bool IsTotal(IncidentUpdate update, IReadOnlyDictionary<string, DeclaredStatus> states) =>
            set.All.Where(component => component.CreatedAt <= update.PostedAt && !(component.ArchivedAt <= update.PostedAt)).ToList() is { Count: > 0 } shown
            && shown.TrueForAll(component => states.GetValueOrDefault(component.Id) == DeclaredStatus.Outage);
    }
}
