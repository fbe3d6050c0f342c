namespace Xerotier.NotificationService.Model;

/// <summary>The types of events (notifications.md section 20).</summary>
internal static class EventTypes
{
    public const string IncidentCreated = "incident.created";
    public const string IncidentUpdated = "incident.updated";
    public const string IncidentResolved = "incident.resolved";
    public const string IncidentPostmortem = "incident.postmortem";
    public const string MaintenanceScheduled = "maintenance.scheduled";
    public const string MaintenanceRescheduled = "maintenance.rescheduled";
    public const string MaintenanceReminder = "maintenance.reminder";
    public const string MaintenanceStarted = "maintenance.started";
    public const string MaintenanceOverrunning = "maintenance.overrunning";
    public const string MaintenanceCompleted = "maintenance.completed";
    public const string MaintenanceCancelled = "maintenance.cancelled";
    public const string StatusChanged = "component.status_changed";

    /// <summary>Of a test that somebody asked for; nobody subscribes to it.</summary>
    public const string Test = "subscription.test";

    /// <summary>Of an address that somebody has entered: its owner is asked to confirm it. Nobody subscribes to it.</summary>
    public const string Confirm = "subscription.confirm";

    /// <summary>What a subscription is told of that names no types.</summary>
    public static readonly string[] Default =
    [
        IncidentCreated, IncidentUpdated, IncidentResolved, IncidentPostmortem,
        MaintenanceScheduled, MaintenanceRescheduled, MaintenanceReminder, MaintenanceStarted, MaintenanceOverrunning, MaintenanceCompleted, MaintenanceCancelled,
    ];

    /// <summary>What a subscription can be told of.</summary>
    public static readonly string[] All = [.. Default, StatusChanged];

    /// <summary>Whether events of this type are of windows, which every project has; only the platform's own projects cause the others.</summary>
    public static bool IsOfMaintenance(string type) => type.StartsWith("maintenance.", StringComparison.Ordinal);
}
