using Xerotier.MaintenanceService.Model;
using Xerotier.ServiceDefaults;
using Xerotier.ServiceDefaults.Http;

namespace Xerotier.MaintenanceService.Series;

/// <summary>The rules of series (recurring.md section 19) as functions of the record, the request and the time.</summary>
internal static class SeriesRules
{
    /// <summary>The most series of a project that are not cancelled.</summary>
    public const int Most = 20;

    private const int DefaultHorizonDays = 60;
    private const int Previewed = 10;
    private const int YearsSearched = 100; // for the next dates of a rare rule

    /// <summary>A new series.</summary>
    /// <param name="fields">Checked fields, with everything that is required.</param>
    /// <param name="caller">Who makes it.</param>
    /// <param name="now">The time.</param>
    public static RuleResult<StoredSeries> Create(MaintenanceSeriesUpdate fields, Caller caller, DateTimeOffset now)
    {
        now = Timestamps.ToMicroseconds(now);
        var series = new StoredSeries
        {
            ProjectId = caller.ProjectId,
            Id = Id.New(StoredSeries.IdPrefix),
            Platform = caller.PlatformProject,
            Title = fields.Title!,
            Description = fields.Description!,
            Severity = fields.Severity ?? WindowSeverity.Info,
            AffectedServices = fields.AffectedServices ?? [],
            AutoTransition = fields.AutoTransition ?? true,
            Reminders = fields.Reminders ?? ReminderOffsets.Default,
            Notify = fields.Notify ?? true,
            Timezone = fields.Timezone!,
            StartsOn = fields.StartsOn!.Value,
            LocalTime = fields.LocalTime!,
            Duration = fields.Duration!,
            Rrule = fields.Rrule!,
            Exdates = fields.Exdates ?? [],
            HorizonDays = fields.HorizonDays ?? DefaultHorizonDays,
            Version = 1,
            CreatedBy = caller.KeyName,
            CreatedAt = now,
            UpdatedAt = now,
            CancelledAt = null,
        };
        return RruleError(series) is { } error ? error : series;
    }

    /// <summary>What <paramref name="fields"/> make of <paramref name="series"/>. Values that it already has change nothing.</summary>
    public static RuleResult<StoredSeries> Change(StoredSeries series, MaintenanceSeriesUpdate fields, DateTimeOffset now)
    {
        var next = series with
        {
            Title = fields.Title ?? series.Title,
            Description = fields.Description ?? series.Description,
            Severity = fields.Severity ?? series.Severity,
            AffectedServices = fields.AffectedServices is { } services && !services.SequenceEqual(series.AffectedServices) ? services : series.AffectedServices,
            AutoTransition = fields.AutoTransition ?? series.AutoTransition,
            Reminders = fields.Reminders is { } reminders && !reminders.SequenceEqual(series.Reminders) ? reminders : series.Reminders,
            Notify = fields.Notify ?? series.Notify,
            Timezone = fields.Timezone ?? series.Timezone,
            StartsOn = fields.StartsOn ?? series.StartsOn,
            LocalTime = fields.LocalTime ?? series.LocalTime,
            Duration = fields.Duration is { } duration && SeriesInput.Duration(duration) != SeriesInput.Duration(series.Duration) ? duration : series.Duration, // PT60M is PT1H
            Rrule = fields.Rrule ?? series.Rrule,
            Exdates = fields.Exdates is { } dates && !dates.SequenceEqual(series.Exdates) ? dates : series.Exdates,
            HorizonDays = fields.HorizonDays ?? series.HorizonDays,
        };
        return next == series ? series
            : series.CancelledAt is not null ? ApiErrors.InvalidStateTransition("The series is cancelled and cannot be changed any more.")
            : RruleError(next) is { } error ? error
            : next with { Version = series.Version + 1, UpdatedAt = Later(now, series) };
    }

    /// <summary>The cancelled series.</summary>
    public static StoredSeries Cancel(StoredSeries series, DateTimeOffset now) => series.CancelledAt is not null
        ? series
        : series with { Version = series.Version + 1, UpdatedAt = Later(now, series), CancelledAt = Later(now, series) };

    /// <summary>The last local date up to which occurrences are made.</summary>
    public static DateOnly Horizon(MaintenanceSeries series, DateTimeOffset now) => DateOnly.FromDateTime(now.UtcDateTime).AddDays(series.HorizonDays);

