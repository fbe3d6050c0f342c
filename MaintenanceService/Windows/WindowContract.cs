using Xerotier.MaintenanceService.Changes;
using Xerotier.MaintenanceService.Model;

namespace Xerotier.MaintenanceService.Windows;

/// <summary>Windows and their changes as the API shows them.</summary>
internal static class WindowContract
{
    /// <summary>The window's JSON shape.</summary>
    public static Contracts.MaintenanceWindow ToContract(this MaintenanceWindow window) => new()
    {
        Id = window.Id,
        ProjectId = window.ProjectId,
        Title = window.Title,
        Description = window.Description,
        Severity = window.Severity,
        AffectedServices = window.AffectedServices,
        StartsAt = window.StartsAt,
        EndsAt = window.EndsAt,
        Status = window.Status,
        AutoTransition = window.AutoTransition,
        CreatedBy = window.CreatedBy,
        CreatedAt = window.CreatedAt,
        UpdatedAt = window.UpdatedAt,
        CompletedAt = window.CompletedAt,
        CancelledAt = window.CancelledAt,
    };

    /// <summary>The change's JSON shape.</summary>
    public static Contracts.MaintenanceEvent ToContract(this WindowEvent change) => new()
    {
        Id = change.Id,
        WindowId = change.WindowId,
        Action = change.Action,
        Actor = change.Actor,
        ActorKeyId = change.ActorKeyId,
        OccurredAt = change.OccurredAt,
        ChangedFields = [.. change.ChangedFields],
        Before = change.Before?.ToContract(),
        After = change.After?.ToContract(),
    };
}
