using Xerotier.Contracts;
using Xerotier.Maintenance.V1;
using WindowSeverity = Xerotier.Contracts.WindowSeverity;
using WindowStatus = Xerotier.Contracts.WindowStatus;

namespace Xerotier.TestKit;

/// <summary>Maintenance windows for tests.</summary>
public static class SampleWindow
{
    /// <summary>A window of the given state and times; change the rest with <c>with</c>.</summary>
    public static MaintenanceWindow Of(string id, WindowStatus status, DateTimeOffset startsAt, DateTimeOffset endsAt) => new()
    {
        Id = id,
        ProjectId = "proj_platform1",
        Title = "Upgrade",
        Description = "",
        Severity = WindowSeverity.Warning,
        AffectedServices = [],
        StartsAt = startsAt,
        EndsAt = endsAt,
        Status = status,
        AutoTransition = false,
        CreatedBy = "ops-key",
        CreatedAt = startsAt,
        UpdatedAt = startsAt,
        CompletedAt = null,
        CancelledAt = null,
    };

    /// <summary>The message with another window in it.</summary>
    public static Window With(this Window window, Func<MaintenanceWindow, MaintenanceWindow> change) =>
        new(window) { Value = change(window.Value) };
}
