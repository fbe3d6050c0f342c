using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Npgsql;
using Xerotier.ServiceDefaults;

namespace Xerotier.MaintenanceService.Model;

/// <summary>How a window is read from its table, and the JSON form of a row: what writes send, and what the change log holds.</summary>
internal static class WindowTable
{
    private static readonly JsonTypeInfo<StoredWindow> Json = ContractsJson.FromAnyVersion(
        new JsonSerializerOptions(WindowRowJson.Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }, WindowRowJson.Default.StoredWindow);

    /// <summary>The columns that this version of the service knows: the names of the JSON form.</summary>
    public static string Columns { get; } = string.Join(", ", Names());

    /// <summary>The same without the long texts.</summary>
    public static string ColumnsWithoutTexts { get; } = string.Join(", ", Names().Select(name => name is "title" or "description" ? $"'' as {name}" : name));

    /// <summary>The row as JSON, for <c>jsonb_populate_record(null::windows, …)</c>.</summary>
    public static string ToJson(StoredWindow window) => JsonSerializer.Serialize(window, Json);

    /// <summary>The window of a row with <see cref="Columns"/>.</summary>
    public static StoredWindow Read(NpgsqlDataReader row)
    {
        return new()
        {
            ProjectId = Get<string>("project_id"),
            Id = Get<string>("id"),
            Platform = Get<bool>("platform"),
            Title = Get<string>("title"),
            Description = Get<string>("description"),
            Severity = WireNames.Severity(Get<string>("severity"))!.Value,
            AffectedServices = Get<string[]>("affected_services"),
            StartsAt = Get<DateTimeOffset>("starts_at"),
            EndsAt = Get<DateTimeOffset>("ends_at"),
            Status = WireNames.Status(Get<string>("status"))!.Value,
            AutoTransition = Get<bool>("auto_transition"),
            Reminders = Get<string[]>("reminders"),
            Notify = Get<bool>("notify"),
            SeriesId = row.TextOrNull("series_id"),
            Occurrence = Get<DateOnly?>("occurrence"),
            Detached = Get<bool>("detached"),
            Version = Get<long>("version"),
            CreatedBy = Get<string>("created_by"),
            CreatedAt = Get<DateTimeOffset>("created_at"),
            UpdatedAt = Get<DateTimeOffset>("updated_at"),
            ActivatedAt = Get<DateTimeOffset?>("activated_at"),
            CompletedAt = Get<DateTimeOffset?>("completed_at"),
            CancelledAt = Get<DateTimeOffset?>("cancelled_at"),
        };

        T Get<T>(string column) => row.GetFieldValue<T>(row.GetOrdinal(column));
    }

    /// <summary>The window of a row in its JSON form (PostgreSQL's <c>to_jsonb</c>); columns added since have their defaults. Null when there is none.</summary>
    public static StoredWindow? ReadJson(NpgsqlDataReader row, string column) =>
        row.GetOrdinal(column) is var ordinal && row.IsDBNull(ordinal) ? null : JsonSerializer.Deserialize(row.GetFieldValue<byte[]>(ordinal), Json);

    private static IEnumerable<string> Names() => Json.Properties.Where(p => p.Get is not null && p.Name is not ("object" or "warnings")).Select(p => p.Name);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(StoredWindow))]
internal sealed partial class WindowRowJson : JsonSerializerContext;
