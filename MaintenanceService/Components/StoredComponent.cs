using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Google.Protobuf.WellKnownTypes;
using Xerotier.Maintenance.V1;
using Xerotier.ServiceDefaults.Http;

namespace Xerotier.MaintenanceService.Components;

/// <summary>A component with what only this service knows of it. All times are UTC, to the microsecond.</summary>
internal sealed record StoredComponent : Component, IVersioned
{
    /// <summary>How every id begins.</summary>
    public const string IdPrefix = "cmp_";

    private static readonly JsonTypeInfo<StoredComponent> Json = ContractsJson.FromAnyVersion(
        new JsonSerializerOptions(ComponentDocumentJson.Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }, ComponentDocumentJson.Default.StoredComponent);

    /// <inheritdoc/>
    public required long Version { get; init; }

    /// <summary>When it had a probe, by time.</summary>
    public IReadOnlyList<ProbedSpan> Probed { get; init => field = value ?? []; } = []; // null: a document of another version

    /// <summary>Its name as it is compared, without regard to case.</summary>
    [JsonIgnore]
    public string NameKey => Name.ToUpperInvariant();

    /// <summary>Reads the document of a row.</summary>
    public static StoredComponent Read(byte[] document) => JsonSerializer.Deserialize(document, Json)!;

    /// <summary>The document of a row.</summary>
    public string ToDocument() => JsonSerializer.Serialize(this, Json);

    /// <summary>The component as the other services get it.</summary>
    public ComponentNotice ToProto() => new()
    {
        Value = this,
        Id = Id,
        Version = Version,
        Probed = { Probed.Select(span => new Span { From = span.From.ToTimestamp(), To = span.To?.ToTimestamp() }) },
    };
}

/// <summary>A time in which a component had a probe.</summary>
/// <param name="From">When it began.</param>
/// <param name="To">When it ended; null: it goes on.</param>
internal sealed record ProbedSpan(DateTimeOffset From, DateTimeOffset? To);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, Converters = [typeof(UtcTimeConverter)])]
[JsonSerializable(typeof(StoredComponent))]
internal sealed partial class ComponentDocumentJson : JsonSerializerContext;
