using System.Globalization;

namespace Xerotier.OperatorConsole.Windows;

/// <summary>Windows in words and colours.</summary>
internal static class WindowWords
{
    /// <summary>The impact that a severity stands for, as on the public page.</summary>
    public static string Impact(WindowSeverity severity) => severity switch
    {
        WindowSeverity.Info => "No impact expected",
        WindowSeverity.Warning => "Some disruption possible",
        _ => "Downtime expected",
    };

    /// <summary>The choices of a severity.</summary>
    public static readonly IReadOnlyList<(string Value, string Text)> Severities = [.. Enum.GetValues<WindowSeverity>().Select(severity => (severity.Wire(), Impact(severity)))];

    /// <summary>The colour of a state.</summary>
    public static string? Kind(WindowStatus status) => status switch
    {
        WindowStatus.Active => "maintenance",
        WindowStatus.Completed => "operational",
        _ => null,
    };

    /// <summary>A state with a capital.</summary>
    public static string Name(WindowStatus status) => status.ToString();

    /// <summary>How long it lasts: <c>2 h 30 min</c>.</summary>
    public static string Length(TimeSpan length)
    {
        var parts = new List<string>();
        Add((long)length.TotalDays, "d");
        Add(length.Hours, "h");
        Add(length.Minutes, "min");
        if (parts.Count == 0 || length.Seconds > 0)
        {
            Add(Math.Max(length.Seconds, parts.Count == 0 ? 1 : 0), "s");
        }

        return string.Join(' ', parts);

        void Add(long number, string unit)
        {
            if (number > 0)
            {
                parts.Add(string.Create(CultureInfo.InvariantCulture, $"{number} {unit}"));
            }
        }
    }
}
