using System.Globalization;

namespace Xerotier.OperatorConsole.Visits;

/// <summary>The time zone in which a user reads and enters times; UTC stands beside it.</summary>
/// <param name="info">The zone.</param>
public sealed class Zone(TimeZoneInfo info)
{
    /// <summary>What <c>datetime-local</c> sends and shows.</summary>
    private const string Local = "yyyy-MM-dd'T'HH:mm";

    private const string LocalSeconds = "yyyy-MM-dd'T'HH:mm:ss";

    /// <summary>UTC.</summary>
    public static Zone Utc { get; } = new(TimeZoneInfo.Utc);

    /// <summary>The names of all zones of this machine's tz database.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        "UTC",
        .. TimeZoneInfo.GetSystemTimeZones().Select(zone => zone.Id)
            .Where(id => id.Contains('/', StringComparison.Ordinal) && !id.StartsWith("Etc/", StringComparison.Ordinal)).Order(StringComparer.Ordinal),
    ];

    /// <summary>The zone's name, such as <c>Europe/Berlin</c>.</summary>
    public string Name => IsUtc ? "UTC" : info.Id;

    /// <summary>Whether it is UTC.</summary>
    public bool IsUtc => info.Equals(TimeZoneInfo.Utc);

    /// <summary>The zone of this name; null: there is none.</summary>
    public static Zone? Find(string? name) =>
        name is null or "" ? null : name == "UTC" ? Utc : TimeZoneInfo.TryFindSystemTimeZoneById(name, out var found) ? new(found) : null;

    /// <summary>A time as a person writes it: <c>24 Nov 2026, 14:53</c>.</summary>
    public string Write(DateTimeOffset time) => TimeZoneInfo.ConvertTime(time, info).ToString("d MMM yyyy, HH:mm", CultureInfo.InvariantCulture);

    /// <summary>The time in UTC; without its date where that is the same.</summary>
    public string WriteUtc(DateTimeOffset time) =>
        time.UtcDateTime.ToString(TimeZoneInfo.ConvertTime(time, info).Date == time.UtcDateTime.Date ? "HH:mm 'UTC'" : "d MMM yyyy, HH:mm 'UTC'", CultureInfo.InvariantCulture);

    /// <summary>As the value of a <c>datetime-local</c> field, as browsers write it themselves: a minute's first second has no seconds.</summary>
    public string ToField(DateTimeOffset time)
    {
        var local = TimeZoneInfo.ConvertTime(time, info);
        return local.ToString(local.Second == 0 ? Local : LocalSeconds, CultureInfo.InvariantCulture);
    }

    /// <summary>Reads such a field. Of a local time that there is twice it is the first.</summary>
    /// <returns>The instant, or what is wrong, as a sentence.</returns>
    public (DateTimeOffset? Time, string? Wrong) Read(string field)
    {
        if (!DateTime.TryParseExact(field.Trim().Replace(' ', 'T'), [Local, LocalSeconds, LocalSeconds + ".FFFFFF"], CultureInfo.InvariantCulture, DateTimeStyles.None, out var local))
        {
            return (null, "Enter a date and a time, such as 2026-11-24 14:53.");
        }

        if (info.IsInvalidTime(local))
        {
            return (null, $"There is no such time in {Name}: the clocks are put forward then.");
        }

        var offset = info.IsAmbiguousTime(local) ? info.GetAmbiguousTimeOffsets(local).Max() : info.GetUtcOffset(local);
        try
        {
            return (new(local, offset), null);
        }
        catch (ArgumentOutOfRangeException)
        {
            return (null, "Enter a date and a time, such as 2026-11-24 14:53.");
        }
    }
}
