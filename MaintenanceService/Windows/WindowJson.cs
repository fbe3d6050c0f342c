using System.Text.Encodings.Web;
using System.Text.Json;
using Xerotier.MaintenanceService.Changes;
using Xerotier.ServiceDefaults.Http;

namespace Xerotier.MaintenanceService.Windows;

/// <summary>Windows, lists and events as the API shows them.</summary>
internal static class WindowJson
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The bytes that <paramref name="write"/> writes.</summary>
    public static byte[] Bytes(Action<Utf8JsonWriter> write)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, Options))
        {
            write(writer);
        }

        return buffer.ToArray();
    }

    public static void Write(Utf8JsonWriter json, MaintenanceWindow window)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, window.Id);
        json.WriteString("object"u8, "maintenance_window"u8);
        json.WriteString("project_id"u8, window.ProjectId);
        json.WriteString("title"u8, window.Title);
        json.WriteString("description"u8, window.Description);
        json.WriteString("severity"u8, window.Severity.Wire());
        json.WriteStartArray("affected_services"u8);
        foreach (var service in window.AffectedServices)
        {
            json.WriteStringValue(service);
        }

        json.WriteEndArray();
        json.WriteString("starts_at"u8, Timestamps.Format(window.StartsAt));
        json.WriteString("ends_at"u8, Timestamps.Format(window.EndsAt));
        json.WriteString("status"u8, window.Status.Wire());
        json.WriteBoolean("auto_transition"u8, window.AutoTransition);
        json.WriteString("created_by"u8, window.CreatedBy);
        json.WriteString("created_at"u8, Timestamps.Format(window.CreatedAt));
        json.WriteString("updated_at"u8, Timestamps.Format(window.UpdatedAt));
        json.WriteString("completed_at"u8, window.CompletedAt is { } completed ? Timestamps.Format(completed) : null);
        json.WriteString("cancelled_at"u8, window.CancelledAt is { } cancelled ? Timestamps.Format(cancelled) : null);
        json.WriteEndObject();
    }

    /// <summary>The response to a purge.</summary>
    public static void WriteDeleted(Utf8JsonWriter json, string id)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, id);
        json.WriteString("object"u8, "maintenance_window.deleted"u8);
        json.WriteBoolean("deleted"u8, true);
        json.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter json, WindowEvent change)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, change.Id);
        json.WriteString("object"u8, "maintenance_window.event"u8);
        json.WriteString("window_id"u8, change.WindowId);
        json.WriteString("action"u8, change.Action);
        json.WriteString("actor"u8, change.Actor);
        json.WriteString("actor_key_id"u8, change.ActorKeyId);
        json.WriteString("occurred_at"u8, Timestamps.Format(change.OccurredAt));
        json.WriteStartArray("changed_fields"u8);
        foreach (var field in change.ChangedFields)
        {
            json.WriteStringValue(field);
        }

        json.WriteEndArray();
        WriteOrNull(json, "before", change.Before);
        WriteOrNull(json, "after", change.After);
        json.WriteEndObject();
    }

    /// <summary>One page of a list; <paramref name="hasMore"/> says whether another follows.</summary>
    public static void WriteList<T>(Utf8JsonWriter json, IReadOnlyList<T> items, bool hasMore, Func<T, string> id, Action<Utf8JsonWriter, T> write)
    {
        json.WriteStartObject();
        json.WriteString("object"u8, "list"u8);
        json.WriteStartArray("data"u8);
        foreach (var item in items)
        {
            write(json, item);
        }

        json.WriteEndArray();
        json.WriteString("first_id"u8, items.Count > 0 ? id(items[0]) : null);
        json.WriteString("last_id"u8, items.Count > 0 ? id(items[^1]) : null);
        json.WriteBoolean("has_more"u8, hasMore);
        json.WriteEndObject();
    }

    private static void WriteOrNull(Utf8JsonWriter json, string name, MaintenanceWindow? window)
    {
        json.WritePropertyName(name);
        if (window is null)
        {
            json.WriteNullValue();
        }
        else
        {
            Write(json, window);
        }
    }
}
