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
