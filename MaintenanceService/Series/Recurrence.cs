using System.Globalization;

namespace Xerotier.MaintenanceService.Series;

/// <summary>How often the period of a recurrence begins.</summary>
internal enum Frequency
{
    /// <summary>Every day.</summary>
    Daily,

    /// <summary>Every week, from Monday on.</summary>
    Weekly,

    /// <summary>Every month.</summary>
    Monthly,
}

/// <summary>One day of <c>BYDAY</c>.</summary>
/// <param name="Ordinal">Which one in the month, from its beginning or (-1) the last; null: every one.</param>
/// <param name="Day">The day of the week.</param>
internal readonly record struct WeekdayRule(int? Ordinal, DayOfWeek Day);

/// <summary>The part of RFC 5545's recurrence rules that series have (recurring.md section 19). It names local dates; what a time of day is on them says <see cref="LocalTimes"/>.</summary>
internal sealed class Recurrence
{
    private const int MaxInterval = 52;
    private const int MaxCount = 500;
    private const int LastDay = 28; // of those that every month has

    private static readonly string[] Weekdays = ["SU", "MO", "TU", "WE", "TH", "FR", "SA"];

    private Recurrence()
    {
    }

    public Frequency Frequency { get; private set; }

    /// <summary>Every how many periods, 1 to 52.</summary>
    public int Interval { get; private set; } = 1;

    /// <summary>The days of the week; empty: not restricted.</summary>
    public IReadOnlyList<WeekdayRule> ByDay { get; private set; } = [];

    /// <summary>The days of the month, 1 to 28 or -1 for the last one; empty: not restricted.</summary>
    public IReadOnlyList<int> ByMonthDay { get; private set; } = [];

    /// <summary>How many dates there are; null: no such end.</summary>
    public int? Count { get; private set; }

    /// <summary>The last date that there may be; null: no such end.</summary>
    public DateOnly? Until { get; private set; }

    /// <summary>Reads a rule such as <c>FREQ=WEEKLY;BYDAY=SU</c>.</summary>
    /// <returns>The rule, or what is wrong with it: a sentence's end that names the part, such as “has an unknown part: WKST.”</returns>
    public static (Recurrence? Rule, string? Error) Parse(string text)
    {
        var parts = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var part in text.ToUpperInvariant().Split(';'))
        {
            var (name, value) = part.IndexOf('=', StringComparison.Ordinal) is > 0 and var at ? (part[..at], part[(at + 1)..]) : (part, "");
            if (value.Length == 0)
            {
                return Wrong($"must be parts such as FREQ=WEEKLY separated by semicolons; '{Shorten(part)}' is none.");
            }

            if (!parts.TryAdd(name, value))
            {
                return Wrong($"has the part {Shorten(name)} twice.");
            }
        }

        var rule = new Recurrence();
        if (!parts.Remove("FREQ", out var frequency))
        {
            return Wrong("lacks the part FREQ.");
        }

        Frequency? known = frequency switch { "DAILY" => Frequency.Daily, "WEEKLY" => Frequency.Weekly, "MONTHLY" => Frequency.Monthly, _ => null };
        if (known is null)
        {
            return Wrong("has an invalid part: FREQ must be DAILY, WEEKLY or MONTHLY.");
        }

        rule.Frequency = known.Value;
        foreach (var (name, value) in parts)
        {
            var error = name switch
            {
                "INTERVAL" => rule.SetInterval(value),
                "BYDAY" => rule.SetByDay(value),
                "BYMONTHDAY" => rule.SetByMonthDay(value),
                "COUNT" => rule.SetCount(value),
                "UNTIL" => rule.SetUntil(value),
                _ => $"has a part that is not supported: {Shorten(name)}.",
            };
            if (error is not null)
            {
                return Wrong(error);
            }
        }

        return rule is { Count: not null, Until: not null } ? Wrong("must not have both COUNT and UNTIL.") : (rule, null);

