using Xerotier.StatusService.History;

namespace Xerotier.StatusService.Documents.Page;

/// <summary>A month of the history in detail.</summary>
/// <param name="Month">The first day of the month.</param>
/// <param name="CurrentMonth">The month of today: no link leads further on.</param>
/// <param name="Began">The first day ever recorded: no link leads to a month before it. Null: nothing was ever recorded.</param>
/// <param name="GeneratedAt">The instant at which all figures hold.</param>
/// <param name="Components">In page order.</param>
/// <param name="Windows">Windows of all projects that touched the month, by start.</param>
/// <param name="Incidents">Published incidents that touched the month, newest start first.</param>
/// <param name="NoticesKnown">False when the windows or the incidents could not be read.</param>
/// <param name="WindowsGoOn">There are more windows than these.</param>
public sealed record HistoryPageModel(
    DateOnly Month,
    DateOnly CurrentMonth,
    DateOnly? Began,
    DateTimeOffset GeneratedAt,
    IReadOnlyList<ComponentMonth> Components,
    IReadOnlyList<PageWindow> Windows,
    IReadOnlyList<PageIncident> Incidents,
    bool NoticesKnown,
    bool WindowsGoOn = false)
{
    /// <summary>It begins with the example history of a demo, and says so.</summary>
    public bool IsDemo { get; init; }
}

/// <summary>An incident's own page.</summary>
/// <param name="Incident">The incident with all of its updates.</param>
/// <param name="IsDemo">It is a demo's, and says so.</param>
public sealed record IncidentPageModel(PageIncident Incident, bool IsDemo = false);
