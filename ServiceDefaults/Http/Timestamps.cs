using System.Globalization;
using System.Text.RegularExpressions;

namespace Xerotier.ServiceDefaults.Http;

/// <summary>Times that clients send: ISO 8601 with an offset, to the microsecond (what PostgreSQL keeps). Contracts write them.</summary>
public static partial class Timestamps
{
    /// <summary>Drops what is finer than a microsecond.</summary>
    public static DateTimeOffset ToMicroseconds(DateTimeOffset time) => new(time.UtcTicks - (time.UtcTicks % TimeSpan.TicksPerMicrosecond), TimeSpan.Zero);

    /// <summary>Parses a date with a time and an offset; <paramref name="error"/> completes a sentence that starts with the field's name.</summary>
    public static bool TryParse(string text, out DateTimeOffset time, out string error)
    {
        time = default;
        error = "must be an ISO 8601 date and time with an offset or Z, such as 2026-05-22T02:00:00Z.";
        if (text.Length > 64 || Iso().Match(text) is not { Success: true } match)
        {
            return false;
        }

        if (!match.Groups["offset"].Success)
        {
            error = "needs an offset or Z, such as 2026-05-22T02:00:00Z: without one its instant is unknown.";
            return false;
        }

        var (year, month, day) = (Number("year"), Number("month"), Number("day"));
        var (hour, minute, second) = (Number("hour"), Number("minute"), Number("second"));
        var (offsetHours, offsetMinutes) = (Number("oh"), Number("om"));
        error = "is not a date and time that exists.";
        if (year == 0 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month)
            || hour > 23 || minute > 59 || second > 59 || offsetHours > 23 || offsetMinutes > 59)
        {
            return false;
        }

        var fraction = match.Groups["fraction"].Value.PadRight(6, '0')[..6];
        var offset = (((offsetHours * 60) + offsetMinutes) * TimeSpan.TicksPerMinute) * (match.Groups["offset"].Value[0] == '-' ? -1 : 1);
        var ticks = new DateTime(year, month, day, hour, minute, second, DateTimeKind.Utc).Ticks
            + (int.Parse(fraction, CultureInfo.InvariantCulture) * TimeSpan.TicksPerMicrosecond) - offset;

        // The first instant of year 1 is minus infinity to the database driver.
        if (ticks <= DateTime.MinValue.Ticks || ticks > DateTime.MaxValue.Ticks)
        {
            error = "must lie after 0001-01-01T00:00:00Z and before the year 10000, in UTC.";
            return false;
        }

        time = new DateTimeOffset(ticks, TimeSpan.Zero);
        return true;

        int Number(string group) => match.Groups[group] is { Success: true } g ? int.Parse(g.ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture) : 0;
    }

    [GeneratedRegex(
        """^(?<year>[0-9]{4})-(?<month>[0-9]{2})-(?<day>[0-9]{2})[Tt ](?<hour>[0-9]{2}):(?<minute>[0-9]{2})(:(?<second>[0-9]{2})([.,](?<fraction>[0-9]+))?)?(?<offset>[Zz]|[+-](?<oh>[0-9]{2})(:?(?<om>[0-9]{2}))?)?\z""",
        RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex Iso();
}
