namespace Xerotier.MaintenanceService.Components;

/// <summary>All components as of one instant, and how many incidents are open: what the rules judge by, beside the record itself.</summary>
/// <param name="all">All components, the archived ones too.</param>
/// <param name="openIncidents">How many published incidents are not resolved.</param>
internal sealed class ComponentSet(IEnumerable<StoredComponent> all, long openIncidents = 0)
{
    /// <summary>How many published incidents are not resolved.</summary>
    public long OpenIncidents => openIncidents;

    /// <summary>All of them in the page's order: position, then name.</summary>
    public IReadOnlyList<StoredComponent> All { get; } =
        [.. all.OrderBy(c => c.Position).ThenBy(c => c.NameKey, StringComparer.Ordinal).ThenBy(c => c.Id, StringComparer.Ordinal)];

    /// <summary>Those that are not archived, which the page shows.</summary>
    public IEnumerable<StoredComponent> Live => All.Where(component => component.ArchivedAt is null);

    /// <summary>Every change adds one: a write that was judged by this set is void when the sum is another.</summary>
    public long Versions => All.Sum(component => component.Version);

    /// <summary>The component of this id; null: none.</summary>
    public StoredComponent? Find(string id) => All.FirstOrDefault(component => component.Id == id);
}
