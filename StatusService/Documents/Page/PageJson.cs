using System.Buffers;
using System.Text.Json;
using Xerotier.StatusService.Model;

namespace Xerotier.StatusService.Documents.Page;

/// <summary>The data behind the page as JSON: <c>/status.json</c>.</summary>
internal static class PageJson
{
    private static readonly JsonWriterOptions Options = new() { Encoder = new PlainJsonEncoder() };

    /// <summary>Writes the model; a stale document carries the mark of its loss in place of null.</summary>
    public static byte[] Write(StatusPageModel model, bool stale)
    {
        var bytes = new ArrayBufferWriter<byte>(16 * 1024);
        using (var json = new Utf8JsonWriter(bytes, Options))
        {
            json.WriteStartObject();
            json.WriteString("object", "status");
            json.WriteString("generated_at", Wording.Instant(model.GeneratedAt));
            json.WritePropertyName("stale_since");
            if (stale) json.WriteRawValue($"\"{PageAssets.StaleSinceMark}\"");
            else json.WriteNullValue();
            json.WriteStartObject("overall");
            json.WriteString("key", Wording.Key(model.Overall));
            json.WriteString("label", Wording.Label(model.Overall));
            json.WriteEndObject();
            json.WriteStartArray("indicators");
            foreach (var component in model.Components) Write(json, component);
            json.WriteEndArray();
            Write(json, model.Windows);
            json.WriteEndObject();
        }

        return bytes.WrittenSpan.ToArray();
    }

    private static void Write(Utf8JsonWriter json, ComponentModel component)
    {
        json.WriteStartObject();
        json.WriteString("name", component.Name);
        json.WriteString("status", Wording.Key(component.Status));
        json.WriteString("reason", component.Reason);
        Write(json, "since", component.Since);
        Write(json, "uptime_percent", component.UptimePercent);
        json.WriteStartArray("days");
        foreach (var day in component.Days)
        {
            json.WriteStartObject();
            json.WriteString("date", day.Date.ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture));
            json.WriteNumber("operational_seconds", day.Operational);
            json.WriteNumber("degraded_seconds", day.Degraded);
            json.WriteNumber("outage_seconds", day.Outage);
            json.WriteNumber("maintenance_seconds", day.Maintenance);
            json.WriteNumber("no_data_seconds", day.NoData);
            Write(json, "uptime_percent", day.UptimePercent);
            json.WriteString("installation", day.Installation switch
            {
                InstallationDay.Before => "before",
                InstallationDay.On => "on",
                _ => "after",
            });
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, WindowsModel windows)
    {
        json.WriteStartObject("windows");
        json.WriteBoolean("unavailable", windows.Unavailable);
        Write(json, "unavailable_since", windows.UnavailableSince);
        Write(json, "active", windows.Active);
        json.WriteNumber("active_total", windows.ActiveTotal);
        Write(json, "scheduled", windows.Scheduled);
        json.WriteNumber("scheduled_total", windows.ScheduledTotal);
        Write(json, "recent", windows.Recent);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, IReadOnlyList<MaintenanceWindow> windows)
    {
        json.WriteStartArray(name);
        foreach (var window in windows)
        {
            json.WriteStartObject();
            json.WriteString("id", window.Id);
            json.WriteString("title", window.Title);
            json.WriteString("description", window.Description);
            json.WriteString("severity", window.Severity);
            json.WriteStartArray("affected_services");
            foreach (var service in window.AffectedServices) json.WriteStringValue(service);
            json.WriteEndArray();
            json.WriteString("starts_at", Wording.Instant(window.StartsAt));
            json.WriteString("ends_at", Wording.Instant(window.EndsAt));
            json.WriteString("status", window.Status);
            Write(json, "completed_at", window.CompletedAt);
            Write(json, "cancelled_at", window.CancelledAt);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, string name, DateTimeOffset? time)
    {
        if (time is { } known) json.WriteString(name, Wording.Instant(known));
        else json.WriteNull(name);
    }

    private static void Write(Utf8JsonWriter json, string name, decimal? percent)
    {
        if (percent is { } known) json.WriteNumber(name, known);
        else json.WriteNull(name);
    }
}
