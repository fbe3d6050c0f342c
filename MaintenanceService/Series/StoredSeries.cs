using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Xerotier.MaintenanceService.Model;
using Xerotier.ServiceDefaults.Http;

namespace Xerotier.MaintenanceService.Series;

/// <summary>A series with what only this service knows of it. All times are UTC, to the microsecond.</summary>
internal sealed record StoredSeries : MaintenanceSeries, IVersioned
{
    /// <summary>How every id begins.</summary>
    public const string IdPrefix = StoredWindow.SeriesIdPrefix;

    private static readonly JsonTypeInfo<StoredSeries> Json = ContractsJson.FromAnyVersion(
        new JsonSerializerOptions(SeriesDocumentJson.Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }, SeriesDocumentJson.Default.StoredSeries);

    /// <summary>The project is one that the platform's own operators use.</summary>
    public bool Platform { get; init; }

    /// <inheritdoc/>
    public required long Version { get; init; }

    /// <summary>Reads the document of a row.</summary>
    public static StoredSeries Read(byte[] document) => JsonSerializer.Deserialize(document, Json)!;

    /// <summary>The document of a row.</summary>
    public string ToDocument() => JsonSerializer.Serialize(this with { Warnings = null }, Json);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, Converters = [typeof(UtcTimeConverter)])]
[JsonSerializable(typeof(StoredSeries))]
internal sealed partial class SeriesDocumentJson : JsonSerializerContext;
