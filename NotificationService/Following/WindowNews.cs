using System.Globalization;
using Xerotier.NotificationService.Model;

namespace Xerotier.NotificationService.Following;

/// <summary>Something that is to be told of a window when its time comes.</summary>
/// <param name="Kind">reminder or overrunning.</param>
/// <param name="Name">The reminder's offset; else empty.</param>
/// <param name="DueAt">When.</param>
internal sealed record WindowPlan(string Kind, string Name, DateTimeOffset DueAt)
{
    public const string Reminder = "reminder";
    public const string Overrunning = "overrunning";
}

/// <summary>What is told of windows, and when (notifications.md section 20).</summary>
internal static class WindowNews
{
    /// <summary>How long after its end a window that ends by itself runs over: the MaintenanceService completes it a moment late.</summary>
    private static readonly TimeSpan EndsByItselfWithin = TimeSpan.FromMinutes(1);

    /// <summary>The type of the event that a change is; null: nobody is told of it.</summary>
    /// <param name="before">The window before the change; null: it was created.</param>
    /// <param name="after">The window after it; null: it was purged.</param>
    /// <param name="at">When it was changed.</param>
    /// <param name="withSeries">Its series was changed or cancelled, and it with it: <see cref="SeriesNews"/> tells of that.</param>
    public static string? TypeOf(MaintenanceWindow? before, MaintenanceWindow? after, DateTimeOffset at, bool withSeries = false)
    {
        if (after is not { Notify: true } || withSeries)
        {
            return null;
        }

        if (before is null)
        {
            return after.EndsAt <= at ? null : after.Status switch
            {
                WindowStatus.Scheduled => after.SeriesId is null ? EventTypes.MaintenanceScheduled : null, // the series and reminders announce occurrences
                WindowStatus.Active => EventTypes.MaintenanceStarted,
                _ => null,
            };
        }

        if (before.Status != after.Status)
        {
            return after.EndsAt <= after.CreatedAt ? null : after.Status switch // else it is a record that was made afterwards
            {
                WindowStatus.Active => EventTypes.MaintenanceStarted,
                WindowStatus.Completed => EventTypes.MaintenanceCompleted,
                WindowStatus.Cancelled => before.Status == WindowStatus.Active || IsKnown(before, after, at) ? EventTypes.MaintenanceCancelled : null,
                _ => null,
            };
        }

        return (before.StartsAt, before.EndsAt) != (after.StartsAt, after.EndsAt) && after.EndsAt > at && IsKnown(before, after, at) ? EventTypes.MaintenanceRescheduled : null;
    }

    /// <summary>What is to be told of a window later, seen from <paramref name="at"/>: what should have been told by then is left out.</summary>
    public static IReadOnlyList<WindowPlan> PlansOf(MaintenanceWindow window, DateTimeOffset at)
    {
        IEnumerable<WindowPlan> plans = !window.Notify ? [] : window.Status switch
        {
            WindowStatus.Scheduled =>
                from name in window.Reminders
                let offset = ReminderOffsets.Parse(name) ?? TimeSpan.Zero
                where window.StartsAt - at > offset // lengths: a window may start in the first days of the year 1, before which there is no time
                select new WindowPlan(WindowPlan.Reminder, name, window.StartsAt - offset),
            WindowStatus.Active => [new(WindowPlan.Overrunning, "", OverAt(window))],
            _ => [],
        };
        return [.. plans.Where(plan => plan.DueAt > at)];
    }

    /// <summary>Whether a change makes other plans.</summary>
    public static bool ChangesPlans(MaintenanceWindow? before, MaintenanceWindow after) =>
        before is null || before.Status != after.Status || before.StartsAt != after.StartsAt || before.EndsAt != after.EndsAt || before.AutoTransition != after.AutoTransition || before.Notify != after.Notify
        || !before.Reminders.SequenceEqual(after.Reminders);

    /// <summary>The reminders that a change leaves as they are: one that is due is not lost because something else of the window changed before it was taken.</summary>
    public static IEnumerable<string> KeptReminders(MaintenanceWindow? before, MaintenanceWindow after) =>
        before is { Status: WindowStatus.Scheduled, Notify: true } && after is { Status: WindowStatus.Scheduled, Notify: true } && before.StartsAt == after.StartsAt ? after.Reminders : [];

    /// <summary>What makes a plan one event: a window that is rescheduled is reminded of anew.</summary>
    public static string KeyOf(MaintenanceWindow window, WindowPlan plan) => string.Create(
        CultureInfo.InvariantCulture, $"{window.Id}.{plan.Kind}.{plan.Name}.{(plan.Kind == WindowPlan.Reminder ? window.StartsAt : window.EndsAt).UtcTicks}");

    /// <summary>When an active window is known to run over; no later than there is time.</summary>
    private static DateTimeOffset OverAt(MaintenanceWindow window) =>
        window.AutoTransition && DateTimeOffset.MaxValue - window.EndsAt > EndsByItselfWithin ? window.EndsAt + EndsByItselfWithin : window.EndsAt;

    private static bool IsKnown(MaintenanceWindow before, MaintenanceWindow after, DateTimeOffset at) =>
        after.SeriesId is null || before.StartsAt <= at + ToldWithin.BeforeOccurrence || after.StartsAt <= at + ToldWithin.BeforeOccurrence;
}
