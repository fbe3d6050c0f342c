using System.Globalization;
using System.Text;

namespace Xerotier.Bench;

/// <summary>One line of a report.</summary>
/// <param name="What">What was measured.</param>
/// <param name="Ours">Our figure with its unit.</param>
/// <param name="Theirs">The figure of what it is compared with; null where there is nothing to compare.</param>
/// <param name="Ratio">Ours by theirs.</param>
/// <param name="Goal">What was hoped for, such as <c>≥ 0.85 ×</c>.</param>
internal sealed record Figure(string What, string Ours, string? Theirs = null, double? Ratio = null, string? Goal = null);

/// <summary>What a benchmark found.</summary>
internal sealed record Report(string Name, string Description, IReadOnlyList<Figure> Figures)
{
    private static readonly string[] Columns = ["What", "Ratio", "Goal", "Ours", "Compared with"];

    /// <summary>A table for the terminal.</summary>
    public string ToText()
    {
        var rows = Rows().Prepend(Columns).ToList();
        var widths = Columns.Select((_, column) => rows.Max(row => row[column].Length)).ToArray();
        return string.Concat(rows.Select(row => string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd() + "\n"));
    }

    /// <summary>All reports as one document.</summary>
    public static string ToMarkdown(IEnumerable<Report> reports)
    {
        var text = new StringBuilder("# Results\n\n");
        text.Append(CultureInfo.InvariantCulture, $"Made by `./bench all` on {DateTimeOffset.UtcNow:yyyy-MM-dd}, {Machine()}. Both sides of a ratio ran in the same run, in turn.\n");
        foreach (var report in reports)
        {
            text.Append(CultureInfo.InvariantCulture, $"\n## {report.Name}\n\n{report.Description}\n\n");
            text.Append(CultureInfo.InvariantCulture, $"| {string.Join(" | ", Columns)} |\n|{string.Concat(Columns.Select(_ => "---|"))}\n");
            foreach (var row in report.Rows())
            {
                text.Append(CultureInfo.InvariantCulture, $"| {string.Join(" | ", row)} |\n");
            }
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
        figure.What,
        figure.Ratio is { } ratio ? ratio.ToString("0.00 ×", CultureInfo.InvariantCulture) : "",
        figure.Goal ?? "",
        figure.Ours,
        figure.Theirs ?? "",
    });
}
