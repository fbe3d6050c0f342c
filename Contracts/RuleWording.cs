using System.Globalization;

namespace Xerotier.Contracts;

/// <summary>What a series' rule means (recurring.md section 19), in words.</summary>
public static class RuleWording
{
    private const int MostLeftOut = 5;

    private static readonly string[] Weekdays = ["SU", "MO", "TU", "WE", "TH", "FR", "SA"]; // as DayOfWeek has them
    private static readonly string[] Ordinals = ["the first ", "the second ", "the third ", "the fourth "];

    /// <summary>“Every day”, “Every Sunday”, “Every 2 weeks on Monday and Friday”, “Every month on the second Tuesday”. A rule of a later release is shown as it is.</summary>
    public static string Of(MaintenanceSeries series) => Words(series).TrimEnd(',');

    /// <summary>The same with the time of day: “Every Sunday at 02:30 in Europe/Berlin”.</summary>
    public static string WithTime(MaintenanceSeries series) => $"{Words(series)} at {series.LocalTime} in {series.Timezone}";

    private static string Words(MaintenanceSeries series)
    {
        var rule = PartsOf(series);
        var interval = Part("INTERVAL") is "" or "1" ? "" : $"{Part("INTERVAL")} ";
        List<string?> weekdays = [.. Items("BYDAY").Select(WeekdayOf)];
        List<string> monthDays = [.. Items("BYMONTHDAY").Select(MonthDayOf)];
        var known = rule.Keys.All(name => name is "FREQ" or "INTERVAL" or "BYDAY" or "BYMONTHDAY" or "COUNT" or "UNTIL") && !weekdays.Contains(null);
        var days = weekdays.OfType<string>().ToList();
        return (known ? Part("FREQ") : "") switch
        {
            "DAILY" when interval.Length == 0 && monthDays.Count == 0 && days.Count > 0 => $"Every {List(days)}",
            "DAILY" => $"{Every("day")}{If(monthDays, days)}",
            "WEEKLY" when interval.Length == 0 => $"Every {List(OrFirst(days, $"{series.StartsOn.DayOfWeek}"))}",
            "WEEKLY" => $"{Every("week")} on {List(OrFirst(days, $"{series.StartsOn.DayOfWeek}"))}",
            "MONTHLY" when days.Count > 0 && monthDays.Count == 0 => $"{Every("month")} on {List([.. days.Select(day => day.Contains(' ', StringComparison.Ordinal) ? day : $"every {day}")])}",
            "MONTHLY" => $"{Every("month")} on {List(OrFirst(monthDays, MonthDayOf($"{series.StartsOn.Day}")))}{If(days)}",
            _ => $"By the rule {series.Rrule}",
        };

        string Part(string name) => rule.GetValueOrDefault(name, "");

        IEnumerable<string> Items(string name) => Part(name).Split(',', StringSplitOptions.RemoveEmptyEntries).Distinct();

        string Every(string unit) => interval.Length == 0 ? $"Every {unit}" : $"Every {interval}{unit}s";
    }

    /// <summary>“From 1 Mar 2026 until 31 Dec 2026”, “From 1 Mar 2026, 10 times”.</summary>
    public static string Span(MaintenanceSeries series)
    {
        var rule = PartsOf(series);
        return $"From {Day(series.StartsOn)}"
            + (DateOnly.TryParseExact(rule.GetValueOrDefault("UNTIL"), "yyyyMMdd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var until) ? $" until {Day(until)}" : "")
            + (rule.GetValueOrDefault("COUNT") is { } count ? count == "1" ? ", once" : $", {count} times" : "");
    }

    /// <summary>“Not on 5 Apr 2026 and 12 Apr 2026”, of the dates to come; empty: none is left out.</summary>
    public static string LeftOut(MaintenanceSeries series, DateTimeOffset now)
    {
        var today = DateOnly.FromDateTime(now.UtcDateTime).AddDays(-1); // the zone may be behind
        List<string> dates = [.. series.Exdates.Where(date => date >= today).Distinct().Order().Select(Day)];
        var more = dates.Count - MostLeftOut;
        return dates.Count == 0 ? ""
            : more <= 1 ? $"Not on {List(dates)}"
            : $"Not on {List([.. dates[..MostLeftOut], $"{more} other days"])}";
    }

    private static Dictionary<string, string> PartsOf(MaintenanceSeries series)
    {
        var parts = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var part in series.Rrule.ToUpperInvariant().Split(';'))
        {
            var at = part.IndexOf('=', StringComparison.Ordinal);
            parts[at < 0 ? part : part[..at]] = at < 0 ? "" : part[(at + 1)..];
        }

        return parts;
    }

    /// <summary>“Monday” of <c>MO</c>, “the second Monday” of <c>2MO</c>, “the last Monday” of <c>-1MO</c>; null: it is none of these.</summary>
    private static string? WeekdayOf(string item)
    {
        var day = item.Length < 2 ? -1 : Array.IndexOf(Weekdays, item[^2..]);
        return day < 0 ? null : item[..^2].TrimStart('+') switch
        {
            "" => $"{(DayOfWeek)day}",
            "-1" => $"the last {(DayOfWeek)day}",
            ['1' or '2' or '3' or '4'] and [var number] => $"{Ordinals[number - '1']}{(DayOfWeek)day}",
            _ => null,
        };
    }

    /// <summary>“the 15th”, “the last day” of <c>-1</c>.</summary>
    private static string MonthDayOf(string item) => item.TrimStart('+') switch
    {
        "-1" => "the last day",
        "1" or "21" => $"the {item.TrimStart('+')}st",
        "2" or "22" => $"the {item.TrimStart('+')}nd",
        "3" or "23" => $"the {item.TrimStart('+')}rd",
        var day => $"the {day}th",
    };

    private static List<string> OrFirst(List<string> days, string first) => days.Count > 0 ? days : [first];

    private static string If(params List<string>[] days) => string.Join(" and ", days.Where(list => list.Count > 0).Select(list => List(list, "or"))) is { Length: > 0 } which ? $", if it is {which}," : "";

    private static string Day(DateOnly date) => date.ToString("d MMM yyyy", CultureInfo.InvariantCulture);

    /// <summary>“Monday”, “Monday and Friday”, “Monday, Tuesday and Friday”.</summary>
    private static string List(List<string> items, string and = "and") => items.Count > 1 ? $"{string.Join(", ", items[..^1])} {and} {items[^1]}" : string.Concat(items);
}
