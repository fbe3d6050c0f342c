using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Components;
using Xerotier.StatusService.Model;

namespace Xerotier.StatusService.Documents.Content;

/// <summary>The words of the page: labels, durations, times and percentages, the same in HTML and JSON.</summary>
public static partial class Wording
{
    private static readonly CultureInfo Culture = CultureInfo.InvariantCulture;
    private const string MomentFormat = "d MMM yyyy, HH:mm 'UTC'";

    /// <summary>Seconds without data in 90 days that the figure of 90 days bears.</summary>
    private const int HalfDay = 43_200;

    private static readonly SearchValues<char> BidiControls = SearchValues.Create("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069");

    /// <summary>The wire key of a level (product.md section 3).</summary>
    public static string Key(OverallStatus level) => level switch
    {
        OverallStatus.Operational => "operational",
        OverallStatus.Degraded => "degraded",
        OverallStatus.Unknown => "unknown",
        OverallStatus.PartialOutage => "partial_outage",
        OverallStatus.MajorOutage => "major_outage",
        OverallStatus.Maintenance => "maintenance",
        _ => throw new ArgumentOutOfRangeException(nameof(level)),
    };

    /// <summary>The label of a level (product.md section 3).</summary>
    public static string Label(OverallStatus level) => level switch
    {
        OverallStatus.Operational => "All Systems Operational",
        OverallStatus.Degraded => "Degraded Performance",
        OverallStatus.Unknown => "Status Unknown",
        OverallStatus.PartialOutage => "Partial Outage",
        OverallStatus.MajorOutage => "Major Outage",
        OverallStatus.Maintenance => "Under Maintenance",
        _ => throw new ArgumentOutOfRangeException(nameof(level)),
    };

    /// <summary>The wire key of a component's state.</summary>
    public static string Key(ComponentStatus status) => status switch
    {
        ComponentStatus.Operational => "operational",
        ComponentStatus.Degraded => "degraded",
        ComponentStatus.Outage => "outage",
        ComponentStatus.Unknown => "unknown",
        _ => throw new ArgumentOutOfRangeException(nameof(status)),
    };

    /// <summary>The word that stands beside a component's name.</summary>
    public static string Label(ComponentStatus status) => status switch
    {
        ComponentStatus.Operational => "Operational",
        ComponentStatus.Degraded => "Degraded",
        ComponentStatus.Outage => "Outage",
        ComponentStatus.Unknown => "No data",
        _ => throw new ArgumentOutOfRangeException(nameof(status)),
    };

    /// <summary>The headline: the level's label, and of a page that has lost its source what it was last.</summary>
    public static string Headline(OverallStatus level, bool stale) => (stale ? "Last known: " : "") + Label(level);

    /// <summary>What is wrong with a component, as a sentence without its full stop: “Shared Agents are down: 7 of 8 agents are not responding”.</summary>
    public static string Sentence(ComponentModel component)
    {
        var verb = component.Name.EndsWith('s') ? "are" : "is";
        return component.Status is ComponentStatus.Unknown
            ? $"{Capital(component.Reason ?? "we have no data")} for {component.Name}"
            : $"{component.Name} {verb} {State(component)}{(component.Reason is { } reason ? $": {reason}" : "")}";
    }

    /// <summary>A component's state as prose says it.</summary>
    public static string State(ComponentModel component) => component.Status switch
    {
        ComponentStatus.Operational => "operational",
        ComponentStatus.Degraded => "degraded",
        ComponentStatus.Outage => "down",
        ComponentStatus.Unknown => "no data",
        _ => throw new ArgumentOutOfRangeException(nameof(component)),
    };

    /// <summary>The same of a page that has lost its source: what is known is past.</summary>
    public static string Past(string text) => PresentVerb().Replace(text, verb => verb.Value switch { "is" => "was", "are" => "were", _ => "had" });

    /// <summary>What work means for those who use the services.</summary>
    public static string Impact(WindowSeverity severity) => severity switch
    {
        WindowSeverity.Info => "No impact expected",
        WindowSeverity.Warning => "Some disruption possible",
        WindowSeverity.Critical => "Downtime expected",
        _ => throw new ArgumentOutOfRangeException(nameof(severity)),
    };

    /// <summary>“Completed” of <c>completed</c>.</summary>
    public static string Capital(string word) => word.Length == 0 ? word : char.ToUpperInvariant(word[0]) + word[1..];

    /// <summary>The first <paramref name="most"/> characters as a reader counts them, with an ellipsis where there were more.</summary>
    public static string Brief(string text, int most)
    {
        if (text.Length <= most) return text;
        var starts = StringInfo.ParseCombiningCharacters(text);
        return starts.Length <= most ? text : text[..starts[most]].TrimEnd() + "…";
    }

    /// <summary>The class of text with explicit bidirectional controls: what one leaves open ends with a box of its own, but not with a mere <c>bdi</c>.</summary>
    public static string? Own(string text) => text.AsSpan().IndexOfAny(BidiControls) >= 0 ? "own" : null;

