using Xerotier.Maintenance.V1;
using Xerotier.ServiceDefaults.Http;

namespace Xerotier.MaintenanceService.Model;

/// <summary>A maintenance window with what only this service knows of it. All times are UTC, to the microsecond.</summary>
internal sealed record StoredWindow : MaintenanceWindow, IVersioned
{
    /// <summary>How every id begins.</summary>
    public const string IdPrefix = "mw_";

    /// <summary>How the id of every series begins.</summary>
    public const string SeriesIdPrefix = "mws_";

    /// <summary>The project is one that the platform's own operators use.</summary>
    public bool Platform { get; init; }

    /// <summary>An occurrence that was changed by itself: changes of its series leave it as it is.</summary>
    public bool Detached { get; init; }

    /// <summary>It is active, or was.</summary>
    public bool Began => ActivatedAt is not null;

    /// <inheritdoc/>
    public required long Version { get; init; }

    /// <summary>The window as the other services get it.</summary>
    public Window ToProto() => new() { Value = this, Platform = Platform, Version = Version };
}
