namespace Xerotier.OperatorConsole.Incidents;

/// <summary>A text to start from at three in the morning.</summary>
/// <param name="Key">Its word in the address.</param>
/// <param name="Name">What it is for.</param>
/// <param name="Title">The incident's title.</param>
/// <param name="Status">The first update's status.</param>
/// <param name="Body">The first update's text.</param>
internal sealed record IncidentTemplate(string Key, string Name, string Title, IncidentStatus Status, string Body)
{
    /// <summary>The five texts.</summary>
    public static IReadOnlyList<IncidentTemplate> All { get; } =
    [
        new("errors", "Elevated errors", "Elevated error rates", IncidentStatus.Investigating, "Some requests have been failing for a few minutes. We are looking for the cause and will write again within 30 minutes."),
        new("slow", "Slow responses", "Slow responses", IncidentStatus.Investigating, "Responses take longer than usual. No requests are lost. We are looking for the cause and will write again within 30 minutes."),
        new("capacity", "Shared agents short", "Reduced capacity of shared agents", IncidentStatus.Identified, "A part of the shared agents is not available. Requests may wait longer or be refused. We are bringing the agents back."),
        new("upstream", "A provider's fault", "A fault of an infrastructure provider", IncidentStatus.Identified, "A provider that we depend on has a fault. We are following its progress and moving traffic away where we can."),
        new("fixed", "Fix in place", "Recovery under way", IncidentStatus.Monitoring, "A fix is in place and services are recovering. We will keep watching before we call it resolved."),
    ];

    /// <summary>The text of this key; null: none.</summary>
    public static IncidentTemplate? Find(string? key) => All.FirstOrDefault(template => template.Key == key);
}
