using Xerotier.StatusService.Model;

namespace Xerotier.StatusService.History;

/// <summary>The arithmetic of product.md section 3, pure.</summary>
public static class Uptime
{
    /// <summary>
    /// 1 − outage / (operational + degraded + outage) in percent, floored to 3 decimals, so that 100 means no outage at all; null
    /// when nothing was observed. Degraded counts as up; maintenance and no data are in neither part.
    /// </summary>
    public static decimal? Percent(long operational, long degraded, long outage)
    {
        var observed = operational + degraded + outage;
        return observed == 0 ? null : (operational + degraded) * 100_000L / observed / 1000m;
    }

    /// <summary>A day of <paramref name="length"/> seconds; what <paramref name="seconds"/> does not account for is no data.</summary>
    public static Day Day(DateOnly date, int length, DaySeconds seconds, InstallationDay installation) => new(
        date,
        seconds.Operational,
        seconds.Degraded,
        seconds.Outage,
        seconds.Maintenance,
        Math.Max(0, length - seconds.Operational - seconds.Degraded - seconds.Outage - seconds.Maintenance),
        Percent(seconds.Operational, seconds.Degraded, seconds.Outage),
        installation);

    /// <summary>Of all <paramref name="days"/> together.</summary>
    public static decimal? Percent(IEnumerable<Day> days)
    {
        long operational = 0, degraded = 0, outage = 0;
        foreach (var day in days)
        {
            operational += day.Operational;
            degraded += day.Degraded;
            outage += day.Outage;
        }

        return Percent(operational, degraded, outage);
    }
}
