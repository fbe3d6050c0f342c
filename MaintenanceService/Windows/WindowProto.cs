using Google.Protobuf.WellKnownTypes;
using Xerotier.MaintenanceService.Changes;
using Xerotier.MaintenanceService.Model;
using Xerotier.Maintenance.V1;

namespace Xerotier.MaintenanceService.Windows;

/// <summary>Windows and their changes as the other services see them.</summary>
internal static class WindowProto
{
    /// <summary>The window's message.</summary>
    public static Window ToProto(this MaintenanceWindow window) => new()
    {
        Id = window.Id,
        ProjectId = window.ProjectId,
        Platform = window.Platform,
        Title = window.Title,
        Description = window.Description,
        Severity = window.Severity switch
        {
            WindowSeverity.Info => Severity.Info,
            WindowSeverity.Warning => Severity.Warning,
            _ => Severity.Critical,
        },
        AffectedServices = { window.AffectedServices },
        StartsAt = window.StartsAt.ToTimestamp(),
        EndsAt = window.EndsAt.ToTimestamp(),
        Status = window.Status switch
        {
            WindowStatus.Scheduled => Maintenance.V1.WindowStatus.Scheduled,
            WindowStatus.Active => Maintenance.V1.WindowStatus.Active,
            WindowStatus.Completed => Maintenance.V1.WindowStatus.Completed,
            _ => Maintenance.V1.WindowStatus.Cancelled,
        },
        AutoTransition = window.AutoTransition,
        CreatedBy = window.CreatedBy,
        CreatedAt = window.CreatedAt.ToTimestamp(),
        UpdatedAt = window.UpdatedAt.ToTimestamp(),
        CompletedAt = window.CompletedAt?.ToTimestamp(),
        CancelledAt = window.CancelledAt?.ToTimestamp(),
        Version = window.Version,
    };

    /// <summary>The change's message.</summary>
    public static WindowChange ToProto(this WindowEvent change) => new()
    {
        Action = change.Action,
        Version = change.Version,
        OccurredAt = change.OccurredAt.ToTimestamp(),
        Actor = change.Actor,
        Before = change.Before?.ToProto(),
        After = change.After?.ToProto(),
    };
}
