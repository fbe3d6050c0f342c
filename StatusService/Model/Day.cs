namespace Xerotier.StatusService.Model;

/// <summary>One component's UTC day in whole seconds; they add up to the day's length, for today to the time passed.</summary>
/// <param name="Date">The UTC day.</param>
/// <param name="Operational">Seconds operational.</param>
/// <param name="Degraded">Seconds degraded.</param>
/// <param name="Outage">Seconds in outage.</param>
/// <param name="Maintenance">Seconds in maintenance of the platform.</param>
/// <param name="NoData">Seconds without a record.</param>
/// <param name="UptimePercent">Of this day, floored to 3 decimals; null when nothing was observed.</param>
/// <param name="Installation">Whether the day is before, on or after the day of installation.</param>
public sealed record Day(
    DateOnly Date,
    int Operational,
    int Degraded,
    int Outage,
    int Maintenance,
    int NoData,
    decimal? UptimePercent,
    InstallationDay Installation);

/// <summary>One component's day in seconds, without those of no data.</summary>
public readonly record struct DaySeconds(int Operational, int Degraded, int Maintenance, int Outage)
{
    /// <summary>The seconds of <paramref name="interval"/> added.</summary>
    public DaySeconds With(Interval interval)
    {
        var seconds = (int)Math.Max(0, interval.To - interval.From);
        return interval.State switch
        {
            RecordedState.Operational => this with { Operational = Operational + seconds },
            RecordedState.Degraded => this with { Degraded = Degraded + seconds },
            RecordedState.Maintenance => this with { Maintenance = Maintenance + seconds },
            RecordedState.Outage => this with { Outage = Outage + seconds },
            _ => this,
        };
    }

    /// <summary>Both together.</summary>
    public static DaySeconds operator +(DaySeconds one, DaySeconds other) => Add(one, other);

    /// <summary>Both together.</summary>
    public static DaySeconds Add(DaySeconds one, DaySeconds other) => new(
        one.Operational + other.Operational, one.Degraded + other.Degraded, one.Maintenance + other.Maintenance, one.Outage + other.Outage);
}
