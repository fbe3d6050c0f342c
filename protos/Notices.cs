using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Google.Protobuf;
using Xerotier.Contracts;

namespace Xerotier.Maintenance.V1;

/// <summary>A window between the services: its public shape, and what only services know of it.</summary>
public sealed partial class Window
{
    private static readonly JsonTypeInfo<MaintenanceWindow> Read = ContractsJson.FromAnyVersion(ContractsJson.Wire.Options, ContractsJson.Wire.MaintenanceWindow);

    private MaintenanceWindow? value;

    /// <summary>The window as the API shows it. It is read from the message once.</summary>
    public MaintenanceWindow Value
    {
        get => value ??= JsonSerializer.Deserialize(Json.Span, Read)!;
        set => (this.value, Json) = (value, UnsafeByteOperations.UnsafeWrap(JsonSerializer.SerializeToUtf8Bytes(value, ContractsJson.Wire.MaintenanceWindow)));
    }
}

/// <summary>A component between the services.</summary>
public sealed partial class ComponentNotice
{
    private static readonly JsonTypeInfo<Component> Read = ContractsJson.FromAnyVersion(ContractsJson.Wire.Options, ContractsJson.Wire.Component);

    private Component? value;

    /// <summary>The component as the API shows it. It is read from the message once.</summary>
    public Component Value
    {
        get => value ??= JsonSerializer.Deserialize(Json.Span, Read)!;
        set => (this.value, Json) = (value, UnsafeByteOperations.UnsafeWrap(JsonSerializer.SerializeToUtf8Bytes(value, ContractsJson.Wire.Component)));
    }
}

/// <summary>An incident between the services.</summary>
public sealed partial class IncidentNotice
{
    private static readonly JsonTypeInfo<Incident> Read = ContractsJson.FromAnyVersion(ContractsJson.Wire.Options, ContractsJson.Wire.Incident);

    private Incident? value;

    /// <summary>The incident as the API shows it; null when it is not published. It is read from the message once.</summary>
    public Incident? Value
    {
        get => value ??= Json.IsEmpty ? null : JsonSerializer.Deserialize(Json.Span, Read);
        set => (this.value, Json) = (value, value is null ? ByteString.Empty : UnsafeByteOperations.UnsafeWrap(JsonSerializer.SerializeToUtf8Bytes(value, ContractsJson.Wire.Incident)));
    }
}
