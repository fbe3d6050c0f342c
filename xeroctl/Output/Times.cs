using System.Globalization;

namespace Xerotier.Xeroctl.Output;

/// <summary>Times as people write and read them.</summary>
internal static class Times
{
    /// <summary>The accepted forms of a time, for help texts.</summary>
    public const string Syntax = "ISO 8601 with an offset or Z, or relative to now: +2h, +1d12h, -15m, now";

    // Longer than any distance between two instants: sums stop here, so that they cannot overflow.
    private static readonly TimeSpan Farthest = DateTimeOffset.MaxValue - DateTimeOffset.MinValue + TimeSpan.FromDays(1);

    private static readonly string[] LocalFormats =
    [
        "yyyy-MM-dd", "yyyy-MM-dd'T'HH:mm", "yyyy-MM-dd'T'HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF",
    ];

    private static readonly string[] IsoFormats = [.. LocalFormats.Skip(1).SelectMany(format => (string[])[format + "'Z'", format + "zzz", format + "zz"])];

    /// <summary>Reads an absolute or relative time; relative ones count from <paramref name="now"/>, to the second.</summary>
    /// <returns>The instant, or what is wrong.</returns>
    public static (DateTimeOffset Value, string? Error) Parse(string text, DateTimeOffset now)
    {
        now = now.AddTicks(-(now.Ticks % TimeSpan.TicksPerSecond)).ToUniversalTime();
        text = text.Trim();
        if (text == "now")
        {
            return (now, null);
        }

        if (text.Length > 1 && text[0] is '+' or '-')
        {
            if (ParseDuration(text.AsSpan(1)) is not { } duration)
            {
                return (default, $"'{text}' is not a relative time; use +90s, +30m, +2h, +1d12h or +2w");
            }

            try
            {
                return (text[0] == '+' ? now + duration : now - duration, null);
            }
            catch (ArgumentOutOfRangeException)
            {
                return (default, $"'{text}' is too far away");
            }
        }

        var iso = Iso(text);
        if (DateTimeOffset.TryParseExact(iso, IsoFormats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var value))
        {
            return (value, null);
        }

        return DateTime.TryParseExact(iso, LocalFormats, CultureInfo.InvariantCulture, DateTimeStyles.None, out _)
            ? (default, $"'{text}' has no time zone; end it with Z for UTC or with an offset such as +02:00")
            : (default, $"'{text}' is not a time; use 2026-05-22T02:00:00Z, or +2h relative to now");
    }

    /// <summary>The wire form: RFC 3339 in UTC, to the microsecond.</summary>
    public static string Wire(DateTimeOffset value) => value.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'", CultureInfo.InvariantCulture);

    /// <summary>For people: <c>2026-05-22 02:00:00 UTC</c>.</summary>
    public static string Absolute(DateTimeOffset value) => value.ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    /// <summary>For people, to the minute: <c>2026-05-22 02:00 UTC</c>.</summary>
    public static string Minute(DateTimeOffset value) => value.ToUniversalTime().ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);

    /// <summary>For people, with the day where it is not the UTC day of <paramref name="now"/>: <c>14:02 UTC (12m ago)</c>.</summary>
    public static string Near(DateTimeOffset value, DateTimeOffset now) =>
        $"{(value.UtcDateTime.Date == now.UtcDateTime.Date ? value.ToUniversalTime().ToString("HH:mm 'UTC'", CultureInfo.InvariantCulture) : Minute(value))} ({Relative(value, now)})";

    /// <summary>The time of day, for data that is shown at once: <c>14:02:11 UTC</c>.</summary>
    public static string Clock(DateTimeOffset value) => value.ToUniversalTime().ToString("HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    /// <summary>For people: <c>in 2h</c>, <c>3d4h ago</c>, <c>now</c>.</summary>
    public static string Relative(DateTimeOffset value, DateTimeOffset now)
    {
        var distance = value - now;
        return Math.Abs(distance.TotalSeconds) < 1 ? "now" : distance > TimeSpan.Zero ? $"in {Duration(distance)}" : $"{Duration(-distance)} ago";
    }

    /// <summary>A length of time in at most two units: <c>45s</c>, <c>12m</c>, <c>2h5m</c>, <c>3d</c>.</summary>
    public static string Duration(TimeSpan value)
    {
        var (large, unit, small, smallUnit) = value switch
        {
            { TotalDays: >= 1 } => (value.Days, "d", value.Hours, "h"),
            { TotalHours: >= 1 } => (value.Hours, "h", value.Minutes, "m"),
            { TotalMinutes: >= 1 } => (value.Minutes, "m", value.Seconds, "s"),
            _ => (value.Seconds, "s", 0, ""),
        };
        return small > 0 && large < 10 ? $"{large}{unit}{small}{smallUnit}" : $"{large}{unit}";
    }

    // The forms that the API accepts, in the shape of .NET's formats: T between date and time, a point before at most seven decimals.
    private static string Iso(string text)
    {
        var iso = text.ToUpperInvariant().Replace(',', '.');
        iso = iso.Length > 10 && iso[10] == ' ' ? string.Concat(iso.AsSpan(0, 10), "T", iso.AsSpan(11)) : iso;
        var decimals = iso.IndexOf('.', StringComparison.Ordinal) + 1;
        if (decimals > 0)
        {
            var count = iso.AsSpan(decimals).IndexOfAnyExceptInRange('0', '9');
            count = count < 0 ? iso.Length - decimals : count;
            iso = count > 7 ? iso.Remove(decimals + 7, count - 7) : iso;
        }

        return iso;
    }

    private static TimeSpan? ParseDuration(ReadOnlySpan<char> text)
    {
        var total = TimeSpan.Zero;
        while (text.Length > 0)
        {
            var digits = text.IndexOfAnyExceptInRange('0', '9');
            if (digits is < 1 or > 6)
            {
                return null;
            }

            var number = int.Parse(text[..digits], NumberStyles.None, CultureInfo.InvariantCulture);
            TimeSpan? part = text[digits] switch
            {
                's' => TimeSpan.FromSeconds(number),
                'm' => TimeSpan.FromMinutes(number),
                'h' => TimeSpan.FromHours(number),
                'd' => TimeSpan.FromDays(number),
                'w' => TimeSpan.FromDays(7 * number),
                _ => null,
            };
            if (part is null)
            {
                return null;
            }

            if (part > Farthest - total)
            {
                return Farthest;
            }

            total += part.Value;
            text = text[(digits + 1)..];
        }

        return total;
    }
}
