using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Http;

namespace Xerotier.MaintenanceService.Windows;

/// <summary>Reads what clients send of a window, and reports everything that is wrong at once.</summary>
internal static class WindowInput
{
    public const string EndsBeforeStart = "'ends_at' must be after 'starts_at'.";

    private static readonly HashSet<string> ReadOnly =
        [.. ContractsJson.Wire.MaintenanceWindow.Properties.Select(p => p.Name).Except(ContractsJson.Wire.MaintenanceWindowUpdate.Properties.Select(p => p.Name))];

    /// <summary>The fields of a new window; null is absence, and what is required is there.</summary>
    /// <exception cref="ApiException">400 with every invalid field.</exception>
    public static MaintenanceWindowUpdate ForCreate(byte[] body) => Read(JsonFields.Parse(body), creating: true);

    /// <summary>The fields that a PATCH names; null is an error.</summary>
    /// <exception cref="ApiException">400 with every invalid field.</exception>
    public static MaintenanceWindowUpdate ForUpdate(byte[] body) => Read(JsonFields.Parse(body, refusesNull: true), creating: false);

    /// <summary>The field <c>reminders</c>, each length once; null where it is missing or wrong.</summary>
    public static List<string>? Reminders(JsonFields json)
    {
        const string name = "reminders";
        if (json.Texts(name, int.MaxValue, 1, 100) is not { } texts)
        {
            return null;
        }

        if (texts.Any(text => ReminderOffsets.Parse(text) is null))
        {
            json.Invalid(name, "must be times before the start from a minute to 30 days, such as -24h: -<n>m, -<n>h or -<n>d.");
            return null;
        }

        var reminders = texts.DistinctBy(ReminderOffsets.Parse).ToList();
        if (reminders.Count > ReminderOffsets.Most)
        {
            json.Invalid(name, $"must have at most {ReminderOffsets.Most} items, not {reminders.Count}.");
            return null;
        }

        return reminders;
    }

    private static MaintenanceWindowUpdate Read(JsonFields json, bool creating)
    {
        var fields = new MaintenanceWindowUpdate
        {
            Title = json.Text("title", 1, 200, lines: true),
            Description = json.Text("description", 0, 2000, lines: true),
            Severity = json.OneOf("severity", WireNames.Severity, "info, warning or critical"),
            AffectedServices = json.Texts("affected_services", 50, 1, 100, lines: true),
            StartsAt = json.Time("starts_at"),
            EndsAt = json.Time("ends_at"),
            Status = json.OneOf("status", WireNames.Status, "scheduled, active, completed or cancelled"),
            AutoTransition = json.Flag("auto_transition"),
            Reminders = Reminders(json),
            Notify = json.Flag("notify"),
        };
        if (creating)
        {
            json.Require("title", "description", "starts_at", "ends_at");
        }

        if (fields.EndsAt <= fields.StartsAt)
        {
            json.Error("ends_at", EndsBeforeStart);
        }

        json.ThrowIfInvalid(name => ReadOnly.Contains(name)
            ? $"'{name}' is set by the service and cannot be sent."
            : $"'{name}' is not a field of a maintenance window.");
        return fields;
    }
}
