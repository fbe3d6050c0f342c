using Xerotier.MaintenanceService.Components;

namespace Xerotier.MaintenanceService.Incidents;

/// <summary>What follows for an incident from what its updates declare of components (<see cref="IncidentTimeline"/>).</summary>
internal static class Declarations
{
    /// <summary>The components that the updates name, in the order in which they did first, each with what is declared of it now.</summary>
    /// <param name="updates">The updates in the order of posting.</param>
    /// <param name="set">All components.</param>
    public static IReadOnlyList<IncidentComponent> Now(IReadOnlyList<IncidentUpdate> updates, ComponentSet set)
    {
        var states = IncidentTimeline.Over(updates).Last().States;
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
            DeclaredStatus.Outage when IncidentTimeline.Over(updates).Any(step => IsTotal(step.Update, step.States)) => IncidentImpact.Critical,
            DeclaredStatus.Outage => IncidentImpact.Major,
            DeclaredStatus.Degraded => IncidentImpact.Minor,
            _ => IncidentImpact.None,
        };

        bool IsTotal(IncidentUpdate update, IReadOnlyDictionary<string, DeclaredStatus> states) =>
            set.All.Where(component => component.CreatedAt <= update.PostedAt && !(component.ArchivedAt <= update.PostedAt)).ToList() is { Count: > 0 } shown
            && shown.TrueForAll(component => states.GetValueOrDefault(component.Id) == DeclaredStatus.Outage);
    }
}
