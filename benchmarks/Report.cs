using System.Globalization;
using System.Text;

namespace Xerotier.Bench;

/// <summary>One line of a report.</summary>
/// <param name="What">What was measured.</param>
/// <param name="Ours">Our figure with its unit.</param>
/// <param name="Theirs">The figure of what it is compared with; null where there is nothing to compare.</param>
/// <param name="Ratio">Ours by theirs; null where there is nothing to compare.</param>
/// <param name="Goal">What was hoped for, such as <c>≥ 0.85 ×</c>.</param>
internal sealed record Figure(string What, string Ours, string? Theirs = null, Ratio? Ratio = null, string? Goal = null);

/// <summary>Ours by theirs: each round's own, so that a machine that is slower for a while is slower for both.</summary>
/// <param name="Median">The middle one.</param>
/// <param name="Lower">The lower quartile.</param>
/// <param name="Upper">The upper quartile.</param>
internal sealed record Ratio(double Median, double Lower, double Upper)
{
    /// <summary>Of rounds that were measured in turn.</summary>
    public static Ratio OfRounds(IReadOnlyList<double> ours, IReadOnlyList<double> theirs)
    {
        var ratios = ours.Zip(theirs, (o, t) => o / t).Order().ToList();
        return new(ratios[ratios.Count / 2], ratios[ratios.Count / 4], ratios[ratios.Count - 1 - (ratios.Count / 4)]);
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Median:0.00} × ({Lower:0.00} to {Upper:0.00})");
}

/// <summary>What a benchmark found.</summary>
internal sealed record Report(string Name, string Description, IReadOnlyList<Figure> Figures)
{
    private static readonly string[] Columns = ["Ratio", "Goal", "What", "Ours", "Compared with"];

    /// <summary>A table for the terminal.</summary>
    public string ToText()
    {
        var rows = Rows().Prepend(Columns).ToList();
        var widths = Columns.Select((_, column) => rows.Max(row => row[column].Length)).ToArray();
        return string.Concat(rows.Select(row => string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd() + "\n"));
    }

    /// <summary>All reports as one document.</summary>
    public static string ToMarkdown(IReadOnlyList<Report> reports)
    {
        var text = new StringBuilder("# Results\n\n");
        text.Append(CultureInfo.InvariantCulture, $"Made by `./bench all` on {DateTimeOffset.UtcNow:yyyy-MM-dd}, {Machine()}. Both sides of a ratio ran in the same run, in turn.\n");
        text.Append(CultureInfo.InvariantCulture, $"\n| {string.Join(" | ", Columns)} |\n|{string.Concat(Columns.Select(_ => "---|"))}\n");
        foreach (var report in reports)
        {
            foreach (var row in report.Rows())
            {
                row[2] = $"**{report.Name}**: {row[2]}";
                text.Append(CultureInfo.InvariantCulture, $"| {string.Join(" | ", row)} |\n");
            }
        }

        text.Append("\nA ratio is the median of rounds that took turns, with their quartiles behind it.\n\n");
        foreach (var report in reports)
        {
            text.Append(CultureInfo.InvariantCulture, $"- **{report.Name}**: {report.Description}\n");
        }

        return text.ToString();
    }

    private static string Machine()
    {
        var model = File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(": ", 2)[^1] ?? "unknown processor";
        var memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (1 << 30);
        return $"{Environment.ProcessorCount} cores ({model}), {memory} GiB";
    }

    private IEnumerable<string[]> Rows() => Figures.Select(figure => new[]
    {
        figure.Ratio?.ToString() ?? "",
        figure.Goal ?? "",
        figure.What,
        figure.Ours,
        figure.Theirs ?? "",
    });
}
