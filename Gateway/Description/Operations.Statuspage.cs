using Xerotier.Contracts;

namespace Xerotier.Gateway.Description;

/// <summary>The operations of <c>/api/v2</c>.</summary>
internal static partial class Operations
{
    private const string AlwaysThere = "Needs no key, may be read by pages of every origin, and comes from the Gateway's memory; page.xerotier_stale_since says since when it has been out of date.";

    public static readonly Operation StatuspageSummary = Of<StatuspageSummary>(
        "statuspageSummary", "Get the summary", "The overall status, the components, the unresolved incidents, and the maintenance that is scheduled or in progress.");

    public static readonly Operation StatuspageStatus = Of<StatuspageStatusDocument>("statuspageStatus", "Get the overall status", "One word and one sentence. Maintenance masks nothing that is wrong.");

    public static readonly Operation StatuspageComponents = Of<StatuspageComponents>("statuspageComponents", "Get the components", "The lines of the page, each group before its components.");

    public static readonly Operation StatuspageIncidents = Of<StatuspageIncidents>("statuspageIncidents", "Get the incidents", "The 50 newest, resolved or not.");

    public static readonly Operation StatuspageUnresolved = Of<StatuspageIncidents>("statuspageUnresolvedIncidents", "Get the unresolved incidents", "Those that are investigated, identified or monitored.");

    public static readonly Operation StatuspageMaintenances = Of<StatuspageMaintenances>("statuspageMaintenances", "Get the maintenance", "The maintenance that the page shows, without what was cancelled. Maintenance is never among the incidents.");

    public static readonly Operation StatuspageUpcoming = Of<StatuspageMaintenances>("statuspageUpcomingMaintenances", "Get the upcoming maintenance", "What is scheduled.");

    public static readonly Operation StatuspageActive = Of<StatuspageMaintenances>("statuspageActiveMaintenances", "Get the active maintenance", "What is in progress.");

    private static Operation Of<T>(string id, string summary, string details) => new(id, Tags.Statuspage, summary, $"{details} {AlwaysThere}")
    {
        Parameters = [Parameters.IfNoneMatch],
        Responses = [new(200, "The data.", Body.Json<T>(), EdgeHeaders), new(304, Unmodified)],
    };
}
