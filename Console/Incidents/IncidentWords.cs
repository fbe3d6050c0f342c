namespace Xerotier.OperatorConsole.Incidents;

/// <summary>Incidents in words and colours.</summary>
internal static class IncidentWords
{
    /// <summary>The choices of an update's status.</summary>
    public static readonly IReadOnlyList<(string Value, string Text)> Statuses =
        [("investigating", "Investigating"), ("identified", "Identified"), ("monitoring", "Monitoring"), ("resolved", "Resolved")];

    /// <summary>The choices of an impact.</summary>
    public static readonly IReadOnlyList<(string Value, string Text)> Impacts = [("", "As the components say"), ("none", "None"), ("minor", "Minor"), ("major", "Major"), ("critical", "Critical")];

    /// <summary>What an update may say of a component.</summary>
    public static readonly IReadOnlyList<(string Value, string Text)> Declared = [("", "Not named"), ("operational", "Operational"), ("degraded", "Degraded"), ("outage", "Down")];

    /// <summary>The colour of a status.</summary>
    public static string Kind(IncidentStatus status) => status switch
    {
        IncidentStatus.Resolved or IncidentStatus.Postmortem => "operational",
        IncidentStatus.Monitoring => "maintenance",
        _ => "outage",
    };

    /// <summary>The class with the colour of what the whole page would say.</summary>
    public static string Kind(string outlook) => outlook switch
    {
        "Under Maintenance" => "maintenance",
        "Major Outage" => "major_outage",
        "Partial Outage" => "partial_outage",
        "Degraded Performance" => "degraded",
        "All Systems Operational" => "operational",
        _ => "unknown",
    };

    /// <summary>The colour of an impact.</summary>
    public static string? Kind(IncidentImpact impact) => impact switch
    {
        IncidentImpact.Critical => "major_outage",
        IncidentImpact.Major => "partial_outage",
        IncidentImpact.Minor => "degraded",
        _ => null,
    };

    /// <summary>
    /// What the whole page would say with what the update declares: the rule of product.md, section 3, over the worse of what is shown and what
    /// is declared. A component that is named is shown (incidents.md, section 10), with what is declared alone where nothing is measured.
    /// </summary>
    public static string Outlook(StatusDocument page, IReadOnlyDictionary<string, string> declared)
    {
        if (page.Overall.Key == OverallKey.Maintenance)
        {
            return page.Overall.Label;
        }

        var statuses = page.Indicators.Select(indicator => Worse(indicator.Status, declared.GetValueOrDefault(indicator.Id)))
            .Concat(declared.Where(named => page.Indicators.All(indicator => indicator.Id != named.Key)).Select(named => Said(named.Value))).ToList();
        return statuses.Count > 0 && statuses.All(status => status == ServiceStatus.Outage) ? "Major Outage"
            : statuses.Contains(ServiceStatus.Outage) ? "Partial Outage"
            : statuses.Contains(ServiceStatus.Unknown) ? "Status Unknown"
            : statuses.Contains(ServiceStatus.Degraded) ? "Degraded Performance"
            : "All Systems Operational";
    }

    /// <summary>What the whole page would say with one more update of an incident; null: it cannot be said, because more incidents are open than the page names.</summary>
    /// <param name="page">The page as it is.</param>
    /// <param name="incident">The incident, of which nothing counts any more but what <paramref name="updates"/> say.</param>
    /// <param name="updates">All its updates, in the order of posting.</param>
    public static string? Outlook(StatusDocument page, string incident, IReadOnlyList<IncidentUpdate> updates)
    {
        var open = page.Incidents.Where(one => one.ResolvedAt is null).ToList();
        if (open.Count < page.OpenIncidentsTotal)
        {
            return null;
        }

        var others = open.Where(one => one.Id != incident).SelectMany(one => one.Components).ToLookup(component => component.Id, component => Word(component.Status));
        var shown = page.Indicators.Where(indicator => indicator.Declared || indicator.Measured is not null || others.Contains(indicator.Id)); // else it is there because this incident names it
        var without = page with { Indicators = [.. shown.Select(indicator => indicator with { Status = others[indicator.Id].Aggregate(indicator.Measured ?? ServiceStatus.Operational, Worse) })] };
        var isOver = updates[^1].Status is IncidentStatus.Resolved or IncidentStatus.Postmortem; // names nothing any more
        return Outlook(without, isOver ? new Dictionary<string, string>() : Words(IncidentTimeline.Over(updates).Last().States));
    }

    /// <summary>What an incident's impact becomes with its first update: set by hand, or as the components say (incidents.md, section 11).</summary>
    /// <param name="components">All components.</param>
    /// <param name="declared">What the update says of some of them.</param>
    /// <param name="byHand">The impact that is set by hand; empty: none.</param>
    public static IncidentImpact Impact(IReadOnlyList<Component> components, IReadOnlyDictionary<string, string> declared, string byHand)
    {
        var live = components.Where(component => component.ArchivedAt is null).ToList();
        return WireNames.Impact(byHand) is { } set ? set
            : live.Count > 0 && live.TrueForAll(component => declared.GetValueOrDefault(component.Id) == "outage") ? IncidentImpact.Critical
            : declared.Values.Contains("outage") ? IncidentImpact.Major
            : declared.Values.Contains("degraded") ? IncidentImpact.Minor
            : IncidentImpact.None;
    }

    /// <summary>What an incident's impact becomes with one more update: set by hand, or the worst that was ever declared.</summary>
    /// <param name="components">All components.</param>
    /// <param name="incident">The incident as it is.</param>
    /// <param name="updates">All its updates, in the order of posting.</param>
    public static IncidentImpact Impact(IReadOnlyList<Component> components, Incident incident, IReadOnlyList<IncidentUpdate> updates) => incident.ImpactOverride
        ?? IncidentTimeline.Over(updates).Select(step => Impact(components, Words(step.States), "")).Append(incident.Impact).Max();

    private static Dictionary<string, string> Words(IReadOnlyDictionary<string, DeclaredStatus> states) => states.ToDictionary(state => state.Key, state => Word(state.Value));

    private static string Word(DeclaredStatus status) => status.ToString().ToLowerInvariant();

    private static ServiceStatus Worse(ServiceStatus shown, string? declared) => Rank(Said(declared)) > Rank(shown) ? Said(declared) : shown;

    private static ServiceStatus Said(string? declared) => declared switch { "outage" => ServiceStatus.Outage, "degraded" => ServiceStatus.Degraded, _ => ServiceStatus.Operational };

    private static int Rank(ServiceStatus status) => status switch { ServiceStatus.Outage => 3, ServiceStatus.Unknown => 2, ServiceStatus.Degraded => 1, _ => 0 };
}
