using Xerotier.Contracts;

namespace Xerotier.Gateway.Description;

/// <summary>A message that a subscription's target gets (notifications.md, section 21), as <c>openapi.json</c> tells it.</summary>
/// <param name="Type">The event's type.</param>
/// <param name="When">When it comes.</param>
/// <param name="Data">What its <c>data</c> is.</param>
/// <param name="Shape">The shape of that; null: the example has all of its fields.</param>
/// <param name="Example">JSON: fields of the example beyond the shape's.</param>
internal sealed record Webhook(string Type, string When, string Data, Type? Shape, string Example = "{}")
{
    private const string AnIncident = "The incident with its updates (Incident). Of a very long one the newest updates that fit 64 KiB, and `updates_truncated`.";
    private const string AWindow = "The window (MaintenanceWindow).";
    private const string AWindowOrSeries = "The window (MaintenanceWindow), or the series (MaintenanceSeries).";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Webhook> All { get; } =
    [
        new("incident.created", "An incident is posted.", AnIncident, typeof(Incident)),
        new("incident.updated", "An incident has news.", AnIncident, typeof(Incident)),
        new("incident.resolved", "An incident is resolved.", AnIncident, typeof(Incident)),
        new("incident.postmortem", "A postmortem is posted.", AnIncident, typeof(Incident)),
        new("maintenance.scheduled", "Maintenance is planned.", AWindowOrSeries, typeof(MaintenanceWindow)),
        new("maintenance.rescheduled", "Maintenance is planned for other times.", AWindowOrSeries, typeof(MaintenanceWindow)),
        new("maintenance.reminder", "Maintenance comes soon.", "The window (MaintenanceWindow), with the reminder's offset, and whether it comes late.", typeof(MaintenanceWindow), """{"reminder": "-24h", "late": false}"""),
        new("maintenance.started", "Maintenance has begun.", AWindow, typeof(MaintenanceWindow)),
        new("maintenance.overrunning", "Maintenance goes on after its planned end.", AWindow, typeof(MaintenanceWindow)),
        new("maintenance.completed", "Maintenance is completed.", AWindow, typeof(MaintenanceWindow)),
        new("maintenance.cancelled", "Maintenance is cancelled.", AWindowOrSeries, typeof(MaintenanceWindow)),
        new(
            "component.status_changed",
            "A component has been shown otherwise for a minute; only to who asks for it.",
            "The component, what is shown of it now and before, and since when.",
            null,
            """{"id": "cmp_inference_routing", "object": "component", "name": "Inference Routing", "status": "degraded", "previous_status": "operational", "since": "2026-05-22T14:40:07Z"}"""),
        new("subscription.test", "Somebody asked for a test.", "The subscription's ID.", null, """{"id": "sub_7k3q0c1v2b3n4m5x6z7a", "object": "subscription"}"""),
    ];
}
