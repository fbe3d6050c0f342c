using System.Buffers;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Components;
using Xerotier.StatusService.Model;

namespace Xerotier.StatusService.Documents.Page;

/// <summary>The words of the page: labels, durations, times and percentages, the same in HTML and JSON.</summary>
public static class Wording
{
    private static readonly CultureInfo Culture = CultureInfo.InvariantCulture;
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

    /// <summary>“Inference Routing is degraded”, “Shared Agents have no data”.</summary>
    public static string Verdict(ComponentModel component)
    {
        var plural = component.Name.EndsWith('s');
        return component.Name + component.Status switch
        {
            ComponentStatus.Operational => plural ? " are operational" : " is operational",
            ComponentStatus.Degraded => plural ? " are degraded" : " is degraded",
            ComponentStatus.Outage => plural ? " are in outage" : " is in outage",
            _ => plural ? " have no data" : " has no data",
        };
    }

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

    /// <summary>“99.982 %”, “100 %” only without any outage, “—” when nothing was observed.</summary>
    public static string Percent(decimal? percent) => percent switch
    {
        null => "—",
        >= 100m => "100 %",
        { } value => (Math.Floor(value * 1000m) / 1000m).ToString("0.000", Culture) + " %",
    };

    /// <summary>“3 Nov 2026”.</summary>
    public static string Date(DateOnly date) => date.ToString("d MMM yyyy", Culture);

    /// <summary>“November 2026”.</summary>
    public static string MonthName(DateOnly month) => month.ToString("MMMM yyyy", Culture);

    /// <summary>RFC 3339 in UTC, with as many decimals as the instant has.</summary>
    public static string Instant(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", Culture);

    /// <summary>“23 Nov 2026, 14:02 UTC”.</summary>
    public static MarkupString At(DateTimeOffset time) => Time(time, "d MMM yyyy, HH:mm 'UTC'");

    /// <summary>“14:02 UTC” of the same UTC day as <paramref name="now"/>, with its date otherwise.</summary>
    public static MarkupString Near(DateTimeOffset time, DateTimeOffset now) =>
        time.UtcDateTime.Date == now.UtcDateTime.Date ? Time(time, "HH:mm 'UTC'") : At(time);

    /// <summary>As <see cref="Near"/>, to the second.</summary>
    public static MarkupString NearSecond(DateTimeOffset time, DateTimeOffset now) =>
        Time(time, time.UtcDateTime.Date == now.UtcDateTime.Date ? "HH:mm:ss 'UTC'" : "d MMM yyyy, HH:mm:ss 'UTC'");

    /// <summary>“22 May 2026, 02:00 – 03:00 UTC”, with the second date where it differs.</summary>
    public static MarkupString Between(DateTimeOffset from, DateTimeOffset to) => from.UtcDateTime.Date == to.UtcDateTime.Date
        ? new(Time(from, "d MMM yyyy, HH:mm").Value + " – " + Time(to, "HH:mm 'UTC'").Value)
        : new(At(from).Value + " – " + At(to).Value);

    /// <summary>“02:00:05 – 03:00:00 UTC” within a day; midnight at its end reads 24:00:00.</summary>
    public static MarkupString Within(DateTimeOffset from, DateTimeOffset to) =>
        new(Time(from, "HH:mm:ss").Value + " – " + Time(to, to.UtcDateTime.TimeOfDay == TimeSpan.Zero ? "'24:00:00 UTC'" : "HH:mm:ss 'UTC'").Value);

    /// <summary>“3 Nov 2026: 12 min 4 s outage, 99.162 %”.</summary>
    public static string Day(Day day) => AppendDay(new StringBuilder(), day).ToString();

    /// <summary>Appends <see cref="Day"/>; it holds nothing to escape.</summary>
    public static StringBuilder AppendDay(StringBuilder text, Day day)
    {
        text.Append(Culture, $"{day.Date:d MMM yyyy}: ");
        return AppendFacts(text, day);
    }

    /// <summary>“12 min 4 s outage, 99.162 %”: what happened, without the date.</summary>
    public static string Facts(Day day) => AppendFacts(new StringBuilder(), day).ToString();

    private static StringBuilder AppendFacts(StringBuilder text, Day day)
    {
        if (day.Installation is InstallationDay.Before) return text.Append("before monitoring began");
        if (day.Installation is InstallationDay.On) text.Append("monitoring began, ");
        var observed = day.Operational + day.Degraded + day.Outage;
        if (observed == 0 && day.Maintenance == 0) return text.Append("no data");

        Fact(text, day.Outage, " outage, ");
        if (observed > 0 && day.Outage == 0 && day.Degraded == 0) text.Append("no outage, ");
        Fact(text, day.Degraded, " degraded, ");
        Fact(text, day.Maintenance, " maintenance, ");
        Fact(text, day.NoData, " no data, ");
        return text.Append(Percent(day.UptimePercent));
    }

    /// <summary>The class of a day's bar: its worst state; maintenance ranks above no data, and a gap of up to a twentieth of a day that was well observed is told by the text alone.</summary>
    public static char Mark(Day day) => day switch
    {
        { Installation: InstallationDay.Before } => 'b',
        { Outage: > 0 } => 'x',
        { Degraded: > 0 } => 'd',
        { Maintenance: > 0 } => 'm',
        { Operational: 0 } => 'n',
        { Installation: InstallationDay.On } => 'o',
        _ => day.NoData > day.Operational / 20 ? 'p' : 'o',
    };

    private static void Fact(StringBuilder text, int seconds, string what)
    {
        if (seconds > 0) Append(text, seconds).Append(what);
    }

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
}
