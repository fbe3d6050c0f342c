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

    /// <summary>What the whole page would say with what the update declares: the rule of product.md, section 3, over the worse of what is shown and what is declared.</summary>
    public static string Outlook(StatusDocument page, IReadOnlyDictionary<string, string> declared)
    {
        if (page.Overall.Key == OverallKey.Maintenance)
        {
            return page.Overall.Label;
        }

        var statuses = page.Indicators.Select(indicator => Worse(indicator.Status, declared.GetValueOrDefault(indicator.Id))).ToList();
        return statuses.Count > 0 && statuses.All(status => status == ServiceStatus.Outage) ? "Major Outage"
            : statuses.Contains(ServiceStatus.Outage) ? "Partial Outage"
            : statuses.Contains(ServiceStatus.Unknown) ? "Status Unknown"
            : statuses.Contains(ServiceStatus.Degraded) ? "Degraded Performance"
            : "All Systems Operational";
    }

    private static ServiceStatus Worse(ServiceStatus shown, string? declared)
    {
        var said = declared switch { "outage" => ServiceStatus.Outage, "degraded" => ServiceStatus.Degraded, _ => ServiceStatus.Operational };
        return Rank(said) > Rank(shown) ? said : shown;
    }

    private static int Rank(ServiceStatus status) => status switch { ServiceStatus.Outage => 3, ServiceStatus.Unknown => 2, ServiceStatus.Degraded => 1, _ => 0 };
}
