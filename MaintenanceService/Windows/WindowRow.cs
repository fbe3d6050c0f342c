using System.Text.Json;
using System.Text.Json.Serialization;
using Npgsql;

namespace Xerotier.MaintenanceService;

/// <summary>How a window is read from the database.</summary>
internal static class WindowRow
{
    /// <summary>The columns, in the order of <see cref="Read"/>.</summary>
    public const string Columns = Owner + ", title, description, " + Rest;

    /// <summary>The same without the texts, for those who only ask when and what.</summary>
    public const string ColumnsWithoutTexts = Owner + ", '', '', " + Rest;

    private const string Owner = "project_id, id, platform";

    private const string Rest = """
        severity, affected_services, starts_at, ends_at, status, auto_transition,
        version, created_by, created_at, updated_at, completed_at, cancelled_at
        """;

    /// <summary>The window whose columns start at <paramref name="first"/>.</summary>
    public static MaintenanceWindow Read(NpgsqlDataReader row, int first = 0) => new()
    {
        ProjectId = row.GetString(first),
        Id = row.GetString(first + 1),
        Platform = row.GetBoolean(first + 2),
        Title = row.GetString(first + 3),
        Description = row.GetString(first + 4),
        Severity = WireNames.Severity(row.GetString(first + 5))!.Value,
        AffectedServices = row.GetFieldValue<string[]>(first + 6),
        StartsAt = row.GetFieldValue<DateTimeOffset>(first + 7),
        EndsAt = row.GetFieldValue<DateTimeOffset>(first + 8),
        Status = WireNames.Status(row.GetString(first + 9))!.Value,
        AutoTransition = row.GetBoolean(first + 10),
        Version = row.GetInt64(first + 11),
        CreatedBy = row.GetString(first + 12),
        CreatedAt = row.GetFieldValue<DateTimeOffset>(first + 13),
        UpdatedAt = row.GetFieldValue<DateTimeOffset>(first + 14),
        CompletedAt = row.IsDBNull(first + 15) ? null : row.GetFieldValue<DateTimeOffset>(first + 15),
        CancelledAt = row.IsDBNull(first + 16) ? null : row.GetFieldValue<DateTimeOffset>(first + 16),
    };

    /// <summary>All rows of a statement, each read by <paramref name="read"/>.</summary>
    public static async Task<List<T>> ReadAllAsync<T>(this NpgsqlCommand command, Func<NpgsqlDataReader, T> read, CancellationToken cancellation)
    {
        var rows = new List<T>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            rows.Add(read(reader));
        }

        return rows;
    }
}

/// <summary>Reads the audit table's snapshots, which are PostgreSQL's <c>to_jsonb</c> of a row; columns added since have their defaults.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, Converters = [typeof(StatusConverter), typeof(SeverityConverter)])]
[JsonSerializable(typeof(MaintenanceWindow))]
internal sealed partial class SnapshotJson : JsonSerializerContext;

internal sealed class StatusConverter() : JsonStringEnumConverter<WindowStatus>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false);

internal sealed class SeverityConverter() : JsonStringEnumConverter<WindowSeverity>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false);
