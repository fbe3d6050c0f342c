using System.Text.Json.Serialization;
using Xerotier.Maintenance.V1;

namespace Xerotier.MaintenanceService.Model;

/// <summary>A maintenance window with what only this service knows of it. All times are UTC, to the microsecond.</summary>
internal sealed record StoredWindow : MaintenanceWindow
{
    /// <summary>How every id begins.</summary>
    public const string IdPrefix = "mw_";

    /// <summary>The project is one that the platform's own operators use.</summary>
    public bool Platform { get; init; }

    /// <summary>1 when created, one more with every change; the number of the change's audit row, and the entity tag.</summary>
    public required long Version { get; init; }

    /// <summary>The strong entity tag, with its quotes.</summary>
    [JsonIgnore]
    public string ETag => $"\"{Version}\"";

    /// <summary>The window as the other services get it.</summary>
    public Window ToProto() => new() { Value = this, Platform = Platform, Version = Version };
}