    /// <summary>Whether the character turns the direction of the text after it.</summary>
    public static bool IsBidiControl(char c) => BidiControls.Contains(c);

    /// <summary>“12 min 4 s”: whole seconds, each unit up to hours; nothing is rounded up.</summary>
    public static string Seconds(int seconds) => Append(new StringBuilder(), seconds).ToString();

    /// <summary>“2 d 3 h”, “1 h 30 min”, “45 s”: a length for planning, floored to the minute once it is one.</summary>
    public static string Length(TimeSpan length)
    {
        var text = new StringBuilder();
        Unit(text, length.Days, "d");
        Unit(text, length.Hours, "h");
        Unit(text, length.Minutes, "min");
        return text.Length > 0 ? text.ToString() : $"{Math.Max(length.Seconds, 0)} s";
    }

    /// <summary>“99.982%”, “100%” only without any outage, “—” when nothing was observed.</summary>
    public static string Percent(decimal? percent) => percent switch
    {
        null => "—",
        >= 100m => "100%",
        { } value => (Math.Floor(value * 1000m) / 1000m).ToString("0.000", Culture) + "%",
    };

    /// <summary>“99.982% uptime over 90 days”; what was not observed is not claimed: “100% over 3 days observed”, “100% over 10 min observed”.</summary>
    public static string Uptime(IReadOnlyList<Day> days)
    {
        var percent = Percent(History.Uptime.Percent(days));
        var observed = days.Sum(day => (long)day.Operational + day.Degraded + day.Outage + day.Maintenance);
        if (observed == 0) return "Not observed yet";
        if (days.All(day => day.Installation is InstallationDay.After) && days.Sum(day => (long)day.NoData) < HalfDay) return $"{percent} uptime over {days.Count} days";

        var minutes = observed / 60 % 60;
        var covered = observed >= 2 * 86_400 ? $"{observed / 86_400} days"
            : observed >= 3600 ? $"{observed / 3600} h{(minutes > 0 ? $" {minutes} min" : "")}"
            : observed >= 60 ? $"{minutes} min"
            : $"{observed} s";
        return $"{percent} over {covered} observed";
    }

    /// <summary>“3 Nov 2026”.</summary>
    public static string Date(DateOnly date) => date.ToString("d MMM yyyy", Culture);

    /// <summary>Several days in a row, such as “21 – 23 Nov 2026”.</summary>
    public static string Dates(DateOnly first, DateOnly last) =>
        $"{first.ToString(first.Year != last.Year ? "d MMM yyyy" : first.Month != last.Month ? "d MMM" : "%d", Culture)} – {Date(last)}";

    /// <summary>“Tue 3 Nov 2026”.</summary>
    public static string Day(DateOnly date) => date.ToString("ddd d MMM yyyy", Culture);

    /// <summary>“November 2026”.</summary>
    public static string MonthName(DateOnly month) => month.ToString("MMMM yyyy", Culture);

