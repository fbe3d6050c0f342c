using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Npgsql;
using Xerotier.Maintenance.V1;
using Xerotier.ServiceDefaults.Http;

namespace Xerotier.MaintenanceService.Incidents;

/// <summary>An incident as it is stored. All times are UTC, to the microsecond.</summary>
internal sealed record StoredIncident : Incident, IVersioned
{
    /// <summary>How every id begins.</summary>
    public const string IdPrefix = "inc_";

    /// <summary>The columns of <see cref="Read"/>, with all bodies.</summary>
    public const string Columns = "document, bodies";

    /// <summary>The columns of <see cref="Read"/>, without bodies.</summary>
    public const string ColumnsWithoutBodies = "document, null::jsonb as bodies";

    private static readonly JsonTypeInfo<StoredIncident> Json = ContractsJson.FromAnyVersion(
        new JsonSerializerOptions(IncidentDocumentJson.Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }, IncidentDocumentJson.Default.StoredIncident);

    /// <inheritdoc/>
    public required long Version { get; init; }

    /// <summary>Whether the public sees it as going on.</summary>
    [JsonIgnore]
    public bool IsOpen => !Draft && ResolvedAt is null;

    /// <summary>The incident of a row with <see cref="Columns"/>; without bodies they are empty.</summary>
    public static StoredIncident Read(NpgsqlDataReader row)
    {
        var incident = JsonSerializer.Deserialize(row.GetFieldValue<byte[]>(row.GetOrdinal("document")), Json)!;
        if (row.GetOrdinal("bodies") is var column && row.IsDBNull(column))
        {
            return incident;
        }

        var bodies = JsonSerializer.Deserialize(row.GetFieldValue<byte[]>(column), IncidentDocumentJson.Default.StringArray)!;
        return incident with { Updates = [.. incident.Updates.Zip(bodies, (update, body) => update with { Body = body })] };
    }

    /// <summary>The same with the newest update alone, whose body alone the row has.</summary>
    public static StoredIncident ReadNewest(NpgsqlDataReader row)
    {
        var incident = JsonSerializer.Deserialize(row.GetFieldValue<byte[]>(row.GetOrdinal("document")), Json)!;
        return incident with { Updates = [incident.Updates[^1] with { Body = row.GetString(row.GetOrdinal("body")) }] };
    }

    /// <summary>The document of a row.</summary>
    public string ToDocument() => JsonSerializer.Serialize(this with { Updates = [.. Updates.Select(update => update with { Body = "" })], Warnings = null }, Json);

    /// <summary>The bodies of a row.</summary>
    public string ToBodies() => JsonSerializer.Serialize([.. Updates.Select(update => update.Body)], IncidentDocumentJson.Default.StringArray);

    /// <summary>The incident as the other services get it.</summary>
    public IncidentNotice ToProto(bool withoutBodies) => new() { Value = this, Id = Id, Version = Version, WithoutBodies = withoutBodies };
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, Converters = [typeof(UtcTimeConverter)])]
[JsonSerializable(typeof(StoredIncident))]
[JsonSerializable(typeof(string[]))]
internal sealed partial class IncidentDocumentJson : JsonSerializerContext;
