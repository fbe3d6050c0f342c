using NodaTime;
using NodaTime.TimeZones;

namespace Xerotier.MaintenanceService.Series;

/// <summary>Where a local time of day is on the line of time, in every zone of the time-zone database.</summary>
internal static class LocalTimes
{
    private static readonly HashSet<string> Names = [.. DateTimeZoneProviders.Tzdb.Ids];

    /// <summary>The zone of an IANA name, such as <c>Europe/Berlin</c>; null: there is none.</summary>
    public static DateTimeZone? Zone(string name) => Names.Contains(name) ? DateTimeZoneProviders.Tzdb[name] : null;

    /// <summary>
    /// The instant of a local time. One that does not exist, because the clocks were put forward, moves forward by the gap (RFC 5545
    /// would drop it, and a window that is silently lost is worse); of one that exists twice it is the earlier.
    /// </summary>
    public static (DateTimeOffset At, OccurrenceAdjustment? Adjusted) Resolve(DateTimeZone zone, DateOnly date, TimeOnly time)
    {
        var mapping = zone.MapLocal(new LocalDate(date.Year, date.Month, date.Day) + new LocalTime(time.Hour, time.Minute));
        return mapping.Count switch
        {
            0 => (Resolvers.ReturnForwardShifted(mapping.LocalDateTime, zone, mapping.EarlyInterval, mapping.LateInterval).ToInstant().ToDateTimeOffset(), OccurrenceAdjustment.Gap),
            1 => (mapping.Single().ToInstant().ToDateTimeOffset(), null),
            _ => (mapping.First().ToInstant().ToDateTimeOffset(), OccurrenceAdjustment.Overlap),
        };
    }

    /// <summary>An instant as the zone's clocks show it, with their offset.</summary>
    public static DateTimeOffset In(DateTimeZone zone, DateTimeOffset instant) => Instant.FromDateTimeOffset(instant).InZone(zone).ToDateTimeOffset();
}