    /// <summary>RFC 3339 in UTC, with as many decimals as the instant has.</summary>
    public static string Instant(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", Culture);

    /// <summary>“23 Nov 2026, 14:02 UTC”.</summary>
    public static MarkupString At(DateTimeOffset time) => Time(time, MomentFormat);

    /// <summary>The same as plain text.</summary>
    public static string Moment(DateTimeOffset time) => time.UtcDateTime.ToString(MomentFormat, Culture);

    /// <summary>“14:02 UTC” of the same UTC day as <paramref name="now"/>, with its date otherwise.</summary>
    public static MarkupString Near(DateTimeOffset time, DateTimeOffset now) =>
        time.UtcDateTime.Date == now.UtcDateTime.Date ? Time(time, "HH:mm 'UTC'") : At(time);

    /// <summary>As <see cref="Near"/>, to the second.</summary>
    public static MarkupString NearSecond(DateTimeOffset time, DateTimeOffset now) =>
        Time(time, time.UtcDateTime.Date == now.UtcDateTime.Date ? "HH:mm:ss 'UTC'" : "d MMM yyyy, HH:mm:ss 'UTC'");

    /// <summary>“Fri 22 May 2026, 02:00 – 03:00 UTC”, with the second date where it differs.</summary>
    public static MarkupString Span(DateTimeOffset from, DateTimeOffset to) => from.UtcDateTime.Date == to.UtcDateTime.Date
        ? new(Time(from, "ddd d MMM yyyy, HH:mm").Value + " – " + Time(to, "HH:mm 'UTC'").Value)
        : new(Soon(from).Value + " – " + Soon(to).Value);

    /// <summary>“02:00 – 03:00 UTC”, where the day is said.</summary>
    public static MarkupString Clock(DateTimeOffset from, DateTimeOffset to) => new(Time(from, "HH:mm").Value + " – " + Time(to, "HH:mm 'UTC'").Value);

    /// <summary>“Fri 22 May, 02:00 UTC”, of what comes next.</summary>
    public static MarkupString Coming(DateTimeOffset time) => Time(time, "ddd d MMM, HH:mm 'UTC'");

    /// <summary>“Fri 22 May 2026, 02:00 UTC”.</summary>
    public static MarkupString Soon(DateTimeOffset time) => Time(time, "ddd d MMM yyyy, HH:mm 'UTC'");

    /// <summary>“02:00:05 – 03:00:00 UTC” within a day; midnight at its end reads 24:00:00.</summary>
    public static MarkupString Within(DateTimeOffset from, DateTimeOffset to) =>
        new(Time(from, "HH:mm:ss").Value + " – " + Time(to, to.UtcDateTime.TimeOfDay == TimeSpan.Zero ? "'24:00:00 UTC'" : "HH:mm:ss 'UTC'").Value);

    /// <summary>“Tue 3 Nov 2026: 12 min 4 s outage, 99.162%”.</summary>
    public static string Day(Day day) => $"{Day(day.Date)}: {Facts(day)}";

    /// <summary>“12 min 4 s outage, 99.162%”: what happened, without the date.</summary>
    public static string Facts(Day day) => string.Join(", ", [.. Rows(day).Select(row => row.Length is null ? LowerFirst(row.What) : $"{row.Length} {LowerFirst(row.What)}"), .. IsSilent(day) ? [] : new[] { Percent(day.UptimePercent) }]);

    /// <summary>What a day held, worst first, each with how long.</summary>
    public static IEnumerable<(string What, string? Length)> Rows(Day day)
    {
        if (day.Installation is InstallationDay.Before && IsSilent(day)) // an incident may speak of a day before anybody measured
        {
            yield return ("Not monitored yet", null);
            yield break;
        }

        if (day.Installation is InstallationDay.On) yield return ("Monitoring began", null);
        if (IsSilent(day))
        {
            yield return (day.NoData == 0 ? "Just begun" : "No data", null);
            yield break;
        }

        if (day.Outage > 0) yield return ("Outage", Seconds(day.Outage));
        if (day.Degraded > 0) yield return ("Degraded", Seconds(day.Degraded));
        if (day is { Outage: 0, Degraded: 0, Operational: > 0 }) yield return ("No outage", null);
        if (day.Maintenance > 0) yield return ("Maintenance", Seconds(day.Maintenance));
        if (day.NoData > 0) yield return ("No data", Seconds(day.NoData));
    }

    /// <summary>Appends a day's date and uptime, and what it held, in lines with a tab; there is nothing in them to escape.</summary>
    public static StringBuilder AppendLines(StringBuilder text, Day day)
    {
        text.Append(Day(day.Date));
        if (!IsSilent(day)) text.Append('\t').Append(Percent(day.UptimePercent));
        foreach (var (what, length) in Rows(day))
        {
            text.Append('\n').Append(what);
            if (length is not null) text.Append('\t').Append(length);
        }

        return text;
    }

    private static bool IsSilent(Day day) => day is { Operational: 0, Degraded: 0, Outage: 0, Maintenance: 0 };

    private static string LowerFirst(string text) => char.ToLowerInvariant(text[0]) + text[1..];

    /// <summary>The class of a day's bar: its worst state; maintenance ranks above no data, and a gap of up to a twentieth of a day that was well observed is told by the text alone. A day that has just begun looks like one before monitoring.</summary>
    public static char Mark(Day day) => day switch
    {
        { Installation: InstallationDay.Before } when IsSilent(day) => 'b',
        { NoData: 0 } when IsSilent(day) => 'b',
        { Outage: > 0 } => 'x',
        { Degraded: > 0 } => 'd',
        { Maintenance: > 0 } => 'm',
        { Operational: 0 } => 'n',
        { Installation: InstallationDay.On } => 'o',
        _ => day.NoData > day.Operational / 20 ? 'p' : 'o',
    };

    private static StringBuilder Append(StringBuilder text, int seconds)
    {
        var start = text.Length;
        Unit(text, seconds / 3600, "h", start);
        Unit(text, seconds / 60 % 60, "min", start);
        if (seconds % 60 > 0 || text.Length == start) Unit(text, seconds % 60, "s", start, always: true);
        return text;
    }

    private static void Unit(StringBuilder text, int count, string unit, int start = 0, bool always = false)
    {
        if (count == 0 && !always) return;
        if (text.Length > start) text.Append(' ');
        text.Append(Culture, $"{count} {unit}");
    }

    private static MarkupString Time(DateTimeOffset time, string format) =>
        new($"<time datetime=\"{time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", Culture)}\">{time.UtcDateTime.ToString(format, Culture)}</time>");

    [GeneratedRegex(@"\b(is|are|has|have)\b")]
    private static partial Regex PresentVerb();
}
