using System.Text.Json;
using Xerotier.Contracts;
using Xerotier.StatusService.Model;
using Day = Xerotier.StatusService.Model.Day;

using Xerotier.StatusService.Documents.Content;

namespace Xerotier.StatusService.Documents.Page;

/// <summary>The data behind the page as JSON: <c>/status.json</c>.</summary>
internal static class PageJson
{
    private static readonly ContractsJson Json = ContractsJson.With(new PlainJsonEncoder());

    /// <summary>Writes the model; a stale document carries the mark of its loss in place of null.</summary>
    public static byte[] Write(StatusPageModel model, bool stale)
    {
        var bytes = JsonSerializer.SerializeToUtf8Bytes(ToContract(model), Json.StatusDocument);
        return stale ? Mark(bytes) : bytes;
    }

    /// <summary>The first field of that name is the document's own: no text of a window or an incident comes before it.</summary>
    private static byte[] Mark(byte[] bytes)
    {
        var field = "\"stale_since\":"u8;
        var at = bytes.AsSpan().IndexOf(field) + field.Length;
        return [.. bytes.AsSpan(0, at), (byte)'"', .. "@@stale_since@@"u8, (byte)'"', .. bytes.AsSpan(at + "null".Length)];
    }

    private static StatusDocument ToContract(StatusPageModel model) => new()
    {
        GeneratedAt = model.GeneratedAt,
        StaleSince = null,
        Demo = model.IsDemo,
        Overall = new() { Key = ToContract(model.Overall), Label = Wording.Label(model.Overall) },
        Indicators = [.. model.Components.Select(ToContract)],
        Incidents = [.. model.Incidents.Open, .. model.Incidents.Past],
        OpenIncidentsTotal = model.Incidents.OpenTotal,
        Windows = new()
        {
            Unavailable = model.Windows.Unavailable,
            UnavailableSince = model.Windows.UnavailableSince,
            Active = model.Windows.Active,
            ActiveTotal = model.Windows.ActiveTotal,
            Scheduled = model.Windows.Scheduled,
            ScheduledTotal = model.Windows.ScheduledTotal,
            Recent = model.Windows.Recent,
        },
    };

    private static StatusIndicator ToContract(ComponentModel component) => new()
    {
        Id = component.Component.Id,
        Name = component.Name,
        Description = component.Component.Description,
        Group = component.Component.Group,
        Position = component.Component.Position,
        Declared = component.Component.IsUnmeasured,
        Measured = component.Measured?.ToContract(),
        Status = component.Status.ToContract(),
        Reason = component.Reason,
        Since = component.Since,
        UptimePercent = component.UptimePercent,
        Days = [.. component.Days.Select(ToContract)],
    };

    private static StatusDay ToContract(Day day) => new()
    {
        Date = day.Date,
        OperationalSeconds = day.Operational,
        DegradedSeconds = day.Degraded,
        OutageSeconds = day.Outage,
        MaintenanceSeconds = day.Maintenance,
        NoDataSeconds = day.NoData,
        UptimePercent = day.UptimePercent,
        Installation = day.Installation,
    };

    private static OverallKey ToContract(Model.OverallStatus level) => level switch
    {
        Model.OverallStatus.Operational => OverallKey.Operational,
        Model.OverallStatus.Degraded => OverallKey.Degraded,
        Model.OverallStatus.Unknown => OverallKey.Unknown,
        Model.OverallStatus.PartialOutage => OverallKey.PartialOutage,
        Model.OverallStatus.MajorOutage => OverallKey.MajorOutage,
        Model.OverallStatus.Maintenance => OverallKey.Maintenance,
        _ => throw new ArgumentOutOfRangeException(nameof(level)),
    };
}
