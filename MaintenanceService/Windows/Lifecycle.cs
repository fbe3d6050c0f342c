using Xerotier.MaintenanceService.Model;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Http;

namespace Xerotier.MaintenanceService.Windows;

/// <summary>The rules of a window's life as functions of the record, the request and the time.</summary>
internal static class Lifecycle
{
    /// <summary>Completed and cancelled windows never change again.</summary>
    public static bool IsFinal(this WindowStatus status) => status is WindowStatus.Completed or WindowStatus.Cancelled;

    /// <summary>Whether a window may go from one state to another; staying in a state that is not final is allowed.</summary>
    public static bool Allows(WindowStatus from, WindowStatus to) => (from, to) switch
    {
        (WindowStatus.Scheduled, _) => true,
        (WindowStatus.Active, not WindowStatus.Scheduled) => true,
        _ => false,
    };

    /// <summary>The states from which <paramref name="to"/> may be reached: the write statement checks them once more.</summary>
    public static IEnumerable<WindowStatus> Before(WindowStatus to) => Enum.GetValues<WindowStatus>().Where(from => Allows(from, to));

    /// <summary>What time alone does to a window with <c>auto_transition</c>, in this order: at the time in a column it goes from one state to the next, and another column has when it did.</summary>
    public static IReadOnlyList<(WindowStatus From, string At, WindowStatus To, string Done)> Automatic { get; } =
    [
        (WindowStatus.Scheduled, "starts_at", WindowStatus.Active, "activated_at"),
        (WindowStatus.Active, "ends_at", WindowStatus.Completed, "completed_at"),
    ];

    /// <summary>A new window.</summary>
    /// <param name="fields">Checked fields, with everything that is required.</param>
    /// <param name="caller">Who makes it.</param>
    /// <param name="now">The time.</param>
    public static StoredWindow Create(MaintenanceWindowUpdate fields, Caller caller, DateTimeOffset now)
    {
        now = Timestamps.ToMicroseconds(now);
        var status = fields.Status ?? WindowStatus.Scheduled;
        return new StoredWindow
        {
            ProjectId = caller.ProjectId,
            Id = ServiceDefaults.Id.New(StoredWindow.IdPrefix),
            Platform = caller.PlatformProject,
            Title = fields.Title!,
            Description = fields.Description!,
            Severity = fields.Severity ?? WindowSeverity.Info,
            AffectedServices = fields.AffectedServices ?? [],
            StartsAt = fields.StartsAt!.Value,
            EndsAt = fields.EndsAt!.Value,
            Status = status,
            AutoTransition = fields.AutoTransition ?? false,
            Reminders = fields.Reminders ?? ReminderOffsets.Default,
            Notify = fields.Notify ?? true,
            Version = 1,
            CreatedBy = caller.KeyName,
            CreatedAt = now,
            UpdatedAt = now,
            ActivatedAt = status == WindowStatus.Active ? now : null,
            CompletedAt = status == WindowStatus.Completed ? now : null,
            CancelledAt = status == WindowStatus.Cancelled ? now : null,
        };
    }

    /// <summary>What <paramref name="fields"/> make of <paramref name="window"/>. Values that it already has change nothing, in whatever state it is.</summary>
    public static RuleResult<StoredWindow> Change(StoredWindow window, MaintenanceWindowUpdate fields, DateTimeOffset now)
    {
        var next = window with
        {
            Title = fields.Title ?? window.Title,
            Description = fields.Description ?? window.Description,
            Severity = fields.Severity ?? window.Severity,
            AffectedServices = fields.AffectedServices is { } services && !services.SequenceEqual(window.AffectedServices) ? services : window.AffectedServices,
            StartsAt = fields.StartsAt ?? window.StartsAt,
            EndsAt = fields.EndsAt ?? window.EndsAt,
            Status = fields.Status ?? window.Status,
            AutoTransition = fields.AutoTransition ?? window.AutoTransition,
            Reminders = fields.Reminders is { } reminders && !reminders.SequenceEqual(window.Reminders) ? reminders : window.Reminders,
            Notify = fields.Notify ?? window.Notify,
        };
        if (next == window)
        {
            return window;
        }

        if (!Allows(window.Status, next.Status))
        {
            return ApiErrors.InvalidStateTransition(next.Status == window.Status
                ? $"The window is {window.Status.Wire()} and cannot be changed any more."
                : $"A window that is {window.Status.Wire()} cannot become {next.Status.Wire()}.");
        }

        if (next.EndsAt <= next.StartsAt)
        {
            return ApiErrors.Invalid(WindowInput.EndsBeforeStart, fields.EndsAt is null ? "starts_at" : "ends_at");
        }

        // A clock that was set back must not make a window older than its last change.
        now = Timestamps.ToMicroseconds(now);
        now = now < window.UpdatedAt ? window.UpdatedAt : now;
        return next with
        {
            Detached = window.SeriesId is not null,
            Version = window.Version + 1,
            UpdatedAt = now,
            ActivatedAt = window.ActivatedAt ?? (next.Status == WindowStatus.Active || window.Status == WindowStatus.Active ? now : null), // the previous release does not note it
            CompletedAt = next.Status == WindowStatus.Completed ? now : null,
            CancelledAt = next.Status == WindowStatus.Cancelled ? now : null,
        };
    }

    /// <summary>Why <paramref name="window"/> may not be purged; null when it may.</summary>
    public static ApiError? ValidatePurge(StoredWindow window) => window.Status.IsFinal()
        ? null
        : ApiErrors.InvalidStateTransition($"A window that is {window.Status.Wire()} cannot be purged: complete or cancel it first.");

    /// <summary>What the audit trail calls the change from <paramref name="from"/> to <paramref name="to"/>.</summary>
    public static string Action(WindowStatus from, WindowStatus to) => (from == to, to) switch
    {
        (true, _) => "updated",
        (false, WindowStatus.Active) => "activated",
        _ => to.Wire(),
    };
}
