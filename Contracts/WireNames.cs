namespace Xerotier.Contracts;

/// <summary>The words of the API for a window's state and severity, which are those of the database and the page, too.</summary>
public static class WireNames
{
    private static readonly string[] Statuses = [.. Enum.GetNames<WindowStatus>().Select(n => n.ToLowerInvariant())];
    private static readonly string[] Severities = [.. Enum.GetNames<WindowSeverity>().Select(n => n.ToLowerInvariant())];

    /// <summary>The word for <paramref name="status"/>.</summary>
    public static string Wire(this WindowStatus status) => Statuses[(int)status];

    /// <summary>The word for <paramref name="severity"/>.</summary>
    public static string Wire(this WindowSeverity severity) => Severities[(int)severity];

    /// <summary>The state of this name; null: none.</summary>
    public static WindowStatus? Status(string name) => Array.IndexOf(Statuses, name) is >= 0 and var i ? (WindowStatus)i : null;

    /// <summary>The severity of this name; null: none.</summary>
    public static WindowSeverity? Severity(string name) => Array.IndexOf(Severities, name) is >= 0 and var i ? (WindowSeverity)i : null;
}
