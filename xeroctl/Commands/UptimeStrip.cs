using System.Globalization;
using System.Text.Json;

namespace Xerotier.Xeroctl.Commands;

/// <summary>A component's days as a strip of characters, and its uptime with what it covers. Each kind of day has a shape of its own, so that no color is needed.</summary>
internal static class UptimeStrip
{
    private const int DaySeconds = 86_400;

    private static readonly (char Mark, string Meaning, Tone Tone)[] Kinds =
    [
        ('▇', "good", Tone.Good),
        ('▄', "degraded", Tone.Warning),
        ('╳', "outage", Tone.Bad),
        ('▒', "maintenance", Tone.Info),
        ('▌', "gaps in data", Tone.Faint),
        ('·', "no data", Tone.Faint),
    ];

    /// <summary>The marks of the last days, today's last.</summary>
    public static string Marks(JsonElement component, int most) =>
        string.Concat(component.Items("days").Select(Mark).ToList().TakeLast(most));

    /// <summary>The marks in their colors, with as few pieces as possible.</summary>
    public static Piece[] Pieces(string marks)
    {
        var pieces = new List<Piece>();
        for (var start = 0; start < marks.Length;)
        {
            var tone = Kind(marks[start]).Tone;
            var end = start + 1;
            while (end < marks.Length && Kind(marks[end]).Tone == tone)
            {
                end++;
            }

            pieces.Add(new(marks[start..end], tone));
            start = end;
        }

        return [.. pieces];
    }

    /// <summary>What the marks that occur mean; a mark and its meaning stay on one line.</summary>
    public static string Legend(IReadOnlyCollection<string> strips) =>
        $"Last {strips.Max(strip => strip.Length)} days, today at the right: {string.Join("  ", Kinds.Where(kind => strips.Any(strip => strip.Contains(kind.Mark, StringComparison.Ordinal))).Select(kind => $"{kind.Mark} {kind.Meaning}".Replace(' ', '\u00A0')))}";

    /// <summary><c>99.982% over 90 days</c>, <c>100% over 3 days observed</c>, or a dash when nothing was observed.</summary>
    public static string Uptime(JsonElement component)
    {
        if (component.Number("uptime_percent") is not { } percent)
        {
            return "—";
        }

        var figure = percent >= 100 ? "100%" : string.Create(CultureInfo.InvariantCulture, $"{percent:0.000}%");
        var days = component.Items("days").ToList();
        if (days.Count == 0)
        {
            return figure;
        }

        if (days.TrueForAll(day => Mark(day) is not ('▌' or '·') && day.Text("installation") is null or "after"))
        {
            return $"{figure} over {days.Count} days";
        }

        var observed = days.Sum(day => Seconds(day, "operational") + Seconds(day, "degraded") + Seconds(day, "outage"));
        return $"{figure} over {(observed >= 2 * DaySeconds ? $"{Math.Floor(observed / DaySeconds):0} days" : Times.Duration(TimeSpan.FromSeconds(observed)))} observed";
    }

    // As on the status page: the worst state of the day, and a gap of up to a twentieth of what was observed is none.
    private static char Mark(JsonElement day) =>
        day.Text("installation") == "before" ? '·'
        : Seconds(day, "outage") > 0 ? '╳'
        : Seconds(day, "degraded") > 0 ? '▄'
        : Seconds(day, "maintenance") > 0 ? '▒'
        : Seconds(day, "operational") == 0 ? '·'
        : day.Text("installation") != "on" && Seconds(day, "no_data") > Seconds(day, "operational") / 20 ? '▌'
        : '▇';

    private static double Seconds(JsonElement day, string state) => day.Number($"{state}_seconds") ?? 0;

    private static (char Mark, string Meaning, Tone Tone) Kind(char mark) => Array.Find(Kinds, kind => kind.Mark == mark);
}
