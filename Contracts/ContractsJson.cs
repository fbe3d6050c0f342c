using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Xerotier.Contracts;

/// <summary>
/// Reads and writes every JSON shape of the public API: snake_case names, enums as words, times as RFC 3339 in UTC. A property that
/// the API leaves out when there is nothing to say carries <see cref="JsonIgnoreCondition.WhenWritingNull"/>; any other null is written.
/// </summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, Converters = [typeof(UtcTimeConverter)])]
[JsonSerializable(typeof(ErrorResponse))]
[JsonSerializable(typeof(Liveness))]
[JsonSerializable(typeof(Readiness))]
[JsonSerializable(typeof(StatusDocument))]
[JsonSerializable(typeof(JsonFeed))]
[JsonSerializable(typeof(StatusBadge))]
[JsonSerializable(typeof(StatuspageSummary))]
[JsonSerializable(typeof(StatuspageStatusDocument))]
[JsonSerializable(typeof(StatuspageComponents))]
[JsonSerializable(typeof(StatuspageIncidents))]
[JsonSerializable(typeof(StatuspageMaintenances))]
[JsonSerializable(typeof(HealthDashboardResponse))]
[JsonSerializable(typeof(MaintenanceWindow))]
[JsonSerializable(typeof(MaintenanceWindowCreate))]
[JsonSerializable(typeof(MaintenanceWindowUpdate))]
[JsonSerializable(typeof(MaintenanceWindowDeleted))]
[JsonSerializable(typeof(MaintenanceEvent))]
[JsonSerializable(typeof(ListPage<MaintenanceWindow>))]
[JsonSerializable(typeof(ListPage<MaintenanceEvent>))]
[JsonSerializable(typeof(MaintenanceSeries))]
[JsonSerializable(typeof(MaintenanceSeriesCreate))]
[JsonSerializable(typeof(MaintenanceSeriesUpdate))]
[JsonSerializable(typeof(MaintenanceSeriesPreview))]
[JsonSerializable(typeof(MaintenanceSeriesEvent))]
[JsonSerializable(typeof(ListPage<MaintenanceSeries>))]
[JsonSerializable(typeof(ListPage<MaintenanceSeriesEvent>))]
[JsonSerializable(typeof(Component))]
[JsonSerializable(typeof(ComponentCreate))]
[JsonSerializable(typeof(ComponentUpdate))]
[JsonSerializable(typeof(ComponentEvent))]
[JsonSerializable(typeof(ListPage<Component>))]
[JsonSerializable(typeof(ListPage<ComponentEvent>))]
[JsonSerializable(typeof(ListPage<ChangeEvent>))]
[JsonSerializable(typeof(Incident))]
[JsonSerializable(typeof(IncidentCreate))]
[JsonSerializable(typeof(IncidentChange))]
[JsonSerializable(typeof(IncidentUpdateCreate))]
[JsonSerializable(typeof(IncidentUpdateChange))]
[JsonSerializable(typeof(IncidentDeleted))]
[JsonSerializable(typeof(IncidentEvent))]
[JsonSerializable(typeof(ListPage<Incident>))]
[JsonSerializable(typeof(ListPage<IncidentEvent>))]
[JsonSerializable(typeof(ApiKey))]
[JsonSerializable(typeof(ApiKeyCreate))]
[JsonSerializable(typeof(ApiKeyCreated))]
[JsonSerializable(typeof(PlatformKeyCreate))]
[JsonSerializable(typeof(ListPage<ApiKey>))]
[JsonSerializable(typeof(ApiKeyEvent))]
[JsonSerializable(typeof(ListPage<ApiKeyEvent>))]
[JsonSerializable(typeof(Project))]
[JsonSerializable(typeof(ProjectCreate))]
[JsonSerializable(typeof(ListPage<Project>))]
[JsonSerializable(typeof(Subscription))]
[JsonSerializable(typeof(SubscriptionWithSecret))]
[JsonSerializable(typeof(SubscriptionCreate))]
[JsonSerializable(typeof(SubscriptionUpdate))]
[JsonSerializable(typeof(SubscriptionDeleted))]
[JsonSerializable(typeof(SubscriptionAudienceRequest))]
[JsonSerializable(typeof(SubscriptionAudience))]
[JsonSerializable(typeof(Delivery))]
[JsonSerializable(typeof(PageSubscriber))]
[JsonSerializable(typeof(PageSubscriberDeleted))]
[JsonSerializable(typeof(ListPage<Subscription>))]
[JsonSerializable(typeof(ListPage<Delivery>))]
[JsonSerializable(typeof(ListPage<PageSubscriber>))]
[JsonSerializable(typeof(HeartbeatBatch))]
[JsonSerializable(typeof(HeartbeatsAccepted))]
public sealed partial class ContractsJson : JsonSerializerContext
{
    /// <summary>The context to write responses with. It escapes only what JSON requires: no response is embedded in HTML.</summary>
    public static ContractsJson Wire => field ??= With(JavaScriptEncoder.UnsafeRelaxedJsonEscaping);

    /// <summary>The same shapes with another encoder.</summary>
    /// <param name="encoder">Decides which characters are escaped.</param>
    public static ContractsJson With(JavaScriptEncoder encoder) => new(new JsonSerializerOptions(Default.Options) { Encoder = encoder });

    /// <summary>Reads what another version of the product wrote: a property that it did not know has its default.</summary>
    /// <typeparam name="T">The shape.</typeparam>
    /// <param name="options">How the rest is read and written.</param>
    /// <param name="type">The shape's own description.</param>
    public static JsonTypeInfo<T> FromAnyVersion<T>(JsonSerializerOptions options, JsonTypeInfo<T> type) =>
        (JsonTypeInfo<T>)new JsonSerializerOptions(options)
        {
            TypeInfoResolver = type.OriginatingResolver!.WithAddedModifier(info =>
            {
                foreach (var property in info.Properties)
                {
                    property.IsRequired = false;
                }
            }),
        }.GetTypeInfo(typeof(T));
}

/// <summary>Times as RFC 3339 in UTC, to the microsecond, without trailing zeros.</summary>
public sealed class UtcTimeConverter : JsonConverter<DateTimeOffset>
{
    private const string Format = "yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'";

    /// <inheritdoc/>
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDateTimeOffset();

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options)
    {
        Span<byte> text = stackalloc byte[32];
        value.UtcDateTime.TryFormat(text, out var length, Format, CultureInfo.InvariantCulture);
        writer.WriteStringValue(text[..length]);
    }
}

/// <summary>An enum as the snake_case names of its members; numbers are refused.</summary>
/// <typeparam name="TEnum">The enum.</typeparam>
public sealed class WordConverter<TEnum>() : JsonStringEnumConverter<TEnum>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false)
    where TEnum : struct, Enum;
