using System.Text.Json;
using Google.Protobuf.WellKnownTypes;
using Xerotier.Maintenance.V1;

namespace Xerotier.StatusService.Documents.Dashboard;

/// <summary>Writes a project's own windows as the management API does (product.md section 4).</summary>
internal static class DashboardWindowJson
{
    public static void WriteArray(Utf8JsonWriter json, string name, ListProjectWindowsResponse? windows, WindowStatus status)
    {
        json.WriteStartArray(name);
        foreach (var window in windows?.Windows ?? [])
        {
            if (window.Status == status)
            {
                Write(json, window);
            }
        }

        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, Window window)
    {
        json.WriteStartObject();
        json.WriteString("id", window.Id);
        json.WriteString("object", "maintenance_window");
        json.WriteString("project_id", window.ProjectId);
        json.WriteString("title", window.Title);
        json.WriteString("description", window.Description);
        json.WriteString("severity", window.Severity switch { Severity.Warning => "warning", Severity.Critical => "critical", _ => "info" });
        DashboardJson.WriteStrings(json, "affected_services", window.AffectedServices);
        json.WriteString("starts_at", DashboardJson.Time(window.StartsAt));
        json.WriteString("ends_at", DashboardJson.Time(window.EndsAt));
        json.WriteString("status", window.Status switch { WindowStatus.Active => "active", WindowStatus.Completed => "completed", WindowStatus.Cancelled => "cancelled", _ => "scheduled" });
        json.WriteBoolean("auto_transition", window.AutoTransition);
        json.WriteString("created_by", window.CreatedBy);
        WriteTime(json, "created_at", window.CreatedAt);
        WriteTime(json, "updated_at", window.UpdatedAt);
        WriteTime(json, "completed_at", window.CompletedAt);
        WriteTime(json, "cancelled_at", window.CancelledAt);
        json.WriteEndObject();
    }

    private static void WriteTime(Utf8JsonWriter json, string name, Timestamp? time) => json.WriteString(name, time is null ? null : DashboardJson.Time(time));
}