        static (Recurrence?, string?) Wrong(string error) => (null, error);
    }

    /// <summary>Its dates from <paramref name="from"/> to <paramref name="through"/>, in order.</summary>
    /// <param name="startsOn">The first date that there may be, in whose period the counting of intervals begins.</param>
    /// <param name="from">The first date of interest.</param>
    /// <param name="through">The last date of interest.</param>
    public IEnumerable<DateOnly> Dates(DateOnly startsOn, DateOnly from, DateOnly through)
    {
        var last = Until is { } until && until < through ? until : through;
        var left = Count ?? int.MaxValue;
        for (var n = Count is null ? PeriodsUntil(startsOn, from) : 0; PeriodAfter(startsOn, n) is var period && period <= last; n++)
        {
            foreach (var date in DatesOf(period, startsOn))
            {
                if (date < startsOn)
                {
                    continue;
                }

                if (date > last || left-- == 0)
                {
                    yield break;
                }

                if (date >= from)
                {
                    yield return date;
                }
            }
        }
    }

    /// <summary>The period that begins <paramref name="n"/> intervals after the first.</summary>
    private DateOnly PeriodAfter(DateOnly startsOn, int n) => Frequency switch
    {
        Frequency.Daily => startsOn.AddDays(n * Interval),
        Frequency.Weekly => Monday(startsOn).AddDays(7 * n * Interval),
        _ => FirstOfMonth(startsOn).AddMonths(n * Interval),
    };

    /// <summary>How many intervals may be left out because they end before <paramref name="from"/>.</summary>
    private int PeriodsUntil(DateOnly startsOn, DateOnly from) => from <= startsOn ? 0 : Frequency switch
    {
        Frequency.Daily => (from.DayNumber - startsOn.DayNumber) / Interval,
        Frequency.Weekly => (from.DayNumber - Monday(startsOn).DayNumber) / 7 / Interval,
        _ => ((from.Year * 12) + from.Month - (startsOn.Year * 12) - startsOn.Month) / Interval,
    };

    private IEnumerable<DateOnly> DatesOf(DateOnly period, DateOnly startsOn)
    {
        var (length, first) = Frequency switch
        {
            Frequency.Daily => (1, period),
            Frequency.Weekly => (7, period),
            _ => (DateTime.DaysInMonth(period.Year, period.Month), period),
        };
        for (var day = 0; day < length; day++)
        {
            var date = first.AddDays(day);
            if (Matches(date, startsOn))
            {
                yield return date;
            }
        }
    }

    private bool Matches(DateOnly date, DateOnly startsOn)
    {
        if (ByDay.Count == 0 && ByMonthDay.Count == 0)
        {
            return Frequency switch
            {
                Frequency.Daily => true,
                Frequency.Weekly => date.DayOfWeek == startsOn.DayOfWeek,
                _ => date.Day == startsOn.Day,
            };
        }

        var days = DateTime.DaysInMonth(date.Year, date.Month);
        return (ByMonthDay.Count == 0 || ByMonthDay.Contains(date.Day) || (date.Day == days && ByMonthDay.Contains(-1)))
            && (ByDay.Count == 0 || ByDay.Any(rule => rule.Day == date.DayOfWeek && rule.Ordinal switch
            {
                null => true,
                -1 => date.Day > days - 7,
                var ordinal => (date.Day + 6) / 7 == ordinal,
            }));
    }

    private string? SetInterval(string value)
    {
        Interval = Number(value, MaxInterval) ?? 0;
        return Interval > 0 ? null : $"has an invalid part: INTERVAL must be a number from 1 to {MaxInterval}.";
    }

    private string? SetCount(string value)
    {
        Count = Number(value, MaxCount);
        return Count is not null ? null : $"has an invalid part: COUNT must be a number from 1 to {MaxCount}.";
    }

    private string? SetUntil(string value)
    {
        Until = DateOnly.TryParseExact(value, "yyyyMMdd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date) ? date : null;
        return Until is not null ? null : "has an invalid part: UNTIL must be a local date such as 20261231.";
    }

    private string? SetByDay(string value)
    {
        var days = new List<WeekdayRule>();
        foreach (var item in value.Split(','))
        {
            var day = item.Length >= 2 ? Array.IndexOf(Weekdays, item[^2..]) : -1;
            int? ordinal = item.Length <= 2 ? null
                : item is ['+', _, _, _] or [_, _, _] ? Number(item[..^2].TrimStart('+'), 4) ?? 0
                : item.StartsWith("-1", StringComparison.Ordinal) && item.Length == 4 ? -1
                : 0;
            if (day < 0 || ordinal == 0)
            {
                return "has an invalid part: BYDAY must be days such as MO or, with FREQ=MONTHLY, 1MO to 4MO or -1MO, separated by commas.";
            }

            if (ordinal is not null && Frequency != Frequency.Monthly)
            {
                return "has an invalid part: BYDAY has numbers such as 1MO only with FREQ=MONTHLY.";
            }

            days.Add(new(ordinal, (DayOfWeek)day));
        }

        ByDay = [.. days.Distinct()];
        return null;
    }

    private string? SetByMonthDay(string value)
    {
        if (Frequency == Frequency.Weekly)
        {
            return "has an invalid part: BYMONTHDAY does not go with FREQ=WEEKLY.";
        }

        var days = value.Split(',').Select(item => item == "-1" ? -1 : Number(item.StartsWith('+') ? item[1..] : item, LastDay)).ToList();
        if (days.Contains(null))
        {
            return $"has an invalid part: BYMONTHDAY must be numbers from 1 to {LastDay}, or -1 for the last day, separated by commas.";
        }

        ByMonthDay = [.. days.OfType<int>().Distinct()];
        return null;
    }

    private static int? Number(string text, int max) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= 1 && number <= max ? number : null;

    private static DateOnly Monday(DateOnly date) => date.AddDays(-(((int)date.DayOfWeek + 6) % 7));

    private static DateOnly FirstOfMonth(DateOnly date) => new(date.Year, date.Month, 1);

    private static string Shorten(string text) => text.Length <= 30 ? text : $"{text.AsSpan(0, char.IsHighSurrogate(text[29]) ? 29 : 30)}…";
}
