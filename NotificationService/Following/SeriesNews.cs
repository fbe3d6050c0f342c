using Xerotier.NotificationService.Model;

namespace Xerotier.NotificationService.Following;

/// <summary>What is told of series (recurring.md section 19): that they are made, planned for other times, and cancelled. All else is told of their occurrences.</summary>
internal static class SeriesNews
{
    /// <summary>The type of the event that a change is; null: nobody is told of it.</summary>
    /// <param name="before">The series before the change; null: it was created.</param>
    /// <param name="after">The series after it.</param>
    /// <param name="toCome">Whether it had, or has, occurrences to come.</param>
    public static string? TypeOf(MaintenanceSeries? before, MaintenanceSeries? after, bool toCome)
    {
        if (after is not { Notify: true } || !toCome)
        {
            return null;
        }

        return before is null ? EventTypes.MaintenanceScheduled
            : after.CancelledAt is not null ? EventTypes.MaintenanceCancelled // the last change that there is of it
            : HasOtherTimes(before, after) ? EventTypes.MaintenanceRescheduled
            : null;
    }

    private static bool HasOtherTimes(MaintenanceSeries before, MaintenanceSeries after) =>
        (before.Rrule, before.StartsOn, before.LocalTime, before.Duration, before.Timezone) != (after.Rrule, after.StartsOn, after.LocalTime, after.Duration, after.Timezone)
        || !before.Exdates.ToHashSet().SetEquals(after.Exdates);
}