    /// <summary>The windows of the dates up to <paramref name="through"/> that have not begun, as they are when they are made.</summary>
    /// <param name="series">The series.</param>
    /// <param name="after">Only dates after this one; null: all.</param>
    /// <param name="through">The last date.</param>
    /// <param name="now">The time.</param>
    public static IReadOnlyList<StoredWindow> Windows(StoredSeries series, DateOnly? after, DateOnly through, DateTimeOffset now)
    {
        now = Timestamps.ToMicroseconds(now);
        return
        [
            .. from occurrence in Occurrences(series, after, through, now)
               select new StoredWindow
               {
                   ProjectId = series.ProjectId,
                   Id = Id.New(StoredWindow.IdPrefix),
                   Platform = series.Platform,
                   Title = series.Title,
                   Description = series.Description,
                   Severity = series.Severity,
                   AffectedServices = series.AffectedServices,
                   StartsAt = occurrence.StartsAt,
                   EndsAt = occurrence.EndsAt,
                   Status = WindowStatus.Scheduled,
                   AutoTransition = series.AutoTransition,
                   Reminders = series.Reminders,
                   Notify = series.Notify,
                   SeriesId = series.Id,
                   Occurrence = occurrence.Date,
                   Version = 1,
                   CreatedBy = series.CreatedBy,
                   CreatedAt = now,
                   UpdatedAt = now,
                   CompletedAt = null,
                   CancelledAt = null,
               },
        ];
    }

    /// <summary>The next 10 occurrences.</summary>
    public static MaintenanceSeriesPreview Preview(MaintenanceSeries series, DateTimeOffset now)
    {
        var zone = LocalTimes.Zone(series.Timezone)!;
        return new()
        {
            Timezone = series.Timezone,
            Data =
            [
                .. from occurrence in Occurrences(series, after: null, LastSearched(series, now), now).Take(Previewed)
                   select new OccurrencePreview
                   {
                       Occurrence = occurrence.Date,
                       StartsAt = occurrence.StartsAt,
                       EndsAt = occurrence.EndsAt,
                       LocalStartsAt = Local(occurrence.StartsAt),
                       LocalEndsAt = Local(occurrence.EndsAt),
                       Adjusted = occurrence.Adjusted,
                   },
            ],
        };

        string Local(DateTimeOffset instant) => LocalTimes.In(zone, instant).ToString("yyyy-MM-dd'T'HH:mm:sszzz", System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>Whether a series has occurrences that begin later; where this release cannot say it, it may have.</summary>
    public static bool MayRecur(MaintenanceSeries series, DateTimeOffset now) =>
        Recurrence.Parse(series.Rrule).Rule is null || LocalTimes.Zone(series.Timezone) is null || Occurrences(series, after: null, LastSearched(series, now), now).Any();

    private static IEnumerable<(DateOnly Date, DateTimeOffset StartsAt, DateTimeOffset EndsAt, OccurrenceAdjustment? Adjusted)> Occurrences(
        MaintenanceSeries series, DateOnly? after, DateOnly through, DateTimeOffset now)
    {
        var zone = LocalTimes.Zone(series.Timezone)!;
        var time = SeriesInput.LocalTime(series.LocalTime)!.Value;
        var duration = SeriesInput.Duration(series.Duration)!.Value;
        var earliest = DateOnly.FromDateTime(now.UtcDateTime).AddDays(-2); // no zone is farther behind
        var first = after is { } last && last > earliest ? last.AddDays(1) : earliest;
        return from date in Recurrence.Parse(series.Rrule).Rule!.Dates(series.StartsOn, first, through)
               where !series.Exdates.Contains(date)
               let start = LocalTimes.Resolve(zone, date, time)
               where start.At > now
               select (date, start.At, start.At + duration, start.Adjusted);
    }

    /// <summary>A rule without BYDAY and BYMONTHDAY takes the day of <c>starts_on</c>, which not every month may have: no month is left out silently.</summary>
    private static ApiError? RruleError(MaintenanceSeries series)
    {
        var rule = Recurrence.Parse(series.Rrule).Rule!;
        return rule is { Frequency: Frequency.Monthly, ByDay.Count: 0, ByMonthDay.Count: 0 } && series.StartsOn.Day > 28
                ? ApiErrors.Invalid("'rrule' needs the part BYMONTHDAY: not every month has the day of 'starts_on'. BYMONTHDAY=-1 is the last day of each.", "rrule")
            : rule.Until < series.StartsOn ? ApiErrors.Invalid("'rrule' has an invalid part: UNTIL is before 'starts_on'.", "rrule")
            : !rule.Dates(series.StartsOn, series.StartsOn, series.StartsOn.AddYears(YearsSearched)).Any()
                ? ApiErrors.Invalid("'rrule' names no date: BYDAY and BYMONTHDAY exclude each other.", "rrule")
            : null;
    }

    private static DateOnly LastSearched(MaintenanceSeries series, DateTimeOffset now)
    {
        var today = DateOnly.FromDateTime(now.UtcDateTime);
        return (series.StartsOn > today ? series.StartsOn : today).AddYears(YearsSearched);
    }

    /// <summary>A clock that was set back must not make a series older than its last change.</summary>
    private static DateTimeOffset Later(DateTimeOffset now, StoredSeries series) =>
        Timestamps.ToMicroseconds(now) is var time && time < series.UpdatedAt ? series.UpdatedAt : time;
}
