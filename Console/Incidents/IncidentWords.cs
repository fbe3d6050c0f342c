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

    /// <summary>What an incident's impact becomes with its first update: set by hand, or as the components say (incidents.md, section 11).</summary>
    /// <param name="components">All components.</param>
    /// <param name="declared">What the update says of some of them.</param>
    /// <param name="byHand">The impact that is set by hand; empty: none.</param>
    public static string Impact(IReadOnlyList<Component> components, IReadOnlyDictionary<string, string> declared, string byHand)
    {
        var live = components.Where(component => component.ArchivedAt is null).ToList();
        var impact = byHand.Length > 0 ? byHand
            : live.Count > 0 && live.TrueForAll(component => declared.GetValueOrDefault(component.Id) == "outage") ? "critical"
            : declared.Values.Contains("outage") ? "major"
            : declared.Values.Contains("degraded") ? "minor"
            : "none";
        return Impacts.FirstOrDefault(choice => choice.Value == impact).Text ?? byHand;
    }

    private static ServiceStatus Worse(ServiceStatus shown, string? declared) => Rank(Said(declared)) > Rank(shown) ? Said(declared) : shown;

    private static ServiceStatus Said(string? declared) => declared switch { "outage" => ServiceStatus.Outage, "degraded" => ServiceStatus.Degraded, _ => ServiceStatus.Operational };

    private static int Rank(ServiceStatus status) => status switch { ServiceStatus.Outage => 3, ServiceStatus.Unknown => 2, ServiceStatus.Degraded => 1, _ => 0 };
}
